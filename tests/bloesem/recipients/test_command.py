"""`bloesem recipients`, and what `bloesem check` says of them."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from tests.bloesem.cli.world import call
from tests.bloesem.recipients.changed import DAY, HOME, blossom, changed, policy, record_with

from bloesem.recipients.findings import recipient_findings


def test_each_recipient_is_told_allowed_or_refused_with_reason_and_last_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    said = call("recipients", "--company", HOME, "--on", DAY)
    assert said.code == 0
    rows = {line.split()[0]: line for line in said.out.splitlines() if line.strip()}
    for name in blossom().record.recipients:
        assert "✓ allowed" in rows[name] or "✗ refused" in rows[name]
    assert "2027-01-31" in rows["voltwacht"]
    assert "nothing of a database is for it" in rows["google_analytics"]
    assert "17 of 20 may get something on 2026-11-26" in said.out


def test_a_recipient_that_is_named_is_told_in_full() -> None:
    said = call("recipients", "linkedin_audiences", "nimbus", "--company", HOME, "--on", DAY)
    assert said.code == 1, "one of them gets nothing"
    for words in (
        "has no clause `no-own-use`",
        "rule: P-124",
        "remedy: have it added",
        "transfer onward to `Nimbus Support India (example)` to IN (location, remote access): scc (nimbus-india-in)",
        "2029-08-31  last day of the contract with `nimbus`",
        "recipients.yaml:",
    ):
        assert words in said.out
    assert call("recipients", "nimbus", "--company", HOME, "--on", DAY).code == 0


def test_as_json_with_countries_mechanisms_and_where_to_get_a_copy() -> None:
    said = call("recipients", "nimbus", "--company", HOME, "--on", "2027-09-01", "--json")
    (one,) = said.json["recipients"]
    assert (said.code, one["allowed"], one["kind"]) == (1, False, "cloud")
    assert all("ended on 2027-08-15" in s["reasons"][0]["what"] for s in one["standings"])
    assert {(t["to"], t["mechanism"], t["copy"]) for t in one["transfers"]} == {
        ("US", "scc", "privacy@blossomenergy.example"),
        ("IN", "scc", "privacy@blossomenergy.example"),
    }


def test_only_what_is_refused() -> None:
    said = call("recipients", "--refused", "--company", HOME, "--on", DAY, "--json")
    assert [one["key"] for one in said.json["recipients"]] == [
        "peeters",
        "google_analytics",
        "linkedin_audiences",
    ]


def test_a_name_that_nobody_has_is_refused_with_those_that_there_are() -> None:
    said = call("recipients", "nimbuz", "--company", HOME)
    assert said.code == 2
    assert "did you mean `nimbus`?" in said.err


def test_check_names_what_is_missing_what_has_lapsed_and_what_lapses_soon(tmp_path: Path) -> None:
    home = tmp_path / "company" / "blossom"
    shutil.copytree(HOME, home)
    shutil.copytree(HOME.parents[1] / "law", tmp_path / "law")
    path = home / "record" / "recipients.yaml"
    text = path.read_text().replace("valid_until: 2027-08-31, items", "valid_until: 2026-12-05, items", 1)
    path.write_text(
        text.replace("valid_until: 2029-08-31", "valid_until: 2026-11-20").replace("  jobs: {", "  job: {")
    )
    said = call("check", "--company", home, "--on", DAY, "--json")
    found = {(one["severity"], one["kind"], one["thing"]) for one in said.json["findings"]}
    for one in (
        (
            "warning",
            "recipient-refused",
            "recipient `nimbus` gets nothing: the contract with `nimbus` ended on 2026-11-20",
        ),
        (
            "warning",
            "recipient-lapses",
            "the contract with `klaproos` lapses: its last day is 2026-12-05, in 9 days",
        ),
        ("error", "store-unnamed", "nobody says where the database of data map `jobs` runs"),
    ):
        assert one in found
    assert said.code == 1
    where = {one["where"] for one in said.json["findings"] if one["kind"].startswith("recipient-")}
    assert all("record/recipients.yaml:" in one for one in where)


@pytest.mark.promise("P-118")
def test_every_store_names_its_provider_its_region_and_who_works_for_it() -> None:
    """In the record, for every data map, or `check` ends in an error; of a provider that is registered as cloud, with its
    own countries, sub-processors and contract, whose lapse is told."""
    maps = ("business", "jobs")
    found = recipient_findings(blossom(), policy(), DAY, maps)
    assert [one for one in found if one.kind == "store-unnamed"] == []
    for name in maps:
        store = blossom().record.stores[name]
        assert store.region
        assert store.provider is not None
        provider = blossom().record.recipients[store.provider]
        assert provider.kind == "cloud"
        assert [sub.name for sub in provider.sub_processors] == ["Nimbus Support India (example)"]
    kept = {"business": blossom().record.stores["business"]}
    (one,) = (
        f
        for f in recipient_findings(record_with(blossom(), stores=kept), policy(), DAY, maps)
        if f.severity == "error"
    )
    assert "data map `jobs`" in one.thing
    ended = changed("nimbus", contract={"valid_until": dt.date(2026, 11, 20)})
    assert any(
        "the contract with `nimbus` ended" in f.thing for f in recipient_findings(ended, policy(), DAY, maps)
    )
