"""Blossom Energy's policy of 18 March 2024, transcribed: nothing left out, and what the text lacks."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bloesem.policy import Company, Policy, load_company, load_policy
from bloesem.policy.checks import reads_category, seen_labels
from bloesem.policy.company import late_reviews
from bloesem.policy.findings import basis_of, keep_of
from bloesem.policy.model import Part, Purpose
from bloesem.policy.text import SENTENCES_FILE, Sentence, SentencesFile, quotations
from bloesem.source import read
from bloesem.terms import add_period

ROOT = Path(__file__).parents[2]
HOME = ROOT / "company" / "blossom"
VERSION = dt.date(2024, 3, 18)


@cache
def company() -> Company:
    return load_company(HOME)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return company().in_force(VERSION)


@pytest.fixture(scope="module")
def text() -> list[str]:
    return (HOME / "policy" / "2024-03-18" / "text.nl.txt").read_text(encoding="utf-8").splitlines()


def part(policy: Policy, key: str) -> tuple[Purpose, Part]:
    return next((row, row.parts[key]) for row in policy.purposes.values() if key in row.parts)


def lines_of(value: Any) -> set[int]:
    """Every line of the text that a piece of the policy points at."""
    if isinstance(value, dict):
        own = {value[key] for key in ("line", "announced", "described") if value.get(key)}
        own |= set(value.get("lines", ()))
        return own.union(*(lines_of(item) for item in value.values()), set())
    if isinstance(value, list | tuple):
        return set().union(*(lines_of(item) for item in value), set())
    return set()


def test_every_line_of_the_text_is_transcribed(policy: Policy, text: list[str]) -> None:
    written = {number for number, line in enumerate(text, start=1) if line.strip()}
    assert lines_of(policy.model_dump()) == written


def test_it_is_in_force_from_its_date(policy: Policy) -> None:
    assert policy.version == VERSION
    assert company().in_force(dt.date(2026, 6, 1)) is policy


def test_every_promise_that_a_piece_names_is_one_of_the_184(policy: Policy) -> None:
    named = set(re.findall(r"P-\d+", policy.model_dump_json()))
    assert {f"P-{number:03d}" for number in range(1, 185)} >= named


# ---- each sentence and its datum -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def sentences() -> tuple[Sentence, ...]:
    return read(HOME / "policy" / "2024-03-18" / SENTENCES_FILE, SentencesFile).sentences


def test_every_sentence_of_the_text_has_its_datum(sentences: tuple[Sentence, ...], text: list[str]) -> None:
    """The loader holds the sentences to the text, word by word; here, that it does so for this company."""
    assert {sentence.line for sentence in sentences} == {n for n, line in enumerate(text, 1) if line.strip()}
    assert len(sentences) > 180


def test_what_is_transcribed_as_the_texts_is_named_by_a_sentence(
    policy: Policy, sentences: tuple[Sentence, ...]
) -> None:
    """The other way round: nothing stands here as the text's that no sentence of it leads to."""
    named = {path for sentence in sentences for path in sentence.data}
    ours = {f"passages/{key}" for key in policy.passages}
    ours |= {f"recipients/{key}" for key, kind in policy.recipients.items() if not kind.undeclared}
    ours |= {
        f"sources/{key}" for key, one in policy.sources.items() if not one.undeclared and key != "derived"
    }
    ours |= {f"types/{key}" for key in policy.types} | {f"channels/{key}" for key in policy.channels}
    for key, row in policy.purposes.items():
        ours |= {
            f"purposes/{key}/{field}" for field in ("basis", "retention_text", "description", "examples")
        }
        ours |= {f"purposes/{key}/parts/{part}" for part in row.parts} - {
            f"purposes/PUR-{n}/parts/{p}" for n, p in _ALONE
        }
    for key, right in policy.rights.items():
        for field in ("gives", "asks", "conditions", "exceptions"):
            ours |= {f"rights/{key}/{field}/{one.key}" for one in getattr(right, field)}
    ours |= {f"categories/{key}" for key, one in policy.categories.items() if one.examples or one.definition}
    assert [one for one in sorted(ours) if not any(f"{name}/".startswith(f"{one}/") for name in named)] == []


