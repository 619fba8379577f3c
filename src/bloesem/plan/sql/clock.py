"""What time and facts do to rows: `apply_<table>` per table, `refresh` for a person whose facts changed.

One mechanism for an objection, a restriction, an ended term and an erasure: rows that nothing keeps go, values that no
purpose of theirs keeps are blanked, links of owners who left are cut, masks become what the facts say.
"""

from __future__ import annotations

import json
import re

from bloesem.plan.model import ColumnPlan, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.masks import dated, judged, purposes_on
from bloesem.plan.sql.state import interval, last_day
from bloesem.plan.sql.statement import Statement, listed, tidy


def statements(plan: Plan) -> list[Statement]:
    applied = [Statement("clock", f"{t.name}: what is due", apply(plan, t)) for t in plan.tables]
    aging = [
        Statement("clock", f"{t.name}: what its own date alone kept", age(plan, t))
        for t in plan.tables
        if ages(plan, t)
    ]
    return [
        Statement("clock", "what rows lost, added up", tallied(plan)),
        *applied,
        *aging,
        Statement("clock", "whose turn it is", lock_people(plan)),
        Statement("clock", "a person's facts changed", refresh(plan)),
        Statement("clock", "people who are due", review(plan)),
        Statement("clock", "tables with rows that are due", due_tables(plan)),
        Statement("clock", "a fact is recorded", record_fact(plan)),
        Statement("clock", "facts of many rows, after a load", read_facts(plan)),
        Statement("clock", "nobody is left", forget(plan)),
        *_keepers(plan),
    ]


def apply(plan: Plan, table: TablePlan) -> str:
    """`apply_<table>(ids, at, due)`: rows of these people (`due`: only those whose date has come); returns counts:
    deleted, changed, values erased per column, rows that each purpose lost (`ended`) and can no longer read (`dark`).

    Rows of people of whom nothing here is kept go without being judged one by one: as fast as a DELETE by hand. The
    others are judged, then deleted or changed. Parameters stand by number: a column of the same name would win.
    """
    s, q = ident(plan.schema), qualified(table.schema, table.name)
    alone = len(table.owners) == 1
    aged = _aged(plan, table)
    due = "(NOT $3 OR r.good_until <= $2)"
    if alone:  # of people who are over, the rows that their own date still keeps are judged too
        kept = f"who.over_ IS NOT TRUE OR ({aged}) IS NOT TRUE" if aged else "who.over_ IS NOT TRUE"
        of = f"JOIN people who ON who.person_id = r.{ident(table.owners[0])} AND ({kept})"
        mine = "true"
    else:
        of, mine = "", " OR ".join(f"r.{ident(owner)} = ANY ($1)" for owner in table.owners)
    same = " AND ".join(f"r.{ident(k)} = j.{ident(k)}" for k in table.key)
    sets = ["used_for = j.used", "kept_for = j.kept", "good_until = j.until", *_blanks(plan, table)]
    if table.anchor:
        state = f"(SELECT st.{{}} FROM {s}.state st WHERE st.person_id = r.{ident(table.key[0])})"
        sets += [
            f"frozen_since = {state.format('frozen_since')}",
            f"frozen_ground = {state.format('frozen_ground')}",
        ]
    frozen = (
        f" OR EXISTS (SELECT FROM {s}.state st WHERE st.person_id = r.{ident(table.key[0])}"
        " AND (st.frozen_since, st.frozen_ground) IS DISTINCT FROM (r.frozen_since, r.frozen_ground))"
        if table.anchor
        else ""
    )
    went = f"r.kept_for AS ended, r.used_for AS dark, {_filled(table)} AS erased, true AS deleted"
    at_once = (
        f"""people AS MATERIALIZED (  -- `over_`: nothing of theirs is kept in this table, but by a row's own date
    SELECT p.id AS person_id, st.kept & {table.bits & ~plan.record_bits} = 0 AND NOT st.items AS over_
    FROM (SELECT DISTINCT unnest($1)) AS p (id) LEFT JOIN {s}.state st ON st.person_id = p.id
), over_ AS (
    DELETE FROM {q} r USING people p
    WHERE p.over_ AND r.{ident(table.owners[0])} = p.person_id AND {due}{f" AND {aged}" if aged else ""}
    RETURNING {went}
), """
        if alone
        else ""
    )
    # What two people share is judged by both their states, of which the caller has locked one: the rows are locked, and
    # judged by what is committed then. Whoever comes last to a row sees what the other did.
    keys = ", ".join(f"r.{ident(k)}" for k in table.key)
    turn = "" if alone else f"PERFORM 1 FROM {q} r WHERE ({mine}) AND {due} ORDER BY {keys} FOR UPDATE;\n"
    filled = f"{_filled(table)} AS filled"
    whose = f"r.{ident(table.owners[0])} = ANY ($1)" if alone else f"({mine})"
    query = judged(plan, table, f"({mine}) AND {due}", filled, of=of, at="$2", today="clock.today")
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.{ident(f"apply_{table.name}")}(ids bigint[], at timestamptz, due boolean DEFAULT false)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off SET application_name = 'bloesem clock' AS $$
#variable_conflict use_column
<<clock>>
DECLARE
    today date := {s}.civil(at);
    counts jsonb;
