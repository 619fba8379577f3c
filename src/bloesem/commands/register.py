"""The register of processing (art. 30 GDPR), from the same files as everything else.

Each sub-purpose of the policy, and each purpose that the law gives, is an activity with purpose, basis, people, data,
recipients, transfers, terms and measures; what ended stays for as long as the authority advises. What nobody wrote down is
said to be missing, never filled in. `export` says the same to programs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.register.activities import Register

EXAMPLES = """\
examples:
  bloesem register                                        every activity, today, in Dutch
  bloesem register --lang en --xlsx register.xlsx         a workbook in the five sheets of the authority's model
  bloesem register --on 2027-06-01 --json                 for programs
  bloesem register export --format dpv                    JSON-LD in the W3C's Data Privacy Vocabulary
  bloesem register export --format tilt --to tilt.json    also fides (systems and datasets), schema-org

exit code: 0; 1 something that art. 30 asks is missing; 2 wrong call
"""
FORMATS = ("dpv", "tilt", "fides", "schema-org")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", metavar="export", help="say the same to programs, see --format")
    parser.add_argument(
        "--lang", choices=("nl", "en", "fr", "de"), default="nl", help="language (default: nl)"
    )
    parser.add_argument("--xlsx", type=shared.path, metavar="FILE", help="write a workbook")
    parser.add_argument("--format", choices=FORMATS, help="what to export")
    parser.add_argument("--to", type=shared.path, metavar="FILE", help="where to (default: print it)")
    shared.add_company(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.policy.company import load_company
    from bloesem.register.activities import register

    if arguments.what not in (None, "export"):
        raise shared.UsageError(
            f"`{arguments.what}` is nothing that the register does",
            "the register is shown, written as a workbook, or exported",
            "bloesem register --help has examples",
        )
    if (arguments.what == "export") != (arguments.format is not None):
        raise shared.UsageError(
            "`export` and `--format` belong together",
            f"the register is exported as one of {', '.join(FORMATS)}",
            "write bloesem register export --format dpv",
        )
    if arguments.to is not None and arguments.what is None:
        raise shared.UsageError(
            "`--to` is where an export goes",
            "it says where only what is exported is written",
            "write bloesem register export --format dpv --to FILE; a workbook goes to --xlsx FILE",
        )
    company = load_company(shared.home(arguments))
    found = register(company, arguments.on or shared.today())
    if arguments.what == "export":
        return _export(arguments, company, found)
    if arguments.xlsx is not None:
        from bloesem.register.workbook import workbook

        _write(arguments.xlsx, workbook(found, arguments.lang))
    if arguments.json:
        shared.print_json(as_dict(found, arguments.lang))
    elif arguments.xlsx is None:
        _print(found, arguments.lang)
    lacks = [*found.identity.missing, *(key for one in found.running for key in one.missing)]
    return 1 if lacks else 0


def as_dict(found: Register, language: str) -> dict[str, Any]:
    """The register as plain values, in a language."""
    from bloesem.register.words import cells, identity, said

    behalf = found.on_behalf
    return {
        "on": found.on,
        "identity": {title: value for title, value, _required in identity(found, language)},
        "missing": list(found.identity.missing),
        "activities": [
            {
                **cells(found, one, language),
                "keys": {
                    "row": one.row,
                    "basis": one.basis,
                    "data": one.data,
                    "people": one.people,
                    "recipients": [each.key for each in one.recipients],
                    "countries": sorted({each.country for each in one.transfers}),
                    "missing": one.missing,
                },
            }
            for one in found.activities
        ],
        "on_behalf": None
        if behalf is None
        else [
            {
                "name": one.name,
                "contact": one.contact,
                "processing": [said(p, language) for p in one.processing],
            }
            for one in behalf
        ],
    }


def _print(found: Register, language: str) -> None:
    from bloesem.register.words import cells, columns, identity, name_of

    for title, value, _required in identity(found, language):
        if value:
            print(f"{title}: {value}")
    shown = {one.key: one.title for one in columns(language)}
    for one in found.activities:
        said = cells(found, one, language)
        print(f"\n{said['number']}: {said['label']}")
        for key, title in shown.items():
            if key not in ("number", "label", "measures", "replaced_by") and said[key]:
                print(f"  {title}: {said[key].replace(chr(10), '; ')}")
    lacks = [name_of(key, language) for key in found.identity.missing]
    print(f"\n{len(found.running)} of {len(found.activities)} run on {found.on}")
    if lacks:
        print(f"missing of who is responsible: {', '.join(lacks)}")


def _export(arguments: argparse.Namespace, company: Company, found: Register) -> int:
    from bloesem.register.exports import export

    made = export(arguments.format, company, found, arguments.lang)
    if arguments.to is None:
        print(made.text, end="")
    else:
        _write(arguments.to, made.text.encode())
    for lack in made.lacks:
        print(f"missing for {arguments.format}: {lack}", file=sys.stderr)
    return 1 if made.lacks else 0


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: beside it first, then in its place."""
    import tempfile

    from bloesem.errors import BloesemError

    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError as fault:
        raise BloesemError(
            f"{path} cannot be written: {fault.strerror}",
            "a file is written whole or not at all",
            "name a place that exists and may be written",
        ) from fault
