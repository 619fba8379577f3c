"""Who may be written to, and why not: one SQL query, the same for one person and for a million.

It reads what facts came to (states, masks of contact points) and, where a mask is no answer, the facts themselves: an
objection, a refused channel, the kinds and channels of a consent. The Python twin is `oracle`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.consent import phone_list
from bloesem.consent.rules import CALLED, ELECTRONIC, ClassRule, PointRule, Rules
from bloesem.plan.dates import civil
from bloesem.plan.model import PurposePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.sending import reasons as why
from bloesem.sending.errors import SendingError
from bloesem.sending.reasons import REASONS, Reason
from bloesem.sending.templates import Template
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

FOREVER = "'infinity'::timestamptz"


@dataclass(frozen=True)
class Asked:
    """One template by one channel: what is asked of the door, about whomever."""

    template: Template
    channel: str

    def rule(self, rules: Rules) -> ClassRule:
        return rules.class_rule(self.template.class_)

    def purpose(self, rules: Rules) -> PurposePlan:
        return rules.plan.purpose(self.template.purpose)

    def product_sql(self) -> str:
        """The product that it promotes, as SQL; whoever has it is left out (P-087)."""
        return literal(self.template.promotes.product) if self.template.promotes else "NULL"

    def needs_sale(self, rules: Rules) -> bool:
        """Whether the soft opt-in must hold: electronic advertising without consent (P-089)."""
        advertises = self.rule(rules).advertising
        return advertises and self.channel in ELECTRONIC and not self.purpose(rules).by_consent

    def kind(self, rules: Rules) -> str | None:
        """The kind of message that a consent has to name (P-097); None where none is needed."""
        return (
            self.rule(rules).messages.get(self.template.purpose) if self.purpose(rules).by_consent else None
        )

    def everybody(self, rules: Rules, list_as_of: dt.date | None, today: dt.date) -> Reason | None:
        """Why nobody at all is written to today; None when that hangs on the person."""
        if not self.rule(rules).advertising:
            return None
        if self.channel == CALLED and phone_list.stale(rules, list_as_of, today):
            return why.STALE
        promotes = self.template.promotes
        if self.needs_sale(rules) and (promotes is None or not promotes.similar):
            return why.NOT_SIMILAR
        return None


def ask(template: Template, channel: str, rules: Rules) -> Asked:
    """raises: SendingError for a channel that the template was not written for, or a purpose that is off."""
    if channel not in template.channels:
        raise SendingError(
            f"template `{template.key}` is not for channel `{channel}`",
            "P-088: a message goes by the channels that were declared for it",
            f"use one of: {', '.join(template.channels)}",
        )
    purpose = rules.plan.purpose(template.purpose)
    if not purpose.active:
        raise SendingError(
            f"`{purpose.key}` is off: {purpose.why_off or 'not in force'}",
            "P-051, P-055: what is off sends nothing",
            "see what `bloesem check` says of it",
        )
    return Asked(template, channel)


@dataclass(frozen=True)
class Verdict:
    person: int
    reason: Reason

    @property
    def allowed(self) -> bool:
        return self.reason is why.ALLOWED


def decide(connection: Connection, rules: Rules, asked: Asked, people: Sequence[int]) -> list[Verdict]:
    """About each of these people, at this moment of the database. in: as keeper."""
    text, values = query(connection, rules, asked, people)
    rows = connection.execute(text.encode(), values).fetchall()
    return [Verdict(person, REASONS[code]) for person, code in rows]


def counts(
    connection: Connection, rules: Rules, asked: Asked, people: Sequence[int] | None, among: str | None = None
) -> dict[Reason, int]:
    """How many of them, or of everybody, per reason. `among`: a query of people, of our own making."""
    text, values = query(connection, rules, asked, people, among)
    rows = connection.execute(
        f"SELECT code, count(*) FROM ({text}) AS v GROUP BY code ORDER BY code".encode(), values
    ).fetchall()
    return {REASONS[code]: n for code, n in rows}


def query(
    connection: Connection,
    rules: Rules,
    asked: Asked,
    people: Sequence[int] | None,
    among: str | None = None,
    now: dt.datetime | None = None,
    *,
    whole: bool = False,
) -> tuple[str, dict[str, Any]]:
    """The query `(person_id, code)` and its values. `people` and `among` left out: everybody of whom anything is known.

    `now`: the database's own moment, where the caller has it; `whole`: with `of_table`, `value` and `language`, for whoever
    sends.
    """
    now = now or moment(connection, rules.plan)
    who = "SELECT DISTINCT unnest(%(people)s::bigint[]) AS person_id" if people is not None else among
    values: dict[str, Any] = {"at": now, "today": civil(now)}
    if people is not None:
        values["people"] = list(people)
    everybody = asked.everybody(rules, list_as_of(connection, rules, asked), civil(now))
    template = asked.template
    product = template.promotes.product if template.promotes else None
    key = (template.class_, template.purpose, asked.channel, product, everybody, who, whole)
    if key not in rules.written:
        rules.written[key] = decision_sql(rules, asked, who, everybody, whole=whole)
    return rules.written[key], values


def list_as_of(connection: Connection, rules: Rules, asked: Asked) -> dt.date | None:
    """Of which day the do-not-call list is; asked only where somebody is called for advertising."""
    if asked.channel != CALLED or not asked.rule(rules).advertising:
        return None
    row = connection.execute(
        f"SELECT max(as_of) FROM {ident(rules.plan.schema)}.phone_list_import".encode()
    ).fetchone()
    found: dt.date | None = row[0] if row else None
    return found


def decision_sql(
    rules: Rules, asked: Asked, who: str | None, everybody: Reason | None, *, whole: bool = False
) -> str:
    """`who`: a query of people; none: everybody who has a state, which is read straight through."""
    s, purpose, rule = ident(rules.plan.schema), asked.purpose(rules), asked.rule(rules)
    n, mask = purpose.number, purpose.mask
    key = literal(purpose.key)
    runs = f"s.ends[{n + 1}] > %(today)s"
    cases = [
        ("s.person_id IS NULL", why.NOBODY),
        *_why_not(s, purpose, key, mask, runs),
    ]
    if rule.advertising:
        cases.append((_fact(s, "channel", literal(asked.channel)), why.CHANNEL))
    cases += [(_fact(s, "objection", literal(key)), why.OBJECTED) for key in rule.silenced_by]
    if everybody is not None:
        cases.append(("true", everybody))
    if asked.kind(rules) is not None:
        cases.append((f"NOT EXISTS (SELECT {agreed_sql(rules, asked)})", why.KIND))
    if rule.advertising and asked.template.promotes is not None:
        cases.append((_owned(rules, asked.product_sql()), why.OWNED))
    if asked.needs_sale(rules):
        cases.append(("NOT s.contract_begun", why.NO_SALE))
    whens = "\n         ".join(f"WHEN {test} THEN {reason.code}" for test, reason in cases)
    points = point_sql(rules, asked, whole=whole, everybody=who is None)
    if points:
        last = f"COALESCE(point.rank, {why.NO_ADDRESS.code})"
    else:
        last = str(why.ALLOWED.code if asked.kind(rules) is not None else why.NO_ADDRESS.code)
    code = f"CASE {whens}\n         ELSE {last} END AS code"
    best, more, joined = "", "", ""
    if points and whole:
        best = f"""SELECT DISTINCT ON (person_id) * FROM ({points}) AS each
    ORDER BY person_id, rank, collected DESC NULLS LAST, row_id DESC"""
    elif points:
        best = f"SELECT person_id, min(rank) AS rank FROM ({points}) AS each GROUP BY person_id"
    if whole:
        anchor = next(table for table in rules.plan.tables if table.anchor)
        more = (
            ", point.of_table, point.value" if points else ", NULL::text AS of_table, NULL::text[] AS value"
        )
        more += f", p.{ident(rules.file.language)} AS language"
        joined = (
            f"\nLEFT JOIN {qualified(anchor.schema, anchor.name)} p ON p.{ident(anchor.id)} = asked.person_id"
        )
    of, said = ("asked", f"asked LEFT JOIN {s}.state s USING (person_id)") if who else ("s", f"{s}.state s")
    named = [*([f"asked AS ({who})"] if who else []), *([f"point AS (\n    {best}\n)"] if best else [])]
    return (
        (f"WITH {', '.join(named)}\n" if named else "")
        + f"SELECT {of}.person_id,\n    {code}{more}\nFROM {said}"
        + (f" LEFT JOIN point ON point.person_id = {of}.person_id" if best else "")
        + joined
    )


def _why_not(s: str, purpose: PurposePlan, key: str, mask: int, runs: str) -> list[tuple[str, Reason]]:
    """What stands in the way of the purpose, the first as the calculus has it; none is true when it may be served."""
    may = f"s.used & {mask} <> 0 AND {runs}"
    no = f"NOT ({may})"
    found = [(f"{no} AND {_fact(s, 'objection', key)}", why.OBJECTED)]
    stored = f"s.kept & {mask} <> 0 AND {runs}"
    found.append((f"{no} AND {stored}", why.RESTRICTED))
    if purpose.by_consent:
        given = (
            f"f.person_id = s.person_id AND f.kind = 'consent' AND f.key = {key} AND f.starts_at <= %(at)s"
        )
        found += [
            (f"{no} AND {_fact(s, 'consent', key)}", why.CONSENT_OVER),
            (f"{no} AND EXISTS (SELECT FROM {s}.fact f WHERE {given})", why.WITHDRAWN),
            (no, why.NO_CONSENT),
        ]
    else:
        found.append((no, why.TERM_OVER))
    return found


def _fact(s: str, kind: str, key: str) -> str:
    return (
        f"EXISTS (SELECT FROM {s}.fact f WHERE f.person_id = s.person_id AND f.kind = {literal(kind)} AND f.key = {key}"
        " AND f.starts_at <= %(at)s AND (f.ends_at IS NULL OR f.ends_at > %(at)s))"
    )


def agreed_sql(rules: Rules, asked: Asked, person: str = "s.person_id") -> str:
    """FROM and WHERE of the consents that name this kind of message and this channel, and run today."""
    s, purpose = ident(rules.plan.schema), asked.purpose(rules)
    table = rules.consents
    return (
        f"FROM {s}.fact f JOIN {qualified(table.schema, table.name)} c"
        f" ON f.source_table = {literal(table.name)} AND c.id = f.source_row"
        f" WHERE f.person_id = {person} AND f.kind = 'consent' AND f.key = {literal(purpose.key)}"
        " AND f.starts_at <= %(at)s AND (f.ends_at IS NULL OR f.ends_at > %(at)s)"
        f" AND ({s}.civil(f.starts_at) + interval {literal(rules.consent_term(purpose))})::date >= %(today)s"
        f" AND {literal(asked.kind(rules))} = ANY (string_to_array(c.kinds, ','))"
        f" AND {literal(asked.channel)} = ANY (string_to_array(c.channel, ','))"
    )


def _owned(rules: Rules, product: str) -> str:
    own = rules.file.ownership
    table = rules.plan.table(own.table)
    catalogue = next(t for t in rules.plan.open_tables if t.name == own.catalogue)
    return (
        f"EXISTS (SELECT FROM {qualified(table.schema, table.name)} o"
        f" JOIN {qualified(catalogue.schema, catalogue.name)} p ON p.id = o.{ident(own.product)}"
        f" WHERE o.{ident(table.owners[0])} = s.person_id AND p.{ident(own.catalogue_key)} = {product}"
        f" AND COALESCE(o.{ident(own.since)} <= %(today)s, true) AND COALESCE(o.{ident(own.until)} >= %(today)s, true))"
    )


def point_sql(rules: Rules, asked: Asked, *, whole: bool = False, everybody: bool = False) -> str:
    """Contact points of people in `asked`, or of everybody, each with what stands in its way (0: nothing); empty where the
    channel has no table. `whole`: with table, number, day and value, for whoever sends."""
    parts = []
    for point in rules.points(asked.channel):
        mask = rules.readable(point, asked.rule(rules).address_by or (asked.template.purpose,))
        if mask and not (asked.rule(rules).advertising and point.key is None):
            join = "" if everybody else f" JOIN asked ON asked.person_id = {_owner(rules, point)}"
            parts.append(_point(rules, asked, point, mask, join, whole=whole))
    return "\n    UNION ALL ".join(parts)


def _owner(rules: Rules, point: PointRule) -> str:
    return f"r.{ident(rules.plan.table(point.table).owners[0])}"


def _point(rules: Rules, asked: Asked, point: PointRule, mask: int, join: str, *, whole: bool) -> str:
    table = rules.plan.table(point.table)
    owner = _owner(rules, point)
    may = "kept_for" if asked.rule(rules).while_stored else "used_for"
    whens = "".join(f" WHEN {test} THEN {reason.code}" for test, reason in _point_cases(rules, asked, point))
    rank = f"CASE{whens} ELSE {why.ALLOWED.code} END" if whens else str(why.ALLOWED.code)
    more = (
        f", {literal(table.name)} AS of_table, r.{ident(table.id)} AS row_id, r.{ident(point.collected)} AS collected,"
        f" ARRAY[{', '.join(f'r.{ident(c)}' for c in point.value)}] AS value"
        if whole
        else ""
    )
    return (
        f"SELECT {owner} AS person_id, {rank} AS rank{more}"
        f" FROM {qualified(table.schema, table.name)} r{join}"
        f" WHERE r.{may} & {mask} <> 0 AND r.good_until > %(at)s AND r.{ident(point.value[0])} IS NOT NULL"
    )


def _point_cases(rules: Rules, asked: Asked, point: PointRule) -> list[tuple[str, Reason]]:
    s = ident(rules.plan.schema)
    table = rules.plan.table(point.table)
    found: list[tuple[str, Reason]] = []
    if asked.rule(rules).advertising:
        key = f"r.{ident(str(point.key))}"
        if asked.channel == CALLED:
            number = f"r.{ident(_normalised(rules, point))}"
            found.append((f"EXISTS (SELECT FROM {s}.phone_list l WHERE l.number = {number})", why.NOT_CALLED))
        newer = ""
        if asked.kind(rules) is not None:  # who agreed after the address was entered wants it again
            owner = f"r.{ident(table.owners[0])}"
            newer = f" AND e.since >= COALESCE((SELECT max(f.starts_at) {agreed_sql(rules, asked, owner)}), '-infinity')"
        entry = f"e.digest = {key} AND e.scope IN ('all', {literal(asked.channel)}){newer}"
        found.append((f"EXISTS (SELECT FROM {s}.suppression e WHERE {entry})", why.SUPPRESSED))
        if asked.needs_sale(rules):
            sources = ", ".join(literal(source) for source in rules.file.soft_opt_in.sources)
            found.append((f"(r.{ident(str(table.source))} IN ({sources})) IS NOT TRUE", why.NOT_FROM_SALE))
            offered = f"r.{ident(point.offered)} IS NOT TRUE" if point.offered else "true"
            found.append((offered, why.NOT_OFFERED))
        found.append((f"{key} IS NULL", why.UNSCREENED))
    if point.bounced:
        found.append((f"r.{ident(point.bounced)} IS NOT NULL", why.BOUNCED))
    return found


def _normalised(rules: Rules, point: PointRule) -> str:
    """The column in which a number is spelled as lists spell it: the one that identifies a person by it."""
    table = rules.plan.table(point.table)
    return next((c.name for c in table.columns if c.identity), point.value[0])
