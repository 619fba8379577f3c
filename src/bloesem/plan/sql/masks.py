"""The masks of rows: what `calculus.row_masks` says, as functions of a row and its owner's state, and their triggers.

For a table `session`: `session_kept(r, s, today, at)` and `session_used(...)` are the masks of one row; where many are judged,
or mostly nothing is known of single rows, the same expressions stand whole (`worked_out`, `session_arrives()`, which fills the
masks of a new row). `session_happens()` turns event columns into facts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from bloesem.plan.model import (
    ORDER,
    RECORD,
    Clock,
    ColumnPlan,
    EventPlan,
    NarrowPlan,
    Plan,
    PurposePlan,
    TablePlan,
)
from bloesem.plan.predicates import sql as condition
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.state import FOREVER, NEVER, last_day
from bloesem.plan.sql.statement import Statement, listed, tidy

MASK_COLUMNS = ("used_for", "kept_for", "good_until")
#: `good_until` of a row that nothing keeps, or whose masks are not worked out yet.
NEVER_AT = "'-infinity'::timestamp with time zone"
FROZEN_COLUMNS = ("frozen_since", "frozen_ground")


def columns(plan: Plan) -> list[Statement]:
    """The mask columns on each guarded table; the person's row also shows since when it is frozen, and why."""
    result = []
    for table in plan.tables:
        q = qualified(table.schema, table.name)
        added = [
            "ADD COLUMN IF NOT EXISTS used_for bigint NOT NULL DEFAULT 0",
            "ADD COLUMN IF NOT EXISTS kept_for bigint NOT NULL DEFAULT 0",
            f"ADD COLUMN IF NOT EXISTS good_until timestamptz NOT NULL DEFAULT {NEVER_AT}",
        ]
        if table.anchor:
            added += [
                "ADD COLUMN IF NOT EXISTS frozen_since date",
                "ADD COLUMN IF NOT EXISTS frozen_ground text",
            ]
        result.append(Statement("masks", f"masks on {table.name}", f"ALTER TABLE {q}\n    {listed(added)}"))
        for owner in table.owners:
            if (owner,) != table.key:
                index = ident(f"{table.name}_{owner}_owner"[:63])
                result.append(
                    Statement(
                        "masks",
                        f"whose {table.name}",
                        f"CREATE INDEX IF NOT EXISTS {index} ON {q} ({ident(owner)})",
                    )
                )
        # A row that came in when nothing kept it any more must be found too, and is seldom there.
        index, on = (
            (f"{table.name}_good_until", "")
            if dated(plan, table)
            else (f"{table.name}_unkept", " WHERE kept_for = 0")
        )
        sql = f"CREATE INDEX IF NOT EXISTS {ident(index)} ON {q} (good_until){on}"
        result.append(Statement("masks", f"{table.name}: what is due by its own date", sql))
    return result


def dated(plan: Plan, table: TablePlan) -> bool:
    """Whether rows of the table age by their own date, so that their people are found by the row."""
    return bool(table.bits & plan.record_bits or table.ceilings)


def statements(plan: Plan) -> list[Statement]:
    result = []
    for table in plan.tables:
        result += [
            Statement("masks", f"{table.name}: what must still be stored", kept(plan, table)),
            Statement("masks", f"{table.name}: what may still be read", used(plan, table)),
            Statement("masks", f"a new row of {table.name}", arrives(plan, table)),
            *_arrival_triggers(plan, table),
            *_leftovers(plan, table),
        ]
        if table.facts:
            result.append(Statement("masks", f"{table.name}: facts from its columns", happens(plan, table)))
            result += _fact_triggers(plan, table)
    return result


# ---- expressions ---------------------------------------------------------------------------------------------


def kept(plan: Plan, table: TablePlan) -> str:
    return _function(plan, table, "kept", "", f"SELECT {_kept(plan, table, parts(plan, table))}")


def used(plan: Plan, table: TablePlan) -> str:
    body = f"SELECT {_used(plan, table, 'kept', parts(plan, table))}"
    return _function(plan, table, "used", ", kept bigint", body)


@dataclass(frozen=True)
class Parts:
    """What both masks of a row hang on, as SQL: purposes that something about the row rules out, holds on it alone,
    purposes that its own erasure ended, and those that its own restriction bars from use."""

    removed: str
    holds: str
    gone: str
    barred: str


