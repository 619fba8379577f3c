"""The register of processing and the impact assessments as the officer sees them: what `bloesem.register` says, in words."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bloesem.console.company import Company, said
from bloesem.console.language import say
from bloesem.console.officer.common import loaded
from bloesem.law.model import Rule
from bloesem.register import dpia
from bloesem.register.activities import register
from bloesem.register.exports import FORMATS, export
from bloesem.register.words import cells, columns, identity, name_of
from bloesem.register.workbook import workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Columns that the page says elsewhere than in the list of an activity.
_APART = frozenset({"number", "label", "measures", "missing", "off"})


def page(company: Company, today: dt.date, language: str) -> dict[str, Any]:
    """Every activity of the register, with what is missing of it first."""
    files = loaded(company)
    found = register(files, today)
    titles = columns(language)
    activities = []
    for one in found.activities:
        texts = cells(found, one, language)
        activities.append(
            {
                "key": one.key,
                "label": texts["label"],
                "tone": company.tones.get(one.key, 8),
                "ended": one.ended if one.ended and one.ended < today else None,
                "off": one.off,
                "missing": [name_of(key, language) for key in one.missing],
                "lines": [
                    (column.title, column.required, texts[column.key].split("\n"))
                    for column in titles
                    if column.key not in _APART and texts[column.key]
                ],
            }
        )
    return {
        "today_of": today,
        "who": [(title, value) for title, value, _required in identity(found, language) if value],
        "lacks": [name_of(key, language) for key in found.identity.missing],
        "measures": [said(one.what, language) for one in found.measures],
        "behalf": found.on_behalf,
        "activities": activities,
        "running": len(found.running),
        "downloads": [("xlsx", say("register.download.xlsx", language))]
        + [(form, say(f"register.download.{form}", language)) for form in FORMATS],
    }


def download(company: Company, form: str, today: dt.date, language: str) -> tuple[bytes, str, str]:
    """(content, media type, name of the file). in: `xlsx`, or a format of the exports. Raises `KeyError` for another."""
    files = loaded(company)
    found = register(files, today)
    name = f"register-{files.name}-{today.isoformat()}"
    if form == "xlsx":
        return workbook(found, language), XLSX, f"{name}.xlsx"
    ending, media = FORMATS[form]
    return (
        export(form, files, found, language).text.encode(),
        f"{media}; charset=utf-8",
        f"{name}-{form}.{ending}",
    )


def _article(rule: Rule, language: str) -> str:
    """Where the rule stands, with its number in the authority's own list, where it is on that."""
    number = rule.value.get("item")
    return say("dpia.listed", language, article=rule.article, number=number) if number else rule.article


def assessments(company: Company, today: dt.date, language: str) -> dict[str, Any]:
    """Each trigger with the activities that it reaches, and every decision on record."""
    files = loaded(company)
    found = register(files, today)
    triggers = []
    for one in dpia.triggers(files, found):
        rows = [
            {
                "label": said(each.activity.label, language),
                "data": [company.category(key, language) for key in each.data],
                "record": each.record,
                "needed": each.decision is None and each.activity.off is None,
            }
            for each in one.reached
        ]
        triggers.append(
            {
                "label": said(one.rule.label, language),
                "article": _article(one.rule, language),
                "checked": one.rule.checked,
                "rows": rows,
                "open": sum(bool(row["needed"]) for row in rows),
            }
        )
    named = {
        key: said(part.label, language)
        for policy in files.versions
        for row in policy.purposes.values()
        for key, part in row.parts.items()
    } | {one.key: said(one.label, language) for one in found.activities}
    records = [
        {
            "key": key,
            "it": one,
            "why": said(one.why, language),
            "parts": [named.get(part, part) for part in one.parts],
            "measures": [said(each, language) for each in one.measures],
            "outcome": say(f"dpia.outcome.{one.outcome}", language),
            "residual": say(f"dpia.residual.{one.residual}", language) if one.residual else None,
            "late": one.review is not None and one.review < today,
            "where": files.where("dpia", key),
        }
        for key, one in files.record.dpia.items()
    ]
    return {
        "today_of": today,
        "triggers": triggers,
        "records": records,
        "open": sum(one["open"] for one in triggers),
        "late": sum(bool(one["late"]) for one in records),
        "problems": [one for one in dpia.findings(files, found) if one.kind != "dpia-missing"],
    }


__all__ = ["assessments", "download", "page"]
