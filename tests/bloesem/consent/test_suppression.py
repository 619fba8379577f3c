"""Whoever wants no advertising is never advertised to again: also after erasure, also under a later key."""

from __future__ import annotations

import datetime as dt
import statistics
import threading
import time

import pytest
from tests.bloesem.consent.stage import Stage

from bloesem.consent import gpc
from bloesem.consent.errors import ConsentError, ListError
from bloesem.consent.phone_list import import_list
from bloesem.consent.suppression import SuppressionKeys, listed, screen, suppress
from bloesem.consent.tables import object_to_advertising
from bloesem.errors import GateError
from bloesem.plan.model import Fact
from bloesem.rights.identifiers import IdentifierError
from bloesem.stores.facts import record_fact

MARKETING = {"marketing", "consent_marketing"}


@pytest.mark.promise("R-065")
@pytest.mark.promise("R-062")
@pytest.mark.promise("R-033")
@pytest.mark.promise("R-037")
@pytest.mark.promise("P-085")
@pytest.mark.promise("P-166")
@pytest.mark.promise("P-094")
def test_one_objection_ends_every_channel_profiling_and_consent(at: Stage) -> None:
    person = at.customer()
    at.phone(person, "+32470000001")
    at.agree(person)
    at.business.add("product_ownership", person, source="assigned", product_id=1, since=at.today())
    at.business.add(
        "segment",
        person,
        source="derived:segments",
        segment="battery",
        inputs="products",
        logic_version="1",
        made_for="marketing",
        made_at=at.now(),
    )
    at.business.add("marketing_interaction", person, campaign="lente", channel="email", sent_at=at.now())
    assert at.bits(person) >= MARKETING
    before = at.count("data.email_address", person_id=person)
    assert object_to_advertising(at.keeper, at.rules, person, how="link") == "recorded"
    assert not at.bits(person) & MARKETING
    assert at.count("data.segment", person_id=person) == 0, "P-094: the profile goes at once"
    assert at.count("data.marketing_interaction", person_id=person) == 0
    assert at.count("data.email_address", person_id=person) == before, "the contract still needs it"
    assert at.one("SELECT withdrawn_how FROM data.consent WHERE person_id = %s", person) == "link"
    assert object_to_advertising(at.keeper, at.rules, person) == "already"
    assert object_to_advertising(at.keeper, at.rules, 99) == "nobody"
    at.business.agree()


@pytest.mark.promise("P-094")
def test_an_entry_is_a_digest_and_survives_its_person(alone: Stage) -> None:
    person = alone.business.person(kind="prospect")
    alone.email(person, "Gone@Post.example", source="subject:contactformulier")
    alone.agree(person, source="subject:contactformulier")
    object_to_advertising(alone.keeper, alone.rules, person)
    record_fact(alone.keeper, alone.world.plan, Fact(person, "erasure", "17(1)(c)", alone.now()))
    assert alone.count("data.email_address", person_id=person) == 0
    columns = {
        row[0]
        for row in alone.keeper.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'bloesem.suppression'::regclass AND attnum > 0"
        )
    }
    assert columns == {"kind", "digest", "scope", "since"}
    assert listed(alone.keeper, alone.rules, alone.keys, "email", "gone@post.example") is not None
    again = alone.business.person(kind="prospect")
    alone.email(again, "gone@post.example", source="subject:contactformulier")
    held = alone.one("SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'objection'", again)
    assert held == len(MARKETING), "P-095: whoever comes in is compared with the list"


def test_a_later_key_finds_what_was_entered_under_an_earlier_one(alone: Stage) -> None:
    assert suppress(alone.keeper, alone.rules, alone.keys, "email", "early@post.example") == 0
    alone.keys = SuppressionKeys.rotate(alone.folder)
    assert listed(alone.keeper, alone.rules, alone.keys, "email", "EARLY@post.example") is not None
    person = alone.customer("early@post.example")
    assert "marketing" not in alone.bits(person)
    number = alone.one(
        "SELECT substr(suppression_key, 1, 4) FROM data.email_address WHERE person_id = %s", person
    )
    assert int.from_bytes(bytes(number), "big") == 2
    lost = SuppressionKeys(alone.keys.all[1:])
    with pytest.raises(GateError, match=r"not in suppression\.keys"):
        listed(alone.keeper, alone.rules, lost, "email", "early@post.example")


def test_the_same_address_in_any_spelling_is_one_entry(at: Stage) -> None:
    for kind, one, other in (
        ("email", "Lotte.Z@Post.Example", " lotte.z@post.example"),
        ("phone", "0470 00 00 07", "+32470000007"),
        (
            "post",
            ("Liersesteenweg 4", "2800", "Mechelen", None),
            ("liersesteenweg  4", "2800", "MECHELEN", ""),
        ),
    ):
        assert at.keys.name(kind, one) == at.keys.name(kind, other)  # type: ignore[arg-type]
    for kind, none in (("email", "nobody"), ("phone", "12"), ("post", ("", None))):
        with pytest.raises(IdentifierError):
            at.keys.name(kind, none)  # type: ignore[arg-type]


def test_an_address_alone_is_enough_to_object(at: Stage) -> None:
    """Nobody is asked who they are, and whoever shares the address objects with it; a channel alone may be named."""
    one, other = at.customer("shared@post.example"), at.customer("shared@post.example")
    assert suppress(at.keeper, at.rules, at.keys, "email", "shared@post.example") == 2
    assert not (at.bits(one) | at.bits(other)) & MARKETING
    third = at.customer("third@post.example")
    assert suppress(at.keeper, at.rules, at.keys, "email", "third@post.example", scope="email") == 1
    assert "marketing" in at.bits(third), "other channels go on"
    assert at.count("bloesem.fact", person_id=third, kind="channel", key="email") == 1
    with pytest.raises(ConsentError, match="no channel"):
        suppress(at.keeper, at.rules, at.keys, "email", "third@post.example", scope="fax")


