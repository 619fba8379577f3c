"""An employer's statement of a month as a tagged PDF (PDF/UA-1): the same lines as the page, to be read aloud as well."""

from __future__ import annotations

import json
from pathlib import Path

import typst

from bloesem.console import language as words
from charging.portal.statement import Month

_PAGE = Path(__file__).with_name("statement.typ")
_COMPANY = "Blossom Energy"


def as_pdf(month: Month, language: str, employer: str) -> bytes:
    """in: `employer`, its name. out: the file; kWh and euro as the reader's language writes them."""

    def energy(wh: int) -> str:
        return words.decimal(wh / 1000, language, 3)

    def amount(cents: int) -> str:
        return words.decimal(cents / 100, language, 2)

    name = words.month(month.month, language)
    said = {
        "language": language,
        "company": _COMPANY,
        "title": f"{employer} – {name}" if employer else name,
        "lead": words.say("fleet.why", language),
        "head": [words.say(key, language) for key in ("fleet.driver", "fleet.kwh", "fleet.euro")],
        "lines": [[it.employee or "–", energy(it.energy_wh), amount(it.amount_cents)] for it in month.lines],
        "total": [words.say("total", language), energy(month.energy), amount(month.amount)],
    }
    made: bytes = typst.compile(
        str(_PAGE),
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"said": json.dumps(said)},
        ignore_system_fonts=True,
    )
    return made
