"""What must go today: retention sweeps and the moments at which nothing is readable any more.

sweep       does everything that is due, in batches, and says per table and purpose what went and why
preview     what a sweep on another day would do, done and taken back
overdue     numbers of what is due and not yet done
upcoming    what falls due when, for a picture
moment      the database's own moment
advance     sets the date of a demonstration
"""

from bloesem.clock.demonstration import advance
from bloesem.clock.due import Falling, Overdue, overdue, upcoming
from bloesem.clock.partitions import ensure as ensure_partitions
from bloesem.clock.reasons import Reason
from bloesem.clock.report import Loss, SweepReport, TableReport
from bloesem.clock.sweep import Progress, moment, preview, sweep, watermark

__all__ = [
    "Falling",
    "Loss",
    "Overdue",
    "Progress",
    "Reason",
    "SweepReport",
    "TableReport",
    "advance",
    "ensure_partitions",
    "moment",
    "overdue",
    "preview",
    "sweep",
    "upcoming",
    "watermark",
]
