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
    """in: `judged`, the digest of what rows are judged by. Rows are said by their versions (`fetch.version`): one that
    was written again since is another. What goes is in the order of its keys."""
    people = [
        (sorted(p.roots), sorted((k, sorted(v)) for k, v in p.identities.items())) for p in world.people
    ]
    said: list[Any] = [kind, world.graph.digest, judged, draft.said, draft.staying, people]
    made = {one.table.qualified: one for one in draft.made}
    for name in sorted({*world.rows, *world.taken}):
        if name in world.taken:
            said.append([name, _digest(world.taken[name].versions), _digest(()), []])
            continue
        rows, one = world.rows[name], made.get(name)
        deleted = one.deleted if one else []
        going = [rows[key].read[-1] for key in deleted]
        rest = rows.keys() - deleted if len(deleted) < len(rows) else ()
        staying = [rows[key].read[-1] for key in sorted(rest)]
        placed = world.graph.tables[name].key == PLACE  # where a row lies is nothing of what it says
        versions = [_digest(sorted(those) if placed else those) for those in (going, staying)]
        said.append([name, *versions, sorted(one.written.items()) if one else []])
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def _digest(versions: Sequence[str]) -> tuple[int, str]:
    """Of rows in the order of their keys."""
    return len(versions), hashlib.sha256(" ".join(versions).encode()).hexdigest()
