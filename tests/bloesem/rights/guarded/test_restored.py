"""A back-up is put back: what people asked since is done again, from a file outside of the database (P-107)."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.bloesem.cli.world import BLOSSOM, call
from tests.bloesem.rights.guarded.world import Blossom, asked, today
from tests.databases import DatabaseMaker

from bloesem.errors import LedgerError
from bloesem.ledger import acts, chain, restored
from bloesem.ledger.journal import Journal
from bloesem.plan.model import Fact, FactKind
from bloesem.rights.keys import Keys
from bloesem.sending import ready
from bloesem.stores import facts
from bloesem.stores.rebuild import rebuild

KEPT = "P30D"
ACCURACY: list[tuple[FactKind, str]] = [("restriction", "accuracy")]


@pytest.fixture(scope="module")
def company(company: Blossom, make_module_database: DatabaseMaker) -> Blossom:
    """With the list of those who want no advertising."""
    own = replace(company, database=make_module_database(template=company.database))
    with own.connect() as admin:
        ready.install(admin, own.loaded)
    return own


def kept(blossom: Blossom, journal: Journal) -> restored.Again:
    with blossom.connect() as admin:
        return restored.keep(admin, blossom.loaded.plan, journal, KEPT)


def said(blossom: Blossom) -> list[str]:
    """Every fact that no column says, and who wants no advertising: what of it has no number of its own."""
    query = (
        "SELECT to_jsonb(f) - '{id,recorded_at,source_table,source_row}'::text[] FROM bloesem.fact f"
        " WHERE source_row IS NULL OR kind = 'consent' UNION ALL SELECT to_jsonb(s) FROM bloesem.suppression s"
    )
    with blossom.connect() as admin:
        return sorted(json.dumps(row[0], sort_keys=True) for row in admin.execute(query))


@pytest.fixture(scope="module")
def past(
    company: Blossom, make_module_database: DatabaseMaker, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Blossom, Blossom, Path]:
    """A database, of which a copy was made; since then people asked for everything that one can ask. out: both, and where
    the journal and its keys are."""
    blossom, folder = company, tmp_path_factory.mktemp("past")
    journal = Journal.at(folder / "journal", blossom.loaded.plan.company, Keys.at(folder / "keys"))
    plan, now = blossom.loaded.plan, dt.datetime.now(dt.UTC)
    earlier, lifted = blossom.one("customer"), blossom.one("customer", 1)
    with blossom.connect() as admin:
        desk = blossom.desk(admin)
        desk.note(asked(earlier), "restriction", ACCURACY)
        desk.note(asked(lifted), "restriction", ACCURACY)
    with blossom.connect() as admin:
        chain.seal(admin, plan)
    assert kept(blossom, journal) == restored.Again()
    copy = replace(blossom, database=make_module_database(template=blossom.database))
    with blossom.connect() as admin:
        desk = blossom.desk(admin)
        desk.note(asked(lifted), "restriction", ACCURACY, lift=True, told_on=today())
        desk.note(asked(blossom.one("customer", 2)), "objection", [("objection", "marketing")])
        gone, item = blossom.one("ann"), blossom.one("customer", 3)
        desk.erase(asked(gone), ground="17(1)(a)")
        row = blossom.value("SELECT id FROM data.email_address WHERE person_id = %s LIMIT 1", earlier)
        desk.note(asked(earlier), "restriction", ACCURACY, item=f"email_address[{row}]")
        hold = Fact(
            item,
            "hold",
            "law:claims",
            now,
            held_by="dpo",
            reason="a case",
            review_on=today() + dt.timedelta(9),
        )
        facts.record_fact(admin, plan, hold)
        admin.execute("SELECT door.object_to_advertising(%s, NULL, 'letter')", [blossom.one("prospect")])
        admin.execute(
            "INSERT INTO bloesem.suppression (kind, digest, scope, since) VALUES ('email', %s, 'all', %s)",
            [bytes(36), now],
        )
        consented = admin.execute(
            "SELECT person_id, key FROM bloesem.fact WHERE kind = 'consent' AND source_row IS NOT NULL"
            " AND (ends_at IS NULL OR ends_at > bloesem.moment()) AND starts_at < bloesem.moment() ORDER BY id LIMIT 1"
        ).fetchone()
        assert consented
        desk.note(asked(consented[0]), "withdrawal", [("consent", consented[1])], ended=True)
        chain.seal(admin, plan)
    kept(blossom, journal)
    return blossom, copy, folder


@pytest.fixture
def since(
    past: tuple[Blossom, Blossom, Path], make_module_database: DatabaseMaker
) -> tuple[Blossom, Blossom]:
    """The database that was lost, and the back-up that is put back."""
    lost, copy, _ = past
    return lost, replace(copy, database=make_module_database(template=copy.database))


@pytest.fixture
def journal(past: tuple[Blossom, Blossom, Path], tmp_path: Path) -> Journal:
    """A copy of one's own."""
    lost, _, folder = past
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return Journal.at(tmp_path / "journal", lost.loaded.plan.company, Keys.at(tmp_path / "keys"))