#: Worked out once, for both masks.
_ONCE = Parts("m.removed", "m.holds", "m.gone", "m.barred")


def parts(plan: Plan, table: TablePlan, *, items: bool = True) -> Parts:
    """`items`: false where nothing is known of single rows of their owner, as of most people; then it looks into no table."""
    removed = listed(_removed(plan, table), joined="\n         | ", by=0)
    if not items:
        return Parts(removed, "0", "0", "0")
    restrictable = plan.mask(lambda p: not p.survives_restriction) & table.bits
    barred = (
        f"CASE WHEN s.items AND EXISTS (SELECT FROM {ident(plan.schema)}.fact f WHERE {_about(table)}"
        f" AND f.kind = 'restriction') THEN {restrictable} ELSE 0 END"
    )
    return Parts(removed, _item_holds(plan, table), _erased_itself(plan, table), barred)


def _kept(plan: Plan, table: TablePlan, of: Parts = _ONCE) -> str:
    deleting = [_case(_over(c.period, table), c.mask) for c in table.ceilings if c.deletes]
    capped = f"\n    & ~({' | '.join(deleting)})" if deleting else ""
    return f"((COALESCE(s.kept, 0) & {table.bits}\n    & ~({of.removed}){capped})\n    | {of.holds})\n    & ~({of.gone})"


def _used(plan: Plan, table: TablePlan, kept: str, of: Parts = _ONCE) -> str:
    capped = [_case(_over(c.period, table), c.mask) for c in table.ceilings]
    cap = f"\n    & ~({' | '.join(capped)})" if capped else ""
    borrowing, lending = table.bits & ~plan.stored_bits, table.bits & plan.lending_bits
    if borrowing:
        cap += f"\n    & ~({_case(f'{kept} & {lending} = 0', borrowing)})"
    return (
        f"CASE WHEN {kept} = 0 THEN 0 ELSE\n    ((COALESCE(s.used, 0) & {table.bits}\n"
        f"    & ~({of.removed}){cap}\n    & ~({of.barred}))\n    | {of.holds})"
        f"\n    & ~({of.gone}) END"
    )


def _until(plan: Plan, table: TablePlan, kept: str) -> str:
    """The first day on which a mask of the row may change; a row that nothing keeps is due since ever."""
    bounds = [f"COALESCE(s.ends[{p.number + 1}], {FOREVER})" for p in plan.purposes if p.mask & table.bits]
    for purpose in plan.purposes:
        if purpose.by_record and purpose.mask & table.bits:
            for clock in purpose.clocks:
                bounds.append(_bound(record_end(clock, table)))
    for ceiling in table.ceilings:
        bounds.append(
            _bound(last_day(f"r.{ident(str(table.record_date))}", ceiling.period, end_of_year=False))
        )
    return f"CASE WHEN {kept} = 0 THEN {NEVER} ELSE LEAST(\n        {listed(bounds or [FOREVER], by=8)}) END"


def _function(
    plan: Plan, table: TablePlan, what: str, more: str, body: str, *, returns: str = "bigint"
) -> str:
    s = ident(plan.schema)
    name = f"{s}.{ident(f'{table.name}_{what}')}"
    return (
        f"CREATE OR REPLACE FUNCTION {name}(r {qualified(table.schema, table.name)}, s {s}.state, "
        f"today date, at timestamptz{more}) RETURNS {returns}\nLANGUAGE sql STABLE AS $$\n{body}\n$$"
    )


def _case(when: str, mask: int) -> str:
    return f"CASE WHEN {when} THEN {mask} ELSE 0 END"


def _removed(plan: Plan, table: TablePlan) -> list[str]:
    """The purposes that something about the row rules out."""
    holds, bits = plan.hold_bits, table.bits
    parts = [_case(_narrows(n), n.removed & bits) for n in table.narrow if n.removed & bits]
    recorded = f"r.{ident(table.recorded)}" if table.recorded else None
    for purpose in plan.purposes:
        if purpose.mask & bits and purpose.since and not purpose.hold:
            early = f"{recorded} IS NULL OR {recorded} < {literal(purpose.since)}" if recorded else "true"
            parts.append(_case(early, purpose.mask))
    person = bits & ~(plan.record_bits | holds)
    before = f" AND ({recorded} IS NULL OR {recorded} < s.epoch)" if recorded else ""
    if person and not table.anchor:  # somebody who came back is the same person
        parts.append(_case(f"s.epoch IS NOT NULL{before}", person))
    if bits & ~holds:
        asked = f" AND ({recorded} IS NULL OR {recorded} <= s.erased_at)" if recorded else ""
        parts.append(
            f"CASE WHEN s.erased_at IS NOT NULL{asked} THEN ~s.kept_erased & {bits & ~holds} ELSE 0 END"
        )
    for purpose in plan.purposes:
        if purpose.by_record and purpose.mask & bits:
            alive = " OR ".join(
                f"COALESCE({record_end(clock, table)} >= today, false)" for clock in purpose.clocks
            )
            parts.append(_case(f"NOT ({alive})", purpose.mask))
    return parts or ["0"]


