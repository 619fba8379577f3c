"""A call is recorded under words that say why and for how long, by staff who were told, and goes when its reason ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.world import Connection, World, copied
from tests.charging.databases import migrated
from tests.databases import Database
from tests.promises.business import Business
from tests.promises.corrected import corrected
from tests.promises.test_gate import COMPANY

from bloesem.company import load
from bloesem.errors import PlanError
from bloesem.policy.diff import spelt
from bloesem.terms import add_period

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def blossom(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """With the law's month confirmed by the officer: it is from knowledge, and deletes nothing before (record `confirmed`)."""
    confirmed = "confirmed: {be.recording.quality: 2024-03-01}\n\nswitches:"
    into = corrected(tmp_path_factory.mktemp("company"), record__decisions=[("switches:", confirmed)])

    def make(model: Database, admin: Connection) -> World:
        world = World(load(into, on=COMPANY.plan.version, prefix=model.role_prefix).plan, model, admin)
        world.put_in_force()
        return world

    with copied(module_database, "recordings, confirmed", make, tables=migrated) as world:
        yield Business(world)


def record(business: Business, person: int, **more: Any) -> int:
    now = business.now()
    said = {"announced_at": now, "began_at": now, "announcement": "quality", "audio": b"hello", **more}
    return business.add("call_recording", person, **{"recorded_on": business.today(), **said})


@pytest.mark.promise("R-053")
@pytest.mark.promise("R-063")
def test_parties_are_told_before_of_purposes_and_period_or_nothing_is_recorded(blossom: Business) -> None:
    rules = COMPANY.company.record.recordings
    law = COMPANY.company.law
    assert rules is not None
    # What is said names the recording's purposes and its period in every language; the month is the law's, with its source.
    for one in rules.announcements.values():
        assert {lang: spelt(one.kept)[lang] in words for lang, words in one.words.items()} == dict.fromkeys(
            one.words, True
        )
    (cap,) = [one for one in law.ceilings if one.key == "be.recording.quality"]
    assert (cap.for_, rules.announcements["quality"].kept, bool(cap.source), cap.valid_from) == (
        "P1M", "P1M", True, dt.date(2005, 6, 30)
    )  # fmt: skip
    # Before: who did not hear it, heard other words, or heard it afterwards, is not recorded, whoever writes.
    person = blossom.customer()
    for wrong in (
        {"announcement": None},
        {"announcement": "Dit gesprek wordt opgenomen"},
        {"announced_at": None},
        {"announced_at": blossom.now() + dt.timedelta(seconds=5)},
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="announced"):
            record(blossom, person, **wrong)
    made = record(blossom, person)
    with pytest.raises(psycopg.errors.CheckViolation, match="announced"):
        blossom.write("call_recording", person, announcement="iets anders")
    assert blossom.stored("call_recording", person) == 1
    assert made


@pytest.mark.promise("R-063")
def test_a_recording_goes_after_the_month_and_none_is_taken_or_kept_as_proof(
    blossom: Business, tmp_path: Path
) -> None:
    person, begun = blossom.customer(), blossom.today()
    made = record(blossom, person)
    # The text records for quality and training: no announcement may say that it is for a proof, and no claim keeps a sound.
    proof = 'purposes: ["law:claims"]'
    into = corrected(tmp_path, record__recordings=[("purposes: [quality, training]", proof)])
    with pytest.raises(PlanError, match="records nothing for `law:claims`"):
        load(into, on=COMPANY.plan.version)
    blossom.hold("law:claims", person, "call_recording", made)
    assert blossom.refused("law:claims", "call_recording", "audio")

    def kept() -> int:
        row = blossom.world.admin.execute(
            "SELECT count(*) FROM data.call_recording WHERE person_id = %s AND audio IS NOT NULL", [person]
        ).fetchone()
        assert row is not None
        return int(row[0])

    # Through its last day it is there for quality; after that it is gone, though the policy itself would keep it a year.
    blossom.on(add_period(begun, "P1M").isoformat())
    assert kept() == 1
    assert b"hello" in blossom.reads("quality", "call_recording", "audio")
    blossom.on((add_period(begun, "P1M") + DAY).isoformat())
    assert (kept(), blossom.reads("quality", "call_recording", "audio")) == (0, [])


def test_nothing_is_recorded_while_nobody_can_show_that_staff_were_told(
    blossom: Business, tmp_path: Path
) -> None:
    """CAO 68 and 81: the record says when, by which rules, and until when that counts."""
    told = blossom.world.plan.recordings
    assert told is not None
    person = blossom.customer()
    for day in (told.told - DAY, told.review + DAY):
        with pytest.raises(psycopg.errors.CheckViolation, match="staff were told"):
            record(blossom, person, recorded_on=day)
    into = corrected(tmp_path, record__recordings=[("1 maand", "een tijdje")])
    with pytest.raises(PlanError, match="P1M in every language"):
        load(into, on=COMPANY.plan.version)
