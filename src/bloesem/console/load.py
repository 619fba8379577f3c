"""Reads the company's files into what the pages show."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from django.conf import settings

from bloesem.company import PREFIX
from bloesem.company import load as load_plan_of
from bloesem.console.company import Company, ConsoleFile, Promise
from bloesem.plan.dates import civil
from bloesem.source import parse, validate

PROMISES = "promises.yaml"
CONSOLE = "console.yaml"


def load() -> Company:
    """The company of BLOESEM_COMPANY (a directory), with the plan of the version in force today."""
    home = Path(_told("BLOESEM_COMPANY", "company/blossom"))
    prefix = _told("BLOESEM_PREFIX", PREFIX)
    found = load_plan_of(home, on=civil(dt.datetime.now(dt.UTC)), prefix=prefix)
    listed = promises(home / "policy" / found.policy.version.isoformat() / PROMISES)
    own = console(home / CONSOLE)
    return Company(found.plan, found.policy, listed, own.attempts, own.follow)


def promises(path: Path) -> dict[str, Promise]:
    """The claims of a text, by id; none where the version has no list of them."""
    if not path.exists():
        return {}
    data = parse(path).data
    return {
        str(it["id"]): Promise(
            str(it["id"]), it.get("line"), str(it.get("quote", "")), dict(it.get("claim", {}))
        )
        for it in data["promises"]
    }


def console(path: Path) -> ConsoleFile:
    """What the company adds to its console in `console.yaml`; nothing where it has none."""
    return validate(parse(path), ConsoleFile) if path.exists() else ConsoleFile()


def _told(name: str, otherwise: str) -> str:
    """A setting, or the variable of the environment with the same name."""
    return str(getattr(settings, name, None) or os.environ.get(name) or otherwise)
