"""Who may be written to, in plain Python: from facts and rows, without masks, states or indexes. The twin of `decision`.

It asks `plan.calculus` what a purpose may do, and says the rest in the order in which it is true.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bloesem.consent.rules import CALLED, PointRule, Rules
from bloesem.plan.calculus import person as state_of
from bloesem.plan.calculus import row_masks
from bloesem.plan.dates import civil, last_day
from bloesem.plan.model import Fact
from bloesem.sending import reasons as why
from bloesem.sending.decision import Asked
from bloesem.sending.reasons import Reason

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Agreed:
    """A row of the consent table: what it names, whatever became of it."""

    given_at: dt.datetime
    withdrawn_at: dt.datetime | None
    part: str
    kinds: str | None
    channel: str | None


@dataclass(frozen=True)
class Owned:
    product: str
    since: dt.date | None
    until: dt.date | None


@dataclass(frozen=True)
class Known:
    """Everything that is known of one person, and the two lists."""

    facts: Sequence[Fact]
    points: Mapping[str, Sequence[Row]]  # table → rows of contact points, with their masks' columns
    consents: Sequence[Agreed] = ()
    owned: Sequence[Owned] = ()
    suppressed: Mapping[bytes, Sequence[tuple[str, dt.datetime]]] = field(default_factory=dict)
    not_called: frozenset[str] = frozenset()
    list_as_of: dt.date | None = None


def verdict(rules: Rules, asked: Asked, person: int, known: Known | None, now: dt.datetime) -> Reason:
    """in: None for somebody of whom nothing is known. out: why not, or ALLOWED. Pure."""
    if known is None:
        return why.NOBODY
    rule, purpose = asked.rule(rules), asked.purpose(rules)
    says = state_of(rules.plan, known.facts, now).verdicts[purpose.key]
    if not says.use:
        return _stands_in_the_way(says.why, known.facts, purpose.key, now, consent=purpose.by_consent)
    if rule.advertising and _holds(known.facts, "channel", asked.channel, now):
        return why.CHANNEL
    if any(_holds(known.facts, "objection", key, now) for key in rule.silenced_by):
        return why.OBJECTED
    nobody = asked.everybody(rules, known.list_as_of, civil(now))
    if nobody is not None:
        return nobody
    agreed = _agreed(rules, asked, known, now)
    if asked.kind(rules) is not None and not agreed:
        return why.KIND
    promotes = asked.template.promotes
    if rule.advertising and promotes is not None and _has(known.owned, promotes.product, civil(now)):
        return why.OWNED
    if asked.needs_sale(rules) and not _bought(rules, known.facts, now):
        return why.NO_SALE
    if not rules.points(asked.channel):
        return why.ALLOWED if asked.kind(rules) is not None else why.NO_ADDRESS
    found = [
        _point(rules, asked, point, row, known, max(agreed, default=None))
        for point in rules.points(asked.channel)
        for row in known.points.get(point.table, ())
        if _usable(rules, asked, point, row, person, known, now)
    ]
    return min(found, key=lambda reason: reason.code, default=why.NO_ADDRESS)


def _stands_in_the_way(
    said: str, facts: Sequence[Fact], purpose: str, now: dt.datetime, *, consent: bool
) -> Reason:
    if said == "objection":
        return why.OBJECTED
    if said in ("restricted", "objection-assessed"):
        return why.RESTRICTED
    if not consent:
        return why.TERM_OVER
    if _holds(facts, "consent", purpose, now):
        return why.CONSENT_OVER
    ever = any(f.kind == "consent" and f.key == purpose and f.starts_at <= now for f in facts)
    return why.WITHDRAWN if ever else why.NO_CONSENT


def _holds(facts: Sequence[Fact], kind: str, key: str, now: dt.datetime) -> bool:
    return any(f.kind == kind and f.key == key and f.holds(now) for f in facts)


def _agreed(rules: Rules, asked: Asked, known: Known, now: dt.datetime) -> list[dt.datetime]:
    """When the consents were given that name this kind and channel, and run today."""
    kind = asked.kind(rules)
    if kind is None:
        return []
    term = rules.consent_term(asked.purpose(rules))
    return [
        one.given_at
        for one in known.consents
        if one.part == asked.template.purpose
        and one.given_at <= now
        and (one.withdrawn_at is None or one.withdrawn_at > now)
        and last_day(civil(one.given_at), term) >= civil(now)
        and kind in (one.kinds or "").split(",")
        and asked.channel in (one.channel or "").split(",")
    ]


def _has(owned: Sequence[Owned], product: str, today: dt.date) -> bool:
    return any(
        one.product == product
        and (one.since is None or one.since <= today)
        and (one.until is None or one.until >= today)
        for one in owned
    )


def _bought(rules: Rules, facts: Sequence[Fact], now: dt.datetime) -> bool:
    event = rules.plan.contract_begins
    return any(f.kind == "event" and f.key == event and f.holds(now) for f in facts)


def _usable(
    rules: Rules, asked: Asked, point: PointRule, row: Row, person: int, known: Known, now: dt.datetime
) -> bool:
    """Whether one of the purposes that may read this address may use this row now, or, for the law, still stores it."""
    rule, table = asked.rule(rules), rules.plan.table(point.table)
    if (rule.advertising and point.key is None) or row[point.value[0]] is None:
        return False
    mask = rules.readable(point, rule.address_by or (asked.template.purpose,))
    masks = row_masks(rules.plan, table, row, {person: known.facts}, now)
    return bool((masks.kept if rule.while_stored else masks.used) & mask)


def _point(
    rules: Rules, asked: Asked, point: PointRule, row: Row, known: Known, agreed: dt.datetime | None
) -> Reason:
    if asked.rule(rules).advertising:
        table = rules.plan.table(point.table)
        if asked.channel == CALLED:
            number = next((c.name for c in table.columns if c.identity), point.value[0])
            if row[number] in known.not_called:
                return why.NOT_CALLED
        digest = row[str(point.key)]
        entries = known.suppressed.get(bytes(digest), ()) if digest is not None else ()
        if any(
            scope in ("all", asked.channel) and (agreed is None or since >= agreed)
            for scope, since in entries
        ):
            return why.SUPPRESSED
        if asked.needs_sale(rules):
            if row[str(table.source)] not in rules.file.soft_opt_in.sources:
                return why.NOT_FROM_SALE
            if point.offered is None or row[point.offered] is not True:
                return why.NOT_OFFERED
        if digest is None:
            return why.UNSCREENED
    if point.bounced and row[point.bounced] is not None:
        return why.BOUNCED
    return why.ALLOWED
