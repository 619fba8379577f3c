"""Policy, record and law are held against each other: refused, reported, or switched off."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.policy.drafts import LAW, POLICY, VERSION, Draft

from bloesem.datamap.check import plan_findings
from bloesem.datamap.load import LoadedMap
from bloesem.datamap.model import DataMap
from bloesem.errors import LawError, PolicyError
from bloesem.plan.build import compile_plan
from bloesem.plan.model import Bit, Plan
from bloesem.policy import Company, load_bits
from bloesem.policy.company import late_reviews, parts_off
from bloesem.source import SourceError, read

DAY = dt.date(2026, 1, 1)


def compiled(company: Company, on: dt.date = DAY) -> Plan:
    """The plan of the newest version on a day, over the draft's own map."""
    policy = company.versions[-1]
    datamap = read(company.maps[0] / "shop.yaml", DataMap)
    bits = [Bit(line.number, line.key, line.first, line.last) for line in company.bits()]
    law = company.law.valid_on(policy.version)
    off = company.off_in(policy, on)
    return compile_plan(
        policy,
        company.record.decided_by(on),
        law.purposes,
        law.ceilings,
        datamap,
        bits,
        bans=law.bans,
        off=off,
    )


# ---- a legal obligation has a statute ------------------------------------------------------------------


def obliged(draft: Draft) -> Draft:
    return draft.change(
        POLICY,
        "        reads: [identity, order]",
        "        basis: legal-obligation\n        reads: [identity, order]",
    )


@pytest.mark.promise("P-054")
def test_a_legal_obligation_without_a_statute_is_refused(draft: Draft) -> None:
    obliged(draft).refused(PolicyError).says(
        POLICY,
        "      orders:",
        "purposes.SALE.parts.orders",
        "no statute is named in the text or in the record",
        "P-054",
        "name it here (`statute`), or under `statutes` in the record with parts: [orders]",
    )


@pytest.mark.promise("P-054")
def test_a_record_that_makes_it_a_legal_obligation_owes_the_statute_too(draft: Draft) -> None:
    draft.write("record/a.yaml", "basis:\n  orders: {basis: legal-obligation, decided: 2026-01-01}\n")
    draft.refused(PolicyError).says(POLICY, "      orders:", "purposes.SALE.parts.orders", "P-054")


@pytest.mark.promise("P-054")
@pytest.mark.parametrize(
    "text",
    [
        "statutes:\n  vat: {label: {en: VAT}, reference: '60', parts: [orders], decided: 2026-01-01}\n",
        "basis:\n  orders: {basis: legal-obligation, statute: art. 60, decided: 2026-01-01}\n",
    ],
)
def test_a_statute_in_the_record_is_enough_and_the_text_is_reported(draft: Draft, text: str) -> None:
    company = obliged(draft).write("record/a.yaml", text).load()
    assert ("L-039", "part `orders` runs on a legal obligation and the text names no statute") in {
        (finding.id, finding.thing) for finding in company.findings
    }


@pytest.mark.promise("P-054")
def test_a_statute_in_the_text_leaves_nothing_to_report(draft: Draft) -> None:
    obliged(draft).change(
        POLICY, "        basis: legal-obligation", "        basis: legal-obligation\n        statute: art. 60"
    )
    assert not [finding for finding in draft.load().findings if finding.id == "L-039"]


# ---- a legitimate interest has a balancing test --------------------------------------------------------

UNSTATED_OFF = "switches: {unstated_interest: off}\n"
BALANCING = """\
balancing:
  - purpose: newsletter
    decided: 2026-01-01
    interest: {en: Telling customers what is new}
    outcome: proceed
    stated_at_collection: true
"""


CONSENTS = """\
          consents:
            - {purpose: newsletter, given: news_since, withdrawn: news_until}
"""


def interested(draft: Draft) -> Draft:
    return draft.change(
        POLICY,
        "    basis: consent\n    keep: {for: P2Y, after: consent.given} ",
        "    basis: legitimate-interest\n    keep: {for: P2Y, after: customer.ended} ",
    ).change(
        "datamap/shop.yaml",
        CONSENTS,
        "",
    )


