"""The register for programs: DPV, TILT, fideslang, schema.org. Each a mapping from our model; nothing is invented, and what
the other side requires and we do not have is left out and named.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.register.activities import Register

#: Format → ending of its file, and what it is to a browser.
FORMATS = {
    "dpv": ("jsonld", "application/ld+json"),
    "tilt": ("json", "application/json"),
    "fides": ("yaml", "application/yaml"),
    "schema-org": ("jsonld", "application/ld+json"),
}


@dataclass(frozen=True)
class Exported:
    """`lacks`: what the format requires, or has a word for, and we do not have; empty where the text is whole."""

    text: str
    lacks: tuple[str, ...] = ()


def export(form: str, company: Company, register: Register, language: str) -> Exported:
    """in: a key of `FORMATS`, and a language for what is said in one. Raises `PolicyError` for a term of DPV that does not
    stand in Bloesem's own table; `SourceError` for a data map that cannot be read."""
    if form == "dpv":
        from bloesem.register.exports.dpv import document

        return Exported(_json(document(company, register)))
    if form == "tilt":
        from bloesem.register.exports import tilt

        made = tilt.document(company, register, language)
        return Exported(_json(made), tuple(tilt.problems(made)))
    if form == "fides":
        from bloesem.register.exports.fides import manifest

        said, lacks = manifest(company, register, language)
        return Exported(yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120), lacks)
    from bloesem.register.exports.schema_org import block

    return Exported(_json(block(company, register, language)))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


__all__ = ["FORMATS", "Exported", "export"]
