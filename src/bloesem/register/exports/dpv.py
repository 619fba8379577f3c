"""JSON-LD in the W3C's Data Privacy Vocabulary 2.3: a `dpv:Process` per activity. The context stands in the document, so
that nobody asks the network. Only terms of our own dated table are used; what has none is ours (`own:`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.errors import PolicyError
from bloesem.register.records import Terms, Vocabularies
from bloesem.yaml12 import parse

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.register.activities import Activity, Register
    from bloesem.terms import Keep, Term

FILE = Path(__file__).parents[1] / "vocabularies" / "dpv.yaml"


@cache
def table() -> Mapping[str, Any]:
    found: dict[str, Any] = parse(FILE).data
    return found


@cache
def known() -> frozenset[str]:
    """Every term that may stand in an export, with its prefix."""
    return frozenset(
        f"{prefix}:{name}"
        for section in ("concepts", "properties", "classes")
        for prefix, names in table()[section].items()
        for name in names
    )


def term(name: str) -> str:
    """A term with its prefix (`dpv` where none is written). Raises `PolicyError` for one that the table does not have."""
    full = name if ":" in name else f"dpv:{name}"
    if full not in known():
        raise PolicyError(
            f"`{full}` is no term of the table of DPV {table()['version']}",
            "a term is exported when it was compared with a published version",
            "use one of the table, or add it there with the version in which it was found",
        )
    return full


def nearest(words: Mapping[str, Terms], key: str) -> Terms | None:
    """The words of a key, or of the nearest above it at a dot."""
    while key:
        if key in words:
            return words[key]
        key = key.rpartition(".")[0]
    return None


def document(company: Company, register: Register) -> dict[str, Any]:
    said = company.record.vocabularies
    controller = "own:controller"
    identity = register.identity
    graph: list[dict[str, Any]] = [
        {
            "@id": controller,
            "@type": "dpv:DataController",
            "dpv:hasName": " ".join(filter(None, (identity.name, identity.legal_form))),
            "dpv:hasContact": identity.email,
            "dpv:hasProcess": [{"@id": _of(one)} for one in register.activities],
            "dpv:hasRight": _ids(_rights(register)),
            **_authority(register),
        }
    ]
    graph += [_process(company, register, one, said, controller) for one in register.activities]
    graph += list(_categories(register, said))
    graph += [
        {"@id": f"own:group/{key}", "@type": "dpv:DataSubject", "dct:title": dict(label)}
        for key, label in register.policy.groups.items()
    ]
    graph += list(_recipients(register))
    graph += [
        {
            "@id": f"own:measure/{number}",
            "@type": "dpv:TechnicalOrganisationalMeasure",
            "dct:title": dict(one.what),
        }
        for number, one in enumerate(register.measures, start=1)
    ]
    return {"@context": _context(company), "@graph": graph}


def _context(company: Company) -> dict[str, Any]:
    prefixes: dict[str, Any] = {**table()["prefixes"], "own": f"urn:bloesem:{company.name}:"}
    worded = {name: {"@id": name, "@container": "@language"} for name in ("dct:title", "dct:description")}
    return {**prefixes, **worded}


def _of(one: Activity) -> str:
    return f"own:process/{one.key.replace(':', '-')}/{one.started.isoformat()}"


def _ids(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"@id": name} for name in dict.fromkeys(names)]


def _process(
    company: Company, register: Register, one: Activity, said: Vocabularies | None, controller: str
) -> dict[str, Any]:
    purposes = said.purposes if said else {}
    words = next((w.dpv for w in (purposes.get(one.key), purposes.get(one.row)) if w and w.dpv), ())
    return {
        "@id": _of(one),
        "@type": "dpv:Process",
        "dct:title": dict(one.label),
        "dct:description": dict(one.purpose),
        "dct:valid": f"{one.started.isoformat()}/{one.ended.isoformat() if one.ended else '..'}",
        "dpv:hasDataController": {"@id": controller},
        "dpv:hasPurpose": _ids([*(term(name) for name in words), f"own:purpose/{one.key.replace(':', '-')}"]),
        "dpv:hasLegalBasis": _ids([term(table()["bases"][one.basis])]),
        "dpv:hasPersonalData": _ids(f"own:data/{key}" for key in one.data),
        "dpv:hasDataSubject": _ids(f"own:group/{key}" for key in one.people),
        "dpv:hasDataSource": _ids(f"own:source/{key}" for key in one.sources),
        "dpv:hasRecipient": _ids(f"own:recipient/{each.key}" for each in one.recipients),
        "dpv:hasStorageCondition": list(_storage(one.keep)),
        "dpv:hasTechnicalOrganisationalMeasure": _ids(
            [
                *(f"own:measure/{number}" for number in range(1, len(register.measures) + 1)),
                *(
                    term(table()["mechanisms"][t.mechanism])
                    for t in one.transfers
                    if t.mechanism in table()["mechanisms"]
                ),
            ]
        ),
    }


def _storage(keep: Keep) -> Iterator[dict[str, Any]]:
    if keep.hold:
        yield {
            "@type": [term("StorageDuration"), term("UntilEventDuration")],
            "dpv:hasDuration": "own:event/hold",
        }
    for one in keep.terms:
        yield from _clock(one)


def _clock(one: Term) -> Iterator[dict[str, Any]]:
    yield {
        "@type": [term("StorageDuration"), term("TemporalDuration")],
        "dpv:hasDuration": one.for_,
        "dct:source": f"own:event/{one.after}",
    }
    if one.fallback is not None:
        yield from _clock(one.fallback)


def _categories(register: Register, said: Vocabularies | None) -> Iterator[dict[str, Any]]:
    used = dict.fromkeys(key for one in register.activities for key in one.data)
    words = said.categories if said else {}
    for key in used:
        category = register.policy.categories.get(key)
        found = words.get(key)
        types = [term(name) for name in found.dpv] if found else []
        yield {
            "@id": f"own:data/{key}",
            "@type": ["dpv:PersonalData", *types],
            **({"dct:title": dict(category.label)} if category else {}),
        }


def _recipients(register: Register) -> Iterator[dict[str, Any]]:
    known_ = {each.key: each for one in register.activities for each in one.recipients}
    for key, each in known_.items():
        yield {
            "@id": f"own:recipient/{key}",
            "@type": "dpv:Recipient",
            "dpv:hasName": each.name,
            "dct:title": dict(each.kind),
            "dpv:hasCountry": list(each.countries),
        }


def _rights(register: Register) -> Iterator[str]:
    yield from (table()["rights"][key] for key in register.policy.rights if key in table()["rights"])
    if register.policy.complaint is not None:
        yield "eu-gdpr:A77"


def _authority(register: Register) -> dict[str, Any]:
    complaint = register.policy.complaint
    found = table()["authorities"].get(complaint.authority) if complaint else None
    return {"dpv:hasAuthority": {"@id": term(found)}} if found else {}


__all__ = ["document", "known", "nearest", "table", "term"]
