"""Terms and conditions that protect less than the policy do not prevail over it, whatever the text says (P-178)."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from tests.bloesem.cli.world import call
from tests.promises.corrected import corrected
from tests.promises.test_gate import COMPANY

from bloesem.company import load
from bloesem.notice import render
from bloesem.notice.shelf import Shelf
from bloesem.plan.sql import statements
from bloesem.policy.company import load_company
from bloesem.policy.conditions import conflicts, weigh

CLAUSES = """
conditions:
  longer:                                 # keeps for longer than the policy promises
    document: {nl: Algemene voorwaarden, en: General terms and conditions}
    clause: "9.2"
    part: support
    keep: {for: P3Y, after: account.terminated}
    decided: 2024-03-18
  more:                                   # reads what the policy gives this use no right to
    document: {nl: Bijzondere voorwaarden laadkaart, en: Special terms for the charge card}
    clause: "4"
    part: sales
    reads: [contact.email, financial.iban]
    decided: 2024-03-18
  another_start:                          # nobody can say which of the two is shorter
    document: {nl: Algemene voorwaarden, en: General terms and conditions}
    clause: "9.3"
    part: after_sales
    keep: {for: P6M, after: account.closed}
    decided: 2024-03-18
  silent:                                 # tells people less than the policy does
    document: {nl: Algemene voorwaarden, en: General terms and conditions}
    clause: "12"
    part: billing
    withholds: {nl: Aan wie gegevens gaan, en: Who receives data}
    decided: 2024-03-18
  shorter:                                # protects more: it prevails
    document: {nl: Algemene voorwaarden, en: General terms and conditions}
    clause: "9.4"
    part: quality
    keep: {for: P6M, after: account.closed}
    decided: 2024-03-18
"""
pytestmark = pytest.mark.promise("P-178")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = corrected(tmp_path_factory.mktemp("terms"))
    (made / "record" / "conditions.yaml").write_text(CLAUSES)
    return made


def test_the_text_says_that_terms_prevail_and_that_is_an_error_of_the_text() -> None:
    changes = COMPANY.policy.changes
    assert changes is not None
    assert changes.precedence is not None
    assert "voorrang" in changes.precedence["nl"]


def test_each_conflict_is_reported_with_its_clause_and_none_is_decided_silently(home: Path) -> None:
    read = load_company(home)
    policy = read.in_force(COMPANY.plan.version)
    found = {one.where.rpartition(".")[2]: one for one in conflicts(policy, read.record)}
    assert {key: one.severity for key, one in found.items()} == {
        "longer": "error",
        "more": "error",
        "another_start": "error",
        "silent": "error",
        "shorter": "info",
    }
    assert "General terms and conditions 9.2" in found["longer"].thing
    assert "longer than the policy does; it is not applied" in found["longer"].thing
    assert "`financial.iban`" in found["more"].thing
    assert "cannot be compared" in found["another_start"].thing
    assert "tells people less of `billing` than the policy does (Who receives data)" in found["silent"].thing
    assert all("P-178" in one.rule for one in found.values())
    said = call("check", "--company", home, "--on", "2026-06-01", "--json")
    assert said.code == 1
    listed = [one["kind"] for one in json.loads(said.out)["findings"]]
    assert listed.count("terms-conflict") == 4


def test_the_plan_is_the_policys_but_where_a_clause_protects_more(home: Path) -> None:
    before = COMPANY.plan
    after = load(home, on=before.version).plan
    for purpose in before.purposes:
        other = after.purpose(purpose.key)
        assert other.reads == purpose.reads, "no clause gives a use more to read"
        if purpose.key != "quality":
            assert other.clocks == purpose.clocks, purpose.key
    assert [clock.period for clock in after.purpose("quality").clocks] == ["P6M"]


def test_what_the_database_is_given_has_nothing_of_a_clause_that_protects_less(tmp_path: Path) -> None:
    """The gate and the clock are compiled from the plan: to the letter the same as without such terms."""
    worse, _, better = CLAUSES.partition("  shorter:")
    assert better
    made = corrected(tmp_path)
    (made / "record" / "conditions.yaml").write_text(worse)
    without, beside = COMPANY.plan, load(made, on=COMPANY.plan.version).plan
    assert [one.sql for one in statements(beside)] == [one.sql for one in statements(without)]
    (made / "record" / "conditions.yaml").write_text(CLAUSES)
    assert [one.sql for one in statements(load(made, on=without.version).plan)] != [
        one.sql for one in statements(without)
    ]


def test_people_are_told_as_much_as_without_such_terms(home: Path, tmp_path: Path) -> None:
    """What a clause withholds is in the notice all the same: to the letter, but for the term that a clause shortens."""
    plain = corrected(tmp_path)
    version, day = COMPANY.plan.version, dt.date(2026, 6, 1)
    page = render.text(Shelf(plain).notice(version, "nl", day)).splitlines()
    beside = render.text(Shelf(home).notice(version, "nl", day)).splitlines()
    assert len(beside) == len(page) > 500
    assert all("1 jaar na" in line for line in set(page) - set(beside))
    assert all("6 maanden na" in line for line in set(beside) - set(page))


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (
            "    keep: {for: P3Y, after: account.terminated}\n",
            "neither how long nor what is read or not told",
        ),
        ('    clause: "9.2"\n', "clause"),
    ],
)
def test_a_clause_says_where_it_stands_and_what_it_says(tmp_path: Path, spoilt: str, said: str) -> None:
    made = corrected(tmp_path)
    assert spoilt in CLAUSES
    (made / "record" / "conditions.yaml").write_text(CLAUSES.replace(spoilt, "", 1))
    with pytest.raises(Exception, match=said):
        load_company(made)


def test_a_clause_about_no_purpose_is_reported_and_does_nothing(tmp_path: Path) -> None:
    made = corrected(tmp_path)
    (made / "record" / "conditions.yaml").write_text(CLAUSES.replace("part: support", "part: nothing"))
    read = load_company(made)
    policy = read.in_force(COMPANY.plan.version)
    assert [one.refused for one in weigh(policy, read.record) if one.key == "longer"] == [
        ("it is about `nothing`, which is no purpose",)
    ]
