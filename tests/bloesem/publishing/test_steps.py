"""From a written version to one in force: nothing begins before everybody concerned was told, or agreed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import Listing, door
from tests.promises.test_gate import COMPANY

from bloesem.clock.demonstration import advance
from bloesem.company import Loaded, company_of_process, load
from bloesem.consent.tables import DOOR
from bloesem.notice.shelf import Shelf
from bloesem.plan.dates import civil
from bloesem.policy.findings import Finding
from bloesem.publishing import steps
from bloesem.publishing.altered import altered
from bloesem.publishing.draft import draft
from bloesem.publishing.errors import PublishingError, in_words
from bloesem.publishing.version import Version, version_of
from bloesem.rights.evidence import replay
from bloesem.rights.identify import Who
from bloesem.terms import LANGUAGES

DAY, ONE = dt.date(2027, 3, 1), dt.timedelta(days=1)
IN_TIME, ON_THE_DAY = "2027-01-20", "2027-03-01"
URL = "https://www.blossom.be/nl/privacy"
VERSION = version_of(COMPANY.company, DAY)


def coming(at: Stage) -> Loaded:
    return load(
        COMPANY.company.directory,
        on=DAY,
        prefix=at.world.database.role_prefix,
        company=COMPANY.company,
    )


def decide(at: Stage, version: Version = VERSION, **more: Any) -> steps.Publication:
    said = {"by": "Mira Claes", "reason": "Other bases and periods", "significant": True, **more}
    return steps.decide(at.keeper, at.world.plan, version, **said)


def announce(at: Stage, version: Version = VERSION) -> tuple[steps.Told, Listing]:
    opened, letters = door(at)
    told = steps.announce(opened, version, by="Mira Claes", shown_at=URL)
    return told, letters


def deliver(at: Stage) -> Listing:
    opened, letters = door(at)
    opened.run()
    return letters


def activate(at: Stage, version: Version = VERSION) -> Any:
    return steps.activate(
        at.keeper,
        at.world.plan,
        coming(at),
        version,
        at.texts,
        by="Mira Claes",
        credentials=at.world.secrets,
    )


def installed(at: Stage) -> list[dt.date]:
    rows = at.keeper.execute("SELECT policy FROM bloesem.installed ORDER BY id").fetchall()
    return [row[0] for row in rows]


def in_force_on(at: Stage, day: dt.date) -> Loaded:
    company = COMPANY.company
    return load(company.directory, on=day, prefix=at.world.database.role_prefix, company=company)


def who(person: int) -> tuple[tuple[Who, ...], ...]:
    return ((Who("id", str(person), "person"),),)


def told_in_time(at: Stage) -> int:
    person = at.customer()
    at.business.on(IN_TIME)
    decide(at)
    announce(at)
    assert len(deliver(at).sent) == 1
    return person


@pytest.mark.promise("R-054")
@pytest.mark.promise("P-175")
def test_a_significant_change_waits_for_its_notice_and_its_day_and_then_begins(at: Stage) -> None:
    told_in_time(at)
    with pytest.raises(PublishingError, match="has not come"):
        activate(at)
    at.business.on(ON_THE_DAY)
    assert steps.blocks(at.keeper, at.world.plan, VERSION, at.texts) == []
    activate(at)
    assert installed(at)[-1] == DAY
    done = steps.read(at.keeper, at.world.plan, DAY)
    assert done is not None
    assert done.activated_by == "Mira Claes"


@pytest.mark.promise("P-009")
def test_it_does_not_begin_while_the_measures_of_security_have_no_new_evidence(at: Stage) -> None:
    at.business.on(IN_TIME)
    found = [one.key for one in steps.blocks(at.keeper, at.world.plan, VERSION, at.texts)]
    assert "evidence" not in found
    advance(at.keeper, at.world.plan, dt.date(2027, 1, 25))  # nobody swept, and nobody looked
    (block,) = [
        one for one in steps.blocks(at.keeper, at.world.plan, VERSION, at.texts) if one.key == "evidence"
    ]
    assert "deletion" in block.what
    assert "encryption" not in block.what, "its interval is longer"


@pytest.mark.promise("R-045")
def test_it_does_not_begin_while_a_high_risk_is_not_assessed(at: Stage) -> None:
    """None on record, one without the officer's advice, and one that leaves a high risk unasked, each in the reader's words."""
    record = VERSION.company.record
    advertising = record.dpia["advertising"]

    def block(**change: Any) -> list[steps.Block]:
        dpia = {key: one for key, one in record.dpia.items() if key != "advertising"}
        if change:
            dpia["advertising"] = advertising.model_copy(update=change)
        company = replace(VERSION.company, record=record.model_copy(update={"dpia": dpia}))
        found = steps.blocks(at.keeper, at.world.plan, replace(VERSION, company=company), at.texts)
        return [one for one in found if one.key == "unassessed"]

    for change in ({}, {"advice": None}, {"measures": ()}, {"residual": "high", "consulted": None}):
        (one,) = block(**change)
        assert "impact assessment" in one.what
        (trigger,) = [it for it in VERSION.company.law.rules if it.key == "be.dpia.influence"]
        for language in LANGUAGES:
            assert trigger.label[language] in in_words(one.key, one.values, language)[0]
    asked = {"residual": "high", "consulted": dt.date(2026, 10, 20)}
    assert block(**asked) == block(residual=advertising.residual) == []


@pytest.mark.promise("R-054")
@pytest.mark.promise("P-175")
def test_without_a_notice_it_does_not_begin_on_its_day(at: Stage) -> None:
    at.customer()
    at.business.on(IN_TIME)
    decide(at)
    at.business.on(ON_THE_DAY)
    with pytest.raises(PublishingError, match="nobody was told"):
        activate(at)
    assert DAY not in installed(at)


@pytest.mark.promise("P-175")
def test_another_country_alone_waits_for_its_notice_too(at: Stage) -> None:
    """By the record: since the version that people know, data come to countries where they did not come."""
    alone = tuple(c for c in VERSION.changes if c.kind == "country")
    assert {c.key for c in alone} == {one.country for one in COMPANY.company.record.transfers.values()}
    abroad = replace(VERSION, changes=alone)
    assert abroad.significant
    assert "Nieuw land buiten de EER: Verenigd Koninkrijk." in abroad.words()["nl"]
    at.customer()
    at.business.on(IN_TIME)
    with pytest.raises(PublishingError, match="is significant"):
        decide(at, abroad, significant=False)
    decide(at, abroad)
    at.business.on(ON_THE_DAY)
    with pytest.raises(PublishingError, match="nobody was told"):
        activate(at, abroad)


@pytest.mark.promise("P-175")
@pytest.mark.promise("R-054")
def test_a_notice_that_is_still_on_its_way_is_none(at: Stage) -> None:
    at.customer()
    at.business.on(IN_TIME)
    decide(at)
    told, _ = announce(at)
    assert (told.concerned, told.waiting) == (1, 1)
    at.business.on(ON_THE_DAY)
    with pytest.raises(PublishingError, match="wait for their message"):
        activate(at)


@pytest.mark.promise("R-054")
@pytest.mark.promise("P-175")
def test_a_notice_that_went_too_late_is_none(at: Stage) -> None:
    at.customer()
    at.business.on(IN_TIME)
    decide(at)
    announce(at)
    at.business.on("2027-02-10")
    deliver(at)
    at.business.on(ON_THE_DAY)
    with pytest.raises(PublishingError, match="told too late"):
        activate(at)


@pytest.mark.promise("R-054")
@pytest.mark.promise("R-003")
@pytest.mark.promise("P-175")
def test_the_last_day_of_notice_is_thirty_days_before(at: Stage) -> None:
    assert VERSION.last_day_of_notice() == dt.date(2027, 1, 30)
    at.customer()
    at.business.on("2027-01-31")
    decide(at)
    with pytest.raises(PublishingError, match="too late"):
        announce(at)


@pytest.mark.promise("P-175")
def test_who_is_known_since_the_announcement_is_told_when_it_is_made_again(at: Stage) -> None:
    told_in_time(at)
    at.business.on("2027-02-20")
    new = at.customer()
    at.business.on(ON_THE_DAY)
    with pytest.raises(PublishingError, match="asked by no message"):
        activate(at)
    told, _ = announce(at)
    assert told.waiting == 1
    assert [letter.address for letter in deliver(at).sent] == [f"p{new}@post.example"]
    activate(at)


@pytest.mark.promise("P-177")
def test_the_notice_reaches_whoever_wants_no_advertising_and_has_none(at: Stage) -> None:
    person = at.customer()
    at.keeper.execute(f"SELECT {DOOR}.object_to_advertising(%s, NULL, 'page')".encode(), [person])
    assert "marketing" not in at.bits(person)
    at.business.on(IN_TIME)
    decide(at)
    announce(at)
    (letter,) = deliver(at).sent
    assert letter.address == f"p{person}@post.example"
    assert letter.unsubscribe is None
    assert "1 maand" not in letter.subject
    assert "Reclame van" not in letter.text
    assert URL in letter.text
    row = at.keeper.execute("SELECT class FROM bloesem.outbox WHERE person_id = %s", [person]).fetchone()
    assert row == ("legal",)


@pytest.mark.parametrize(
    ("language", "word"),
    [("nl", "Nieuw doel"), ("en", "New purpose"), ("fr", "Nouvelle finalité"), ("de", "Neuer Zweck")],
)
def test_the_notice_is_in_the_language_of_the_person(at: Stage, language: str, word: str) -> None:
    person = at.customer()
    at.keeper.execute("UPDATE data.person SET language = %s WHERE id = %s", [language, person])
    at.business.on(IN_TIME)
    decide(at)
    announce(at)
    (letter,) = deliver(at).sent
    assert word in letter.text


def test_nobody_is_told_twice(at: Stage) -> None:
    told_in_time(at)
    announce(at)
    assert deliver(at).sent == []


def test_whom_no_channel_reaches_is_counted_and_does_not_hold_it_up(at: Stage) -> None:
    at.business.customer()
    at.business.on(IN_TIME)
    decide(at)
    told, _ = announce(at)
    assert (told.concerned, told.unreached, told.waiting) == (1, 1, 0)
    at.business.on(ON_THE_DAY)
    activate(at)


@pytest.mark.promise("P-175")
def test_what_is_significant_stays_so_whoever_decides(at: Stage) -> None:
    with pytest.raises(PublishingError, match="is significant"):
        decide(at, significant=False)
    with pytest.raises(PublishingError, match="without a name"):
        decide(at, by=" ")
    assert steps.read(at.keeper, at.world.plan, DAY) is None


def test_a_person_may_find_more_than_the_differences(at: Stage) -> None:
    small = replace(VERSION, changes=tuple(c for c in VERSION.changes if not c.significant))
    assert decide(at, small).significant
    assert not decide(at, small, significant=False).significant
    at.customer()
    at.business.on(ON_THE_DAY)
    assert steps.blocks(at.keeper, at.world.plan, small, at.texts) == []


def test_a_version_with_an_error_is_not_decided_about_and_not_put_in_force(at: Stage) -> None:
    error = Finding("L-025", "error", "no start", 1, "13(2)(a)", "say it", DAY)
    broken = replace(VERSION, company=replace(COMPANY.company, findings=(error,)))
    with pytest.raises(PublishingError, match="L-025"):
        decide(at, broken)
    told_in_time(at)
    at.business.on(ON_THE_DAY)
    with pytest.raises(PublishingError, match="L-025"):
        activate(at, broken)


@pytest.mark.promise("P-182")
def test_a_text_that_says_another_day_than_its_version_is_not_decided_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert VERSION.other_day() == ""
    monkeypatch.setattr(
        "bloesem.publishing.version.other_day", lambda folder, policy: "Laatst gewijzigd: 1 mei 2026"
    )
    nothing: Any = None  # it is refused before a database is asked
    with pytest.raises(PublishingError, match="Laatst gewijzigd: 1 mei 2026"):
        steps.decide(nothing, nothing, VERSION, by="Mira Claes", reason="Why", significant=True)


def test_files_that_change_after_the_decision_are_decided_about_anew(at: Stage) -> None:
    told_in_time(at)
    at.business.on(ON_THE_DAY)
    changed = replace(VERSION, digest="0" * 64)
    with pytest.raises(PublishingError, match="the files changed"):
        activate(at, changed)
    with pytest.raises(PublishingError, match="the files changed"):
        announce(at, changed)


@pytest.mark.promise("P-176")
def test_a_use_that_needs_consent_is_asked_first(at: Stage) -> None:
    """P-176: `quality` on consent from then on, and no text that asks for it."""
    row = VERSION.new.purposes["PUR-4"]
    part = row.parts["quality"].model_copy(update={"basis": "consent", "interest": None})
    rows = {**VERSION.new.purposes, "PUR-4": row.model_copy(update={"parts": {**row.parts, "quality": part}})}
    asking = replace(VERSION, new=VERSION.new.model_copy(update={"purposes": rows}))
    assert asking.asks_consent() == ["quality"]
    found = steps.blocks(at.keeper, at.world.plan, asking, at.texts)
    assert any("`quality` runs on consent" in block.what for block in found)
    assert VERSION.asks_consent() == []


@pytest.mark.promise("P-173")
@pytest.mark.promise("P-183")
def test_what_was_decided_before_cites_the_version_of_then(at: Stage) -> None:
    person = told_in_time(at)
    at.business.on(ON_THE_DAY)
    before = at.keeper.execute("SELECT max(id) FROM bloesem.act").fetchone()
    assert before is not None
    activate(at)
    of = at.keeper.execute("SELECT DISTINCT policy FROM bloesem.act WHERE id <= %s", [before[0]]).fetchall()
    assert of == [(dt.date(2024, 3, 18),)]
    at.world.plan = coming(at).plan
    at.business.sweep()
    later = at.keeper.execute("SELECT DISTINCT policy FROM bloesem.act WHERE id > %s", [before[0]]).fetchall()
    assert later == [(DAY,)]
    replayed = {day: replay(at.keeper, in_force_on(at, day), who(person), day) for day in (DAY - ONE, DAY)}
    assert [said["version"]["version"] for said in replayed.values()] == ["2024-03-18", str(DAY)]
    new = replayed[DAY]
    assert (
        new["version"] | {"by": "Mira Claes", "published": VERSION.digest, "since": str(DAY)}
        == new["version"]
    )
    assert [(one["version"], one["state"]) for one in new["told"]] == [(str(DAY), "sent")]
    assert new["notice"] == f"/nl/notice/{DAY}"


@pytest.mark.promise("P-182")
def test_it_is_put_in_force_once_and_changes_no_more(at: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    told_in_time(at)
    at.business.on(ON_THE_DAY)
    activate(at)
    assert altered(at.keeper, at.world.plan, COMPANY.company) == []
    with monkeypatch.context() as changed:
        changed.setattr("bloesem.publishing.altered.digest_of", lambda company, day: "0" * 64)
        (found,) = altered(at.keeper, at.world.plan, COMPANY.company)
    assert str(DAY) in found.what
    for again in (activate, decide, announce):
        with pytest.raises(PublishingError, match="is in force since"):
            again(at)


def test_killed_on_the_way_nothing_was_begun(at: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    told_in_time(at)
    at.business.on(ON_THE_DAY)
    from bloesem.stores.install import install as real

    def dies(*given: Any, **more: Any) -> Any:
        real(*given, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr("bloesem.publishing.steps.install", dies)
    with pytest.raises(KeyboardInterrupt):
        activate(at)
    monkeypatch.undo()
    assert DAY not in installed(at)
    found = steps.read(at.keeper, at.world.plan, DAY)
    assert found is not None
    assert found.activated_at is None
    activate(at)
    assert installed(at)[-1] == DAY


@pytest.mark.promise("P-175")
def test_no_other_way_puts_a_later_version_in_force(at: Stage) -> None:
    steps.require_published(at.keeper, at.world.plan)
    with pytest.raises(PublishingError, match="was not published"):
        steps.require_published(at.keeper, coming(at).plan)
    told_in_time(at)
    at.business.on(ON_THE_DAY)
    activate(at)
    steps.require_published(at.keeper, coming(at).plan)


@pytest.mark.promise("P-175")
def test_on_its_day_what_nobody_put_in_force_has_not_begun_and_the_one_before_goes_on(
    at: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_in_time(at)
    begun = in_force_on(at, DAY)
    assert begun.policy.version == DAY
    old = COMPANY.company.in_force(DAY - ONE).version
    for day in (DAY, DAY + 100 * ONE):
        stays = steps.that_stands(at.keeper, in_force_on(at, day), day)
        assert (stays.policy.version, stays.plan.version, stays.company.standing) == (old, old, old)
        steps.require_published(at.keeper, stays.plan)
    monkeypatch.setenv("BLOESEM_STANDING", old.isoformat())  # as every process of `bloesem up` is told
    shelf = Shelf(COMPANY.company.directory)
    assert shelf.in_force(DAY).version == old
    assert [shelf.notice(day, "nl", DAY).state for day in (old, DAY)] == ["in-force", "to-come"]
    assert [shelf.notice(old, "nl", day).ends for day in (DAY - ONE, DAY)] == [DAY - ONE, None]
    assert company_of_process(COMPANY.company.directory).in_force(DAY).version == old
    at.business.on(ON_THE_DAY)
    activate(at)  # which reads the files as they are
    assert steps.that_stands(at.keeper, begun, DAY) is begun
    monkeypatch.setenv("BLOESEM_STANDING", DAY.isoformat())
    shelf = Shelf(COMPANY.company.directory)
    assert [shelf.notice(day, "nl", DAY).state for day in (old, DAY)] == ["past", "in-force"]


def test_a_draft_says_what_would_become_readable_and_takes_it_back(at: Stage) -> None:
    at.customer()
    before = installed(at)
    found = draft(at.keeper, at.world.plan, coming(at).plan)
    assert found.people == 1
    uses = {(use.purpose, use.of): (use.before, use.after) for use in found.uses}
    assert uses["training", "people"][1] == 0
    assert uses["calls", "people"] == (0, 1)
    assert installed(at) == before
    assert civil(at.now()) < DAY
