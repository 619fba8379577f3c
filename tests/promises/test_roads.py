"""A request is a request by whatever road it comes: by post, or to whoever of the company was asked first (P-171,
P-172); and it is somebody's though it names no more than a card or a charge point (P-012)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pypdf import PdfReader
from tests.bloesem.cases.conftest import SITE, World, helping
from tests.bloesem.cases.conftest import world as world
from tests.bloesem.cases.posting import on_paper
from tests.bloesem.cases.test_identity import at_home, home
from tests.bloesem.cli.world import BLOSSOM, call
from tests.promises.desk import RIGHTS, address_of, answered, decide

from bloesem.cases.desk import CaseDesk
from bloesem.cases.model import TAKEN_IN, dues
from bloesem.cases.scans import Scans
from bloesem.cases.sealing import INDIRECT
from bloesem.console.language import day
from bloesem.errors import BloesemError
from bloesem.gate.oversight import Oversight
from bloesem.plan.dates import ZONE, civil

DAY = dt.timedelta(days=1)
LETTER = b"%PDF-1.7\n1 0 obj << >> endobj\nstartxref\n9\n%%EOF\n"


def desk_of(world: World) -> CaseDesk:
    return CaseDesk(Oversight(world.admin, world.loaded.plan))


def ago(world: World, days: int) -> dt.date:
    """A civil day before today."""
    return civil(world.one("SELECT bloesem.moment()")) - days * DAY


def start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, ZONE)


def due_from(world: World, day: dt.date) -> str:
    """When a request that was received on a day is to be answered, in writing of a database."""
    company = world.loaded.company
    assert company.record.deadlines is not None
    return dues(company.law, company.record.deadlines, day).raw.isoformat()


@pytest.mark.promise("P-145")
@pytest.mark.promise("P-171")
def test_a_letter_to_the_office_is_a_case_with_its_scan_that_counts_from_its_delivery(
    world: World, tmp_path: Path
) -> None:
    """Opened a week after it was delivered: the week is not the person's to lose. It is answered by post, too."""
    office = world.loaded.policy.contact.post
    assert office is not None
    assert (office.street, office.postal_code, office.city) == ("Liersesteenweg 4", "2800", "Mechelen")
    desk, delivered = desk_of(world), ago(world, 7)
    person = at_home(world)
    where, said = home(world, person)
    number = desk.register(
        *("ann", "request", "access", "letter", "nl", where, "Welke gegevens hebt u van mij?"),
        *(start_of(delivered), SITE),
    )
    scans = Scans(desk.ask)
    world.clerk.run()
    assert scans.add("ann", number, "letter", "application/pdf", LETTER) == "recorded"
    opened = desk.one("ann", number)
    assert opened is not None
    (scan,) = opened["scans"]
    assert (scan["what"], scan["type"]) == ("letter", "application/pdf")
    with helping(world):
        assert scans.show("ann", number, scan["id"], "letter") == LETTER
    case = world.case(number)
    assert dt.datetime.fromisoformat(case["received_at"]) == start_of(delivered)
    assert case["raw_due"] == due_from(world, delivered)
    assert case["raw_due"] < due_from(world, ago(world, 0)), "not from the day on which it was opened"
    assert desk.known("ann", number, said) == "recorded"
    world.clerk.run()
    assert world.case(number)["state"] == "answered"
    posted = on_paper(world, tmp_path)
    answer = [one for one in posted if one["to"] == where][-1]
    pages = [page.extract_text() or "" for page in PdfReader(tmp_path / "post" / answer["pages"]).pages]
    assert where.splitlines()[1] in pages[0]
    assert "Wat wij over je weten" in pages[1]
    assert f"Je vroeg dit op {day(delivered, 'nl')}" in pages[1], "the person reads the same day"


