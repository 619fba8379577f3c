"""What a policy may not say is refused with file, line, key, rule, and what would be accepted."""

from __future__ import annotations

import pytest
from tests.bloesem.policy.drafts import POLICY, RECORD, VERSION, Draft

from bloesem.errors import PolicyError
from bloesem.policy import load_policy, load_record
from bloesem.source import SourceError

KEEP = "keep: {for: P1Y, after: customer.ended}      # one year, counted from the last day as a customer"


def test_the_draft_itself_is_accepted_without_a_finding(draft: Draft) -> None:
    assert draft.load().findings == ()


# ---- the file ------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(draft: Draft) -> None:
    draft.path(POLICY).unlink()
    refusal = draft.refused(SourceError)
    assert f"{draft.path(POLICY)}: no such file" in refusal.text
    assert "remedy: name a file that exists" in refusal.text


def test_a_directory_where_a_file_should_be_is_named(draft: Draft) -> None:
    draft.path(POLICY).unlink()
    draft.path(POLICY).mkdir()
    assert f"{draft.path(POLICY)}: cannot be read: Is a directory" in draft.refused(SourceError).text


def test_broken_yaml_names_the_line(draft: Draft) -> None:
    draft.change(POLICY, "basis: contract  ", "basis: [contract  ")
    refusal = draft.refused(SourceError)
    assert f"{draft.path(POLICY)}:" in refusal.text
    assert "broken YAML: while parsing a flow" in refusal.text
    assert "remedy: mend the line named" in refusal.text


def test_text_that_is_not_utf_8_names_line_and_byte(draft: Draft) -> None:
    text = draft.text(POLICY).replace("Privacy desk", "Privacy d\xe9sk")
    draft.path(POLICY).write_bytes(text.encode("latin-1"))
    refusal = draft.refused(SourceError)
    line = draft.path(POLICY).read_bytes().split(b"Privacy d")[0].count(b"\n") + 1
    assert f"{draft.path(POLICY)}:{line}: byte 0xe9 is not UTF-8" in refusal.text
    assert "remedy: save the file as UTF-8" in refusal.text


def test_a_byte_order_mark_does_no_harm(draft: Draft) -> None:
    draft.path(POLICY).write_bytes(b"\xef\xbb\xbf" + draft.text(POLICY).encode())
    assert draft.load().name == "minimal"


def test_a_control_character_names_its_line(draft: Draft) -> None:
    draft.change(POLICY, "Privacy desk", "Privacy \x07desk")
    line = draft.line(POLICY, "Privacy \x07desk")
    assert f"{draft.path(POLICY)}:{line}: broken YAML: character #x0007" in draft.refused(SourceError).text


def test_an_empty_file_lacks_every_required_key(draft: Draft) -> None:
    draft.write(POLICY, "")
    draft.refused(SourceError).says(POLICY, 1, "company", "is missing").says(POLICY, 1, "purposes")


def test_a_list_where_keys_belong_is_refused(draft: Draft) -> None:
    draft.write(POLICY, "- company: minimal\n")
    draft.refused(SourceError).says(POLICY, 1, "(file)", "a mapping of keys is expected")


def test_a_key_that_stands_twice_names_both_lines(draft: Draft) -> None:
    draft.change(POLICY, "    basis: consent\n", "    basis: consent\n    basis: contract\n")
    first = draft.line(POLICY, "    basis: consent")
    refusal = draft.refused(SourceError)
    assert (
        f"{draft.path(POLICY)}:{first + 1}: key `purposes.NEWS.basis` stands twice, first on line {first}"
        in (refusal.text)
    )
    assert "remedy: keep one of the two" in refusal.text


def test_two_documents_in_one_file_are_refused(draft: Draft) -> None:
    draft.add(POLICY, "---\ncompany: other\n")
    assert "expected a single document" in draft.refused(SourceError).text


def test_an_alias_that_holds_itself_is_refused(draft: Draft) -> None:
    draft.change(POLICY, "languages: [en]", "languages: &x [*x]")
    assert "an alias holds itself" in draft.refused(SourceError).text


def test_an_alias_that_unfolds_to_too_much_is_refused(draft: Draft) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    draft.write(POLICY, bomb)
    assert "unfolds to too much" in draft.refused(SourceError).text


