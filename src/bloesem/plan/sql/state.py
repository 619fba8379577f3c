"""A person's state from facts: one statement for many people. The twin of `calculus.person`."""

from __future__ import annotations

from collections.abc import Iterable

from bloesem.plan.model import CONSENT, RECORD, Clock, Plan, PurposePlan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql.statement import Statement, listed, tidy

FOREVER = "'9999-12-31'::date"
NEVER = "'-infinity'::date"


def statements(plan: Plan) -> list[Statement]:
    return [Statement("state", "the state of people, from their facts", compute_state(plan))]


def interval(period: str) -> str:
    """ISO 8601 is what PostgreSQL reads."""
    return f"interval '{period}'"


def last_day(day: str, period: str, *, end_of_year: bool) -> str:
    start = f"make_date(extract(year FROM {day})::int, 12, 31)" if end_of_year else day
    return f"({start} + {interval(period)})::date"


def compute_state(plan: Plan) -> str:
    """`compute_state(ids, at)`: the states of these people as the facts have them at `at`. Reads facts only."""
    s = ident(plan.schema)
    personal = [p for p in plan.purposes if p.active and p.clocks and not p.by_record]
    always = plan.mask(lambda p: p.active and not p.hold and (p.by_record or not p.clocks))
    objectable = [p for p in plan.purposes if p.objection != "none"]
    restrictable = plan.mask(lambda p: not p.survives_restriction)
    events = sorted({name for p in personal for clock in p.clocks for name in _events(clock)})
    latest = [
        f"max(starts_at) FILTER (WHERE kind = 'event' AND key = {literal(e)}) AS {_event(e)}" for e in events
    ]
    latest += [
        f"max(starts_at) FILTER (WHERE kind = 'consent' AND key = {literal(p.key)}) AS {_consent(p)}"
        for p in personal
        if p.by_consent
    ]
    latest += [
        f"COALESCE(bit_or({_mask_of(objectable)}) FILTER (WHERE kind = 'objection'), 0) AS objected",
        f"COALESCE(bit_or({_mask_of(objectable)}) FILTER (WHERE kind = 'assessing'), 0) AS assessed",
        f"COALESCE(bit_or({_mask_of(p for p in plan.purposes if p.hold and p.active)}) "
        "FILTER (WHERE kind = 'hold'), 0) AS held",
        "COALESCE(bool_or(kind = 'restriction'), false) AS restricted",
        "max(starts_at) FILTER (WHERE kind = 'erasure') AS erased_at",
        "min(starts_at) FILTER (WHERE kind IN ('restriction', 'assessing')) AS frozen_at",
        "(array_agg(key ORDER BY starts_at, key) FILTER (WHERE kind IN ('restriction', 'assessing')))[1] "
        "AS frozen_ground",
        *_return_columns(plan),
        _begun(plan),
    ]
    ends = [f"{_end(s, p)} AS {_end_of(p)}" for p in personal]
    runs = " | ".join(
        [str(always), *(f"CASE WHEN {_end_of(p)} >= today THEN {p.mask} ELSE 0 END" for p in personal)]
    )
    open_now = " | ".join(
        [
            str(plan.mask(lambda p: p.erasure == "stays")),
            *(
                f"CASE WHEN {_end_of(p)} = {FOREVER} THEN {p.mask} ELSE 0 END"
                for p in personal
                if p.erasure == "while-open"
            ),
        ]
    )
    size = max((p.number for p in plan.purposes), default=0) + 1
    by_number = {p.number: p for p in personal}
    bounds = [
        f"LEAST(next_fact, CASE WHEN {_end_of(by_number[n])} >= today AND {_end_of(by_number[n])} < {FOREVER} "
        f"THEN {_end_of(by_number[n])} + 1 ELSE {FOREVER} END)"
        if n in by_number
        else "next_fact"
        for n in range(size)
    ]
    # How many people come is not known when the query is planned: joins by hashing cost the same for one, and do not
    # grow with the square for thousands.
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.compute_state(ids bigint[], at timestamptz) RETURNS SETOF {s}.state
LANGUAGE sql STABLE SET enable_nestloop = off AS $$
WITH known AS (
    SELECT * FROM {s}.fact WHERE person_id = ANY (ids)
), ahead AS (  -- what is already known to change later
    SELECT person_id,
           bool_or(table_name IS NOT NULL AND (ends_at IS NULL OR ends_at > at)) AS items,
           GREATEST({s}.civil(at) + 1, LEAST(
               min({s}.civil(starts_at)) FILTER (WHERE starts_at > at),
               min({s}.civil(ends_at)) FILTER (WHERE ends_at > at),
               {FOREVER})) AS next_fact
    FROM known GROUP BY person_id
), latest AS (  -- what is in force at that moment
    SELECT person_id,
           {listed(latest, by=11)}
    FROM known
    WHERE table_name IS NULL AND starts_at <= at AND (ends_at IS NULL OR ends_at > at)
    GROUP BY person_id
), ended AS MATERIALIZED (  -- the last day of each clock; {FOREVER}: it has not started to run out
    SELECT p.person_id, {s}.civil(at) AS today, l.*, a.items, COALESCE(a.next_fact, {FOREVER}) AS next_fact,
           {_epoch(plan)} AS epoch,
           {listed(ends or ["NULL"], by=11)}
    FROM unnest(ids) AS p (person_id)
    LEFT JOIN latest l (of_person, {", ".join(_names(events, personal))}) ON l.of_person = p.person_id
    LEFT JOIN ahead a ON a.person_id = p.person_id
), running AS MATERIALIZED (
    SELECT *, (({runs})
              & ~COALESCE(objected, 0)) AS runs,
           {open_now} AS outlives
    FROM ended
)
SELECT person_id,
       runs & ~CASE WHEN restricted THEN {restrictable} ELSE 0 END & ~COALESCE(assessed, 0) | COALESCE(held, 0),
       runs & {plan.stored_bits} | COALESCE(held, 0),
       (runs & {plan.stored_bits} | COALESCE(held, 0)) & outlives,
       erased_at,
       epoch,
       COALESCE(items, false),
       bounds,
       (SELECT min(b) FROM unnest(bounds) AS b),
       {s}.civil(frozen_at),
       frozen_ground,
       COALESCE(contract_begun, false)
