"""The six grounds on which somebody has data erased, and what each reaches: asked, decided, done and answered (P-150 to P-157)."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from tests.bloesem.cases.conftest import World, world  # noqa: F401 - fixture
from tests.bloesem.cases.test_clerk import opened, used
from tests.bloesem.rights.guarded.test_told import given

from bloesem.cases.unlawful import Unlawful
from bloesem.clock import moment, sweep
from bloesem.clock.demonstration import advance
from bloesem.console.language import day
from bloesem.gate.oversight import Oversight
from bloesem.plan.model import Fact
from bloesem.rights.guarded import unlawful
from bloesem.rights.guarded.own_motion import erase_unlawful
from bloesem.rights.guarded.rows import Item, Reader, Rows
from bloesem.stores import facts

#: How the four reasons of the text begin in English (line 182), by the words of the policy itself.
REASONS = ("service", "claims", "legal-obligation", "public-interest")


def rows(world: World, person: int) -> Rows:  # noqa: F811
    """Every row in which a person has a part, as it stands."""
    with world.admin.transaction():
        return Reader(world.admin, world.loaded.plan).rows([person])


def decide(world: World, number: str, outcome: str = "granted", why: str | None = None, **more: Any) -> Any:  # noqa: F811
    return world.one(
        "SELECT bloesem.case_decide('officer:1', %s, %s, %s, %s)", number, outcome, why, json.dumps(more)
    )


def answer(world: World, number: str) -> Mapping[str, Any]:  # noqa: F811
    """What the person reads."""
    case = world.case(number)
    assert case["state"] == "answered", case["params"]
    found: dict[str, Any] = json.loads(opened(world, number)["answer.json"])
    return found


def asked(
    world: World,  # noqa: F811
    right: str,
    person: int,
    outcome: str = "granted",
    why: str | None = None,
    params: Mapping[str, Any] | None = None,
    **more: Any,
) -> Mapping[str, Any]:
    """A request from receipt to answer, decided by the officer."""
    number = world.file(right, person=person, language="en", params=dict(params or {}))
    world.clerk.run()
    assert world.case(number)["state"] == "waiting"
    assert decide(world, number, outcome, why, **more) == "recorded"
    world.clerk.run()
    return answer(world, number)


def erased(
    world: World,  # noqa: F811
    person: int,
    ground: str,
    outcome: str = "granted",
    why: str | None = None,
    **more: Any,
) -> Mapping[str, Any]:
    return asked(world, "erasure", person, outcome, why, {"ground": ground}, **more)


def reasons(world: World) -> dict[str, str]:  # noqa: F811
    """What the policy calls each exception, in English."""
    return {one.key: one.label["en"] for one in world.loaded.policy.rights["erasure"].exceptions}


def kept(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in said["items"] if one["outcome"] == "kept until its term is over"]


def lines(said: Mapping[str, Any]) -> str:
    return " ".join(line for section in said["sections"] for line in section["lines"])


# ---- (a) no longer needed ------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-150")
@pytest.mark.promise("R-026")
def test_what_no_live_purpose_needs_is_erased(world: World) -> None:  # noqa: F811
    for case in ("prospect", "employer_only"):
        person = world.people[case]
        assert rows(world, person).items
        said = erased(world, person, "a")
        assert said["outcome"] == "granted", case
        assert not kept(said)
        assert not rows(world, person).items, case


@pytest.mark.promise("R-020")
@pytest.mark.promise("P-150")
@pytest.mark.promise("P-156")
@pytest.mark.promise("P-157")
@pytest.mark.promise("R-028")
def test_what_a_live_purpose_needs_stays_with_its_purpose_reason_and_day_and_the_rest_goes(
    world: World,  # noqa: F811
) -> None:
    """Of a customer whose contract runs, and of one whose contract is over: the service is a reason for the first alone."""
    words, plan = reasons(world), world.loaded.plan
    for case, runs in (("customer_ten_years", True), ("former_recent", False)):
        person = world.people[case]
        before = rows(world, person)
        said = erased(world, person, "a")
        after = rows(world, person)
        assert said["outcome"] == "partly"
        goes = sum(one["many"] for one in said["items"] if one["outcome"] == "erased")
        assert goes == len(before.items) - len(after.items) > 0, "the rest goes"
        assert sum(one["many"] for one in kept(said)) == len(after.items) > 0, "each thing that stays is told"
        for one in kept(said):
            cited = [key for key, label in words.items() if label in one["why"]]
            assert cited, one["why"]
            assert all(part.startswith(tuple(words.values())) for part in one["why"].split("; ")), one["why"]
            assert one["until"], "and until when"
            assert ("service" in cited) <= runs
        if runs:
            assert any(
                "article 17(1)(a)" in one["why"] or "art. 17(1)(a)" in one["why"] for one in kept(said)
            )
        stays = plan.outlives_strictly | (plan.mask(lambda p: p.erasure == "while-open") if runs else 0)
        assert all(item.kept & ~stays == 0 for item, _ in after.mine()), "nothing else keeps any of it"
        assert "service" in REASONS
        assert "public-interest" in words


@pytest.mark.promise("P-156")
@pytest.mark.promise("P-150")
def test_where_nothing_can_go_it_is_refused_and_the_purposes_are_named(world: World) -> None:  # noqa: F811
    person = world.people["customer_ten_years"]
    before = rows(world, person)  # what could go went in the test before, or goes now
    erased(world, person, "a") if used(world, person, "quality") else None
    said = erased(world, person, "a")
    assert said["outcome"] == "refused"
    policy, plan = world.loaded.policy, world.loaded.plan
    labels = {key: part.label["en"] for row in policy.purposes.values() for key, part in row.parts.items()}
    labels |= {one.key: one.label["en"] for one in world.loaded.company.law.purposes}
    live = {key for item, _ in rows(world, person).mine() for key in plan.keys(item.kept)}
    assert live >= {"service", "billing", "archive", "law:tax-archive"}
    assert [key for key in live if labels[key] not in said["reason"]] == [], "each live purpose by its name"
    assert len(said["remedies"]) == 4
    assert rows(world, person).items.keys() <= before.items.keys()

    # Of whom a claim is pending and no contract runs: the claim is a reason, and the service is none.
    words, person = reasons(world), world.people["held_after_all_else"]
    number = world.file("erasure", person=person, language="en", params={"ground": "a"})
    world.clerk.run()
    said = world.case(number)["preview"]  # as the officer reads it: they left no address for an answer
    why = " ".join(one["why"] for one in kept(said))
    assert words["claims"] in why
    assert words["service"] not in why
    assert all(one["why"].startswith(tuple(words.values())) for one in kept(said))
    assert not [p.key for p in plan.purposes if p.basis in ("public-task", "vital-interest")], (
        "the fourth reason is nobody's here: no use runs on it"
    )


# ---- (b) consent withdrawn -------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-151")
@pytest.mark.promise("R-026")
def test_withdrawn_consent_takes_what_hung_on_it_alone_and_nothing_is_put_in_its_place(world: World) -> None:  # noqa: F811
    plan = world.loaded.plan
    consent = plan.mask(lambda p: p.by_consent)
    for case, customer in (("consent_renewed", True), ("contest_ticked", False)):
        person = world.people[case]
        before = rows(world, person)
        on_consent = {item.ref for item, _ in before.mine() if item.kept & consent}
        alone = {item.ref for item, _ in before.mine() if item.kept and not item.kept & ~consent}
        assert on_consent
        said = erased(world, person, "b")
        after = rows(world, person)
        assert not used(world, person, "consent_marketing"), "withdrawn"
        assert not alone & after.items.keys(), "what hung on consent alone is gone"
        assert (before.items.keys() - after.items.keys()) == alone, "and nothing else"
        for item, _ in after.mine():
            was = before.items[item.ref]
            assert item.kept == was.kept & ~consent, "kept by what kept it before, and by nothing new"
            assert item.used & ~was.used == 0, "and read by nothing new"
        if customer:
            assert said["outcome"] == "partly"
            other = [one["why"] for one in kept(said)]
            assert other
            assert any("6(1)(f)" in why or "17(1)(a)" in why or "17(3)(b)" in why for why in other)
        else:
            assert alone, "the entrant's data hung on consent alone"


# ---- (c) objection -----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-152")
@pytest.mark.promise("R-026")
def test_after_an_objection_goes_what_no_written_ground_keeps_and_advertising_always(world: World) -> None:  # noqa: F811
    """Refused, the grounds are in the answer and the weighed uses go on; advertising has ended all the same."""
    person = world.people["customer"]
    interests = ("identify", "quality", "marketing")
    assert all(used(world, person, key) for key in interests)
    number = world.file("erasure", person=person, language="en", params={"ground": "c"})
    world.clerk.run()
    assert not any(used(world, person, key) for key in interests), "nothing is used while it is weighed"
    birth = "SELECT count(*) FROM data.birth_date WHERE person_id = %s AND born_on IS NOT NULL"
    assert decide(world, number, "refused", " ") == "why", "grounds are written down, or there are none"
    assert decide(world, number, "refused", "A fraud case is open, number 12.") == "recorded"
    world.clerk.run()
    said = answer(world, number)
    assert said["outcome"] == "partly"
    assert said["reason"] == "A fraud case is open, number 12."
    assert [used(world, person, key) for key in interests] == [True, True, False]
    assert world.one(birth, person) == 1
    marketing = world.loaded.plan.purpose("marketing").mask
    assert not any(item.kept & marketing for item, _ in rows(world, person).mine())

    said = erased(world, person, "c", "partly", "Fraud case 12.", spared=["identify"])
    assert said["reason"] == "Fraud case 12."
    assert [used(world, person, key) for key in interests] == [True, False, False]
    assert world.one(birth, person) == 1, "for what is written down it is kept"

    said = erased(world, person, "c")
    assert [used(world, person, key) for key in interests] == [False, False, False]
    assert world.one(birth, person) == 0, "kept for that interest alone, it is gone"
    interest = world.loaded.plan.mask(lambda p: p.basis == "legitimate-interest" and not p.hold)
    assert not any(item.kept & interest for item, _ in rows(world, person).mine())


# ---- (d) unlawful --------------------------------------------------------------------------------------------------------------


def smuggled(world: World, person: int) -> int:  # noqa: F811
    """A row from a source that the policy does not know, written past the door that refuses it."""
    number = int(world.one("SELECT max(id) + 1 FROM data.contact"))
    values = "(%s, %s, bloesem.moment(), 'bought:list', 'inbound', 'phone', bloesem.moment(), 'x', 8, 8, '9000-01-01')"
    with world.admin.transaction():
        world.admin.execute("SET LOCAL session_replication_role = replica")
        world.admin.execute(
            "INSERT INTO data.contact (id, person_id, recorded_at, source, direction, channel, at, about, used_for, kept_for,"
            f" good_until) VALUES {values}".encode(),
            [number, person],
        )
    return number


def there(world: World, table: str, number: int) -> bool:  # noqa: F811
    return bool(world.one(f"SELECT count(*) FROM data.{table} WHERE id = %s", number))


@pytest.mark.promise("P-153")
@pytest.mark.promise("R-026")
def test_what_is_found_unlawful_goes_on_request_whatever_contract_runs(world: World) -> None:  # noqa: F811
    person = world.people["ann"]
    bad = smuggled(world, person)
    named = int(world.one("SELECT min(id) FROM data.contact WHERE person_id = %s AND id <> %s", person, bad))
    before = rows(world, person)
    said = erased(world, person, "d", items=[f"contact[{named}]"])
    after = rows(world, person)
    assert before.items.keys() - after.items.keys() == {("data.contact", (bad,)), ("data.contact", (named,))}
    assert said["outcome"] == "granted"
    assert [(one["outcome"], one["many"]) for one in said["items"]] == [("erased", 2)]


def test_the_officers_page_looks_for_it_and_erases_what_it_showed(world: World) -> None:  # noqa: F811
    """On the officer's word too: first looked for, then erased, and only what was seen."""
    person = world.people["customer"]
    desk = Unlawful(Oversight(world.admin, world.loaded.plan))
    assert desk.press("officer:1", "erase") == "not-now", "nobody looked"
    assert desk.press(" ", "look") == "not-now"
    bad = smuggled(world, person)
    assert desk.press("officer:1", "look") == "recorded"
    assert desk.press("officer:1", "look") == "already"
    assert world.clerk.prove()
    seen = desk.last()
    assert seen is not None
    assert seen.can_erase
    assert (seen.reasons[unlawful.UNDECLARED], seen.people) == (1, 1)
    assert there(world, "contact", bad), "looking erases nothing"
    another = smuggled(world, world.people["customer_ten_years"])
    assert desk.press("officer:1", "erase") == "recorded"
    world.clerk.prove()
    changed = desk.last()
    assert changed is not None
    assert (changed.state, changed.can_erase) == ("changed", False)
    assert there(world, "contact", bad), "what nobody saw is not done"
    assert desk.press("officer:1", "erase") == "not-now"
    for step in ("look", "erase"):
        assert desk.press("officer:1", step) == "recorded"
        world.clerk.prove()
    done = desk.last()
    assert done is not None
    assert (done.what, done.state, done.people, done.erased) == ("erase", "done", 2, 2)
    assert not there(world, "contact", bad)
    assert not there(world, "contact", another)
    assert world.clerk.prove() is False


