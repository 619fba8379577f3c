"""What a person is shown of the company's own database, and what they may take along."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.bloesem.cli.world import BLOSSOM, call
from tests.bloesem.rights.guarded.world import Blossom, asked, today

from bloesem.company import load
from bloesem.errors import RightsError, StoreError
from bloesem.plan import calculus
from bloesem.plan.dates import civil
from bloesem.rights.evidence import replay
from bloesem.rights.guarded.told import hidden
from bloesem.rights.identify import Who
from bloesem.stores import facts
from bloesem.stores.postgres import Connection

DAY = dt.timedelta(days=1)


def parts(blossom: Blossom, person: int) -> dict[str, int]:
    """How many rows of each table a person has a part in: asked of the tables themselves."""
    found = {}
    for table in blossom.loaded.plan.tables:
        where = " OR ".join(f"{owner} = {person}" for owner in table.owners)
        count = blossom.value(f"SELECT count(*) FROM {table.qualified} WHERE {where}")
        if count:
            found[table.qualified] = count
    return found


@pytest.mark.promise("P-146")
@pytest.mark.promise("R-023")
@pytest.mark.parametrize(
    "case", ["customer", "ann", "restricted", "dispute_open", "complained_together_other", "unknown_card"]
)
def test_every_row_of_every_table_is_shown(blossom: Blossom, connection: Connection, case: str) -> None:
    person = blossom.one(case)
    found = blossom.desk(connection).access(asked(person))
    assert {name: len(rows) for name, rows in found["tables"].items()} == parts(blossom, person)
    assert found["why"].keys() == found["tables"].keys()
    # Faithful: each value as it lies there; and of their own columns only what the map hides (a login's secret) is not shown.
    hides = hidden(blossom.loaded.maps.datamap)
    for table in blossom.loaded.plan.tables:
        where = " OR ".join(f"t.{owner} = {person}" for owner in table.owners)
        lie = connection.execute(
            f"SELECT to_jsonb(t) FROM {table.qualified} t WHERE {where}".encode()
        ).fetchall()
        theirs = {tuple(row[key] for key in table.key): row for (row,) in lie}
        for shown in found["tables"].get(table.qualified, ()):
            if not set(table.key) <= shown.keys():
                continue  # a key that names another is theirs
            row = theirs[tuple(shown[key] for key in table.key)]
            assert {name: row[name] for name in shown} == shown, table.name
            mine = {n for n, owner in enumerate(table.owners) if row[owner] == person}
            owned = {c.name for c in table.columns if c.owner in mine and not c.key}
            assert {name for name in owned - shown.keys() if (table.qualified, name) not in hides} == set()


@pytest.mark.promise("P-146")
def test_recordings_what_was_derived_the_archive_and_logs_are_among_it(
    blossom: Blossom, connection: Connection
) -> None:
    """The sound itself, and no purpose that ended takes from what is shown: whatever is stored is."""
    person = blossom.one("recorded")
    found = blossom.desk(connection).access(asked(person))
    plan, shown = blossom.loaded.plan, found["tables"]
    assert all(row["audio"] for row in shown["data.call_recording"])
    assert len(shown["data.call_recording"]) > 0
    assert all(row["segment"] and row["logic_version"] for row in shown["data.segment"])
    assert len(shown["data.segment"]) > 0
    logs = {table.qualified for table in plan.tables for c in table.columns if "access.log" in c.categories}
    assert logs & shown.keys(), logs
    archived = blossom.one("held_after_all_else")
    left = blossom.desk(connection).access(asked(archived))["tables"]
    assert {name: len(rows) for name, rows in left.items()} == parts(blossom, archived)
    assert "data.invoice" in left, "the archive's"


def test_what_came_in_and_nothing_keeps_is_shown_and_erased_too(
    blossom: Blossom, connection: Connection
) -> None:
    """Of whom a claim alone is left, who writes again: until the sweep the new address is there, and kept for nothing."""
    person, desk = blossom.one("held_after_all_else"), blossom.desk(connection)
    connection.execute(
        "INSERT INTO data.email_address (id, person_id, recorded_at, source, value, value_norm, collected_at) VALUES"
        " (77, %s, bloesem.moment(), 'subject:klantendienst', 'h@post.example', 'h@post.example', bloesem.moment())",
        [person],
    )
    assert desk.access(asked(person))["tables"]["data.email_address"][0]["value"] == "h@post.example"
    desk.erase(asked(person))
    assert "data.email_address" not in parts(blossom, person)
    assert "data.complaint" in parts(blossom, person), "the claim's"


@pytest.mark.promise("R-022")
def test_each_row_says_for_what_until_when_and_from_where(blossom: Blossom, connection: Connection) -> None:
    """As the calculus explains it, row by row."""
    person, plan = blossom.one("ann"), blossom.loaded.plan
    why = blossom.desk(connection).access(asked(person))["why"]
    now, known = facts.moment(connection, plan), facts.facts_of(connection, plan, [person])
    table = plan.table("employer_invoice_line")
    groups = why["data.employer_invoice_line"]["rows"]
    assert len(groups) > 1, "lines of several years end on several days"
    for group in groups:
        for key in group["keys"]:
            row = facts.row_of(connection, plan, table, key["id"])
            said = [
                calculus.explain(plan, table, row, known, p, now)
                for p in plan.purposes
                if table.bits & p.mask
            ]
            alive = [v for v in said if v.use or v.keep]
            assert group["purposes"] == sorted(v.purpose for v in alive)
            assert group["until"] == str(max(v.until for v in alive if v.keep and v.until))
    assert why["data.employer_invoice_line"]["until"] == max(group["until"] for group in groups)
    assert why["data.email_address"]["source"] == "subject:contract"


def test_what_is_restricted_or_held_is_shown_with_why(blossom: Blossom, connection: Connection) -> None:
    desk = blossom.desk(connection)
    restricted = desk.access(asked(blossom.one("restricted")))
    assert restricted["why"]["data.email_address"]["unread"]["support"] == "restricted"
    assert {"kind": "restriction", "key": "accuracy"}.items() <= next(
        one for one in restricted["facts"] if one["kind"] == "restriction"
    ).items()
    held = desk.access(asked(blossom.one("dispute_open")))
    assert any("held" in why for why in held["why"].values())
    (hold,) = [one for one in held["facts"] if one["kind"] == "hold"][:1]
    assert "review" in hold
    assert "klantendienst" not in str(held["facts"]), "who holds is not the person's data"


@pytest.mark.promise("R-023")
def test_of_a_row_of_two_people_each_sees_their_own_columns(blossom: Blossom, connection: Connection) -> None:
    first, second = blossom.one("complained_together"), blossom.one("complained_together_other")
    connection.execute(
        "UPDATE data.complaint SET words = 'canary-first', co_words = 'canary-second' WHERE person_id = %s"
        " AND co_person_id = %s",
        [first, second],
    )
    desk = blossom.desk(connection)
    one, two = (desk.access(asked(person))["tables"]["data.complaint"] for person in (first, second))
    (mine,) = [row for row in one if row["co_person_id"] == second]
    (theirs,) = [row for row in two if row["person_id"] == first]
    assert (mine["words"], "co_words" in mine) == ("canary-first", False)
    assert (theirs["co_words"], "words" in theirs) == ("canary-second", False)
    assert mine["id"] == theirs["id"]


@pytest.mark.promise("P-146")
@pytest.mark.promise("R-023")
def test_who_read_somebody_is_told_by_day_and_purpose_and_not_by_name(
    blossom: Blossom, connection: Connection
) -> None:
    person = blossom.one("customer")
    for _ in range(2):
        connection.execute(
            "INSERT INTO bloesem.reading (act_id, person_id, at, actor, purpose, salt)"
            " VALUES (1, %s, '2026-01-05 12:00+01', 'canary-desk', 'support', '\\x00')",
            [person],
        )
    found = blossom.desk(connection).access(asked(person))
    assert found["read"] == [{"on": "2026-01-05", "purpose": "support", "times": 2}]
    assert "canary-desk" not in str(found)


def test_a_person_is_found_by_what_identifies_them_as_people_write_it(
    blossom: Blossom, connection: Connection
) -> None:
    person, desk = blossom.one("customer"), blossom.desk(connection)
    email = blossom.value("SELECT value_norm FROM data.email_address WHERE person_id = %s", person)
    phone = blossom.value("SELECT value_norm FROM data.phone_number WHERE person_id = %s", person)
    number = blossom.value("SELECT customer_number FROM data.person WHERE id = %s", person)
    writings = [
        Who("email", email.upper()), Who("phone", phone.replace("+", "00")), Who("phone_number", phone),
        Who("customer", number), Who("customer_number", number.lower()), Who("id", str(person), "data.person"),
        Who("customer_number", number, "person"),
    ]  # fmt: skip
    for who in writings:
        assert desk.access([[who]])["person"]["rows"] == [f"data.person.id={person}"], who.kind


def test_who_is_not_one_person_is_refused_with_what_to_do(blossom: Blossom, connection: Connection) -> None:
    first, second, desk = blossom.one("customer"), blossom.one("customer", 1), blossom.desk(connection)
    connection.execute(
        "UPDATE data.email_address SET value_norm = 'both@mail.example' WHERE person_id = ANY (%s)",
        [[first, second]],
    )
    with pytest.raises(RightsError, match="2 people answer to that email") as both:
        desk.access([[Who("email", "both@mail.example")]])
    assert str(first) in str(both.value)
    assert "both@" not in str(both.value)
    with pytest.raises(RightsError, match=r"nobody is found by that email\n.*art. 11") as nobody:
        desk.access([[Who("email", "canary@mail.example")]])
    assert "canary" not in str(nobody.value)
    for who, said in {
        Who("shoe", "42"): "identifies nobody in this map",
        Who("id", "x", "person"): "is a number",
        Who("id", str(2**63), "person"): "is a number",
        Who("street", "x", "address"): "no column of a table of people",
    }.items():
        with pytest.raises(RightsError, match=said):
            desk.access([[who]])
    with pytest.raises(RightsError, match="same person"):
        desk.rehearse([*asked(first), *asked(first)])


def test_one_person_who_is_recorded_twice_is_one(blossom: Blossom, connection: Connection) -> None:
    first, second = blossom.one("customer"), blossom.one("customer", 1)
    together = [[*asked(first)[0], *asked(second)[0]]]
    found = blossom.desk(connection).access(together)
    assert len(found["tables"]["data.person"]) == 2


@pytest.mark.promise("R-031")
def test_to_take_along_is_what_was_given_or_observed_on_contract_or_consent(
    blossom: Blossom, connection: Connection
) -> None:
    """P-162, P-163: assigned and derived values, and what only the law keeps, are left out, each with its reason."""
    person, plan = blossom.one("customer"), blossom.loaded.plan
    found = blossom.desk(connection).portable(asked(person))
    assert "data.session" in found["tables"], "charging sessions are observed"
    assert {"email_address", "person_name", "address"} <= {name.split(".")[1] for name in found["tables"]}
    assert found["columns"]["data.email_address"]["value"] == {
        "type": "text",
        "categories": ["contact.email"],
    }
    assert found["left_out"]["data.person"]["customer_number"].startswith("assigned:")
    assert found["left_many"]["data.person"]["customer_number"] == 1
    assert "amount_cents" not in found["tables"]["data.session"][0]
    for name, columns in found["columns"].items():
        table = plan.table(name.split(".")[1])
        for column in columns:
            bases = {p.basis for p in plan.purposes if p.mask & table.column(column).purposes}
            assert bases & {"consent", "contract"}, (name, column)
    assert not any("used_for" in row for rows in found["tables"].values() for row in rows)


def test_of_a_restricted_person_everything_may_still_be_taken_along(
    blossom: Blossom, connection: Connection
) -> None:
    found: dict[str, Any] = blossom.desk(connection).portable(asked(blossom.one("restricted")))
    assert found["tables"]["data.email_address"][0]["value"]


def test_each_answer_is_an_act_without_anybodys_data(blossom: Blossom, connection: Connection) -> None:
    person, desk = blossom.one("customer"), blossom.desk(connection)
    before = blossom.rows()
    desk.access(asked(person))
    desk.portable(asked(person))
    acts = connection.execute("SELECT kind, counts FROM bloesem.act ORDER BY id DESC LIMIT 2").fetchall()
    assert [kind for kind, _ in acts] == ["export", "access"]
    assert all(counts["people"] == 1 and str(person) not in str(counts) for _, counts in acts)
    assert blossom.rows() == before


def test_a_database_that_goes_away_is_said(blossom: Blossom) -> None:
    with blossom.connect() as victim, blossom.connect() as admin:
        desk = blossom.desk(victim)
        admin.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
        with pytest.raises(StoreError, match="went away"):
            desk.access(asked(blossom.one("customer")))


# ---- a day that was (P-183): by another way than the database's masks, and to the same answer ----------------------------


def read_on(blossom: Blossom, connection: Connection, person: int, day: dt.date) -> dict[str, str]:
    """Purpose → why, of those that read on that day."""
    loaded = blossom.loaded if day == today() else load(BLOSSOM, on=day, prefix=blossom.prefix)
    said = replay(connection, loaded, asked(person), day)
    assert said["version"]["version"] == str(loaded.policy.version)
    assert all(one["basis"] and one["article"] for one in said["purposes"])
    return {one["purpose"]: one["why"] for one in said["purposes"] if one["read"]}


@pytest.mark.promise("P-183")
def test_today_it_is_what_the_database_itself_has_of_each_person(
    blossom: Blossom, connection: Connection
) -> None:
    plan = blossom.loaded.plan
    for case in ("customer", "ann", "restricted", "four_ends", "dispute_open", "complained_together_other"):
        person = blossom.one(case)
        used = blossom.value("SELECT used FROM bloesem.state WHERE person_id = %s", person)
        assert set(read_on(blossom, connection, person, today())) == set(plan.keys(used)), case


@pytest.mark.promise("P-183")
def test_of_a_day_that_was_it_is_what_applied_then(blossom: Blossom, connection: Connection) -> None:
    person = blossom.one("restricted")
    since = civil(
        blossom.value(
            "SELECT min(starts_at) FROM bloesem.fact WHERE person_id = %s AND kind = 'restriction'", person
        )
    )
    before, after = (read_on(blossom, connection, person, day) for day in (since - DAY, since))
    assert "support" in before
    assert "support" not in after
    left = blossom.one("four_ends")
    ended = civil(
        blossom.value(
            "SELECT max(starts_at) FROM bloesem.fact WHERE person_id = %s AND key = 'customer.ended'", left
        )
    )
    assert "identify" in read_on(blossom, connection, left, ended)
    assert "identify" not in read_on(blossom, connection, left, ended + DAY)


@pytest.mark.promise("P-183")
def test_a_day_to_come_is_not_shown_and_the_command_says_it_all(
    blossom: Blossom, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RightsError, match="has not come"):
        replay(connection, blossom.loaded, asked(blossom.one("ann")), today() + DAY)
    acts = "SELECT count(*) FROM bloesem.act WHERE counts ? 'evidence'"
    before = blossom.value(acts)
    monkeypatch.setenv("BLOESEM_DATABASE_URL", blossom.database.dsn.url())
    value = blossom.value(
        "SELECT value_norm FROM data.email_address WHERE person_id = %s ORDER BY id LIMIT 1",
        blossom.one("customer"),
    )
    given = (
        "access",
        "--policy",
        BLOSSOM,
        "--prefix",
        blossom.prefix,
        "--person",
        f"email={value}",
        "--at",
        today(),
    )
    said = call(*given, "--json")
    assert said.code == 0, said.err
    assert {"day", "version", "notice", "told", "purposes", "facts", "decisions", "given"} == said.json.keys()
    paper = call(*given)
    assert paper.code == 0, paper.err
    assert "the version of 2024-03-18 (/nl/notice/2024-03-18)" in paper.out
    assert value not in paper.out
    assert blossom.value(acts) == before + 2
