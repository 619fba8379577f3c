"""Clerks in processes of their own that are killed at a step: `python -m tests.bloesem.cases.dying COMPANY PREFIX DSN KEYS`.

It reads steps from its input, a number a line, and lets a process work that is killed before that step of its own. It writes
how each ended, as `os.waitstatus_to_exitcode` has it. Nothing in the clerk knows of it.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from pathlib import Path

from tests.bloesem.cases.faults import Watched

from bloesem.cases.clerk import Clerk
from bloesem.company import Loaded, load
from bloesem.plan.dates import civil
from bloesem.rights.keys import Keys
from bloesem.stores.dsn import Dsn
from bloesem.stores.postgres import connect


def work(loaded: Loaded, dsn: Dsn, keys: Keys, at: int) -> None:
    def told(step: int) -> None:
        if step == at:
            os.kill(os.getpid(), signal.SIGKILL)

    with connect(dsn, autocommit=True, application="bloesem-dying") as connection:
        Clerk(Watched(connection, told), loaded, keys).run()  # type: ignore[arg-type]


def main(company: str, prefix: str, dsn: str, folder: str) -> None:
    loaded = load(Path(company), on=civil(dt.datetime.now(dt.UTC)), prefix=prefix)
    keys = Keys.at(Path(folder))
    print("ready", flush=True)
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            work(loaded, Dsn.parse(dsn), keys, int(line))
            os._exit(0)
        _, status = os.waitpid(number, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