BEGIN
-- Most people have rows in few tables: to look costs a tenth of what it costs to begin.
-- (Never all rows: of somebody who has none, that reads the whole table.)
IF NOT EXISTS (SELECT FROM {q} r WHERE {whose} AND {due}) THEN
    RETURN {literal(json.dumps(_none(plan, table)))};
END IF;
{turn}WITH {at_once}j AS MATERIALIZED (
{_indent(query, 4)}
), gone AS (
    DELETE FROM {q} r USING j WHERE {same} AND j.kept = 0
    RETURNING {went}
), stay AS (
    UPDATE {q} r SET
        {listed(sets, by=8)}
    FROM j
    WHERE {same} AND j.kept <> 0
      AND ((r.used_for, r.kept_for, r.good_until) IS DISTINCT FROM (j.used, j.kept, j.until){frozen}{_dead(table)})
    RETURNING j.had_kept & ~j.kept AS ended, j.had_used & ~j.used AS dark, {_blanked(table)} AS erased, false AS deleted
), grouped AS (  -- few: rows that lost the same purposes and values
    SELECT ended, dark, erased, deleted, count(*) AS n
    FROM ({"SELECT * FROM over_ UNION ALL " if alone else ""}SELECT * FROM gone UNION ALL SELECT * FROM stay) AS all_
    GROUP BY ended, dark, erased, deleted
)
{_counts(plan, table)}
INTO counts FROM grouped;
RETURN counts;
END $$"""
    )


def _aged(plan: Plan, table: TablePlan, *, known: bool = False) -> str:
    """A condition on `r`: no clock of the row's own date keeps it any more. Empty where no such clock is.

    It may miss a row (a date that is NULL), which is then judged; it never takes one that is kept. `known`: the day is
    known to the planner, who can work it out and estimate.
    """
    day, over = f"r.{ident(str(table.record_date))}", []
    for clock in (c for p in plan.purposes if p.by_record and p.mask & table.bits for c in p.clocks):
        if clock.end_of_year and re.fullmatch(r"P\d+Y", clock.period):  # worked out once, not per row
            first = f"date_trunc('year', clock.today - {interval(clock.period)})::date"
            ended = f"{day} < {first if known else f'(SELECT {first})'}"
        else:
            ended = f"{last_day(day, clock.period, end_of_year=clock.end_of_year)} < clock.today"
        if clock.records_from:
            ended += f" OR {day} < {literal(clock.records_from)}"
        if clock.records_until:
            ended += f" OR {day} > {literal(clock.records_until)}"
        over.append(ended)
    # What a shorter condition says, a longer one that begins with it need not say again.
    needed = [o for o in dict.fromkeys(over) if not any(o.startswith(f"{other} OR ") for other in over)]
    return " AND ".join(f"({o})" for o in needed)


def ages(plan: Plan, table: TablePlan) -> bool:
    """Whether the table has an `age_<table>`: its rows have a date of their own, and one owner."""
    return len(table.owners) == 1 and bool(_aged(plan, table))


def age(plan: Plan, table: TablePlan) -> str:
    """`age_<table>(at, most)`: rows that nothing but their own date kept, and whose date is over; about `most` of them.

    A row says so itself: masks are exact whenever its owner is not due for review, and only facts bring a bit back. So
    nothing is judged anew: rows are counted, their owners locked (facts wait), and deleted by the condition by which
    they were counted. Returns `ids` and `counts` (as `apply_<table>`; absent when nothing went), `more` (of these there
    may be more) and `others` (rows that are due and must be judged).
    raises: serialization_failure when other rows went than were counted: somebody was faster, and the caller repeats.
    """
    s, q, owner = ident(plan.schema), qualified(table.schema, table.name), ident(table.owners[0])
    due = f"r.good_until <= $1 AND r.{owner} IS NOT NULL"
    others = literal(~(table.bits & plan.record_bits))
    over = f"r.kept_for <> 0 AND r.kept_for & {others} = 0\n  AND {_aged(plan, table, known=True)}"

    def look(rows: str) -> str:
        return f"""WITH grouped AS MATERIALIZED (
    SELECT r.{owner} AS id, r.kept_for AS ended, r.used_for AS dark, {_filled(table)} AS erased, true AS deleted,
           count(*) AS n, {over} AS goes
    FROM {rows} r
    GROUP BY 1, 2, 3, 4, 7
), counted AS (
{_indent(_counts(plan, table), 4)} AS counts FROM grouped WHERE goes
)
SELECT ARRAY(SELECT DISTINCT id FROM grouped WHERE goes), (SELECT COALESCE(sum(n) FILTER (WHERE goes), 0) FROM grouped),
       (SELECT COALESCE(sum(n), 0) FROM grouped), counts.counts
