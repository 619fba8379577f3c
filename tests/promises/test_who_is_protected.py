"""Whoever is meant by "everybody" has every right, and is answered by the company itself (P-008, P-010, P-011, P-013)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.conftest import world as world
from tests.promises.desk import RIGHTS, Answered, address_of, all_served, answered, ask, decide, served

from bloesem.answers.model import words
from bloesem.source import parse

#: Case of the invented people → what is told of them.
PEOPLE = {
    "former_recent": "P-013: no customer any more",
    "prospect": "P-013: wrote through the contact form",
    "contest_unticked": "P-013: took part in a contest",
    "employer_only": "P-013: known through the employer alone",
    "co_user": "P-010: charges at somebody else's charge point",
}
TEMPLATES = Path(__file__).parents[2] / "company" / "blossom" / "messages" / "templates"


@pytest.fixture(scope="module")
def everybody(world: World) -> Mapping[str, Mapping[str, Answered]]:
    """Who asks → right → what they were answered; a customer with a contract is among them, to compare with."""
    addresses = {kind: address_of(world, world.people[kind]) for kind in ("customer", *PEOPLE)}
    # Who uses a card without a contract, an account or any other record than the use itself (P-010).
    person = world.people["unknown_card"]
    assert world.one("SELECT count(*) FROM data.customer_relation WHERE person_id = %s", person) == 0
    assert world.one("SELECT count(*) FROM data.card WHERE person_id = %s", person) > 0
    addresses["card only"] = "gebruiker@kaart.example"
    world.admin.execute(
        "INSERT INTO data.email_address (id, person_id, recorded_at, source, value, value_norm, collected_at)"
        " SELECT %s, %s, bloesem.moment(), 'subject:klantendienst', %s, %s, bloesem.moment()",
        [person + 1, person, addresses["card only"], addresses["card only"]],
    )
    *others, (erasure, ground) = RIGHTS
    made = all_served(world, addresses, others)
    # With the consent of an entrant everything of them went: of the contest's entrants another asks to be erased.
    addresses["contest_unticked"] = address_of(world, world.people["contest_ticked"])
    for who, found in all_served(world, addresses, [(erasure, ground)]).items():
        made[who] |= found
    return made


@pytest.mark.promise("P-010", "P-013")
@pytest.mark.parametrize("kind", [*PEOPLE, "card only"])
def test_whoever_is_no_customer_is_served_every_right_as_a_customer_is(
    everybody: Mapping[str, Mapping[str, Answered]], kind: str
) -> None:
    for asked, _ in RIGHTS:
        mine, theirs = everybody[kind][asked], everybody["customer"][asked]
        assert mine.course == theirs.course, asked
        assert mine.answer["title"] == theirs.answer["title"]
        assert mine.answer["remedies"] == theirs.answer["remedies"]
        assert (asked == "access") <= bool(mine.answer["items"])


@pytest.mark.promise("P-008")
@pytest.mark.parametrize("kind", ["customer", *PEOPLE])
def test_the_company_answers_itself_and_refers_nobody_to_another(
    world: World, everybody: Mapping[str, Mapping[str, Answered]], kind: str
) -> None:
    """Also of those whose data an employer gave, a processor holds or a partner brought in: none of them is whom to ask."""
    contact = world.loaded.policy.contact
    for asked, one in everybody[kind].items():
        said = one.answer
        assert said["who"].startswith("Blossom Energy BV"), asked
        turn = " ".join(said["remedies"])
        assert contact.email in turn
        assert "werkgever" not in turn + " ".join(said["lead"])
        assert not [event for event in one.course if event not in STEPS], asked


#: All that happens to a case: none of it is that somebody else is to be asked.
STEPS = {
    *(
        "received",
        "asked-identity",
        "proved",
        "waits-for-officer",
        "decided",
        "carried-out",
        "answered",
        "fetched",
    ),
    "found",
}


@pytest.mark.promise("P-008")
def test_no_letter_and_no_answer_sends_its_reader_to_an_employer_or_a_processor() -> None:
    elsewhere = (
        "werkgever",
        "employer",
        "employeur",
        "arbeitgeber",
        "verwerker",
        "processor",
        "sous-traitant",
        "auftrags",
    )
    said = [text for by in words().values() for text in by.values()]
    for file in sorted(TEMPLATES.glob("case-*.yaml")):
        made = parse(file).data
        said += [*made["subject"].values(), *made["text"].values()]
    assert len(said) > 200
    assert not [text for text in said for word in elsewhere if word in text.lower()]


@pytest.mark.promise("P-011")
def test_a_company_as_such_has_no_right_and_its_contact_person_has_all(world: World) -> None:
    plan = world.loaded.plan
    assert not {"employer", "installer"} & {table.name for table in plan.tables}, (
        "no mask, no clock, no right"
    )
    contact = world.people["fleet_contact"]
    mail = address_of(world, contact)
    domain = mail.rpartition("@")[2]
    employer = world.one("SELECT employer_id FROM data.work_email WHERE person_id = %s", contact)
    before = world.one("SELECT to_jsonb(e) FROM data.employer e WHERE id = %s", employer)
    # The company asks by an address that is nobody's in person.
    for asked in ("access", "erasure"):
        number = ask(world, asked, f"info@{domain}")
        assert world.case(number)["state"] == "closed"
        assert [key for key, _, _ in world.letters(number)] == ["case-unknown"]
    # Its fleet manager, by a professional address that identifies a person, is one.
    copy = served(world, "access", mail)
    assert {"data.fleet_contact", "data.work_email", "data.person_name"} <= set(copy.data["tables"])
    assert "data.employer" not in copy.data["tables"]
    assert served(world, "erasure", mail, params={"ground": "a"}).answer["items"]
    assert world.one("SELECT count(*) FROM data.fleet_contact WHERE person_id = %s", contact) == 0
    assert world.one("SELECT to_jsonb(e) FROM data.employer e WHERE id = %s", employer) == before


#: Words by which something is paid for; "kosteloos" and its like say the opposite.
PAID = re.compile(
    r"€|\b(kost|kosten|vergoeding|betaal|betaalt|betalen|tarief|fees?|pays?|paid|costs?|frais|coûtent?|payer|payez|payante?|tarif"
    r"|gebühr|gebühren|kostet|bezahlen|entgelt|euros?|eur)\b",
    re.IGNORECASE,
)


@pytest.mark.promise("R-018")
@pytest.mark.promise("R-017")
def test_it_is_free_however_often_and_only_an_officer_with_grounds_refuses(world: World) -> None:
    """Nobody is ever asked a fee, for further copies neither, nor a reason; one that is given changes nothing. What is
    manifestly unfounded or excessive is for a person to say and to ground (the burden is the company's): a machine grants,
    and never refuses."""
    person = world.people["shared_home"]
    for reason in (
        "",
        "Graag.",
        "Ik zoek bewijs voor mijn rechtszaak tegen jullie.",
        "Dat gaat jullie niet aan.",
    ):
        copy = answered(world, ask(world, "access", address_of(world, person), words=reason))
        assert copy.answer["outcome"] == "granted"
        assert copy.data["tables"], "each copy is whole"
        assert "free" in " ".join(rights_in("en", copy)) or "gratis" in " ".join(rights_in("nl", copy))
    for name in world.admin.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'bloesem.request_case'::regclass"
    ):
        assert not re.search("fee|cents|amount|paid|price", name[0]), "a case has nowhere to ask for money"
    said = [text for by in words().values() for text in by.values()]
    for file in sorted(TEMPLATES.glob("case-*.yaml")):
        made = parse(file).data
        said += [*made["subject"].values(), *made["text"].values()]
    assert not [text for text in said if PAID.search(text)]
    number = ask(world, "rectification", address_of(world, person), words="Voor de honderdste keer.")
    for nobody, why in (
        (None, "Buitensporig."),
        ("", "Buitensporig."),
        ("officer:1", None),
        ("officer:1", "  "),
    ):
        refused = world.one("SELECT bloesem.case_decide(%s, %s, 'refused', %s, NULL)", nobody, number, why)
        assert refused in ("not-now", "why"), "who refuses says who they are, and on which grounds"
    decide(world, number, "refused", "Dit vroeg je deze maand al vijf keer, en er is niets veranderd.")
    answer = answered(world, number).answer
    assert "al vijf keer" in answer["reason"]
    assert len(answer["remedies"]) == 4


def rights_in(language: str, copy: Answered) -> list[str]:
    title = words()["rights"][language]
    return [
        line for section in copy.answer["sections"] if section["title"] == title for line in section["lines"]
    ]