@pytest.mark.promise("R-005")
@pytest.mark.promise("R-013")
@pytest.mark.promise("P-145")
@pytest.mark.promise("P-172")
def test_what_was_asked_elsewhere_is_passed_on_and_counts_from_the_first_who_had_it(world: World) -> None:
    """A talk, a chat, social media, an installer, another mailbox: from nobody is a form asked, and no day is lost."""
    desk = desk_of(world)
    person = world.people["customer"]
    address = address_of(world, person)
    for days, road in enumerate(TAKEN_IN, 2):
        # So many requests in a day by one address get no more letters: here each comes on a day of its own.
        world.admin.execute("UPDATE bloesem.outbox SET decided_at = decided_at - interval '2 days'")
        first = ago(world, days)
        number = desk.register(
            *("ann", "request", "rectification", road, "nl", address, f"Dit klopt niet ({road})."),
            *(start_of(first), SITE),
        )
        world.clerk.run()
        case = world.case(number)
        assert (case["channel"], case["state"]) == (road, "asked"), "as any other: who it is comes first"
        assert dt.datetime.fromisoformat(case["received_at"]) == start_of(first)
        assert case["raw_due"] == due_from(world, first), road
        assert world.one("SELECT bloesem.case_prove(%s)", world.token(number, "case-prove")) == "proved"
        world.clerk.run()
        decide(world, number)
        assert answered(world, number).answer["outcome"] == "granted"
    for own in ("page", "form"):  # those a person files alone
        with pytest.raises(BloesemError):
            desk.register("ann", "request", "access", own, "nl", address, "x", start_of(ago(world, 1)), SITE)


@pytest.mark.promise("P-172")
def test_the_clock_of_a_case_goes_back_to_the_first_who_had_it_when_that_is_heard_later(
    world: World, tmp_path: Path
) -> None:
    """The person mailed today what an installer had heard nine days ago, and the officer hears of it after that."""
    address = "anneke@elders.example"
    number = world.file("erasure", address=address, channel="email", params={})
    world.clerk._dues()
    today, first = ago(world, 0), ago(world, 9)
    assert world.case(number)["due"] == due_from(world, today)
    note = tmp_path / "note.txt"
    note.write_text("Zei aan onze installateur: wis alles wat jullie van mij hebben.\n")
    told = call(
        *("cases", "--store", world.stage.database.dsn.url(), "take", "--channel", "partner"),
        *("--company", BLOSSOM, "--prefix", world.loaded.plan.prefix, "--by", "ann", "--site", SITE),
        *("--received", first, "--asked", "erasure", "--address", address, "--words", note, "--json"),
    )
    assert told.code == 0, told.err
    assert told.json["number"] == number, "one case"
    world.clerk._dues()
    case = world.case(number)
    assert dt.datetime.fromisoformat(case["received_at"]) == start_of(first)
    assert (case["raw_due"], case["due"]) == (due_from(world, first), due_from(world, first))
    later = desk_of(world).register(
        *("ann", "request", "erasure", "chat", "nl", address, "Nog eens.", start_of(ago(world, 4)), SITE)
    )
    assert later == number
    world.clerk._dues()
    assert world.case(number)["due"] == due_from(world, first), "what came later moves nothing"


# ---- behind the number of a thing (P-012) ------------------------------------------------------------------------------


def _thing(world: World, person: int) -> str:
    return str(world.one("SELECT uid FROM data.card WHERE person_id = %s ORDER BY id LIMIT 1", person))


@pytest.mark.promise("P-012")
def test_the_number_of_a_card_or_charge_point_is_somebody_who_is_looked_for(world: World) -> None:
    """From an address that is nobody's: the link goes to whose thing it is, and so does the answer."""
    desk = desk_of(world)
    card, point = world.admin.execute(
        "SELECT c.uid, p.charge_point_id FROM data.card c JOIN data.station p ON p.person_id = c.person_id"
        " JOIN data.email_address e ON e.person_id = c.person_id WHERE e.value IS NOT NULL AND c.uid IS NOT NULL"
        " ORDER BY c.id LIMIT 1"
    ).fetchone() or ("", "")
    person = int(world.one("SELECT person_id FROM data.card WHERE uid = %s", card))
    apart = " ".join(card[i : i + 2] for i in range(0, len(card), 2))
    for number, said in enumerate(
        (f"Mijn kaart is {card}, wat weten jullie?", f"Kaart {apart}.", f"({point.lower()})")
    ):
        world.admin.execute("UPDATE bloesem.outbox SET decided_at = decided_at - interval '2 days'")
        asker = f"wie{number}@nergens.example"
        case = world.file("access", address=asker, words=said)
        world.clerk.run()
        found = world.case(case)
        assert (found["state"], found["person_id"]) == ("asked", person), said
        letters = [(template, to) for template, to, _ in world.letters(case)]
        assert letters[0] == ("case-unknown", asker), "what everybody gets whom nobody knows"
        assert letters[1][0] == "case-prove"
        assert letters[1][1] != asker, "a number that somebody read off a card opens nothing"
        assert world.one("SELECT bloesem.case_prove(%s)", world.token(case, "case-prove")) == "proved"
        world.clerk.run()
        assert world.case(case)["state"] == "answered"
        assert {to for template, to, _ in world.letters(case) if template == "case-answered"} == {
            letters[1][1]
        }
    plan = world.loaded.plan
    kinds = {column.identity for table in plan.tables for column in table.columns if column.identity}
    direct = {"customer_number", "email", "phone_number", "login_name"}
    assert kinds - direct == set(INDIRECT), (
        "no other number that leads to somebody is kept, such as a cookie's"
    )
    told = world.file("access", address="wie9@nergens.example", words="Mijn kaart is 04FFFFFFFFFFFFFF.")
    world.clerk.run()
    assert (world.case(told)["state"], world.case(told)["person_id"]) == ("closed", None)
    assert [template for template, _, _ in world.letters(told)] == ["case-unknown"], "told, art. 11(2)"
    assert desk.known("ann", told, {"card": card}) == "recorded"
    world.clerk.run()
    assert world.events(told)[-1] == "known-wrong", "of whom more is known, a card alone is not enough"


