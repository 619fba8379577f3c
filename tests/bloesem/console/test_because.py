"""Each quote on a page is the line of the text that says it; where no line says it, nothing is quoted."""

from __future__ import annotations

import ast
import datetime as dt
import re
from pathlib import Path

import pytest
from tests.bloesem.console.stage import Stage

from bloesem.console import because, breaking, statements
from bloesem.console.overview import last_acts, overview
from bloesem.console.words import WORDS
from bloesem.plan import calculus
from bloesem.stores.postgres import connect
from charging.generate import generate

SOURCE = Path(breaking.__file__).parents[1]


def attempt(stage: Stage, role: str, text: str, *, write: bool = False) -> breaking.Attempt:
    login = next(name for name, roles in stage.company.plan.processes.items() if role in roles)
    return breaking.attempt(lambda: connect(stage.dsn(login)), stage.company, role, text, write=write)


def test_the_prepared_attempts_quote_what_the_text_says_of_them(stage: Stage) -> None:
    said = {}
    for it in stage.company.attempts:
        made = attempt(stage, it.role, it.sql, write=it.write)
        assert made.because is not None, it.label["en"]
        said[it.label["en"]] = (made.because.key.rpartition(".")[2], made.because.promises)
    assert said == {
        "Marketing asks for a bank account number": ("column", ("P-023", "P-050")),
        "A fraud check on someone who is no longer a customer": ("rows", ("P-067",)),
        "Support listens to recorded calls": ("column", ("P-081", "P-050")),
        "Changing role inside a SELECT": ("function", ()),
        "The drivers of another employer": ("scope", ("P-050",)),
        "Setting a mask oneself": ("wall", ()),
        "Into another role with a block of code": ("language", ()),
        "What marketing may read": ("rows", ("P-093",)),
    }


REASONS = [
    # a reason of the calculus, a part, the promises that say it
    ("ended", "sales", ("P-064",)),
    ("ended", "service", ("P-064",)),
    ("ended", "billing", ("P-064",)),
    ("ended", "identify", ("P-067",)),
    ("ended", "quality", ("P-083",)),
    ("ended", "marketing", ("P-093",)),
    ("ended", "consent_marketing", ("P-098",)),
    ("ended", "invite", ("P-104",)),
    ("ended", "archive", ("P-073",)),
    ("ended", "law:tax-archive", ()),
    ("runs", "billing", ("P-064",)),
    ("runs", "reporting", ()),
    ("held", "disputes", ("P-074",)),
    ("no-hold", "disputes", ("P-074",)),
    ("no-hold", "law:claims", ()),
    ("objection", "marketing", ("P-166",)),
    ("objection", "quality", ("P-164",)),
    ("objection", "consent_marketing", ("P-164",)),
    ("objection-assessed", "quality", ("P-165",)),
    ("not-started", "consent_marketing", ("P-099",)),
    ("not-started", "sales", ()),
    ("restricted", "sales", ("P-158",)),
    ("restricted", "law:tax-archive", ("P-158",)),
    ("new-purpose", "marketing", ("P-176",)),
    ("narrowed", "marketing", ()),
    ("before-contract", "sales", ("P-053",)),
    ("not-lent", "reporting", ("P-003",)),
    ("before-return", "sales", ("P-110",)),
    ("erasure", "sales", ("P-150",)),
    ("no-date", "archive", ()),
    ("ceiling", "quality", ("P-003",)),
    ("column-not-needed", "marketing", ("P-050",)),
    ("table-not-needed", "marketing", ("P-050",)),
    ("nothing-keeps", "sales", ("P-105",)),
    ("nobody", "sales", ()),
    ("off", "marketing", ("P-055",)),
    ("no-purpose", "nobody", ("P-051",)),
]


@pytest.mark.parametrize(("why", "part", "promises"), REASONS)
def test_a_reason_has_its_own_promise(stage: Stage, why: str, part: str, promises: tuple[str, ...]) -> None:
    assert because.promises(stage.company, why, part) == promises