def _narrows(narrow: NarrowPlan) -> str:
    tests = [condition(narrow.when, "r")] if narrow.when else []
    tests += ["NOT s.contract_begun"] if narrow.before_contract else []
    return " AND ".join(tests) or "true"


def record_end(clock: Clock, table: TablePlan) -> str:
    assert clock.after == RECORD
    day = f"r.{ident(str(table.record_date))}"
    end = last_day(day, clock.period, end_of_year=clock.end_of_year)
    tests = []
    if clock.records_from:
        tests.append(f"{day} >= {literal(clock.records_from)}")
    if clock.records_until:
        tests.append(f"{day} <= {literal(clock.records_until)}")
    return f"CASE WHEN {' AND '.join(tests)} THEN {end} END" if tests else end


def _bound(end: str) -> str:
    return f"CASE WHEN {end} >= today THEN {end} + 1 ELSE {FOREVER} END"


def _over(period: str, table: TablePlan) -> str:
    end = last_day(f"r.{ident(str(table.record_date))}", period, end_of_year=False)
    return f"COALESCE({end} < today, true)"


def _about(table: TablePlan) -> str:
    return (
        f"f.person_id = s.person_id AND f.table_name = {literal(table.name)} AND f.row_id = r.{ident(table.id)} "
        "AND f.starts_at <= at AND (f.ends_at IS NULL OR f.ends_at > at)"
    )


def _item_holds(plan: Plan, table: TablePlan) -> str:
    holds = [p for p in plan.purposes if p.hold and p.active and p.mask & table.bits]
    if not holds:
        return "0"
    cases = " ".join(f"WHEN {literal(p.key)} THEN {p.mask}" for p in holds)
    return (
        f"CASE WHEN s.items THEN COALESCE((SELECT bit_or(CASE f.key {cases} ELSE 0 END::bigint) "
        f"FROM {ident(plan.schema)}.fact f WHERE {_about(table)} AND f.kind = 'hold'), 0) ELSE 0 END"
    )


def _erased_itself(plan: Plan, table: TablePlan) -> str:
    """The purposes that have no reason any more to keep or use a row that was erased by itself (P-153 to P-155)."""
    every = table.bits or -1
    strictly, order = every & ~plan.outlives_strictly, every & ~plan.outlives_order
    asked = (
        f" AND (r.{ident(table.recorded)} IS NULL OR r.{ident(table.recorded)} <= f.starts_at)"
        if table.recorded
        else ""
    )
    gone = f"CASE WHEN starts_with(f.key, {literal(ORDER)}) THEN {order} ELSE {strictly} END::bigint"
    return (
        f"CASE WHEN s.items THEN COALESCE((SELECT bit_or({gone}) FROM {ident(plan.schema)}.fact f "
        f"WHERE {_about(table)} AND f.kind = 'erasure'{asked}), 0) ELSE 0 END"
    )


def worked_out(plan: Plan, table: TablePlan, state: str, *, at: str, today: str) -> str:
    """A subquery of `kept`, `used` and `until`, to be joined to a row `r` and its owner's `state`, which may be none.

    in: `at`, `today`: SQL of the moment and its civil date. The expressions stand here whole: PostgreSQL does not inline
    functions that look into other tables, and a call per row costs twenty times as much. `OFFSET 0` has what both masks hang
    on, and `kept`, worked out once. Names of the inner query win over a column `at` of the row.
    """
    of = parts(plan, table)
    once = ",\n    ".join(f"({_deep(getattr(of, one.name))})::bigint AS {one.name}" for one in fields(Parts))
    return (
        f"(SELECT k.kept,\n"
        f"    {_deep(_used(plan, table, 'k.kept'))} AS used,\n"
        f"    {_deep(_until(plan, table, 'k.kept'))} AS until\n"
        f"  FROM (SELECT {state}.*) s CROSS JOIN (SELECT {today} AS today, {at}::timestamptz AS at) d\n"
        f"  CROSS JOIN LATERAL (SELECT {once} OFFSET 0) m\n"
        f"  CROSS JOIN LATERAL (SELECT CASE WHEN s.person_id IS NULL THEN 0 ELSE\n"
        f"    {_deep(_kept(plan, table))} END AS kept OFFSET 0) k)"
    )


