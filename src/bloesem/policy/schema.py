"""JSON Schemas of what a company writes, for editors: `python -m bloesem.policy.schema [DIRECTORY]`.

Generated from the models, so that an editor accepts what the loader accepts.
A test holds the committed files equal to what this makes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bloesem.datamap.model import DataMap
from bloesem.law.model import LawFile
from bloesem.policy.company import BitsFile, CompanyFile
from bloesem.policy.model import Policy, Record
from bloesem.policy.text import SentencesFile
from bloesem.policy.translations import TranslationsFile

#: Name of the file (before `.schema.json`) → what it describes.
SCHEMAS: dict[str, tuple[type[BaseModel], str]] = {
    "policy": (Policy, "A version of a privacy policy: policy.yaml"),
    "sentences": (
        SentencesFile,
        "The text cut into sentences, each with what transcribes it: sentences.yaml",
    ),
    "translations": (
        TranslationsFile,
        "The text in other languages, sentence by sentence: translations.yaml",
    ),
    "record": (Record, "What the company decided and the text does not say: record/*.yaml"),
    "datamap": (DataMap, "Where personal data lies: fideslang Dataset YAML and additions under meta"),
    "law": (LawFile, "The law as dated data: law/*.yaml"),
    "company": (CompanyFile, "Where everything about a company stands: bloesem.yaml"),
    "bits": (BitsFile, "The registry of bits: bits.yaml"),
}


def schema(name: str) -> str:
    """The text of one schema file."""
    model, title = SCHEMAS[name]
    body: dict[str, Any] = model.model_json_schema(by_alias=True, mode="validation")
    body = {"$schema": "https://json-schema.org/draft/2020-12/schema", **body, "title": title}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def write(directory: Path) -> list[Path]:
    """Write every schema into a directory; the files written."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name in SCHEMAS:
        path = directory / f"{name}.schema.json"
        path.write_text(schema(name), encoding="utf-8")
        written.append(path)
    return written


def main(arguments: list[str]) -> int:
    """Write into the directory named, or into `schemas/` of the repository."""
    home = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[3] / "schemas"
    for path in write(home):
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
