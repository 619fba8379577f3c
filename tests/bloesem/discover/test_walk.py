"""Two databases without a foreign key, from what is proposed for them to one person erased: by maps that somebody decided."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.cli.world import REPOSITORY, Called, call
from tests.bloesem.discover.world import WALK, company, made
from tests.databases import Database, DatabaseMaker

Rows = Mapping[str, Mapping[str, Any]]

MINIMAL = REPOSITORY / "company" / "minimal"


@pytest.fixture(autouse=True)
def home(own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bloesem's own database, beside the one that is walked through."""
    monkeypatch.setenv("BLOESEM_DATABASE_URL", own_database.dsn.url())
    monkeypatch.setenv("BLOESEM_DATA_DIR", str(tmp_path / "data"))


def rows(database: Database) -> Rows:
    """Table → key → the row as JSON."""
    found: dict[str, dict[str, Any]] = {}
    with database.connect() as connection:
        keys = connection.execute(
            "SELECT c.relname::text, array_agg(a.attname::text) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey) "
            "WHERE k.contype = 'p' AND c.relnamespace = 'public'::regnamespace GROUP BY 1"
        ).fetchall()
        for table, key in keys:
            said = connection.execute(f'SELECT to_jsonb(t) FROM public."{table}" t'.encode()).fetchall()
            found[table] = {json.dumps([row[k] for k in sorted(key)]): row for (row,) in said}
    return found


def gone(before: Rows, after: Rows) -> dict[str, list[Any]]:
    return {t: [row for key, row in some.items() if key not in after[t]] for t, some in before.items()}


def changed(before: Rows, after: Rows) -> dict[str, list[tuple[Any, Any]]]:
    return {
        t: [(row, after[t][key]) for key, row in some.items() if key in after[t] and after[t][key] != row]
        for t, some in before.items()
    }


def policy(database: Database, folder: Path) -> Path:
    """The smallest company, with the lines that are printed for what its policy lacks."""
    said = call("discover", "--quiet", "--json", "--policy", MINIMAL, database.dsn.url()).json
    lines = "".join(f"  {line}\n" for line in said["declare"])
    return company(folder, f"{lines}\n# Where it comes from")


def erased(database: Database, schema: str, person: str, folder: Path) -> tuple[Called, Rows, Rows]:
    """in: who. out: what was said; all rows before and after."""
    before = rows(database)
    where = [
        "--store",
        database.dsn.url(),
        "--map",
        WALK / f"{schema}.yaml",
        "--policy",
        policy(database, folder),
    ]
    rehearsed = call("erase", *where, "--person", person, "--dry-run", "--json")
    assert rehearsed.code == 0, rehearsed.err
    assert rows(database) == before
    done = call(
        "erase", *where, "--person", person, "--plan", rehearsed.json["plan"], "--residue", "now", "--json"
    )
    assert done.code == 0, done.err
    assert (done.json["residue"], done.json["unread"]) == ([], [])
    return done, before, rows(database)


@pytest.mark.parametrize("schema", ["spaarbank", "weblog"])
def test_the_lines_that_are_printed_are_all_that_the_policy_lacks(
    schema: str, make_database: DatabaseMaker, tmp_path: Path
) -> None:
    database = made(make_database(), schema)
    own = policy(database, tmp_path)
    assert call("check", own).code == 0
    again = call("discover", "--quiet", "--json", "--policy", own, database.dsn.url()).json
    assert again["declare"] == []
    path = tmp_path / "map.yaml"
    path.write_text(call("discover", "--quiet", "--policy", own, database.dsn.url()).out, "utf-8")
    findings = call("check", "--store", database.dsn.url(), own, path, "--json").json["findings"]
    assert {f["kind"] for f in findings if f["severity"] == "error"} == {"undecided"}
    path.write_text(call("discover", "--agree", "0.8", path).out, "utf-8")
    findings = call("check", "--store", database.dsn.url(), own, path, "--json").json["findings"]
    assert sum(f["severity"] == "error" for f in findings) <= 5  # what somebody has to choose


def test_a_policy_without_the_lines_is_refused_by_every_name(
    make_database: DatabaseMaker, tmp_path: Path
) -> None:
    database = made(make_database(), "spaarbank")
    said = call("check", "--store", database.dsn.url(), MINIMAL, WALK / "spaarbank.yaml", "--json")
    assert said.code == 1
    missing = {
        f["thing"].split("`")[1] for f in said.json["findings"] if f["kind"] == "category-not-declared"
    }
    assert missing == {
        "user.contact.address.city",
        "user.contact.address.number",
        "user.contact.address.postal_code",
        "user.contact.address.street",
        "user.contact.phone_number",
        "user.content",
        "user.demographic.date_of_birth",
        "user.device",
        "user.financial",
        "user.financial.bank_account",
        "user.government_id.national_identification_number",
        "user.unique_id",
    }


