"""What is written at a person's request beside facts: a value that was wrong, and the consent record that says until when.

The gate's own triggers judge these writes as anybody's: a source that is not declared is refused, an event that moves is
a fact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.datamap.model import DataMap
from bloesem.errors import RightsError
from bloesem.plan.model import ColumnPlan, Fact, FactKind, Plan, TablePlan
from bloesem.plan.predicates import sql as condition
from bloesem.plan.quoting import ident, qualified
from bloesem.plan.sql.corrections import GROUNDS
from bloesem.rights.amend import Correction
from bloesem.rights.guarded.rows import Item, Ref, Rows
from bloesem.rights.guarded.who import kind_of
from bloesem.rights.identifiers import Identifier, IdentifierError, normal
from bloesem.stores.postgres import Connection


@dataclass(frozen=True)
class Asked:
    """A correction of one column, and of the column that holds its normal form, where there is one."""

    table: TablePlan
    column: ColumnPlan
    correction: Correction
    normal: ColumnPlan | None

    def written(self) -> dict[str, str | None]:
        """Column → value."""
        value = self.correction.value
        said: dict[str, str | None] = {self.column.name: value}
        if self.normal is not None:
            said[self.normal.name] = None if value is None else _normal(self.normal, value)
        return said


def rectification(
    plan: Plan, datamap: DataMap, corrections: Sequence[Correction], source: str | None
) -> list[Asked]:
    """raises: RightsError for what no person may have corrected, and for a source where a table has none."""
    forms = normal_forms(datamap)
    found = []
    for one in corrections:
        table = next((t for t in plan.tables if one.table in (t.qualified, t.name)), None)
        column = next((c for c in table.columns if c.name == one.column), None) if table else None
        if table is None or column is None:
            raise RightsError(
                f"{one.table}.{one.column} is not in the map",
                "a map says where personal data lies",
                "mend the name",
            )
        of = {form: name for (where, name), form in forms.items() if where == table.qualified}
        if column.key or column.name in of:
            raise RightsError(
                f"{table.qualified}.{column.name} "
                + (
                    f"follows from {of[column.name]}" if column.name in of else "holds nothing about a person"
                ),
                "P-148: what is wrong about a person is corrected; keys and links are not about anybody",
                f"use one of: {', '.join(c.name for c in table.columns if not c.key and c.name not in of)}",
            )
        if source is not None and table.source is None:
            raise RightsError(
                f"{table.qualified} does not say where its rows came from",
                "P-049: a source stands in the column that the map names",
                "leave --source out",
            )
        form = forms.get((table.qualified, column.name))
        found.append(Asked(table, column, one, table.column(form) if form else None))
    return found


def normal_forms(datamap: DataMap) -> dict[tuple[str, str], str]:
    """(table, column) → the column that holds its normal form (`normal_of` of the map)."""
    return {
        (f"{dataset.db_schema}.{collection.name}", one.meta.normal_of): one.name
        for dataset in datamap.dataset
        for collection in dataset.collections
        for one in collection.fields
        if one.meta.normal_of
    }


def _normal(column: ColumnPlan, value: str) -> str:
    """How the business looks it up: a phone number as E.164, anything else in small letters.

    raises: RightsError for what is no such identifier.
    """
    kind = kind_of(column.identity or "")
    try:
        spelling = normal(Identifier(kind, value))  # type: ignore[arg-type]
    except IdentifierError as fault:
        raise RightsError(fault.thing, fault.rule, fault.remedy) from None
    return spelling if kind == "phone" else value.strip().lower()


@dataclass(frozen=True)
class Grounded:
    """On which of the four grounds of the text (P-148): `wrong`, `incomplete`, `inappropriate` or `outdated`; `statement`:
    what the person adds to it; `proof`: on what it was accepted, in the officer's words."""

    ground: str = "wrong"
    statement: str | None = None
    proof: str | None = None


