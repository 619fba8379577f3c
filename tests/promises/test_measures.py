"""Access control, encryption, logging and deletion have dated evidence, newer than its interval, or it is said that not (P-009)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.bloesem.gate.world import copied
from tests.charging.databases import migrated
from tests.databases import Database
from tests.promises.business import Business
from tests.promises.test_gate import COMPANY, in_force

from bloesem.cases import tables
from bloesem.clock.demonstration import advance
from bloesem.stores import measures
from bloesem.stores.check import store_findings
from bloesem.stores.facts import moment
from bloesem.terms import add_period

PLAIN = """INSERT INTO bloesem.request_case (number, kind, asked, channel, language, received_at, sealed)
VALUES ('x', 'request', 'access', 'page', 'nl', now(), '%PDF-1.7 everything of somebody')"""
MEASURES = ("access", "encryption", "logging", "deletion")


@pytest.fixture
def blossom(fresh_database: Database) -> Iterator[Business]:
    with copied(fresh_database, "in force", in_force, tables=migrated) as world:
        yield Business(world)


def noted(blossom: Business) -> dict[str, list[str]]:
    admin, plan = blossom.world.admin, blossom.world.plan
    return measures.note(admin, plan, moment(admin, plan))


def said(blossom: Business) -> list[str]:
    """The measures of which the check says that nobody can show them."""
    found = store_findings(blossom.world.admin, blossom.world.plan)
    return [one.thing.split("`")[1] for one in found if one.kind == "no-evidence"]


def wanting(blossom: Business) -> list[str]:
    admin, plan = blossom.world.admin, blossom.world.plan
    return [one.measure for one in measures.lacking(admin, plan, blossom.today())]


@pytest.mark.promise("P-009")
def test_each_declared_measure_has_evidence_newer_than_its_interval_or_the_check_fails(
    blossom: Business,
) -> None:
    admin, plan = blossom.world.admin, blossom.world.plan
    intervals = dict(plan.measures)
    assert tuple(intervals) == MEASURES
    blossom.sweep()
    begun = blossom.today()
    assert said(blossom) == [], "nothing is late on the first day"
    assert noted(blossom) == {key: [] for key in MEASURES}
    # The record is an act of the ledger: dated, numbers alone, changed by nobody.
    row = admin.execute(
        "SELECT bloesem.civil(as_of), counts, purpose FROM bloesem.act WHERE kind = 'evidence'"
    ).fetchall()
    assert row == [(begun, {key: {"wrong": 0} for key in MEASURES}, "law:accountability")]
    assert {one.on for one in measures.last(admin, plan)} == {begun}
    # Through its last day each counts, and not a day longer.
    for key in sorted(MEASURES, key=lambda key: add_period(begun, intervals[key])):
        last = add_period(begun, intervals[key])
        advance(admin, plan, last)
        assert key not in wanting(blossom)
        advance(admin, plan, last + dt.timedelta(days=1))
        assert key in wanting(blossom)
    assert sorted(said(blossom)) == sorted(MEASURES)
    # A clock that stood is found by the measure itself; when it has gone on, the evidence is new again.
    assert [key for key, wrong in noted(blossom).items() if wrong] == ["deletion"]
    assert said(blossom) == ["deletion"]
    blossom.sweep()
    assert set(map(tuple, noted(blossom).values())) == {()}
    assert said(blossom) == []


@pytest.mark.promise("P-009")
@pytest.mark.parametrize(
    ("measure", "done"),
    [
        ("access", "ALTER TABLE data.bank_account NO FORCE ROW LEVEL SECURITY"),
        ("access", "GRANT SELECT ON data.bank_account TO {worker}"),
        ("encryption", PLAIN),
        ("logging", "ALTER TABLE bloesem.act DISABLE TRIGGER append_only"),
        ("deletion", "UPDATE bloesem.watermark SET swept = swept - 3"),
    ],
)  # fmt: skip
def test_what_is_not_in_place_is_found_when_it_is_measured(
    blossom: Business, measure: str, done: str
) -> None:
    world = blossom.world
    tables.install(world.admin, world.plan)
    blossom.sweep()
    world.admin.execute(done.replace("{worker}", world.plan.role("worker")).replace("%PDF", "%%PDF").encode())
    found = noted(blossom)
    assert measure in (wrong := [key for key, what in found.items() if what]), found
    assert set(wrong) <= {measure, "access"}, "a trigger that is off is also not as the plan made it"
    assert measure in said(blossom)


def test_every_declared_measure_is_one_of_the_policy_s_own_words() -> None:
    assert tuple(COMPANY.company.record.measures) == MEASURES
    assert all(set(one.label) >= {"nl", "en", "fr", "de"} for one in COMPANY.company.record.measures.values())