@pytest.mark.promise("P-153")
@pytest.mark.promise("R-026")
def test_what_is_found_unlawful_goes_on_our_own_initiative(world: World) -> None:  # noqa: F811
    """An undeclared source, rows that nothing keeps, an expired clock; and a recording without announcement never comes in."""
    first, second = world.people["ann"], world.people["co_user"]
    bad, other = smuggled(world, first), smuggled(world, second)
    expired = int(world.one("SELECT min(id) FROM data.contact WHERE person_id = %s", first))
    world.admin.execute("UPDATE data.contact SET kept_for = 0 WHERE id = %s", [expired])
    frozen = Fact(
        second,
        "restriction",
        "unlawful",
        facts.moment(world.admin, world.loaded.plan),
        None,
        "contact",
        other,
    )
    with world.admin.transaction():
        facts.record_fact(world.admin, world.loaded.plan, frozen)
    before = {person: rows(world, person).items.keys() for person in (first, second)}
    found = erase_unlawful(world.admin, world.loaded.plan, world.loaded.maps.datamap, dry_run=True)
    assert found.reasons == {unlawful.UNDECLARED: 1, unlawful.NO_BASIS: 1}
    assert there(world, "contact", bad), "a rehearsal"
    done = erase_unlawful(world.admin, world.loaded.plan, world.loaded.maps.datamap)
    assert (done.people, done.rows) == (1, 2)
    assert before[first] - rows(world, first).items.keys() >= {("data.contact", (bad,))}
    assert there(world, "contact", other), "whoever asked to have it kept instead, has it kept (P-160)"
    last = "SELECT kind, counts FROM bloesem.act WHERE kind = 'erase' ORDER BY id DESC LIMIT 1"
    kind, counts = world.admin.execute(last.encode()).fetchone() or ("", {})
    assert (kind, counts["people"]) == ("erase", 1)
    with pytest.raises(psycopg.errors.CheckViolation, match="call_recording_announced"):
        world.admin.execute(
            "INSERT INTO data.call_recording (id, person_id, recorded_at, source, audio, began_at, recorded_on) VALUES"
            " (1, %s, bloesem.moment(), 'observed:systeem', 'x', bloesem.moment(), bloesem.today())",
            [first],
        )
    report = sweep(world.admin, world.loaded.plan, moment(world.admin, world.loaded.plan))
    assert report.complete
    over = [
        table.name
        for table in world.loaded.plan.tables
        if world.one(f"SELECT count(*) FROM {table.qualified} WHERE good_until <= bloesem.moment()")
    ]
    assert over == [], "what a clock has ended is the sweep's, and nobody has to ask"