def test_a_value_that_is_written_anew_is_compared_anew(at: Stage) -> None:
    person = at.customer("old@post.example")
    suppress(at.keeper, at.rules, at.keys, "email", "new@post.example")
    at.business.write("email_address", person, value="new@post.example", value_norm="new@post.example")
    assert at.one("SELECT suppression_key FROM data.email_address WHERE person_id = %s", person) is None
    done = screen(at.keeper, at.rules, at.keys, [person])
    assert (done.compared, done.found) == (1, 1)
    assert "marketing" not in at.bits(person)


def test_what_identifies_nobody_is_counted_and_stays_unnamed(at: Stage) -> None:
    person = at.business.customer()
    at.email(person, "unknown")
    assert at.one("SELECT suppression_key FROM data.email_address WHERE person_id = %s", person) is None
    assert screen(at.keeper, at.rules, at.keys, [person]).unusable == 1


def test_two_objections_at_once_are_one(at: Stage) -> None:
    person = at.customer()
    at.agree(person)
    said: list[str] = []
    gate = threading.Barrier(2)

    def one() -> None:
        with at.world.database.connect(autocommit=True) as connection:
            gate.wait()
            said.append(object_to_advertising(connection, at.rules, person))

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(said) == ["already", "recorded"]
    assert at.count("bloesem.fact", person_id=person, kind="objection") == len(MARKETING)


@pytest.mark.promise("R-009")
def test_an_objection_takes_effect_at_once(at: Stage) -> None:
    """The next read refuses; well below 50 ms on an idle machine (bench/door.py measures it)."""
    times = []
    for _ in range(5):
        person = at.customer()
        begun = time.perf_counter()
        object_to_advertising(at.keeper, at.rules, person)
        times.append(time.perf_counter() - begun)
        assert "marketing" not in at.bits(person)
    assert statistics.median(times) < 0.5


# ---- Global Privacy Control ----------------------------------------------------------------------------------------


@pytest.mark.promise("R-033")
def test_a_browser_that_objects_is_believed(at: Stage) -> None:
    person = at.customer()
    at.agree(person)
    assert gpc.signalled({"sec-gpc": "1"})
    for none in ({}, {"Sec-GPC": "0"}, {"Sec-GPC": "true"}, {"DNT": "1"}):
        assert not gpc.signalled(none)
    assert gpc.honour(at.keeper, person)
    assert not gpc.honour(at.keeper, person)
    assert "marketing" not in at.bits(person)
    assert "consent_marketing" in at.bits(person), "what was agreed to by name stays"
    assert gpc.published(dt.date(2026, 4, 3)) == {"gpc": True, "lastUpdate": "2026-04-03"}


# ---- the do-not-call list ------------------------------------------------------------------------------------------


def phone_file(at: Stage, *numbers: str, days: int = 0, count: int | None = None) -> bytes:
    day = at.today() - dt.timedelta(days=days)
    said = len(numbers) if count is None else count
    return "\n".join([f"# date: {day}", *numbers, f"# numbers: {said}", ""]).encode()


def test_a_list_is_imported_whole_and_replaces_the_one_before(alone: Stage) -> None:
    import_list(alone.keeper, alone.rules, phone_file(alone, "+32470000001", "0470/00.00.02", days=3))
    import_list(
        alone.keeper,
        alone.rules,
        phone_file(alone, "+32470000002", "", "# a comment", "+32470000003", count=2),
    )
    rows = alone.keeper.execute("SELECT number FROM bloesem.phone_list ORDER BY 1").fetchall()
    assert [row[0] for row in rows] == ["+32470000002", "+32470000003"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda good: good[:-1], "cut off"),
        (lambda good: good[:-14], "cut off"),
        (lambda good: good.replace(b"# numbers: 2", b"# numbers: 3"), "something is missing"),
        (lambda good: good.decode().encode("utf-16"), "UTF-8"),
        (lambda good: b"\xef\xbb\xbf" + good, "encoding"),
        (lambda good: good + b"\xff\n", "UTF-8"),
        (lambda good: good.replace(b"+32470000001", b"call me"), "line 2"),
        (lambda good: good.split(b"\n", 1)[1], "of which day"),
        (lambda good: b"# date: 2026-02-31" + good[good.index(b"\n") :], "no day"),
        (lambda good: b"# date: 2020-01-01" + good[good.index(b"\n") :], "older than"),
        (lambda good: b"# date: 2999-01-01" + good[good.index(b"\n") :], "dated ahead"),
        (lambda good: b"", "of which day"),
        (lambda good: b"\n", "of which day"),
    ],
)
def test_a_list_that_cannot_be_trusted_is_refused_and_the_old_one_stays(at: Stage, spoil, said: str) -> None:  # type: ignore[no-untyped-def]
    import_list(at.keeper, at.rules, phone_file(at, "+32470000009"))
    with pytest.raises(ListError) as error:
        import_list(at.keeper, at.rules, spoil(phone_file(at, "+32470000001", "+32470000002")))
    assert said in str(error.value)
    assert "32470000001" not in str(error.value), "an error names no number"
    rows = at.keeper.execute("SELECT number FROM bloesem.phone_list").fetchall()
    assert rows == [("+32470000009",)]


def test_an_older_list_does_not_replace_a_newer_one(alone: Stage) -> None:
    import_list(alone.keeper, alone.rules, phone_file(alone, "+32470000009"))
    with pytest.raises(ListError, match="newer"):
        import_list(alone.keeper, alone.rules, phone_file(alone, "+32470000001", days=2))
