"""L-002 to L-024, L-080, L-086: whether the notice hangs together."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from dateutil.relativedelta import relativedelta

from bloesem.policy.lint.model import Hit, Notice, Words, searched

_CHAPTER = re.compile(r"^(\d+)\.\s+(\S.*)$")
_SECTION = re.compile(r"^(\d+\.\d+)\s+(\S.*)$")
_ENTRY = re.compile(r"^\s+(\d+(?:\.\d+)?)\.\s+(\S.*)$")
_YEAR = relativedelta(years=1)


def reference(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-002: `hoofdstuk N` is there, and is about what the sentence says it is."""
    titles = {m[1]: m[2] for line in notice.lines or () if (m := _CHAPTER.match(line))}
    for number, line in enumerate(notice.lines or (), 1):
        if not searched(r"\bhoofdstuk \d", line):
            continue
        for found in re.finditer(r"[^.]*\bhoofdstuk (\d+)\b", line, re.I):
            title = titles.get(found[1])
            if title is None:
                yield Hit(number, found[0].strip()[-60:], f"there is no chapter {found[1]}")
                continue
            for said, meant in words.topics.items():
                if searched(said, found[0]) and not searched(meant, title):
                    yield Hit(number, f"hoofdstuk {found[1]}", f"chapter {found[1]} is “{title}”")


def number_of_company(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-005: whatever is there is well formed (the model refuses it otherwise)."""
    if notice.policy.controller.kbo is None:
        yield Hit(_first(notice.policy.controller.lines), "", "no number of the register of companies")


def identity(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-006: where the controller says who it is, form and address are those of the contact."""
    controller, post = notice.policy.controller, notice.policy.contact.post
    line = _first(controller.lines)
    if notice.lines is None or line is None or line > len(notice.lines):
        return
    here = notice.lines[line - 1]
    missing = []
    if controller.legal_form and not searched(rf"\b{re.escape(controller.legal_form)}\b", here):
        missing.append(f"legal form {controller.legal_form}")
    if post is not None and post.street not in here:
        missing.append(post.street)
    if missing:
        yield Hit(line, controller.name, f"elsewhere it has {' and '.join(missing)}")


def contents(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-007: the table of contents has the titles and numbers of the headings, in their order."""
    lines = notice.lines or ()
    headings = [(m[1], m[2]) for line in lines if (m := _CHAPTER.match(line) or _SECTION.match(line))]
    entries = [(n, m[1], m[2]) for n, line in enumerate(lines, 1) if (m := _ENTRY.match(line))]
    titles = {_bare(title): number for number, title in headings}
    for line, number, title in entries:
        if _bare(title) not in titles:
            yield Hit(line, title.strip(), "no chapter has this title")
        elif titles[_bare(title)] != number:
            yield Hit(line, f"{number}. {title.strip()}", f"the chapter is numbered {titles[_bare(title)]}")


def _bare(title: str) -> str:
    return " ".join(title.split()).casefold()


def unnamed(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-008."""
    for key, row in notice.policy.purposes.items():
        if not row.named:
            yield Hit(_first(row.lines), "", f"row `{key}` of the table has no name")


def beyond(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-011, L-012: what the text says elsewhere and the table does not, though the text claims that it has all."""
    if words.claim is None or notice.lines is None:
        return
    table = {line for row in notice.policy.purposes.values() for line in row.lines}
    inside = "\n".join(line for n, line in enumerate(notice.lines, 1) if n in table)
    named = [
        f"{topic} (line {notice.first(expression)})"
        for topic, expression in words.topics.items()
        if searched(expression, notice.text) and not searched(expression, inside)
    ]
    for number, line in enumerate(notice.lines, 1):
        found = searched(words.claim, line)
        if found and named:
            yield Hit(number, found[0], f"outside the table: {', '.join(named)}")


def scope(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-018: whom the text elsewhere has data of, and does not say that it is for."""
    if words.claim is None:
        return
    lines = notice.lines or ()
    for number, line in enumerate(lines, 1):
        found = searched(words.claim, line)
        if not found:
            continue
        others = "\n".join((*lines[: number - 1], *lines[number:]))
        named = [
            f"{topic} (line {notice.first(expression)})"
            for topic, expression in words.topics.items()
            if searched(expression, others) and not searched(expression, line)
        ]
        if named:
            yield Hit(number, found[0], f"elsewhere there are also {', '.join(named)}")


def address(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-021: the form of address that fewer lines use."""
    counted = {
        form: [n for n, line in enumerate(notice.lines or (), 1) if searched(expression, line)]
        for form, expression in words.topics.items()
    }
    if sum(bool(lines) for lines in counted.values()) > 1:
        form, lines = min(counted.items(), key=lambda one: len(one[1]))
        for line in lines:
            yield Hit(line, form, f"elsewhere {', '.join(other for other in counted if other != form)}")


def stale(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-024: older than a year, or than a rule of law that came since."""
    version, today = notice.policy.version, notice.today
    line = len(notice.lines) if notice.lines else None
    while line and not (notice.lines or ())[line - 1].strip():
        line -= 1
    if version + _YEAR < today:
        yield Hit(line, str(version), "older than a year")
    later = sorted(key for key, since in _law_days(notice) if version < since <= today)
    if later:
        yield Hit(line, str(version), f"the law changed since: {', '.join(later)}")


def _law_days(notice: Notice) -> Iterator[tuple[str, dt.date]]:
    """Since when each rule holds; countries count for a policy that speaks of transfers."""
    law = notice.law
    countries = law.adequacy if notice.policy.transfers else ()
    for items in (law.rules, law.floors, law.ceilings, law.bans, countries):
        for one in items:
            if one.valid_from is not None and not getattr(one, "held_before", False):
                yield one.key, one.valid_from


def evidenced(notice: Notice, line: int | None) -> bool:
    """L-080: whether every promise of a line is kept by something and proven."""
    claims = [one for one in notice.claims if one.line == line]
    return bool(claims) and all(one.kept and one.proven for one in claims)


def controls(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-086: promises without anything that keeps them, or without a proof."""
    bare = [one.id for one in notice.claims if not one.kept]
    unproven = [one.id for one in notice.claims if one.kept and not one.proven]
    if bare:
        yield Hit(None, "", f"nothing keeps {', '.join(bare)}")
    if unproven:
        yield Hit(None, "", f"not proven today: {', '.join(unproven)}")


def _first(lines: tuple[int, ...]) -> int | None:
    return lines[0] if lines else None
