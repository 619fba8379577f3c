"""fideslang: one system with a declaration per activity, and the datasets of the data map, in fideslang's own taxonomy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bloesem.register.exports.dpv import nearest
from bloesem.register.records import Terms, Vocabularies
from bloesem.register.words import retention, said

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.register.activities import Activity, Register

BASES = {
    "contract": "Contract",
    "legal-obligation": "Legal obligations",
    "legitimate-interest": "Legitimate interests",
    "consent": "Consent",
}
#: What fideslang knows of a dataset, a collection and a field; all else in a map is ours.
_DATASET = ("fides_key", "name", "description", "data_categories", "collections")
_COLLECTION = ("name", "description", "data_categories", "fields")


def manifest(company: Company, register: Register, language: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """(what a program of Fides reads, our words for which fideslang has none or none was written down)."""
    from bloesem.datamap.load import read_map

    said_ = company.record.vocabularies or Vocabularies(decided=register.on)
    lacks: set[str] = set()
    maps = read_map(company.maps) if company.maps else None
    datasets = (
        [one.model_dump(mode="json", exclude_none=True) for one in maps.datamap.dataset] if maps else []
    )
    system = {
        "fides_key": company.name,
        "name": said(company.label, language),
        "system_type": "Application",
        "description": f"{register.identity.name}, {register.policy.version}",
        "dataset_references": [one["fides_key"] for one in datasets],
        "does_international_transfers": any(one.transfers for one in register.running),
        "privacy_declarations": [
            declared
            for one in register.running
            if (declared := _declaration(register, one, said_, lacks, language)) is not None
        ],
    }
    return (
        {"dataset": [_dataset(one, said_.categories, lacks) for one in datasets], "system": [system]},
        tuple(sorted(lacks)),
    )


def _declaration(
    register: Register, one: Activity, words: Vocabularies, lacks: set[str], language: str
) -> dict[str, Any] | None:
    use = next(
        (w.fides for w in (words.purposes.get(one.key), words.purposes.get(one.row)) if w and w.fides), None
    )
    if use is None:
        lacks.add(f"purpose {one.key}")
        return None
    return {
        "name": said(one.label, language),
        "data_use": use,
        "data_categories": _categories(one.data, words.categories, lacks),
        "data_subjects": _known(one.people, words.groups, "group", lacks),
        "legal_basis_for_processing": BASES[one.basis],
        "retention_period": retention(one.keep, register.policy, language),
        "processes_special_category_data": bool(one.special),
        "data_shared_with_third_parties": bool(one.recipients),
        "third_parties": ", ".join(each.name for each in one.recipients),
    }


def _categories(keys: tuple[str, ...] | list[str], words: Mapping[str, Terms], lacks: set[str]) -> list[str]:
    found = []
    for key in keys:
        near = nearest(words, key)
        if near is None or near.fides is None:
            lacks.add(f"category {key}")
        else:
            found.append(near.fides)
    return list(dict.fromkeys(found))


def _known(keys: tuple[str, ...], words: Mapping[str, Terms], what: str, lacks: set[str]) -> list[str]:
    found = [(key, words.get(key)) for key in keys]
    lacks.update(f"{what} {key}" for key, term in found if term is None or term.fides is None)
    return list(dict.fromkeys(term.fides for _key, term in found if term is not None and term.fides))


def _dataset(one: dict[str, Any], words: Mapping[str, Terms], lacks: set[str]) -> dict[str, Any]:
    made = {key: one[key] for key in _DATASET if key in one}
    made["collections"] = [
        {
            **{key: each[key] for key in _COLLECTION if key in each and key != "fields"},
            "data_categories": _categories(each.get("data_categories", []), words, lacks),
            "fields": [_field(field, words, lacks) for field in each["fields"]],
        }
        for each in one["collections"]
    ]
    return made


def _field(one: dict[str, Any], words: Mapping[str, Terms], lacks: set[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": one["name"]}
    if one.get("description"):
        made["description"] = one["description"]
    made["data_categories"] = _categories(one.get("data_categories", []), words, lacks)
    if one.get("fields"):
        made["fields"] = [_field(each, words, lacks) for each in one["fields"]]
    return made


__all__ = ["BASES", "manifest"]
