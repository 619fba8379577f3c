"""Kinds of recipient that get files: what is in them, who is left out, and what is left when their task is done."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.recipients.changed import DAY, ask, blossom, changed, why
from tests.bloesem.recipients.store import blossom_store, files, invoiced, it_is, manifest, unblocked  # noqa: F401
from tests.bloesem.recipients.test_delivery import NOON, SURVEY, at, give, nothing_open  # noqa: F401
from tests.bloesem.sending.stage import door
from tests.promises.test_collection import gives

from bloesem.gate import own
from bloesem.gate import purpose as opening
from bloesem.gate.ids import new_id
from bloesem.plan.dates import midnight
from bloesem.policy.company import Company
from bloesem.recipients.disclose import Disclosed, DisclosureError
from bloesem.recipients.notices import queue
from bloesem.recipients.returns import ReturnError, confirm, open_ones, purge
from bloesem.recipients.safeguards import safeguards
from bloesem.recipients.telling import tell
from bloesem.rights.guarded import told


def columns_given(at: Stage, number: int) -> set[tuple[str, str]]:  # noqa: F811
    found = at.keeper.execute(
        "SELECT DISTINCT table_name, unnest(columns) FROM bloesem.disclosed WHERE disclosure_id = %s",
        [number],
    )
    return {(row[0], row[1]) for row in found}


def categories_given(at: Stage, number: int) -> set[str]:  # noqa: F811
    plan = at.world.plan
    return {c for table, name in columns_given(at, number) for c in plan.table(table).column(name).categories}


@pytest.mark.promise("P-117")
def test_a_print_house_gets_name_address_and_document_and_keeps_nothing_once_it_is_posted(
    at: Stage,  # noqa: F811
    tmp_path: Path,
) -> None:
    person = invoiced(at.business)
    at.email(person, "geprint@post.example")
    allowed = ("identification.name", "identification.address", "contract.billing")
    for more in ("contact.email", "contact.phone", "financial.iban", "usage.session"):
        with pytest.raises(DisclosureError, match=f"have `{more}`"):
            give(at, [person], tmp_path, "briefwerk", "billing", fields=(*allowed, more))
        wider = changed("briefwerk", fields=(*allowed, more))
        with pytest.raises(DisclosureError, match="not for kind `print_mail`"):
            give(
                *(at, [person], tmp_path, "briefwerk", "billing"),
                fields=(*allowed, more),
                company=lambda: wider,  # noqa: B023
            )
    for purpose in ("marketing", "quality", "identify"):
        with pytest.raises(DisclosureError, match="is none of what kind"):
            give(at, [person], tmp_path, "briefwerk", purpose)
    free = changed("briefwerk", contract={"clauses": {}})
    with pytest.raises(DisclosureError, match="has no clause `purge-after-dispatch`"):
        give(at, [person], tmp_path, "briefwerk", "billing", company=lambda: free)
    assert list(tmp_path.iterdir()) == [], "what is refused leaves nothing"

    done = give(at, [person], tmp_path, "briefwerk", "billing")
    assert categories_given(at, done.number) == set(allowed)
    text = "".join(files(done.directory).values())
    assert "Kerkstraat 1" in text
    for other in ("geprint@post.example", "470000000", "470 00 00 00", "BE71096123456769"):
        assert other not in text
    last = DAY + dt.timedelta(days=5)
    assert (done.back, done.due) == ("dispatched", last)
    assert manifest(done.directory)["confirm"] == "dispatched"

    # What is not posted by its day stops what would go next; what is posted leaves no file of ours either.
    late = last + dt.timedelta(days=1)
    it_is(at.world, late)
    later: dict[str, Any] = {"clock": lambda: midnight(late) + dt.timedelta(hours=12)}
    with pytest.raises(DisclosureError, match="earlier is overdue"):
        give(at, [person], tmp_path, "briefwerk", "billing", **later)
    assert purge(at.keeper, tmp_path, now=NOON) == [], "not before it is posted"
    confirm(at.keeper, done.number, "dispatched", on=late, proof="bpost 1", now=midnight(late))
    assert purge(at.keeper, tmp_path, now=midnight(late)) == [done.number]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.promise("P-120")
@pytest.mark.parametrize("end", ["returned", "destroyed"])
def test_research_is_for_quality_alone_without_who_objected_and_back_after_the_project(
    at: Stage,  # noqa: F811
    tmp_path: Path,
    end: str,
) -> None:
    kept, objected, restricted = (at.customer() for _ in range(3))
    survey = at.one(SURVEY.replace("'winter'", "%s", 1), new_id(), f"winter-{end}")
    for person in (kept, objected, restricted):
        at.business.add(
            "survey_answer", person, survey_id=survey, answered_at=at.now(), score=8, words=f"van {person}"
        )
    at.business.fact(objected, "objection", "quality")
    at.business.fact(restricted, "restriction", "accuracy")
    everybody = [kept, objected, restricted]
    staff: dict[str, Any] = {"actor": "staff:bo"}
    for purpose in ("marketing", "consent_marketing", "billing", "training", "identify"):
        wider = changed("peilpunt", purposes=("quality", purpose))
        with pytest.raises(DisclosureError, match="is none of what kind `market_research`"):
            give(at, everybody, tmp_path, "peilpunt", purpose, "survey-2026", company=lambda: wider, **staff)  # noqa: B023
    with pytest.raises(DisclosureError, match="is not named"):
        give(at, everybody, tmp_path, "peilpunt", "quality", **staff)
    free = changed("peilpunt", contract={"clauses": {}})
    with pytest.raises(DisclosureError, match="has no clause `return-or-erasure`"):
        give(at, everybody, tmp_path, "peilpunt", "quality", "survey-2026", company=lambda: free, **staff)

    done = give(at, everybody, tmp_path, "peilpunt", "quality", "survey-2026", **staff)
    assert done.people == {kept}
    text = "".join(files(done.directory).values())
    assert f"van {kept}" in text
    assert f"van {objected}" not in text
    assert f"van {restricted}" not in text
    last = blossom().record.recipients["peilpunt"].assignments["survey-2026"].ends
    assert (done.back, done.due) == ("returned", last)
    late = last + dt.timedelta(days=1)
    it_is(at.world, late)
    later: dict[str, Any] = {"clock": lambda: midnight(late) + dt.timedelta(hours=12), **staff}
    task = blossom().record.recipients["peilpunt"].assignments["survey-2026"]
    next_one = changed(
        "peilpunt",
        assignments={"survey-2027": task.model_copy(update={"starts": late, "ends": late, "decided": late})},
    )
    with pytest.raises(DisclosureError, match="earlier is overdue"):
        give(at, [kept], tmp_path, "peilpunt", "quality", "survey-2027", company=lambda: next_one, **later)
    with pytest.raises(DisclosureError, match="ended on"):
        give(at, [kept], tmp_path, "peilpunt", "quality", "survey-2026", **later)
    confirm(at.keeper, done.number, end, on=late, proof="attest 3", now=midnight(late))
    assert purge(at.keeper, tmp_path, now=midnight(late)) == [done.number]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.promise("P-115")
def test_energy_management_gets_consumption_and_installation_of_people_with_that_service_alone(
    at: Stage,  # noqa: F811
    tmp_path: Path,
) -> None:
    allowed = {c for c in blossom().in_force(DAY).categories if c.startswith(("usage.", "installation."))}
    register = changed("zonnewijs", fields=("all",))
    went = set()
    for category in blossom().in_force(DAY).categories:
        if ask("zonnewijs", register, fields=(category,)).allowed:
            went.add(category)
    assert {"usage.session", "usage.meter_values"} <= went <= allowed
    for category in ("identification.name", "contact.email", "financial.iban", "contract.billing"):
        assert "not for kind `hems`" in why(ask("zonnewijs", register, fields=(category,)))
    for purpose in ("marketing", "quality", "billing", "sales"):
        assert "is none of what kind" in why(
            ask("zonnewijs", changed("zonnewijs", purposes=(purpose,)), purpose=purpose)
        )

    has, never, ended, only_charger = (at.customer() for _ in range(4))
    today = at.today()
    for person in (has, ended, only_charger):
        gives(at.world, person, "home_charger", since=today - 9 * dt.timedelta(days=1))
    gives(at.world, has, "hems", since=today)
    gives(at.world, ended, "hems", since=today - dt.timedelta(days=9), until=today - dt.timedelta(days=1))
    for person in (has, ended, only_charger):
        at.business.add("session", person, energy_wh=1, accounted_on=DAY, started_at=NOON, state="ended")
    done = give(at, [has, never, ended, only_charger], tmp_path, "zonnewijs", "service")
    assert done.people == {has}
    assert categories_given(at, done.number) <= allowed


@pytest.mark.promise("P-144")
def test_a_person_is_told_where_their_own_data_went_and_finds_the_copy_of_that(
    at: Stage,  # noqa: F811
    tmp_path: Path,
) -> None:
    person, other = at.customer("ver@post.example"), at.customer("thuis@post.example")
    give(at, [person], tmp_path, "liberty_platforms", "service", fields=("contact.email",))
    (mine,) = told.recipients(at.keeper, at.world.plan, [person])[:1]
    assert [(it["country"], it["mechanism"]) for it in mine["transfers"]] == [("GB", "adequacy")]
    assert told.recipients(at.keeper, at.world.plan, [other]) == []
    (found,) = [it for it in safeguards(blossom(), DAY) if it.key == mine["transfers"][0]["transfer"]]
    assert (found.country, found.mechanism, found.parts[0].text[:6]) == ("GB", "adequacy", "Implem")


def asked_by_law(**changes: Any) -> Company:
    """The example request of an authority, with changes of what it says."""
    task = blossom().record.recipients["tax_inspection"].assignments["audit-2026-07"]
    assert task.request is not None
    new = task.model_copy(update={"request": task.request.model_copy(update=changes)})
    return changed("tax_inspection", assignments={"audit-2026-07": new})


@pytest.mark.promise("P-128")
def test_an_authority_gets_what_law_and_lawyer_say_and_the_person_hears_of_it_unless_a_law_forbids(
    at: Stage,  # noqa: F811
    tmp_path: Path,
) -> None:
    told_of, silent = invoiced(at.business), invoiced(at.business)
    at.email(told_of, "gevraagd@post.example")
    at.email(silent, "stil@post.example")

    def asked(person: int, company: Company) -> Disclosed:
        return give(
            *(at, [person], tmp_path, "tax_inspection", "archive", "audit-2026-07"),
            company=lambda: company, actor="staff:bo", case=7, second="staff:cy",
        )  # fmt: skip

    for lacks in ({"statute": "nowhere"}, {"competence": " "}, {"scope": ""}, {"review": None}):
        with pytest.raises(DisclosureError, match="P-128"):
            asked(told_of, asked_by_law(**lacks))
    last = DAY + dt.timedelta(days=2)
    gag = asked_by_law(silence_because="secrecy of the inquiry (example)", silence_until=last)
    open_, hidden = asked(told_of, blossom()), asked(silent, gag)
    assert categories_given(at, open_.number) == {"contract.billing"}, "no more than was asked"

    made, post = door(at)

    def letters() -> list[str]:
        """To whom, after what is due was sent; twice, so that nobody is written to twice."""
        for _ in range(2):
            tell(made, gag)
            made.run()
        return [it.address for it in post.sent if "Belastinginspectie" in it.text]

    def heard(person: int) -> tuple[list[str], list[str]]:
        """Who got their data, by an answer to them, and by their own page."""
        answer = [it["recipient"] for it in told.recipients(at.keeper, at.world.plan, [person])]
        with opening("subject", person=person, using=at.world.alias(at.world.login("subject"))) as opened:
            return answer, [it.recipient for it in own.recipients(opened)]

    assert letters() == ["gevraagd@post.example"]
    assert heard(told_of) == (["tax_inspection"], ["tax_inspection"])
    assert heard(silent) == ([], [])
    it_is(at.world, last)
    assert letters() == ["gevraagd@post.example"], "still forbidden, on its last day"
    it_is(at.world, last + dt.timedelta(days=1))
    assert letters() == ["gevraagd@post.example", "stil@post.example"]
    assert heard(silent) == (["tax_inspection"], ["tax_inspection"])
    assert hidden.number != open_.number


@pytest.mark.promise("P-116")
def test_an_archive_keeps_each_invoice_as_long_as_we_do_and_proves_that_its_paper_is_destroyed(
    at: Stage,  # noqa: F811
    tmp_path: Path,
) -> None:
    person, restricted = invoiced(at.business), invoiced(at.business)
    at.business.add(
        "invoice",
        person,
        issued_on=dt.date(2024, 1, 1),
        number="2024-oud",
        kind="invoice",
        amount_cents=1,
        vat_cents=0,
    )
    two: dict[str, Any] = {"actor": "staff:bo", "case": 9, "second": "staff:cy"}

    def archived(people: list[int], **more: Any) -> Disclosed:
        return give(at, people, tmp_path, "kelder", "archive", **two, **more)

    for other in ("identification.name", "contact.email", "financial.iban", "usage.session"):
        with pytest.raises(DisclosureError, match=f"have `{other}`"):
            archived([person], fields=("contract.billing", other))
    free = changed("kelder", contract={"clauses": {}})
    with pytest.raises(DisclosureError, match="has no clause `destruction-certificate`"):
        archived([person], company=lambda: free)
    with pytest.raises(DisclosureError, match="2031-12-31, 2033-12-31"):
        archived([person])
    at.business.fact(restricted, "restriction", "accuracy")
    old = archived([person, restricted], ending=dt.date(2031, 12, 31))
    new = archived([person, restricted], ending=dt.date(2033, 12, 31))
    assert (old.due, new.due) == (dt.date(2031, 12, 31), dt.date(2033, 12, 31)), (
        "seven years from 1 January after"
    )
    assert old.people == new.people == {person}, "what is restricted goes nowhere"
    assert "2024-oud" in files(old.directory)["invoice.csv"]
    assert "2024-oud" not in files(new.directory)["invoice.csv"]
    assert manifest(old.directory)["return_or_erase_by"] == "2031-12-31"

    # A restriction afterwards binds the paper too: the archive is told, by the numbers that its own boxes have.
    (told_,) = queue(at.keeper, person, "restriction", request=uuid.uuid4(), due=DAY, now=NOON)
    assert (told_.recipient, set(told_.references)) == ("kelder", {old.number, new.number})

    # On the last day nothing is late; from the midnight after it on nothing new goes, until a certificate is there.
    last = dt.date(2031, 12, 31)
    (open_,) = [it for it in open_ones(at.keeper) if it.number == old.number]
    assert [open_.overdue(day) for day in (last, last + dt.timedelta(days=1))] == [False, True]
    late = midnight(last + dt.timedelta(days=1))
    with pytest.raises(ReturnError, match="with a certificate, and there is none"):
        confirm(at.keeper, old.number, "destroyed", on=last, proof="attest 7", now=late)
    certificate = hashlib.sha256(b"attest 7").digest()
    with pytest.raises(ReturnError, match="was to be destroyed, and not returned"):
        confirm(
            at.keeper, old.number, "returned", on=last, proof="attest 7", certificate=certificate, now=late
        )
    confirm(at.keeper, old.number, "destroyed", on=last, proof="attest 7", certificate=certificate, now=late)
    assert {it.number for it in open_ones(at.keeper)} == {new.number}, (
        "of the other box nothing is proven yet"
    )