# ---- (e) a statute orders it ------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-154")
@pytest.mark.promise("R-026")
def test_a_statute_is_named_and_goes_before_holds_but_not_before_another_law(world: World) -> None:  # noqa: F811
    person, plan = world.people["dispute_open"], world.loaded.plan
    before = rows(world, person)
    ours = plan.purpose("disputes").mask
    held = [item for item, _ in before.mine() if item.kept & ours]
    assert held, "a hold of the company's own"
    claims = next(item for item, _ in before.mine() if item.table.name == "contact" and item not in held)
    now = facts.moment(world.admin, plan)
    law = Fact(
        *(person, "hold", "law:claims", now, None, "contact", int(claims.key[0])),
        held_by="legal", reason="court case 4", review_on=now.date().replace(year=now.year + 1),
    )  # fmt: skip
    with world.admin.transaction():
        facts.record_fact(world.admin, plan, law)
    number = world.file("erasure", person=person, language="en", params={"ground": "e"})
    world.clerk.run()
    assert decide(world, number) == "statute"
    statute = "Act of 30 July 2018, art. 34"
    assert decide(world, number, statute=statute) == "recorded"
    world.clerk.run()
    said = answer(world, number)
    assert statute in lines(said)
    after = rows(world, person)
    assert not any(item.kept & ours for item, _ in after.mine()), "our own hold gives way"
    assert claims.ref in after.items, "what another law demands stays"
    lawful = plan.mask(lambda p: p.of == "law" or p.key == "archive")
    assert all(item.kept & ~lawful == 0 for item, _ in after.mine())
    assert any(item.kept & plan.purpose("law:tax-archive").mask for item, _ in after.mine()), (
        "as the tax law does"
    )
    ground = "SELECT DISTINCT key FROM bloesem.fact WHERE person_id = %s AND kind = 'erasure'"
    assert world.one(ground, person) == f"17(1)(e) {statute}"
    assert all("contract runs" not in one["why"] for one in kept(said))


