"""The gate: PostgreSQL itself refuses what no purpose allows.

`with purpose("support"):` is how all code of a process reads and writes; outside it there is nothing to read.
Names are loaded when they are first asked for: settings and models import from here before Django is ready.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bloesem.gate.held import HeldBack, held_back
    from bloesem.gate.ids import new_id
    from bloesem.gate.keeping import expect, keeper
    from bloesem.gate.logbook import identified, identifier_taken, reading
    from bloesem.gate.lookups import NotLeakproof
    from bloesem.gate.models import Guarded, GuardedManager, GuardedQuerySet
    from bloesem.gate.opening import Opened, current, purpose
    from bloesem.gate.refusal import (
        NoPurpose,
        NotServed,
        PurposeDenied,
        Refusal,
        UnknownPurpose,
        explain_refusal,
    )
    from bloesem.gate.secrets import Credentials
    from bloesem.gate.served import Gate, configure, forget, gate_of, require_process

_HOME = {
    "HeldBack": "held",
    "held_back": "held",
    "new_id": "ids",
    "expect": "keeping",
    "keeper": "keeping",
    "identified": "logbook",
    "identifier_taken": "logbook",
    "reading": "logbook",
    "NotLeakproof": "lookups",
    "Guarded": "models",
    "GuardedManager": "models",
    "GuardedQuerySet": "models",
    "Opened": "opening",
    "current": "opening",
    "purpose": "opening",
    "NoPurpose": "refusal",
    "NotServed": "refusal",
    "PurposeDenied": "refusal",
    "Refusal": "refusal",
    "UnknownPurpose": "refusal",
    "explain_refusal": "refusal",
    "Credentials": "secrets",
    "Gate": "served",
    "configure": "served",
    "forget": "served",
    "gate_of": "served",
    "require_process": "served",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


__all__ = [
    "Credentials",
    "Gate",
    "Guarded",
    "GuardedManager",
    "GuardedQuerySet",
    "HeldBack",
    "NoPurpose",
    "NotLeakproof",
    "NotServed",
    "Opened",
    "PurposeDenied",
    "Refusal",
    "UnknownPurpose",
    "configure",
    "current",
    "expect",
    "explain_refusal",
    "forget",
    "gate_of",
    "held_back",
    "identified",
    "identifier_taken",
    "keeper",
    "new_id",
    "purpose",
    "reading",
    "require_process",
]