def newsletter_off(draft: Draft, on: dt.date = DAY) -> str | None:
    """Why the part is off: the same by the company as by the plan, in which it is then not active."""
    company = draft.load()
    why = company.off_in(company.versions[-1], on).get("newsletter")
    purpose = compiled(company, on).purpose("newsletter")
    assert (not purpose.active, purpose.why_off) == (why is not None, why)
    return why


@pytest.mark.promise("P-055")
def test_an_interest_without_a_balancing_test_is_off(draft: Draft) -> None:
    assert newsletter_off(interested(draft)) == "no balancing test is on file (P-055)"


@pytest.mark.promise("P-055")
def test_an_interest_that_was_weighed_and_stated_runs(draft: Draft) -> None:
    assert newsletter_off(interested(draft).write("record/a.yaml", BALANCING)) is None


@pytest.mark.promise("P-055")
def test_a_test_of_the_whole_row_serves_its_parts(draft: Draft) -> None:
    interested(draft).write("record/a.yaml", BALANCING.replace("newsletter", "NEWS"))
    assert newsletter_off(draft) is None


@pytest.mark.promise("P-055")
def test_a_test_that_says_stop_stops(draft: Draft) -> None:
    interested(draft).write("record/a.yaml", BALANCING.replace("proceed", "stop"))
    assert newsletter_off(draft) == "the balancing test says stop (P-055)"


@pytest.mark.promise("P-055")
def test_a_test_of_a_later_day_does_not_count_before_it(draft: Draft) -> None:
    """A day is a day: what will be weighed next month permits nothing today."""
    later = BALANCING.replace("decided: 2026-01-01", "decided: 2026-06-15")
    interested(draft).write("record/a.yaml", later)
    assert newsletter_off(draft, dt.date(2026, 6, 14)) == "the balancing test is of a later day (P-055)"
    assert newsletter_off(draft, dt.date(2026, 6, 15)) is None


@pytest.mark.promise("P-055")
def test_a_later_test_that_says_stop_stops_from_its_day(draft: Draft) -> None:
    stop = BALANCING.split("balancing:\n")[1].replace("2026-01-01", "2026-06-15").replace("proceed", "stop")
    interested(draft).write("record/a.yaml", BALANCING + stop)
    assert newsletter_off(draft, dt.date(2026, 6, 14)) is None
    assert newsletter_off(draft, dt.date(2026, 6, 15)) == "the balancing test says stop (P-055)"


@pytest.mark.promise("P-055")
def test_a_review_that_is_past_is_reported(draft: Draft) -> None:
    said = BALANCING.replace("decided: 2026-01-01", "decided: 2026-01-01\n    review: 2026-07-01")
    record = interested(draft).write("record/a.yaml", said).load().record
    assert late_reviews(record, dt.date(2026, 7, 1)) == []
    (late,) = late_reviews(record, dt.date(2026, 7, 2))
    assert (late.kind, late.thing) == (
        "late-review",
        "record: balancing.newsletter was to be reviewed by 2026-07-01",
    )


def test_what_is_decided_later_permits_nothing_yet(draft: Draft) -> None:
    """Old data for new parts, and the return of people who come back."""
    record = draft.write("record/a.yaml", "compatible: {newsletter: {decided: 2026-06-15}}\n").load().record
    before, after = (record.decided_by(dt.date(2026, 6, day)) for day in (14, 15))
    assert (dict(before.compatible), after) == ({}, record)
    assert record.returns is not None
    assert record.decided_by(record.returns.decided - dt.timedelta(1)).returns is None


@pytest.mark.promise("P-055")
def test_a_test_has_a_date(draft: Draft) -> None:
    interested(draft).write("record/a.yaml", BALANCING.replace("    decided: 2026-01-01\n", ""))
    draft.refused(SourceError).says("record/a.yaml", 2, "balancing.0.decided", "is missing")


