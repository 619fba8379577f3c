"""A door in a process of its own that is killed at a step: `python -m tests.bloesem.sending.dying STEP DSN PREFIX FOLDER PORT`.

Nothing in the door knows of it: the steps are its own methods and its transport's, with SIGKILL before or after.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bloesem.consent.stage import MESSAGES
from tests.bloesem.sending.stage import PLACE
from tests.promises.test_gate import COMPANY

from bloesem.company import load
from bloesem.consent.links import LinkKeys
from bloesem.consent.rules import load_rules
from bloesem.consent.suppression import SuppressionKeys
from bloesem.plan.dates import civil
from bloesem.sending.door import Door
from bloesem.sending.templates import load_templates
from bloesem.sending.transports import Smtp
from bloesem.stores.dsn import Dsn
from bloesem.stores.facts import moment
from bloesem.stores.postgres import connect

#: Where it dies, and what is true of a message that was being sent then: how often it may have been taken.
STEPS = (
    "before the claim",
    "inside the claim",
    "after the claim",
    "before the data",
    "after the data",
    "inside the outcome",
    "after the outcome",
)


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str) -> None:
    setattr(owner, name, die)


def after(owner: Any, name: str) -> None:
    was: Callable[..., Any] = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        was(*arguments, **named)
        die()

    setattr(owner, name, wrapped)


def main(step: str, dsn: str, prefix: str, folder: str, port: str) -> None:
    plan = load(COMPANY.company.directory, on=COMPANY.plan.version, prefix=prefix).plan
    rules = load_rules(MESSAGES / "door.yaml", plan, COMPANY.policy)
    with connect(Dsn.parse(dsn), autocommit=True) as connection:
        smtp = Smtp(PLACE, "127.0.0.1", int(port), tls=False)
        door = Door(
            connection,
            rules,
            load_templates(MESSAGES / "templates", rules, civil(moment(connection, plan))),
            LinkKeys.at(Path(folder)),
            SuppressionKeys.at(Path(folder)),
            PLACE,
            {"email": smtp},
        )
        match step:
            case "before the claim":
                before(door, "_take")
            case "inside the claim":
                after(door, "_letter")
            case "after the claim":
                after(door, "turn")
            case "before the data":
                server = smtp._connected()
                before(server, "data")
            case "after the data":
                after(smtp, "send")
            case "inside the outcome":
                after(door, "_settle")
            case "after the outcome":  # which is after the claim of the next too
                was = door.turn

                def then(last: Any, **named: Any) -> Any:
                    said = was(last, **named)
                    return said if last is None else die()

                door.turn = then  # type: ignore[method-assign]
        door.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
