"""An erasure from the company's own database: every purpose leaves that no exception keeps, and what stays is told."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests.bloesem.rights.guarded.world import Blossom, asked
from tests.bloesem.rights.test_all_or_nothing import Acts, Killed
from tests.faults import STEP

from bloesem.errors import RightsError, StoreError
from bloesem.plan import calculus
from bloesem.plan.model import Fact, Plan, TablePlan
from bloesem.rights.identify import Who
from bloesem.stores import facts
from bloesem.stores.postgres import Connection
from bloesem.stores.rebuild import rebuild

#: People whose erasures keep different things, each for another reason.
CASES = (
    "customer", "customer_ten_years", "ann", "former_recent", "former_old", "invoices_each_side", "dispute_open",
    "held_after_all_else", "restricted", "objector_marketing", "recorded", "contest_ticked", "employer_only", "minor",
    "unknown_caller", "unknown_card", "fleet_contact", "returned_late", "shared_home", "co_user", "complained_together",
)  # fmt: skip

Rows = list[dict[str, Any]]


def rows_of(connection: Connection, plan: Plan, table: TablePlan, people: Sequence[int]) -> Rows:
    names = [c.name for c in table.columns]
    query = sql.SQL("SELECT {} FROM {} WHERE {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Identifier(table.schema, table.name),
        sql.SQL(" OR ").join(
            sql.SQL("{} = ANY ({})").format(sql.Identifier(o), sql.Literal(list(people)))
            for o in table.owners
        ),
    )
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def expected(connection: Connection, plan: Plan, person: int) -> dict[str, dict[str, list[Any]]]:
    """What the plain calculus says of an erasure asked now: the oracle, value by value."""
    now = facts.moment(connection, plan)
    said: dict[str, dict[str, list[Any]]] = {}
    for table in plan.tables:
        for row in rows_of(connection, plan, table, [person]):
            owners = [row[owner] for owner in table.owners if row[owner] is not None]
            known = facts.facts_of(connection, plan, owners)
            known[person] = [*known[person], Fact(person, "erasure", "17(1)(a)", now)]
            masks = calculus.row_masks(plan, table, row, known, now)
            key = {name: row[name] for name in table.key}
            one = said.setdefault(table.qualified, {"deleted": [], "changed": [], "kept": []})
            if not masks.kept:
                one["deleted"].append(key)
                continue
            gone = [c.name for c in table.columns if _blanked(c, row, masks)]
            gone += [o for i, o in enumerate(table.owners) if row[o] is not None and not masks.kept_by[i]]
            if gone:
                one["changed"].append({"key": key, "columns": gone})
            one["kept"].append(_kept(plan, table, row, known, person, now) | {"key": key})
    return said


def _blanked(column: Any, row: Mapping[str, Any], masks: calculus.RowMasks) -> bool:
    there = row[column.name] is not None and row[column.name] != column.erased
    return not column.key and there and not masks.kept_by[column.owner] & column.purposes


def _kept(
    plan: Plan, table: TablePlan, row: dict[str, Any], known: Any, person: int, now: Any
) -> dict[str, Any]:
    """Of the purposes that keep the row for this person, the longest."""
    mine = {**row, **{o: None for o in table.owners if row[o] != person}}
    keeping = []
    for purpose in plan.purposes:
        verdict = calculus.explain(plan, table, mine, known, purpose, now)
        if verdict.keep and verdict.why == "ceiling":  # what the law closed, and does not delete
            bare = calculus.explain(plan, replace(table, ceilings=()), mine, known, purpose, now)
            verdict = replace(verdict, until=bare.until)
        keeping += [verdict] if verdict.keep else []
    if not keeping:
        return {"reason": "somebody else's too", "until": None}
    ends = [v.until for v in keeping]
    until = None if None in ends else max(end for end in ends if end)
    longest = {v.purpose for v in keeping if v.until == until}
    return {"reason": longest, "until": until and str(until), "purposes": {v.purpose for v in keeping}}


@pytest.mark.promise("R-028")
@pytest.mark.parametrize("case", CASES)
def test_what_goes_changes_and_stays_is_what_the_calculus_says(
    blossom: Blossom, connection: Connection, case: str
) -> None:
    person, plan = blossom.one(case), blossom.loaded.plan
    oracle = expected(connection, plan, person)
    others = blossom.rows(without=[person])
    done = blossom.desk(connection).erase(asked(person))
    assert done.tables.keys() == oracle.keys()
    for name, want in oracle.items():
        got = done.tables[name]
        assert by_key(got["deleted"]) == by_key(want["deleted"]), name
        assert {str(c["key"]): set(c["columns"]) for c in got["changed"]} == {
            str(c["key"]): set(c["columns"]) for c in want["changed"]
        }, name
        for kept, why in zip(by_key(got["kept"]), by_key(want["kept"]), strict=True):
            assert (kept["key"], kept["until"]) == (why["key"], why["until"]), name
            assert kept["reason"] == why["reason"] or kept["reason"].split(": ")[0] in why["reason"]
            assert set(kept.get("purposes", ())) == why.get("purposes", set())
    assert blossom.rows(without=[person]) == others, "other people's rows are as they were, to the byte"
    assert rebuild(connection, plan, facts.moment(connection, plan)) == 0


def by_key(rows: Sequence[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: str(row.get("key", row)))


@pytest.mark.parametrize(
    ("case", "table", "own", "others"),
    [
        ("complained_together", "complaint", "words", "co_words"),
        ("shared_home", "installation_file", "preferred_model", "co_preferred_model"),
    ],
)
def test_on_a_row_of_two_the_others_values_stay_to_the_byte(
    blossom: Blossom, connection: Connection, case: str, table: str, own: str, others: str
) -> None:
    """The one who leaves is a customer no more: nothing of theirs is kept there."""
    person, other = blossom.one(case), blossom.one(f"{case}_other")
    where = f"WHERE {other} IN (person_id, co_person_id) AND id = ANY (%s)"
    ids = blossom.value(f"SELECT array_agg(id) FROM data.{table} WHERE {person} IN (person_id, co_person_id)")
    connection.execute(
        f"UPDATE data.{table} SET {own} = 'canary-own', {others} = 'canary-other' WHERE id = ANY (%s)".encode(),
        [ids],
    )
    connection.execute(
        "UPDATE data.account SET terminated_at = now() - interval '2 months', closed_at = now() - interval '2 months'"
        " WHERE person_id = %s",
        [person],
    )
    before = blossom.rows(without=[person])
    done = blossom.desk(connection).erase(asked(person))
    changed = {str(row["key"]["id"]): row["columns"] for row in done.tables[f"data.{table}"]["changed"]}
    assert changed, "the row stays for the other"
    row = connection.execute(
        f"SELECT {own}, {others}, person_id, co_person_id FROM data.{table} {where}".encode(), [ids]
    ).fetchone()
    assert row is not None
    assert set(row) & {"canary-own", "canary-other"} == {"canary-other"}
    assert {row[2], row[3]} == {None, other}
    assert {"key": {"id": ids[0]}, "reason": "somebody else's too", "until": None} in done.tables[
        f"data.{table}"
    ]["kept"]
    after = blossom.rows(without=[person])
    assert all(set(rows) <= set(after[name]) for name, rows in before.items()), "no other row was touched"


def test_a_rehearsal_changes_nothing_and_binds_the_act(blossom: Blossom, connection: Connection) -> None:
    person, desk = blossom.one("ann"), blossom.desk(connection)
    before, known, acts = blossom.rows(), count(blossom, "fact"), count(blossom, "act")
    rehearsed = desk.rehearse(asked(person))
    assert not rehearsed.done
    assert blossom.rows() == before
    assert (count(blossom, "fact"), count(blossom, "act")) == (known, acts)
    shown = desk.rehearse(asked(person), show_values=True)
    assert shown.plan == rehearsed.plan, "what is shown is not what is done"
    (gone,) = shown.tables["data.email_address"]["deleted"]
    assert gone["value"].endswith(".example")
    assert "used_for" not in gone
    done = desk.erase(asked(person), plan=rehearsed.plan)
    assert done.tables == rehearsed.tables


def count(blossom: Blossom, table: str) -> int:
    found: int = blossom.value(f"SELECT count(*) FROM bloesem.{table}")
    return found


CHANGES = {
    "a value": "UPDATE data.address SET street = 'Elders 1' WHERE person_id = %s",
    "a new row": "INSERT INTO data.contact (id, person_id, recorded_at, source, direction, channel, at, about)"
    " VALUES (77, %s, now(), 'subject:klantendienst', 'inbound', 'phone', now(), 'vraag')",
    "a fact": "SELECT bloesem.record_fact(%s, 'objection', 'marketing', now())",
    "a row that went": "DELETE FROM data.address WHERE person_id = %s",
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_plan_is_refused_after_a_change(blossom: Blossom, connection: Connection, what: str) -> None:
    person, desk = blossom.one("customer"), blossom.desk(connection)
    plan = desk.rehearse(asked(person)).plan
    connection.execute(CHANGES[what].encode(), [person])
    before = blossom.rows()
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        desk.erase(asked(person), plan=plan)
    assert blossom.rows() == before
    other = blossom.desk(connection).rehearse(asked(person), ground="17(1)(f)").plan
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        desk.erase(asked(person), plan=other)


@pytest.mark.faults
def test_killed_at_any_statement_it_is_whole_or_not_begun(blossom: Blossom, connection: Connection) -> None:
    person = blossom.one("ann")
    before, n = blossom.rows(), 1 - STEP
    while True:
        n += STEP
        with blossom.connect() as victim:
            acts = Acts()
            desk = blossom.desk(Killed(victim, connection, n), acts)  # type: ignore[arg-type]
            try:
                desk.erase(asked(person))
            except StoreError:
                assert "failed" not in acts.said, (
                    "nobody knows yet: the server is asked when somebody asks next"
                )
                assert "done" not in acts.said
                assert blossom.rows() == before, n
                assert (
                    blossom.value(
                        "SELECT count(*) FROM bloesem.fact WHERE kind = 'erasure' AND person_id = %s", person
                    )
                    == 0
                )
            else:
                break
    assert n > 40
    assert acts.said == ["begun", "done"]


def test_of_those_of_whom_nothing_is_kept_nothing_is_in_a_dump(
    blossom: Blossom, connection: Connection
) -> None:
    """Every text of theirs that is nobody else's: looked for in what pg_dump writes of the whole database."""
    people = [blossom.one("contest_unticked"), blossom.one("employer_only"), blossom.one("prospect")]
    mine: set[str] = set()
    for number, person in enumerate(people):
        for table, column in (("email_address", "value"), ("work_email", "value"), ("contact", "content")):
            canary = f"canary-{number}-{table}"
            connection.execute(
                f"UPDATE data.{table} SET {column} = %s WHERE person_id = %s".encode(), [canary, person]
            )
            if blossom.value(f"SELECT count(*) FROM data.{table} WHERE {column} = %s", canary):
                mine.add(canary)
    assert len(mine) > 3
    assert all(canary in dump(blossom) for canary in mine)
    blossom.desk(connection).erase(asked(*people))
    left = dump(blossom)
    assert [canary for canary in mine if canary in left] == []


