"""Row ids, drawn by the client before the insert: `RETURNING` would need the right to read (design,
writing).
"""

from __future__ import annotations

import secrets
import threading
import time

#: Bits of the tail below the milliseconds: 4 million values per millisecond.
TAIL_BITS = 22
_TAIL = 1 << TAIL_BITS
#: Further ids of the same millisecond lie at most so far behind the one before.
_STEP = 64

_drawing = threading.Lock()
_last = 0


def new_id() -> int:
    """A new 63-bit id: 41 bits of milliseconds since 1970, then a random tail.

    Ids of later rows are larger (their index pages stay warm), also within a millisecond and when the clock goes back:
    one process never draws the same twice. Two processes in the same millisecond differ by chance, and the primary key
    refuses the rest. An id tells nothing about a person but when the row was drawn.
    """
    global _last
    drawn = id_at(time.time_ns() // 1_000_000, secrets.randbelow(_TAIL))
    with _drawing:
        _last = drawn if drawn >> TAIL_BITS > _last >> TAIL_BITS else _last + 1 + secrets.randbelow(_STEP)
        return _last


def id_at(milliseconds: int, tail: int) -> int:
    """The id of a moment (milliseconds since 1970, UTC) and a tail: the deterministic half of `new_id`."""
    return ((milliseconds & ((1 << 41) - 1)) << TAIL_BITS) | (tail & (_TAIL - 1))