# ---- several owners --------------------------------------------------------------------------------------------


def judged(
    plan: Plan,
    table: TablePlan,
    where: str,
    more: str = "",
    *,
    of: str = "",
    at: str = "at",
    today: str = "today",
) -> str:
    """A query: key, masks had, masks due, what each owner keeps, and `more`. Leaving owners forbid nothing (they are
    cut). `of`: a join that narrows the rows; `at`, `today`: SQL of the moment and its civil date.
    """
    s, q = ident(plan.schema), qualified(table.schema, table.name)
    joins, each = [], []
    for i, owner in enumerate(table.owners, 1):
        joins.append(
            f"LEFT JOIN {s}.state s{i} ON s{i}.person_id = r.{ident(owner)}\n"
            f"CROSS JOIN LATERAL {worked_out(plan, table, f's{i}', at=at, today=today)} o{i}"
        )
        each.append(f"o{i}.kept AS kept_{i}")
    both = range(1, len(table.owners) + 1)
    kept_sql = " | ".join(f"o{i}.kept" for i in both)
    used_sql = " & ".join(f"CASE WHEN o{i}.kept = 0 THEN -1 ELSE o{i}.used END" for i in both)
    due = ", ".join(f"CASE WHEN o{i}.kept = 0 THEN {FOREVER} ELSE o{i}.until END" for i in both)
    keys = ", ".join(f"r.{ident(k)}" for k in table.key)
    return (
        f"SELECT {keys}, r.used_for AS had_used, r.kept_for AS had_kept, r.good_until AS had_until,\n"
        f"       {kept_sql} AS kept,\n"
        f"       CASE WHEN ({kept_sql}) = 0 THEN 0 ELSE {used_sql} END AS used,\n"
        f"       {s}.moment(CASE WHEN ({kept_sql}) = 0 THEN {NEVER} ELSE LEAST({due}) END) AS until,\n"
        f"       {', '.join([*each, *([more] if more else [])])}\n"
        f"FROM {q} r\n" + "\n".join([*([of] if of else []), *joins]) + f"\nWHERE {where}"
    )


def _deep(text: str) -> str:
    return text.replace("\n", "\n    ")


# ---- triggers ----------------------------------------------------------------------------------------------------


def arrives(plan: Plan, table: TablePlan) -> str:
    """Masks of a new row, by the statement that inserts it. `FOR SHARE` on the owners' states, in id order: an objection
    that is being recorded (which takes `FOR UPDATE`) and an insert cannot pass each other. Where rows are facts too, the
    lock is the stronger one at once: two that share it would both wait to have it alone."""
    s = ident(plan.schema)
    n = len(table.owners)
    lock = "UPDATE" if table.facts else "SHARE"
    find = []
    if n > 1:
        owners = ", ".join(f"NEW.{ident(owner)}" for owner in table.owners)
        find.append(f"PERFORM 1 FROM {s}.state WHERE person_id IN ({owners}) ORDER BY person_id FOR {lock};")
    for i, owner in enumerate(table.owners, 1):
        column = f"NEW.{ident(owner)}"
        find.append(
            f"IF {column} IS NOT NULL THEN\n"
            f"        SELECT * INTO s FROM {s}.state WHERE person_id = {column} FOR {lock};\n"
            f"        IF NOT FOUND THEN\n"
            f"            RAISE EXCEPTION '{table.name}.{owner}: nobody has this number'\n"
            f"                USING ERRCODE = 'foreign_key_violation', HINT = 'record the person first';\n"
            f"        END IF;\n"
            f"        {_deep(_judged_alone(plan, table, i))}\n"
            f"    END IF;"
        )
    every = range(1, n + 1)
    if table.anchor:
        key = f"NEW.{ident(table.key[0])}"
        size = max((p.number for p in plan.purposes), default=0) + 1
        find.insert(
            0,
            f"INSERT INTO {s}.state (person_id, ends, next_review)\n"
            f"    VALUES ({key}, array_fill({FOREVER}, ARRAY[{size}]), today + 1) ON CONFLICT DO NOTHING;",
        )
    find = [*_accepted(plan, table), *find]
    declare = "\n    ".join(f"k{i} bigint := 0; u{i} bigint := -1; d{i} date := {FOREVER};" for i in every)
    nobody = " AND ".join(f"NEW.{ident(o)} IS NULL" for o in table.owners)
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.{ident(f"{table.name}_arrives")}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r ALIAS FOR NEW;
    s {s}.state;
    {declare}
    today date := {s}.today();
    at timestamptz := {s}.moment();