def dump(blossom: Blossom) -> str:
    database = blossom.database
    made = subprocess.run(
        [database.server.bin_dir / "pg_dump", "--dbname", database.dsn.url()],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout


def test_many_go_at_once_by_as_many_statements_as_one(blossom: Blossom, connection: Connection) -> None:
    one, desk = blossom.one("customer"), blossom.desk(connection)
    many = [*blossom.cases["former_recent"], *blossom.cases["prospect"], *blossom.cases["customer"][1:6]]
    single, alone = desk.rehearse(asked(one)), [desk.rehearse(asked(person)).tables for person in many]
    done = desk.erase(asked(*many))
    assert done.statements == single.statements
    for name, got in done.tables.items():
        for word in ("deleted", "changed", "kept"):
            each = [row for tables in alone for row in tables.get(name, {}).get(word, ())]
            assert sorted(map(str, got[word])) == sorted(map(str, each)), (name, word)
    (counts,) = connection.execute("SELECT counts FROM bloesem.act ORDER BY id DESC LIMIT 1").fetchone() or (
        {},
    )
    assert counts["people"] == len(many)


def test_both_of_two_who_share_a_row_go_with_it(blossom: Blossom, connection: Connection) -> None:
    both = [blossom.one("complained_together"), blossom.one("complained_together_other")]
    plan = blossom.loaded.plan
    done = blossom.desk(connection).erase(asked(*both))
    for table in plan.tables:
        for row in rows_of(connection, plan, table, both):
            kept = done.tables[table.qualified]["kept"]
            assert any(one["key"][table.id] == row[table.id] for one in kept)


def test_an_objection_and_a_consents_proof_outlive_the_erasure(
    blossom: Blossom, connection: Connection
) -> None:
    person = blossom.one("objector_marketing")
    blossom.desk(connection).erase(asked(person))
    kinds = {
        row[0]
        for row in connection.execute(
            "SELECT kind FROM bloesem.fact WHERE person_id = %s AND ends_at IS NULL", [person]
        )
    }
    assert {"objection", "erasure"} <= kinds


def test_whoever_writes_meanwhile_leaves_nothing_behind(blossom: Blossom, connection: Connection) -> None:
    """Rows about somebody come in while they are erased: before it they go with it, after it nothing keeps them."""
    person = blossom.one("former_recent")
    stop, faults = threading.Event(), list[str]()

    def write() -> None:
        number = 1_000_000
        with blossom.connect() as writer:
            while not stop.is_set():
                number += 1
                try:
                    writer.execute(
                        "INSERT INTO data.contact (id, person_id, recorded_at, source, direction, channel, at, about)"
                        " VALUES (%s, %s, now(), 'subject:klantendienst', 'outbound', 'phone', now(), 'vraag')",
                        [number, person],
                    )
                except psycopg.Error as fault:
                    faults.append(str(fault))
                    return

    writers = [threading.Thread(target=write) for _ in range(1)]
    for one in writers:
        one.start()
    try:
        done = blossom.desk(connection).erase(asked(person))
    finally:
        stop.set()
        for one in writers:
            one.join()
    gone = {row["id"] for row in done.tables.get("data.contact", {}).get("deleted", ())}
    left = connection.execute(
        "SELECT id, recorded_at, kept_for FROM data.contact WHERE person_id = %s", [person]
    ).fetchall()
    at = blossom.value("SELECT starts_at FROM bloesem.fact WHERE kind = 'erasure' AND person_id = %s", person)
    assert not faults
    assert not gone & {row[0] for row in left}
    assert not [row for row in left if row[1] <= at], (
        "what was recorded before the request is what it is about"
    )


def test_two_who_share_rows_erased_at_the_same_time_both_go(blossom: Blossom) -> None:
    pairs = list(zip(blossom.cases["shared_home"], blossom.cases["shared_home_other"], strict=True))
    faults: list[BaseException] = []

    def go(person: int) -> None:
        try:
            with blossom.connect() as own:
                blossom.desk(own).erase(asked(person))
        except BaseException as fault:  # told by the main thread
            faults.append(fault)

    for pair in pairs:
        both = [threading.Thread(target=go, args=(person,)) for person in pair]
        for one in both:
            one.start()
        for one in both:
            one.join()
    assert faults == []
    with blossom.connect() as connection:
        plan = blossom.loaded.plan
        assert rebuild(connection, plan, facts.moment(connection, plan)) == 0


def test_whom_nothing_identifies_any_more_is_nobody(blossom: Blossom, connection: Connection) -> None:
    person, desk = blossom.one("contest_unticked"), blossom.desk(connection)
    email = blossom.value("SELECT value_norm FROM data.email_address WHERE person_id = %s", person)
    desk.erase([[Who("email", email)]])
    with pytest.raises(RightsError, match="nobody is found by that email"):
        desk.access([[Who("email", email)]])
