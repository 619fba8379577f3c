"""How many of the points at which something can die a run tries."""

from __future__ import annotations

import os

#: All of them with BLOESEM_FAULTS=1 (`make faults`, which runs what is marked `faults`); else a sample.
EVERY = os.environ.get("BLOESEM_FAULTS") == "1"

#: From one statement at which a test kills to the next.
STEP = 1 if EVERY else 20
