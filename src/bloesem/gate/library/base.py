"""Django's backend for a library's tables: the login of the process, one statement per call, never the keeper."""

from __future__ import annotations

from bloesem.gate.backend.login import LoginWrapper


class DatabaseWrapper(LoginWrapper):
    """Outside any purpose; PostgreSQL gives this login what the map's `used_by` says, and nothing else."""