FROM running, LATERAL (SELECT ARRAY[
       {listed(bounds, by=7)}] AS bounds) AS b
$$"""
    )


def _names(events: list[str], personal: list[PurposePlan]) -> list[str]:
    return [
        *(_event(e) for e in events),
        *(_consent(p) for p in personal if p.by_consent),
        *("objected", "assessed", "held", "restricted", "erased_at", "frozen_at", "frozen_ground"),
        *("first_gone", "last_back", "contract_begun"),
    ]


def _events(clock: Clock) -> Iterable[str]:
    if clock.after not in (RECORD, CONSENT):
        yield clock.after
    if clock.reopened_by:
        yield clock.reopened_by
    if clock.fallback:
        yield from _events(clock.fallback)


def _event(name: str) -> str:
    return ident("on_" + name.replace(".", "_").replace("-", "_").replace(":", "_"))


def _consent(purpose: PurposePlan) -> str:
    return ident("given_" + purpose.name)


def _end_of(purpose: PurposePlan) -> str:
    return ident("end_" + purpose.name)


def _mask_of(purposes: Iterable[PurposePlan]) -> str:
    cases = " ".join(f"WHEN {literal(p.key)} THEN {p.mask}" for p in purposes)
    return f"CASE key {cases} ELSE 0 END::bigint" if cases else "0::bigint"


def _end(s: str, purpose: PurposePlan) -> str:
    ends = [
        last_day(f"{s}.civil({_consent(purpose)})", clock.period, end_of_year=False)
        if clock.after == CONSENT
        else _clock(s, clock)
        for clock in purpose.clocks
    ]
    return ends[0] if len(ends) == 1 else f"GREATEST({', '.join(ends)})"


def _clock(s: str, clock: Clock) -> str:
    ended = _event(clock.after)
    day = last_day(f"{s}.civil({ended})", clock.period, end_of_year=clock.end_of_year)
    cases = []
    if clock.reopened_by:
        opened = _event(clock.reopened_by)
        cases.append(f"WHEN {opened} > {ended} OR ({opened} IS NOT NULL AND {ended} IS NULL) THEN {FOREVER}")
    if clock.fallback:
        cases.append(f"WHEN {ended} IS NULL THEN {_clock(s, clock.fallback)}")
    return f"CASE {' '.join(cases)} ELSE {day} END" if cases else day


def _return_columns(plan: Plan) -> list[str]:
    """Who opened after having left at all: only of them is the last late return looked up."""
    if plan.returns is None:
        return ["NULL::timestamptz AS first_gone", "NULL::timestamptz AS last_back"]
    after, event = literal(plan.returns.after), literal(plan.returns.event)
    return [
        f"min(starts_at) FILTER (WHERE kind = 'event' AND key = {after}) AS first_gone",
        f"max(starts_at) FILTER (WHERE kind = 'event' AND key = {event}) AS last_back",
    ]


def _begun(plan: Plan) -> str:
    if plan.contract_begins is None:
        return "false AS contract_begun"
    return f"COALESCE(bool_or(kind = 'event' AND key = {literal(plan.contract_begins)}), false) AS contract_begun"


def _epoch(plan: Plan) -> str:
    """The last return after everything had expired (P-110); looked up only for people who once ended."""
    if plan.returns is None:
        return "NULL::timestamptz"
    s, rule = ident(plan.schema), plan.returns
    force = "starts_at <= at AND ({a}.ends_at IS NULL OR {a}.ends_at > at) AND {a}.table_name IS NULL"
    back = f"back.person_id = p.person_id AND back.kind = 'event' AND back.key = {literal(rule.event)}"
    left = f"gone.person_id = p.person_id AND gone.kind = 'event' AND gone.key = {literal(rule.after)}"
    return (
        f"CASE WHEN l.last_back > l.first_gone THEN (SELECT max(back.starts_at) FROM {s}.fact back WHERE {back} AND back.{force.format(a='back')}\n"
        f"            AND (({s}.civil((SELECT max(gone.starts_at) FROM {s}.fact gone WHERE {left}\n"
        f"                AND gone.{force.format(a='gone')} AND gone.starts_at < back.starts_at)))\n"
        f"                + {interval(rule.within)})::date < {s}.civil(back.starts_at)) END"
    )