def test_the_table_of_reasons_is_whole() -> None:
    """Every word that the calculus gives as a reason stands in the table above."""
    tree = ast.parse(Path(calculus.__file__).read_text())
    words = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and f"why.{node.value}" in WORDS
    }
    assert len(words) > 15
    assert words <= {why for why, _, _ in REASONS}


def test_a_clock_quotes_the_term_that_it_runs(stage: Stage) -> None:
    """The years in the quote are those of the clock: nothing contradicts itself."""
    company = stage.company
    for purpose in company.plan.purposes:
        for clock in purpose.clocks:
            for promise in because.promises(company, "ended", purpose.key, clocks=[clock]):
                years = re.findall(r"(\d+) jaar", company.promises[promise].quote)
                assert all(clock.period == f"P{n}Y" for n in years), (purpose.key, promise)


def test_a_narrowed_row_quotes_what_narrowed_it(stage: Stage) -> None:
    assert because.promises(stage.company, "narrowed", "marketing", narrow=("P-039",)) == ("P-039",)


def test_the_clock_that_ran_is_that_of_its_day(stage: Stage) -> None:
    sales, day = stage.company.plan.purpose("sales"), dt.date(2026, 3, 1)
    (fallback,) = because.clock_that_ran(sales, day, {(day, "contact")})
    assert fallback.after == "contact"
    (own,) = because.clock_that_ran(sales, day, {(day, "contact"), (day, "account.terminated")})
    assert own.after == "account.terminated"


@pytest.mark.parametrize(
    ("role", "table", "column", "promises"),
    [
        ("marketing", "birth_date", "born_on", ("P-021", "P-050")),
        ("marketing", "bank_account", "iban", ("P-023", "P-050")),
        ("identify", "session", "energy_wh", ("P-065", "P-050")),
        ("marketing", "installation_file", "place", ("P-030", "P-050")),
        ("fleet", "session", "energy_wh", ("P-050",)),
        ("sales", "fault", "code", ("P-050",)),
    ],
)
def test_a_field_quotes_the_narrowest_promise_about_it(
    stage: Stage, role: str, table: str, column: str, promises: tuple[str, ...]
) -> None:
    plan = stage.company.plan
    made = attempt(stage, role, breaking.field_sql(plan, table, column))
    assert made.because is not None
    assert (made.because.key, made.because.promises) == ("try.because.column", promises)
    assert made.recorded
    wall = attempt(stage, role, breaking.field_sql(plan, table, column, wall=True)).because
    assert wall is not None
    assert (wall.key, wall.promises) == ("try.because.wall", ())


@pytest.mark.parametrize(
    ("text", "state", "key"),
    [
        ("SELECT * FROM emial_address", "42P01", "typo"),
        ("SHOW x.y", "42704", "typo"),
        ("SELECT vlaue FROM email_address", "42703", "typo"),
        ("SELECT nothing_like_it()", "42883", "typo"),
        ("SELECT iban FROM email_address", "42703", "typo"),
        ("SELEC 1", "42601", "syntax"),
        ("SELECT 1; SELECT 2", "42601", "one"),
        ("UPDATE marketing_interaction SET campaign = 'x'", "25006", "readonly"),
        ("SELECT count(*) FROM generate_series(1, 1000000000)", "57014", "slow"),
    ],
)
def test_a_slip_is_no_refusal_and_quotes_nothing(stage: Stage, text: str, state: str, key: str) -> None:
    made = attempt(stage, "marketing", text)
    assert made.state == state
    assert made.because is not None
    assert (made.because.key, made.because.promises) == (f"try.because.{key}", ())
    assert not made.denied
    assert not made.recorded


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("SET SESSION AUTHORIZATION postgres", "role"),
        ("COPY data.person TO PROGRAM 'cat'", "server"),
        ("SELECT * FROM bloesem.fact", "keepers"),
        ("SELECT * FROM data.session", "wall"),
    ],
)
def test_what_the_text_says_nothing_of_is_the_designs_own_rule(stage: Stage, text: str, key: str) -> None:
    made = attempt(stage, "marketing", text)
    assert made.because is not None
    assert (made.because.key, made.because.promises) == (f"try.because.{key}", ())
    assert made.recorded