def correct(
    connection: Connection,
    plan: Plan,
    asked: Sequence[Asked],
    source: str | None,
    before: Rows,
    why: Grounded | None = None,
) -> dict[Ref, Sequence[str]]:
    """Writes the corrections, a statement per row, each verified; what the values were is kept, for the keeper alone.
    out: the columns written, per row.

    raises: RightsError when no row of the person is meant, or more than one; when nothing keeps the value any more; when
    another number of rows changed.
    """
    kinds = types(connection, plan)
    written: dict[Ref, dict[str, str | None]] = {}
    items: dict[Ref, Item] = {}
    for one in asked:
        item = _row(before, one)
        if not item.kept & one.column.purposes:
            raise RightsError(
                f"nothing keeps {one.table.qualified}.{one.column.name} of that row any more",
                "P-150: a value that no purpose needs is not stored, a right one neither",
                "see what is kept: bloesem access",
            )
        items[item.ref] = item
        row = written.setdefault(item.ref, {})
        row |= one.written()
        if source is not None and one.table.source:
            row[one.table.source] = source
    grounded = why or Grounded()
    if grounded.ground not in GROUNDS:
        raise RightsError(
            f"`{grounded.ground}` is no ground of a correction",
            "P-148: data that is wrong, incomplete, inappropriate or outdated is set right",
            f"use one of: {', '.join(GROUNDS)}",
        )
    for one in asked:
        _remember(connection, plan, items[_row(before, one).ref], one.column, grounded)
    for ref, values in written.items():
        _write(connection, items[ref], values, kinds)
    return {ref: [*values] for ref, values in written.items()}


def _remember(connection: Connection, plan: Plan, item: Item, column: ColumnPlan, why: Grounded) -> None:
    """What the value was, before it is written over."""
    table, owner = item.table, item.owners[column.owner]
    where = " AND ".join(f"r.{ident(c)} = %s" for c in table.key)
    connection.execute(
        f"INSERT INTO {ident(plan.schema)}.correction (person_id, at, ground, table_name, row_id, column_name, was,"
        f" statement, given_by) SELECT %s, {ident(plan.schema)}.moment(), %s, %s, r.{ident(table.id)}, %s,"
        f" r.{ident(column.name)}::text, %s, %s FROM {qualified(table.schema, table.name)} r WHERE {where}".encode(),
        [owner, why.ground, table.name, column.name, why.statement, why.proof, *item.key],
    )


def state(
    connection: Connection, plan: Plan, items: Sequence[Item], people: Collection[int], why: Grounded
) -> None:
    """A supplementary statement about rows, of which no value is changed (art. 16)."""
    for item in items:
        owner = next(o for o in item.owners if o in people)
        connection.execute(
            f"INSERT INTO {ident(plan.schema)}.correction (person_id, at, ground, table_name, row_id, statement, given_by)"
            f" VALUES (%s, {ident(plan.schema)}.moment(), %s, %s, %s, %s, %s)".encode(),
            [owner, why.ground, item.table.name, int(item.key[0]), why.statement, why.proof],
        )


def _write(
    connection: Connection, item: Item, values: Mapping[str, str | None], kinds: Mapping[tuple[str, str], str]
) -> None:
    table = item.table
    sets = ", ".join(f"{ident(c)} = %s::text::{kinds[table.qualified, c]}" for c in values)
    where = " AND ".join(f"{ident(c)} = %s" for c in table.key)
    done = connection.execute(
        f"UPDATE {qualified(table.schema, table.name)} SET {sets} WHERE {where}".encode(),
        [*values.values(), *item.key],
    )
    if done.rowcount != 1:
        raise RightsError(
            f"{done.rowcount} rows of {table.qualified} were changed where 1 was expected",
            "all or nothing: nothing was written",
            "see which trigger of the table is in the way",
        )


