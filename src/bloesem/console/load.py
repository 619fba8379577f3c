"""Reads the company's files into what the pages show."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from django.conf import settings

from bloesem.company import PREFIX
from bloesem.company import load as load_plan_of
from bloesem.console import because
from bloesem.console.company import Company, ConsoleFile, Cookie, CookiesFile, Promise, current
from bloesem.errors import PolicyError
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import CREDENTIALS, PROCESS
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.promises import PromisesFile
from bloesem.source import parse, validate

PROMISES = "promises.yaml"
CONSOLE = "console.yaml"
COOKIES = "cookies.yaml"


def load() -> Company:
    """The company of BLOESEM_COMPANY (a directory), with the plan of the version in force today."""
    home = Path(_told("BLOESEM_COMPANY", "company/blossom"))
    prefix = _told("BLOESEM_PREFIX", PREFIX)
    found = load_plan_of(home, on=civil(dt.datetime.now(dt.UTC)), prefix=prefix)
    listed = promises(home / "policy" / found.policy.version.isoformat() / PROMISES)
    own = console(home / CONSOLE)
    company = Company(
        found.plan,
        found.policy,
        listed,
        own.attempts,
        own.follow,
        says=own.says,
        roles=own.roles,
        cookies=cookies(home / COOKIES, found.plan),
        loaded=found.company,
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


def gate() -> tuple[Plan, Credentials]:
    """What the gate of a web process is made of (the setting BLOESEM_GATE): the plan in force, and its own login."""
    login, directory = os.environ[PROCESS], Path(os.environ[CREDENTIALS])
    return current().plan, Credentials.load(directory, login)


def promises(path: Path) -> dict[str, Promise]:
    """The claims of a text, by id; none where the version has no list of them."""
    if not path.exists():
        return {}
    listed = validate(parse(path), PromisesFile).promises
    return {it.id: Promise(it.id, it.line, it.quote, dict(it.claim)) for it in listed}


def console(path: Path) -> ConsoleFile:
    """What the company adds to its console in `console.yaml`; nothing where it has none."""
    return validate(parse(path), ConsoleFile) if path.exists() else ConsoleFile()


def cookies(path: Path, plan: Plan) -> tuple[Cookie, ...]:
    """What the pages may keep in a browser; nothing where the company has no such file. Raises `PolicyError` for a cookie
    whose purpose the policy does not have (P-005), or that is named twice."""
    listed = validate(parse(path), CookiesFile).cookies if path.exists() else ()
    names = [it.name for it in listed]
    for it in listed:
        if it.purpose not in plan.by_key:
            raise PolicyError(
                f"{path.name}: cookie `{it.name}` is for `{it.purpose}`, which is no purpose of the policy",
                rule="P-005: a cookie has a purpose and a ground in the model, or is not set",
                remedy=f"name one of: {', '.join(sorted(plan.by_key))}",
            )
        if it.recipient is not None and it.basis != "consent":
            raise PolicyError(
                f"{path.name}: cookie `{it.name}` makes figures for `{it.recipient}` without consent",
                rule="P-122: an analytics firm gets something only after consent for that kind of cookie",
                remedy="write `basis: consent`",
            )
        if names.count(it.name) > 1:
            raise PolicyError(
                f"{path.name}: cookie `{it.name}` is named twice",
                rule="one cookie has one purpose, one ground and one term",
                remedy="write it once",
            )
    return listed


def _told(name: str, otherwise: str) -> str:
    """A setting, or the variable of the environment with the same name."""
    return str(getattr(settings, name, None) or os.environ.get(name) or otherwise)