# ---- (f) a minor's ------------------------------------------------------------------------------------------------------------------


def grew_up(world: World, person: int, days: int) -> dt.datetime:  # noqa: F811
    """Their birth date becomes known: eighteen so many days ago. out: the first moment of that day, as rows are compared."""
    born = "UPDATE data.birth_date SET born_on = (bloesem.today() - %s - interval '18 years')::date WHERE person_id = %s"
    assert world.admin.execute(born.encode(), [days, person]).rowcount == 1
    found: dt.datetime = world.one("SELECT bloesem.moment(bloesem.today() - %s)", days)
    return found


def recorded(item: Item) -> dt.datetime:
    found: dt.datetime = item.decides[item.table.recorded or ""]
    return found


@pytest.mark.promise("P-155")
@pytest.mark.promise("R-026")
def test_what_was_collected_before_eighteen_goes_on_that_ground_alone(world: World) -> None:  # noqa: F811
    """Of a customer of today, whose contract runs: an adult asks, and no running service is a reason."""
    person, plan = world.people["recorded"], world.loaded.plan
    grown = grew_up(world, person, 45)
    before = rows(world, person)
    law = plan.mask(lambda p: p.erasure == "stays")
    said = erased(world, person, "f")
    after = rows(world, person)
    young = {ref for ref, item in before.items.items() if not item.table.anchor and recorded(item) < grown}
    lawful = {ref for ref in young if before.items[ref].kept & law}
    assert young - lawful, "collected from a minor"
    assert len(before.items.keys() - young) > 1, "and from an adult"
    assert before.items.keys() - after.items.keys() == young - lawful
    beyond = {ref: plan.keys(after.items[ref].kept & ~law) for ref in lawful}
    assert not any(beyond.values()), beyond  # but for what the law keeps, and for that alone
    assert used(world, person, "service"), "the contract runs on"
    assert said["outcome"] == "partly"
    assert all("contract runs" not in one["why"] for one in kept(said))
    assert sum(one["many"] for one in kept(said)) == len(lawful)


