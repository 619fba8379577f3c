"""The commands on the company of this repository: help that teaches, JSON for programs, SQL as a person writes it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.bloesem.cli.world import BLOSSOM, REPOSITORY, call
from tests.charging.databases import migrated
from tests.databases import Database

from bloesem import cli

COMMANDS = [name for name in cli.COMMANDS if (Path(cli.__file__).parent / "commands" / f"{name}.py").exists()]


def test_the_overview_shows_every_command_with_examples() -> None:
    said = call("--help")
    assert said.code == 0
    for name in COMMANDS:
        assert f"\n    {name} " in said.out
    assert "examples:" in said.out
    assert call() == said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_page_that_teaches(name: str) -> None:
    said = call(name, "--help")
    assert said.code == 0
    assert f"usage: bloesem {name}" in said.out
    assert "examples:" in said.out


@pytest.mark.slow
def test_help_is_there_at_once() -> None:
    taken = []
    for _ in range(5):
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "bloesem.cli", "--help"], capture_output=True, check=True, cwd=REPOSITORY
        )
        taken.append(time.perf_counter() - begin)
        assert b"COMMAND" in done.stdout
    assert min(taken) < 0.3


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, bloesem.cli; bloesem.cli.parser().format_help(); print([m for m in sys.modules if m in "
    )
    code += "('pydantic', 'yaml', 'psycopg', 'django')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == "[]"


@pytest.fixture
def unproven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any test ran: what is proven is no finding of the linter."""
    monkeypatch.setenv("BLOESEM_LAST_RUN", str(tmp_path / "no-run.json"))


@pytest.mark.usefixtures("unproven")
def test_the_company_and_its_map_have_no_errors() -> None:
    said = call("check", BLOSSOM, "--json")
    assert (said.code, said.json["errors"]) == (0, 0)
    assert {f["kind"] for f in said.json["findings"]} <= {
        "category-without-purpose",
        "no-source",
        "late-review",
        "recipient-refused",
        "recipient-lapses",
        "recipient-warning",
    }
    assert {f["kind"] for f in said.json["text"]} == {f"L-{number:03}" for number in range(1, 88)}
    assert {f["severity"] for f in said.json["text"]} == {"error", "warning", "info"}
    assert call("check", BLOSSOM, "--text").code == 1


@pytest.mark.promise("P-003")
def test_where_the_law_is_stricter_than_the_policy_the_check_says_so() -> None:
    """Never silently applied: a floor that outlives the policy's term, and a ceiling below it."""
    listed = call("check", BLOSSOM, "--text")
    for rule in ("L-028", "L-029"):
        assert f"{rule} " in listed.out
    assert "the law keeps it until 2033-12-31" in listed.out


@pytest.mark.usefixtures("unproven")
def test_a_version_and_a_map_can_be_named() -> None:
    said = call("check", BLOSSOM / "policy" / "2024-03-18", BLOSSOM / "datamap", "--json")
    assert said.code == 0
    (one, *_) = [it for it in said.json["text"] if it["id"] == "L-002"]
    assert (one["severity"], one["line"], one["article"]) == ("error", 41, "13(2)(a), 12(1)")
    assert one["remedy"]
    listed = call("check", BLOSSOM / "policy" / "2024-03-18")
    assert listed.code == 0
    assert "policy and map:" in listed.out
    for number in range(1, 88):
        assert f" L-{number:03} " in listed.out, "judged today, while it is in force"
    coming = call("check", BLOSSOM / "policy" / "2027-03-01")
    assert " L-002 " not in coming.out
    assert " L-002 " not in call("check", BLOSSOM).out