def test_nesting_without_end_is_refused(draft: Draft) -> None:
    draft.write(POLICY, "a: " + "[" * 5000 + "]" * 5000)
    assert "broken YAML: nested too deeply" in draft.refused(SourceError).text


def test_yaml_runs_no_code(draft: Draft) -> None:
    draft.change(POLICY, "company: minimal", "company: !!python/object/apply:os.getcwd []")
    assert "could not determine a constructor" in draft.refused(SourceError).text


# ---- keys and values -----------------------------------------------------------------------------------


def test_an_unknown_key_names_its_line_and_the_accepted_ones(draft: Draft) -> None:
    draft.change(POLICY, "    objection: absolute", "    objections: absolute")
    draft.refused(SourceError).says(
        POLICY,
        "    objections: absolute",
        "purposes.NEWS.objections",
        "unknown key; accepted here: affiliates, basis, channels, channels_undeclared, description",
        "(did you mean `objection`?)",
    )


def test_an_unknown_key_of_a_part_names_what_a_part_accepts(draft: Draft) -> None:
    draft.change(POLICY, "        reads: [identity.email]", "        read: [identity.email]")
    draft.refused(SourceError).says(
        POLICY,
        "        read: [",
        "purposes.NEWS.parts.newsletter.read",
        "accepted here: basis, description, groups, interest, is, keep, label",
        "(did you mean `reads`?)",
    )


def test_the_models_own_names_are_no_keys_of_a_file(draft: Draft) -> None:
    draft.change(POLICY, "is: [consent-proof]", "is_: [consent-proof]")
    draft.refused(SourceError).says(
        POLICY, "is_: [consent-proof]", "categories.consent.proof.is_", "unknown key", "(did you mean `is`?)"
    )


def test_every_fault_is_told_at_once(draft: Draft) -> None:
    draft.change(POLICY, "    basis: consent\n", "    basis: permission\n")
    draft.change(POLICY, KEEP, "keep: {for: one year, after: customer.ended}")
    refusal = draft.refused(SourceError)
    refusal.says(POLICY, "basis: permission", "purposes.NEWS.basis", "accepted: contract, legal-obligation")
    refusal.says(POLICY, "keep: {for: one", "purposes.SALE.keep.for", "`one year` is no period")
    assert "remedy: mend the 2 places named" in refusal.text


@pytest.mark.parametrize(
    "period", ["1Y", "P", "PY", "P1W", "P1Y1W", "PT1H", "P1.5Y", "one year", "-P1Y", "p1y"]
)
def test_a_period_is_years_months_days(draft: Draft, period: str) -> None:
    draft.change(POLICY, KEEP, f'keep: {{for: "{period}", after: customer.ended}}')
    draft.refused(SourceError).says(
        POLICY,
        "keep: {for: ",
        "purposes.SALE.keep.for",
        f"`{period}` is no period",
        "such as P1Y, P1M, P30D, P0D",
    )


def test_a_number_is_no_period(draft: Draft) -> None:
    draft.change(POLICY, KEEP, "keep: {for: 1, after: customer.ended}")
    draft.refused(SourceError).says(
        POLICY, "keep: {for: 1", "purposes.SALE.keep.for", "`1` is read as a number", "write it in quotes"
    )


def test_a_term_in_a_list_and_a_fallback_are_found_too(draft: Draft) -> None:
    draft.change(
        POLICY,
        KEEP,
        "keep:\n      - {for: P1Y, after: customer.ended}\n"
        "      - {for: P1Y, after: customer.ended, fallback: {for: P1Y, from: start}}",
    )
    refusal = draft.refused(SourceError)
    line = draft.line(POLICY, "fallback: {for: P1Y")
    refusal.says(POLICY, line, "purposes.SALE.keep.1.fallback.after", "is missing")
    refusal.says(POLICY, line, "purposes.SALE.keep.1.fallback.from", "accepted: event, end-of-year")


@pytest.mark.parametrize("keep", ["forever", "3", "true", "[]"])
def test_what_is_no_term_is_refused(draft: Draft, keep: str) -> None:
    draft.change(POLICY, KEEP, f"keep: {keep}")
    draft.refused(SourceError).says(POLICY, "keep: " + keep, "purposes.SALE.keep", "none")


