"""What general and special terms and conditions say otherwise than the policy (P-178). Pure.

The text says that they prevail. They do where they protect a person more: a shorter term, less that is read. Where they
protect or tell less, or nobody can say, the policy holds as it is, and the conflict is reported. The law is asked of both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from bloesem.findings import Finding
from bloesem.policy.checks import reads_category
from bloesem.policy.model import Keep, Part, Policy, Purpose, Record, TermsClause
from bloesem.terms import add_period

#: A day from which periods are compared: every period is longer than another from it, or as long.
_DAY = dt.date(2001, 1, 1)


@dataclass(frozen=True)
class Weighed:
    """A clause beside the part that it is about. `keep`, `reads`: what holds for the part because of it; None: as before.
    `refused`: what it says and does not get, in words."""

    key: str
    condition: TermsClause
    part: str
    keep: Keep | None = None
    reads: tuple[str, ...] | None = None
    refused: tuple[str, ...] = ()


def weigh(policy: Policy, record: Record) -> tuple[Weighed, ...]:
    """in: a version with the terms that hold for it. Clauses that were agreed later than its first day are of later ones."""
    return tuple(_weighed(policy, record))


def with_conditions(policy: Policy, record: Record) -> Policy:
    """The version with what protects people more; as it is, where nothing does."""
    better = {one.part: one for one in weigh(policy, record) if one.keep is not None or one.reads is not None}
    if not better:
        return policy
    rows = {}
    for row_key, row in policy.purposes.items():
        parts = {}
        for key, part in row.parts.items():
            one = better.get(key)
            given = {} if one is None else {"keep": one.keep or part.keep, "reads": one.reads or part.reads}
            parts[key] = part.model_copy(update=given) if given else part
        rows[row_key] = row.model_copy(update={"parts": parts})
    return policy.model_copy(update={"purposes": rows})


def conflicts(policy: Policy, record: Record) -> list[Finding]:
    """Each clause that protects less: it is not applied, and said to be there."""
    said = policy.changes.precedence if policy.changes else None
    line = f"; the text of {policy.version} says that it prevails (L-082)" if said else ""
    weighed = weigh(policy, record)
    prevail = [
        Finding(
            "info",
            "terms-prevail",
            f"{_where(one)}: for `{one.part}` it holds, as it protects no less",
            "P-178: the law first, then the text that protects a person more",
            "say it in the policy too, with its next version",
            f"record: conditions.{one.key}",
        )
        for one in weighed
        if not one.refused
    ]
    return prevail + [
        Finding(
            "error",
            "terms-conflict",
            f"{_where(one)}: {what}; it is not applied{line}",
            "P-178: the law first, then the text that protects a person more (art. 5(1)(a), 7(2), rec. 42)",
            "mend the clause; what is promised in the policy holds until then",
            f"record: conditions.{one.key}",
        )
        for one in weighed
        for what in one.refused
    ]


def _where(one: Weighed) -> str:
    return f"{one.condition.document.get('en') or one.condition.document['nl']} {one.condition.clause}"


def _weighed(policy: Policy, record: Record) -> Iterator[Weighed]:
    for key, condition in sorted(record.conditions.items()):
        if policy.valid_until is not None and condition.decided > policy.valid_until:
            continue
        found = [(row, name, part) for row in policy.purposes.values() for name, part in row.parts.items()
                 if name == condition.part]  # fmt: skip
        if not found:
            yield Weighed(
                key,
                condition,
                condition.part,
                refused=(f"it is about `{condition.part}`, which is no purpose",),
            )
        for row, name, part in found:
            yield _one(key, condition, row, name, part)


def _one(key: str, condition: TermsClause, row: Purpose, name: str, part: Part) -> Weighed:
    keep, reads, refused = None, None, []
    if condition.keep is not None:
        now = part.keep or row.keep
        shorter = _shorter(condition.keep, now)
        if shorter is True:
            keep = Keep(terms=(now.terms[0].model_copy(update={"for_": condition.keep.terms[0].for_}),))
        elif shorter is False:
            refused.append(f"it keeps what `{name}` is for longer than the policy does")
        elif shorter is None:
            refused.append(f"its term for `{name}` cannot be compared with the policy's")
    if condition.reads is not None:
        more = [one for one in condition.reads if not reads_category(part, one)]
        if more:
            refused.append(
                f"it lets `{name}` read {', '.join(f'`{one}`' for one in more)}, which the policy does not"
            )
        else:
            reads = condition.reads
    if condition.withholds is not None:  # the policy tells it, and less information never prevails
        what = condition.withholds.get("en") or next(iter(condition.withholds.values()))
        refused.append(f"it tells people less of `{name}` than the policy does ({what})")
    return Weighed(key, condition, name, keep, reads, tuple(refused))


def _shorter(said: Keep, now: Keep) -> bool | str | None:
    """True, False, `same`; None where they start at different events, or one of them is no single term."""
    if len(said.terms) != 1 or len(now.terms) != 1 or said.hold or now.hold:
        return None
    one, other = said.terms[0], now.terms[0]
    if (one.after, one.from_) != (other.after, other.from_):
        return None
    there, here = (add_period(_DAY, term.for_) for term in (one, other))
    return "same" if there == here else there < here


__all__ = ["Weighed", "conflicts", "weigh", "with_conditions"]
