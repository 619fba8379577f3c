"""The data protection officer: reached by everybody, known to the authority, and told what to find by nobody (R-052)."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import psycopg
import pytest
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.conftest import world as world
from tests.bloesem.console.stage import BLOSSOM
from tests.promises.corrected import corrected
from tests.promises.test_gate import COMPANY

from bloesem.notice import render
from bloesem.notice.shelf import Shelf
from bloesem.policy.company import load_company
from bloesem.policy.officer import officer_findings
from bloesem.register.activities import register
from bloesem.stores.postgres import connect
from bloesem.terms import LANGUAGES

TODAY = dt.date(2026, 11, 27)
pytestmark = pytest.mark.promise("R-052")


@pytest.mark.promise("P-169")
def test_how_the_officer_is_reached_is_published_and_stands_in_the_register(world: World) -> None:
    contact = COMPANY.policy.contact
    assert contact.post is not None
    shelf = Shelf(BLOSSOM)
    for language in LANGUAGES:
        page = re.sub(
            r"<[^>]+>", " ", str(render.body(shelf.notice(COMPANY.policy.version, language, TODAY)))
        )
        for one in (contact.function[language], contact.email, contact.post.street):
            assert one in " ".join(page.split())
        assert contact.email in " ".join(world.clerk.bench.composer().remedies(language)), (
            "and in every answer"
        )
    assert contact.email in repr(register(COMPANY.company, TODAY))


def test_the_authority_was_told_and_what_the_record_lacks_is_an_error(tmp_path: Path) -> None:
    policy, record = COMPANY.policy, COMPANY.company.record
    assert officer_findings(policy, record, TODAY) == []
    assert record.dpo is not None
    assert record.dpo.authority_told <= policy.version

    def said(**change: object) -> list[str]:
        other = record.model_copy(update={"dpo": record.dpo.model_copy(update=change)})  # type: ignore[union-attr]
        return [one.thing for one in officer_findings(policy, other, TODAY)]

    assert said(authority_told=TODAY + dt.timedelta(days=1)) == [
        "the authority is told of the officer on 2026-11-28 only"
    ]
    deciding = record.dpo.other_tasks[0].model_copy(update={"decides": True})
    assert "also decides what is processed" in said(other_tasks=(deciding,))[0], "no conflict of interests"
    gone = record.model_copy(update={"dpo": None})
    assert [one.severity for one in officer_findings(policy, gone, TODAY)] == ["error"]
    for change in ({"email": "privacy"}, {"post": None}, {"function": {"nl": " "}}, {"for_": ("question",)}):
        other = policy.model_copy(update={"contact": policy.contact.model_copy(update=change)})
        assert len(officer_findings(other, record, TODAY)) == 1, change
    with pytest.raises(Exception, match="instructions"):
        load_company(corrected(tmp_path, record__dpo=[("instructions: none", "instructions: the board")]))


def test_nobody_decides_in_the_officers_place_and_nobody_changes_what_was_decided(world: World) -> None:
    number = world.file("rectification", person=world.people["customer"], words="Dit klopt niet.")
    world.clerk.run()
    decide = "SELECT bloesem.case_decide('officer:1', %s, %s, 'Zo is het.', NULL)"
    oversight = world.loaded.plan.oversight
    assert oversight is not None
    for login in sorted({*world.loaded.plan.processes} - {oversight.process}):
        try:
            connection = connect(world.stage.dsn(login), autocommit=True)
        except Exception:
            continue
        with connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(decide.encode(), [number, "granted"])
    with connect(world.stage.dsn(oversight.process), autocommit=True) as officer:
        for said, how in (("recorded", "refused"), ("already", "granted"), ("already", "refused")):
            row = officer.execute(decide.encode(), [number, how]).fetchone()
            assert row == (said,)
    assert world.case(number)["outcome"] == "refused"
