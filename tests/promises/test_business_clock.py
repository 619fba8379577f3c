"""Terms, starts and ends as the text gives them, on Blossom's own plan and tables, in PostgreSQL and in the calculus."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from typing import Any

import pytest
from tests.bloesem.gate.world import World, types
from tests.promises.business import Business, day
from tests.promises.test_gate import COMPANY, store, tables, unblocked  # noqa: F401 - fixtures

from bloesem.plan.model import TablePlan

_numbers = itertools.count(1)


@pytest.fixture
def blossom(store: World) -> Business:  # noqa: F811
    return Business(store)


def ended(blossom: Business, person: int, *, account: bool = True) -> None:
    """The relation ends now; the account too, unless it stays open."""
    blossom.write("customer_relation", person, ended_at=blossom.now())
    if account:
        blossom.write("account", person, terminated_at=blossom.now(), closed_at=blossom.now())


# ---- ends of the relation ------------------------------------------------------------------------------------------


@pytest.mark.promise("P-067")
@pytest.mark.promise("P-064")
@pytest.mark.promise("P-105")
def test_identification_ends_with_the_day_and_support_a_year_later(blossom: Business) -> None:
    blossom.on("2027-02-01")
    person = blossom.customer()
    blossom.on("2028-02-28")
    ended(blossom, person)
    assert blossom.reads("identify", "person_name", "given_name") == ["Lotte"], "through the day itself"
    blossom.on("2028-02-29")
    assert blossom.reads("identify", "person_name", "given_name") == []
    for purpose in ("sales", "after_sales", "support"):
        assert blossom.reads(purpose, "person_name", "given_name") == ["Lotte"]
    blossom.on("2029-02-28")
    assert blossom.reads("support", "person_name", "given_name") == ["Lotte"]
    blossom.on("2029-03-01")
    for purpose in ("sales", "after_sales", "support"):
        assert blossom.reads(purpose, "person_name", "given_name") == []
    assert not blossom.known(person), "nothing else needed it"


@pytest.mark.promise("P-109")
@pytest.mark.promise("P-064")
@pytest.mark.parametrize(
    ("end", "last", "first"),
    [
        ("2028-02-29", "2029-02-28", "2029-03-01"),  # a leap day's year
        ("2027-11-28", "2028-11-28", "2028-11-29"),  # no Sunday and no holiday lengthens it
        ("2027-12-25", "2028-12-25", "2028-12-26"),
        ("2027-03-27", "2028-03-27", "2028-03-28"),  # an hour less in the night after
    ],
)
def test_a_year_ends_on_the_same_date(blossom: Business, end: str, last: str, first: str) -> None:
    blossom.on("2027-01-15")
    person = blossom.customer()
    blossom.on(end)
    ended(blossom, person)
    blossom.on(last)
    assert blossom.reads("support", "person_name", "given_name") == ["Lotte"]
    blossom.on(first)
    assert blossom.reads("support", "person_name", "given_name") == []
    assert blossom.stored("person_name") == 0


@pytest.mark.promise("P-064")
def test_the_contract_parts_year_runs_from_the_end_of_the_account_and_from_nothing_else(
    blossom: Business,
) -> None:
    """Not from when it was opened, nor from the end of the contract, of the relation, or of the account's closure; and
    what another purpose still holds stays, for that purpose."""
    blossom.on("2027-01-15")
    person = blossom.customer()
    asked = {"person_name": "given_name", "contract": "number", "contact": "about"}
    blossom.add("contract", person, number="C-1", starts_on=day("2027-01-15"), ends_on=day("2027-03-31"))
    blossom.add("contact", person, channel="chat", direction="inbound", at=blossom.now(), about="vraag")
    blossom.on("2027-05-10")
    blossom.write("customer_relation", person, ended_at=blossom.now())
    blossom.on("2028-07-01")  # more than a year after all of these
    parts = {
        part: {table: column for table, column in asked.items() if not blossom.refused(part, table, column)}
        for part in COMPANY.policy.purposes["PUR-1"].parts
        if part != "invite"  # before there is an account: P-060
    }
    assert parts.keys() == {"sales", "after_sales", "support"}
    assert all(set(seen) >= {"person_name", "contract"} for seen in parts.values())
    assert set(parts["support"]) == set(asked)

    def running() -> dict[str, bool]:
        return {part: any(blossom.reads(part, *at) for at in seen.items()) for part, seen in parts.items()}

    assert all(running().values()), "the account runs"
    blossom.write("account", person, terminated_at=blossom.now())
    blossom.on("2028-10-01")
    blossom.write("account", person, closed_at=blossom.now())
    blossom.on("2029-07-01")
    assert all(blossom.reads(part, *at) for part, seen in parts.items() for at in seen.items()), (
        "the last day"
    )
    blossom.on("2029-07-02")
    assert not any(running().values())
    assert blossom.stored_of(person).get("person_name") is None, "nothing else needs it"
    assert blossom.reads("quality", "contact", "about") == ["vraag"], "another purpose holds it"
    blossom.on("2029-10-02")
    assert not blossom.known(person)


@pytest.mark.promise("P-083")
@pytest.mark.promise("P-108")
@pytest.mark.promise("P-105")
def test_four_ends_are_four_events(blossom: Business) -> None:
    """The customer relation, the account's termination, its closure, the last interaction: each ends its own purposes."""
    blossom.on("2027-01-15")
    person = blossom.customer()
    blossom.add("email_address", person, value="l@post.example", value_norm="l@post.example")
    blossom.add("contact", person, channel="email", direction="inbound", at=blossom.now(), about="vraag")
    blossom.on("2027-03-01")
    blossom.write("customer_relation", person, ended_at=blossom.now())
    blossom.on("2027-05-01")
    blossom.write("account", person, terminated_at=blossom.now())
    blossom.on("2027-07-01")
    blossom.write("account", person, closed_at=blossom.now())

    def running() -> set[str]:
        asked = {
            "identify": ("person_name", "given_name"),
            "support": ("person_name", "given_name"),
            "quality": ("contact", "about"),
            "marketing": ("email_address", "value"),
        }
        return {
            purpose for purpose, (table, column) in asked.items() if blossom.reads(purpose, table, column)
        }

    assert running() == {"support", "quality", "marketing"}
    blossom.on("2028-01-15")
    assert running() == {"support", "quality", "marketing"}
    blossom.on("2028-01-16")  # a year after the last interaction
    assert running() == {"support", "quality"}
    blossom.on("2028-05-01")
    assert running() == {"support", "quality"}
    blossom.on("2028-05-02")  # a year after the termination
    assert running() == {"quality"}
    blossom.on("2028-07-01")
    assert running() == {"quality"}
    blossom.on("2028-07-02")  # a year after the closure
    assert not blossom.known(person)