def test_names_stand_outside_strings_and_comments(stage: Stage) -> None:
    plan = stage.company.plan
    for text, tables in (
        ("SELECT 'from session' -- from station\nFROM email_address", ["email_address"]),
        ("SELECT 1 /* FROM session */", []),
        ("SET SESSION AUTHORIZATION x", []),
        ("SELECT * FROM person p, person_name AS n WHERE p.id = n.person_id", ["person", "person_name"]),
        ('UPDATE data."session" SET used_for = -1', ["session"]),
        ("DO $$ SELECT * FROM session $$", []),
    ):
        assert [t.name for t in statements.tables_named(plan, text)] == tables, text


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("text", "note", "touched"),
    [
        ("BEGIN", None, 0),
        ("COMMIT", "try.ended", None),
        ("ROLLBACK", "try.ended", None),
        ("LISTEN somewhere", None, 0),
        ("DECLARE c CURSOR FOR SELECT 1", None, 0),
        ("SAVEPOINT a", None, 0),
        ("-- nothing at all", "try.nothing", None),
        (";", "try.nothing", None),
        ("SET work_mem = '1MB'", None, 0),
    ],
)
def test_every_kind_of_statement_has_an_answer(
    stage: Stage, text: str, note: str | None, touched: int | None, write: bool
) -> None:
    made = attempt(stage, "marketing", text, write=write)
    assert not made.refused, made.said
    assert (made.note, made.touched) == (note, touched)


def test_copy_gives_its_lines_and_takes_none(stage: Stage) -> None:
    for write in (False, True):
        out = attempt(stage, "marketing", "copy (select 1, 'a') to stdout", write=write)
        assert (out.refused, out.rows) == (False, (("1\ta",),))
    many = attempt(stage, "marketing", "COPY (SELECT generate_series(1, 1000)) TO STDOUT")
    assert (len(many.rows), many.more) == (breaking.ROWS, True)
    half = "COPY (SELECT 1 / (500 - n) FROM generate_series(1, 1000) n) TO STDOUT"
    assert attempt(stage, "marketing", half).state == "22012"
    taken = attempt(stage, "marketing", "COPY email_address FROM STDIN", write=True)
    assert taken.refused or taken.touched == 0


def test_a_refusal_is_written_down_without_the_statement(stage: Stage) -> None:
    plan = stage.company.plan
    secret = "somebody@secret.example"
    for _ in range(3):
        attempt(stage, "marketing", f"SELECT iban FROM bank_account WHERE iban = '{secret}'")
    attempt(stage, "marketing", "SELECT * FROM emial_address")
    with stage.keeper.open() as keeper:
        acts = last_acts(keeper, plan)
        told = keeper.execute("SELECT counts::text FROM bloesem.act WHERE kind = 'denial'").fetchall()
    first = acts[0]
    assert (first.kind, first.purpose, first.thing, first.times) == (
        "denial",
        "marketing",
        "bank_account.iban",
        3,
    )
    assert all(secret not in text and "SELECT" not in text for (text,) in told)


def test_every_kind_of_act_has_a_name() -> None:
    kinds: set[str] = set()
    for file in SOURCE.rglob("*.py"):
        text = file.read_text()
        kinds |= set(re.findall(r'record_act\(\s*[\w.]+,\s*"([a-z]+)"', text))
        kinds |= set(re.findall(r"\.act \(as_of, kind, .{0,200}?'([a-z]+)'", text, re.DOTALL))
    assert {"masks", "sweep", "read", "denial", "activation", "clock", "demonstration"} <= kinds
    assert not [kind for kind in kinds if f"act.{kind}" not in WORDS]


def test_people_are_counted_alike_everywhere(stage: Stage) -> None:
    """As many as were asked for, Ann among them; and the page counts everybody of whom there is something."""
    assert len(generate(dt.date(2026, 11, 25), 400).rows["person"]) == 400
    with stage.keeper.open() as keeper:
        known = keeper.execute("SELECT count(*) FROM bloesem.state").fetchone()
        assert (overview(keeper, stage.company.plan, lambda *_: None).people,) == known