@pytest.mark.promise("P-055")
@pytest.mark.parametrize(
    ("switches", "off"),
    [
        ("switches: {unstated_interest: off}\n", True),
        ("switches: {unstated_interest: report}\n", False),
        ('switches: {unstated_interest: report, unstated_interest_off_from: "2026-01-02"}\n', False),
        ('switches: {unstated_interest: report, unstated_interest_off_from: "2026-01-01"}\n', True),
    ],
)
def test_an_interest_that_was_not_stated_is_off_or_reported_as_the_switch_says(
    draft: Draft, switches: str, off: bool
) -> None:
    interested(draft).write(
        "record/a.yaml", BALANCING.replace("collection: true", "collection: false") + switches
    )
    assert newsletter_off(draft) == ("the interest was not stated at collection (P-055)" if off else None)
    assert [finding.id for finding in draft.load().findings] == ["L-040"]


@pytest.mark.promise("P-055")
def test_an_interest_stated_in_the_text_was_stated(draft: Draft) -> None:
    interested(draft).write("record/a.yaml", BALANCING.replace("collection: true", "collection: false"))
    draft.change(
        POLICY,
        "    objection: absolute",
        "    objection: absolute\n    interest: {en: Telling customers what is new}",
    )
    assert newsletter_off(draft) is None
    assert draft.load().findings == ()


# ---- types, categories, controller ---------------------------------------------------------------------

TYPES = "  customer: {label: {en: Customer data}, definition: {en: What we know about who buys here}}"


@pytest.mark.promise("P-017")
@pytest.mark.parametrize(
    ("types", "says"),
    [
        ("  customer: {announced: 1, label: {en: C}}", "type `customer` is announced and not described"),
        (
            "  customer: {announced: 1, described: 2, label: {en: C}}",
            "type `customer` is announced and not described",
        ),
        (
            "  customer: {described: 2, label: {en: C}, definition: {en: c}}",
            "type `customer` is described and not announced",
        ),
        (
            TYPES.replace("{label", "{announced: 1, described: 2, label")
            + TYPES.replace("{label", "{announced: 1, described: 3, label").replace(
                "  customer", "\n  usage"
            ),
            "type `usage` is without any category",
        ),
    ],
)
def test_announced_types_are_described_and_the_other_way_round(draft: Draft, types: str, says: str) -> None:
    draft.change(POLICY, TYPES, types)
    key = says.split("`")[1]
    draft.refused(PolicyError).says(
        POLICY,
        f"  {key}: {{",
        f"types.{key}",
        says,
        "L-001",
        "P-017",
        f"text_gaps.L-001.versions: [{VERSION}]",
    )


@pytest.mark.promise("P-017")
def test_types_that_are_announced_described_and_used_are_accepted(draft: Draft) -> None:
    draft.change(POLICY, TYPES, TYPES.replace("{label", "{announced: 1, described: 2, label"))
    assert draft.load().findings == ()


@pytest.mark.promise("P-017")
def test_an_error_of_the_text_that_the_company_knows_is_reported_instead(draft: Draft) -> None:
    draft.change(POLICY, TYPES, "  customer: {announced: 45, label: {en: C}}")
    draft.write("record/a.yaml", f"text_gaps:\n  L-001: {{versions: [{VERSION}], decided: 2026-01-01}}\n")
    (finding,) = draft.load().findings
    assert (finding.id, finding.severity, finding.line, finding.version) == ("L-001", "error", 45, DAY)


def test_knowing_the_errors_of_one_version_does_not_excuse_another(draft: Draft) -> None:
    draft.change(POLICY, TYPES, "  customer: {announced: 45, label: {en: C}}")
    draft.write("record/a.yaml", "text_gaps:\n  L-001: {versions: [2025-01-01], decided: 2026-01-01}\n")
    refusal = draft.refused(PolicyError)
    refusal.says(POLICY, "  customer: {", "types.customer", "L-001")
    refusal.says("record/a.yaml", 2, "text_gaps.L-001", "2025-01-01 has this error, and it has not")


def test_a_category_that_serves_no_purpose_is_refused(draft: Draft) -> None:
    draft.change(
        POLICY,
        "  order.lines:",
        "  identity.shoe_size: {label: {en: Shoe size}, type: customer}\n  order.lines:",
    )
    draft.change(POLICY, "reads: [identity, order]", "reads: [identity.name, order]")
    draft.refused(PolicyError).says(
        POLICY,
        "  identity.shoe_size:",
        "categories.identity.shoe_size",
        "serves no purpose: nothing may collect it",
        "L-014",
        "name it under `reads` of a purpose that needs it",
    )