@pytest.mark.promise("P-051")
@pytest.mark.both_servers
@pytest.mark.slow
def test_the_plan_is_put_in_force_on_the_business_tables_and_then_nothing_is_wrong(
    fresh_database: Database,
) -> None:
    store = ("--store", migrated(fresh_database).dsn.url(), "--prefix", fresh_database.role_prefix)
    before = call("check", BLOSSOM, *store, "--json")
    assert "not-installed" in {f["kind"] for f in before.json["findings"]}
    assert call("plan", "--company", BLOSSOM, "--diff", *store).out.count("+ policy data.session: ") > 5
    assert call("plan", "--company", BLOSSOM, "--rehearse", *store, "--json").json["rehearsal"] is True
    assert call("check", BLOSSOM, *store).code == 1
    assert call("plan", "--company", BLOSSOM, "--apply", *store).out.startswith(
        "the plan of 2024-03-18 is in force"
    )
    after = call("check", BLOSSOM, *store, "--json")
    assert [f for f in after.json["findings"] if f["severity"] == "error"] == []
    assert "nothing would change" in call("plan", "--company", BLOSSOM, "--diff", *store).out
    assert "is in force already" in call("plan", "--company", BLOSSOM, "--apply", *store).out
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute("DROP POLICY marketing_reads ON data.email_address")
    drifted = call("check", BLOSSOM, *store)
    assert drifted.code == 1
    assert "policy data.email_address: marketing_reads is gone" in drifted.out


def test_the_plan_can_be_asked_for_one_thing() -> None:
    gate = call("plan", "--company", BLOSSOM, "--section", "gate", "--table", "session").out
    assert "ALTER TABLE data.session FORCE ROW LEVEL SECURITY;" in gate
    assert "ON data.invoice" not in gate
    marketing = call("plan", "--company", BLOSSOM, "--purpose", "marketing").out
    assert "CREATE SCHEMA marketing" in marketing
    assert "TO bloesem_support;" not in marketing
    as_json = call("plan", "--company", BLOSSOM, "--section", "state", "--json").json
    assert [s["section"] for s in as_json] == ["state"]


@pytest.mark.promise("P-050")
def test_the_matrix_says_who_reads_what() -> None:
    matrix = call("plan", "--company", BLOSSOM, "--matrix", "--json").json
    assert matrix["session.meter_values"] == ["service", "disputes", "reporting", "law:claims"]
    assert "support" not in matrix["session.place"]
    shown = call("plan", "--company", BLOSSOM, "--matrix", "--table", "session").out
    assert "meter_values" in shown
    assert "●" in shown


def test_why_a_purpose_reads_a_column_or_not() -> None:
    may = call("explain", "marketing", "email_address.value", "--company", BLOSSOM)
    assert may.code == 0
    assert may.out.startswith("marketing may read email_address.value")
    assert "P1Y after interaction" in may.out
    assert "objection  absolute" in may.out
    text = (BLOSSOM / "policy" / "2024-03-18" / "text.nl.txt").read_text("utf-8").split("\n")
    assert " ".join(text[107 - 1].split()) in " ".join(may.out.split()), (
        "the words of the text, as they stand"
    )
    assert "source starts with `subject:wedstrijd:`: what an entrant gave" in may.out
    never = call("explain", "marketing", "session.place", "--company", BLOSSOM, "--json").json
    assert never["reads"] is False
    assert "P-050" in never["why"]


def test_a_column_says_what_it_is_where_it_comes_from_and_who_reads_it() -> None:
    said = call("explain", "person_name.given_name", "--company", BLOSSOM)
    assert said.code == 0
    assert "category   identification.name (Name, user, text line 51)" in said.out
    assert "source     contract (provided)" in said.out
    assert "purpose    sales: contract, 6(1)(b) (PUR-1)" in said.out
    assert "marketing" in said.out
    about = call("explain", "contact.direction", "--company", BLOSSOM, "--json").json
    assert about["key"] is True
    assert [c["category"] for c in about["categories"]] == ["communication.contact"]
    assert "interaction" in about["is"]
    assert {"support", "quality"} <= {p["purpose"] for p in about["purposes"]}
    assert call("explain", "person_name.given_name", "--row", "7", "--company", BLOSSOM).code == 2
