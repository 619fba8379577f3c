"""What anybody may know of what leaves the EEA: to which kind of recipient, which country, on which mechanism; and the copy
of its safeguards (art. 13(1)(f), 15(2), clause 8.3 of Decision (EU) 2021/914; P-144). Pure.

Only a transfer that may happen on that day is told. One that has lapsed carries nothing (`decide`), and stands in no list.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bloesem.law.model import Adequacy
from bloesem.recipients.conditions import failing, until
from bloesem.recipients.model import Clauses, Recipient, Transfer
from bloesem.recipients.transfers import carried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bloesem.policy.company import Company
    from bloesem.policy.model import RecipientKind

#: Where the clauses themselves are published, in every language of the Union.
CLAUSES_AT = "https://eur-lex.europa.eu/eli/dec_impl/2021/914/oj"


@dataclass(frozen=True)
class Part:
    """A part of the copy. `left_out`: `text` says what stands there, instead of what stands there."""

    title: str
    text: str
    left_out: bool = False


@dataclass(frozen=True)
class Safeguard:
    """A transfer that may happen on a day.

    `kind`: what the policy calls such recipients; `name`: only where the policy's own text names it. `onward`: it goes on
    to a sub-processor. `decision`, `decided`, `limit`: of an adequacy decision, with the day from which it holds. `last`:
    the last day on which all of it holds; none: nothing of it ends. `ask_at`: where a copy is asked for by hand.
    """

    key: str
    kind: Mapping[str, str]
    name: str | None
    onward: bool
    country: str
    ways: tuple[str, ...]
    mechanism: Literal["adequacy", "scc"]
    decision: str | None
    decided: dt.date | None
    limit: Mapping[str, str] | None
    module: int | None
    signed: dt.date | None
    last: dt.date | None
    ask_at: str | None
    parts: tuple[Part, ...]


def safeguards(company: Company, today: dt.date) -> list[Safeguard]:
    """Every transfer that may happen on a civil day, in the record's order. Raises `PolicyError` where no version is
    in force."""
    policy = company.in_force(today)
    found: dict[str, Safeguard] = {}
    for name, recipient in company.record.recipients.items():
        kind = policy.recipients.get(recipient.kind)
        if kind is None or not recipient.on_record(today):
            continue
        for one in carried(policy, company.record, company.law, name, recipient, today):
            if one.transfer is not None and one.key is not None and not failing(one.conditions):
                last = until(one.conditions)
                found[one.key] = _told(
                    *(company, kind, recipient, one.key, one.transfer, one.exposure.ways, last, today)
                )
    return list(found.values())


def _told(
    company: Company,
    kind: RecipientKind,
    recipient: Recipient,
    key: str,
    transfer: Transfer,
    ways: tuple[str, ...],
    last: dt.date | None,
    today: dt.date,
) -> Safeguard:
    adequate = transfer.mechanism == "adequacy"
    decision = company.law.adequate(transfer.country, today) if adequate else None
    clauses = None if adequate else transfer.clauses
    return Safeguard(
        key=key,
        kind=kind.label,
        name=next((name for name in kind.names if name in recipient.name), None),
        onward=transfer.sub_processor is not None,
        country=transfer.country,
        ways=ways,
        mechanism="adequacy" if adequate else "scc",
        decision=decision.source if decision else None,
        decided=decision.valid_from if decision else None,
        limit=decision.limit if decision else None,
        module=clauses.module if clauses else None,
        signed=clauses.signed if clauses else None,
        last=last,
        ask_at=(transfer.copy_at or "").strip() or None,
        parts=_adequate(decision, transfer) if decision else _signed(clauses, transfer),
    )


def _adequate(decision: Adequacy, transfer: Transfer) -> tuple[Part, ...]:
    """What there is instead of clauses: the decision, and that the importer is within it."""
    found = [
        Part(
            "Decision of the Commission (GDPR, art. 45)",
            f"{decision.source}: {decision.label.get('en', decision.key)}.",
        )
    ]
    if decision.limit:
        found.append(Part("For whom", decision.limit.get("en", decision.key)))
    if transfer.scope is not None:
        found.append(
            Part("Why this recipient is within it", f"{transfer.scope.evidence} ({transfer.scope.checked})")
        )
    return tuple(found)


def _signed(clauses: Clauses | None, transfer: Transfer) -> tuple[Part, ...]:
    """The clauses by their decision, what was filled in, and the measures beside. Nothing where there is no appendix."""
    if clauses is None or not clauses.appendix:
        return ()
    found = [
        Part(
            f"Standard contractual clauses, module {clauses.module}",
            f"Commission Implementing Decision (EU) {clauses.edition}, word for word: {CLAUSES_AT}",
        )
    ]
    found += [
        Part(it.title, it.secret.strip(), left_out=True)
        if it.secret is not None
        else Part(it.title, (it.text or "").strip())
        for it in clauses.appendix
    ]
    measures = transfer.assessment.measures if transfer.assessment else ()
    if measures:
        said = "\n".join(f"- {it.what} ({it.kind})" for it in measures)
        found.append(Part("Supplementary measures", said))
    return tuple(found)


__all__ = ["CLAUSES_AT", "Part", "Safeguard", "safeguards"]