@pytest.mark.promise("P-110")
def test_who_returns_in_time_is_a_customer_again_and_what_is_gone_stays_gone(blossom: Business) -> None:
    blossom.on("2027-01-15")
    person = blossom.customer()
    blossom.add("birth_date", person, born_on=day("1990-04-02"))
    ended(blossom, person)
    blossom.on("2027-01-16")
    assert blossom.stored("birth_date") == 0, "only identification needed it"
    blossom.on("2028-01-10")
    assert blossom.reads("support", "person_name", "given_name") == ["Lotte"]
    blossom.add("account", person, opened_at=blossom.now())
    blossom.add("customer_relation", person, started_at=blossom.now())
    assert blossom.reads("identify", "person_name", "given_name") == ["Lotte"]
    assert blossom.reads("identify", "birth_date", "born_on") == []
    blossom.on("2028-06-01")
    assert blossom.reads("support", "person_name", "given_name") == ["Lotte"], "the old end runs no more"
    assert blossom.reads("identify", "person_name", "given_name") == ["Lotte"]
    ended_again = blossom.now()
    blossom.world.admin.execute(
        "UPDATE data.account SET terminated_at = %s, closed_at = %s WHERE person_id = %s AND terminated_at IS NULL",
        [ended_again, ended_again, person],
    )
    blossom.world.admin.execute(
        "UPDATE data.customer_relation SET ended_at = %s WHERE person_id = %s AND ended_at IS NULL",
        [ended_again, person],
    )
    blossom.on("2028-06-02")
    assert blossom.reads("identify", "person_name", "given_name") == []
    blossom.on("2029-06-01")
    assert blossom.reads("support", "person_name", "given_name") == ["Lotte"]
    blossom.on("2029-06-02")
    assert not blossom.known(person)