@pytest.mark.parametrize("keep", ["hold", "none"])
def test_a_hold_or_a_report_is_no_reason_to_collect(draft: Draft, keep: str) -> None:
    draft.change(
        POLICY,
        "reads: [identity.email]",
        f"reads: [identity.email]\n      other: {{label: {{en: O}}, reads: [all], keep: {keep}}}",
    )
    draft.change(POLICY, "reads: [identity, order]", "reads: [identity]")
    assert "category `order.lines` serves no purpose" in draft.refused(PolicyError).text


def test_a_word_of_the_law_is_one_that_the_law_has(draft: Draft) -> None:
    draft.change(POLICY, "is: [accounting-voucher]", "is: [accounting-vouchers]")
    draft.refused(PolicyError).says(
        POLICY,
        "is: [accounting-vouchers]",
        "categories.order.invoice.is",
        "`accounting-vouchers` is no word of the law's vocabulary",
        "(did you mean `accounting-voucher`?)",
    )


def test_a_controller_without_a_number_is_refused(draft: Draft) -> None:
    draft.change(POLICY, '  kbo: "0999.999.922"          # an example number\n', "")
    draft.refused(PolicyError).says(
        POLICY, "controller:", "controller.kbo", "is in neither the text nor the record", "P-007"
    )


def test_a_number_in_the_record_is_enough_and_the_text_is_reported(draft: Draft) -> None:
    draft.change(POLICY, '  kbo: "0999.999.922"          # an example number\n', "")
    draft.write("record/a.yaml", 'controller: {name: Little Shop, kbo: "0999999922", decided: 2026-01-01}\n')
    assert [finding.id for finding in draft.load().findings] == ["L-005"]


@pytest.mark.promise("P-108")
def test_an_alias_is_declared_and_never_assumed(draft: Draft) -> None:
    draft.change(
        POLICY, "keep: {for: P1Y, after: customer.ended}", "keep: {for: P1Y, after: account.terminated}"
    )
    (clock,) = compiled(draft.load()).purpose("orders").clocks
    assert (clock.after, clock.reopened_by) == ("customer.ended", "customer.started")
    draft.change(POLICY, ", alias_of: customer.ended}   # said, never assumed: here they are one", "}")
    (clock,) = compiled(draft.load()).purpose("orders").clocks
    assert (clock.after, clock.reopened_by) == ("account.terminated", None)
    draft.change(POLICY, "  account.terminated: {label: {en: Account ended}}\n", "")
    draft.refused(PolicyError).says(
        POLICY, "keep: {for: P1Y", "purposes.SALE.keep.after", "unknown event `account.terminated`", "P-108"
    )


# ---- weaker than the law -------------------------------------------------------------------------------


def test_a_term_shorter_than_the_law_asks_is_reported(draft: Draft) -> None:
    draft.change(
        POLICY,
        "        reads: [identity, order]",
        "        reads: [identity, order]\n        keep: {for: P7Y, after: record, from: end-of-year}",
    )
    (finding,) = draft.load().findings
    assert (finding.id, finding.article) == ("L-028", "VAT Code art. 60")
    assert finding.thing == (
        "part `orders` ends on 2030-12-31 for a record of 2023-01-01; "
        "the law keeps it until 2033-12-31 (vat): only `law:tax-archive` remains after the policy's term"
    )


def test_a_term_as_long_as_the_law_asks_is_not(draft: Draft) -> None:
    draft.change(
        POLICY,
        "        reads: [identity, order]",
        "        reads: [identity, order]\n        keep: {for: P10Y, after: record, from: end-of-year}",
    )
    assert draft.load().findings == ()


def recorded(draft: Draft, keep: str) -> Draft:
    draft.change(
        POLICY,
        "  order.lines:",
        "  identity.voice: {label: {en: Calls}, type: customer, is: [call-recording]}\n  order.lines:",
    )
    return draft.change(
        POLICY,
        "        reads: [identity.email]",
        "        reads: [identity.email]\n"
        f"      calls: {{label: {{en: Calls}}, reads: [identity.voice], keep: {keep}}}",
    ).change(POLICY, "reads: [identity, order]", "reads: [identity.name, identity.email, order]")


