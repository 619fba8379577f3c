"""TILT, the Transparency Information Language of the TU Berlin: what people are told, category by category.

What TILT requires and neither text nor record says is left out; `problems` names it. So its required keys are also a check
of completeness. Whether anything is decided automatically comes from the record, and from nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.plan.categories import covers
from bloesem.register.words import phrase, retention, said, term

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.register.activities import Activity, Register
    from bloesem.terms import Keep, Term

FILE = Path(__file__).parents[1] / "vocabularies" / "tilt.schema.json"
#: The rights that each key of TILT is about, of the policy's.
RIGHTS = {
    "rightToInformation": ("access",),
    "rightToRectificationOrDeletion": ("rectification", "erasure"),
    "rightToDataPortability": ("portability",),
    "rightToWithdrawConsent": (),
    "accessAndDataPortability": ("access", "portability"),
}
#: Rights that policies call what they like are known by their article.
BY_ARTICLE = {"rightToWithdrawConsent": "7(3)"}


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def problems(document: dict[str, Any]) -> Iterator[str]:
    """What TILT requires and the document does not have, each as `path: what`; required keys alone, as whatever is there has
    the right form."""
    yield from _lacking(document, schema(), ".")


def _lacking(value: Any, rule: dict[str, Any], where: str) -> Iterator[str]:
    if "$ref" in rule:
        rule = schema()["definitions"][rule["$ref"].rsplit("/", 1)[1]]
    for one in rule.get("allOf", ()):
        yield from _lacking(value, one, where)
    if isinstance(value, dict):
        for key in rule.get("required", ()):
            if key not in value:
                yield f"{where}: '{key}' is a required property"
        for key, inner in rule.get("properties", {}).items():
            if key in value:
                yield from _lacking(value[key], inner, key if where == "." else f"{where}/{key}")
    elif isinstance(value, list):
        if len(value) < rule.get("minItems", 0):
            yield f"{where}: is empty"
        for number, inner in enumerate(value):
            yield from _lacking(inner, rule.get("items", {}), f"{where}/{number}")


def document(company: Company, register: Register, language: str) -> dict[str, Any]:
    identity = register.identity
    where = {"address": identity.address, "country": identity.country}
    body: dict[str, Any] = {
        "controller": _full(
            {"name": identity.name, **where, "representative": _representative(register, language)}
        ),
        "dataProtectionOfficer": _full(
            {
                "name": identity.officer or said(register.policy.contact.function, language),
                **where,
                "email": identity.email,
                "phone": identity.officer_telephone,
            }
        ),
        "dataDisclosed": list(_disclosed(company, register, language)),
        "thirdCountryTransfers": list(_transfers(register, language)),
        "sources": list(_sources(company, register, language)),
        "changesOfPurpose": [],
        **_rights(company, register, language),
        **_automated(company, language),
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    versions = [one.version for one in company.versions]
    begun = register.policy.version.isoformat()
    meta = {
        "_id": _id(company, "policy"),
        "name": identity.name,
        "created": f"{begun}T00:00:00",
        "modified": f"{begun}T00:00:00",
        "version": versions.index(register.policy.version) + 1,
        "language": language,
        "status": "active",
        "url": identity.website,
        "_hash": digest,
    }
    return {"meta": _full(meta), **body}


def _representative(register: Register, language: str) -> dict[str, Any]:
    """Who speaks for the controller about data: the officer, by name where the record has one, else the text's contact."""
    contact = register.policy.contact
    return _full(
        {
            "name": register.identity.officer or said(contact.function, language),
            "email": contact.email,
            "phone": register.identity.officer_telephone,
        }
    )


def _full(values: dict[str, Any]) -> dict[str, Any]:
    """Without what nobody wrote down."""
    return {key: value for key, value in values.items() if value not in (None, "")}


