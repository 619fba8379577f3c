"""Blossom in force, with an outbox, and nothing in the register of breaches."""

from __future__ import annotations

from tests.bloesem.sending.conftest import alone, at  # noqa: F401 - fixtures
from tests.promises.test_gate import tables, unblocked  # noqa: F401 - fixtures