# ---- people who never get an account -------------------------------------------------------------------------------


@pytest.mark.promise("P-104")
@pytest.mark.parametrize(
    ("kind", "source", "rows"),
    [
        (
            "contact",
            "werkgever:Acme",
            {"work_email": {"value": "l@acme.example", "value_norm": "l@acme.example"}},
        ),
        (
            "contact",
            "subject:contactformulier",
            {
                "email_address": {"value": "l@post.example", "value_norm": "l@post.example"},
                "contact": {"channel": "other", "direction": "inbound", "about": "vraag", "at": "now"},
            },
        ),
        (
            "unidentified",
            "subject:klantendienst",
            {
                "phone_number": {"value": "+32470000001", "value_norm": "+32470000001"},
                "contact": {"channel": "phone", "direction": "inbound", "about": "vraag", "at": "now"},
            },
        ),
        ("contact", "subject:enquête:1", {"person_name": {"given_name": "Bram", "family_name": "Roosemond"}}),
    ],
)
def test_nobody_is_kept_for_ever(
    blossom: Business, kind: str, source: str, rows: dict[str, dict[str, Any]]
) -> None:
    """The start event of their purposes can never come: a year after the last contact everything is gone."""
    blossom.on("2027-03-10")
    person = blossom.person(kind=kind, source="assigned", state="prospect")
    for table, values in rows.items():
        blossom.add(
            table, person, source=source, **{k: blossom.now() if v == "now" else v for k, v in values.items()}
        )
    assert blossom.stored_of(person).keys() >= rows.keys()
    blossom.on("2028-03-10")
    assert blossom.known(person), "through the last day"
    blossom.on("2028-03-11")
    assert not blossom.known(person)


@pytest.mark.promise("P-104")
def test_no_row_of_any_table_is_kept_for_ever_of_anybody(blossom: Business) -> None:
    """A row in each table, of somebody of each kind who never gets an account: a year after the last contact only
    records with a date of their own are left, and after the longest term nothing is known of anybody."""
    blossom.on("2027-03-10")
    plan, kinds = blossom.world.plan, ("unidentified", "entrant", "employee", "contact", "fleet", "prospect")
    relation = {"account", "customer_relation"}  # whoever has one stays a customer until it ends
    keeps = plan.mask(lambda p: p.active and p.stored and not p.hold)
    filled: set[str] = set()
    for table in plan.tables:
        collected = any(c.purposes & keeps for c in table.columns if not c.key)
        if table.anchor or not collected or table.name in relation:
            continue
        for kind in kinds:
            person = blossom.person(kind=kind, source="assigned", state="prospect")
            if table.needs_service is not None:
                product(blossom, person, *table.needs_service.keys[:1])
            if table.name == "contest_entry":
                consent(blossom, person, "contest")
            if table.name == "segment":  # marketing begins with an act of the person
                blossom.add("contact", person, **anything(blossom, plan.table("contact")))
            blossom.add(table.name, person, **anything(blossom, table))
        assert blossom.stored(table.name) >= len(kinds), table.name
        filled.add(table.name)
    assert len(filled) >= 30
    blossom.agree()
    blossom.on("2028-03-11")
    dated = {t.name for t in plan.tables if t.bits & plan.record_bits}
    left = {t.name for t in plan.tables if blossom.stored(t.name)}
    assert left <= dated, left - dated
    blossom.on("2038-01-01")
    assert not {t.name: n for t in plan.tables if (n := blossom.stored(t.name))}
    for known in ("state", "fact"):
        assert blossom.world.admin.execute(f"SELECT count(*) FROM bloesem.{known}").fetchone() == (0,)