#: Parts that are their whole row: the row's sentences are theirs.
_ALONE = [(4, "quality"), (5, "marketing"), (6, "consent_marketing")]


@pytest.mark.parametrize(
    ("line", "says", "path"),
    [
        (105, "Bepaalde telefoongesprekken met onze Klantendienst worden opgenomen", "recordings"),
        (105, "een product dat je nog niet hebt", "purposes/PUR-5/advertising/not_owned"),
        (106, "wanneer je geen klant meer bent", "purposes/PUR-5/advertising/former_customers"),
        (107, "ten allen tijden uitschrijven", "purposes/PUR-5/advertising/unsubscribe"),
        (169, "elke wijziging te melden", "rights/rectification/asks/tell-changes"),
        (
            194,
            "zonder dat je daarvoor een reden moet opgeven",
            "rights/direct_marketing_objection/without_reason",
        ),
        (204, "Blossom Energy BV", "contact/name"),
        (210, "via deze link", "changes/latest"),
    ],
)
def test_what_an_audit_missed_is_there(
    sentences: tuple[Sentence, ...], line: int, says: str, path: str
) -> None:
    words = says.replace("een product", "een Blossom Energy product")
    (found,) = (one for one in sentences if one.line == line and words in one.says)
    assert path in found.data


def test_all_that_is_given_as_the_texts_words_is_looked_for(policy: Policy) -> None:
    quoted = {where[:2] for where, _, _ in quotations(policy)}
    assert {("purposes", f"PUR-{number}") for number in range(1, 8)} <= quoted
    assert {("contact", "name"), ("contact", "post"), ("controller", "name"), ("recordings", "of")} <= quoted
    assert len(list(quotations(policy))) > 100


def test_certain_calls_are_recorded_told_first_for_quality_and_training(policy: Policy) -> None:
    rule = policy.recordings
    assert rule is not None
    assert (rule.calls, rule.told, rule.for_) == ("certain", "at-the-start", ("quality", "training"))


def test_who_writes_by_post_has_an_address_to_write_to(policy: Policy) -> None:
    for row in policy.purposes.values():
        if "post" in row.channels:
            assert [
                k for k, one in row.parts.items() if not reads_category(one, "identification.address")
            ] == []


def test_what_a_source_gives_serves_a_purpose_of_that_source(policy: Policy) -> None:
    """What an entrant or a respondent gives is read by a part that its source may feed."""
    for key, use in company().record.sources.items():
        feeds = [
            one
            for row in policy.purposes.values()
            for part_key, one in row.parts.items()
            if part_key in (use.only or ())
        ]
        if use.only is None:
            continue
        unread = [c for c in policy.sources[key].only if not any(reads_category(one, c) for one in feeds)]
        assert unread in ([], ["communication.consent"]), key  # proof of consent is the law's to keep


# ---- the table -----------------------------------------------------------------------------------------


def test_the_table_has_seven_rows_two_without_a_name(policy: Policy) -> None:
    assert list(policy.purposes) == [f"PUR-{number}" for number in range(1, 8)]
    assert [key for key, row in policy.purposes.items() if not row.named] == ["PUR-2", "PUR-6"]


def test_the_parts_are_those_of_the_purpose_matrix(policy: Policy) -> None:
    assert {key: list(row.parts) for key, row in policy.purposes.items()} == {
        "PUR-1": ["invite", "sales", "after_sales", "support"],
        "PUR-2": ["identify"],
        "PUR-3": ["service", "billing", "archive", "disputes"],
        "PUR-4": ["quality", "training"],
        "PUR-5": ["marketing"],
        "PUR-6": ["consent_marketing", "contest"],
        "PUR-7": ["reporting"],
    }


def test_each_row_has_the_basis_that_the_text_gives_it(policy: Policy) -> None:
    assert {key: row.basis for key, row in policy.purposes.items()} == {
        "PUR-1": "contract",
        "PUR-2": "legitimate-interest",
        "PUR-3": "legal-obligation",
        "PUR-4": "legitimate-interest",
        "PUR-5": "legitimate-interest",
        "PUR-6": "consent",
        "PUR-7": "legitimate-interest",
    }


