"""Lists for agencies, audiences, research: after the filter, in the form that the record says, back by their day."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hashlib
import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
import sepaxml  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pypdf import PdfReader
from tests.bloesem.cli.world import call
from tests.bloesem.consent.stage import Stage, stage
from tests.bloesem.recipients.changed import DAY, HOME, blossom, changed, record_with
from tests.bloesem.recipients.store import blossom_store, files, invoiced, it_is, manifest, unblocked  # noqa: F401
from tests.bloesem.recipients.test_notices import DOMAIN, signer
from tests.promises.business import Business
from tests.promises.test_gate import has_home_charger
from xmlschema import XMLSchema

from bloesem.consent.phone_list import import_list
from bloesem.consent.suppression import enter
from bloesem.consent.tables import object_to_advertising
from bloesem.gate.ids import new_id
from bloesem.plan.dates import midnight
from bloesem.recipients import notices, returns
from bloesem.recipients.delivery import hashed
from bloesem.recipients.disclose import Disclosed, DisclosureError, disclose
from bloesem.recipients.opendsr import callback_body
from bloesem.recipients.outbox import write_rows
from bloesem.recipients.returns import ReturnError, confirm, open_ones, overdue_findings, purge
from bloesem.sending import tables

__all__ = ["signer"]
NOON = midnight(DAY) + dt.timedelta(hours=12)


@pytest.fixture(scope="module")
def at(blossom_store: Business, tmp_path_factory: pytest.TempPathFactory) -> Stage:  # noqa: F811
    made = stage(blossom_store.world, tmp_path_factory.mktemp("keys"))
    tables.install(made.keeper, made.rules)
    return made


@pytest.fixture(autouse=True)
def nothing_open(at: Stage) -> Iterator[None]:
    yield
    it_is(at.world, DAY)
    for one in open_ones(at.keeper):
        confirm(
            at.keeper,
            one.number,
            one.back,
            on=one.given_on,
            proof="afgesloten",
            certificate=hashlib.sha256(b"afgesloten").digest(),
            now=NOON + dt.timedelta(days=400),
        )


def give(
    at: Stage, people: list[int], to: Path, name: str, for_: str, assignment: str | None = None, **more: Any
) -> Disclosed:
    company = more.pop("company", blossom)
    using = at.world.alias(at.world.login(more.pop("login", for_)))
    given = {"clock": lambda: NOON, "using": using, "assignment": assignment, **more}
    return disclose(company, name, for_, people, to=to, **given)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def audience(at: Stage) -> dict[str, int]:
    """Somebody for each reason, by name."""
    people = {
        name: at.customer(f"{name}{at.now().timestamp():.0f}{i}@post.example") for i, name in enumerate(NAMES)
    }
    object_to_advertising(at.keeper, at.rules, people["objected"])
    object_to_advertising(at.keeper, at.rules, people["channel"], channel="email")
    at.business.fact(people["restricted"], "restriction", "accuracy")
    row = at.one("SELECT suppression_key FROM data.email_address WHERE person_id = %s", people["listed"])
    enter(at.keeper, at.rules, "email", [bytes(row)], "all", at.now())
    at.keeper.execute(
        "UPDATE data.email_address SET suppression_key = NULL WHERE person_id = %s", [people["unscreened"]]
    )
    at.keeper.execute(
        "UPDATE data.email_address SET opt_out_offered = false WHERE person_id = %s", [people["not_offered"]]
    )
    at.keeper.execute(
        "UPDATE data.email_address SET bounced_at = now() WHERE person_id = %s", [people["bounced"]]
    )
    return people


SESSION: dict[str, Any] = {"accounted_on": dt.date(2026, 11, 30), "started_at": NOON, "state": "ended"}
SURVEY = (
    "INSERT INTO data.survey (id, key, label_nl, label_en, opens_on, closes_on)"
    " VALUES (%s, 'winter', 'Winter', 'Winter', '2026-10-01', '2026-12-01') RETURNING id"
)
NAMES = ("fine", "objected", "channel", "restricted", "listed", "unscreened", "not_offered", "bounced")


@pytest.mark.promise("P-121")
def test_an_agencys_list_is_given_after_the_filter_and_expires(at: Stage, tmp_path: Path) -> None:
    people = audience(at)
    done = give(at, list(people.values()), tmp_path, "klaproos", "marketing", "winter-2026")
    assert done.people == {people["fine"]}
    text = files(done.directory)
    (address,) = rows(text["email_address.csv"])
    assert address["value"].startswith("fine")
    assert len(rows(text["person_name.csv"])) == 1, "no name either of whoever is left out"
    assert "suppression" not in "".join(text.values())
    assert done.left_out == {
        "bounced": 1,
        "channel-refused": 1,
        "objected": 1,
        "refusal-not-offered": 1,
        "restricted": 1,
        "suppressed": 1,
        "unscreened": 1,
    }
    said = manifest(done.directory)
    assert (said["return_or_erase_by"], said["confirm"], said["people"]) == ("2026-12-31", "destroyed", 1)
    for file in said["files"]:
        assert hashlib.sha256(text[file["file"]].encode()).hexdigest() == file["sha256"]


@pytest.mark.promise("R-061")
@pytest.mark.promise("P-090")
def test_nobody_is_called_from_a_list_of_numbers_who_asked_not_to_be(at: Stage, tmp_path: Path) -> None:
    kept, listed = at.customer(), at.customer()
    at.phone(kept, "+32470111111")
    at.phone(listed, "+32470222222")
    at.keeper.execute("DELETE FROM data.email_address WHERE person_id = ANY (%s)", [[kept, listed]])
    company = _with_fields("klaproos", ("identification.name", "contact.phone"))

    def give_() -> Disclosed:
        return give(at, [kept, listed], tmp_path, "klaproos", "marketing", "winter-2026", company=company)

    at.keeper.execute("DELETE FROM bloesem.phone_list_import")
    assert give_().left_out == {"list-stale": 2}, "no list, or one that is too old: nobody"
    import_list(at.keeper, at.rules, f"# date: {DAY}\n+32470222222\n# numbers: 1\n".encode())
    done = give_()
    assert done.people == {kept}
    assert done.left_out == {"do-not-call": 1}
    at.keeper.execute("UPDATE bloesem.phone_list_import SET as_of = as_of - 31")
    assert give_().left_out == {"list-stale": 2}


def _with_fields(name: str, fields: tuple[str, ...]) -> Any:
    company = blossom()
    one = company.record.recipients[name].model_copy(update={"fields": fields})
    made = record_with(company, recipients={**company.record.recipients, name: one})
    return lambda: made


@pytest.mark.promise("P-123")
def test_an_audience_is_hashes_of_those_who_gave_permission_and_nothing_beside(
    at: Stage, tmp_path: Path
) -> None:
    yes, no, taken_back, listed = (at.customer(f" {n}@Post.example") for n in ("Yes", "No", "Back", "Listed"))
    for person in (yes, taken_back, listed):
        at.agree(person, "offers@1", channels=("email",))
    object_to_advertising(at.keeper, at.rules, taken_back)
    row = at.one("SELECT suppression_key FROM data.email_address WHERE person_id = %s", listed)
    enter(at.keeper, at.rules, "email", [bytes(row)], "all", at.now() + dt.timedelta(seconds=1))
    done = give(
        at, [yes, no, taken_back, listed], tmp_path, "meta_audiences", "consent_marketing", "winter-2026"
    )
    assert done.people == {yes}
    text = files(done.directory)
    assert set(text) == {"email_address.csv", "manifest.json"}
    oracle = hashlib.sha256(b"yes@post.example").hexdigest()
    assert text["email_address.csv"].split() == ["sha256", oracle]
    assert manifest(done.directory)["shows"] == "hashed"
    given = at.keeper.execute(
        "SELECT person_id, columns FROM bloesem.disclosed WHERE disclosure_id = %s", [done.number]
    ).fetchall()
    assert given == [(yes, ["value"])]


def test_hashes_are_in_the_form_that_platforms_publish() -> None:
    def plain(value: str) -> str:
        return hashlib.sha256(value.encode()).hexdigest()

    assert hashed("email", " Ann.Aerts@Post.example ") == plain("ann.aerts@post.example")
    assert hashed("sms", "0470 12 34 56") == plain("+32470123456")
    assert hashed("sms", "+32 470 12 34 56", "digits") == plain("32470123456")


@pytest.mark.promise("P-124")
def test_a_platform_whose_contract_forbids_no_use_of_its_own_gets_nothing(at: Stage, tmp_path: Path) -> None:
    person = at.customer()
    at.agree(person, "offers@1", channels=("email",))
    with pytest.raises(DisclosureError, match="has no clause `no-own-use`"):
        give(at, [person], tmp_path, "linkedin_audiences", "consent_marketing", "winter-2026")
    assert not list(tmp_path.iterdir())


def test_who_advertises_gets_nothing_where_the_record_does_not_say_what_is_asked(
    at: Stage, tmp_path: Path
) -> None:
    company = record_with(blossom(), deliveries={})
    with pytest.raises(DisclosureError, match="advertises, and nobody says what is asked before"):
        give(at, [at.customer()], tmp_path, "klaproos", "marketing", "winter-2026", company=lambda: company)


@pytest.mark.parametrize(
    ("name", "for_", "assignment"),
    [("fleetco", "billing", None), ("voltwacht", "service", "job-2026-0001")],
)
def test_who_reads_within_a_scope_of_its_own_gets_no_file_of_many(
    at: Stage, tmp_path: Path, name: str, for_: str, assignment: str | None
) -> None:
    """An employer has its own people's months, an installer its own job (P-114): a file would hold everybody's."""
    with pytest.raises(DisclosureError, match="as a file"):
        give(at, [at.customer()], tmp_path, name, for_, assignment, actor="staff:bo")
    assert not list(tmp_path.iterdir())
    assert at.one("SELECT count(*) FROM bloesem.disclosure WHERE recipient = %s", name) == 0


def test_research_is_without_those_who_objected(at: Stage, tmp_path: Path) -> None:
    kept, objected = (at.customer() for _ in range(2))
    survey = at.one(SURVEY, new_id())
    for person in (kept, objected):
        at.business.add(
            "survey_answer", person, survey_id=survey, answered_at=at.now(), score=8, words="goed"
        )
    at.business.fact(objected, "objection", "quality")
    done = give(at, [kept, objected], tmp_path, "peilpunt", "quality", "survey-2026", actor="staff:bo")
    assert done.people == {kept}
    assert done.left_out == {"not-readable": 1}
    assert (done.back, done.due) == ("returned", dt.date(2027, 2, 28))


@pytest.mark.promise("P-132")
def test_a_merger_in_preparation_gets_totals_of_ten_people_or_more_and_nobody(
    at: Stage, tmp_path: Path
) -> None:
    people = [at.customer() for _ in range(11)]
    for person in people:
        has_home_charger(at.world, person)
    for n, person in enumerate(people):
        at.business.add(
            "session", person, energy_wh=1000 + n, **({"amount_cents": 100} if n < 9 else {}), **SESSION
        )
    two: dict[str, Any] = {"actor": "staff:bo", "second": "staff:cy"}
    with pytest.raises(DisclosureError, match="one person alone"):
        give(at, people, tmp_path, "stroomland", "deal", "project-iris", login="reporting")
    done = give(at, people, tmp_path, "stroomland", "deal", "project-iris", login="reporting", **two)
    text = files(done.directory)
    found = {row["column"]: row for row in rows(text["session.csv"])}
    assert (found["energy_wh"]["people"], found["energy_wh"]["sum"]) == ("11", str(sum(range(1000, 1011))))
    assert "amount_cents" not in found, "nine people are too few"
    assert (done.people, at.count("bloesem.disclosed", disclosure_id=done.number)) == (frozenset(), 0)
    assert manifest(done.directory)["shows"] == "totals"


def test_a_dry_run_counts_and_leaves_nothing(at: Stage, tmp_path: Path) -> None:
    people = audience(at)
    before = at.count("bloesem.disclosure")
    done = give(at, list(people.values()), tmp_path, "klaproos", "marketing", "winter-2026", dry_run=True)
    assert done.people == {people["fine"]}
    assert (done.dry, done.number, done.directory.exists()) == (True, 0, False)
    assert (at.count("bloesem.disclosure"), list(tmp_path.iterdir())) == (before, [])


# ---- what comes back -------------------------------------------------------------------------------------------------


def printed(at: Stage, to: Path) -> Disclosed:
    return give(at, [invoiced(at.business)], to, "briefwerk", "billing")


def test_our_copy_goes_when_dispatch_is_confirmed_and_that_is_written_down(at: Stage, tmp_path: Path) -> None:
    done = printed(at, tmp_path)
    assert purge(at.keeper, tmp_path, now=NOON) == [], "not before"
    confirm(at.keeper, done.number, "dispatched", on=DAY, proof="bpost 77", now=NOON)
    assert purge(at.keeper, tmp_path, now=NOON) == [done.number]
    assert list(tmp_path.iterdir()) == []
    found = at.keeper.execute(
        "SELECT how, said, happened_on, proof FROM bloesem.disclosure_end WHERE disclosure_id = %s ORDER BY id",
        [done.number],
    ).fetchall()
    assert [row[:3] for row in found] == [("confirmed", "dispatched", DAY), ("purged", "purged", DAY)]
    assert purge(at.keeper, tmp_path, now=NOON) == [], "once"
    with pytest.raises(Exception, match="append-only"):
        at.keeper.execute("DELETE FROM bloesem.disclosure_end")


def test_a_print_house_gets_a_letter_of_each_person_in_their_language(at: Stage, tmp_path: Path) -> None:
    french, odd, nowhere = (invoiced(at.business, name) for name in ("Łukasz", "漢", "Peeters"))
    at.keeper.execute("UPDATE data.person SET language = 'fr' WHERE id = %s", [french])
    at.keeper.execute("DELETE FROM data.address WHERE person_id = %s", [nowhere])
    billed = invoiced(at.business)
    at.keeper.execute("UPDATE data.invoice SET issued_on = %s WHERE person_id = %s", [DAY, french])
    at.keeper.execute(
        "UPDATE data.invoice SET issued_on = %s WHERE person_id = %s", [DAY - dt.timedelta(7), billed]
    )
    done = give(at, [french, odd, nowhere, billed], tmp_path, "briefwerk", "billing", since=DAY)
    assert done.people == {french}, "who has no letter is in no file"
    assert done.left_out == {
        "letter-no-address": 1,
        "letter-not-printable": 1,
        "letter-nothing-in-it": 1,
    }
    held = files(done.directory)
    assert {name: len(rows(held[name])) for name in held if name != "manifest.json"} == {
        "person_name.csv": 1,
        "address.csv": 1,
        "invoice.csv": 1,
    }
    assert set(rows(held["person_name.csv"])[0]) == {"person", "given_name", "family_name"}, (
        "no more than is printed"
    )
    recorded = at.keeper.execute(
        "SELECT DISTINCT person_id FROM bloesem.disclosed WHERE disclosure_id = %s", [done.number]
    ).fetchall()
    assert recorded == [(french,)]
    said = next(file for file in manifest(done.directory)["files"] if file["file"] == "letters.pdf")
    path = done.directory / "letters.pdf"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == said["sha256"]
    assert said["letters"] == 1
    (page,) = PdfReader(path).pages
    text = page.extract_text()
    for words in ("Ann Łukasz", "Kerkstraat 1", "2800 Mechelen", "Vos factures", "EUR 12,10"):
        assert words in text
    number = next(
        row["person"]
        for row in rows(files(done.directory)["person_name.csv"])
        if row["family_name"] == "Łukasz"
    )
    assert f"{number} / 1" in text
    assert str(french) not in text
    assert "BE71" not in text, "a print house has no account numbers"
    confirm(at.keeper, done.number, "dispatched", on=DAY, proof="bpost 76", now=NOON)
    assert purge(at.keeper, tmp_path, now=NOON) == [done.number]
    assert not path.exists()


def test_a_letter_says_nothing_that_was_not_given(at: Stage, tmp_path: Path) -> None:
    fields = ("identification.name", "identification.address")
    done = give(at, [invoiced(at.business)], tmp_path, "briefwerk", "billing", fields=fields)
    assert (done.people, done.left_out) == (frozenset(), {"letter-fields-not-given": 1})
    assert list(tmp_path.iterdir()) == []


def test_who_got_nothing_has_nothing_to_confirm(at: Stage, tmp_path: Path) -> None:
    before = at.count("bloesem.disclosure")
    done = give(
        at, [invoiced(at.business)], tmp_path, "briefwerk", "billing", since=DAY + dt.timedelta(days=400)
    )
    assert (done.number, done.dry, done.left_out) == (0, False, {"letter-nothing-in-it": 1})
    assert (at.count("bloesem.disclosure"), open_ones(at.keeper), list(tmp_path.iterdir())) == (
        before,
        [],
        [],
    )


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_the_database_keeps_as_bytes_is_text_or_base64_in_a_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"values.{form}"
    write_rows(path, ("steps", "sealed"), [(b"[[0, 0]]", memoryview(b"\xff\x00"))], form)
    said = rows(path.read_text()) if form == "csv" else json.loads(path.read_text())
    assert said == [{"steps": "[[0, 0]]", "sealed": "/wA="}]


def test_only_letters_are_of_documents_since_a_day(at: Stage, tmp_path: Path) -> None:
    with pytest.raises(DisclosureError, match="gets no letters"):
        give(at, [invoiced(at.business)], tmp_path, "cijferhuis", "billing", since=DAY)


def owed(at: Stage, *accounts: str, order: str = "R1", on: dt.date = DAY, cents: int = 1210) -> int:
    """Somebody with accounts, whom we owe a reimbursement on a day."""
    person = at.business.customer()
    for iban in accounts:
        at.business.add("bank_account", person, iban=iban, iban_last4=iban[-4:], collected_at=at.now())
    at.business.add(
        "reimbursement", person, paid_on=on, month=DAY, order_id=order, energy_wh=1000, amount_cents=cents
    )
    return person


def test_a_bank_gets_one_checked_file_of_what_is_due_and_no_rows(at: Stage, tmp_path: Path) -> None:
    good, later = "BE68 5390 0754 7034", DAY + dt.timedelta(days=3)
    paid = owed(at, good, order="R202609-1")
    ahead = owed(at, "BE71096123456769", order="R202609-2", on=later, cents=5)
    others = [
        owed(at, order="R3"),
        owed(at, good, "BE71096123456769", order="R4"),
        owed(at, "BE68539007547035", order="R5"),
        owed(at, good, order="R6", on=DAY - dt.timedelta(days=1)),
        owed(at, good, order="R7", cents=-5),
        owed(at, good, order="R8"),
        owed(at, good, order="R8"),
    ]
    done = give(at, [paid, ahead, *others], tmp_path, "vlasbank", "billing")
    assert done.people == {paid, ahead}
    assert done.left_out == {
        "payment-no-account": 1,
        "payment-several-accounts": 1,
        "payment-wrong-account": 1,
        "payment-none-due": 1,
        "payment-wrong-order": 3,
    }
    assert {path.name for path in done.directory.iterdir()} == {"manifest.json", "payments.xml"}
    told = manifest(done.directory)
    content = (done.directory / "payments.xml").read_bytes()
    assert told["files"] == [
        {
            "file": "payments.xml",
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": 0,
            "payments": 2,
            "columns": [],
        }
    ]
    space = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.03}"
    tree = ElementTree.fromstring(content)
    texts = [
        [it.text for it in tree.iter(f"{space}{name}")] for name in ("EndToEndId", "InstdAmt", "ReqdExctnDt")
    ]
    assert texts == [["R202609-1", "R202609-2"], ["12.10", "0.05"], [str(DAY), str(later)]]
    assert {it.text for it in tree.iter(f"{space}IBAN")} == {
        "BE68539007547034",
        "BE71096123456769",
    }, "ours is that of the record"
    assert f"{paid}".encode() not in content, "no number of ours"
    assert XMLSchema(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.03.xsd").is_valid(
        content.decode()
    )
    given = at.keeper.execute(
        "SELECT table_name, columns FROM bloesem.disclosed WHERE disclosure_id = %s AND person_id = %s ORDER BY 1",
        [done.number, paid],
    ).fetchall()
    assert [(table, sorted(names)) for table, names in given] == [
        ("bank_account", ["iban"]),
        ("person_name", ["family_name", "given_name"]),
        ("reimbursement", ["amount_cents", "order_id"]),
    ]


@pytest.mark.parametrize("where", ["remove", "_write"])
def test_a_purge_that_is_killed_is_finished_by_the_next(
    at: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    done = printed(at, tmp_path)
    confirm(at.keeper, done.number, "dispatched", on=DAY, proof="bpost 78", now=NOON)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(returns, where, killed)
        with pytest.raises(KeyboardInterrupt):
            purge(at.keeper, tmp_path, now=NOON)
    assert at.count("bloesem.disclosure_end", disclosure_id=done.number, how="purged") == 0
    assert not (tmp_path / f"disclosure-{done.number}").exists(), "nobody takes half of it for the whole"
    assert purge(at.keeper, tmp_path, now=NOON) == [done.number]
    assert list(tmp_path.iterdir()) == []
    assert at.count("bloesem.disclosure_end", disclosure_id=done.number, how="purged") == 1


@pytest.mark.parametrize(
    ("number", "said", "on", "proof", "says"),
    [
        (10**9, "dispatched", DAY, "x", "there is no disclosure"),
        (None, "destroyed", DAY, "x", "was to be dispatched"),
        (None, "dispatched", DAY + dt.timedelta(days=1), "x", "cannot be dispatched"),
        (None, "dispatched", DAY - dt.timedelta(days=1), "x", "cannot be dispatched"),
        (None, "dispatched", DAY, " ", "nothing proves"),
    ],
)
def test_what_cannot_be_is_not_written_down(
    at: Stage, tmp_path: Path, number: int | None, said: str, on: dt.date, proof: str, says: str
) -> None:
    done = printed(at, tmp_path)
    with pytest.raises(ReturnError, match=says) as refused:
        confirm(at.keeper, number or done.number, said, on=on, proof=proof, now=NOON)
    assert refused.value.rule
    assert refused.value.remedy
    assert at.count("bloesem.disclosure_end", disclosure_id=done.number) == 0
    confirm(at.keeper, done.number, "dispatched", on=DAY, proof="x", now=NOON)
    with pytest.raises(ReturnError, match="confirmed already"):
        confirm(at.keeper, done.number, "dispatched", on=DAY, proof="x", now=NOON)


def test_it_is_overdue_from_the_midnight_after_its_day_and_then_nothing_new_goes(
    at: Stage, tmp_path: Path
) -> None:
    done = printed(at, tmp_path)
    last = DAY + dt.timedelta(days=5)
    assert done.due == last
    for n in range(370):
        day = DAY + dt.timedelta(days=n)
        kinds = [f.kind for f in overdue_findings(open_ones(at.keeper), day, day + dt.timedelta(days=30))]
        assert kinds == (["disclosure-overdue"] if day > last else ["disclosure-due"])
    late = last + dt.timedelta(days=1)
    person = invoiced(at.business)
    it_is(at.world, late)
    clock: dict[str, Any] = {"clock": lambda: midnight(late) + dt.timedelta(hours=12)}
    with pytest.raises(DisclosureError, match="earlier is overdue"):
        give(at, [person], tmp_path, "briefwerk", "billing", **clock)
    assert [path.name for path in tmp_path.iterdir()] == [f"disclosure-{done.number}"]
    confirm(at.keeper, done.number, "dispatched", on=late, proof="laat", now=NOON + dt.timedelta(days=6))
    assert give(at, [person], tmp_path, "briefwerk", "billing", **clock).people == {person}
    assert at.count("bloesem.disclosure_end", disclosure_id=done.number) == 1


def test_an_archives_papers_are_given_by_two_and_end_with_a_certificate(at: Stage, tmp_path: Path) -> None:
    person = invoiced(at.business)
    two: dict[str, Any] = {"actor": "staff:bo", "case": 8}
    with pytest.raises(DisclosureError, match="one person alone"):
        give(at, [person], tmp_path, "kelder", "archive", **two, second="staff:bo")
    done = give(at, [person], tmp_path, "kelder", "archive", **two, second="staff:cy")
    assert (done.back, done.due) == ("destroyed", dt.date(2033, 12, 31))
    decided = at.one("SELECT decided_by FROM bloesem.disclosure WHERE id = %s", done.number)
    assert decided == ["staff:bo", "staff:cy"]
    with pytest.raises(ReturnError, match="was to be destroyed"):
        confirm(at.keeper, done.number, "returned", on=DAY, proof="x", now=NOON)
    with pytest.raises(ReturnError, match="with a certificate, and there is none"):
        confirm(at.keeper, done.number, "destroyed", on=DAY, proof="attest 12", now=NOON)
    proof = hashlib.sha256(b"attest").digest()
    confirm(at.keeper, done.number, "destroyed", on=DAY, proof="attest 12", certificate=proof, now=NOON)
    assert done.number not in {one.number for one in open_ones(at.keeper)}


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_do_not_call_list_is_imported_whole_on_the_command_line_and_says_how_fresh_it_is(
    at: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-090: nobody is called without a list of late, so somebody has to be able to bring one."""
    monkeypatch.setattr("bloesem.gate.keeping.configured", lambda: False)  # a command is a process of its own
    where = ("--company", HOME, "--store", at.world.database.dsn.url(), "--prefix", at.world.plan.prefix)
    at.keeper.execute("DELETE FROM bloesem.phone_list_import")
    none = call("recipients", "do-not-call", *where, "--json")
    assert (none.code, none.json["may_call"]) == (1, False)
    file = tmp_path / "list.txt"
    day = at.today() - dt.timedelta(days=2)
    for bad in (
        f"# date: {day}\n+32470000001\n# numbers: 2\n".encode(),
        f"# date: {day}\n+32470000001\n".encode(),
        f"# date: {day}\n+32470000001\n# numbers: 1\n".encode("utf-16"),
        f"# date: {day - dt.timedelta(days=400)}\n+32470000001\n# numbers: 1\n".encode(),
    ):
        file.write_bytes(bad)
        said = call("recipients", "do-not-call", file, *where)
        assert said.code == 2
        assert "32470000001" not in said.err + said.out
        assert at.one("SELECT count(*) FROM bloesem.phone_list_import") == 0
    file.write_bytes(f"# date: {day}\n+32470000001\n# numbers: 1\n".encode())
    took = call("recipients", "do-not-call", file, *where, "--json")
    assert (took.code, took.json["numbers"], took.json["may_call"]) == (0, 1, True)
    assert at.one("SELECT number FROM bloesem.phone_list") == "+32470000001"
    at.keeper.execute("DELETE FROM bloesem.phone_list_import")
    at.keeper.execute("DELETE FROM bloesem.phone_list")