@pytest.mark.parametrize(
    ("keep", "reported"),
    [
        ("{for: P1M, after: record}", False),
        ("{for: P2M, after: record}", True),
        ("{for: P1M, after: record, from: end-of-year}", True),
        ("{for: P1M, after: customer.ended}", True),
        ("hold", False),
    ],
)
def test_a_term_longer_than_the_law_allows_is_reported(draft: Draft, keep: str, reported: bool) -> None:
    recorded(draft, keep).write("record/a.yaml", "switches: {recording_cap: on}\n")
    if keep == "hold":
        assert "category `identity.voice` serves no purpose" in draft.refused(PolicyError).text
        return
    found = [f for f in draft.load().findings if f.id == "L-029"]
    assert [f.article for f in found] == (["WEC art. 128"] if reported else [])


def test_a_cap_that_is_switched_off_is_still_reported(draft: Draft) -> None:
    recorded(draft, "{for: P1Y, after: record}").write("record/a.yaml", "switches: {recording_cap: off}\n")
    (finding,) = draft.load().findings
    assert "`recording_cap` is off: it is not applied" in finding.thing


def test_a_basis_that_is_not_what_the_text_says_is_reported(draft: Draft) -> None:
    draft.write("record/a.yaml", "basis:\n  newsletter: {basis: contract, decided: 2026-01-01}\n")
    (finding,) = draft.load().findings
    assert (finding.id, finding.thing) == (
        "L-037",
        "part `newsletter` runs on contract by the record; the text says consent",
    )


def test_a_clock_that_may_never_start_is_reported(draft: Draft) -> None:
    draft.change(
        POLICY,
        "keep: {for: P1Y, after: customer.ended}",
        "keep: {for: P1Y, after: customer.ended, fallback: {for: P1Y, after: customer.started, start_stated: false}}",
    )
    assert [f.id for f in draft.load().findings] == ["L-027"]


@pytest.mark.parametrize(
    ("says", "found", "thing"),
    [
        ("may_mean: [customer.started]", "L-026", "`customer.ended` can also be read as `customer.started`"),
        ("undefined: true", "L-031", "each `customer.ended` begins P1Y anew"),
    ],
)
def test_a_start_that_the_text_leaves_open_is_reported(
    draft: Draft, says: str, found: str, thing: str
) -> None:
    """Of each part that runs from it, and of no other."""
    label = "customer.ended: {"
    (finding,) = draft.change(POLICY, label, f"{label}{says}, ").load().findings
    assert (finding.id, finding.severity) == (found, "error")
    assert thing in finding.thing
    assert finding.key == ("purposes", "SALE", "parts", "orders")


def test_a_start_can_only_be_read_as_an_event_that_exists(draft: Draft) -> None:
    label = "customer.ended: {"
    assert "P-108" in draft.change(POLICY, label, f"{label}may_mean: [signed], ").refused(PolicyError).text


def test_a_recipient_that_the_text_does_not_name_is_reported(draft: Draft) -> None:
    draft.add(
        POLICY,
        "recipients:\n  courier: {label: {en: C}, role: processor, purposes: [orders], undeclared: true}\n",
    )
    assert [(f.id, f.severity) for f in draft.load().findings] == [("L-058", "warning")]


# ---- versions ------------------------------------------------------------------------------------------


def another(draft: Draft, version: str, until: str = "") -> Draft:
    text = draft.text(POLICY).replace("version: 2026-01-01 ", f"version: {version} {until}\n")
    return draft.write(f"policy/{version}/policy.yaml", text)


def test_the_version_in_force_is_the_last_that_began(draft: Draft) -> None:
    company = another(draft, "2026-07-01").load()
    assert [policy.version for policy in company.versions] == [DAY, dt.date(2026, 7, 1)]
    assert company.in_force(dt.date(2026, 6, 30)).version == DAY
    assert company.in_force(dt.date(2026, 7, 1)).version == dt.date(2026, 7, 1)