#: Where a check of the table wants one of its own words.
SAID = {"contact": {"channel": "chat"}, "segment": {"made_for": "marketing", "made_at": "now"}}


def anything(blossom: Business, table: TablePlan) -> dict[str, Any]:
    """Values for a row of today: what must be there, what starts a clock, and something in every other text."""
    kinds = types(blossom.world.admin, table)
    now = blossom.now()
    row: dict[str, Any] = {}
    starts = {f.at for f in table.facts} | {str(table.record_date)}
    for column in table.columns:
        kind, needed = kinds[column.name]
        if column.name in (table.id, *table.owners, table.recorded, table.source):
            continue
        if kind == "date" and (needed or column.name in starts):
            row[column.name] = now.date()
        elif kind.startswith("timestamp") and (needed or column.name in starts):
            row[column.name] = now
        elif kind in ("bigint", "integer", "smallint") and (needed or not column.name.endswith("_id")):
            row[column.name] = 7
        elif kind in ("text", "character varying"):
            row[column.name] = f"x{next(_numbers)}"
    for fact in table.facts:
        if fact.when is not None:
            row[fact.when.column] = fact.when.equals
    row.update({k: now if v == "now" else v for k, v in SAID.get(table.name, {}).items() if k in kinds})
    if table.source is not None:
        sources = (
            "subject:contract",
            "observed:systeem",
            "observed:thuislaadpunt",
            "assigned",
            "werkgever:Acme",
            "derived:logica",
        )
        fit = [s for s in sources if any(re.search(pattern, s) for pattern in table.sources)]
        row[table.source] = fit[0]
    return row


@pytest.mark.promise("P-104")
def test_every_purpose_that_keeps_has_a_clock_that_can_start_for_anybody(blossom: Business) -> None:
    """Everybody's row is a contact; without an interaction, a consent or a customer relation those purposes never run."""
    comes = {"contact", "interaction", "customer.ended"}
    for purpose in blossom.world.plan.purposes:
        for clock in purpose.clocks:
            if purpose.by_record or purpose.basis == "consent":
                continue  # the record's date is there; a consent's day is its start
            assert clock.fallback or clock.after in comes, purpose.key


@pytest.mark.promise("P-104")
def test_who_read_whom_is_not_kept_for_ever_either(blossom: Business) -> None:
    """As long as the law asks to show it, five years after the read, through the last day; then nothing of it is left."""
    blossom.on("2027-03-10")
    admin, person = blossom.world.admin, blossom.customer()
    for at in ("2027-03-10", "2027-03-11"):
        admin.execute(
            "INSERT INTO bloesem.reading (act_id, person_id, at, actor, purpose, salt)"
            " VALUES (1, %s, %s, 'staff:bo', 'support', '')",
            [person, blossom.at(at) + dt.timedelta(hours=23, minutes=59)],
        )

    def left() -> int:
        found = admin.execute("SELECT count(*) FROM bloesem.reading").fetchone()
        assert found is not None
        return int(found[0])

    blossom.on("2032-03-10")
    assert left() == 2
    blossom.on("2032-03-11")
    assert left() == 1
    told = admin.execute("SELECT counts FROM bloesem.act WHERE counts ? 'readings'").fetchall()
    assert told == [({"people": 0, "readings": 1},)]
    blossom.on("2032-03-12")
    assert left() == 0


# ---- records with a date of their own ------------------------------------------------------------------------------


def invoice(blossom: Business, person: int, issued: str) -> int:
    return blossom.add(
        "invoice",
        person,
        issued_on=day(issued),
        number=f"F-{issued}",
        kind="invoice",
        addressee="Lotte Zwaenepoel",
        amount_cents=1210,
        vat_cents=210,
    )


