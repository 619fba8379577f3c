"""Transfers outside the EEA: what is one, and whether it may happen on a day (P-134 to P-144). Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bloesem.law.model import Adequacy, Law
from bloesem.policy.model import Policy, Record, TransferRules
from bloesem.recipients.conditions import Condition, Subject, failing, until
from bloesem.recipients.model import ANNEXES, STEPS, Assessment, Clauses, Places, Recipient, Transfer
from bloesem.terms import add_period

#: By exporter and importer (R-048). A joint controller is a controller; an authority signs no clauses.
MODULES = {
    ("controller", "controller"): 1,
    ("controller", "processor"): 2,
    ("processor", "processor"): 3,
    ("processor", "controller"): 4,
}


@dataclass(frozen=True)
class Exposure:
    """Data in one country outside the EEA: of the recipient, or of one of its sub-processors; and in which ways."""

    of: str | None
    country: str
    ways: tuple[str, ...]

    def __str__(self) -> str:
        onward = f" onward to `{self.of}`" if self.of else ""
        return f"transfer{onward} to {self.country} ({', '.join(self.ways)})"


@dataclass(frozen=True)
class Carried:
    """An exposure and the transfer of the record that carries it; none where there is none."""

    exposure: Exposure
    key: str | None
    transfer: Transfer | None
    conditions: tuple[Condition, ...] = field(repr=False)


def exposures(recipient: Recipient, eea: frozenset[str]) -> list[Exposure]:
    """What leaves the EEA: by location, remote access and parent, of the recipient and all its sub-processors."""
    found: dict[tuple[str | None, str], list[str]] = {}
    places: list[tuple[str | None, Places]] = [(None, recipient)]
    places += [(sub.name, sub) for sub in recipient.sub_processors]
    for name, place in places:
        for country, way in place.exposures():
            if country not in eea:
                found.setdefault((name, country), []).append(way)
    return [Exposure(name, country, tuple(ways)) for (name, country), ways in found.items()]


def carried(
    policy: Policy, record: Record, law: Law, key: str, recipient: Recipient, today: dt.date
) -> list[Carried]:
    """Each exposure of a recipient with the transfer that carries it on a civil day.

    Of several for one country (the next stands beside the one that ends) the one that may happen, the longest; where
    none may, the one that was decided last, with what it lacks.
    """
    judged = []
    for exposure in exposures(recipient, law.eea(today)):
        options = [
            Carried(
                exposure,
                name,
                transfer,
                tuple(_conditions(policy, record, law, name, transfer, recipient, today)),
            )
            for name, transfer in record.transfers.items()
            if (transfer.recipient, transfer.sub_processor, transfer.country)
            == (key, exposure.of, exposure.country)
        ]
        judged.append(max(options, key=_preference) if options else _missing(key, exposure))
    return judged


def _preference(option: Carried) -> tuple[bool, dt.date, dt.date]:
    assert option.transfer is not None
    good = not failing(option.conditions)
    return good, (until(option.conditions) or dt.date.max) if good else dt.date.min, option.transfer.decided


def _missing(key: str, exposure: Exposure) -> Carried:
    lacks = Subject(
        "transfer",
        f"{exposure} of `{key}`",
        "P-134, P-136; art. 44: what leaves the EEA, or can be reached from outside it, is a transfer",
        f"put it in `transfers` of the record, with mechanism and assessment; or end the access from {exposure.country}",
    )
    return Carried(exposure, None, None, (lacks.fails("is not on record"),))


def _conditions(
    policy: Policy,
    record: Record,
    law: Law,
    key: str,
    transfer: Transfer,
    recipient: Recipient,
    today: dt.date,
) -> Iterator[Condition]:
    where = f"transfers.{key}"
    yield Subject(
        "transfer",
        f"transfer `{key}` to {transfer.country}",
        "P-136; art. 44: a transfer has a mechanism that is valid that day",
        f"decide it anew in {where}",
    ).during(today, transfer.decided, transfer.until)
    rules = policy.transfers
    named = Subject(
        "mechanism",
        f"the mechanism of transfer `{key}`",
        "P-136, P-139: the policy promises adequacy and standard clauses, and no other mechanism",
        f"use one that the policy names: {', '.join(rules.mechanisms) if rules else 'none'}; another is a new version first",
    )
    if rules is None:
        yield named.fails("is none: the policy names no transfer")
        return
    if transfer.mechanism is None:
        yield named.fails("is not on record")
    elif transfer.mechanism not in rules.mechanisms:
        yield named.fails(f"is `{transfer.mechanism}`, which the policy does not name")
    elif transfer.mechanism == "adequacy":
        yield from _adequacy(record, law, key, transfer, today)
    else:
        yield _first(law, key, transfer, today)
        yield from _clauses(key, transfer, recipient, today)
    if rules.assessment == "every" or transfer.mechanism != "adequacy":
        yield from _assessed(key, transfer, rules, today)


# ---- adequacy (P-137) ----------------------------------------------------------------------------------------------


def _adequacy(record: Record, law: Law, key: str, transfer: Transfer, today: dt.date) -> Iterator[Condition]:
    country = transfer.country
    decision = law.adequate(country, today)
    listed = Subject(
        "adequacy",
        f"the decision of the Commission on {country}, for transfer `{key}`",
        "P-137; art. 45: adequacy counts for a country on the dated list, between its days",
        "use standard clauses; or look at the Commission's list, and mend law/adequacy.yaml",
    )
    if decision is None:
        yield listed.fails("is not on the list of that day")
        return
    yield listed.during(today, decision.valid_from, decision.valid_until)
    yield _looked_at(record, decision, key, today)
    if decision.scope != "whole":
        yield from _within(decision, key, transfer, today)


def _first(law: Law, key: str, transfer: Transfer, today: dt.date) -> Condition:
    """A decision on a whole country comes before any other safeguard (art. 46(1): "in the absence of a decision")."""
    decision = law.adequate(transfer.country, today)
    return Subject(
        "adequacy-first",
        f"the mechanism of transfer `{key}`",
        "R-046; art. 46(1): safeguards are for where there is no decision",
        f"write `mechanism: adequacy` at transfers.{key}",
        blocks=False,
    ).when(
        decision is None or decision.scope != "whole",
        f"is `{transfer.mechanism}`, and there is a decision of the Commission on {transfer.country}",
    )


def _looked_at(record: Record, decision: Adequacy, key: str, today: dt.date) -> Condition:
    fresh = Subject(
        "adequacy-list",
        f"the look at the list of adequate countries for {decision.country}, for transfer `{key}`",
        "P-137: a dated list counts while it was looked at",
        f"look at the Commission's list, and write the day at `{decision.key}` (checked.on)",
    )
    if decision.checked.on is None:
        return fresh.fails("was never taken: the entry is from knowledge")
    if record.deadlines is None:
        return fresh.fails("may be of any age: the record says no `deadlines.adequacy_recheck`")
    last = add_period(decision.checked.on, record.deadlines.adequacy_recheck)
    return fresh.during(today, dt.date.min, last)


def _within(decision: Adequacy, key: str, transfer: Transfer, today: dt.date) -> Iterator[Condition]:
    scope = transfer.scope
    within = Subject(
        "adequacy-scope",
        f"that the importer of transfer `{key}` is within the decision on {decision.country}",
        f"P-137: {(decision.limit or {}).get('en', decision.key)}",
        f"write `scope: {{condition: {decision.condition}, evidence, checked}}` at transfers.{key}, or use standard clauses",
    )
    if scope is None:
        yield within.fails("is not on record")
    elif scope.condition != decision.condition:
        yield within.fails(f"is shown by `{scope.condition}`, and `{decision.condition}` is asked")
    elif not scope.evidence.strip():
        yield within.fails("has no evidence")
    elif decision.scope == "listed" and scope.until is None:
        yield within.fails("says no last day (`until`), and who is listed is listed for a time")
    else:
        yield within.during(today, scope.checked, scope.until)


# ---- standard clauses (P-138, P-144) -------------------------------------------------------------------------------


def module_of(recipient: Recipient, transfer: Transfer) -> int | None:
    """The module that fits the two roles; none where there is none. Onward, the recipient is the exporter."""
    role = "controller" if recipient.role == "joint-controller" else recipient.role
    pair = (role, "processor") if transfer.sub_processor is not None else ("controller", role)
    return MODULES.get(pair)


def _clauses(key: str, transfer: Transfer, recipient: Recipient, today: dt.date) -> Iterator[Condition]:
    clauses = transfer.clauses
    there = Subject(
        "clauses",
        f"the standard clauses of transfer `{key}`",
        "P-138; art. 46(2)(c): the clauses of 2021/914, in the module of the two roles, signed, with their annexes",
        f"sign them, and write transfers.{key}.clauses",
    )
    if clauses is None:
        yield there.fails("are not on record")
        return
    yield there.when(clauses.edition == "2021/914", f"are those of {clauses.edition}, which ended in 2022")
    wanted = module_of(recipient, transfer)
    asked = f"module {wanted}" if wanted else "none: an authority signs no clauses"
    yield there.when(clauses.module == wanted, f"are module {clauses.module}, and the roles ask for {asked}")
    yield there.during(today, clauses.signed, None) if clauses.signed else there.fails("are not signed")
    yield from _annexes(there, clauses)
    yield Subject(
        "copy",
        f"a copy of the safeguards of transfer `{key}`",
        "P-144; art. 13(1)(f), clause 8.3: a person can get one",
        f"write where, at transfers.{key}.copy",
    ).when((transfer.copy_at or "").strip(), "can be had nowhere")
    yield Subject(
        "copy-file",
        f"the copy of the safeguards of transfer `{key}`",
        "P-144; clause 8.3: the copy has the appendix, without what is a business secret",
        f"write what the annexes say, at transfers.{key}.clauses.appendix; until then it is sent by hand",
        blocks=False,
    ).when(clauses.appendix, "is no file: nobody wrote what the annexes say")
    yield Subject(
        "clauses-under-gdpr",
        f"the importer of transfer `{key}`",
        "R-048: the clauses were not made for an importer that is itself under the GDPR (art. 3(2))",
        "ask a lawyer what to sign instead",
        blocks=False,
    ).when(not transfer.importer_under_gdpr, "is itself under the GDPR")


def _annexes(there: Subject, clauses: Clauses) -> Iterator[Condition]:
    for name in ANNEXES[clauses.module]:
        filled = (getattr(clauses, name) or "").strip()
        yield there.when(filled, f"have an empty {name.replace('_', ' ')}")


# ---- the assessment (P-140 to P-143) -------------------------------------------------------------------------------


def _assessed(key: str, transfer: Transfer, rules: TransferRules, today: dt.date) -> Iterator[Condition]:
    made = transfer.assessment
    there = Subject(
        "assessment",
        f"the assessment of transfer `{key}`",
        "P-141: every transfer is assessed, also to an adequate country",
        f"assess it, and write transfers.{key}.assessment",
    )
    if made is None:
        yield there.fails("is not on record")
        return
    if made.review is None:
        yield there.when(False, "has no day of review (P-140)")
    else:
        yield there.during(today, made.done, made.review)
    yield from _steps(key, made, rules)
    yield from _concluded(key, made, rules, today)


def _steps(key: str, made: Assessment, rules: TransferRules) -> Iterator[Condition]:
    walked = Subject(
        "assessment-steps",
        f"the assessment of transfer `{key}`",
        "P-140: the six steps of the EDPB's recommendations 01/2020",
        f"say what each step found, at transfers.{key}.assessment.steps",
    )
    said: Mapping[str, str] = {str(name): found for name, found in made.steps.items()}
    words = dict(zip(STEPS, rules.steps, strict=False))
    for name in STEPS:
        step = f"`{name}` ({words[name]})" if name in words else f"`{name}`"
        yield walked.when(said.get(name, "").strip(), f"does not say step {step}")
    looked = Subject(
        "assessment-content",
        f"the assessment of transfer `{key}`",
        "P-142; clause 14: law and practice of the third country",
        f"write both at transfers.{key}.assessment",
    )
    for name in rules.assessed:
        yield looked.when((getattr(made, name) or "").strip(), f"does not say the {name} there")


def _concluded(key: str, made: Assessment, rules: TransferRules, today: dt.date) -> Iterator[Condition]:
    ended = Subject(
        "assessment-conclusion",
        f"the assessment of transfer `{key}`",
        "P-142: it ends in ok, ok-with-measures or stop, and stop blocks",
        f"write `conclusion` at transfers.{key}.assessment; after a stop, end the transfer",
    )
    yield ended.when(made.conclusion is not None, "has no conclusion")
    yield ended.when(made.conclusion != "stop", "says stop")
    if made.conclusion != "ok-with-measures":
        return
    for name in rules.measures:
        measures = [one for one in made.measures if one.kind == name]
        listed = Subject(
            "measures",
            f"the {name} measures of transfer `{key}`",
            "P-143: measures are listed in three classes, and each is proven to be in place",
            f"take them, and write `since` and `evidence` at transfers.{key}.assessment.measures",
        )
        yield listed.when(measures, "are none, and the assessment rests on measures")
        for one in measures:
            proven = (one.evidence or "").strip()
            yield listed.when(proven, f"are not proven: `{one.what}` has no evidence")
            if proven:
                yield (
                    listed.during(today, one.since, None)
                    if one.since
                    else listed.fails(f"are not in place: `{one.what}` says no `since`")
                )


__all__ = ["MODULES", "Carried", "Exposure", "carried", "exposures", "module_of"]