def test_no_version_in_force_says_which_there_are(draft: Draft) -> None:
    with pytest.raises(PolicyError) as caught:
        draft.load().in_force(dt.date(2025, 12, 31))
    assert "no version of the policy of minimal is valid on 2025-12-31; there are: 2026-01-01" in str(
        caught.value
    )
    assert "remedy: ask for a later day" in str(caught.value)


def test_after_a_version_that_ended_there_is_none(draft: Draft) -> None:
    draft.change(POLICY, "language: en\n", "language: en\nvalid_until: 2026-03-31\n")
    company = draft.load()
    assert company.in_force(dt.date(2026, 3, 31)).version == DAY
    with pytest.raises(PolicyError, match="no version of the policy of minimal is valid on 2026-04-01"):
        company.in_force(dt.date(2026, 4, 1))


def test_two_versions_valid_on_one_day_are_refused(draft: Draft) -> None:
    draft.change(POLICY, "language: en\n", "language: en\nvalid_until: 2026-12-31\n")
    file = "policy/2026-07-01/policy.yaml"
    draft.write(file, draft.text(POLICY).replace("version: 2026-01-01 ", "version: 2026-07-01 "))
    draft.refused(PolicyError).says(
        file, "version: ", "version", "2026-07-01 begins while 2026-01-01 is valid", "P-173", "valid_until"
    )


def test_two_versions_valid_on_one_day_are_never_chosen_between(draft: Draft) -> None:
    company = draft.load()
    (policy,) = company.versions
    doubled = Company(
        company.name, company.label, company.directory, (policy, policy), company.record, company.law
    )
    with pytest.raises(PolicyError, match="two versions of the policy of minimal are valid on 2026-01-01"):
        doubled.in_force(DAY)


def test_a_version_stands_in_the_directory_of_its_date(draft: Draft) -> None:
    draft.path(f"policy/{VERSION}").rename(draft.path("policy/new"))
    draft.refused(PolicyError).says(
        "policy/new/policy.yaml",
        "version: ",
        "version",
        "the directory is named new",
        "name the directory 2026-01-01",
    )


def test_the_versions_are_of_one_company(draft: Draft) -> None:
    another(draft, "2026-07-01").change(
        "policy/2026-07-01/policy.yaml", "company: minimal", "company: maximal"
    )
    draft.refused(PolicyError).says(
        "policy/2026-07-01/policy.yaml",
        "company: ",
        "company",
        "is `maximal`, another version says `minimal`",
    )


def test_a_company_without_a_policy_is_refused(draft: Draft) -> None:
    draft.change("bloesem.yaml", "policy: policy ", "policy: policies ")
    assert f"{draft.path('policies')}: holds no version of a policy" in draft.refused(PolicyError).text


def test_a_company_without_law_is_refused(draft: Draft) -> None:
    draft.change("bloesem.yaml", "law: [law]", "law: [no-law]")
    assert f"{draft.path('no-law')}: no such directory" in draft.refused(LawError).text
    draft.change("bloesem.yaml", "law: [no-law]", "law: []")
    draft.refused(SourceError).says("bloesem.yaml", "law: []", "law")


def test_the_laws_clocks_start_at_events_of_the_policy(draft: Draft) -> None:
    draft.change(LAW, "keep: {for: P5Y, after: record}", "keep: {for: P5Y, after: request.closed}")
    draft.refused(PolicyError).says(
        POLICY,
        "events:",
        "events",
        "`request.closed` is missing, at which the clock of `law:accountability` starts",
    )


def test_a_company_file_that_names_something_else_is_refused(draft: Draft) -> None:
    draft.change("bloesem.yaml", "maps: [datamap]", "map: [datamap]")
    draft.refused(SourceError).says("bloesem.yaml", "map: [datamap]", "map", "(did you mean `maps`?)")


# ---- bits ----------------------------------------------------------------------------------------------


def test_a_bit_is_given_once(draft: Draft) -> None:
    draft.add("bits.yaml", "  - {number: 1, key: other, first: 2026-01-01}\n")
    with pytest.raises(PolicyError) as caught:
        load_bits(draft.path("bits.yaml"))
    line = draft.line("bits.yaml", "key: other")
    assert f"{draft.path('bits.yaml')}:{line}: bits.6.number: `1` stands twice" in str(caught.value)


