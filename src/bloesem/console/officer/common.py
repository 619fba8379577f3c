"""What several of the officer's pages say: what a condition of the register lacks, and the register itself."""

from __future__ import annotations

from dataclasses import dataclass

from bloesem.console.company import Company
from bloesem.console.language import say
from bloesem.console.words import WORDS
from bloesem.errors import PolicyError
from bloesem.policy.company import Company as Loaded
from bloesem.recipients.conditions import Condition


@dataclass(frozen=True)
class Lacks:
    """A condition that does not hold. `what`: which sort of thing, in the reader's language; `detail`, `rule`, `remedy`:
    as the register says them, in English."""

    what: str
    detail: str
    rule: str
    remedy: str


def loaded(company: Company) -> Loaded:
    """The company with its record and law. Raises `PolicyError` where only its plan was given."""
    if company.loaded is None:
        raise PolicyError(
            "the register of recipients was not loaded",
            "P-112: data goes to recipients that are registered",
            "load the company with its record",
        )
    return company.loaded


def lack(condition: Condition, language: str) -> Lacks:
    key = "condition.clause" if condition.kind.startswith("clause-") else f"condition.{condition.kind}"
    what = say(key if key in WORDS else "condition.other", language)
    return Lacks(what, str(condition), condition.rule, condition.remedy)