@pytest.mark.promise("P-155")
def test_it_is_known_of_each_value_also_after_the_birth_date_is_gone(world: World) -> None:  # noqa: F811
    """The mark is set when a value comes in or the birth date becomes known, and stays; an adult's later values have none."""
    person, plan = world.people["objection_upheld"], world.loaded.plan
    mark = "SELECT array_agg(collected_as_minor ORDER BY id) FROM data.email_address WHERE person_id = %s"
    assert world.one(mark, person) == [False]
    grown = grew_up(world, person, 70)
    assert world.one(mark, person) == [True], "it became known, and so did this"
    young = {
        ref
        for ref, item in rows(world, person).items.items()
        if not item.table.anchor and recorded(item) < grown
    }
    assert len({table for table, _ in young}) > 3
    now = int(world.one("SELECT max(id) + 1 FROM data.email_address"))
    world.admin.execute(
        "INSERT INTO data.email_address (id, person_id, recorded_at, source, value, value_norm) VALUES"
        " (%s, %s, bloesem.moment(), 'subject:portaal', 'N@post.example', 'n@post.example')",
        [now, person],
    )
    assert world.one("SELECT collected_as_minor FROM data.email_address WHERE id = %s", now) is False
    child = world.people["consent_renewed"]
    grew_up(world, child, -10)
    world.admin.execute(
        "INSERT INTO data.phone_number (id, person_id, recorded_at, source, value, value_norm) VALUES"
        " (%s, %s, bloesem.moment(), 'subject:portaal', '0475 00 00 01', '+32475000001')",
        [now, child],
    )
    assert world.one("SELECT collected_as_minor FROM data.phone_number WHERE id = %s", now) is True
    erased(world, person, "c")
    birth = "SELECT count(*) FROM data.birth_date WHERE person_id = %s AND born_on IS NOT NULL"
    assert world.one(birth, person) == 0, "the birth date is gone with the interest that kept it"
    assert world.one(mark, person) == [True, False], "and the marks are not"
    until = world.one(
        "SELECT max(starts_at) FROM bloesem.fact WHERE person_id = %s AND kind = 'minor'", person
    )
    assert until < grown, "a moment of recording, which tells no birthday"
    before = rows(world, person)
    erased(world, person, "f")
    after = rows(world, person)
    law = plan.mask(lambda p: p.erasure == "stays")
    gone = before.items.keys() - after.items.keys()
    assert gone == {ref for ref in young & before.items.keys() if not before.items[ref].kept & law}
    assert len({table for table, _ in gone}) > 3, "of every table, not of marked ones alone"
    assert ("data.email_address", (now,)) in after.items