@pytest.mark.parametrize("number", [-1, 60])
def test_a_bit_is_one_of_sixty(draft: Draft, number: int) -> None:
    draft.add("bits.yaml", f"  - {{number: {number}, key: other, first: 2026-01-01}}\n")
    with pytest.raises(SourceError, match=r"bits\.6\.number: Input should be"):
        draft.load().bits()


def test_parts_off_asks_only_about_legitimate_interest(draft: Draft) -> None:
    company = draft.load()
    assert parts_off(company.versions[0], company.record, DAY) == {}


def test_a_switch_on_which_something_depends_is_in_the_record(draft: Draft) -> None:
    """What is decided when a file of the record is lost is nothing: neither the one nor the other."""
    interested(draft).write("record/a.yaml", BALANCING.replace("collection: true", "collection: false"))
    refusal = draft.refused(PolicyError)
    refusal.says(POLICY, "newsletter:", "purposes.NEWS.parts.newsletter", "`switches.unstated_interest`")
    assert "write `switches: {unstated_interest: report or off}`" in refusal.text
    draft.write("record/a.yaml", BALANCING)
    draft.load()
    refusal = recorded(draft, "{for: P1M, after: record}").refused(PolicyError)
    assert "`switches.recording_cap`" in refusal.text


def test_a_part_that_is_off_says_what_would_turn_it_on(draft: Draft) -> None:
    """The remedy is of the cause: a balancing test that is on file is not asked for."""
    interested(draft).write(
        "record/a.yaml", BALANCING.replace("collection: true", "collection: false") + UNSTATED_OFF
    )
    company = draft.load()
    maps = LoadedMap(read(company.maps[0] / "shop.yaml", DataMap), {})
    found = plan_findings(company.versions[-1], company.record, compiled(company), maps)
    (off,) = [f for f in found if f.kind == "purpose-off"]
    assert "newsletter" in off.thing
    assert "write `interest` at the part" in off.remedy
    assert "balancing test in the record" not in off.remedy


@pytest.mark.promise("P-104")
@pytest.mark.parametrize(
    ("own", "fallback", "refused"),
    [
        ("P1Y", "P1Y", False),
        ("P1Y", "P12M", False),
        ("P1Y", "P13M", True),
        ("P1Y", "P2Y", True),
        ("P1M", "P30D", True),  # after 1 February
        ("P1M", "P28D", False),
        ("P0D", "P1D", True),
    ],
)
def test_a_fallback_is_no_longer_than_the_purposes_own_period(
    draft: Draft, own: str, fallback: str, refused: bool
) -> None:
    line = (
        f"keep: {{for: {own}, after: customer.ended, fallback: {{for: {fallback}, after: customer.started}}}}"
    )
    draft.change(POLICY, "keep: {for: P1Y, after: customer.ended}", line)
    if not refused:
        draft.load()
        return
    draft.refused(PolicyError).says(
        POLICY, line, "purposes.SALE.keep.fallback.for", f"{fallback} is longer than {own}", "P-104"
    )


@pytest.mark.promise("P-055")
def test_a_purpose_of_the_law_on_legitimate_interest_is_weighed_too(draft: Draft) -> None:
    key = "law:tax-archive"
    draft.change(
        LAW,
        "    description: {en: Kept for the tax administration}\n    basis: legal-obligation",
        "    description: {en: Kept for the tax administration}\n    basis: legitimate-interest",
    )
    assert draft.load().off_in(draft.load().versions[0], DAY) == {key: "no balancing test is on file (P-055)"}
    assert not compiled(draft.load()).purpose(key).active
    said = (
        f"balancing:\n  - {{purpose: {key}, decided: 2026-01-01, interest: {{en: I}}, necessity: {{en: N}},"
        " weighing: {en: W}, outcome: proceed}\n"
    )
    draft.write("record/b.yaml", said)
    assert draft.load().off_in(draft.load().versions[0], DAY) == {}
    draft.write("record/b.yaml", said.replace("proceed", "stop"))
    assert draft.load().off_in(draft.load().versions[0], DAY) == {key: "the balancing test says stop (P-055)"}