def _row(before: Rows, one: Asked) -> Item:
    owner = one.column.owner
    mine = [item for item, owners in before.mine() if item.table == one.table and owner in owners]
    if one.correction.row:
        mine = [item for item in mine if tuple(map(str, item.key)) == one.correction.row]
    if len(mine) != 1:
        keys = "; ".join(",".join(map(str, item.key)) for item in sorted(mine, key=lambda i: i.key))
        raise RightsError(
            f"{len(mine)} rows of {one.table.qualified} are this person's" + (f": {keys}" if mine else ""),
            "nobody else's data is shown or changed, and none by accident",
            f"name one: {one.table.qualified}[KEY].{one.column.name}=…"
            if mine
            else "see what there is: bloesem access",
        )
    return mine[0]


def item(plan: Plan, text: str, before: Rows) -> tuple[str, int]:
    """in: `table[number]`. out: table and row of the person's, as facts name them. raises: RightsError."""
    name, bracket, key = text.partition("[")
    table = next((t for t in plan.tables if name in (t.qualified, t.name)), None)
    if table is None or not bracket or not key.endswith("]"):
        raise RightsError(
            "one row is named by its table and number", "art. 18: also one item can be restricted",
            "write address[7]; bloesem access shows the numbers",
        )  # fmt: skip
    for row, _ in before.mine():
        if row.table == table and str(row.key[0]) == key[:-1]:
            return table.name, int(row.key[0])
    raise RightsError(
        f"no such row of {table.qualified} is this person's",
        "nobody else's data is shown or changed",
        "see what there is: bloesem access",
    )


def withdraw(connection: Connection, plan: Plan, people: Sequence[int], purposes: Sequence[str]) -> None:
    """Writes into the records of consent until when they held, where the map names a column for it; the facts follow."""
    now = f"{ident(plan.schema)}.moment()"
    for table in plan.tables:
        for fact in table.facts:
            if fact.kind != "consent" or fact.key not in purposes or fact.until is None:
                continue
            at, until = f"r.{ident(fact.at)}", f"r.{ident(fact.until)}"
            when = f" AND {condition(fact.when, 'r')}" if fact.when else ""
            connection.execute(
                f"UPDATE {qualified(table.schema, table.name)} r SET {ident(fact.until)} = {now}"
                f" WHERE r.{ident(fact.owner)} = ANY (%s) AND {at} <= {now} AND ({until} IS NULL OR {until} > {now})"
                f"{when}".encode(),
                [list(people)],
            )


def holding(
    connection: Connection,
    plan: Plan,
    people: Sequence[int],
    facts: Sequence[tuple[FactKind, str]],
    row: tuple[str, int] | None,
) -> list[tuple[int, tuple[FactKind, str]]]:
    """The numbers of facts of these kinds and keys that hold now: about the people, or about the one row."""
    if not facts:
        return []
    s, (table, number) = ident(plan.schema), row or (None, None)
    found = connection.execute(
        f"SELECT id, kind, key FROM {s}.fact WHERE person_id = ANY (%s)"
        " AND (kind, key) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
        " AND table_name IS NOT DISTINCT FROM %s::text AND row_id IS NOT DISTINCT FROM %s::bigint"
        f" AND starts_at <= {s}.moment() AND (ends_at IS NULL OR ends_at > {s}.moment()) ORDER BY id",
        [list(people), [kind for kind, _ in facts], [key for _, key in facts], table, number],
    ).fetchall()
    return [(id_, (kind, key)) for id_, kind, key in found]


def consents(facts: Mapping[int, Sequence[Fact]], now: dt.datetime) -> set[tuple[FactKind, str]]:
    """The consents that held."""
    return {(f.kind, f.key) for own in facts.values() for f in own if f.kind == "consent" and f.holds(now)}


def types(connection: Connection, plan: Plan) -> dict[tuple[str, str], str]:
    """(qualified table, column) → its type, as PostgreSQL writes it."""
    found = connection.execute(
        "SELECT n.nspname::text || '.' || c.relname, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)"
        " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname || '.' || c.relname = ANY (%s)",
        [[table.qualified for table in plan.tables]],
    ).fetchall()
    names: dict[tuple[str, str], Any] = {(table, column): kind for table, column, kind in found}
    return names