def test_what_people_asked_since_a_back_up_is_done_again(
    since: tuple[Blossom, Blossom], journal: Journal
) -> None:
    """The restored database becomes what the lost one was, whole: rows, masks, facts, and the list."""
    lost, copy = since
    assert copy.rows() != lost.rows()
    done = kept(copy, journal)
    assert done.facts["erasure"] == 1
    assert done.facts["restriction"] == 1
    assert done.facts["hold"] == 1
    assert (done.ended, done.consents, done.unknown, done.lost) == (1, 1, 0, 0)
    assert done.listed >= 1
    assert said(copy) == said(lost)
    assert copy.rows() == lost.rows()
    with copy.connect() as admin:
        assert rebuild(admin, copy.loaded.plan, facts.moment(admin, copy.loaded.plan)) == 0
        (act,) = acts(admin, kind="restored")
        assert act.counts["facts"]["erasure"] == 1
    assert kept(copy, journal) == restored.Again(), "the database knows it now"
    with copy.connect() as admin:
        every = restored.found(admin, copy.loaded.plan, journal, every=True)
    assert (every.done, copy.rows()) == (0, lost.rows()), "and nothing is done twice"


def test_a_rehearsal_says_what_would_be_done_and_changes_nothing(
    since: tuple[Blossom, Blossom], journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, copy = since
    before = copy.rows()
    monkeypatch.setattr("bloesem.commands.shared.load", lambda *_: copy.loaded)
    where = (
        "--store",
        copy.database.dsn.url(),
        "--journal",
        tmp_path / "journal",
        "--keys",
        tmp_path / "keys",
    )
    tried = call("restored", "--company", BLOSSOM, *where, "--dry-run", "--json")
    assert (tried.code, tried.json["facts"]["erasure"]) == (0, 1), tried.err
    assert copy.rows() == before
    done = call("restored", "--company", BLOSSOM, *where)
    assert "erasure: 1 was recorded again" in done.out
    assert copy.rows() != before
    assert "knows all that the file says" in call("restored", "--company", BLOSSOM, *where).out


def test_nothing_of_anybody_stands_in_the_file_and_who_changes_it_is_seen(
    since: tuple[Blossom, Blossom], journal: Journal, tmp_path: Path
) -> None:
    lost, copy = since
    (file,) = journal.files()
    assert file.stat().st_mode & 0o077 == 0
    text = file.read_text()
    for case in ("ann", "customer", "prospect"):
        assert str(lost.one(case)) not in text
    lines = text.splitlines(keepends=True)
    for changed in (
        "".join(lines[:-2] + lines[-1:]),  # one left out
        "".join([*lines[:2], lines[3], lines[2], *lines[4:]]),  # moved
        text.replace(lines[3].split(" ")[2][:9], "AAAAAAAAA"),  # another
    ):
        file.write_text(changed)
        with pytest.raises(LedgerError):
            kept(copy, journal)
    file.write_text(text[:-20])  # a machine fell while it wrote: the line is not promised
    assert kept(copy, journal).facts["erasure"] == 1
    file.unlink()
    assert kept(lost, journal).lost > 0, "lines that are gone are told"


def test_a_chain_of_seals_that_was_made_anew_is_seen_from_outside(
    since: tuple[Blossom, Blossom], journal: Journal
) -> None:
    """The owner of a database can rewrite all of it; also after a restore, whose lost seals are nobody's fault (R-055)."""
    _, copy = since
    plan = copy.loaded.plan
    kept(copy, journal)  # it was put back: seals of the lost database are in the file
    with copy.connect() as admin:
        chain.seal(admin, plan)
    kept(copy, journal)
    with copy.connect() as admin:
        assert restored.broken(admin, plan, journal) == []
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM bloesem.act_seal")
        admin.execute("UPDATE bloesem.act SET counts = '{}' WHERE kind = 'restored'")
        admin.execute("ALTER SEQUENCE bloesem.act_seal_id_seq RESTART")
        admin.execute("RESET session_replication_role")
        chain.seal(admin, plan)
        assert admin.execute("SELECT count(*) FROM bloesem.broken_seals()").fetchone() == (0,), (
            "by itself it fits"
        )
        assert restored.broken(admin, plan, journal)


def test_other_keys_do_not_open_it(since: tuple[Blossom, Blossom], journal: Journal, tmp_path: Path) -> None:
    _, copy = since
    with pytest.raises(LedgerError, match="does not open"):
        kept(copy, replace(journal, keys=Keys.at(tmp_path / "others")))


def test_a_day_goes_when_no_back_up_is_older(tmp_path: Path) -> None:
    journal = Journal.at(tmp_path / "journal", "blossom", Keys.at(tmp_path / "keys"))
    first = dt.date(2026, 1, 31)
    for day in (first, first + dt.timedelta(1), first + dt.timedelta(60)):
        journal.append([{"what": "listed", "day": str(day)}], day)
    assert journal.forget(first + dt.timedelta(37), KEPT) == 0
    assert journal.forget(first + dt.timedelta(38), KEPT) == 1
    assert [one["day"] for one in journal.after(0)] == ["2026-02-01", "2026-04-01"]
    assert journal.forget(first + dt.timedelta(400), KEPT) == 1, "the newest says where the numbers go on"
    assert journal.append([{"what": "listed"}], first).number == 4
