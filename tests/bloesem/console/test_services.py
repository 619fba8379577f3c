"""What the pages say is what the database does."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from tests.bloesem.console.stage import Stage

from bloesem.clock import moment, preview, sweep
from bloesem.console import breaking, charts, clockwork, door, jobs, words
from bloesem.console.language import LANGUAGES, clocks, number, reason
from bloesem.console.overview import overview
from bloesem.console.people import cases, follow, rows_of
from bloesem.console.timeline import end_of, timeline
from bloesem.console.words import WORDS
from bloesem.errors import GateError
from bloesem.gate.oversight import Oversight
from bloesem.ledger import record_act
from bloesem.plan.calculus import permits
from bloesem.plan.dates import civil
from bloesem.stores.facts import facts_of
from bloesem.stores.postgres import connect

DAY = dt.timedelta(days=1)
CONSOLE = Path(breaking.__file__).parent


def nothing(done: int, total: int) -> None:
    """No progress to show."""


def test_the_timeline_says_on_every_day_what_the_calculus_says(stage: Stage) -> None:
    plan, draw = stage.company.plan, random.Random(7)
    with stage.keeper.open() as keeper:
        rows, _ = rows_of(keeper, plan, stage.ann)
        owners = {int(r.values[o]) for r in rows for o in plan.table(r.table).owners if r.values.get(o)}
        facts = facts_of(keeper, plan, sorted(owners | {stage.ann}))
    assert rows
    today = civil(dt.datetime.now(dt.UTC))
    for row in draw.sample(rows, min(len(rows), 25)):
        picture = timeline(plan, stage.ann, facts, [row], today, today + 4000 * DAY)
        table = plan.table(row.table)
        for line in picture.lines:
            column = table.column(line.columns[0])
            for _ in range(12):
                day = line.start + dt.timedelta(days=draw.randrange(0, 3500))
                for purpose in plan.purposes:
                    said = permits(plan, facts, table, row.values, column, purpose.key, end_of(day)).allowed
                    shown = any(lane.part == purpose.key and lane.reads(day) for lane in line.lanes)
                    assert shown == said, (row.table, line.columns, purpose.key, day)


def test_the_overview_counts_what_each_role_reads(stage: Stage) -> None:
    plan = stage.company.plan
    with stage.keeper.open() as keeper:
        seen = overview(keeper, plan, nothing)
    parts = {p.part: p for p in seen.parts}
    with connect(stage.dsn("worker")) as worker:
        worker.execute(f'SET ROLE "{plan.role("marketing")}"'.encode())
        for table in ("email_address", "phone_number", "person_name"):
            assert worker.execute(f"SELECT count(*) FROM marketing.{table}".encode()).fetchone() != (0,)
        people = worker.execute(b"SELECT count(DISTINCT person_id) FROM marketing.person_name").fetchone()
    assert people is not None
    assert parts["marketing"].people >= people[0] > 0
    assert parts["law:claims"].rows == 0
    assert seen.people > 50
    assert seen.due


def test_a_rehearsal_changes_nothing_and_says_what_the_act_then_does(stage: Stage) -> None:
    plan = stage.company.plan
    with stage.keeper.open() as keeper:
        day = civil(clockwork.moment(keeper, plan)) + 120 * DAY
        keeper.commit()
        before = overview(keeper, plan, nothing)
        rehearsed = clockwork.rehearse(keeper, plan, day, nothing)
        again = overview(keeper, plan, nothing)
        assert (again.rows, again.parts, again.today) == (before.rows, before.parts, before.today)
        done = clockwork.happen(keeper, plan, day, nothing)
    assert (done.rows, done.values, done.tables) == (rehearsed.rows, rehearsed.values, rehearsed.tables)
    assert done.rows > 0
    with stage.keeper.open() as keeper:
        after = overview(keeper, plan, nothing)
    assert after.today == day
    assert after.overdue == 0


@pytest.mark.parametrize("days", [1, 45, 400])
def test_the_officer_is_told_per_day_of_the_rows_that_the_sweep_of_that_day_erases(
    stage: Stage, days: int
) -> None:
    plan, told = stage.company.plan, Counter[str]()
    with stage.database.connect(autocommit=True) as admin, connect(stage.dsn("oversight_desk")) as officer:
        sweep(admin, plan, moment(admin, plan))
        today = civil(moment(admin, plan))
        if (
            days == 45
        ):  # who leaves on a day that is known ahead: some purposes end then, others begin to run out
            admin.execute(
                "UPDATE data.account SET terminated_at = bloesem.moment(%s) WHERE id IN (SELECT id FROM data.account"
                " WHERE terminated_at IS NULL ORDER BY id LIMIT 8)",
                [today + 20 * DAY],
            )
        last = today + days * DAY
        for one in Oversight(officer, plan).due(today, last):
            assert today < one.day <= last
            if one.what == "rows":
                told[one.name] += one.many
        report = preview(admin, plan, last)
    assert told == Counter({table.table: table.deleted for table in report.tables if table.deleted})
    assert told or days < 400


def test_no_other_login_is_told(stage: Stage) -> None:
    for login in ("portal", "console"):
        with connect(stage.dsn(login)) as other, pytest.raises(GateError, match="does not answer"):
            Oversight(other, stage.company.plan).due(dt.date(2026, 1, 1), dt.date(2026, 12, 31))


def test_examples_are_found_by_facts_and_have_keys_without_a_person(stage: Stage) -> None:
    with stage.keeper.open() as keeper:
        found = cases(keeper, stage.company.plan, {"ann": stage.ann})
    assert found[0].key == "ann"
    assert {"customer", "ended", "objection"} <= {case.kind for case in found}
    assert all(re.fullmatch(r"[a-z0-9_-]{1,60}", case.key) for case in found)
    assert all(str(case.person) not in case.key for case in found)


def test_the_batches_of_one_sweep_are_one_line(stage: Stage) -> None:
    plan, swept = stage.company.plan, dt.datetime.now(dt.UTC)
    with stage.keeper.open() as keeper:
        for deleted in (3, 4):
            record_act(
                keeper, "sweep", swept, counts={"people": 2, "tables": {"session": {"deleted": deleted}}}
            )
        first = overview(keeper, plan, nothing).acts[0]
        keeper.rollback()
    assert (first.kind, first.as_of, first.times) == ("sweep", swept, 2)
    assert first.counts == {"people": 4, "deleted": 7}


def test_what_a_part_may_read_now_is_what_postgresql_shows(stage: Stage) -> None:
    from functools import partial

    from bloesem.console import showing_person
    from bloesem.console.door import Door
    from bloesem.console.keeper import Followed

    plan = stage.company.plan
    doors = [Door(roles, partial(connect, stage.dsn(login))) for login, roles in plan.processes.items()]
    with stage.keeper.open() as keeper:
        for case in cases(keeper, plan, {"ann": stage.ann}):
            picture, expected, at = follow(keeper, plan, case.person)
            followed = Followed(case, picture, expected, at)
            asked = showing_person.asked_now(stage.company, followed, doors)
            assert asked
            assert [a for a in asked if not a.equal] == [], case.kind
    for it in doors:
        it.close()


def test_a_connection_that_was_lost_is_opened_anew_and_a_role_is_left_behind(stage: Stage) -> None:
    from functools import partial

    kept = door.Door(("support",), partial(connect, stage.dsn("support_desk")))
    with kept.warm() as first:
        first.execute(f"SET LOCAL ROLE {stage.company.plan.role('support')}")
    with kept.warm() as again:
        assert again is first
        assert again.execute("SELECT current_user = session_user").fetchone() == (True,)
    with stage.database.connect(autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [first.info.backend_pid])
    with kept.warm() as new:
        assert new is not first
    with pytest.raises(RuntimeError), kept.warm() as broken:
        raise RuntimeError
    assert broken.closed
    kept.close()


# ---- break it --------------------------------------------------------------------------------------------------------


def attempt(stage: Stage, role: str, text: str, *, write: bool = False) -> breaking.Attempt:
    login = next(name for name, roles in stage.company.plan.processes.items() if role in roles)
    return breaking.attempt(lambda: connect(stage.dsn(login)), stage.company, role, text, write=write)


@pytest.mark.promise("P-023", "P-050")
def test_marketing_does_not_get_a_bank_account_and_is_told_why(stage: Stage) -> None:
    made = attempt(stage, "marketing", "SELECT iban FROM bank_account")
    assert made.state == "42P01"
    assert made.because is not None
    assert {"P-023", "P-050"} <= set(made.because.promises)
    assert "billing" in made.because.readers
    wall = attempt(stage, "marketing", "SELECT iban FROM data.bank_account")
    assert (wall.state, wall.said) == ("42501", "permission denied for schema data")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT set_config('role', '{keeper}', true)",
        "DO $$ BEGIN SET ROLE {billing}; END $$",
        "SELECT 1; SELECT 2",
        "SELECT * FROM bloesem.fact",
        "SELECT * FROM bloesem.console_job",
        "COPY data.person TO PROGRAM 'cat'",
        "CREATE TABLE mine (a int)",
        "SELECT pg_sleep(10)",
        "",
    ],
)
def test_what_does_not_work_is_refused_by_postgresql_itself(stage: Stage, text: str) -> None:
    plan = stage.company.plan
    made = attempt(stage, "marketing", text.format(keeper=plan.role("keeper"), billing=plan.role("billing")))
    assert made.refused or not made.columns
    assert not made.rows


def test_a_statement_that_changes_role_shows_nothing(stage: Stage) -> None:
    made = attempt(stage, "marketing", f"SET ROLE {stage.company.plan.role('billing')}")
    assert made.escaped
    assert not made.rows


def test_an_attempt_is_rolled_back(stage: Stage) -> None:
    for text in ("DELETE FROM email_address", "UPDATE email_address SET value = 'x'"):
        attempt(stage, "marketing", text, write=True)
        attempt(stage, "marketing", "COMMIT", write=True)
    made = attempt(stage, "marketing", "SELECT count(*) FROM email_address WHERE value = 'x'")
    assert made.rows == (("0",),)


def test_another_employers_drivers_are_not_there(stage: Stage) -> None:
    made = attempt(stage, "fleet", "SELECT * FROM employer_invoice_line")
    assert (made.refused, made.rows) == (False, ())


def test_the_pages_never_open_as_somebody_who_passes_by_the_policies(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for dsn in (stage.dsn("keeper"), stage.database.dsn):
        monkeypatch.setattr(door, "dsn", lambda dsn=dsn: dsn)
        with pytest.raises(GateError, match="passes by every row policy"):
            door.open_door(stage.company.plan)


# ---- jobs and words --------------------------------------------------------------------------------------------------


def test_a_clock_moved_back_is_refused_with_the_reason(stage: Stage) -> None:
    plan = stage.company.plan
    with connect(stage.dsn("console")) as console, stage.keeper.open() as keeper:
        made = jobs.ask(console, plan, "move", day="2020-01-01")
        while (job := jobs.take(keeper, plan)) is not None:
            stage.keeper.do(job, keeper)
        found = jobs.look(console, plan, made)
    assert found is not None
    assert (found.state, found.result["refused"]) == ("refused", "date.back")


def test_outside_a_demonstration_the_keeper_moves_nothing_and_follows_nobody(stage: Stage) -> None:
    plan, keeper_ = stage.company.plan, stage.keeper
    keeper_.demonstration = False
    with connect(stage.dsn("console")) as console, keeper_.open() as keeper:
        asked = [
            jobs.ask(console, plan, "move", day="2099-01-01"),
            jobs.ask(console, plan, "person", case="ann"),
        ]
        while (job := jobs.take(keeper, plan)) is not None:
            keeper_.do(job, keeper)
        for one in asked:
            found = jobs.look(console, plan, one)
            assert found is not None
            assert found.state == "refused"


def test_every_word_is_there_in_four_languages() -> None:
    portal = CONSOLE.parents[1] / "charging" / "portal"
    for file in (
        CONSOLE.parent / "notice" / "words.yaml",
        *portal.glob("words*.yaml"),
        portal / "requests.yaml",
    ):
        words.add(file)  # as the processes do when they start
    pages = [p for home in (CONSOLE, portal) for p in (*home.rglob("templates/**/*.*"), *home.glob("*.py"))]
    used = set()
    for file in pages:
        used |= set(re.findall(r"{% say \"([^\"]+)\"|{% say '([^']+)'", file.read_text()))
    keys = {a or b for a, b in used}
    families = {key for key in keys if key.endswith(".")}  # the rest of the key is the page's to add
    assert keys - families <= set(WORDS)
    assert all(any(word.startswith(key) for word in WORDS) for key in families)
    for key, said in WORDS.items():
        assert tuple(said) == ("nl", "en", "fr", "de"), key
        holes = {language: set(re.findall(r"{\w+}", text)) for language, text in said.items()}
        for language, text in said.items():
            assert text.strip(), (key, language)
            assert holes[language] == holes["nl"], (key, language)


def test_every_reason_of_the_calculus_has_words(stage: Stage) -> None:
    source = (Path(breaking.__file__).parents[1] / "plan" / "calculus.py").read_text()
    known = set(
        re.findall(r"\"(runs|ended|off|held|no-hold|objection|not-started|[a-z]+(?:-[a-z]+)+)\"", source)
    )
    for why in known - {"while-open"}:
        assert f"why.{why}" in WORDS, why
    for language in LANGUAGES:
        for purpose in stage.company.plan.purposes:
            assert clocks(stage.company, purpose.key, language)
            told = reason(
                stage.company, purpose.key, "ended", dt.date(2025, 1, 1), dt.date(2026, 1, 1), language
            )
            assert "2026" in told
    assert number(1234567, "nl") == "1.234.567"


def test_bars_add_up(stage: Stage) -> None:
    with stage.keeper.open() as keeper:
        seen = overview(keeper, stage.company.plan, nothing)
    picture = charts.bars(seen.due, seen.today, stage.company.tones)
    months = {b.month for b in picture.bars}
    assert sum(b.total for b in picture.bars) == sum(
        d.rows for d in seen.due if d.day.replace(day=1) in months
    )
    assert all(p.y >= 0 and p.y + p.h <= 100.01 for b in picture.bars for p in b.pieces)