@pytest.mark.parametrize("said", ["yes", "no", "on", "off", "1", "'true'"])
def test_only_true_and_false_are_booleans(draft: Draft, said: str) -> None:
    draft.change(POLICY, "    objection: absolute", f"    affiliates: {said}")
    draft.refused(SourceError).says(
        POLICY, "    affiliates:", "purposes.NEWS.affiliates", "true or false is expected"
    )


def test_norway_is_a_country(draft: Draft) -> None:
    draft.change(POLICY, "city: Brussels, country: BE", "city: Oslo, country: NO")
    seat = load_policy(draft.path(f"policy/{VERSION}")).controller.seat
    assert seat is not None
    assert seat.country == "NO"


def test_a_number_that_begins_with_nought_stays_as_it_is_written(draft: Draft) -> None:
    draft.change(POLICY, 'postal_code: "1000"', "postal_code: 0151")
    seat = load_policy(draft.path(f"policy/{VERSION}")).controller.seat
    assert seat is not None
    assert seat.postal_code == "0151"


def test_a_number_where_text_belongs_asks_for_quotes(draft: Draft) -> None:
    draft.change(POLICY, 'postal_code: "1000"', "postal_code: 1000")
    draft.refused(SourceError).says(
        POLICY, "postal_code: 1000", "controller.seat.postal_code", "`1000` is read as a number", "in quotes"
    )


@pytest.mark.parametrize(
    ("date", "says"),
    [
        ("2026-02-30", "`2026-02-30` is no date"),
        ("20260101", "a date such as 2024-03-18 (without quotes) is expected"),
        ('"2026-01-01"', "a date such as 2024-03-18 (without quotes) is expected"),
        ("1 January 2026", "a date such as 2024-03-18 (without quotes) is expected"),
    ],
)
def test_a_date_is_a_day_that_exists(draft: Draft, date: str, says: str) -> None:
    draft.change(POLICY, "version: 2026-01-01 ", f"version: {date} ")
    text = draft.refused(SourceError).text
    assert f"{draft.path(POLICY)}:{draft.line(POLICY, 'version: ')}: " in text
    assert says in text


def test_a_language_that_is_not_defined_is_refused(draft: Draft) -> None:
    draft.change(POLICY, "{label: {en: Consent given}}", "{label: {es: Consentimiento}}")
    draft.refused(SourceError).says(
        POLICY,
        "{label: {es:",
        "events.consent.given.label",
        "language `es` is not defined; accepted: nl, en, fr, de",
    )


def test_an_empty_text_is_no_text(draft: Draft) -> None:
    draft.change(POLICY, "{label: {en: Consent given}}", '{label: {en: " "}}')
    draft.refused(SourceError).says(
        POLICY, '{label: {en: " "}}', "events.consent.given.label", "a text per language is expected"
    )


def test_a_wrong_company_number_says_how_it_is_checked(draft: Draft) -> None:
    draft.change(POLICY, "0999.999.922", "0999.999.923")
    draft.refused(SourceError).says(
        POLICY,
        "kbo:",
        "controller.kbo",
        "is no KBO number",
        "97 minus the remainder of the first eight by 97",
    )


def test_a_name_with_capitals_is_no_name_of_a_part(draft: Draft) -> None:
    draft.change(POLICY, "      newsletter:\n", "      Newsletter:\n")
    draft.refused(SourceError).says(
        POLICY, "      Newsletter:", "purposes.NEWS.parts.Newsletter", "is no name", "lower-case letters"
    )


def test_a_purpose_without_parts_has_nothing_to_grant(draft: Draft) -> None:
    draft.change(
        POLICY, "      newsletter:\n        label: {en: Newsletter}\n        reads: [identity.email]\n", ""
    )
    line = len(draft.text(POLICY).splitlines())
    draft.refused(SourceError).says(
        POLICY, line, "purposes.NEWS.parts", "is empty, a mapping of keys is expected"
    )


# ---- the basis -----------------------------------------------------------------------------------------


@pytest.mark.promise("P-052")
def test_a_purpose_without_a_basis_is_refused(draft: Draft) -> None:
    draft.change(POLICY, "    basis: consent\n", "")
    refusal = draft.refused(SourceError)
    refusal.says(POLICY, "  NEWS:", "purposes.NEWS.basis", "is missing", "contract, legal-obligation")
    refusal.with_rule("P-052")


