"""What 2024-03-18 names and gives no ground runs under a version that gives one, and under no other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.world import World, opened
from tests.charging.databases import migrated
from tests.databases import Database
from tests.promises import later_version
from tests.promises.business import Business, day
from tests.promises.test_gate import readers, tables, unblocked  # noqa: F401 - fixtures

from bloesem.clock import moment
from bloesem.company import load
from bloesem.plan.dates import midnight
from bloesem.stores import measures
from bloesem.stores.check import store_findings
from bloesem.stores.install import install
from bloesem.stores.rebuild import rebuild


@pytest.fixture
def company(tmp_path: Path) -> Path:
    return later_version.beside(tmp_path)


@pytest.fixture
def blossom(company: Path, fresh_database: Database) -> Iterator[Business]:
    """The version of 2024 in force, with the corrected one waiting for its day."""
    database = migrated(fresh_database)
    plan = load(company, on=dt.date(2026, 12, 31), prefix=database.role_prefix).plan
    with database.connect(autocommit=True) as admin:
        world = World(plan, database, admin)
        world.put_in_force()
        with opened(world):
            yield Business(world)


def activate(blossom: Business, company: Path) -> None:
    """The corrected version comes into force on its day."""
    world = blossom.world
    world.plan = load(company, on=day(later_version.CORRECTED), prefix=world.database.role_prefix).plan
    install(world.admin, world.plan, credentials=world.secrets, at=blossom.now())
    blossom.on(later_version.CORRECTED)


def rated(blossom: Business, person: int, **more: Any) -> int:
    said = {
        "source": "kredietbureau:Score",
        "rated_by": "Score",
        "rated_on": blossom.today(),
        "score": "A",
        "decision": "installation on account",
    }
    return blossom.add("credit_rating", person, **{**said, **more})


@pytest.mark.promise("P-024")
@pytest.mark.promise("P-049")
def test_a_credit_rating_is_refused_now_and_runs_under_the_corrected_version(
    blossom: Business, company: Path
) -> None:
    ann = blossom.customer()
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        rated(blossom, ann)
    assert "declare the source in the policy first (P-049)" in str(refused.value.diag.message_hint)
    assert blossom.stored("credit_rating") == 0
    holds = {p.key for p in blossom.world.plan.purposes if p.hold}
    assert readers(blossom.world, "credit_rating", "score") <= holds
    blossom.on(later_version.CORRECTED)
    activate(blossom, company)
    assert readers(blossom.world, "credit_rating", "score") - holds == {"creditworthiness"}
    bram = blossom.customer()
    rated(blossom, bram)
    assert blossom.reads("creditworthiness", "credit_rating", "score") == ["A"]
    for missing in ("rated_by", "rated_on", "decision"):
        with pytest.raises(psycopg.errors.CheckViolation, match="credit_rating_says"):
            rated(blossom, bram, **{missing: None})
    blossom.agree()
    blossom.on("2027-04-01")
    assert blossom.reads("creditworthiness", "credit_rating", "score") == ["A"]
    blossom.on("2027-04-02")
    assert blossom.stored("credit_rating") == 0, "three months after the account was opened"
    assert blossom.reads("support", "person_name", "given_name") == ["Lotte", "Lotte"]


@pytest.mark.promise("P-176")
def test_a_new_use_on_consent_begins_person_by_person_and_with_what_is_given_from_then_on(
    blossom: Business, company: Path
) -> None:
    """And the change of version is whole: roles, policies, views and masks are the new one's, and rebuilding changes nothing."""
    ann, bram = blossom.customer(), blossom.customer()
    gives(blossom, ann, "ann@old.example")
    gives(blossom, bram, "bram@old.example")
    blossom.on(later_version.CORRECTED)
    activate(blossom, company)
    world = blossom.world
    assert blossom.reads("tips", "email_address", "value") == []
    blossom.fact(ann, "consent", "tips")
    assert blossom.reads("tips", "email_address", "value") == [], "what was given before does not go along"
    gives(blossom, ann, "ann@new.example")
    gives(blossom, bram, "bram@new.example")
    assert blossom.reads("tips", "email_address", "value") == ["ann@new.example"]
    assert rebuild(world.admin, world.plan, moment(world.admin, world.plan)) == 0
    measures.note(world.admin, world.plan, moment(world.admin, world.plan))  # as the helper does daily
    assert not [f for f in store_findings(world.admin, world.plan) if f.severity == "error"]
    off = {p.key: p.why_off for p in world.plan.purposes if not p.active and p.of != "law"}
    assert off == {}, "the corrected version states what 2024-03-18 leaves out"


def gives(blossom: Business, person: int, value: str) -> None:
    blossom.add("email_address", person, value=value, value_norm=value, collected_at=blossom.now())


@pytest.mark.promise("R-054")
@pytest.mark.promise("P-176")
def test_older_data_goes_along_only_where_somebody_assessed_it_and_wrote_it_down(company: Path) -> None:
    on = day(later_version.CORRECTED)
    alone = load(company, on=on).plan.purpose("tips")
    assert (alone.basis, alone.since) == ("consent", midnight(on))
    record = company / "record" / "decisions.yaml"
    text = record.read_text("utf-8")
    assert "\ncompatible: {}" in text
    assessed = (
        "compatible: {tips: {decided: 2027-01-01, example: true, note: The five questions of art. 6(4)}}"
    )
    record.write_text(text.replace("compatible: {}", assessed, 1), "utf-8")
    assert load(company, on=on).plan.purpose("tips").since is None