def test_each_part_has_the_basis_that_it_runs_on(policy: Policy) -> None:
    runs_on = {
        key: basis_of(policy, company().record, key) for row in policy.purposes.values() for key in row.parts
    }
    interest = {"invite", "identify", "disputes", "quality", "training", "marketing", "reporting"}
    assert {key for key, basis in runs_on.items() if basis == "legitimate-interest"} == interest
    assert {key for key, basis in runs_on.items() if basis == "legal-obligation"} == {"archive"}
    assert {key for key, basis in runs_on.items() if basis == "consent"} == {"consent_marketing", "contest"}


@pytest.mark.parametrize(
    ("key", "period", "after", "fallback"),
    [
        ("invite", "P1Y", "contact", None),
        ("sales", "P1Y", "account.terminated", "P1Y"),
        ("after_sales", "P1Y", "account.terminated", "P1Y"),
        ("support", "P1Y", "account.terminated", "P1Y"),
        ("identify", "P0D", "customer.ended", None),
        ("service", "P1Y", "account.terminated", "P1Y"),
        ("billing", "P1Y", "account.terminated", "P1Y"),
        ("archive", "P7Y", "record", None),
        ("quality", "P1Y", "account.closed", "P1Y"),
        ("training", "P1Y", "account.closed", "P1Y"),
        ("marketing", "P1Y", "interaction", None),
        ("consent_marketing", "P1Y", "consent.given", None),
        ("contest", "P1Y", "consent.given", None),
    ],
)
def test_each_part_has_its_own_clock(
    policy: Policy, key: str, period: str, after: str, fallback: str | None
) -> None:
    (term,) = keep_of(*part(policy, key)).terms
    assert (term.for_, term.after, term.fallback.for_ if term.fallback else None) == (period, after, fallback)
    assert term.from_ == ("end-of-year" if key == "archive" else "event")


def test_disputes_keep_under_a_hold_and_reports_keep_nothing(policy: Policy) -> None:
    assert keep_of(*part(policy, "disputes")).hold
    reporting = keep_of(*part(policy, "reporting"))
    assert (reporting.terms, reporting.hold) == ((), False)


@pytest.mark.promise("P-108")
def test_the_ends_of_a_relation_are_four_events_and_none_is_another(policy: Policy) -> None:
    assert {"account.terminated", "account.closed", "customer.ended", "interaction"} <= set(policy.events)
    assert not [key for key, event in policy.events.items() if event.alias_of]


@pytest.mark.parametrize(
    ("key", "never"),
    [
        (
            "marketing",
            ["contact.work_email", "communication.recording", "financial.iban", "installation.home"],
        ),
        ("support", ["communication.recording", "communication.survey", "communication.marketing"]),
        ("quality", ["communication.marketing", "communication.consent", "communication.suppression"]),
        ("identify", ["usage.session", "communication.recording", "communication.content", "financial.iban"]),
        ("billing", ["installation.photo", "communication.content", "usage.fault"]),
        ("archive", ["installation.photo", "usage.fault", "communication.content", "usage.meter_values"]),
        ("reporting", ["identification.name", "contact.email", "financial.iban"]),
    ],
)
def test_a_part_never_reads_what_its_purpose_does_not_need(
    policy: Policy, key: str, never: list[str]
) -> None:
    assert not [category for category in never if reads_category(part(policy, key)[1], category)]


def test_only_quality_training_and_a_dispute_name_recordings(policy: Policy) -> None:
    readers = {
        key
        for row in policy.purposes.values()
        for key, one in row.parts.items()
        if reads_category(one, "communication.recording")
    }
    assert readers == {"quality", "training", "disputes"}