@pytest.mark.promise("P-052")
def test_a_purpose_has_one_basis_and_not_two(draft: Draft) -> None:
    draft.change(POLICY, "    basis: consent\n", "    basis: [consent, contract]\n")
    refusal = draft.refused(SourceError)
    refusal.says(POLICY, "    basis: [consent", "purposes.NEWS.basis", "accepted: contract, legal-obligation")
    refusal.with_rule("P-052")


@pytest.mark.promise("P-052")
def test_two_files_of_the_record_cannot_decide_two_bases_for_a_part(draft: Draft) -> None:
    decision = "basis:\n  orders: {{basis: {basis}, decided: 2026-01-01}}\n"
    draft.write("record/a.yaml", decision.format(basis="contract"))
    draft.write("record/b.yaml", decision.format(basis="consent"))
    draft.refused(PolicyError).says(
        "record/b.yaml",
        2,
        "basis.orders",
        f"stands in two files, first in {draft.path('record/a.yaml')}:2",
        "keep one of the two",
    )


@pytest.mark.promise("P-052")
def test_people_of_one_part_do_not_have_two_bases(draft: Draft) -> None:
    """A part is one bit: another basis for some of its people needs a part of its own."""
    decision = "basis:\n  orders: {{basis: consent, groups: [{groups}], decided: 2026-01-01}}\n"
    draft.write("record/a.yaml", decision.format(groups="employee"))
    draft.refused(PolicyError).says(
        "record/a.yaml",
        2,
        "basis.orders.groups",
        "decides for employee, and part `orders` is about everybody",
        "make a part per group in the policy",
    )
    draft.change(POLICY, "      orders:\n", "      orders:\n        groups: [employee, customer]\n")
    draft.refused(PolicyError).says("record/a.yaml", 2, "basis.orders.groups", "is about customer, employee")
    draft.write("record/a.yaml", decision.format(groups="customer, employee"))
    draft.load()


@pytest.mark.promise("P-059")
@pytest.mark.parametrize(("basis", "article"), [("vital-interest", "6(1)(d)"), ("public-task", "6(1)(e)")])
def test_a_basis_that_the_text_does_not_claim_is_refused(draft: Draft, basis: str, article: str) -> None:
    draft.change(POLICY, "    basis: consent\n", f"    basis: {basis}\n")
    draft.refused(SourceError).says(
        POLICY,
        f"    basis: {basis}",
        "purposes.NEWS.basis",
        f"basis `{basis}` (art. {article}) is not claimed by the policy (P-059)",
        "accepted: contract, legal-obligation, legitimate-interest, consent",
    )


@pytest.mark.promise("P-059")
def test_neither_a_part_nor_the_record_nor_the_law_brings_such_a_basis_in(draft: Draft) -> None:
    draft.change(POLICY, "        reads: [identity.email]", "        reads: []\n        basis: public-task")
    draft.refused(SourceError).says(
        POLICY, "basis: public-task", "purposes.NEWS.parts.newsletter.basis", "P-059"
    )
    draft.change(POLICY, "        basis: public-task", "        basis: consent")
    draft.write("record/a.yaml", "basis:\n  orders: {basis: vital-interest, decided: 2026-01-01}\n")
    draft.refused(SourceError).says("record/a.yaml", 2, "basis.orders.basis", "P-059")
    draft.path("record/a.yaml").unlink()
    draft.change("law/law.yaml", "article: GDPR art. 5(2)", "article: x")
    text = draft.text("law/law.yaml").replace("basis: legal-obligation", "basis: public-task", 1)
    draft.write("law/law.yaml", text)
    draft.refused(SourceError).says("law/law.yaml", "basis: public-task", "purposes.0.basis", "P-059")


