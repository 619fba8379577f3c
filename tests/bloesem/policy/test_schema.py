"""An editor accepts what the loader accepts: schemas are generated, and committed as generated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bloesem.policy.schema import SCHEMAS, main, schema

ROOT = Path(__file__).parents[3]
HEADER = "# yaml-language-server: $schema="


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    committed = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == schema(name), "run: python -m bloesem.policy.schema"


def test_there_are_no_other_schemas() -> None:
    assert {path.name for path in (ROOT / "schemas").iterdir()} == {f"{name}.schema.json" for name in SCHEMAS}


def test_the_command_writes_them_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "new")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(SCHEMAS)
    assert (tmp_path / "new" / "policy.schema.json").read_text(encoding="utf-8") == schema("policy")


def test_a_schema_knows_the_keys_of_the_file_and_the_short_forms_of_a_term() -> None:
    body = json.loads(schema("policy"))
    term = body["$defs"]["Term"]
    assert set(term["properties"]) == {
        *("for", "after", "from", "fallback", "records_from", "records_until", "start_stated"),
    }
    assert term["required"] == ["for", "after"]
    assert {"enum": ["hold", "none"]} in body["$defs"]["Keep"]["anyOf"]
    assert body["additionalProperties"] is False


FILES = sorted(
    path
    for company in ("blossom", "minimal")
    for path in [
        ROOT / "company" / company / "bloesem.yaml",
        ROOT / "company" / company / "bits.yaml",
        *(ROOT / "company" / company / "record").glob("*.yaml"),
        *(ROOT / "company" / company / "policy").glob("*/policy.yaml"),
    ]
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_file_names_its_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(HEADER)
    assert (path.parent / first.removeprefix(HEADER)).resolve().parent == ROOT / "schemas"
    assert (path.parent / first.removeprefix(HEADER)).exists()
