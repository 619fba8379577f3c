"""Row ids, drawn by the client before the insert: `RETURNING` would need the right to read (design,
writing).
"""

from __future__ import annotations

import secrets
import time

#: Bits of the random tail below the milliseconds: 4 million values per millisecond.
TAIL_BITS = 22
_TAIL = 1 << TAIL_BITS


def new_id() -> int:
    """A new 63-bit id: 41 bits of milliseconds since 1970, then a random tail.

    Ids of later rows are larger (their index pages stay warm); two in the same millisecond differ by chance,
    and the primary key refuses the rest. An id tells nothing about a person but when the row was drawn.
    """
    return id_at(time.time_ns() // 1_000_000, secrets.randbelow(_TAIL))


def id_at(milliseconds: int, tail: int) -> int:
    """The id of a moment (milliseconds since 1970, UTC) and a tail: the deterministic half of `new_id`."""
    return ((milliseconds & ((1 << 41) - 1)) << TAIL_BITS) | (tail & (_TAIL - 1))