BEGIN
    IF {nobody} THEN
        RAISE EXCEPTION '{table.name}: a row of personal data belongs to somebody'
            USING ERRCODE = 'not_null_violation', HINT = 'record an unidentified person (P-104)';
    END IF;
    {_newline(find)}
    NEW.kept_for := {" | ".join(f"k{i}" for i in every)};
    IF NEW.kept_for = 0 THEN
        NEW.used_for := 0; NEW.good_until := {NEVER_AT};
    ELSE
        NEW.used_for := {" & ".join(f"u{i}" for i in every)};
        NEW.good_until := {s}.moment(LEAST({", ".join(f"d{i}" for i in every)}));
    END IF;
    RETURN NEW;
END $$"""
    )


def _judged_alone(plan: Plan, table: TablePlan, i: int) -> str:
    """PL/pgSQL that sets what owner `i`, of state `s`, keeps and uses of the row `r`, and until when. The expressions stand
    here whole: a call costs ten times as much, and what looks into no table is worked out without the executor."""
    s, of = ident(plan.schema), parts(plan, table, items=False)
    kept, used = (f"{s}.{ident(f'{table.name}_{what}')}(NEW, s, today, at" for what in ("kept", "used"))
    return f"""IF s.items THEN
    k{i} := {kept});
    u{i} := {used}, k{i});
ELSE
    k{i} := {_deep(_kept(plan, table, of))};
    u{i} := {_deep(_used(plan, table, f"k{i}", of))};
END IF;
IF k{i} = 0 THEN
    u{i} := -1;
ELSE
    d{i} := {_deep(_until(plan, table, f"k{i}"))};