# ---- the rest of the text ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        ("werkgever:Voorbeeld NV", "employer"),
        ("subject:contract", "contract"),
        ("subject:klantendienst", "customer_service"),
        ("subject:wedstrijd:zomer", "contest"),
        ("subject:enquête:2025-1", "survey"),
        ("subject:contactformulier", "contact_form"),
        ("assigned", "assigned"),
        ("observed:thuislaadpunt", "observed"),
        ("observed:laadkaart", "observed"),
        ("observed:verwerker:installateur 7", "processor"),
        ("derived:segments-v1", "derived"),
        ("kredietbureau:X", None),
        ("werkgever:", None),
        ("subject:contract ", None),
    ],
)
def test_a_stored_source_is_one_that_the_text_declares_or_none(
    policy: Policy, stored: str, key: str | None
) -> None:
    matching = [
        name for name, source in policy.sources.items() if re.search(source.pattern or "(?!)", stored)
    ]
    assert matching == ([key] if key else [])


def test_the_employer_gives_the_professional_address_and_nothing_else(policy: Policy) -> None:
    assert policy.sources["employer"].only == ("contact.work_email",)


def test_recipients_that_the_text_does_not_name_are_marked(policy: Policy) -> None:
    named = {key for key, kind in policy.recipients.items() if not kind.undeclared}
    assert len(named) == 12
    assert all(policy.recipients[key].line for key in named)
    assert {key for key, kind in policy.recipients.items() if kind.undeclared} == {
        "employer",
        "bank",
        "accountant",
        "grid_operator",
        "einvoicing",
        "court_lawyer",
    }


def test_erasure_has_six_grounds_and_four_exceptions(policy: Policy) -> None:
    erasure = policy.rights["erasure"]
    assert [condition.line for condition in erasure.conditions] == [175, 176, 177, 178, 179, 180]
    assert [exception.key for exception in erasure.exceptions] == [
        "service",
        "claims",
        "legal-obligation",
        "public-interest",
    ]


def test_there_are_seven_rights(policy: Policy) -> None:
    assert len(policy.rights) == 7


def test_marketing_goes_through_five_channels(policy: Policy) -> None:
    assert policy.purposes["PUR-5"].channels == ("post", "email", "sms", "phone", "app")


def test_consent_covers_the_four_kinds_of_line_108(policy: Policy) -> None:
    kinds = set(part(policy, "consent_marketing")[1].messages)
    assert {"newsletter", "event", "webinar", "contest"} <= kinds
    assert not kinds & set(part(policy, "marketing")[1].messages)


def test_every_name_that_a_person_sees_is_there_in_four_languages(policy: Policy) -> None:
    assert policy.languages == ("nl", "en", "fr", "de")
    assert all(set(label) == {"nl", "en", "fr", "de"} for _, label in seen_labels(policy))


# ---- what the text lacks -------------------------------------------------------------------------------


@pytest.mark.promise("P-017")
def test_two_types_are_announced_and_not_described_and_one_the_other_way_round() -> None:
    assert [finding.thing for finding in company().findings if finding.id == "L-001"] == [
        "type `derived` is announced and not described",
        "type `sensitive` is announced and not described",
        "type `installation` is described and not announced",
    ]


def test_these_categories_serve_no_purpose() -> None:
    named = {f.thing.split("`")[1] for f in company().findings if f.id == "L-014"}
    assert named == {
        "financial.credit_rating",
        "financial.position",
        "derived.score",
        "sensitive.special",
        "sensitive.criminal",
    }


@pytest.mark.promise("P-073")
def test_the_missing_start_of_the_seven_years_and_the_ten_year_rule_are_reported() -> None:
    found = {(f.id, f.thing.split("`")[1]): f for f in company().findings if "`" in f.thing}
    start = found["L-025", "archive"]
    assert "the text says P7Y and not from when" in start.thing
    assert "end of its year" in start.thing
    assert start.line == 103
    assert "until 2033-12-31" in found["L-028", "archive"].thing
    assert {part for rule, part in found if rule == "L-025"} == {"archive"}


def test_the_conflicts_with_the_law_are_reported() -> None:
    things = {f.id: f.thing for f in company().findings}
    assert (
        "ends on 2030-12-31 for a record of 2023-01-01; the law keeps it until 2033-12-31" in things["L-028"]
    )
    recordings = {
        f.thing.split("`")[1]: f.thing for f in company().findings if "be.recording.quality" in f.thing
    }
    assert recordings.keys() == {"quality", "training"}
    assert "part `quality` may keep longer than P1M after the record" in recordings["quality"]


