"""What programs are told: valid in the other side's own terms, from the model alone, and with what is missing named."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from pyld import jsonld  # type: ignore[import-untyped]
from tests.bloesem.cli.world import BLOSSOM, call
from tests.bloesem.recipients.changed import DAY, blossom, record_with

from bloesem.errors import PolicyError
from bloesem.policy.company import Company, load_company
from bloesem.register.activities import register
from bloesem.register.exports import FORMATS, dpv, export, tilt
from bloesem.register.records import Automated, Officer, Terms
from bloesem.terms import LANGUAGES


def exported(form: str, company: Company | None = None, language: str = "nl") -> Any:
    company = company or blossom()
    said = export(form, company, register(company, DAY), language)
    return (yaml.safe_load if form == "fides" else json.loads)(said.text)


def _nobody(_url: str, _options: Any) -> Any:
    raise AssertionError("a document of ours asks the network for nothing")


def _iris(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_iris(one) for one in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    own = {key for key in node if not key.startswith("@")} | {node.get("@id", "")}
    types = node.get("@type", [])
    own |= set(types if isinstance(types, list) else [types])
    return own.union(*(_iris(value) for value in node.values()))


def test_dpv_expands_without_the_network_and_says_only_terms_of_the_table() -> None:
    document = exported("dpv")
    expanded = jsonld.expand(document, {"documentLoader": _nobody})
    prefixes = dpv.table()["prefixes"]
    known = {prefixes[p] + name for p, _, name in (term.partition(":") for term in dpv.known())}
    said = {iri for iri in _iris(expanded) if iri and not iri.startswith("urn:bloesem:blossom:")}
    assert said <= known, said - known
    assert prefixes["dpv"] + "FraudPreventionAndDetection" in said
    processes = [one for one in expanded if prefixes["dpv"] + "Process" in one.get("@type", ())]
    assert len(processes) == len(register(blossom(), DAY).activities)
    named = {one["@id"] for one in expanded}
    for one in processes:
        for key in ("hasPersonalData", "hasRecipient", "hasDataSubject"):
            assert {each["@id"] for each in one.get(prefixes["dpv"] + key, ())} <= named
    assert jsonld.normalize(document, {"format": "application/n-quads", "documentLoader": _nobody})


def test_every_term_of_the_company_stands_in_the_table_and_another_is_refused() -> None:
    said = blossom().record.vocabularies
    assert said is not None
    for one in (*said.purposes.values(), *said.categories.values()):
        for name in one.dpv:
            dpv.term(name)
    wrong = said.model_copy(update={"purposes": {**said.purposes, "PUR-1": Terms(dpv=("SellEverything",))}})
    with pytest.raises(PolicyError, match="SellEverything"):
        exported("dpv", record_with(blossom(), vocabularies=wrong))


def _with(**changes: Any) -> Company:
    record = blossom().record.register_
    assert record is not None
    return record_with(blossom(), register_=record.model_copy(update=changes))


def test_tilt_names_what_the_text_lacks_and_nothing_else() -> None:
    Draft7Validator.check_schema(tilt.schema())
    made = exported("tilt")
    found = list(tilt.problems(made))
    assert {line.split(": ", 1)[1] for line in found} == {
        fault.message for fault in Draft7Validator(tilt.schema()).iter_errors(made)
    }
    assert [line.split(":")[0] for line in found] == ["."]
    assert "rightToWithdrawConsent" in found[0], "the text of 2024 does not name it (L-059)"
    assert made["dataProtectionOfficer"]["name"] == made["controller"]["representative"]["name"], (
        "the function that the text gives, where the record has no person"
    )
    nowhere = list(tilt.problems(exported("tilt", _with(website=None))))
    assert any(line.startswith("meta: 'url'") for line in nowhere), (
        "what nobody wrote down is left out, and named"
    )
    whole = exported("tilt", _with(officer=Officer(name="Ann Claes", telephone="+32 15 00 00 00")))
    assert [line for line in tilt.problems(whole) if "dataProtectionOfficer" in line] == []
    assert whole["dataProtectionOfficer"]["name"] == "Ann Claes"
    whole["rightToWithdrawConsent"] = whole["rightToInformation"]
    assert list(tilt.problems(whole)) == []
    assert list(Draft7Validator(tilt.schema()).iter_errors(whole)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_corrected_version_is_whole_by_tilts_schema(language: str) -> None:
    day = dt.date(2027, 3, 1)
    company = load_company(BLOSSOM)
    made = json.loads(export("tilt", company, register(company, day), language).text)
    assert list(Draft7Validator(tilt.schema()).iter_errors(made)) == []
    assert made["rightToWithdrawConsent"]["available"]


def test_whether_anything_is_automated_comes_from_the_record() -> None:
    assert exported("tilt")["automatedDecisionMaking"]["inUse"] is False
    one = Automated(part="identify", logic={"nl": "Een score"}, consequences={"nl": "Geen contract"})
    said = exported("tilt", _with(automated=(one,)))["automatedDecisionMaking"]
    assert said == {"inUse": True, "logicInvolved": "Een score", "scopeAndIntendedEffects": "Geen contract"}
    nobody = exported("tilt", _with(automated=None))
    assert "automatedDecisionMaking" not in nobody
    assert any("automatedDecisionMaking" in line for line in tilt.problems(nobody))


def test_tilt_tells_recipients_and_terms_of_a_category() -> None:
    found = {one["category"]: one for one in exported("tilt", language="en")["dataDisclosed"]}
    iban = found["Bank account number"]
    assert [one["purpose"] for one in iban["purposes"]] == ["Billing and reimbursement", "Claims"] or iban[
        "purposes"
    ]
    assert {"GDPR-6-1-b"} <= {one["reference"] for one in iban["legalBases"]}
    assert {"ttl": "P1Y"}.items() <= iban["storage"][0]["temporal"][0].items()
    assert "Voltwacht Installaties BV (example)" not in {one["name"] for one in iban["recipients"]}


def test_fideslang_reads_systems_and_datasets_in_its_own_taxonomy() -> None:
    models = pytest.importorskip("fideslang.models")
    taxonomy = pytest.importorskip("fideslang.default_taxonomy").DEFAULT_TAXONOMY
    said = exported("fides")
    uses, categories, subjects = (
        {one.fides_key for one in getattr(taxonomy, name)}
        for name in ("data_use", "data_category", "data_subject")
    )
    (system,) = [models.System.model_validate(one) for one in said["system"]]
    assert len(system.privacy_declarations) == len(register(blossom(), DAY).running)
    for one in system.privacy_declarations:
        assert one.data_use in uses, one.data_use
        assert set(one.data_categories) <= categories
        assert set(one.data_subjects) <= subjects
    datasets = [models.Dataset.model_validate(one) for one in said["dataset"]]
    assert {one.fides_key for one in datasets} == set(system.dataset_references)
    for dataset in datasets:
        for collection in dataset.collections:
            for field in collection.fields:
                assert set(field.data_categories or ()) <= categories, (collection.name, field.name)


def test_a_word_that_fideslang_does_not_have_is_named() -> None:
    said = blossom().record.vocabularies
    assert said is not None
    less = said.model_copy(
        update={"groups": {}, "purposes": {k: v for k, v in said.purposes.items() if k != "PUR-7"}}
    )
    company = record_with(blossom(), vocabularies=less)
    lacks = export("fides", company, register(company, DAY), "nl").lacks
    assert {"group customer", "purpose reporting"} <= set(lacks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_schema_org_says_who_and_which_version(language: str) -> None:
    said = exported("schema-org", language=language)
    assert (said["@type"], said["version"], said["inLanguage"]) == ("WebPage", "2024-03-18", language)
    assert said["publisher"]["legalName"] == "Blossom Energy BV"
    assert said["publisher"]["identifier"]["value"] == "0123456749"
    assert "vatID" not in said["publisher"], "nobody wrote down that it has one"


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_register_says_the_same(form: str) -> None:
    found = register(blossom(), DAY)
    assert export(form, blossom(), found, "fr") == export(form, blossom(), found, "fr")


def test_the_command_exports_and_names_what_is_missing() -> None:
    said = call("register", "export", "--format", "tilt", "--company", BLOSSOM, "--on", DAY)
    assert said.code == 1
    assert "missing for tilt: .: 'rightToWithdrawConsent' is a required property" in said.err
    assert json.loads(said.out)["controller"]["name"] == "Blossom Energy"
    assert call("register", "export", "--format", "dpv", "--company", BLOSSOM, "--on", DAY).code == 0
    assert call("register", "export", "--company", BLOSSOM).code == 2
    assert call("register", "--format", "dpv", "--company", BLOSSOM).code == 2