def _id(company: Company, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:bloesem:{company.name}:{what}"))


def _disclosed(company: Company, register: Register, language: str) -> Iterator[dict[str, Any]]:
    used = dict.fromkeys(key for one in register.running for key in one.data)
    for key in used:
        reading = [one for one in register.running if key in one.data and one.off is None]
        category = register.policy.categories.get(key)
        if not reading or category is None:
            continue
        bases = {one.basis for one in reading}
        yield {
            "_id": _id(company, key),
            "category": said(category.label, language),
            "purposes": [
                {"purpose": said(one.label, language), "description": said(one.purpose, language)}
                for one in reading
            ],
            "legalBases": [
                {"reference": _reference(one), "description": "; ".join(one.statutes) or one.basis}
                for one in reading
            ],
            "legitimateInterests": [
                {"exists": True, "reasoning": said(one.interest, language)} for one in reading if one.interest
            ],
            "recipients": list(_recipients(company, key, reading, language)),
            "storage": [_storage(register, one, language) for one in reading],
            "nonDisclosure": {
                "legalRequirement": "legal-obligation" in bases,
                "contractualRegulation": "contract" in bases,
                "obligationToProvide": False,
                "consequences": "; ".join(
                    said(one.label, language) for one in reading if one.basis == "contract"
                )
                or said(category.label, language),
            },
        }


def _reference(one: Activity) -> str:
    first = one.article.split(",")[0].strip()
    return "GDPR-" + first.replace(")(", "-").replace("(", "-").replace(")", "")


def _recipients(
    company: Company, key: str, reading: list[Activity], language: str
) -> Iterator[dict[str, Any]]:
    known = {each.key: each for one in reading for each in one.recipients}
    for name, each in known.items():
        if covers(company.record.recipients[name].fields, key):
            country = each.countries[0] if each.countries else None
            yield _full({"name": each.name, "country": country, "category": said(each.kind, language)})


def _storage(register: Register, one: Activity, language: str) -> dict[str, Any]:
    return {
        "temporal": [
            {"description": term(clock, register.policy, language), "ttl": clock.for_}
            for clock in _clocks(one.keep)
        ],
        "purposeConditional": [retention(one.keep, register.policy, language)],
        "legalBasisConditional": list(one.statutes),
        "aggregationFunction": "max",
    }


def _clocks(keep: Keep) -> Iterator[Term]:
    for one in keep.terms:
        clock: Term | None = one
        while clock is not None:
            yield clock
            clock = clock.fallback


def _transfers(register: Register, language: str) -> Iterator[dict[str, Any]]:
    def has(which: str, there: bool) -> dict[str, Any]:
        return {
            "available": there,
            "description": phrase(f"tilt_{which}_{'yes' if there else 'no'}", language),
        }

    by: dict[str, set[str]] = {}
    for one in register.running:
        for each in one.transfers:
            by.setdefault(each.country, set()).add(each.mechanism or "")
    for country, mechanisms in sorted(by.items()):
        yield {
            "country": country,
            "adequacyDecision": has("adequacy", "adequacy" in mechanisms),
            "appropriateGuarantees": has(
                "guarantees", bool(mechanisms & {"scc", "bcr", "code", "certification"})
            ),
            "presenceOfEnforceableRightsAndEffectiveRemedies": has(
                "remedies", bool(mechanisms & {"adequacy", "scc"})
            ),
            "standardDataProtectionClause": has("clauses", "scc" in mechanisms),
        }


def _sources(company: Company, register: Register, language: str) -> Iterator[dict[str, Any]]:
    policy = register.policy
    for key in dict.fromkeys(key for one in register.running for key in one.data):
        gives = [one for one in policy.sources.values() if not one.only or covers(one.only, key)]
        if gives and key in policy.categories:
            yield {
                "_id": _id(company, f"source:{key}"),
                "dataCategory": said(policy.categories[key].label, language),
                "sources": [
                    _full(
                        {
                            "description": said(one.label, language),
                            "url": register.identity.website,
                            "publiclyAvailable": False,
                        }
                    )
                    for one in gives
                ],
            }


def _rights(company: Company, register: Register, language: str) -> dict[str, Any]:
    """A right that the text does not name is left out: the text fails there."""
    policy, found = register.policy, {}
    how: dict[str, Any] = {"identificationEvidences": [phrase("tilt_identity", language)]}
    if register.identity.website:
        how["url"] = register.identity.website
    for key, ours in RIGHTS.items():
        article = BY_ARTICLE.get(key)
        named = [
            *(policy.rights[name] for name in ours if name in policy.rights),
            *(one for one in policy.rights.values() if article and one.article.startswith(article)),
        ]
        texts = [said(one.text, language) for one in named]
        if texts:
            found[key] = {
                "available": True,
                "description": " ".join(texts),
                "email": policy.contact.email,
                **how,
            }
    if "accessAndDataPortability" in found:  # free of charge (art. 12(5)), and in the formats of an answer
        found["accessAndDataPortability"] |= {
            "administrativeFee": {"amount": 0, "currency": "EUR"},
            "dataFormat": "json, csv",
        }
    complaint = policy.complaint
    if complaint is not None:
        authority = next((one.value for one in company.law.valid_on(register.on).authority), None)
        right: dict[str, Any] = {
            "available": True,
            "description": said(complaint.label, language),
            "email": authority["email"] if authority else None,
            "identificationEvidences": [],
        }
        if authority:
            right["url"] = said(authority["website"], language)
            right["supervisoryAuthority"] = {
                "name": said(complaint.label, language),
                "address": f"{said(authority['street'], language)}, {authority['postal_code']}"
                f" {said(authority['city'], language)}",
                "country": authority["country"],
                "email": authority["email"],
                "phone": authority["telephone"],
            }
        found["rightToComplain"] = _full(right)
    return found


def _automated(company: Company, language: str) -> dict[str, Any]:
    """Nobody decided: the key is left out."""
    record = company.record.register_
    if record is None or record.automated is None:
        return {}
    if not record.automated:
        none = phrase("tilt_not_automated", language)
        return {
            "automatedDecisionMaking": {
                "inUse": False,
                "logicInvolved": none,
                "scopeAndIntendedEffects": none,
            }
        }
    return {
        "automatedDecisionMaking": {
            "inUse": True,
            "logicInvolved": " ".join(said(one.logic, language) for one in record.automated),
            "scopeAndIntendedEffects": " ".join(said(one.consequences, language) for one in record.automated),
        }
    }


__all__ = ["FILE", "document", "problems", "schema"]
