"""What is the same again: in another language, at another width, on another server, with every address and value.

`make test` leaves it out, `make thorough` runs it.
"""

from __future__ import annotations

from typing import Any

import pytest


def again(*cases: Any, every: int = 1) -> list[Any]:
    """Cases of a test, of which `every` run each time, and the others when it is done thoroughly."""
    return [
        *cases[:every],
        *(
            pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.thorough)
            for case in cases[every:]
        ),
    ]