INTO ids, due, looked, counts FROM counted AS counts"""

    all_of = f"(SELECT r.* FROM {q} r WHERE {due} AND r.{owner} = ANY (ids))"
    some = f"(SELECT r.* FROM {q} r WHERE {due} LIMIT $2)"
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.{ident(f"age_{table.name}")}(at timestamptz, most bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off SET application_name = 'bloesem clock' AS $$
#variable_conflict use_column
<<clock>>
DECLARE
    today date := {s}.civil(at);
    ids bigint[];
    due bigint;
    looked bigint;
    went bigint;
    counts jsonb;
    more boolean;
    others boolean;
BEGIN
{look(some)};
more := looked >= most;
others := looked > due;
IF due = 0 THEN
    RETURN jsonb_build_object('more', false, 'others', others);
END IF;
PERFORM 1 FROM {s}.state WHERE person_id = ANY (ids) ORDER BY person_id FOR UPDATE;
IF EXISTS (SELECT FROM {s}.state st WHERE st.person_id = ANY (ids) AND st.next_review <= clock.today) THEN
    RETURN jsonb_build_object('more', false, 'others', true);
END IF;
IF more THEN  -- these people may have more
{_indent(look(all_of), 4)};
END IF;
DELETE FROM {q} r WHERE {due} AND (NOT more OR r.{owner} = ANY (ids)) AND {over};
GET DIAGNOSTICS went = ROW_COUNT;
IF went <> due THEN
    RAISE EXCEPTION 'other rows went than were counted' USING ERRCODE = 'serialization_failure';
END IF;
RETURN jsonb_build_object('ids', ids, 'counts', counts, 'more', more, 'others', others);
END $$"""
    )


def due_tables(plan: Plan) -> str:
    """`due_tables(today)`: the names of tables that have rows due by their own date, or that came in when nothing kept
    them any more. The earliest date is an index's first entry."""
    s, parts = ident(plan.schema), []
    for t in plan.tables:
        some = "" if dated(plan, t) else " WHERE r.kept_for = 0"
        earliest = f"SELECT min(r.good_until) FROM {qualified(t.schema, t.name)} r{some}"
        parts.append(f"({literal(t.name)}, ({earliest}))")
    rows = ",\n        ".join(parts) or "(NULL, NULL::timestamptz)"
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.due_tables(today date) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN ARRAY(SELECT t.name FROM (VALUES
        {rows}) AS t (name, earliest)
    WHERE t.earliest <= {s}.moment(due_tables.today));
