"""The register of breaches in a database: who reads and writes it, that nothing is changed, and letters to people."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from tests.bloesem.cli.world import BLOSSOM, call
from tests.bloesem.consent.stage import Stage
from tests.bloesem.recipients.changed import blossom
from tests.bloesem.sending.stage import door

from bloesem.breaches import store
from bloesem.breaches.entries import BreachError, Closed, Described, Judged, Notified, Recorded, Reopened
from bloesem.breaches.letters import TEMPLATE, Said, Whom, chosen, tell, words
from bloesem.breaches.rules import BRUSSELS, Breach, kept_through
from bloesem.clock.sweep import sweep
from bloesem.plan.dates import midnight
from bloesem.plan.model import Fact
from bloesem.stores.facts import record_fact
from bloesem.terms import add_period

LAW = blossom().law
SAID = {
    name: {language: f"{name} in {language}" for language in ("nl", "en", "fr", "de")}
    for name in ("what", "consequences", "measures")
}


def begun(at: Stage, **changes: Any) -> Breach:
    aware = at.now() - dt.timedelta(hours=5)
    said = Recorded(
        **{"what": "A list went astray", "losses": ("confidentiality",), **changes},
        discovered_at=aware,
        aware_at=aware,
    )
    return store.note(at.keeper, LAW, None, said, actor="officer:1", now=at.now())


def note(at: Stage, number: int, said: Any) -> Breach:
    return store.note(at.keeper, LAW, number, said, actor="officer:1", now=at.now())


@pytest.mark.promise("R-043")
def test_every_breach_is_there_with_each_entry_as_it_was_and_each_is_an_act(at: Stage) -> None:
    one = begun(at)
    two = begun(at)
    assert two.number == one.number + 1
    note(at, one.number, Described(people=12))
    found = note(at, one.number, Judged("high", "bank accounts"))
    assert [entry.kind for entry in found.entries] == ["recorded", "described", "risk"]
    assert found.owed == ("notify", "tell")
    assert found.due == (one.recorded.aware_at + dt.timedelta(hours=72))
    assert found.due.tzinfo is BRUSSELS
    acts = at.keeper.execute(
        "SELECT counts FROM bloesem.act WHERE kind = 'breach' AND counts->>'breach' = %s ORDER BY id",
        [str(one.number)],
    ).fetchall()
    assert [row[0]["entry"] for row in acts] == [1, 2, 3]
    assert [b.number for b in store.breaches(at.keeper, LAW)][-2:] == [one.number, two.number]


def test_what_may_not_be_written_leaves_nothing(at: Stage) -> None:
    one = begun(at)
    before = at.one("SELECT count(*) FROM bloesem.breach_entry")
    with pytest.raises(BreachError, match="before we were aware"):
        note(at, one.number, Notified(at.now() - dt.timedelta(days=9), "GBA-1"))
    with pytest.raises(BreachError, match="there is no breach 999999"):
        note(at, 999999, Judged("risk", "x"))
    assert at.one("SELECT count(*) FROM bloesem.breach_entry") == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bloesem.breach_entry SET actor = 'x'",
        "DELETE FROM bloesem.breach_entry",
        "TRUNCATE bloesem.breach_entry",
    ],
)
def test_nothing_in_the_register_is_changed_or_taken_away(at: Stage, statement: str) -> None:
    begun(at)
    with pytest.raises(psycopg.Error, match="append-only"):
        at.keeper.execute(statement.encode())
    at.keeper.rollback()


def test_an_entry_that_was_decided_on_another_state_is_refused(at: Stage) -> None:
    one = begun(at)
    note(at, one.number, Described(people=3))
    with pytest.raises(psycopg.Error) as fault:
        at.keeper.execute("SELECT bloesem.breach_note(%s, 1, 'whole', '{}', 'x')", [one.number])
    assert fault.value.sqlstate == "BL002"
    at.keeper.rollback()


def test_the_officers_login_reads_and_adds_and_no_other_process_does(at: Stage) -> None:
    plan = at.rules.plan
    assert plan.oversight is not None
    allowed = {
        name
        for name in plan.processes
        for function in ("breach_register()", "breach_note(bigint, integer, text, jsonb, text)")
        if at.one(
            "SELECT has_function_privilege(%s, %s, 'EXECUTE')", plan.role(name), f"{plan.schema}.{function}"
        )
    }
    assert allowed == {plan.oversight.process}
    for name in plan.processes:
        assert not at.one(
            "SELECT has_table_privilege(%s, 'bloesem.breach_entry', 'SELECT, INSERT, UPDATE')",
            plan.role(name),
        )


# ---- letters -----------------------------------------------------------------------------------------------------------


def whole(at: Stage) -> Breach:
    one = begun(at)
    note(at, one.number, Described(consequences="Advertising", measures="The link is gone"))
    return note(at, one.number, Judged("high", "bank accounts"))


def told(at: Stage, number: int, people: list[int]) -> tuple[Breach, dict[int, str]]:
    made, _ = door(at)
    found, done = tell(
        made, LAW, number, people, Said.model_validate(SAID), contact="privacy@blossom.example", channel="email",
        actor="officer:1", now=at.now(),
    )  # fmt: skip
    return found, {one.person: one.reason.key for one in done}


@pytest.mark.promise("R-044")
def test_people_are_told_once_also_who_objected_to_advertising_or_is_restricted(at: Stage) -> None:
    plain, objector, restricted, silent = at.customer(), at.customer(), at.customer(), at.business.customer()
    since = at.now() - dt.timedelta(hours=1)
    for fact in (
        Fact(objector, "objection", "marketing", since),
        Fact(restricted, "restriction", "accuracy", since),
    ):
        record_fact(at.keeper, at.rules.plan, fact)
    one = whole(at)
    found, reasons = told(at, one.number, [plain, objector, restricted, silent])
    assert {reasons[person] for person in (plain, objector, restricted)} == {"allowed"}
    assert reasons[silent] == "no-address"
    assert (found.letters[-1].people, found.letters[-1].allowed) == (4, 3)
    assert "tell" not in found.owed
    sender, listing = door(at)
    sender.run()
    mine = [letter for letter in listing.sent if "privacy@blossom.example" in letter.text]
    assert len(mine) == 3
    for letter in mine:
        assert sum(f"what in {language}" in letter.text for language in ("nl", "en", "fr", "de")) == 1
    told(at, one.number, [plain, objector])
    sender.run()
    assert len([letter for letter in listing.sent if "privacy@blossom.example" in letter.text]) == 3


def test_before_it_is_said_what_may_come_of_it_nobody_is_told(at: Stage) -> None:
    person, one = at.customer(), begun(at)
    before = at.one("SELECT count(*) FROM bloesem.outbox")
    with pytest.raises(BreachError, match="not said yet"):
        told(at, one.number, [person])
    assert at.one("SELECT count(*) FROM bloesem.outbox") == before


def test_people_are_chosen_by_one_query(at: Stage) -> None:
    one, two, three = (at.customer() for _ in range(3))
    now = at.now()
    record_fact(at.keeper, at.rules.plan, Fact(one, "objection", "quality", now - dt.timedelta(hours=1)))
    assert one in chosen(at.keeper, Whom(fact=("objection", "quality")), now)
    assert two not in chosen(at.keeper, Whom(fact=("objection", "quality")), now)
    assert chosen(at.keeper, Whom(people=(three, one)), now) == sorted([one, three])
    number = at.one(
        "INSERT INTO bloesem.disclosure (as_of, recipient, name, kind, purpose, ground, manifest, policy)"
        " VALUES (%s, 'nimbus', 'Nimbus', 'cloud', 'service', 'contract', %s, '2024-03-18') RETURNING id",
        now - dt.timedelta(days=2),
        bytes(32),
    )
    for reference, person in enumerate((one, two), start=1):
        at.keeper.execute(
            "INSERT INTO bloesem.disclosed (disclosure_id, person_id, reference, table_name, columns)"
            " VALUES (%s, %s, %s, 'email_address', '{value}')",
            [number, person, reference],
        )
    assert chosen(at.keeper, Whom(disclosure=number), now) == sorted([one, two])
    assert chosen(at.keeper, Whom(recipient="nimbus", since=now - dt.timedelta(days=3)), now) == sorted(
        [one, two]
    )
    assert chosen(at.keeper, Whom(recipient="nimbus", since=now - dt.timedelta(days=1)), now) == []
    assert chosen(at.keeper, Whom(recipient="nimbus", until=now - dt.timedelta(days=3)), now) == []
    with pytest.raises(BreachError, match="1 of the numbers are nobody's"):
        chosen(at.keeper, Whom(people=(one, 10**12)), now)
    for whom in (Whom(), Whom(people=(one,), disclosure=number)):
        with pytest.raises(BreachError, match="in one way"):
            chosen(at.keeper, whom, now)


def test_words_stand_in_four_languages(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(yaml.safe_dump(SAID), encoding="utf-8")
    assert words(file).what["fr"] == "what in fr"
    less = {**SAID, "measures": {"nl": "x"}}
    file.write_text(yaml.safe_dump(less), encoding="utf-8")
    with pytest.raises(BreachError, match="`measures` is not said in en, fr, de"):
        words(file)
    assert TEMPLATE == "breach-notice"


# ---- the command -------------------------------------------------------------------------------------------------------


def test_a_breach_by_command_from_record_to_closed(alone: Stage, tmp_path: Path) -> None:
    person = alone.customer()
    plan, url = alone.rules.plan, alone.world.database.dsn.url()

    def breach(*words_: object) -> Any:
        return call("breach", *words_, "--store", url, "--company", BLOSSOM, "--prefix", plan.prefix)

    now = alone.now().astimezone(BRUSSELS).replace(tzinfo=None)

    def ago(hours: float) -> str:
        return (now - dt.timedelta(hours=hours)).isoformat(timespec="seconds")

    assert "no breach is on record" in breach().out
    said = breach(
        "record",
        "--what",
        "List astray",
        "--loss",
        "confidentiality",
        "--discovered",
        ago(81),
        "--aware",
        ago(80),
    )
    assert said.code == 1, said.err
    assert "LATE by" in said.out
    assert breach("judge", 1, "--risk", "high", "--reason", "bank accounts").code == 1
    told_ = ("notify", 1, "--told", ago(1), "--reference", "GBA-2026-1")
    refused = breach(*told_)
    assert refused.code == 1
    assert "comes with reasons for the delay" in refused.err
    assert breach(*told_, "--late-reasons", "The logs came late").code == 0
    described = breach(
        "describe", 1, "--category", "contact.email", "--group", "customer", "--people", 1, "--records", 1,
        "--consequences", "Advertising", "--measures", "The link is gone",
    )  # fmt: skip
    assert "owed: complete, tell" in described.out
    assert breach("describe", 1, "--category", "shoe.size").code == 2
    assert breach("whole", 1).code == 0
    file, people = tmp_path / "words.yaml", tmp_path / "people.txt"
    file.write_text(yaml.safe_dump(SAID), encoding="utf-8")
    people.write_text(f"{person}\n")
    wrote = breach("tell", 1, "--words", file, "--persons", people, "--home", tmp_path / "home", "--json")
    assert wrote.code == 0, wrote.err
    assert wrote.json["breaches"][0]["owed"] == []
    assert (
        alone.one(
            "SELECT count(*) FROM bloesem.outbox WHERE template = 'breach-notice' AND person_id = %s", person
        )
        == 1
    )
    assert breach("close", 1, "--reason", "nothing is owed").code == 0
    assert "1 in the register, 0 open" in breach().out
    assert breach("judge", 1).code == 2
    assert breach("record", 1).code == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            ("record", "--what", "x", "--loss", "confidentiality", "--discovered", "x", "--aware", "x"),
            "is no moment",
        ),
        (("judge", "1", "--risk", "certain", "--reason", "x"), "invalid choice"),
        (("describe", "1", "--people", "-3"), "is not between"),
        (("describe", "1", "--records", "many"), "is no whole number"),
        (("tell", "1"), "needs --words"),
        (("tell", "0", "--words", "x"), "is not between"),
        (("notify", "1", "--told", "2026-11-20T17:20"), "needs --reference"),
        (("close",), "needs the number of a breach"),
        (("shout", "1"), "is no step of a breach"),
    ],
)
def test_nonsense_is_refused_before_a_database_is_asked(given: tuple[str, ...], says: str) -> None:
    said = call("breach", *given, "--store", "postgresql://me@127.0.0.1:1/down", "--company", BLOSSOM)
    assert said.code == 2
    assert says in said.err


# ---- its own clock: last here, as the sweep goes on to another year ----------------------------------------------------------


def test_a_closed_breach_goes_whole_with_its_clock_and_an_open_one_stays(at: Stage) -> None:
    """Five years from the day on which it was closed (`law:accountability`); its number is given to no other."""
    over, reopened, still = (begun(at).number for _ in range(3))
    for number in (over, reopened):
        note(at, number, Judged("unlikely", "nobody could read it"))
        note(at, number, Closed("over"))
    note(at, reopened, Reopened("more is known"))
    plan, closed = at.rules.plan, at.now().astimezone(BRUSSELS).date()
    last = kept_through(store.one(at.keeper, LAW, over), "P5Y")
    assert last == add_period(closed, "P5Y")
    assert kept_through(store.one(at.keeper, LAW, reopened), "P5Y") is None

    def swept(day: dt.date) -> list[int]:
        sweep(at.keeper, plan, midnight(day))
        return [it.number for it in store.breaches(at.keeper, LAW) if it.number >= over]

    assert swept(last) == [over, reopened, still]
    assert swept(last + dt.timedelta(days=1)) == [reopened, still]
    evidence = at.one(
        "SELECT counts FROM bloesem.act WHERE kind = 'sweep' AND counts ? 'breaches' ORDER BY id DESC LIMIT 1"
    )
    assert evidence["breaches"] == 1
    assert begun(at).number == still + 1
    with pytest.raises(psycopg.Error, match="append-only"):
        at.keeper.execute("DELETE FROM bloesem.breach_entry")
    at.keeper.rollback()
