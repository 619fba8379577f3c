"""What a policy says wrongly, weakly or not at all: reported, never silently decided (P-003)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bloesem.law.model import Ceiling, Floor, Law
from bloesem.policy.checks import RECORD, reads_category
from bloesem.policy.model import Keep, Part, Policy, Purpose, Record, Term
from bloesem.terms import add_period

Severity = Literal["error", "warning", "info"]

#: Errors of the text that refuse to load, unless the record says that the company knows them (`text_gaps`).
REFUSED = ("L-001", "L-014")


@dataclass(frozen=True)
class Finding:
    """One finding: the linter's rule, how grave, what, line of the policy's text, article, what to do."""

    id: str
    severity: Severity
    thing: str
    line: int | None
    article: str
    remedy: str
    version: dt.date | None = None
    key: tuple[str, ...] = ()  # where in policy.yaml


def findings(policy: Policy, record: Record, law: Law, until: dt.date | None = None) -> tuple[Finding, ...]:
    """All findings about one version, in the order of their ids. `until`: the version's last day, if known.

    Pure. The law is looked at as it is while the version is valid, not on its first day alone.
    """
    view = _View(policy, record, law.valid_during(policy.version, until))
    found = [
        *_types(view),
        *_orphans(view),
        *_open_lists(view),
        *_controller(view),
        *_bases(view),
        *_interests(view),
        *_clocks(view),
        *_starts(view),
        *_floors(view),
        *_ceilings(view),
        *_bans(view),
        *_recipients(view),
    ]
    return tuple(sorted(found, key=lambda f: (f.id, f.line or 0, f.thing)))


@dataclass(frozen=True)
class _View:
    policy: Policy
    record: Record
    law: Law

    def parts(self) -> Iterator[tuple[str, Purpose, str, Part]]:
        for row_key, row in self.policy.purposes.items():
            for key, part in row.parts.items():
                yield row_key, row, key, part

    def finding(
        self, id_: str, severity: Severity, thing: str, line: int | None, article: str, remedy: str, *key: str
    ) -> Finding:
        return Finding(id_, severity, thing, line, article, remedy, self.policy.version, key)


def keep_of(row: Purpose, part: Part) -> Keep:
    """The part's own terms, or its row's."""
    return part.keep or row.keep


def basis_of(policy: Policy, record: Record, part: str) -> str:
    """The basis that a part runs on: the record's decision, the part's own, or its row's (P-052).

    Raises `KeyError` for a part that the policy does not have.
    """
    if part in record.basis:
        return record.basis[part].basis
    row = next(row for row in policy.purposes.values() if part in row.parts)
    return row.parts[part].basis or row.basis


def collects(row: Purpose, part: Part) -> bool:
    """Whether a part is a reason to collect: a hold keeps what others collected, `none` keeps nothing."""
    keep = keep_of(row, part)
    return bool(keep.terms) and not keep.hold


# ---- structure ---------------------------------------------------------------------------------------------


def _types(view: _View) -> Iterator[Finding]:
    """L-001: announced types are the described ones, each with a category (P-017)."""
    used = {category.type for category in view.policy.categories.values()}
    for key, kind in view.policy.types.items():
        if kind.announced and not (kind.described and kind.definition):
            what, remedy = "announced and not described", "describe it, or announce one type less"
        elif kind.described and not kind.announced:
            what, remedy = "described and not announced", "announce it"
        elif key not in used:
            what, remedy = "without any category", "give it a category, or leave it out"
        else:
            continue
        line = kind.announced or kind.described
        yield view.finding(
            "L-001", "error", f"type `{key}` is {what}", line, "12(1), 13, 14(1)(d)", remedy, "types", key
        )


def _orphans(view: _View) -> Iterator[Finding]:
    """L-014: each category serves a purpose, the policy's or the law's."""
    keys = view.policy.categories
    of_law = {word for purpose in view.law.purposes for word in purpose.reads.is_}
    for key, category in keys.items():
        above = any(other.startswith(key + ".") for other in keys)
        if above or category.not_collected or of_law & set(category.is_):
            continue
        if not any(collects(row, part) and reads_category(part, key) for _, row, _, part in view.parts()):
            yield view.finding(
                "L-014",
                "error",
                f"category `{key}` serves no purpose: nothing may collect it",
                category.line,
                "5(1)(b)(c)",
                "name it under `reads` of a purpose that needs it, or stop collecting it",
                "categories",
                key,
            )


def _open_lists(view: _View) -> Iterator[Finding]:
    """L-017: what is collected, where it comes from and how one is reached, behind an open list of the text: nobody who
    reads it knows (P-020, P-049, P-088)."""
    for section in ("categories", "sources"):
        for key, item in getattr(view.policy, section).items():
            if item.undeclared:
                kind = "category" if section == "categories" else "source"
                yield view.finding(
                    "L-017",
                    "warning",
                    f"{kind} `{key}` is in no line of the text",
                    item.line,
                    "12(1), 14(1)(d), 14(2)(f)",
                    "name it in the text, or do without it",
                    section,
                    key,
                )
    for row_key, row in view.policy.purposes.items():
        if row.channels and row.channels_undeclared:
            yield view.finding(
                "L-017",
                "warning",
                f"{row_key}: the text names no channel for it; used are {', '.join(row.channels)}",
                row.lines[-1] if row.lines else None,
                "12(1), 13(1)(c)",
                "name the channels in the text",
                "purposes",
                row_key,
            )
    changes = view.policy.changes
    if changes is not None and changes.significant and changes.significant_undeclared:
        yield view.finding(
            "L-017",
            "warning",
            f"the text does not say which change is significant; taken as such: {', '.join(changes.significant)}",
            changes.lines[0] if changes.lines else None,
            "12(1), 13(3)",
            "say in the text which changes are told beforehand",
            "changes",
            "significant",
        )


def _controller(view: _View) -> Iterator[Finding]:
    """L-004, L-005: seat and number of the controller stand in the text, not in the record alone (P-007)."""
    of_text, of_record = view.policy.controller, view.record.controller
    line = of_text.lines[0] if of_text.lines else None
    for id_, field, name in (("L-004", "seat", "seat"), ("L-005", "kbo", "KBO number")):
        if (
            getattr(of_text, field) is None
            and of_record is not None
            and getattr(of_record, field) is not None
        ):
            yield view.finding(
                id_,
                "error",
                f"the controller's {name} stands in the record and not in the text",
                line,
                "13(1)(a)",
                "write it in the text",
                "controller",
            )


# ---- lawfulness --------------------------------------------------------------------------------------------


def _bases(view: _View) -> Iterator[Finding]:
    """L-037, L-038: a part runs on another basis than the text says. L-039: no statute in the text."""
    for row_key, row, key, part in view.parts():
        said = part.basis or row.basis
        decision = view.record.basis.get(key)
        if decision is not None and decision.basis != said:
            yield view.finding(
                decision.line_finding or "L-037",
                "error",
                f"part `{key}` runs on {decision.basis} by the record; the text says {said}",
                row.lines[-1] if row.lines else None,
                "6(1), 13(1)(c)",
                f"say in the text that `{key}` runs on {decision.basis}",
                "purposes",
                row_key,
                "parts",
                key,
            )
        runs_on = basis_of(view.policy, view.record, key)
        if runs_on == "legal-obligation" and not (part.statute or row.statute):
            yield view.finding(
                "L-039",
                "error",
                f"part `{key}` runs on a legal obligation and the text names no statute",
                row.lines[-1] if row.lines else None,
                "6(3), 13(1)(c)",
                "name the statute in the text",
                "purposes",
                row_key,
                "parts",
                key,
            )


def _interests(view: _View) -> Iterator[Finding]:
    """L-040: a legitimate interest is stated when data is collected (P-055)."""
    for row_key, row, key, part in view.parts():
        if basis_of(view.policy, view.record, key) == "legitimate-interest" and not stated(
            view.record, row_key, row, key, part
        ):
            yield view.finding(
                "L-040",
                "error",
                f"part `{key}` runs on an interest that was not stated at collection",
                row.lines[-1] if row.lines else None,
                "6(1)(f), 13(1)(d), 14(2)(b)",
                "state the interest in the text (`interest`), or show that it was stated at collection",
                "purposes",
                row_key,
                "parts",
                key,
            )


def stated(record: Record, row_key: str, row: Purpose, key: str, part: Part) -> bool:
    """Whether the text states the interest, or the balancing test says that it was stated at collection."""
    tests = [test for test in record.balancing if test.purpose in (key, row_key)]
    return bool(part.interest or row.interest) or any(test.stated_at_collection for test in tests)


# ---- retention ---------------------------------------------------------------------------------------------


def _clocks(view: _View) -> Iterator[Finding]:
    """L-025: a clock whose start the text does not give (P-073). L-027: one whose start may never come, so that a
    fallback runs (P-104)."""
    for row_key, row, key, part in view.parts():
        for term in keep_of(row, part).terms:
            if not term.start_stated:
                counted = " from the end of its year" if term.from_ == "end-of-year" else ""
                yield view.finding(
                    "L-025",
                    "error",
                    f"part `{key}`: the text says {term.for_} and not from when; counted from `{term.after}`{counted}",
                    row.lines[-1] if row.lines else None,
                    "5(1)(e), 13(2)(a)",
                    "say in the text from when the term runs",
                    "purposes",
                    row_key,
                    "parts",
                    key,
                )
            if term.fallback is not None and not term.fallback.start_stated:
                yield view.finding(
                    "L-027",
                    "error",
                    f"part `{key}`: `{term.after}` never comes for who has no account; "
                    f"{term.fallback.for_} after `{term.fallback.after}` runs instead",
                    row.lines[-1] if row.lines else None,
                    "5(1)(e)",
                    "say in the text how long data of people without an account is kept",
                    "purposes",
                    row_key,
                    "parts",
                    key,
                )


def _starts(view: _View) -> Iterator[Finding]:
    """L-026: a start whose word can be read as another event (P-083). L-031: one that begins the term anew each time,
    and of which the text does not say what counts (P-093)."""
    for row_key, row, key, part in view.parts():
        for term in keep_of(row, part).terms:
            event = view.policy.events.get(term.after)
            if event is None:
                continue
            where = (event.line, "5(1)(e), 13(2)(a)")
            at = ("purposes", row_key, "parts", key)
            if event.may_mean:
                yield view.finding(
                    "L-026",
                    "error",
                    f"part `{key}`: the text's word for `{term.after}` can also be read as "
                    f"{' or '.join(f'`{other}`' for other in event.may_mean)}; it is taken as `{term.after}`",
                    *where,
                    "use one word in the text for one event",
                    *at,
                )
            if event.undefined:
                yield view.finding(
                    "L-031",
                    "error",
                    f"part `{key}`: each `{term.after}` begins {term.for_} anew, and the text does not say what is one",
                    *where,
                    "say in the text which acts of the person count",
                    *at,
                )


def _floors(view: _View) -> Iterator[Finding]:
    """L-028: the policy lets a record go before the law does."""
    for floor in view.law.floors:
        for row_key, row, key, part in view.parts():
            terms = [term for term in keep_of(row, part).terms if term.after == RECORD]
            if not terms or not reads_word(view.policy, part, floor.is_):
                continue
            days = [term.records_from for term in floor.keep.terms if term.records_from] or [
                view.policy.version
            ]
            for day in days:
                ours, law = _end(terms, day), _end(list(floor.keep.terms), day)
                if ours is not None and law is not None and ours < law:
                    yield view.finding(
                        "L-028",
                        "error",
                        f"part `{key}` ends on {ours} for a record of {day}; the law keeps it until {law}"
                        f" ({floor.key}): only `{floor.purpose}` remains after the policy's term",
                        row.lines[-1] if row.lines else None,
                        floor.article,
                        "say the law's term in the text",
                        "purposes",
                        row_key,
                        "parts",
                        key,
                    )


def _end(terms: list[Term], day: dt.date) -> dt.date | None:
    """Last day of a record of `day` under the terms that are for it."""
    ends = [
        add_period(dt.date(day.year, 12, 31) if term.from_ == "end-of-year" else day, term.for_)
        for term in terms
        if (term.records_from is None or day >= term.records_from)
        and (term.records_until is None or day <= term.records_until)
    ]
    return max(ends, default=None)


def _ceilings(view: _View) -> Iterator[Finding]:
    """L-029: the policy uses a record longer than the law lets it."""
    day = view.policy.version
    for ceiling in view.law.ceilings:
        applied = not (ceiling.switch and view.record.switches.get(ceiling.switch) == "off")
        for row_key, row, key, part in view.parts():
            terms = keep_of(row, part).terms
            if not terms or not reads_word(view.policy, part, ceiling.is_):
                continue
            capped = add_period(day, ceiling.for_)
            if all(t.after == RECORD and (_end([t], day) or dt.date.max) <= capped for t in terms):
                continue
            what = "the law's term is applied" if applied else f"`{ceiling.switch}` is off: it is not applied"
            yield view.finding(
                "L-029",
                "error",
                f"part `{key}` may keep longer than {ceiling.for_} after the record ({ceiling.key}); {what}",
                row.lines[-1] if row.lines else None,
                ceiling.article,
                "say the law's term in the text",
                "purposes",
                row_key,
                "parts",
                key,
            )


def _bans(view: _View) -> Iterator[Finding]:
    """L-029: the policy has a use that the law refuses, unless a condition is met that the policy does not name."""
    for ban in view.law.bans:
        applied = not (ban.switch and view.record.switches.get(ban.switch) == "off")
        for row_key, row, key, part in view.parts():
            if ban.use not in part.is_ or not reads_word(view.policy, part, ban.is_):
                continue
            what = "the law's refusal is applied" if applied else f"`{ban.switch}` is off: it is not applied"
            yield view.finding(
                "L-029",
                "error",
                f"part `{key}` is a use that the law refuses without {ban.unless} ({ban.key}); {what}",
                row.lines[-1] if row.lines else None,
                ban.article,
                f"say in the text that this is done with {ban.unless} only",
                "purposes",
                row_key,
                "parts",
                key,
            )


def reads_word(policy: Policy, part: Part, words: tuple[str, ...]) -> bool:
    return any(
        reads_category(part, key)
        for key, category in policy.categories.items()
        if set(words) & set(category.is_)
    )


def _recipients(view: _View) -> Iterator[Finding]:
    """L-057, L-058: kinds of recipient that the text does not name (P-112)."""
    for key, kind in view.policy.recipients.items():
        if kind.undeclared:
            yield view.finding(
                "L-057" if key == "employer" else "L-058",
                "error" if key == "employer" else "warning",
                f"recipients of kind `{key}` get data and the text does not name them",
                kind.line,
                "13(1)(e)",
                "name the kind in the text",
                "recipients",
                key,
            )


__all__ = [
    "REFUSED",
    "Ceiling",
    "Finding",
    "Floor",
    "basis_of",
    "collects",
    "findings",
    "keep_of",
    "reads_word",
    "stated",
]
