"""A proposal in the words of a policy: which of its categories a column gets, what is asked, and what it would have to declare."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.bloesem.cli.world import BLOSSOM, REPOSITORY, call
from tests.bloesem.discover.world import company, made, proposed
from tests.databases import Database

from bloesem.discover.fit import fitted
from bloesem.discover.proposal import Choice, FieldProposal, Proposal, TableProposal
from bloesem.discover.words import words
from bloesem.policy.company import load_company
from bloesem.policy.model import Policy


def policy(folder: Path) -> Policy:
    return load_company(folder).versions[-1]


SMALL, LARGE = policy(REPOSITORY / "company" / "minimal"), policy(BLOSSOM)


def fit(category: str, to: Policy, **more: object) -> tuple[FieldProposal, tuple[str, ...]]:
    field = FieldProposal("c", category, because="its name", **more)  # type: ignore[arg-type]
    table = TableProposal(
        ("public", "t"), "personal", "", 1.0, (field,), categories=("user.content", category)
    )
    found = fitted(Proposal("d", (table,)), to, words())
    return found.tables[0].fields[0], found.declare


@pytest.mark.parametrize(
    ("category", "to", "expected"),
    [
        ("user.name.first", SMALL, "identity.name.first"),  # the end says which part
        ("user.contact.email", SMALL, "identity.email"),
        ("user.name", SMALL, "identity.name"),
        ("user.name.last", LARGE, "identification.name.last"),
        ("user.contact.email", LARGE, "contact.email"),  # and not the one for work
        ("user.contact.phone_number", LARGE, "contact.phone"),
        ("user.contact.address", LARGE, "identification.address"),
        ("user.contact.address.postal_code", LARGE, "identification.address.postal_code"),
        ("user.demographic.date_of_birth", LARGE, "identification.birth_date"),
        ("user.financial.bank_account", LARGE, "financial.iban"),
        ("user.financial", LARGE, "financial"),  # what stands above
        ("user.contact.url", LARGE, "contact"),
    ],
)
def test_the_nearest_category_is_proposed(category: str, to: Policy, expected: str) -> None:
    field, declare = fit(category, to)
    assert (field.category, field.decide, declare) == (expected, (), ())


@pytest.mark.parametrize(
    ("declared", "category", "expected"),
    [
        ("user", "user.name.first", "user.name.first"),
        ("user.contact", "user.contact.address.street", "user.contact.address.street"),
        ("client.naam", "user.name.last", "client.naam.name.last"),  # whatever the policy calls it
        ("client.naam", "user.name", "client.naam.name"),
        ("where.address", "user.contact.address.number", "where.address.number"),
        ("contact", "user.contact.url", "contact"),  # no part of either
    ],
)
def test_parts_of_names_and_addresses_end_as_the_residue_pass_knows_them(
    declared: str, category: str, expected: str
) -> None:
    called = SMALL.categories["identity.name"].model_copy(
        update={"label": {"en": "Address" if "address" in category else "Name"}}
    )
    to = SMALL.model_copy(update={"categories": {declared: called}})
    field, _ = fit(category, to)
    assert field.category == expected


def test_a_part_of_an_address_that_is_to_be_declared_is_asked_with_its_end() -> None:
    field, declare = fit("user.contact.address.street", SMALL)
    assert field.decide[0].says["data_categories"] == ["user.contact.address.street"]
    assert [line.partition(":")[0] for line in declare] == ["user.contact.address"]


def test_what_none_fits_is_asked_with_a_line_to_declare_it() -> None:
    field, declare = fit("user.contact.phone_number", SMALL, identity="phone")
    assert field.category is None
    assert field.identity == "phone"  # whoever chooses a category keeps what identifies
    assert [choice.says["data_categories"] for choice in field.decide] == [
        ["user.contact.phone_number"],
        ["identity.email"],
        [],
    ]
    assert declare == ("user.contact.phone_number: {label: {en: Telephone number}, type: customer}",)


def test_a_line_has_the_policys_languages_and_the_laws_word() -> None:
    (line,) = fit("user.health_and_medical", LARGE)[1]
    said = yaml.safe_load(line)["user.health_and_medical"]
    assert set(said["label"]) == set(LARGE.languages)
    assert said["is"] == ["special-category"]
    assert said["type"] in LARGE.types


def test_what_stands_below_is_declared_with_what_stands_above() -> None:
    fields = tuple(
        FieldProposal(f"c{n}", category)
        for n, category in enumerate(
            (
                "user.contact.address.street",
                "user.contact.address.city",
                "user.financial",
                "user.financial.bank_account",
            )
        )
    )
    table = TableProposal(("public", "t"), "personal", "", 1.0, fields)
    declare = fitted(Proposal("d", (table,)), SMALL, words()).declare
    assert [line.partition(":")[0] for line in declare] == [
        "user.contact.address",
        "user.financial",
        "user.financial.bank_account",  # the law has a word for it
    ]


def test_alternatives_of_a_question_are_the_policys_too() -> None:
    asked = (Choice({"data_categories": ["user.name"]}, "a", 0.5), Choice({"data_categories": []}, "b", 0.5))
    table = TableProposal(("public", "t"), "personal", "", 1.0, (FieldProposal("c", decide=asked),))
    (field,) = fitted(Proposal("d", (table,)), SMALL, words()).tables[0].fields
    assert [choice.says["data_categories"] for choice in field.decide] == [["identity.name"], []]


def test_of_a_table_only_what_fits_is_said() -> None:
    field = FieldProposal("c")
    table = TableProposal(
        ("public", "t"), "personal", "", 1.0, (field,), categories=("user.content", "user.name")
    )
    assert fitted(Proposal("d", (table,)), SMALL, words()).tables[0].categories == ("identity.name",)


def test_where_one_word_alone_says_so_it_is_a_question_that_can_be_agreed_with(
    fresh_database: Database, tmp_path: Path
) -> None:
    """The label says it, the key does not: written, with one question, that goes with `--agree`."""
    lines = "  customer.abc: {label: {en: Date of birth}, type: customer}\n\n# Where it comes from"
    own = company(tmp_path, lines, "customer")
    database = made(fresh_database, "winkel")
    path = tmp_path / "map.yaml"
    path.write_text(call("discover", "--quiet", "--policy", own, database.dsn.url()).out, "utf-8")
    text = path.read_text("utf-8")
    asked = text[text.index("- name: geboortedatum") :].splitlines()[:5]
    assert asked[1].strip() == "data_categories: [customer.abc]"
    assert asked[3].strip() == "decide:"
    agreed = call("discover", "--agree", "0.6", path).out
    assert (
        "- name: geboortedatum\n            data_categories: [customer.abc]\n            meta:\n          -"
        in agreed
    )
    assert call("discover", "--agree", "0.7", path).out.count("[customer.abc]") == text.count(
        "[customer.abc]"
    )


def test_without_a_policy_the_words_are_fideslangs(fresh_database: Database) -> None:
    proposal = proposed(made(fresh_database, "winkel"))
    assert proposal.declare == ()
    assert {f.category for t in proposal.tables for f in t.fields if f.name == "voornaam"} == {
        "user.name.first"
    }


def test_a_policy_that_is_not_there_is_refused() -> None:
    said = call("discover", "--policy", "nowhere", "postgresql://u@localhost/x")
    assert said.code == 1
    assert "nowhere" in said.err
