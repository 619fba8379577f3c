"""A company's files become the plan that is in force on a day: the one way in for commands, clock and tests."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bloesem.datamap.load import LoadedMap, read_map
from bloesem.plan.build import compile_plan
from bloesem.plan.model import Bit, Plan
from bloesem.policy.company import Company, load_company
from bloesem.policy.model import Policy

PREFIX = "bloesem_"
#: The variable that tells a process of `bloesem up` which version stands in its database.
STANDING = "BLOESEM_STANDING"


def company_of_process(directory: Path | str) -> Company:
    """A company as a process of a running system sees it: a version that its database does not have has not begun there,
    whatever its date (P-175)."""
    said = os.environ.get(STANDING)
    return load_company(directory, standing=dt.date.fromisoformat(said) if said else None)


@dataclass(frozen=True)
class Loaded:
    """A plan, and everything that it was compiled from."""

    company: Company
    policy: Policy
    maps: LoadedMap
    plan: Plan


def load_plan(
    directory: Path | str, *, on: dt.date, prefix: str = PREFIX, maps: Iterable[Path | str] = ()
) -> Plan:
    """The plan of the version in force on a civil day (Europe/Brussels); see `load`."""
    return load(directory, on=on, prefix=prefix, maps=maps).plan


def load(
    directory: Path | str,
    *,
    on: dt.date,
    prefix: str = PREFIX,
    maps: Iterable[Path | str] = (),
    company: Company | None = None,
) -> Loaded:
    """Read a company (or take one that was read), and compile the version in force on a civil day.

    in: the directory with `bloesem.yaml`; `prefix` of the cluster's roles; `maps` instead of the company's own.
    raises: SourceError, PolicyError, LawError, MapError, PlanError; each names the thing, the rule and the remedy.
    """
    company = company or company_of_process(directory)
    policy = company.in_force(on)
    law = company.law.valid_on(on)
    read = read_map(tuple(maps) or company.maps)
    plan = compile_plan(
        policy,
        company.record.decided_by(on),
        law.purposes,
        law.ceilings,
        read.datamap,
        [Bit(line.number, line.key, line.first, line.last) for line in company.bits()],
        bans=law.bans,
        consent_age=law.consent_age(on),
        off=company.off_in(policy, on),
        prefix=prefix,
        first_version=company.versions[0].version,
    )
    return Loaded(company, policy, read, plan)