def test_it_is_given_counted_and_confirmed_on_the_command_line(at: Stage, tmp_path: Path) -> None:
    login = at.world.login("billing")
    own = at.world.secrets.of(login)
    for name, text in (("password", own.password), ("scope-key", own.scope_key.hex())):
        (tmp_path / f"{login}.{name}").write_text(text)
        (tmp_path / f"{login}.{name}").chmod(0o600)
    tmp_path.chmod(0o700)
    invoiced(at.business, "Vermeulen")
    where = (
        "--company",
        HOME,
        "--store",
        at.world.database.dsn.url(),
        "--prefix",
        at.world.plan.prefix,
        "--to",
        tmp_path / "out",
    )
    gave = ("recipients", "give", "briefwerk", *where, "--credentials", tmp_path)
    assert "it is not said of whom" in call(*gave).err
    assert "no recipient is called" in call("recipients", "give", "nobody", *where).err
    dry = call(*gave, "--everybody", "--dry-run", "--json")
    assert dry.code == 0, dry.err
    assert dry.json["disclosure"] is None
    assert dry.json["people"] >= 1
    done = call(*gave, "--everybody", "--json")
    assert done.json["people"] == dry.json["people"]
    given = str(done.json["disclosure"])
    assert Path(done.json["directory"]).is_dir()
    due = call("recipients", "due", *where)
    assert (due.code, "briefwerk" in due.out) == (0, True)
    late = call("recipients", "due", *where, "--on", DAY + dt.timedelta(days=6), "--json")
    assert (late.code, [f["kind"] for f in late.json["findings"]]) == (1, ["disclosure-overdue"])
    checked = call(
        "check",
        "--company",
        HOME,
        "--store",
        at.world.database.dsn.url(),
        "--prefix",
        at.world.plan.prefix,
        "--json",
    )
    assert "disclosure-due" in {one["kind"] for one in checked.json["findings"]}
    assert call("recipients", "dispatched", given, *where).code == 2, "no proof"
    said = call("recipients", "dispatched", given, "--proof", "bpost 9", *where, "--json")
    assert said.json["purged"] == [int(given)]
    assert not Path(done.json["directory"]).exists()