END IF;"""


def _accepted(plan: Plan, table: TablePlan) -> list[str]:
    """What is refused at the door: a source that the policy does not declare (P-049), or that may not give this
    (P-037); data for a service that nobody concerned has (P-015)."""
    checks = []
    if table.source and table.sources:
        declared = "|".join(f"(?:{pattern})" for pattern in table.sources)
        column = f"NEW.{ident(table.source)}"
        checks.append(
            f"IF (TG_OP = 'INSERT' OR {column} IS DISTINCT FROM OLD.{ident(table.source)})\n"
            f"        AND ({column} IS NULL OR {column} !~ {literal(declared)}) THEN\n"
            f"        RAISE EXCEPTION '{table.name}: a source that the policy does not declare for this'\n"
            f"            USING ERRCODE = 'check_violation', HINT = 'declare the source in the policy first (P-049)';\n"
            f"    END IF;"
        )
    checks += _closed(table)
    service = table.needs_service
    if service:
        who = ", ".join(f"NEW.{ident(owner)}" for owner in table.owners)
        has = f"{qualified(service.schema, service.table)} o"
        where = f"o.{ident(service.owner)} IN ({who})"
        what, hint = "a product or service", "P-018: of others only user data exist"
        if service.keys:
            has += (
                f"\n            JOIN {qualified(service.of_schema, service.of)} p"
                f" ON p.{ident(service.of_key)} = o.{ident(service.product)}"
            )
            where += f" AND p.{ident(service.service)} IN ({', '.join(literal(key) for key in service.keys)})"
            # What comes in late belongs to the day on which it was; nothing is of a day to come.
            used = f"{ident(plan.schema)}.civil(NEW.{ident(service.served)})" if service.served else "today"
            day = f"LEAST({used}, today)" if service.served else used
            if service.since:
                where += f"\n              AND COALESCE(o.{ident(service.since)} <= {day}, true)"
            if service.until:
                where += f"\n              AND COALESCE(o.{ident(service.until)} >= {day}, true)"
            what = f"the service {' or '.join(service.keys)}"
            hint = "P-015: collected per service that somebody uses"
        # Whoever gets the row later must have it too: an unknown card's sessions, once the driver is known.
        given = " OR ".join(
            f"NEW.{ident(owner)} IS NOT NULL AND NEW.{ident(owner)} IS DISTINCT FROM OLD.{ident(owner)}"
            for owner in table.owners
        )
        checks.append(
            f"IF (TG_OP = 'INSERT' OR {given}) AND NOT EXISTS (\n"
            f"            SELECT FROM {has}\n"
            f"            WHERE {where}) THEN\n"
            f"        RAISE EXCEPTION '{table.name}: only for people who have {what}'\n"
            f"            USING ERRCODE = 'check_violation', HINT = '{hint}';\n"
            f"    END IF;"
        )
    return checks


def _closed(table: TablePlan) -> list[str]:
    """Values that nobody may write, by what is written and not by who writes it."""
    checks = []
    for one in table.refused:
        tests = [
            f"NEW.{ident(name)} IS DISTINCT FROM OLD.{ident(name)}"
            f" AND NEW.{ident(name)} IS DISTINCT FROM {literal(table.column(name).erased)}"
            for name in one.columns
        ]
        written = " OR ".join([*tests, *(["TG_OP = 'INSERT'"] if table.closed else [])])
        checks.append(
            f"IF {written} THEN\n"
            f"        RAISE EXCEPTION {literal(f'{table.name}.{one.columns[0]} may not be stored: {one.why}')}\n"
            f"            USING ERRCODE = 'check_violation', HINT = {literal(one.remedy)};\n"
            f"    END IF;"
        )
    return checks


def leftover_columns(table: TablePlan) -> list[ColumnPlan]:
    """Columns that may outlive their purposes while their row stays: others of the row have more, or another owner."""
    several = len(table.owners) > 1
    return [c for c in table.columns if not c.key and (several or c.purposes & table.bits != table.bits)]


def _leftovers(plan: Plan, table: TablePlan) -> list[Statement]:
    """A value that comes in when nothing keeps it, in a row that something keeps, goes before the transaction ends. At
    its end, since until then facts may come that keep it; and by what blanks all values, so that only one thing does."""
    columns = leftover_columns(table)
    s, q = ident(plan.schema), qualified(table.schema, table.name)
    drop = Statement(
        "masks",
        f"{table.name}: what nothing keeps, anew",
        f"DROP TRIGGER IF EXISTS bloesem_leftover ON {q}",
    )
    if not columns:
        return [drop]
    several = len(table.owners) > 1

    def dead(kept: Callable[[ColumnPlan], str]) -> str:
        return "\n        OR ".join(
            f"{kept(c)}NEW.{ident(c.name)} IS DISTINCT FROM {literal(c.erased)}" for c in columns
        )

    # Of a shared row the mask does not tell whose purposes keep it: that is asked of each owner's state.
    left = dead(lambda c: "" if several else f"NEW.kept_for & {c.purposes} = 0 AND ")
    declare, looks = "", ""
    if several:
        numbers = range(1, len(table.owners) + 1)
        declare = f"DECLARE\n    {' '.join(f'k{i} bigint := 0;' for i in numbers)}\n"
        asks = [
            f"SELECT {s}.{ident(f'{table.name}_kept')}(NEW, st, {s}.today(), {s}.moment()) INTO k{i}\n"
            f"    FROM {s}.state st WHERE st.person_id = NEW.{ident(owner)};"
            for i, owner in zip(numbers, table.owners, strict=True)
        ]
        gone = dead(lambda c: f"COALESCE(k{c.owner + 1}, 0) & {c.purposes} = 0 AND ")
        looks = _newline([*asks, f"IF NOT ({gone}) THEN\n        RETURN NULL;\n    END IF;"]) + "\n    "
    owners = ", ".join(f"NEW.{ident(owner)}" for owner in table.owners)
    names = ", ".join(ident(name) for name in dict.fromkeys([*(c.name for c in columns), *_deciding(table)]))
    function = f"{s}.{ident(f'{table.name}_leftover')}()"
    sql = f"""