@pytest.mark.promise("P-073")
@pytest.mark.promise("P-003")
@pytest.mark.promise("P-109")
def test_an_invoice_of_2022_goes_after_seven_years_one_of_2023_stays_for_the_tax_law(
    blossom: Business,
) -> None:
    """The vectors: 2022-12-31 is gone on 2030-01-01; 2023-01-01 is read by the archive through 2030-12-31 and kept for
    the law through 2033-12-31, when nobody but the audit reads it."""
    person = blossom.customer()
    invoice(blossom, person, "2022-12-31")
    invoice(blossom, person, "2023-01-01")
    ended(blossom, person)
    both = ["F-2022-12-31", "F-2023-01-01"]
    blossom.on("2029-12-31")
    assert sorted(blossom.reads("archive", "invoice", "number")) == both
    blossom.on("2030-01-01")
    assert blossom.reads("archive", "invoice", "number") == both[1:]
    assert blossom.stored("invoice") == 1
    blossom.on("2030-12-31")
    assert blossom.reads("archive", "invoice", "number") == both[1:]
    blossom.on("2031-01-01")
    assert blossom.reads("archive", "invoice", "number") == []
    assert blossom.reads("law:tax-archive", "invoice", "number") == both[1:]
    readers = {
        p.key
        for p in blossom.world.plan.purposes
        if p.active
        and not blossom.refused(p.key, "invoice", "number")
        and blossom.reads(p.key, "invoice", "number")
    }
    assert readers == {"law:tax-archive"}
    blossom.on("2033-12-31")
    assert blossom.stored("invoice") == 1
    blossom.on("2034-01-01")
    assert not blossom.known(person)


@pytest.mark.promise("P-075")
def test_only_invoices_and_what_they_rest_on_are_kept_seven_years(blossom: Business) -> None:
    """Everything that Blossom stores of a customer, a year and a day after all ends: what is left is bookkeeping."""
    plan = blossom.world.plan
    vouchers = {
        c
        for c, category in COMPANY.policy.categories.items()
        if {"accounting-voucher", "tax-evidence"} & set(category.is_)
    }
    assert vouchers == {
        "contract.billing",
        "contract.employer_month",
        "contract.payment",
        "usage.session_total",
    }
    archive = plan.purpose("archive").mask | plan.purpose("law:tax-archive").mask
    for table in plan.tables:
        for column in table.columns:
            if not column.key and column.purposes & archive:
                assert set(column.categories) <= vouchers, f"{table.name}.{column.name}"
    person = blossom.customer()
    product(blossom, person)
    blossom.add("installation_file", person, job_id=5)
    photo = {"image": b"x", "metadata_removed": True, "others_in_picture": False}
    blossom.add("installation_photo", person, job_id=5, **photo)
    blossom.add("contact", person, channel="chat", direction="inbound", at=blossom.now(), about="vraag")
    blossom.add("fault", person, code="E1", reported_by="person", reported_at=blossom.now())
    linked = blossom.add("fault", person, code="E2", reported_by="person", reported_at=blossom.now())
    session = blossom.add(
        "session",
        person,
        accounted_on=blossom.today(),
        started_at=blossom.now(),
        place="thuis",
        energy_wh=1000,
        amount_cents=300,
        meter_values=b"x",
    )
    invoice(blossom, person, str(blossom.today()))
    hold = blossom.hold("disputes", person, "fault", linked)
    ended(blossom, person)
    blossom.on(str(blossom.today() + dt.timedelta(days=800)))
    assert blossom.stored_of(person) == {"session": 1, "invoice": 1, "fault": 1}
    left = blossom.world.admin.execute(
        "SELECT place, started_at, meter_values, energy_wh, amount_cents FROM data.session WHERE id = %s",
        [session],
    ).fetchone()
    assert left == (None, None, None, 1000, 300), "of a session only its total is a supporting document"
    assert blossom.reads("disputes", "fault", "code") == ["E2"], "linked to a dispute, it stays"
    blossom.release(hold)
    blossom.on(str(blossom.today() + dt.timedelta(days=1)))
    assert blossom.stored_of(person) == {"session": 1, "invoice": 1}