@pytest.mark.promise("P-083")
@pytest.mark.promise("P-093")
def test_a_start_that_the_text_says_in_another_word_or_does_not_define_is_reported() -> None:
    found = [f for f in company().findings if f.id in ("L-026", "L-031")]
    assert {(f.id, f.thing.split("`")[1], f.line) for f in found} == {
        ("L-026", "quality", 105),
        ("L-026", "training", 105),
        ("L-031", "marketing", 107),
    }
    assert "it is taken as `account.closed`" in found[0].thing


def test_the_bases_that_differ_from_the_text_are_reported() -> None:
    found = {(f.id, f.thing.split("`")[1]) for f in company().findings if f.id in ("L-037", "L-038", "L-039")}
    assert found == {
        ("L-037", "service"),
        ("L-037", "billing"),
        ("L-037", "disputes"),
        ("L-038", "invite"),
        ("L-039", "archive"),
    }


def test_no_finding_of_another_kind_hides_among_them() -> None:
    assert {f.id for f in company().findings} == {
        *("L-001", "L-004", "L-005", "L-014", "L-017", "L-025", "L-026", "L-027", "L-028"),
        *("L-029", "L-031", "L-037", "L-038", "L-039", "L-040", "L-057", "L-058"),
    }


@pytest.mark.promise("P-055")
def test_every_interest_was_weighed_and_none_was_stated() -> None:
    assert company().off_in(company().in_force(VERSION), VERSION) == {}
    assert {f.thing.split("`")[1] for f in company().findings if f.id == "L-040"} == {
        *("invite", "identify", "disputes", "quality", "training", "marketing", "reporting"),
    }


def test_every_decision_of_the_record_is_dated_and_marked_as_an_example() -> None:
    record = company().record
    decisions = dict(record.dated())
    assert all(one.example for one in decisions.values())
    sections = {where.partition(".")[0] for where in decisions}
    assert sections >= {"controller", "returns", "basis", "balancing", "statutes", "evidence", "text_gaps"}
    assert sections >= {"terms", "deadlines", "roles", "writers", "writing", "sources", "contract"}
    assert late_reviews(record, dt.date(2026, 11, 26)) == []
    assert late_reviews(record, dt.date(2027, 3, 19))


def test_a_term_that_neither_text_nor_law_gives_says_why(policy: Policy) -> None:
    terms = company().record.terms
    assert all(one.why for one in terms.values())
    fallen = {
        key
        for row in policy.purposes.values()
        for key, one in row.parts.items()
        if any(term.fallback for term in keep_of(row, one).terms)
    }
    assert fallen == {"sales", "after_sales", "support", "service", "billing", "quality", "training"}
    raw = load_policy(HOME / "policy" / "2024-03-18")
    said = {key: one.keep for row in raw.purposes.values() for key, one in row.parts.items()}
    assert not any(said.values()), "the text gives a term to rows, and to no part"
    assert not any(term.fallback for row in raw.purposes.values() for term in row.keep.terms)


def test_the_companys_own_deadlines_lie_within_the_laws() -> None:
    deadlines = company().record.deadlines
    assert deadlines is not None
    assert (deadlines.warn_before, deadlines.escalate_before, deadlines.adequacy_recheck) == (
        "P10D",
        "P3D",
        "P6M",
    )
    day = dt.date(2026, 2, 1)
    answer = company().law.rule("eu.request.answer").value
    assert add_period(day, deadlines.warn_before) < add_period(day, answer)


def test_promises_that_people_keep_have_a_record() -> None:
    assert {"P-009", "P-126"} <= set(company().record.evidence)


def test_every_part_and_purpose_of_the_law_has_a_bit() -> None:
    keys = {key for row in company().in_force(VERSION).purposes.values() for key in row.parts}
    keys |= {purpose.key for purpose in company().law.purposes}
    assert {line.key for line in company().bits() if line.first <= VERSION} == keys
