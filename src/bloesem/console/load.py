"""Reads the company's files into what the pages show."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from django.conf import settings

from bloesem.company import PREFIX
from bloesem.company import load as load_plan_of
from bloesem.console import because
from bloesem.console.company import Company, ConsoleFile, Promise
from bloesem.errors import PolicyError
from bloesem.plan.dates import civil
from bloesem.promises import PromisesFile
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
    company = Company(
        found.plan, found.policy, listed, own.attempts, own.follow, says=own.says, roles=own.roles
    )
    _known(company, home / CONSOLE)
    return company


def _known(company: Company, path: Path) -> None:
    """Raises `PolicyError` where the company's console quotes a promise that its text does not have."""
    for promise in because.named(company):
        if promise not in company.promises:
            raise PolicyError(
                f"{path.name}: `says` names {promise}, which the text of {company.plan.version} does not have",
                rule="a page quotes the text in force, word for word",
                remedy=f"name a promise of {PROMISES}, or leave it out: then nothing is quoted",
            )


def promises(path: Path) -> dict[str, Promise]:
    """The claims of a text, by id; none where the version has no list of them."""
    if not path.exists():
        return {}
    listed = validate(parse(path), PromisesFile).promises
    return {it.id: Promise(it.id, it.line, it.quote, dict(it.claim)) for it in listed}


def console(path: Path) -> ConsoleFile:
    """What the company adds to its console in `console.yaml`; nothing where it has none."""
    return validate(parse(path), ConsoleFile) if path.exists() else ConsoleFile()


def _told(name: str, otherwise: str) -> str:
    """A setting, or the variable of the environment with the same name."""
    return str(getattr(settings, name, None) or os.environ.get(name) or otherwise)
