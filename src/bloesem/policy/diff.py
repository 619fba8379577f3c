"""Differences between two versions of a policy by what they mean to people, not by their words (P-175).

Each version is read as statements: (kind, key) → value, such as (`reads`, `identify/contact.phone`). What one version
states and the other does not is added or removed; what both state otherwise is changed. `diff.yaml` says of each kind
whether that is significant and why, and how it is told in four languages. Pure, but for reading that table once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bloesem.policy.checks import longer, reads_category
from bloesem.policy.findings import keep_of
from bloesem.policy.model import ALL, Keep, Policy, Term
from bloesem.terms import LANGUAGES

#: (kind, key of what it is about), in the order in which they are told.
Key = tuple[str, str]
_PERIOD = re.compile(r"^P(\d+)([YMD])$")


@dataclass(frozen=True)
class Statement:
    """What one version says in one place: `value` is compared, `name`, `of` and `says` are words in four languages.

    `parts`: the sub-purposes whose people it is about; none: everybody's."""

    value: str
    name: Mapping[str, str]
    of: Mapping[str, str]
    says: Mapping[str, str]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One difference. `how`: added, removed, changed, or of a period longer or shorter. `rule`: why it is significant, or
    not; `why`, the same in four languages. `parts`: whose people are concerned, by sub-purposes of either version; none:
    everybody."""

    kind: str
    how: str
    key: str
    was: str
    now: str
    significant: bool
    rule: str
    parts: tuple[str, ...]
    words: Mapping[str, str]
    why: Mapping[str, str]


def diff(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every difference in meaning, by kind and key. A version compared with itself has none."""
    was, now = statements(old), statements(new)
    classes: set[str] | None = set(old.changes.significant) if old.changes is not None else None
    found = []
    for key in sorted({*was, *now}, key=lambda key: (list(_table()).index(key[0]), key[1])):
        before, after = was.get(key), now.get(key)
        if before is not None and after is not None and before.value == after.value:
            continue
        if key[0] not in ("purpose", "recipient") and _follows(key, was, now):
            continue
        found.append(_change(key, _how(key, before, after, old, new), before, after, classes))
    return tuple(found)


def countries(
    old: Policy, was: Collection[str], now: Collection[str], names: Mapping[str, Mapping[str, str]]
) -> tuple[Change, ...]:
    """Countries outside the EEA that data come to, or no longer do (P-175). in: `old`, the version that was told last; codes
    of countries by the record at its first day and at the new one's; `names`: code → what it is called, per language."""
    classes: set[str] | None = set(old.changes.significant) if old.changes is not None else None
    there, gone = sorted({*now} - {*was}), sorted({*was} - {*now})
    said = {code: Statement(code, _full(names[code]), _full(None), _full(None)) for code in (*there, *gone)}
    return (
        *(_change(("country", code), "added", None, said[code], classes) for code in there),
        *(_change(("country", code), "removed", said[code], None, classes) for code in gone),
    )


def _follows(key: Key, was: Mapping[Key, Statement], now: Mapping[Key, Statement]) -> bool:
    """Whether it comes or goes with what it is about: a new purpose is told once, not again for each category."""
    owner = key[1].split("/")[0]
    kinds = {"given": "recipient", "ground": "right", "exception": "right"}
    home = (kinds.get(key[0], "purpose"), owner)
    return key[0] not in ("right", "source", "data", "transfer") and (home in was) != (home in now)


def _how(key: Key, before: Statement | None, after: Statement | None, old: Policy, new: Policy) -> str:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    if key[0] != "retention":
        return "changed"
    return _longer(_keep(old, key[1]), _keep(new, key[1]))


def _longer(before: Keep, after: Keep) -> str:
    """Longer or shorter where both count from the same, or where one never ends by itself or keeps nothing."""
    if before.hold != after.hold:
        return "longer" if after.hold else "shorter"
    if not before.terms or not after.terms:
        return "longer" if after.terms else "shorter"
    if {t.after for t in before.terms} != {t.after for t in after.terms}:
        return "changed"
    more = any(any(longer(a, b) for b in before.terms) for a in after.terms)
    less = any(any(longer(b, a) for a in after.terms) for b in before.terms)
    fewer = sum(t.fallback is None for t in after.terms) != sum(t.fallback is None for t in before.terms)
    if more == less or fewer:
        return "changed"
    return "longer" if more else "shorter"


def _change(
    key: Key, how: str, before: Statement | None, after: Statement | None, classes: set[str] | None
) -> Change:
    kind, name = key
    rules = _table()[kind]
    rule = rules[how]
    told = classes is None or rules["class"] in classes
    one = after or before
    assert one is not None
    parts = {*(before.parts if before else ()), *(after.parts if after else ())}
    everybody = (before is not None and not before.parts) or (after is not None and not after.parts)
    words = {
        language: rule["words"][language].format(
            name=one.name[language],
            of=one.of.get(language, ""),
            was=before.says.get(language, "") if before else "",
            now=after.says.get(language, "") if after else "",
        )
        for language in LANGUAGES
    }
    return Change(
        kind,
        how,
        name,
        before.value if before else "",
        after.value if after else "",
        bool(rule["significant"]) and (told or bool(rule.get("law"))),
        rule["rule"]["en"],
        () if everybody or (kind == "purpose" and how == "added") else tuple(sorted(parts)),
        words,
        rule["rule"],
    )


# ---- what a version states ---------------------------------------------------------------------------------


