"""Terms that the company chose stand in its record, dated and with why: the policy is the text's, the law the law's."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.policy.drafts import LAW, POLICY, RECORD, Draft

from bloesem.errors import PolicyError
from bloesem.policy.findings import keep_of

OWN = "\nterms:\n  orders:\n    {decision}\n    why: because\n    decided: {day}\n"
KEEP = "keep: {for: P6M, after: customer.started}"
FALLBACK = "fallback: {for: P6M, after: customer.started}"


def decide(draft: Draft, decision: str, day: str = "2026-01-01") -> Draft:
    return draft.add(RECORD, OWN.format(decision=decision, day=day))


def clock(draft: Draft) -> tuple[str, str, str | None]:
    (policy,) = draft.load().versions
    row = policy.purposes["SALE"]
    (term,) = keep_of(row, row.parts["orders"]).terms
    return term.for_, term.after, term.fallback.after if term.fallback else None


def test_a_term_of_the_record_stands_instead_of_the_rows(draft: Draft) -> None:
    assert clock(draft) == ("P1Y", "customer.ended", None)
    assert clock(decide(draft, KEEP)) == ("P6M", "customer.started", None)


def test_a_fallback_of_the_record_stands_beside_it(draft: Draft) -> None:
    assert clock(decide(draft, FALLBACK)) == ("P1Y", "customer.ended", "customer.started")
    assert [f.id for f in draft.load().findings] == ["L-027"]


def test_a_term_changes_with_a_version_and_not_before(draft: Draft) -> None:
    assert clock(decide(draft, KEEP, "2026-01-02")) == ("P1Y", "customer.ended", None)


@pytest.mark.promise("P-104")
def test_a_fallback_of_the_record_is_no_longer_than_the_rows_own_period(draft: Draft) -> None:
    decide(draft, FALLBACK.replace("P6M", "P13M")).refused(PolicyError).says(
        RECORD, "fallback:", "terms.orders.fallback", "P13M is longer than the purpose's own period", "P-104"
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  orders:", "  ordres:", "unknown part, row or open purpose of the law `ordres`"),
        ("customer.started}", "customer.strated}", "unknown event `customer.strated`"),
        (KEEP, f"{KEEP}\n    {FALLBACK}", "write `keep`, or `fallback`"),
        ("    why: because\n", "", "is missing"),
        ("    decided: 2026-01-01\n", "", "is missing"),
    ],
)
def test_a_term_is_decided_for_what_exists_and_says_why(draft: Draft, old: str, new: str, says: str) -> None:
    text = OWN.format(decision=KEEP, day="2026-01-01")
    assert old in text
    assert says in draft.add(RECORD, text.replace(old, new)).refused().text


def test_where_the_law_names_no_term_the_record_does(draft: Draft) -> None:
    draft.change(LAW, "    keep: {for: P5Y, after: record}\n", "    term: company\n")
    assert "`law:accountability` has no term by 2026-01-01" in draft.refused(PolicyError).text
    decision = (
        '\nterms:\n  "law:accountability": {keep: {for: P3Y, after: record}, why: x, decided: 2026-01-01}\n'
    )
    draft.add(RECORD, decision)
    (found,) = (p for p in draft.load().law.purposes if p.key == "law:accountability")
    assert [term.for_ for term in found.keep.terms] == ["P3Y"]
    draft.change(RECORD, "decided: 2026-01-01}", "decided: 2026-01-02}")
    assert "has no term by 2026-01-01" in draft.refused(PolicyError).text


def test_a_term_of_the_law_is_not_the_companys_to_change(draft: Draft) -> None:
    decision = (
        '\nterms:\n  "law:tax-archive": {keep: {for: P1Y, after: record}, why: x, decided: 2026-01-01}\n'
    )
    assert (
        "open purpose of the law `law:tax-archive`" in draft.add(RECORD, decision).refused(PolicyError).text
    )


def test_who_escalates_has_warned_before(draft: Draft) -> None:
    said = "\ndeadlines: {warn_before: P3D, escalate_before: P3D, careful_extension: true, adequacy_recheck: P6M, why: x, decided: 2026-01-01}\n"
    assert "`escalate_before` is shorter than `warn_before`" in draft.add(RECORD, said).refused().text


@pytest.mark.parametrize(
    ("days", "off_on"),
    [
        ("decided: 2026-03-01", [dt.date(2026, 2, 28)]),
        ("decided: 2026-01-01, valid_from: 2026-03-01", [dt.date(2026, 2, 28)]),
        ("decided: 2026-01-01, valid_until: 2026-02-28", [dt.date(2026, 3, 1)]),
        ("decided: 2026-01-01", []),
    ],
)
@pytest.mark.promise("P-054")
def test_a_statute_obliges_from_its_day_and_until_it_ends(
    draft: Draft, days: str, off_on: list[dt.date]
) -> None:
    draft.change(POLICY, "    basis: contract ", "    basis: legal-obligation ")
    draft.add(
        RECORD, f"\nstatutes:\n  vat: {{label: {{en: VAT}}, reference: '60', parts: [orders], {days}}}\n"
    )
    company = draft.load()
    (policy,) = company.versions
    for day in (dt.date(2026, 2, 28), dt.date(2026, 3, 1)):
        off = company.off_in(policy, day)
        assert ("orders" in off) == (day in off_on), off
        assert (
            off.get("orders", "no statute obliges on this day (P-054)")
            == "no statute obliges on this day (P-054)"
        )
