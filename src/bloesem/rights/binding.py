"""What an act is bound to: a hash of everything that was looked at, and of everything that is written."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.rights.changes import Changes
from bloesem.rights.graph import PLACE
from bloesem.rights.world import Ref, World


@dataclass(frozen=True)
class Draft:
    """What is to be written, and of the rows that stay, why. `said`: what the act is bound to besides."""

    made: Sequence[Changes]
    staying: Sequence[tuple[Ref, str, dt.date | None]] = ()
    said: Any = None


def binding(kind: str, world: World, judged: str, draft: Draft) -> str:
    """in: `judged`, the digest of what rows are judged by. Rows are said by their keys, in order, and versions
    (`fetch.version`): one that was written again since is another."""
    people = [
        (sorted(p.roots), sorted((k, sorted(v)) for k, v in p.identities.items())) for p in world.people
    ]
    said: list[Any] = [kind, world.graph.digest, judged, draft.said, draft.staying, people]
    made = {one.table.qualified: one for one in draft.made}
    for name in sorted({*world.rows, *world.taken}):
        if name in world.taken:
            taken = world.taken[name].versions
            said.append([name, _digest([*taken, *taken.values()]), _digest(()), []])
            continue
        rows, one = world.rows[name], made.get(name)
        deleted = one.deleted if one else []
        rest = sorted(rows.keys() - deleted) if len(deleted) < len(rows) else ()
        placed = world.graph.tables[name].key == PLACE  # where a row lies is nothing of what it says
        versions = []
        for keys in (deleted, rest):
            found = [rows[key].read[-1] for key in keys]
            versions.append(_digest(sorted(found) if placed else [*(k for key in keys for k in key), *found]))
        said.append([name, *versions, sorted(one.written.items()) if one else []])
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def _digest(said: Sequence[str]) -> tuple[int, str]:
    """Of texts, which have no NUL in PostgreSQL."""
    return len(said), hashlib.sha256("\0".join(said).encode()).hexdigest()