def test_whoever_writes_a_number_does_not_learn_whether_it_is_somebodys(world: World) -> None:
    """Known with a mailbox, known without one, and made up: one letter each, and the same one."""
    world.admin.execute("UPDATE bloesem.outbox SET decided_at = decided_at - interval '2 days'")
    known = world.one(
        "SELECT c.uid FROM data.card c JOIN data.email_address e ON e.person_id = c.person_id"
        " WHERE e.value IS NOT NULL AND c.uid IS NOT NULL ORDER BY c.id LIMIT 1"
    )
    alone = _thing(world, world.people["unknown_card"])
    told, cases = [], []
    for number, uid in enumerate((known, alone, "04EEEEEEEEEEEEEE")):
        asker = f"raadt{number}@nergens.example"
        case = world.file("access", address=asker, words=f"Mijn kaart is {uid}.")
        world.clerk.run()
        rows = world.admin.execute(
            "SELECT template, contents - 'number', subject FROM (SELECT template, contents, state AS subject, id"
            " FROM bloesem.outbox WHERE lower(address) = %s ORDER BY id) AS o",
            [asker],
        ).fetchall()
        told.append(rows)
        cases.append(world.case(case)["state"])
    assert cases == ["asked", "waiting", "closed"]
    assert [len(rows) for rows in told] == [1, 1, 1]
    assert told[0] == told[1] == told[2]


@pytest.mark.promise("P-012")
def test_of_whom_there_is_only_a_card_the_card_is_who_they_are_unless_it_is_written_why_not(
    world: World,
) -> None:
    desk = desk_of(world)
    person = world.people["unknown_card"]
    uid = _thing(world, person)
    first = world.file("access", address="kaart@nergens.example", words=f"Ik laadde met {uid}.")
    world.clerk.run()
    case = world.case(first)
    assert (case["state"], case["params"]["waits"]) == ("waiting", "known"), "somebody, and not nobody"
    assert desk.known("ann", first, {"card": uid.lower()}) == "recorded"
    world.clerk.run()
    assert (world.case(first)["state"], world.case(first)["person_id"]) == ("answered", person)
    assert answered(world, first).data, "all that the card did"
    second = world.file("access", address="lezer@nergens.example", words=f"Ik las {uid} op een kaart.")
    world.clerk.run()
    said = "SELECT bloesem.case_decide('officer:1', %s, %s, %s, NULL)"
    assert world.one(said, second, "granted", "x") == "not-now", "before anybody is found nothing is given"
    assert world.one(said, second, "refused", " ") == "why"
    why = "Wie schrijft heeft de kaart niet; achter de kaart is niemand te vinden."
    assert world.one(said, second, "refused", why) == "recorded"
    world.clerk.run()
    refused = answered(world, second)
    assert (refused.answer["outcome"], refused.answer["reason"]) == ("refused", why)
    assert world.case(second)["person_id"] is None
    for asked, params in RIGHTS:
        if asked != "marketing":  # of which nobody asks who it is
            address, params = (
                f"{asked}@nergens.example",
                {**params, **({"ground": "c"} if asked == "erasure" else {})},
            )
            number = world.file(asked, address=address, params=params, words=f"Kaart {uid}.")
            world.clerk.run()
            decide(world, number, "refused", why)
            assert answered(world, number).answer["outcome"] == "refused", asked
    assert world.one("SELECT count(*) FROM data.card WHERE person_id = %s", person) == 1