def product(blossom: Business, person: int, service: str = "home_charger") -> None:
    from bloesem.gate.ids import new_id

    number = new_id()
    blossom.world.admin.execute(
        "INSERT INTO data.product (id, key, label_nl, label_en, service, price_cents)"
        " VALUES (%s, %s, 'Product', 'Product', %s, 0)",
        [number, f"p{number}", service],
    )
    blossom.add("product_ownership", person, product_id=number, since=blossom.today())


# ---- interaction and consent ---------------------------------------------------------------------------------------


@pytest.mark.promise("P-093")
@pytest.mark.parametrize(
    ("table", "values", "counts"),
    [
        ("contact", {"channel": "email", "direction": "inbound", "about": "v", "at": "now"}, True),
        ("contact", {"channel": "email", "direction": "outbound", "about": "v", "at": "now"}, False),
        ("contract", {"ordered_at": "now"}, True),
        ("login_credential", {"last_login_at": "now", "used_on": "today"}, True),
        ("complaint", {"received_at": "now", "case_id": 7}, True),
        ("survey_answer", {"answered_at": "now"}, True),
        ("contest_entry", {"entered_at": "now"}, True),
        ("marketing_interaction", {"sent_at": "now"}, False),
        ("marketing_interaction", {"sent_at": "now", "opened_at": "now"}, False),
        ("marketing_interaction", {"sent_at": "now", "clicked_at": "now"}, True),
        ("session", {"started_at": "now", "accounted_on": "today", "energy_wh": 5}, False),
        ("fault", {"reported_by": "person", "reported_at": "now", "code": "E"}, True),
        ("fault", {"reported_by": "station", "reported_at": "now", "code": "E"}, False),
        ("invoice", {"issued_on": "today", "number": "F1"}, False),
    ],
)
def test_an_act_of_the_person_restarts_the_year_and_nothing_else_does(
    blossom: Business, table: str, values: dict[str, Any], counts: bool
) -> None:
    blossom.on("2027-01-10")
    person = blossom.customer()
    product(blossom, person)
    blossom.add("email_address", person, value="l@post.example", value_norm="l@post.example")
    blossom.add("contact", person, channel="chat", direction="inbound", at=blossom.now(), about="eerste")
    blossom.on("2027-09-01")
    now = {"now": blossom.now(), "today": blossom.today()}
    blossom.add(table, person, **{k: now.get(v, v) if isinstance(v, str) else v for k, v in values.items()})
    blossom.on("2028-01-10")
    assert blossom.reads("marketing", "email_address", "value") == ["l@post.example"]
    blossom.on("2028-01-11")
    assert bool(blossom.reads("marketing", "email_address", "value")) == counts
    blossom.on("2028-09-01")
    assert bool(blossom.reads("marketing", "email_address", "value")) == counts
    blossom.on("2028-09-02")
    assert blossom.reads("marketing", "email_address", "value") == []


def test_consent_ends_a_year_after_it_was_given_whatever_else_happens(blossom: Business) -> None:
    blossom.on("2027-03-10")
    person = blossom.customer()
    blossom.add("email_address", person, value="l@post.example", value_norm="l@post.example")
    consent(blossom, person)
    blossom.on("2028-02-01")
    blossom.add("contact", person, channel="chat", direction="inbound", at=blossom.now(), about="vraag")
    blossom.on("2028-03-10")
    assert blossom.reads("consent_marketing", "email_address", "value") == ["l@post.example"]
    blossom.on("2028-03-11")
    assert blossom.reads("consent_marketing", "email_address", "value") == []
    consent(blossom, person)
    assert blossom.reads("consent_marketing", "email_address", "value") == ["l@post.example"]


def consent(blossom: Business, person: int, part: str = "consent_marketing") -> int:
    return blossom.add(
        "consent",
        person,
        part=part,
        kinds="newsletter",
        channel="email",
        given_at=blossom.now(),
        given_on=blossom.today(),
        how="web",
        words_version="1",
    )
