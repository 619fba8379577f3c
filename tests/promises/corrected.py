"""A copy of the company with something changed: how a corrected version of the text would run."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.promises.test_gate import COMPANY


def corrected(into: Path, **changes: list[tuple[str, str]]) -> Path:
    """The company's directory, copied; `changes`: file (path with `__` for `/`, no ending) → old and new texts."""
    shutil.copytree(COMPANY.company.directory, into / "company" / "blossom")
    law = COMPANY.company.directory.resolve().parents[1] / "law"
    (into / "law").symlink_to(law, target_is_directory=True)
    directory = into / "company" / "blossom"
    for name, texts in changes.items():
        path = directory / (name.replace("__", "/") + ".yaml")
        said = path.read_text(encoding="utf-8")
        for old, new in texts:
            assert old in said, old
            said = said.replace(old, new, 1)
        path.write_text(said, encoding="utf-8")
    return directory