END $$"""
    )


def counts_of_all(plan: Plan, table: TablePlan, within: str) -> str:
    """What deleting all rows `r` that meet `within` would count: for a partition that goes whole."""
    return f"""WITH grouped AS (
    SELECT r.kept_for AS ended, r.used_for AS dark, {_filled(table)} AS erased, true AS deleted, count(*) AS n
    FROM {qualified(table.schema, table.name)} r WHERE {within} GROUP BY 1, 2, 3
)
{_counts(plan, table)}
FROM grouped"""


def _counts(plan: Plan, table: TablePlan) -> str:
    """SELECT of what the rows of `grouped` come to, by purpose and column (`tallied`)."""
    none, purposes = _none(plan, table), purposes_on(plan, table)
    arrays = ", ".join(f"array_agg({name})" for name in ("ended", "dark", "erased", "deleted", "n"))
    keys, masks = ",".join(json.dumps(p.key) for p in purposes), ",".join(str(p.mask) for p in purposes)
    columns = ",".join(json.dumps(c.name) for _, c in _values(table))
    known = ", ".join(literal(f"{{{listed_}}}") for listed_ in (keys, masks, columns))
    return f"SELECT {ident(plan.schema)}.tallied({arrays}, {literal(json.dumps(none))}, {known})"


def tallied(plan: Plan) -> str:
    """`tallied(…)`: groups of rows, with the purposes that ended (`kept_for`) and went dark (`used_for`), the values that
    were erased, and how many they are → the counts of an act. What did not occur is 0, as `zeros` has it. Rows of one
    person lose mostly the same, and mostly nothing: to add them up by a hundred sums in each statement took a third of it."""
    s = ident(plan.schema)

    def sums(what: str, keys: str) -> str:
        return f"""IF all_{what} <> 0 THEN
        counts := jsonb_set(counts, '{{{what}}}', counts -> '{what}' || COALESCE((
            SELECT jsonb_object_agg(summed.key, summed.n) FROM (
                SELECT k.key, sum(g.n) AS n FROM {keys} AS k (key, mask), unnest({what}, n) AS g (bits, n)
                WHERE g.bits & k.mask <> 0 GROUP BY k.key) AS summed), '{{}}'));  -- none: a purpose that the plan has no more
    END IF;"""

    purposes = "unnest(keys, masks)"
    numbered = (
        "(SELECT u.key, 1::bigint << (u.place - 1)::int FROM unnest(names) WITH ORDINALITY AS u (key, place))"
    )
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.tallied(
    ended bigint[], dark bigint[], erased bigint[], deleted boolean[], n bigint[], zeros jsonb,
    keys text[], masks bigint[], names text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    counts jsonb := zeros;
    went bigint := 0;
    stayed bigint := 0;
    all_ended bigint := 0;
    all_dark bigint := 0;
    all_erased bigint := 0;
BEGIN
    IF n IS NULL THEN
        RETURN counts;
    END IF;
    FOR i IN 1 .. cardinality(n) LOOP
        IF deleted[i] THEN went := went + n[i]; ELSE stayed := stayed + n[i]; END IF;
        all_ended := all_ended | ended[i]; all_dark := all_dark | dark[i]; all_erased := all_erased | erased[i];
    END LOOP;
    counts := counts || jsonb_build_object('deleted', went, 'changed', stayed);
    {sums("ended", purposes)}
    {sums("dark", purposes)}
    {sums("erased", numbered)}
    RETURN counts;
END $$"""
    )


def _none(plan: Plan, table: TablePlan) -> dict[str, object]:
    """What the counts are of no rows."""
    purposes = {p.key: 0 for p in purposes_on(plan, table)}
    erased = {c.name: 0 for _, c in _values(table)}
    return {"deleted": 0, "changed": 0, "ended": purposes, "dark": purposes, "erased": erased}


def _object(pairs: list[str]) -> str:
    """A call takes at most 100 arguments."""
    built = [f"jsonb_build_object({listed(pairs[i : i + 40], by=8)})" for i in range(0, len(pairs), 40)]
    return " || ".join(built) or "'{}'::jsonb"


def _values(table: TablePlan) -> list[tuple[int, ColumnPlan]]:
    """The columns whose erased values are counted, each with its bit in `filled`."""
    return list(enumerate([c for c in table.columns if not c.key and c.purposes][:62]))


