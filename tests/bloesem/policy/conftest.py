from __future__ import annotations

from pathlib import Path

import pytest
from tests.bloesem.policy.drafts import Draft


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """A small company that loads without any finding."""
    return Draft(tmp_path)
