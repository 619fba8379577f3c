"""What may be done with what, on Blossom's own plan and tables, asked of PostgreSQL as each process's login."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.gate.world import World
from tests.promises.business import Business, day
from tests.promises.test_gate import COMPANY, store, tables, unblocked  # noqa: F401 - fixtures

PLAN = COMPANY.plan


@pytest.fixture
def blossom(store: World) -> Business:  # noqa: F811
    return Business(store)


def may_ask(blossom: Business, table: str, column: str) -> set[str]:
    """The purposes in force whom PostgreSQL lets ask for the column."""
    return {
        p.key for p in blossom.world.plan.purposes if p.active and not blossom.refused(p.key, table, column)
    }


@pytest.mark.promise("P-081")
def test_a_recording_is_opened_for_quality_and_training_and_for_nothing_else(blossom: Business) -> None:
    """Not as evidence, also under a hold; not against fraud, not for marketing, not by the law's purposes."""
    recording = blossom.world.plan.table("call_recording")
    for column in recording.columns:
        if not column.key:
            assert may_ask(blossom, "call_recording", column.name) == {
                "quality",
                "training",
            }, column.name
    person = blossom.customer()
    made = blossom.add(
        "call_recording",
        person,
        recorded_on=blossom.today(),
        announced_at=blossom.now(),
        announcement="quality",
        began_at=blossom.now(),
        audio=b"hello",
        seconds=60,
        all_parties_consented=True,
    )
    for use in ("quality", "training"):
        assert blossom.reads(use, "call_recording", "audio") == [b"hello"]
    for key in ("disputes", "law:claims"):
        blossom.hold(key, person)
        blossom.hold(key, person, "call_recording", made)
        assert blossom.refused(key, "call_recording", "audio")
    blossom.on(str(blossom.today() + dt.timedelta(days=40)))
    for use in ("quality", "training"):
        assert blossom.reads(use, "call_recording", "audio") == [], "the law's month is over"


@pytest.mark.promise("P-021")
def test_a_birth_date_is_read_to_identify_and_for_nothing_else(blossom: Business) -> None:
    holds = {p.key for p in PLAN.purposes if p.hold}
    assert may_ask(blossom, "birth_date", "born_on") - holds == {"identify"}
    person = blossom.customer()
    blossom.add("birth_date", person, born_on=day("1990-04-02"))
    for purpose in blossom.world.plan.purposes:
        if purpose.active and not blossom.refused(purpose.key, "birth_date", "born_on"):
            seen = blossom.reads(purpose.key, "birth_date", "born_on")
            assert bool(seen) == (purpose.key == "identify"), purpose.key


@pytest.mark.promise("P-053")
def test_what_runs_on_contract_has_three_phases(blossom: Business) -> None:
    """Before a contract: only what the person gave to get one. While it runs: what the purposes need. After it ended: a
    year. A source that is no step towards a contract opens nothing before one, whatever table its value lies in."""
    parts = [p.key for p in PLAN.purposes if p.basis == "contract" and p.of != "law" and not p.hold]
    assert set(parts) == {"sales", "after_sales", "support", "service", "billing"}

    def seen(column: str = "value", table: str = "email_address") -> set[str]:
        return {
            key
            for key in parts
            if not blossom.refused(key, table, column) and blossom.reads(key, table, column)
        }

    def mail(person: int, source: str) -> None:
        address = f"{person}@{source.rpartition(':')[2]}.example"
        blossom.add("email_address", person, source=source, value=address, value_norm=address)

    need = {"sales", "after_sales", "support", "service"}
    asked = (
        "subject:contract",
        "subject:portaal",
        "subject:klantendienst",
        "subject:contactformulier",
        "assigned",
    )
    for source in asked:
        prospect = blossom.person(kind="prospect", state="prospect")
        mail(prospect, source)
        assert seen() == need, source
        blossom.world.admin.execute("DELETE FROM data.email_address WHERE person_id = %s", [prospect])
    prospect = blossom.person(kind="prospect", state="prospect")
    for source in ("subject:verzoek", "subject:wedstrijd:zomer", "subject:enquête:2026"):
        mail(prospect, source)
        assert seen() == set(), source
    blossom.add("account", prospect, opened_at=blossom.now())
    assert seen() == need, "the contract runs, and what came in a request serves it too"
    assert len(blossom.reads("support", "email_address", "value")) == 1, "not what a contest or a survey gave"
    blossom.write("account", prospect, terminated_at=blossom.now())
    today = blossom.today()
    blossom.on(str(today.replace(year=today.year + 1) - dt.timedelta(days=1)))
    assert seen() == need, "ending a contract takes a year"
    blossom.on(str(today.replace(year=today.year + 1) + dt.timedelta(days=1)))
    assert seen() == set()


def test_before_a_contract_what_our_systems_made_is_nothing_for_contract_parts(blossom: Business) -> None:
    """Tables whose rows all have one source are held to the same rule; and each source of the policy is decided."""
    phase = COMPANY.company.record.contract
    assert phase is not None
    assert set(phase.asked) < set(COMPANY.policy.sources)
    contract = PLAN.mask(lambda p: p.basis == "contract" and p.of != "law" and not p.hold)
    for table in PLAN.tables:
        if table.default_source == "observed:systeem" and table.bits & contract:
            narrowed = [n for n in table.narrow if n.before_contract and n.when is None]
            assert [n.removed for n in narrowed] == [contract], table.name