def _filled(table: TablePlan) -> str:
    """Which values of the row are there to be erased, as one integer."""
    parts = []
    for i, column in _values(table):
        empty = "" if column.erased is None else f" AND r.{ident(column.name)} <> {literal(column.erased)}"
        parts.append(f"CASE WHEN r.{ident(column.name)} IS NOT NULL{empty} THEN {1 << i} ELSE 0 END")
    return f"({' | '.join(parts)})::bigint" if parts else "0::bigint"


def _blanked(table: TablePlan) -> str:
    """Which of these values a row that stays has no more."""
    groups: dict[tuple[int, int], int] = {}
    for i, column in _values(table):
        at = column.owner, column.purposes
        groups[at] = groups.get(at, 0) | 1 << i
    parts = [
        f"CASE WHEN j.kept_{owner + 1} & {purposes} = 0 THEN j.filled & {bits} ELSE 0 END"
        for (owner, purposes), bits in groups.items()
    ]
    return f"({' | '.join(parts)})::bigint" if parts else "0::bigint"


def _indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())


def _blanks(plan: Plan, table: TablePlan) -> list[str]:
    """Values that no purpose of theirs keeps become what the map says (NULL); links of owners who left are cut."""
    result = []
    for column in table.columns:
        if column.key:
            continue
        name, kept = ident(column.name), f"j.kept_{column.owner + 1}"
        result.append(
            f"{name} = CASE WHEN {kept} & {column.purposes} = 0 THEN {literal(column.erased)} ELSE r.{name} END"
        )
    if len(table.owners) > 1:
        for i, owner in enumerate(table.owners, 1):
            result.append(f"{ident(owner)} = CASE WHEN j.kept_{i} = 0 THEN NULL ELSE r.{ident(owner)} END")
    return result


def _dead(table: TablePlan) -> str:
    """Values that nothing keeps go also where the row's masks stay: a purpose lost a category with a new version."""
    groups: dict[tuple[int, int], list[str]] = {}
    for column in table.columns:
        if not column.key:
            left = "IS NOT NULL" if column.erased is None else f"IS DISTINCT FROM {literal(column.erased)}"
            groups.setdefault((column.owner, column.purposes), []).append(f"r.{ident(column.name)} {left}")
    return "".join(
        f"\n           OR j.kept_{owner + 1} & {purposes} = 0 AND ({' OR '.join(values)})"
        for (owner, purposes), values in groups.items()
    )


