"""May this go to that recipient, today? One answer, with every reason and the last day on which it is certain. Pure.

What is missing refuses, what has lapsed refuses, and each refusal names the thing, the rule and the remedy. Nothing here
reads a file, a database or a clock: `today` is a civil day in Europe/Brussels.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bloesem.policy.checks import covers, reads_category
from bloesem.policy.model import Part, Policy, RecipientKind, Record
from bloesem.recipients.conditions import Condition, Subject, failing, until
from bloesem.recipients.model import ART_28, Assignment, Contract, Recipient
from bloesem.recipients.transfers import Carried, carried
from bloesem.source import nearest
from bloesem.terms import add_period, counted

if TYPE_CHECKING:
    from bloesem.policy.company import Company

#: The ground of a merger or takeover, which is no purpose of the table (P-111, P-131).
DEAL = "deal"
Shape = Literal["full", "pseudonymised", "aggregated"]


@dataclass(frozen=True)
class Decision:
    """`allowed`, or why not (`reasons`). `until`: the last day on which it is allowed as things stand; none: no end is
    known. `warnings` refuse nothing. `transfers`: what leaves the EEA, and on which mechanism."""

    recipient: str
    purpose: str
    today: dt.date
    allowed: bool
    reasons: tuple[Condition, ...]
    warnings: tuple[Condition, ...]
    until: dt.date | None
    conditions: tuple[Condition, ...] = field(repr=False, default=())
    transfers: tuple[Carried, ...] = field(repr=False, default=())

    def lapsing(self, last: dt.date) -> tuple[Condition, ...]:
        """What holds today and ends on that day or before, the soonest first."""
        found = {one for one in self.conditions if one.holds and one.last is not None and one.last <= last}
        return tuple(sorted(found, key=lambda one: (one.last, one.thing)))


@dataclass(frozen=True)
class _Asked:
    policy: Policy
    record: Record
    company: Any
    key: str
    recipient: Recipient
    kind: RecipientKind
    purpose: str
    fields: tuple[str, ...]
    today: dt.date
    assignment: str | None
    shape: Shape
    store: str | None
    people: int | None


def may_disclose(
    company: Company,
    policy: Policy,
    recipient: str,
    purpose: str,
    fields: Sequence[str],
    today: dt.date,
    *,
    assignment: str | None = None,
    shape: Shape = "full",
    store: str | None = None,
    people: int | None = None,
) -> Decision:
    """Whether these categories may go to a recipient for a purpose, on a civil day.

    in: `policy`, the version in force that day; `assignment`, for which job, project, list, request or deal, where the kind
    asks for one; `shape`, what is shown of people; `store`, where it is no export but access to a database (P-113);
    `people`, of how many, where that is known.
    """
    record = company.record
    known = record.recipients.get(recipient)
    kind = policy.recipients.get(known.kind) if known else None
    registered = Subject(
        "registered",
        f"recipient `{recipient}`",
        "P-112; art. 13(1)(e): data goes to recipients that are registered under a kind of the policy",
        f"it is registered from recipients.{recipient}.decided on, until `ended`: ask about a day between them"
        if known is not None and kind is not None
        else f"register it in `recipients` of the record; known: {nearest(recipient, record.recipients) or 'none'}",
    )
    if known is None or kind is None:
        fault = (
            "is not registered"
            if known is None
            else f"is of kind `{known.kind}`, which the policy does not name"
        )
        return _decided(recipient, purpose, today, [registered.fails(fault)], [])
    asked = _Asked(
        *(
            policy,
            record,
            company,
            recipient,
            known,
            kind,
            purpose,
            tuple(fields),
            today,
            assignment,
            shape,
            store,
        ),
        people,
    )
    moved = carried(policy, record, company.law, recipient, known, today)
    conditions = [
        registered.during(today, known.decided, known.ended),
        *_purpose(asked),
        *_fields(asked),
        *_contract(asked),
        *_diligence(asked),
        *_sub_processors(asked),
        *_assignment(asked),
        *_access(asked),
        *(one for each in moved for one in each.conditions),
    ]
    return _decided(recipient, purpose, today, conditions, moved)


def _decided(
    recipient: str, purpose: str, today: dt.date, conditions: Sequence[Condition], moved: Sequence[Carried]
) -> Decision:
    reasons = tuple(dict.fromkeys(failing(conditions)))
    warnings = tuple(dict.fromkeys(one for one in conditions if not one.blocks and not one.holds))
    last = None if reasons else until(conditions)
    return Decision(
        recipient, purpose, today, not reasons, reasons, warnings, last, tuple(conditions), tuple(moved)
    )


# ---- for what (P-111) and which fields (P-125, P-129) --------------------------------------------------------------


def parts_of(policy: Policy, names: Iterable[str]) -> frozenset[str]:
    """Rows of the table stand for all of their parts."""
    found: set[str] = set()
    for name in names:
        row = policy.purposes.get(name)
        found |= set(row.parts) if row is not None else {name}
    return frozenset(found)


def part_of(policy: Policy, key: str) -> Part | None:
    return next((row.parts[key] for row in policy.purposes.values() if key in row.parts), None)


def _purpose(asked: _Asked) -> Iterator[Condition]:
    grounds = parts_of(asked.policy, asked.kind.purposes) | (
        {DEAL} if asked.kind.assignment == "deal" else frozenset()
    )
    own = parts_of(asked.policy, asked.recipient.purposes)
    about = Subject(
        "purpose",
        f"purpose `{asked.purpose}` of `{asked.key}`",
        "P-111; art. 5(1)(b): disclosure is for the purposes of the policy, or a duty or deal that it names",
        f"use one that both its kind and the recipient have: {', '.join(sorted(grounds & own)) or 'none'}",
    )
    yield about.when(
        part_of(asked.policy, asked.purpose) is not None or asked.purpose in grounds,
        "is none of the policy's",
    )
    yield about.when(asked.purpose in grounds, f"is none of what kind `{asked.recipient.kind}` is for")
    yield about.when(asked.purpose in own, "is none of what the recipient is registered for")
    off = asked.company.off_in(asked.policy, asked.today)
    yield about.when(asked.purpose not in off, f"is off: {off.get(asked.purpose)}")


def _fields(asked: _Asked) -> Iterator[Condition]:
    about = Subject(
        "fields",
        f"the fields for `{asked.key}`",
        "P-125, P-129; art. 5(1)(c): each recipient gets what it needs for its task, and no more",
        "ask for fewer; what it may have stands in `fields` of the record, within what its kind reads",
    )
    yield about.when(asked.fields, "are none: what is asked for is said")
    part = part_of(asked.policy, asked.purpose)
    task = asked.recipient.assignments.get(asked.assignment) if asked.assignment else None
    for category in asked.fields:
        yield about.when(
            category in asked.policy.categories, f"name `{category}`, which the policy does not have"
        )
        yield about.when(
            covers(asked.recipient.fields, category), f"have `{category}`, which is not on its list"
        )
        yield about.when(
            _kind_reads(asked.kind, task, category),
            f"have `{category}`, which is not for kind `{asked.recipient.kind}`",
        )
        if part is not None:
            yield about.when(
                reads_category(part, category), f"have `{category}`, which `{asked.purpose}` does not read"
            )
        if task is not None and task.fields is not None:
            yield about.when(
                covers(task.fields, category), f"have `{category}`, which `{asked.assignment}` is not about"
            )


def _kind_reads(kind: RecipientKind, task: Assignment | None, category: str) -> bool:
    """A kind whose text names no field (authority, acquirer) has those of the request or deal, and no other."""
    if kind.reads:
        return covers(kind.reads, category)
    by_case = kind.assignment in ("request", "deal")
    return by_case and task is not None and covers(task.fields or (), category)


# ---- the recipient: contract (P-127, P-124), diligence (P-126), sub-processors -------------------------------------


def _contract(asked: _Asked) -> Iterator[Condition]:
    role, kind = asked.recipient.role, asked.kind
    yield Subject(
        "role",
        f"the role of `{asked.key}`",
        "P-119, P-123; art. 26, 28: a recipient has the role of its kind",
        f"register it as {', '.join((kind.role, *kind.may_be))}; or under another kind",
    ).when(role == kind.role or role in kind.may_be, f"is {role}")
    if role not in ("processor", "joint-controller") and not kind.clauses:
        return
    contract = asked.recipient.contract
    there = Subject(
        "contract",
        f"the contract with `{asked.key}`",
        "P-127; art. 28(3), (9), 26: signed, complete, in its days",
        f"sign one, and write it at recipients.{asked.key}.contract",
    )
    if contract is None:
        yield there.fails("is not on record")
        return
    yield (
        there.during(asked.today, contract.signed, None) if contract.signed else there.fails("is not signed")
    )
    yield there.during(asked.today, contract.valid_from, contract.valid_until)
    yield from _complete(there, contract, role)
    for clause in kind.clauses:
        yield Subject(
            f"clause-{clause}",
            f"the contract with `{asked.key}`",
            _CLAUSES[clause],
            f"have it added, and write where it stands at recipients.{asked.key}.contract.clauses.{clause}",
        ).when(contract.clauses.get(clause, "").strip(), f"has no clause `{clause}`")


def _complete(there: Subject, contract: Contract, role: str) -> Iterator[Condition]:
    if role == "processor":
        said: Mapping[str, str] = {str(item): place for item, place in contract.items.items()}
        for item, article in ART_28.items():
            yield there.when(said.get(item, "").strip(), f"lacks `{item}` (art. {article})")
    if role == "joint-controller":
        yield there.when((contract.arrangement or "").strip(), "lacks the arrangement (art. 26)")


_CLAUSES = {
    "no-own-use": "P-124; art. 28(3)(a), (10): nothing goes to whom no contract forbids use for its own ends",
    "no-own-marketing": "P-119: an affiliated company runs platforms and software, and markets nothing of its own",
    "return-or-erasure": "P-120; art. 28(3)(g): returned or erased after the project",
    "purge-after-dispatch": "P-117: erased after dispatch",
    "destruction-certificate": "P-116; art. 28(3)(g): the term binds paper too, with a certificate of destruction",
}


def _diligence(asked: _Asked) -> Iterator[Condition]:
    if asked.recipient.role != "processor":
        return
    done, rules = asked.recipient.diligence, asked.record.recipient_rules
    looked = Subject(
        "diligence",
        f"the look at how `{asked.key}` handles data",
        "P-126; art. 28(1): a processor is looked at, and gets nothing new when that is too long ago",
        f"look again, and write recipients.{asked.key}.diligence",
    )
    if rules is None:
        yield looked.fails("may be of any age: the record says no `recipient_rules`")
        return
    if done is None:
        yield looked.fails("is not on record")
        return
    yield looked.when(done.result == "ok", "ended in stop")
    due = add_period(done.done, rules.diligence_every)
    yield looked.during(asked.today, done.done, add_period(due, rules.diligence_grace))
    if asked.today >= done.done:
        yield Subject(
            "diligence-due", looked.thing + " that is due", looked.rule, looked.remedy, blocks=False
        ).during(asked.today, done.done, due)


def _sub_processors(asked: _Asked) -> Iterator[Condition]:
    for sub in asked.recipient.sub_processors:
        yield Subject(
            "sub-processor",
            f"sub-processor `{sub.name}` of `{asked.key}`",
            "art. 28(2), (4): a sub-processor is authorised before it is engaged",
            "authorise it, or have it left out",
        ).during(asked.today, sub.authorised, None)


# ---- what it is for, one by one (P-114, P-120, P-121, P-128 to P-133) ----------------------------------------------


def _assignment(asked: _Asked) -> Iterator[Condition]:
    wanted = asked.kind.assignment
    about = Subject(
        "assignment",
        f"the {wanted or 'assignment'} of `{asked.key}`",
        _ASSIGNMENTS.get(wanted or "", "P-112: only kinds that say so have assignments"),
        f"name one of recipients.{asked.key}.assignments, or write it there",
    )
    if wanted is None:
        if asked.assignment is not None:
            yield about.fails(f"`{asked.assignment}` is asked for, and its kind has none")
        return
    if asked.assignment is None:
        yield about.fails("is not named")
        return
    task = asked.recipient.assignments.get(asked.assignment)
    if task is None or task.kind != wanted:
        yield about.fails(f"`{asked.assignment}` is not on record")
        return
    yield about.during(asked.today, task.decided, None)
    yield about.during(asked.today, task.starts, task.last)
    if task.request is not None:
        yield from _request(asked, task)
    if task.deal is not None:
        yield from _deal(asked, task)


_ASSIGNMENTS = {
    "job": "P-114: for the assigned job only, and access ends with it",
    "project": "P-120: for one project, and returned or erased on its last day",
    "list": "P-121: each list expires on a day",
    "request": "P-128; art. 6(1)(c): statute, competence and scope are on record, and a lawyer looked",
    "deal": "P-131; art. 6(1)(f): a case states parties, phase, fields, contract and balancing",
}


def _request(asked: _Asked, task: Assignment) -> Iterator[Condition]:
    request = task.request
    assert request is not None
    about = Subject(
        "request",
        f"the request `{asked.assignment}` of {request.authority}",
        "P-128, P-129: statute, competence, scope and legal review; fields that it may ask for; nobody in bulk",
        f"complete recipients.{asked.key}.assignments.{asked.assignment}",
    )
    statute = asked.record.statutes.get(request.statute)
    yield about.when(
        statute is not None and statute.counts_on(asked.today),
        f"rests on `{request.statute}`, which obliges nobody that day",
    )
    if statute is not None and statute.counts_on(asked.today) and statute.valid_until is not None:
        yield about.during(asked.today, dt.date.min, statute.valid_until)
    yield about.when(
        statute is not None and asked.recipient.kind in statute.recipients,
        f"rests on `{request.statute}`, which names no recipient of kind `{asked.recipient.kind}`",
    )
    for name in ("authority", "competence", "scope"):
        yield about.when(getattr(request, name).strip(), f"does not say the {name}")
    yield about.when(task.fields, "names no fields")
    if request.review is None:
        yield about.fails("was seen by no lawyer")
    else:
        yield about.during(asked.today, request.review.on, None)
    yield about.when(
        request.bulk or asked.people is None or asked.people <= request.people,
        f"is about {counted(request.people, 'person', 'people')}, and {asked.people} are asked for",
    )
    yield about.when(
        not request.bulk or (request.bulk_because or "").strip(),
        "is for everybody at once, and no statute says so",
    )


def _deal(asked: _Asked, task: Assignment) -> Iterator[Condition]:
    deal = task.deal
    assert deal is not None
    about = Subject(
        "deal",
        f"the deal `{asked.assignment}`",
        "P-131, P-133: parties, phase, fields, contract between the undertakings, balancing test",
        f"complete recipients.{asked.key}.assignments.{asked.assignment}",
    )
    yield about.when((deal.contract or "").strip(), "has no contract on file")
    yield about.during(asked.today, deal.contract_signed, None)
    yield about.when(deal.balancing == "proceed", "has no balancing test that says proceed")
    yield about.during(asked.today, deal.balanced_on, None)
    yield about.when(task.fields, "names no fields")
    yield Subject(
        "deal-phase",
        f"the deal `{asked.assignment}`",
        "P-132: while it is prepared, only pseudonyms or totals",
        "show pseudonyms or totals, or wait for the closing",
    ).when(deal.phase == "closing" or asked.shape != "full", "is being prepared, and full data is asked")


# ---- access to a database (P-113) ----------------------------------------------------------------------------------


def _access(asked: _Asked) -> Iterator[Condition]:
    if asked.store is None:
        return
    store = asked.record.stores.get(asked.store)
    about = Subject(
        "access",
        f"access of `{asked.key}` to database `{asked.store}`",
        "P-113; art. 5(1)(f), 28: only databases that are shareable, by a grant with days that can be revoked",
        f"grant it at recipients.{asked.key}.access; `shareable` of a database stands in `stores`",
    )
    yield about.when(store is not None, "is refused: the database is not on record")
    if store is not None:
        yield about.when(store.shareable, "is refused: the database is not shareable")
        yield about.during(asked.today, store.decided, None)
    yield about.when(asked.recipient.role == "processor", "is refused: it is no processor")
    grants = [one for one in asked.recipient.access if one.store == asked.store]
    running = [one for one in grants if one.decided <= asked.today <= one.last]
    if not grants:
        yield about.fails("was not granted")
    else:
        best = max(running or grants, key=lambda one: one.last)
        yield about.during(asked.today, best.decided, best.last)


__all__ = ["DEAL", "Decision", "Shape", "may_disclose", "part_of", "parts_of"]