CREATE OR REPLACE FUNCTION {function} RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
{declare}BEGIN
    {looks}PERFORM {s}.refresh(array_remove(ARRAY[{owners}]::bigint[], NULL), {s}.moment(), true);
    RETURN NULL;
END $$"""
    trigger = (
        f"CREATE CONSTRAINT TRIGGER bloesem_leftover AFTER INSERT OR UPDATE OF {names} ON {q}\n"
        f"    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW\n"
        f"    WHEN (NEW.kept_for <> 0 AND ({left})) EXECUTE FUNCTION {function}"
    )
    return [
        Statement("masks", f"{table.name}: what nothing keeps", tidy(sql)),
        drop,
        Statement("masks", f"{table.name}: what nothing keeps, at the end", trigger),
    ]


def _newline(parts: list[str]) -> str:
    return "\n    ".join(parts)


def _deciding(table: TablePlan) -> list[str]:
    """The columns of a row that its masks hang on."""
    names = [
        *table.owners,
        *(n.when.column for n in table.narrow if n.when),
        *filter(None, [table.record_date, table.recorded, table.source]),
        *(name for one in table.refused for name in one.columns),
    ]
    return list(dict.fromkeys(names))


def _arrival_triggers(plan: Plan, table: TablePlan) -> list[Statement]:
    s, q = ident(plan.schema), qualified(table.schema, table.name)
    function = f"{s}.{ident(f'{table.name}_arrives')}()"
    clock = _by_the_clock(plan)  # it cuts links and writes the masks itself, as of its own moment
    deciding = _deciding(table)
    updates = ", ".join(ident(c) for c in deciding)
    changed = " OR ".join(f"OLD.{ident(c)} IS DISTINCT FROM NEW.{ident(c)}" for c in deciding)
    return [
        Statement(
            "masks",
            f"{table.name}: masks at insert",
            f"CREATE OR REPLACE TRIGGER bloesem_arrives BEFORE INSERT ON {q}\n"
            f"    FOR EACH ROW WHEN (NEW.good_until = {NEVER_AT}) EXECUTE FUNCTION {function}",
        ),
        Statement(
            "masks",
            f"{table.name}: masks when what decides them changes",
            f"CREATE OR REPLACE TRIGGER bloesem_moves BEFORE UPDATE OF {updates} ON {q}\n"
            f"    FOR EACH ROW WHEN (({clock}) IS NOT TRUE AND ({changed})) EXECUTE FUNCTION {function}",
        ),
    ]


def _by_the_clock(plan: Plan) -> str:
    """Whether it is `apply_<table>` that writes. Only the keeper is believed when the setting says so; what else the
    keeper changes (a migration) is judged like anybody's. A setting of PostgreSQL's own, since only a superuser gives a
    function one that PostgreSQL does not know."""
    return f"current_user = {literal(plan.role('keeper'))} AND current_setting('application_name') = 'bloesem clock'"


def happens(plan: Plan, table: TablePlan) -> str:
    """Event and consent columns become facts, in the transaction that writes them; then the masks follow."""
    s = ident(plan.schema)
    inserts = [_insert(plan, table, fact) for fact in table.facts]
    updates = []
    for fact in table.facts:
        updates += _update(plan, table, fact)
    key = ident(table.id)
    whose = [ident(owner) for owner in dict.fromkeys(fact.owner for fact in table.facts)]

    def people(of: str) -> str:
        return "array_remove(ARRAY(" + " UNION ".join(f"SELECT {o} FROM {of}" for o in whose) + "), NULL)"

    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.{ident(f"{table.name}_happens")}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids bigint[] := {people("new")};
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM new n JOIN old o ON o.{key} = n.{key} WHERE {_moved(table)}) THEN
            RETURN NULL;
        END IF;
        ids := ids || {people("old")};  -- of whom it was before, it did not happen
    END IF;
    PERFORM 1 FROM {s}.state WHERE person_id = ANY (ids) ORDER BY person_id FOR UPDATE;
    IF TG_OP = 'UPDATE' THEN
        {_deeper(updates)}
    ELSE
        {_deeper(inserts)}
    END IF;
    PERFORM {s}.refresh(ids, {s}.moment());
    RETURN NULL;
END $$"""
    )


def _deeper(parts: list[str]) -> str:
    return "\n        ".join(part.replace("\n", "\n        ") for part in parts)


