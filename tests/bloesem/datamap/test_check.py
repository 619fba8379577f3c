"""What is wrong between a policy and its map is found before any database is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.bloesem.plan import small

from bloesem.datamap.check import map_findings, plan_findings
from bloesem.datamap.load import LoadedMap
from bloesem.findings import Finding
from bloesem.policy.model import Record


def kinds(found: Sequence[Finding]) -> set[str]:
    return {f.kind for f in found if f.severity == "error"}


def of(collections: list[dict[str, Any]], **record: Any) -> list[Finding]:
    maps = LoadedMap(small.datamap(collections), {})
    plan = small.plan(collections=collections)
    return [*map_findings(maps), *plan_findings(small.policy(), Record.model_validate(record), plan, maps)]


def test_the_small_company_has_no_errors() -> None:
    assert kinds(of(small.COLLECTIONS)) == set()


@pytest.mark.promise("P-014")
def test_a_table_from_which_nobody_is_reached_is_named() -> None:
    lost: dict[str, Any] = {"name": "lost", "fields": [{"name": "id"}, small.column("x", "name")]}
    found = map_findings(LoadedMap(small.datamap([*small.COLLECTIONS, lost]), {}))
    assert [(f.kind, "no link of it leads to a person" in f.thing) for f in found] == [
        ("unreachable-table", True)
    ]


@pytest.mark.promise("P-014")
def test_a_key_that_is_no_id_and_no_link_says_its_category_or_why_it_has_none() -> None:
    link = {"references": [{"dataset": "small", "field": "session.id"}]}
    plain: dict[str, Any] = {"name": "mood", "meta": {"key": True}}
    for more, found in (
        ({}, ["key-without-category"]),
        ({"data_categories": ["talk"]}, []),
        ({"meta": {"key": True, "why": "says nothing about anybody"}}, []),
        ({"fides_meta": link}, []),
    ):
        table = small.collection("more", [small.column("x", "name"), {**plain, **more}])
        said = map_findings(LoadedMap(small.datamap([*small.COLLECTIONS, table]), {}))
        assert [f.kind for f in said] == found, more
        assert all("more.mood" in f.thing for f in said)


def test_a_table_that_reaches_a_person_over_another_says_how() -> None:
    link = {"name": "session_id", "fides_meta": {"references": [{"dataset": "small", "field": "session.id"}]}}
    far: dict[str, Any] = {"name": "far", "fields": [{"name": "id"}, link]}
    (found,) = map_findings(LoadedMap(small.datamap([*small.COLLECTIONS, far]), {}))
    assert "its path to a person goes over session" in found.thing


def test_a_map_without_people_is_named() -> None:
    nobody = [c for c in small.COLLECTIONS if c["name"] != "person"]
    assert "nobody" in kinds(map_findings(LoadedMap(small.datamap(nobody), {})))


def test_a_link_into_a_store_that_no_map_describes_is_named() -> None:
    link = {
        "name": "crm_id",
        "fides_meta": {"references": [{"dataset": "crm", "field": "a.id"}]},
        "meta": {"key": True},
    }
    table = small.collection("more", [small.column("x", "name"), link])
    assert "dangling-link" in kinds(map_findings(LoadedMap(small.datamap([*small.COLLECTIONS, table]), {})))


@pytest.mark.promise("P-014")
def test_a_category_that_serves_no_purpose_is_named_where_it_is_stored() -> None:
    purposes = {k: v for k, v in small.PURPOSES.items() if k != "PUR-2"}  # nobody else reads `birth`
    plan = small.plan(of=small.policy(purposes))
    maps = LoadedMap(small.datamap(), {})
    found = [f for f in plan_findings(small.policy(purposes), Record(), plan, maps) if f.severity == "error"]
    assert [(f.kind, "identity.birth" in f.thing) for f in found] == [("category-without-purpose", True)]


def test_a_gap_that_the_record_knows_is_a_warning() -> None:
    purposes = {k: v for k, v in small.PURPOSES.items() if k != "PUR-2"}
    gap = {"text_gaps": {"L-014": {"decided": small.VERSION, "versions": [small.VERSION]}}}
    plan = small.plan(of=small.policy(purposes))
    maps = LoadedMap(small.datamap(), {})
    assert kinds(plan_findings(small.policy(purposes), Record.model_validate(gap), plan, maps)) == set()


def test_a_purpose_without_a_column_is_named() -> None:
    without = [c for c in small.COLLECTIONS if c["name"] not in ("talk", "recording", "consent")]
    found = [f for f in of(without) if f.kind == "purpose-without-column"]
    assert [("quality" in f.thing) for f in found] == [True]


def test_a_column_that_is_read_and_that_nothing_keeps_is_named() -> None:
    purposes = dict(small.PURPOSES)
    basis, objection, _, keep = purposes["PUR-3b"]
    purposes["PUR-3b"] = (
        basis,
        objection,
        {"billing": ["total", "iban", "name"]},
        keep,
    )  # `session`: reporting alone
    plan = small.plan(of=small.policy(purposes))
    found = plan_findings(small.policy(purposes), Record(), plan, LoadedMap(small.datamap(), {}))
    assert kinds(found) == {"nothing-keeps-column"}
