"""Who may agree by themselves: from an age on that the law gives (art. 8(1) GDPR; law of 30 July 2018 art. 7; R-057).

A table of consents that says who gave each (`given_by`) refuses what a child alone gave, by whichever page, program or desk
it comes, and a parent's consent for somebody who is old enough. Where a birth date becomes known later, or is mended, what
the child alone gave ends then: it never was a consent.
"""

from __future__ import annotations

from collections.abc import Iterator

from bloesem.plan.model import BornPlan, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.statement import Statement, tidy

#: How a refusal is told from others: the name that PostgreSQL gives with it.
BROKEN = "consent_age"
#: The column that says who agreed, and what it says of a parent.
GIVEN_BY, PARENT = "given_by", "parent"
#: What is answered, and written down, of whoever is too young.
TOO_YOUNG = "too young"


def statements(plan: Plan) -> list[Statement]:
    """Nothing where no birth date stands anywhere, or no consent says who gave it."""
    tables = [table for table in plan.tables if _says_who(table)]
    if not plan.born or not tables:
        return []
    s = ident(plan.schema)
    made: list[Statement] = []
    for table in tables:
        name = f"{s}.{ident(f'{table.name}_old_enough')}"
        made += _function(plan, f"{table.name}: old enough", name, _comes(plan, table, name))
        made.append(
            Statement(
                "ages",
                f"{table.name}: old enough, trigger",
                f"CREATE OR REPLACE TRIGGER old_enough BEFORE INSERT ON {qualified(table.schema, table.name)} FOR EACH ROW"
                f" EXECUTE FUNCTION {name}()",
            )
        )
    for born in plan.born:
        name = f"{s}.{ident(f'{born.table}_too_young')}"
        made += _function(plan, f"{born.table}: too young", name, _known(plan, born, tables, name))
        made += [
            Statement(
                "ages",
                f"{born.table}: too young, {event.lower()}",
                f"CREATE OR REPLACE TRIGGER {ident(f'too_young_{event.lower()}')} AFTER {event} ON"
                f" {qualified(born.schema, born.table)} REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT"
                f" EXECUTE FUNCTION {name}()",
            )
            for event in ("INSERT", "UPDATE")
        ]
    return made


def _says_who(table: TablePlan) -> bool:
    return (
        any(fact.kind == "consent" for fact in table.facts)
        and table.record_date is not None
        and any(column.name == GIVEN_BY for column in table.columns)
    )


def _function(plan: Plan, about: str, name: str, body: str) -> Iterator[Statement]:
    yield Statement("ages", about, tidy(body))
    keeper = ident(plan.role("keeper"))
    yield Statement("ages", f"{about}, the keeper's", f"ALTER FUNCTION {name}() OWNER TO {keeper}")
    yield Statement("ages", f"{about}, nobody else's", f"REVOKE EXECUTE ON FUNCTION {name}() FROM PUBLIC")


def _birthday(plan: Plan, born: BornPlan, row: str) -> str:
    """The day from which on somebody agrees by themselves."""
    return f"({row}.{ident(born.column)} + interval '{plan.consent_age:d} years')::date"


def _comes(plan: Plan, table: TablePlan, name: str) -> str:
    """A child that has no parent's word, or a parent's word for whoever needs none. Nobody's birth date is in the text."""
    owner, day, age = (
        f"NEW.{ident(table.owners[0])}",
        f"NEW.{ident(str(table.record_date))}",
        plan.consent_age,
    )
    days = " UNION ALL ".join(
        f"SELECT {_birthday(plan, born, 'b')} AS day FROM {qualified(born.schema, born.table)} b"
        f" WHERE b.{ident(born.owner)} = {owner} AND b.{ident(born.column)} IS NOT NULL"
        for born in plan.born
    )
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since date := (SELECT max(d.day) FROM ({days}) AS d);
BEGIN
    IF since > {day} AND NEW.{GIVEN_BY} IS DISTINCT FROM {literal(PARENT)} THEN
        RAISE EXCEPTION 'somebody younger than {age} does not agree alone' USING ERRCODE = 'check_violation',
            CONSTRAINT = {literal(BROKEN)},
            HINT = 'art. 8(1): ask whoever holds parental authority, and record that they agreed';
    ELSIF since <= {day} AND NEW.{GIVEN_BY} = {literal(PARENT)} THEN
        RAISE EXCEPTION 'from {age} years on nobody else agrees' USING ERRCODE = 'check_violation',
            CONSTRAINT = {literal(BROKEN)}, HINT = 'art. 4(11), 8(1): ask the person';
    END IF;
    RETURN NEW;
END $$"""


def _known(plan: Plan, born: BornPlan, tables: list[TablePlan], name: str) -> str:
    ends = "".join(_ends(plan, born, table) for table in tables)
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN{ends}
    RETURN NULL;
END $$"""


def _ends(plan: Plan, born: BornPlan, table: TablePlan) -> str:
    s = ident(plan.schema)
    fact = next(one for one in table.facts if one.kind == "consent" and one.until is not None)
    given, ended = ident(fact.at), ident(str(fact.until))
    how = any(column.name == "withdrawn_how" for column in table.columns)
    said = f", withdrawn_how = {literal(TOO_YOUNG)}" if how else ""
    return f"""
    UPDATE {qualified(table.schema, table.name)} c SET {ended} = GREATEST(c.{given}, {s}.moment()){said}
    FROM fresh n
    WHERE c.{ident(table.owners[0])} = n.{ident(born.owner)} AND c.{ended} IS NULL
      AND c.{GIVEN_BY} IS DISTINCT FROM {literal(PARENT)}
      AND c.{ident(str(table.record_date))} < {_birthday(plan, born, "n")};"""


__all__ = ["BROKEN", "GIVEN_BY", "PARENT", "TOO_YOUNG", "statements"]