def _watched(table: TablePlan) -> list[str]:
    columns: dict[str, None] = {}
    for fact in table.facts:
        for name in (fact.owner, fact.at, fact.until, fact.when.column if fact.when else None):
            if name:
                columns[name] = None
    return list(columns)


def _moved(table: TablePlan) -> str:
    return " OR ".join(f"o.{ident(c)} IS DISTINCT FROM n.{ident(c)}" for c in _watched(table))


def _insert(plan: Plan, table: TablePlan, fact: EventPlan, source: str = "new n") -> str:
    return f"{facts_of(plan, table, fact, source)};"


def facts_of(plan: Plan, table: TablePlan, fact: EventPlan, source: str) -> str:
    """INSERT of the facts that rows of `source` (aliased n) carry in one column."""
    s = ident(plan.schema)
    when = f" AND {condition(fact.when, 'n')}" if fact.when else ""
    ends = f"{s}.moment(n.{ident(fact.until)})" if fact.until else "NULL"
    return (
        f"INSERT INTO {s}.fact (person_id, kind, key, starts_at, ends_at, source_table, source_row)\n"
        f"SELECT n.{ident(fact.owner)}, {literal(fact.kind)}, {literal(fact.key)}, "
        f"{s}.moment(n.{ident(fact.at)}), {ends}, {literal(table.name)}, n.{ident(table.id)}\n"
        f"FROM {source} WHERE n.{ident(fact.at)} IS NOT NULL AND n.{ident(fact.owner)} IS NOT NULL{when}"
    )


def _update(plan: Plan, table: TablePlan, fact: EventPlan) -> list[str]:
    """A changed column closes the fact that it gave and gives a new one, also where the row is somebody else's now; an end
    that is filled in closes it then."""
    s, key, at, owner = ident(plan.schema), ident(table.id), ident(fact.at), ident(fact.owner)
    same = (
        f"f.source_table = {literal(table.name)} AND f.source_row = n.{key} AND f.key = {literal(fact.key)} "
        f"AND f.person_id = o.{owner}"
    )
    moved = f"o.{at} IS DISTINCT FROM n.{at} OR o.{owner} IS DISTINCT FROM n.{owner}"
    if fact.when:
        moved += f" OR ({condition(fact.when, 'o')}) <> ({condition(fact.when, 'n')})"
    result = [
        f"UPDATE {s}.fact f SET ends_at = LEAST(f.starts_at, {s}.moment())\n"
        f"FROM new n JOIN old o ON o.{key} = n.{key}\nWHERE {same} AND f.ends_at IS NULL AND ({moved});",
        _insert(plan, table, fact, f"new n JOIN old o ON o.{key} = n.{key} AND ({moved})"),
    ]
    if fact.until:
        end = ident(fact.until)
        result.append(
            f"UPDATE {s}.fact f SET ends_at = {s}.moment(n.{end})\n"
            f"FROM new n JOIN old o ON o.{key} = n.{key}\n"
            f"WHERE {same} AND f.ends_at IS NULL AND n.{end} IS NOT NULL AND o.{end} IS NULL;"
        )
    return result


def _fact_triggers(plan: Plan, table: TablePlan) -> list[Statement]:
    s, q = ident(plan.schema), qualified(table.schema, table.name)
    function = f"{s}.{ident(f'{table.name}_happens')}()"
    clock = _by_the_clock(plan)  # what it blanks did not stop having happened
    return [
        Statement(
            "masks",
            f"{table.name}: facts at insert",
            f"CREATE OR REPLACE TRIGGER bloesem_happens AFTER INSERT ON {q}\n"
            f"    REFERENCING NEW TABLE AS new FOR EACH STATEMENT EXECUTE FUNCTION {function}",
        ),
        Statement(
            "masks",
            f"{table.name}: facts at update",
            f"CREATE OR REPLACE TRIGGER bloesem_changes AFTER UPDATE ON {q}\n"
            f"    REFERENCING NEW TABLE AS new OLD TABLE AS old FOR EACH STATEMENT\n"
            f"    WHEN (({clock}) IS NOT TRUE) EXECUTE FUNCTION {function}",
        ),
    ]


def purposes_on(plan: Plan, table: TablePlan) -> list[PurposePlan]:
    """The purposes that have a bit on the table."""
    return [p for p in plan.purposes if p.mask & table.bits]