# ---- what points at what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        (
            "reads: [identity.email]",
            "reads: [identity.phone]",
            "purposes.NEWS.parts.newsletter.reads",
            "category",
        ),
        (KEEP, "keep: {for: P1Y, after: customer.gone}", "purposes.SALE.keep.after", "event"),
        (
            KEEP,
            "keep: {for: P1Y, after: customer.ended, fallback: {for: P1Y, after: contact}}",
            "purposes.SALE.keep.fallback.after",
            "event",
        ),
        (
            "reopened_by: customer.started",
            "reopened_by: customer.begun",
            "events.customer.ended.reopened_by",
            "event",
        ),
        (
            "alias_of: customer.ended",
            "alias_of: customer.over",
            "events.account.terminated.alias_of",
            "event",
        ),
        ("objection: absolute", "channels: [pigeon]", "purposes.NEWS.channels", "channel"),
        ("type: customer, is: [accounting-voucher]", "type: secret", "categories.order.invoice.type", "type"),
        (
            "type: customer, is: [accounting-voucher]",
            "type: customer, service: x",
            "categories.order.invoice.service",
            "service",
        ),
        ('pattern: "^checkout$"', "only: [identity.fax]", "sources.checkout.only", "category"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(
    draft: Draft, old: str, new: str, key: str, says: str
) -> None:
    draft.change(POLICY, old, new)
    draft.refused(PolicyError).says(
        POLICY, new.split("\n")[0], key, f"unknown {says}", "remedy: use one of: "
    )


def test_a_recipient_gets_data_for_a_purpose_of_the_closed_list_only(draft: Draft) -> None:
    draft.add(
        POLICY, "recipients:\n  courier: {label: {en: Courier}, role: processor, purposes: [orderz, FRAUD]}\n"
    )
    refusal = draft.refused(PolicyError)
    refusal.says(POLICY, "  courier:", "recipients.courier.purposes", "unknown purpose `orderz`", "P-051")
    refusal.says(POLICY, "  courier:", "recipients.courier.purposes", "unknown purpose `FRAUD`")
    assert "NEWS, SALE, newsletter, orders (did you mean `orders`?)" in refusal.text


def test_a_right_speaks_of_purposes_that_exist(draft: Draft) -> None:
    draft.add(
        POLICY,
        'rights:\n  objection: {label: {en: O}, lines: [1], article: "21", text: {en: o}, purposes: [NEW]}\n',
    )
    draft.refused(PolicyError).says(
        POLICY, "objection: {label", "rights.objection.purposes", "unknown purpose `NEW`"
    )


def test_a_part_has_one_place(draft: Draft) -> None:
    draft.change(POLICY, "      newsletter:\n", "      orders:\n")
    text = draft.refused(PolicyError).text
    assert "purposes.NEWS.parts.orders: stands under SALE too" in text
    assert "P-063" in text


@pytest.mark.parametrize("name", ["all", "law:security"])
def test_a_name_that_means_something_else_is_no_name_of_a_part(draft: Draft, name: str) -> None:
    draft.change(POLICY, "      newsletter:\n", f"      {name}:\n")
    draft.refused(PolicyError).says(
        POLICY, f"      {name}:", f"purposes.NEWS.parts.{name}", "is a name that is taken"
    )


def test_an_alias_of_an_alias_is_refused(draft: Draft) -> None:
    draft.change(
        POLICY,
        "  consent.given: {label",
        "  shop.left: {label: {en: Left}, alias_of: account.terminated}\n  consent.given: {label",
    )
    draft.refused(PolicyError).says(
        POLICY, "  shop.left:", "events.shop.left.alias_of", "is an alias itself", "P-108"
    )


def test_a_pattern_of_a_source_is_a_regular_expression(draft: Draft) -> None:
    draft.change(POLICY, 'pattern: "^checkout$"', 'pattern: "^check(out$"')
    draft.refused(PolicyError).says(
        POLICY, 'pattern: "^check(out$"', "sources.checkout.pattern", "is no regular expression", "P-049"
    )


def test_a_name_that_a_person_sees_stands_in_every_language_of_the_policy(draft: Draft) -> None:
    draft.change(POLICY, "languages: [en]", "languages: [en, nl]")
    refusal = draft.refused(PolicyError)
    refusal.says(POLICY, "label: {en: Your order}", "purposes.SALE.label", "has no text in nl", "P-002")
    refusal.says(POLICY, "  identity.name:", "categories.identity.name.label", "has no text in nl")


def test_a_version_does_not_end_before_it_begins(draft: Draft) -> None:
    draft.change(POLICY, "language: en\n", "language: en\nvalid_until: 2025-12-31\n")
    draft.refused(PolicyError).says(POLICY, "valid_until", "valid_until", "before it begins on 2026-01-01")


# ---- the record ----------------------------------------------------------------------------------------


def test_a_record_that_is_not_there_is_named(draft: Draft) -> None:
    draft.path(RECORD).unlink()
    draft.path("record").rmdir()
    text = draft.refused(PolicyError).text
    assert f"{draft.path('record')}: no such directory" in text
    assert "it may be empty" in text


def test_an_empty_record_is_a_record_where_the_policy_leaves_nothing_to_decide(draft: Draft) -> None:
    draft.path(RECORD).unlink()
    record = load_record(draft.path("record"))
    assert record.basis == {}
    assert record.returns is None
    draft.change(POLICY, ", reopened_by: customer.started", "")
    assert draft.load().record.switches == {}


def test_a_record_that_was_lost_is_no_decision(draft: Draft) -> None:
    """Who may come back, and within what time, is decided: also that time does not matter."""
    draft.path(RECORD).unlink()
    refusal = draft.refused(PolicyError)
    refusal.says(POLICY, "customer.ended:", "events.customer.ended.reopened_by", "does not say `returns`")
    assert "write `returns`" in refusal.text
    draft.write(RECORD, "returns: null\n")
    assert draft.load().record.returns is None


def test_the_files_of_a_record_are_one_record(draft: Draft) -> None:
    draft.write("record/a.yaml", "basis:\n  orders: {basis: contract, decided: 2026-01-01}\n")
    draft.write("record/b.yaml", "basis:\n  newsletter: {basis: consent, decided: 2026-01-01}\n")
    record = load_record(draft.path("record"))
    assert sorted(record.basis) == ["newsletter", "orders"]
    assert record.returns is not None


def test_one_decision_stands_in_one_file(draft: Draft) -> None:
    draft.write(
        "record/z.yaml",
        "returns: {event: customer.started, after: customer.ended, within: P1Y, decided: 2026-01-01}\n",
    )
    draft.refused(PolicyError).says(
        "record/z.yaml",
        1,
        "returns",
        f"stands in two files, first in {draft.path(RECORD)}:",
        "keep one of the two",
    )


def test_a_decision_has_a_date(draft: Draft) -> None:
    draft.change(RECORD, "  decided: 2026-01-01\n", "")
    draft.refused(SourceError).says(
        RECORD, "returns:", "returns.decided", "is missing", "accepted: a date such as 2024-03-18"
    )


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("switches: {sound: on}", "switches", "unknown switch `sound`; accepted: unstated_interest"),
        ("switches: {recording_cap: maybe}", "switches", "cannot be `maybe`; accepted: on, off"),
        ("switches: {unstated_interest_off_from: soon}", "switches", "soon"),
    ],
)
def test_a_switch_that_does_not_exist_is_refused(draft: Draft, text: str, key: str, says: str) -> None:
    draft.write("record/a.yaml", text + "\n")
    draft.refused(SourceError).says("record/a.yaml", 1, key, says)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("basis:\n  order: {basis: contract, decided: 2026-01-01}", "basis.order", "unknown part `order`"),
        ("compatible:\n  order: {decided: 2026-01-01}", "compatible.order", "unknown part `order`"),
        ("confirmed:\n  vatt: 2026-01-01", "confirmed.vatt", "unknown rule of law `vatt`"),
        ("evidence:\n  P-9: {decided: 2026-01-01}", "evidence.P-9", "`P-9` is no promise"),
        (
            "statutes:\n  code: {label: {en: C}, reference: C, parts: [ordr], decided: 2026-01-01}",
            "statutes.code.parts",
            "unknown part `ordr`",
        ),
        (
            "roles:\n  clerk: {purpose: order, reads: [identity.fax], scope: person, decided: 2026-01-01}",
            "roles.clerk.purpose",
            "unknown part `order`",
        ),
        (
            "roles:\n  clerk: {reads: [identity.fax], scope: person, decided: 2026-01-01}",
            "roles.clerk.reads",
            "unknown category `identity.fax`",
        ),
    ],
)
def test_a_record_speaks_of_what_exists(draft: Draft, text: str, key: str, says: str) -> None:
    draft.write("record/a.yaml", text + "\n")
    draft.refused(PolicyError).says("record/a.yaml", 2, key, says)


def test_a_returning_person_is_told_by_events_that_exist(draft: Draft) -> None:
    draft.change(RECORD, "event: customer.started", "event: customer.back")
    draft.refused(PolicyError).says(
        RECORD, "event: customer.back", "returns.event", "unknown event `customer.back`"
    )