# ---- what recipients answer --------------------------------------------------------------------------------------------


def test_a_recipients_signed_answer_is_the_proof_of_its_notice_and_nothing_else_is(
    at: Stage, tmp_path: Path, signer: tuple[rsa.RSAPrivateKey, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test import Client, override_settings

    from charging.portal import callbacks

    key, certificate = signer
    person = invoiced(at.business)
    give(at, [person], tmp_path, "briefwerk", "billing")
    (one,) = notices.queue(at.keeper, person, "erasure", request=uuid.uuid4(), due=DAY, now=NOON)
    company = changed("briefwerk", notices=f"https://{DOMAIN}/requests", certificate=certificate.decode())
    monkeypatch.setattr(callbacks, "shelf", lambda: SimpleNamespace(company=lambda: company))
    monkeypatch.setattr(callbacks, "asked", lambda query, *values: at.one(query, *values))
    monkeypatch.setattr(callbacks, "consume", lambda *_, **__: True)

    def answer(status: str = "completed", *, request: uuid.UUID = one.request, **wrong: Any) -> int:
        said = callback_body(
            *(request, status),  # type: ignore[arg-type]
            url="https://blossom.example/opendsr/callbacks", controller_id="blossom", expected=NOON,
        )  # fmt: skip
        body = json.dumps(said).encode()
        signed = base64.b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
        with override_settings(
            ROOT_URLCONF="charging.portal.urls",
            BLOESEM_PORTAL="https://blossom.example",
            ALLOWED_HOSTS=["localhost"],
        ):
            client = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
            got = client.post(
                "/opendsr/callbacks",
                wrong.get("body", body),
                content_type="application/json",
                headers={
                    "X-OpenDSR-Processor-Domain": wrong.get("domain", DOMAIN),
                    "X-OpenDSR-Signature": wrong.get("signature", signed),
                },
            )
        assert got.content == b"", "it says nothing of any notice"
        return int(got.status_code)

    def state() -> str:
        (found,) = notices.of_request(at.keeper, one.request)
        return found.state

    assert (answer(), state()) == (202, "queued"), "nobody can have done what was not asked yet"
    notices.sent(at.keeper, one.id, "https://x.example", NOON)
    for wrong in ({"body": b"{}"}, {"domain": "evil.example"}, {"signature": "AAAA"}):
        assert (answer(**wrong), state()) == (400, "sent")
    assert (answer("in_progress"), state()) == (202, "sent")
    assert (answer(request=uuid.uuid4()), state()) == (202, "sent"), "another change"
    assert (answer(), state()) == (202, "proven")
    proof = at.one("SELECT proof FROM bloesem.notice WHERE id = %s", one.id)
    assert proof.startswith(f"{DOMAIN} completed sha256:")
    assert answer() == 202
    assert at.one("SELECT proof FROM bloesem.notice WHERE id = %s", one.id) == proof