def test_of_a_joint_account_nothing_goes_but_the_tie(make_database: DatabaseMaker, tmp_path: Path) -> None:
    """Client 6 holds accounts 6 and 206 alone, and 5 and 205 with client 5."""
    database = made(make_database(), "spaarbank")
    _, before, after = erased(database, "spaarbank", "customer=KD-004006", tmp_path)
    alone, joint = {6, 206}, {5, 205}
    lost = gone(before, after)
    assert [row["klantnr"] for row in lost["tbl_klant"]] == ["KD-004006"]
    assert {row["rekening_id"] for row in lost["tbl_rekening"]} == alone
    assert {(r["rekening_id"], r["klant_id"]) for r in lost["tbl_rekeninghouder"]} == {
        (i, 6) for i in alone | joint
    }
    assert {row["rekening_id"] for row in lost["tbl_verrichting"]} == alone
    assert {r["rekening_id"] for r in after["tbl_verrichting"].values()} >= joint
    assert {row["houder_id"] for row in lost["tbl_kaart"]} == {6}
    assert {row["klant_id"] for t in ("tbl_kyc_document", "tbl_gesprek") for row in lost[t]} == {6}
    assert all(r["rekening_id"] in alone or r["gevolmachtigde_id"] == 6 for r in lost["tbl_volmacht"])
    assert all(row["object_id"] in alone for row in lost["tbl_auditlog"])
    untouched = ("tbl_adviseur", "tbl_kantoor", "tbl_rentevoet")
    assert all(lost[table] == [] for table in untouched)
    assert not any(changed(before, after).values())


def test_whoever_is_still_a_customer_is_kept_for_the_contract(
    make_database: DatabaseMaker, tmp_path: Path
) -> None:
    database = made(make_database(), "spaarbank")
    before = rows(database)
    said = call(
        "erase", "--store", database.dsn.url(), "--map", WALK / "spaarbank.yaml", "--policy", policy(database, tmp_path),
        "--person", "email=klant7@post.example", "--residue", "now", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    (kept,) = said.json["tables"]["public.tbl_klant"]["kept"]
    assert kept["reason"].startswith("orders: ")
    assert {r["klantnr"] for r in rows(database)["tbl_klant"].values()} == {
        r["klantnr"] for r in before["tbl_klant"].values()
    }


def test_a_writers_posts_go_and_what_others_wrote_stays(make_database: DatabaseMaker, tmp_path: Path) -> None:
    database = made(make_database(), "weblog")
    _, before, after = erased(database, "weblog", "email=writer7@blog.example", tmp_path)
    lost, other = gone(before, after), changed(before, after)
    assert {row["ID"] for row in lost["blog_users"]} == {7}
    assert {row["post_author"] for row in lost["blog_posts"]} == {7}
    assert {row["user_id"] for t in ("blog_comments", "blog_usermeta") for row in lost[t]} == {7}
    assert {row["customer_id"] for row in lost["blog_wc_orders"]} == {7}
    posts, orders = {r["ID"] for r in lost["blog_posts"]}, {r["id"] for r in lost["blog_wc_orders"]}
    for table in ("blog_wc_order_addresses", "blog_wc_order_items"):
        assert {row["order_id"] for row in lost[table]} == orders
    # What others wrote under a post that is gone points to nobody's, and says what it said.
    for was, now in other["blog_comments"]:
        assert was["comment_post_ID"] in posts or was["comment_parent"]
        left = {"comment_post_ID": now["comment_post_ID"], "comment_parent": now["comment_parent"]}
        assert now == {**was, **left}
        assert all(value == 0 or value == was[name] for name, value in left.items())
    assert {t for t, some in other.items() if some} <= {"blog_comments", "blog_posts"}


def test_a_guest_is_found_by_an_address_alone(make_database: DatabaseMaker, tmp_path: Path) -> None:
    database = made(make_database(), "weblog")
    _, before, after = erased(database, "weblog", "email=guest8@mail.example", tmp_path)
    lost = {table: len(some) for table, some in gone(before, after).items() if some}
    assert lost == {"blog_wc_orders": 1, "blog_wc_order_addresses": 1, "blog_wc_order_items": 2}
    assert not any(changed(before, after).values())
