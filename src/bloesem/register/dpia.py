"""Which processing needs an impact assessment (art. 35), and whether one is on record. Pure.

A trigger of the law names what is processed (`data`) or what it is done for (`uses`), in words; a category of the policy is
such a word by its own `is`, or because the record says so. Of each list that a trigger has, one word is enough. Scale is
nothing that a model knows: a decision may say that it is small (`not-needed`), and why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloesem.findings import Finding
from bloesem.plan.categories import covers
from bloesem.register.activities import Activity, Register
from bloesem.register.records import Assessed

if TYPE_CHECKING:
    from bloesem.law.model import Rule
    from bloesem.policy.company import Company
    from bloesem.policy.model import Policy, Record

PREFIX = ".dpia."
#: What an assessment must have before anything begins on it.
_BEFORE = ("dpia-incomplete", "dpia-unconsulted")


@dataclass(frozen=True)
class Reached:
    """A trigger and an activity that it reaches, with the categories for which it does; `record` none: nobody decided."""

    activity: Activity
    data: tuple[str, ...]
    record: str | None
    decision: Assessed | None


@dataclass(frozen=True)
class Trigger:
    """A trigger of the law with all that it reaches on a day."""

    rule: Rule
    reached: tuple[Reached, ...]


def triggers(company: Company, register: Register) -> list[Trigger]:
    """Every trigger that is law on the register's day, those of the Union first."""
    law = company.law.valid_on(register.on)
    rules = sorted(
        (one for one in law.rules if PREFIX in one.key),
        key=lambda one: (not one.key.startswith("eu."), one.key),
    )
    return [_trigger(company, register, rule) for rule in rules]


def _trigger(company: Company, register: Register, rule: Rule) -> Trigger:
    marked = [
        key for word in rule.value["data"] for key in _categories(register.policy, company.record, word)
    ]
    parts = {key for word in rule.value["uses"] for key in _parts(register.policy, company.record, word)}
    reached = []
    for one in register.running:
        data = tuple(key for key in one.data if covers(marked, key))
        if (rule.value["data"] and not data) or (rule.value["uses"] and one.key not in parts):
            continue
        name = _decided(company.record, rule.key, one.key, register.on)
        reached.append(Reached(one, data, name, company.record.dpia[name] if name else None))
    return Trigger(rule, tuple(reached))


def _categories(policy: Policy, record: Record, word: str) -> list[str]:
    said = record.dpia_rules.data.get(word, ()) if record.dpia_rules else ()
    return [*said, *(key for key, one in policy.categories.items() if word in one.is_ and key not in said)]


def _parts(policy: Policy, record: Record, word: str) -> set[str]:
    found = set(record.dpia_rules.uses.get(word, ())) if record.dpia_rules else set()
    found |= {key for row in policy.purposes.values() for key, part in row.parts.items() if word in part.is_}
    if word == "automated-decision" and record.register_ is not None:
        found |= {one.part for one in record.register_.automated or ()}
    return found


def _decided(record: Record, trigger: str, part: str, on: dt.date) -> str | None:
    """The decision that names both, of those made by the day the last."""
    found = [
        (one.decided, name)
        for name, one in record.dpia.items()
        if trigger in one.triggers and part in one.parts and one.decided <= on
    ]
    return max(found)[1] if found else None


# ---- what is wrong ----------------------------------------------------------------------------------------------------


def unassessed(company: Company, register: Register) -> list[Mapping[str, str]]:
    """The triggers, named in each language, that reach something which runs without a whole assessment: none is on record,
    it lacks what art. 35(7) asks, or it leaves a high risk of which the authority was not asked (art. 36(1); R-045)."""

    def bare(one: Reached) -> bool:
        if one.record is None or one.decision is None:
            return True
        return any(lack.kind in _BEFORE for lack in _whole(company, one.record, one.decision, register))

    return [
        trigger.rule.label
        for trigger in triggers(company, register)
        if any(one.activity.off is None and bare(one) for one in trigger.reached)
    ]


def findings(company: Company, register: Register) -> list[Finding]:
    """What `bloesem check` says: a trigger without a decision, and a decision that is not whole. A review that is past is
    found as that of any other decision (`late-review`)."""
    found = []
    for one in triggers(company, register):
        bare = [
            each.activity.key for each in one.reached if each.decision is None and each.activity.off is None
        ]
        if bare:
            found.append(
                Finding(
                    "warning",
                    "dpia-missing",
                    f"{', '.join(bare)}: no assessment is on record for {one.rule.key}"
                    f" ({one.rule.label.get('en', one.rule.key)})",
                    f"art. {one.rule.article}: assessed before it begins, with the officer's advice",
                    "assess it, or say why it needs none, and put the decision in `dpia` of the record",
                )
            )
    for name, decision in company.record.dpia.items():
        found += list(_whole(company, name, decision, register))
    return found


def _whole(company: Company, name: str, one: Assessed, register: Register) -> Iterator[Finding]:
    where = company.where("dpia", name)

    def lacks(kind: str, what: str, rule: str, remedy: str) -> Finding:
        return Finding("warning", kind, f"dpia `{name}` {what}", rule, remedy, where)

    known = {rule.key for rule in company.law.rules if PREFIX in rule.key}
    parts = {
        one.key for one in register.activities
    }  # and those of a version to come: it is assessed before it begins
    parts |= {key for policy in company.versions for row in policy.purposes.values() for key in row.parts}
    for key in (*(t for t in one.triggers if t not in known), *(p for p in one.parts if p not in parts)):
        yield lacks(
            "dpia-unknown", f"names `{key}`, which is neither a trigger nor a part", "art. 35", "mend it"
        )
    if one.outcome == "done":
        for missing in (
            *(() if one.measures else ("measures",)),
            *(() if one.residual else ("residual",)),
            *(() if one.advice and one.advised else ("advice, advised",)),
        ):
            yield lacks(
                "dpia-incomplete",
                f"has no `{missing}`",
                "art. 35(2), (7): with the officer's advice, measures, and the risk that is left",
                f"write `{missing}`",
            )
    if one.review is None:
        yield lacks(
            "dpia-no-review",
            "has no day of review",
            "art. 35(11): looked at again when the risk changes",
            "write `review`",
        )
    if one.residual == "high" and one.consulted is None:
        yield lacks(
            "dpia-unconsulted",
            "leaves a high risk, and the authority was not asked",
            "art. 36(1): the authority is consulted before processing",
            "ask it and write the day (`consulted`), or lower the risk",
        )


__all__ = ["Reached", "Trigger", "findings", "triggers", "unassessed"]