def lock_people(plan: Plan) -> str:
    """`lock_people(ids)`: the one order of locks. Whoever writes a row that is a fact (the end of an account, a consent) has
    that row before its trigger asks for the state; so whoever is about to change facts takes those rows first too, table by
    table, and then the states in id order. What waits here holds no state yet: nobody waits for it in a circle."""
    s = ident(plan.schema)
    rows = []
    for table in plan.tables:
        if table.facts:
            whose = [ident(owner) for owner in dict.fromkeys(fact.owner for fact in table.facts)]
            mine = " OR ".join(f"r.{owner} = ANY (ids)" for owner in whose)
            keys = ", ".join(f"r.{ident(key)}" for key in table.key)
            q = qualified(table.schema, table.name)
            rows.append(f"PERFORM FROM {q} r WHERE {mine} ORDER BY {keys} FOR NO KEY UPDATE;")
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.lock_people(ids bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    there bigint;
BEGIN
    {_indent(chr(10).join(rows), 4).strip()}
    PERFORM FROM {s}.state WHERE person_id = ANY (ids) ORDER BY person_id FOR UPDATE;
    GET DIAGNOSTICS there = ROW_COUNT;
    RETURN there;
END $$"""
    )


def refresh(plan: Plan) -> str:
    """`refresh(ids, at)`: after facts changed. Locks the states in id order, recomputes them, and applies what follows
    to the rows of those whose masks or ends changed; writes one act.

    Only where it can: masks of a table are of its purposes alone, so that an objection to advertising touches no session.
    What is not a purpose's (an erasure, a restriction of a row, a return) may change any; `every`: so may what the caller did.
    """
    s = ident(plan.schema)
    calls = _indent("\n".join(_where_any(plan, n, t) for n, t in enumerate(plan.tables, 1)), 8)
    there = listed([_any(t) for t in plan.tables], by=12)
    # Where an end moved later, the rows still carry the earlier one: the review stays as early as they are.
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.refresh(ids bigint[], at timestamptz, every boolean DEFAULT false) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off AS $$
DECLARE
    fresh {s}.state[];
    moved bigint[];
    turned bigint;  -- the purposes of which anything changed
    there boolean[];  -- in which tables these people have rows
    any_ boolean;
    counts jsonb := '{{}}';
BEGIN
    IF current_setting('transaction_isolation') NOT LIKE 'read %' THEN
        -- An older snapshot would miss a row that was inserted since, and leave it readable.
        RAISE EXCEPTION 'facts change in transactions that are read committed' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    PERFORM 1 FROM {s}.state WHERE person_id = ANY (ids) ORDER BY person_id FOR UPDATE;
    SELECT array_agg(n) INTO fresh FROM {s}.compute_state(ids, at) AS n;
    SELECT array_agg(n.person_id), bit_or(CASE
        WHEN every OR (n.kept_erased, n.erased_at, n.epoch, n.items, n.frozen_since, n.frozen_ground, n.contract_begun)
                      IS DISTINCT FROM
                      (o.kept_erased, o.erased_at, o.epoch, o.items, o.frozen_since, o.frozen_ground, o.contract_begun)
        THEN -1
        ELSE COALESCE((n.used # o.used) | (n.kept # o.kept) | COALESCE((
            SELECT bit_or(1::bigint << (e.place - 1)::int)
            FROM unnest(n.ends, o.ends) WITH ORDINALITY AS e (new, old, place) WHERE e.new IS DISTINCT FROM e.old), 0), -1)
        END) INTO moved, turned
    FROM unnest(fresh) AS n JOIN {s}.state o USING (person_id)
    WHERE every OR (n.used, n.kept, n.kept_erased, n.erased_at, n.epoch, n.items, n.frozen_since, n.frozen_ground,
                    n.contract_begun)
          IS DISTINCT FROM
          (o.used, o.kept, o.kept_erased, o.erased_at, o.epoch, o.items, o.frozen_since, o.frozen_ground, o.contract_begun)
       OR EXISTS (SELECT FROM unnest(n.ends, o.ends) AS e (new, old) WHERE e.new < e.old);
    UPDATE {s}.state o SET
        used = n.used, kept = n.kept, kept_erased = n.kept_erased, erased_at = n.erased_at, epoch = n.epoch,
        items = n.items, ends = n.ends, frozen_since = n.frozen_since, frozen_ground = n.frozen_ground,
        contract_begun = n.contract_begun,
        next_review = LEAST(n.next_review, CASE WHEN every THEN n.next_review ELSE o.next_review END,
                            CASE WHEN n.kept & {_personal(plan)} = 0 THEN {s}.civil(at) + 1 ELSE n.next_review END)
    FROM unnest(fresh) AS n
    WHERE n.person_id = o.person_id;
    IF moved IS NOT NULL THEN
        -- Most people have rows in few tables: to look here costs a tenth of what it costs to begin there, and least all at once.
        IF turned = -1 THEN
            there := ARRAY[{there}]::boolean[];
        END IF;
{calls}
        INSERT INTO {s}.act (as_of, kind, policy, counts)
        VALUES (at, 'masks', (SELECT policy FROM {s}.installed ORDER BY id DESC LIMIT 1),
                jsonb_build_object('people', cardinality(moved), 'tables', counts));
        PERFORM {s}.corrections_go(moved);
    END IF;
    RETURN counts;
END $$"""
    )


def _any(table: TablePlan) -> str:
    """SQL: whether these people have rows in a table."""
    whose = " OR ".join(f"r.{ident(owner)} = ANY (moved)" for owner in table.owners)
    return f"EXISTS (SELECT FROM {qualified(table.schema, table.name)} r WHERE {whose})"


