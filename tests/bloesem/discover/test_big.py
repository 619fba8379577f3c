"""A big table is read by sample, its keys value by value, and none is sorted or read whole."""

from __future__ import annotations

import pytest
from tests.bloesem.discover.world import lines, proposed
from tests.databases import Database

from bloesem.discover import Budget
from bloesem.discover.catalogue import Column, Table
from bloesem.discover.sample import percent_of

ROWS = 120_000


@pytest.fixture
def big(fresh_database: Database) -> Database:
    """A table of people, a log and a code list without an index, each too big to be read."""
    with fresh_database.connect(autocommit=True) as connection:
        for statement in (
            "CREATE TABLE klant (id bigint PRIMARY KEY, voornaam text, achternaam text, email text, vulsel text)",
            f"INSERT INTO klant SELECT i, 'Ann', 'Peeters', 'ann' || i || '@post.example', repeat('x', 200) FROM generate_series(1, {ROWS}) i",
            "CREATE TABLE logboek (id bigint PRIMARY KEY, klant_id bigint, filiaal_code text, vulsel text)",
            f"INSERT INTO logboek SELECT i, 1 + i % {ROWS}, 'F' || i % 90000, repeat('x', 200) FROM generate_series(1, {ROWS}) i",
            "CREATE TABLE filiaal (code text NOT NULL, naam text, vulsel text)",
            f"INSERT INTO filiaal SELECT 'F' || i, 'Filiaal ' || i, repeat('x', 200) FROM generate_series(1, {ROWS}) i",
        ):
            connection.execute(statement)
    return fresh_database


def blocks(database: Database) -> dict[str, tuple[int, int]]:
    """Table → blocks read so far, and blocks that it has."""
    with database.connect(autocommit=True) as connection:
        connection.execute("SELECT pg_stat_clear_snapshot()")
        found = connection.execute(
            "SELECT relname, heap_blks_read + heap_blks_hit, pg_relation_size(relid) / 8192 FROM pg_statio_user_tables"
        )
        return {name: (read, there) for name, read, there in found.fetchall()}


@pytest.mark.slow
@pytest.mark.both_servers
def test_a_big_table_is_not_read_whole(big: Database) -> None:
    before = blocks(big)
    found = lines(proposed(big, Budget(rows=200)))
    after = blocks(big)
    assert {"klant: people", "logboek.klant_id -> klant owner"} <= found
    for name, (read, there) in after.items():
        assert there > 3_000
        assert read - before[name][0] < there / 4, name


def test_what_is_read_of_a_table_grows_with_the_budget_alone() -> None:
    def table(rows: int | None, pages: int, kind: str = "r") -> Table:
        column = Column("id", "int4", "int4", "N", True, True)
        return Table("public", "t", kind, {"id": column}, rows=rows, pages=pages)

    assert percent_of(table(100, 2), 1_000) is None
    assert percent_of(table(None, 10, "f"), 1_000) is None  # of a foreign table no pages can be left out
    for rows, pages in ((10**6, 10**4), (10**9, 10**7), (None, 10**6)):
        percent = percent_of(table(rows, pages), 1_000)
        assert percent is not None
        each = rows / pages if rows else 20
        assert 1_000 <= percent / 100 * pages * each <= 3_000