def statements(policy: Policy) -> Mapping[Key, Statement]:
    """Everything of a version that means something to people."""
    said: dict[Key, Statement] = {}

    def say(kind: str, key: str, value: str, name: Any, **more: Any) -> None:
        said[kind, key] = Statement(
            value, _full(name), _full(more.get("of")), _full(more.get("says")), more.get("parts", ())
        )

    leaves = [k for k in policy.categories if not any(o.startswith(k + ".") for o in policy.categories)]
    for key in leaves:
        if not policy.categories[key].not_collected:
            say("data", key, "", policy.categories[key].label)
    for key, source in policy.sources.items():
        say("source", key, "", source.label)
    for row in policy.purposes.values():
        for key, part in row.parts.items():
            of = {"of": part.label, "parts": (key,)}
            say("purpose", key, "", part.label, parts=(key,))
            basis = part.basis or row.basis
            say("basis", key, basis, part.label, parts=(key,), says=_word(basis))
            keep = keep_of(row, part)
            say("retention", key, _kept(keep), part.label, parts=(key,), says=_told(policy, keep))
            interest = part.interest or row.interest
            if interest and basis == "legitimate-interest":
                say(
                    "interest", key, interest[policy.language], part.label, parts=(key,), says=_full(interest)
                )
            for category in leaves:
                if reads_category(part, category) and ALL not in part.reads:
                    say("reads", f"{key}/{category}", "", policy.categories[category].label, **of)
            for channel in row.channels:
                say("channel", f"{key}/{channel}", "", policy.channels[channel].label, **of)
            if row.affiliates:
                say("affiliates", key, "", part.label, parts=(key,))
    _recipients(policy, leaves, say)
    for mechanism in policy.transfers.mechanisms if policy.transfers else ():
        say("transfer", mechanism, "", _word(mechanism))
    for key, right in policy.rights.items():
        say("right", key, "", right.label)
        for kind, items in (("ground", right.conditions), ("exception", right.exceptions)):
            for item in items:
                say(kind, f"{key}/{item.key}", "", item.label, of=right.label)
    return said


def _recipients(policy: Policy, leaves: Iterable[str], say: Any) -> None:
    for key, kind in policy.recipients.items():
        parts = tuple(
            sorted(
                part
                for row_key, row in policy.purposes.items()
                for part in row.parts
                if part in kind.purposes or row_key in kind.purposes
            )
        )
        say("recipient", key, kind.role, kind.label, parts=parts)
        for category in leaves:
            if ALL not in kind.reads and any(
                category == read or category.startswith(read + ".") for read in kind.reads
            ):
                say(
                    "given",
                    f"{key}/{category}",
                    "",
                    policy.categories[category].label,
                    of=kind.label,
                    parts=parts,
                )


def _keep(policy: Policy, part: str) -> Keep:
    return next(keep_of(row, row.parts[part]) for row in policy.purposes.values() if part in row.parts)


def _kept(keep: Keep) -> str:
    """A keep as one word of ours, equal for equal ones; where it says that a start was chosen, the period is the same."""
    if keep.hold:
        return "hold"
    return "; ".join(sorted(_term(term) for term in keep.terms)) or "none"


def _term(term: Term) -> str:
    days = (
        f" {term.records_from or ''}..{term.records_until or ''}"
        if term.records_from or term.records_until
        else ""
    )
    other = f" else {_term(term.fallback)}" if term.fallback else ""
    return f"{term.for_} {term.after} {term.from_}{days}{other}"


def _told(policy: Policy, keep: Keep) -> Mapping[str, str]:
    if keep.hold or not keep.terms:
        return _word("hold" if keep.hold else "none")
    joined = _table_words()["joined"]
    every = [_period(policy, term) for term in keep.terms]
    return {one: joined[one].join(dict.fromkeys(words[one] for words in every)) for one in LANGUAGES}


def _period(policy: Policy, term: Term) -> Mapping[str, str]:
    words = _table_words()
    start = _full(policy.events[term.after].label) if term.after in policy.events else words["record"]
    period = words["at_once"] if re.match(r"P0[YMD]$", term.for_) else spelt(term.for_)
    return {one: words["term"][one].format(period=period[one], start=start[one]) for one in LANGUAGES}


def spelt(period: str) -> Mapping[str, str]:
    """`P30D` in four languages; what has several units as it is written."""
    match = _PERIOD.match(period)
    if match is None:
        return dict.fromkeys(LANGUAGES, period)
    words = _table_words()[match[2] + ("1" if match[1] == "1" else "")]
    return {one: words[one].format(n=match[1]) for one in LANGUAGES}


def _word(key: str) -> Mapping[str, str]:
    found: Mapping[str, str] = _table_words().get(key, dict.fromkeys(LANGUAGES, key))
    return found


def _full(label: Mapping[str, str] | None) -> Mapping[str, str]:
    """Words in four languages; where one is missing, English, or else the first there is."""
    if not label:
        return dict.fromkeys(LANGUAGES, "")
    other = label.get("en") or next(iter(label.values()))
    return {language: label.get(language, other) for language in LANGUAGES}


@cache
def _file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("diff.yaml").read_text("utf-8"))
    return read


def _table() -> dict[str, Any]:
    return {kind: rule for kind, rule in _file().items() if kind != "words"}


def _table_words() -> dict[str, Any]:
    words: dict[str, Any] = _file()["words"]
    return words


__all__ = ["Change", "Statement", "countries", "diff", "spelt", "statements"]