def _where_any(plan: Plan, number: int, table: TablePlan) -> str:
    """PL/pgSQL that applies what follows to a table's rows, where these people have any."""
    call = f"{ident(plan.schema)}.{ident(f'apply_{table.name}')}(moved, at)"
    return f"""IF turned & {table.bits or -1} <> 0 THEN
    IF turned = -1 THEN any_ := there[{number}]; ELSE any_ := {_any(table)}; END IF;
    IF any_ THEN
        counts := counts || jsonb_build_object({literal(table.name)}, {call});
    END IF;
END IF;"""


def _personal(plan: Plan) -> int:
    """Purposes whose clock runs per person: while one of them keeps, the person's own row is there."""
    return plan.stored_bits & ~plan.record_bits


def review(plan: Plan) -> str:
    """`review(ids, at)`: what the clock does to people who are due and whose states it has locked. Their states are
    made anew from the facts, all their rows get exact masks and dates, and of whom nothing is left is forgotten."""
    s = ident(plan.schema)
    calls = [f"{literal(t.name)}, {s}.{ident(f'apply_{t.name}')}(ids, at)" for t in plan.tables]
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.review(ids bigint[], at timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb;
BEGIN
    UPDATE {s}.state o SET
        used = n.used, kept = n.kept, kept_erased = n.kept_erased, erased_at = n.erased_at, epoch = n.epoch,
        items = n.items, ends = n.ends, frozen_since = n.frozen_since, frozen_ground = n.frozen_ground,
        contract_begun = n.contract_begun,
        next_review = n.next_review
    FROM {s}.compute_state(ids, at) AS n
    WHERE n.person_id = o.person_id;
    counts := {_object(calls)};
    PERFORM {s}.corrections_go(ids);
    RETURN jsonb_build_object('tables', counts, 'forgotten', {s}.forget(ids, at));
END $$"""
    )


def record_fact(plan: Plan) -> str:
    s = ident(plan.schema)
    return tidy(
        f"""
DROP FUNCTION IF EXISTS {s}.record_fact(bigint, text, text, timestamptz, timestamptz, text, bigint);
CREATE OR REPLACE FUNCTION {s}.record_fact(
    person bigint, kind text, key text, starts timestamptz, ends timestamptz DEFAULT NULL,
    in_table text DEFAULT NULL, of_row bigint DEFAULT NULL,
    held_by text DEFAULT NULL, reason text DEFAULT NULL, review_on date DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    IF {s}.lock_people(ARRAY[person]) = 0 THEN
        RAISE EXCEPTION 'nobody has this number' USING ERRCODE = 'foreign_key_violation';
    END IF;
    INSERT INTO {s}.fact (person_id, kind, key, starts_at, ends_at, table_name, row_id, held_by, reason, review_on)
    VALUES (person, kind, key, starts, ends, in_table, of_row, held_by, reason, review_on) RETURNING id INTO made;
    PERFORM {s}.refresh(ARRAY[person], {s}.moment(), in_table IS NOT NULL);
    RETURN made;
END $$;
CREATE OR REPLACE FUNCTION {s}.close_fact(which bigint, ends timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    closed {s}.fact;
BEGIN
    PERFORM {s}.lock_people(ARRAY(SELECT f.person_id FROM {s}.fact f WHERE f.id = which));
    UPDATE {s}.fact SET ends_at = ends WHERE id = which RETURNING * INTO closed;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such fact' USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM {s}.refresh(ARRAY[closed.person_id], {s}.moment(), closed.table_name IS NOT NULL);
END $$"""
    )


def read_facts(plan: Plan) -> str:
    """`read_facts()`: facts of all rows of the event tables, for a load that ran with its triggers off."""
    from bloesem.plan.sql.masks import facts_of

    s = ident(plan.schema)
    steps = []
    for table in plan.tables:
        for fact in table.facts:
            source = f"{qualified(table.schema, table.name)} n"
            steps.append(facts_of(plan, table, fact, source) + ";")
    anchors = [
        f"INSERT INTO {s}.state (person_id) SELECT {ident(t.key[0])} FROM {qualified(t.schema, t.name)} "
        "ON CONFLICT DO NOTHING;"
        for t in plan.tables
        if t.anchor
    ]
    body = "\n    ".join(anchors + steps).replace("\n", "\n    ") or "NULL;"
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.read_facts() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    {body}
END $$"""
    )


def forget(plan: Plan) -> str:
    """`forget(ids, at)`: of these people, whose states the caller has locked, those of whom no row is left lose their
    facts and state too (P-104): also facts about rows that are gone. A hold on a row alone keeps one.

    Only records with a date of their own are looked for. Other tables are empty of somebody whom no clock and no hold
    keeps: the review that said so emptied them, and what comes in later is kept by nothing and due at once.
    """
    s = ident(plan.schema)
    looks = "\n".join(
        f"ids := ARRAY(SELECT unnest(ids) EXCEPT SELECT r.{ident(o)} FROM {qualified(t.schema, t.name)} r "
        f"WHERE r.{ident(o)} = ANY (ids));"
        for t in sorted(plan.tables, key=lambda t: t.partition is not None)
        if t.bits & plan.record_bits
        for o in t.owners
    )
    return tidy(
        f"""
DROP FUNCTION IF EXISTS {s}.forget(bigint[]);
CREATE OR REPLACE FUNCTION {s}.forget(ids bigint[], at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET application_name = 'bloesem clock' AS $$
DECLARE
    gone bigint;
BEGIN
ids := ARRAY(
    SELECT st.person_id FROM {s}.state st
    WHERE st.person_id = ANY (ids) AND st.kept & {_personal(plan)} = 0 AND NOT (st.items AND EXISTS (
        SELECT FROM {s}.fact f
        WHERE f.person_id = st.person_id AND f.kind = 'hold' AND f.row_id IS NOT NULL
          AND (f.ends_at IS NULL OR f.ends_at > at)))
);
{looks}
DELETE FROM {s}.state WHERE person_id = ANY (ids);
GET DIAGNOSTICS gone = ROW_COUNT;
DELETE FROM {s}.fact WHERE person_id = ANY (ids);
DELETE FROM {s}.correction WHERE person_id = ANY (ids);
RETURN gone;
END $$"""
    )


def _keepers(plan: Plan) -> list[Statement]:
    """These functions run as the keeper; only the keeper may call them."""
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    names = [f"{ident(f'apply_{t.name}')}(bigint[], timestamptz, boolean)" for t in plan.tables]
    names += [f"{ident(f'age_{t.name}')}(timestamptz, bigint)" for t in plan.tables if ages(plan, t)]
    names += [f"{ident(f'{t.name}_arrives')}()" for t in plan.tables]
    names += [f"{ident(f'{t.name}_happens')}()" for t in plan.tables if t.facts]
    names += [
        "tallied(bigint[], bigint[], bigint[], boolean[], bigint[], jsonb, text[], bigint[], text[])",
        "lock_people(bigint[])",
        "refresh(bigint[], timestamptz, boolean)",
        "review(bigint[], timestamptz)",
        "due_tables(date)",
        "record_fact(bigint, text, text, timestamptz, timestamptz, text, bigint, text, text, date)",
        "close_fact(bigint, timestamptz)",
        "read_facts()",
        "forget(bigint[], timestamptz)",
        "compute_state(bigint[], timestamptz)",
        "scope(text)",
        "padded(bytea, integer)",
    ]
    result = []
    for name in names:
        result.append(
            Statement("clock", f"{name}: the keeper's", f"ALTER FUNCTION {s}.{name} OWNER TO {keeper}")
        )
        if not name.startswith("scope"):
            result.append(
                Statement(
                    "clock", f"{name}: nobody else's", f"REVOKE EXECUTE ON FUNCTION {s}.{name} FROM PUBLIC"
                )
            )
    owner = ident(plan.role("owner"))  # who makes next year's partition gives it the table's triggers
    for name in names:
        if name.endswith("()") and not name.startswith("read_facts"):
            result.append(
                Statement("clock", f"{name}: the owner's", f"GRANT EXECUTE ON FUNCTION {s}.{name} TO {owner}")
            )
    for name in ("today()", "moment()"):  # everybody asks them; the keeper alone moves a demonstration's date
        result.append(
            Statement("clock", f"{name}: the keeper's", f"ALTER FUNCTION {s}.{name} OWNER TO {keeper}")
        )
    return result
