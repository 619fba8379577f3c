"""Whatever is wrong is said in words that help, with an exit code, and never as a traceback."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from tests.bloesem.cli.world import BLOSSOM, Called, call, change, copy_of_blossom
from tests.databases import Database

from bloesem import cli
from bloesem.stores import postgres

VERSION = Path("policy") / "2024-03-18"


def refused(said: Called, code: int, *words: str) -> None:
    assert said.code == code, said
    assert said.err.startswith("error: ")
    assert "rule: " in said.err
    assert "remedy: " in said.err
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err, said.err


def test_broken_yaml_names_file_and_line(tmp_path: Path) -> None:
    company = copy_of_blossom(tmp_path)
    change(company / VERSION / "policy.yaml", "purposes:", "purposes: [")
    refused(call("check", company), 1, "policy.yaml:", "broken YAML")


def test_an_unknown_purpose_names_those_that_there_are() -> None:
    refused(
        call("explain", "telepathy", "session.place", "--company", BLOSSOM),
        1,
        "telepathy",
        "P-051",
        "marketing",
    )


def test_an_unknown_table_and_column_are_named() -> None:
    refused(
        call("explain", "marketing", "aura.colour", "--company", BLOSSOM), 1, "`aura` is not in the data map"
    )
    refused(call("explain", "marketing", "session.aura", "--company", BLOSSOM), 1, "session.aura")
    refused(
        call("explain", "marketing", "session.place", "--company", BLOSSOM, "--map", BLOSSOM / "gone"),
        1,
        "gone",
    )
    refused(
        call("explain", "marketing", "email_address.valu", "--company", BLOSSOM), 1, "did you mean `value`?"
    )
    refused(call("plan", "--table", "sesion", "--company", BLOSSOM), 1, "use one of: session")
    refused(call("plan", "--purpose", "marketting", "--company", BLOSSOM), 1, "did you mean `marketing`?")
    refused(call("explain", "marketing", "public.session.place", "--company", BLOSSOM), 2, "schema data")
    refused(call("explain", "marketing", "session", "--company", BLOSSOM), 2, "names no column")
    refused(call("plan", "--table", "aura", "--company", BLOSSOM), 1, "`aura` is not in the data map")


WRONG = [
    (
        "record/roles.yaml",
        "scope: job",
        "scope: jobs",
        "role `installer` has the scope `jobs`, which no table of the map has",
    ),
    (
        "record/roles.yaml",
        "        - transaction_key\n",
        "        - transaction_keys\n",
        "writer `intake` fills session.transaction_keys, and the map has no such column",
    ),
    (
        "record/roles.yaml",
        "      session:\n        - id",
        "      sessions:\n        - id",
        "writer `intake` fills table `sessions`, which is no table of people in the map",
    ),
    (
        "datamap/business.yaml",
        "partition: {by: paid_on",
        "partition: {by: recorded_at",
        "table data.payment is partitioned by `recorded_at`, and has `paid_on`",
    ),
]


@pytest.mark.parametrize(("file", "was", "now", "says"), WRONG)
def test_what_would_silently_do_nothing_is_an_error_with_file_and_line(
    tmp_path: Path, file: str, was: str, now: str, says: str
) -> None:
    company = copy_of_blossom(tmp_path)
    assert call("check", company).code == 0
    change(company / file, was, now)
    said = call("check", company)
    assert said.code == 1
    found = [one for one in said.out.split("error: ") if says in one]
    assert len(found) == 1, said.out
    place, _, line = found[0].partition(": ")[0].rpartition(":")
    assert Path(place) == company / file
    text = (company / file).read_text("utf-8").splitlines()
    near = "\n".join(text[int(line) - 1 : int(line) + 12])
    assert now.splitlines()[0].strip() in near
    assert "rule: " in found[0]
    assert "remedy: " in found[0]


def test_a_category_that_the_policy_does_not_have_is_named(tmp_path: Path) -> None:
    company = copy_of_blossom(tmp_path)
    change(
        company / "datamap" / "business.yaml", "data_categories: [contract.number]", "data_categories: [aura]"
    )
    said = call("check", company)
    assert said.code == 1
    assert "category `aura` is not in the policy" in said.out
    refused(call("plan", "--company", company), 1, "category `aura` is not in the policy")


def test_two_versions_valid_on_one_day_are_refused(tmp_path: Path) -> None:
    company = copy_of_blossom(tmp_path)
    later = company / "policy" / "2025-01-01"
    later.mkdir()
    for file in (company / VERSION).iterdir():
        (later / file.name).write_bytes(file.read_bytes())
    change(later / "policy.yaml", "version: 2024-03-18", "version: 2025-01-01")
    change(
        company / VERSION / "policy.yaml",
        "version: 2024-03-18",
        "version: 2024-03-18\nvalid_until: 2025-12-31",
    )
    refused(call("check", company), 1, "2025-01-01 begins while 2024-03-18 is valid", "P-173")


def test_a_day_before_the_first_version_is_refused() -> None:
    refused(call("plan", "--company", BLOSSOM, "--on", "2001-01-01"), 1, "no version of the policy")


def test_a_company_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused(call("check", tmp_path / "gone"), 1, "no such file or directory")
    refused(call("check", tmp_path), 1, "bloesem.yaml")
    refused(call("plan", "--company", tmp_path), 1, "bloesem.yaml")


def test_a_date_that_is_none_is_refused() -> None:
    refused(call("plan", "--on", "tomorrow"), 2, "`tomorrow` is no date")


def test_a_database_that_is_down_says_where_and_not_the_password(tmp_path: Path) -> None:
    url = f"postgresql://me:hush@/shop?host={tmp_path}"
    said = call("check", BLOSSOM, "--store", url)
    refused(said, 3, "cannot be reached", "see that the server runs")
    assert "hush" not in said.err


def test_a_url_that_is_none_is_refused() -> None:
    refused(call("check", BLOSSOM, "--store", "mysql://host/db"), 3, "does not start with postgresql://")


def test_a_database_that_is_too_old_is_refused(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "OLDEST", 99)
        said = call("check", BLOSSOM, "--store", fresh_database.dsn.url())
    refused(said, 3, "the database server is PostgreSQL", "99 or newer")


def test_a_map_that_names_a_column_that_is_not_there(fresh_database: Database) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute("CREATE SCHEMA data")
        connection.execute(
            "CREATE TABLE data.person (id bigint PRIMARY KEY, recorded_at timestamptz, aura text)"
        )
    said = call("check", BLOSSOM, "--store", fresh_database.dsn.url(), "--prefix", fresh_database.role_prefix)
    assert said.code == 1
    assert "column data.person.language is mapped and not in the database" in said.out
    assert "column data.person.aura is in no map" in said.out
    assert "business.yaml:" in said.out
    gone = call(
        "plan",
        "--company",
        BLOSSOM,
        "--apply",
        "--store",
        fresh_database.dsn.url(),
        "--prefix",
        fresh_database.role_prefix,
    )
    refused(gone, 3, "the data map names tables that are not in the database")


def test_a_compare_without_a_database_is_refused() -> None:
    refused(call("plan", "--company", BLOSSOM, "--diff"), 2, "no database was named", "--store")


def test_a_fault_of_ours_shows_no_traceback_and_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise psycopg.errors.CheckViolation("Failing row contains (Ann, ann@example.org)")

    monkeypatch.setattr("bloesem.company.load", fails)
    said = call("plan", "--company", BLOSSOM)
    assert said.code == 70
    assert "CheckViolation (PostgreSQL 23514)" in said.err
    assert "report it" in said.err
    assert "Ann" not in said.err
    with pytest.raises(psycopg.errors.CheckViolation):
        cli.main(["plan", "--company", str(BLOSSOM), "--debug"])


def test_ctrl_c_stops_in_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bloesem.company.load", stops)
    assert call("plan", "--company", BLOSSOM) == Called(130, "", "stopped\n")


def test_an_unknown_command_shows_those_that_there_are() -> None:
    said = call("dance")
    assert said.code == 2
    refused(said, 2, "no command `dance`", "sweep")
    refused(call("chek"), 2, "did you mean `check`?")