# ---- when the clock erases: last, as it moves the date ---------------------------------------------------------------------------


@pytest.mark.promise("P-107")
def test_what_ends_is_erased_at_processors_in_copies_indexes_and_logs_too_and_proven_without_the_data(
    world: World,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    person, plan = world.people["four_ends"], world.loaded.plan
    given(
        world.admin, person, "briefwerk", person_name=["given_name", "family_norm"], email_address=["value"]
    )
    given(world.admin, person, "reclamehuis", "marketing", email_address=["value"])
    marks = (
        "UPDATE data.person_name SET given_name = 'Canary107', family_name = 'Canary107' WHERE person_id = %s",
        "UPDATE data.email_address SET value = 'canary107@post.example', value_norm = 'canary107' WHERE person_id = %s",
        "UPDATE data.contact SET about = 'canary107', content = 'canary107' WHERE person_id = %s",
    )
    assert all(world.admin.execute(mark.encode(), [person]).rowcount for mark in marks)
    last = world.one("SELECT bloesem.today()") + dt.timedelta(days=30)
    deadlines = world.loaded.company.record.deadlines
    assert deadlines is not None
    assert deadlines.backups_kept == "P30D", "the cycle of copies is written down"
    said = erased(world, world.people["contest_unticked"], "a")
    assert f"back-up copies it is written over by {day(last, 'en')}" in lines(said), "and told"
    assert "canary107" in dumped(world).lower()
    today = world.one("SELECT bloesem.today()")
    advance(world.admin, plan, today.replace(year=today.year + 12, day=1))
    with caplog.at_level("DEBUG"):
        assert sweep(world.admin, plan, moment(world.admin, plan)).complete
    assert not rows(world, person).items
    told = "SELECT recipient, change, given FROM bloesem.notice WHERE person_id = %s ORDER BY recipient"
    assert world.admin.execute(told.encode(), [person]).fetchall() == [
        ("briefwerk", "erasure", {"person_name": ["given_name", "family_norm"], "email_address": ["value"]}),
        ("reclamehuis", "erasure", {"email_address": ["value"]}),
    ], "processors are told to erase it too"
    assert "canary107" not in dumped(world).lower(), (
        "nowhere in the database: tables, look-up columns, logs, outbox"
    )
    assert world.one("SELECT count(*) FROM pg_matviews") == 0, "nor is there a copy beside it"
    assert "canary107" not in caplog.text.lower()
    acts = world.one("SELECT jsonb_agg(counts)::text FROM bloesem.act WHERE kind = 'sweep'")
    assert "email_address" in acts, "the proof stays: what went, and how much"
    assert str(person) not in acts
    assert "canary107" not in acts.lower()
    assert sweep(world.admin, plan, moment(world.admin, plan)).complete
    assert len(world.admin.execute(told.encode(), [person]).fetchall()) == 2, "nobody is told twice"


def dumped(world: World) -> str:  # noqa: F811
    """All that pg_dump writes of the database."""
    database = world.stage.database
    program = database.server.bin_dir / "pg_dump"
    made = subprocess.run(
        [program, "--dbname", database.dsn.url()], capture_output=True, text=True, check=True
    )
    return made.stdout
