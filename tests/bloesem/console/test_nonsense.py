"""What somebody types who has read nothing: every page answers in words, in time, and leaves nothing open."""

from __future__ import annotations

import re
import time

import pytest
from django.test import Client
from tests.bloesem.console.stage import Stage
from tests.bloesem.console.test_services import attempt

from bloesem.console import breaking, door
from bloesem.console.statements import reads

NEAR = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8000"}

STATEMENTS = [
    "",
    " \n\t",
    ";",
    "-- nothing",
    "/* open",
    "/*" * 4_000,
    "'" * 9_999,
    "$x$" * 3_000,
    "(" * 9_999,
    "x" * 20_000,
    "\x01\x02\x7f",
    "SELECT '\0'",
    "laat me binnen",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE person",
    "SELECT 1 -- ;",
    "SELECT %s, $1",
    "SELECT",
    "BEGIN",
    "COMMIT",
    "RESET ROLE",
    "SET statement_timeout = 0",
    "PREPARE a AS SELECT 1",
    "EXECUTE a",
    "LISTEN x",
    "LOCK TABLE person",
    "SELECT pg_advisory_lock(1)",
    "DO $$ BEGIN LOOP END LOOP; END $$",
    "COPY person TO STDOUT",
    "COPY person FROM STDIN",
    "COPY (SELECT 1) TO STDOUT",
    "COPY person TO PROGRAM 'ls'",
    "VACUUM",
    "CREATE DATABASE x",
    "SELECT 1/0",
    "SELECT 'infinity'::timestamptz, '-infinity'::date, date '10000-01-01', time '24:00', '1e9 years'::interval",
    "SELECT B'101', '(1,2)'::point, row(1, 2), '{}'::jsonb, '[1,2)'::int4range, '\\x00ff'::bytea, 'NaN'::numeric",
    "SELECT " + ",".join("1" * 1_600),
    "SELECT repeat('x', 20000000) FROM generate_series(1, 1000)",
    "WITH a AS (SELECT repeat('x', 20000000) FROM generate_series(1, 1000)) SELECT * FROM a",
    "SELECT 1 FROM generate_series(1, 100000000)",
]
SLOW = [
    "SELECT pg_sleep(60)",
    "SELECT pg_sleep(0.9) FROM generate_series(1, 1000)",
    "COPY (SELECT pg_sleep(60)) TO STDOUT",
    "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 1 FROM a) SELECT count(*) FROM a",
]


def open_sessions(stage: Stage) -> int:
    """Sessions of the pages' roles that do anything but wait for the next page."""
    with stage.database.connect(autocommit=True) as admin:
        found = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"
            " AND application_name = 'bloesem-console'"
        ).fetchone()
    return int(found[0]) if found else 0


@pytest.mark.parametrize("write", ["", "yes"])
def test_whatever_is_asked_is_answered_in_words_and_in_time(pages: Stage, write: str) -> None:
    client = Client(**NEAR)  # type: ignore[arg-type]
    for text in [*STATEMENTS, *(SLOW if not write else [])]:
        started = time.monotonic()
        answer = client.post(
            "/en/try", {"role": "support", "sql": text, **({"write": write} if write else {})}
        )
        assert time.monotonic() - started < breaking.SECONDS + 4, text[:60]
        assert answer.status_code in (200, 400), text[:60]
        shown = answer.content.decode()
        assert "Traceback" not in shown
        assert len(shown) < 250_000, text[:60]
        assert re.search(r'class="(said|said wrong|because)"', shown), text[:60]
    door.close()
    assert open_sessions(pages) == 0


@pytest.mark.parametrize(
    "day", ["", "abc", "2026-13-45", "0001-01-01", "10000-01-01", "\0", "\u0662\u0660", "x" * 50_000, "<b>"]
)
def test_a_day_that_is_none_is_said_and_not_shown_as_one(pages: Stage, day: str) -> None:
    client = Client(**NEAR)  # type: ignore[arg-type]
    for do in ("look", "rehearse", "happen", "else"):
        answer = client.post("/en/date", {"day": day, "do": do, "sure": "yes"})
        assert answer.status_code == 200
        shown = answer.content.decode()
        assert 'id="wrong"' in shown
        assert re.search(r'name="day" required value="\d{4}-\d\d-\d\d"', shown)
        assert len(shown) < 20_000


def test_what_cannot_be_read_at_all_has_a_page_of_ours(pages: Stage) -> None:
    client = Client(**NEAR)  # type: ignore[arg-type]
    for data, status in (({"sql": "x" * 3_000_000}, 413), ({f"f{i}": "" for i in range(1_500)}, 400)):
        answer = client.post("/en/try", data, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == status
        assert "<html" in answer.content.decode()
    body = "sql=" + "x" * 3_000_000
    answer = client.post("/nl/try", body, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, "Dit is te groot" in answer.content.decode()) == (413, True)
    for case in ("y" * 9_000, "\0", "../ann", "Ann"):
        assert client.get("/en/person", {"case": case}).status_code == 404


# ---- what is the policy's no, and what is not -----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["SELECT 1/0", "EXECUTE a", "VACUUM", "COPY person TO STDOUT"])
def test_what_postgresql_cannot_do_is_no_refusal_of_the_policy(stage: Stage, text: str) -> None:
    made = attempt(stage, "support", text)
    assert made.because is not None
    assert (made.because.key, made.denied, made.recorded) == ("try.because.other", False, False)


def test_rows_that_weigh_too_much_are_not_all_fetched(stage: Stage) -> None:
    made = attempt(stage, "support", "SELECT repeat('x', 600000), g FROM generate_series(1, 21) g")
    assert (len(made.rows), made.more) == (2, True)
    made = attempt(stage, "support", "SELECT g FROM generate_series(1, 20) g")
    assert (len(made.rows), made.more) == (20, False)
    assert attempt(stage, "support", "SELECT g FROM generate_series(1, 21) g").more
    none = attempt(stage, "support", "SELECT 1 AS one WHERE false")
    assert (none.columns, none.rows, none.more) == (("one",), (), False)


def test_a_day_that_pythons_calendar_lacks_is_shown_as_postgresql_writes_it(stage: Stage) -> None:
    made = attempt(stage, "support", "SELECT 'infinity'::timestamptz, date '10000-01-01', time '24:00'")
    assert made.rows == (("infinity", "10000-01-01", "24:00:00"),)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("SELECT 1", True),
        ("-- x\n/* y */ TABLE person", True),
        ("WITH a AS (SELECT 'delete') SELECT * FROM a", True),
        ("with a AS (DELETE FROM person RETURNING *) SELECT * FROM a", False),
        ("INSERT INTO x SELECT 1", False),
        ("", False),
        ("/* open", False),
    ],
)
def test_a_plain_query_is_told_from_what_may_write(text: str, plain: bool) -> None:
    assert reads(text) == plain
