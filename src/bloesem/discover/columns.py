"""What a column holds: its category, from its name and from what its values are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bloesem.discover.catalogue import Column
from bloesem.discover.inclusion import NEARLY
from bloesem.discover.kinds import Kind
from bloesem.discover.proposal import SURE, Choice, FieldProposal
from bloesem.discover.sample import Seen
from bloesem.discover.words import NUMBER, ColumnRule, Words

#: What a value that proves itself is: its category, what identifies with it, how sure that is when its name says nothing.
PROVEN: dict[Kind, tuple[str, str | None, float]] = {
    "email": ("user.contact.email", "email", 0.95),
    "iban": ("user.financial.bank_account", "iban", 0.95),
    "national": ("user.government_id.national_identification_number", "national_number", 0.85),
    "vat": ("user.government_id", None, 0.9),
    "card": ("user.financial.credit_card", "card", 0.8),
    "ip": ("user.device.ip_address", None, 0.9),
    "phone": ("user.contact.phone_number", "phone", 0.85),
}
_BY_CATEGORY = {category: kind for kind, (category, _, _) in PROVEN.items() if kind != "vat"}
#: Categories whose values are words: not what a number, a moment or a yes is.
_WORDS_ONLY = (
    "user.name", "user.contact.email", "user.content", "user.authorization.password", "user.account", "user.contact.url",
    "user.contact.organization", "user.contact.address.city", "user.contact.address", "user.job_title", "user.device",
)  # fmt: skip
_NUMBERS_TOO = (
    "user.contact.address.street", "user.contact.address.number", "user.contact.address.box",
    "user.contact.address.postal_code", "user.device.device_id",
)  # fmt: skip
_OF_MOMENTS = ("user.demographic.date_of_birth", "user.privacy_preferences")
#: How somebody is reached, or when they were born: what is called a name beside it is theirs.
_OF_SOMEBODY = (
    "user.contact.email",
    "user.contact.phone_number",
    "user.demographic.date_of_birth",
    "user.name",
)
#: Beside these a name is that of whoever is reached so.
REACHED = ("user.contact.email", "user.contact.phone_number", "user.contact.address.street")
_LONG_AGO = 2015  # days of birth lie before
_LEAST = 3  # fewer values prove nothing
_NOBODY = "no category: it says nothing about anybody"


class Categories:
    """Reads columns with a dictionary."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def of(
        self,
        column: Column,
        seen: Seen,
        whose: Sequence[str],
        *,
        personal: bool,
        people: bool = False,
        unique: bool = False,
    ) -> FieldProposal:
        """in: `whose`, words of the table's name; whether its rows are people's, or people; whether no two have one value.
        out: what is proposed."""
        rule = self.words.rule(self.words.tokens(column.name), personal=personal, people=people, whose=whose)
        if rule is not None and not _can_hold(column, rule.is_):
            rule = None
        if column.is_json:
            return self._document(column, seen, rule, personal)
        proven = max(PROVEN, key=lambda k: (seen.share(k), k))
        share = seen.share(proven) if seen.rows >= _LEAST and _may_prove(column, proven, rule) else 0.0
        if rule is not None:
            return replace(_named(column.name, rule, seen, proven, share), hidden=rule.hidden)
        if people and self.words.numbers_people(self.words.tokens(column.name), whose):
            because = "the number that each was given: its name says so, and no two have the same"
            if unique:
                return FieldProposal(column.name, NUMBER, "customer", because, 0.9)
            if seen.rows and seen.distinct >= NEARLY * seen.rows:
                said = {"data_categories": [NUMBER], "fides_meta": {"identity": "customer"}}
                return _unsure(column.name, [Choice(said, because.replace("no two", "hardly two"), 0.6)])
        if share >= 0.8 and seen.distinct >= _LEAST:
            category, identity, sure = PROVEN[proven]
            because = f"{_percent(share)} of its values are {_SAID[proven]}"
            if sure >= SURE:
                return FieldProposal(column.name, category, identity, because, sure)
        if share >= 0.2 and seen.distinct >= _LEAST:
            category, identity, _ = PROVEN[proven]
            because = f"{_percent(share)} of its values are {_SAID[proven]}"
            return _unsure(column.name, [Choice({"data_categories": [category]}, because, round(share, 2))])
        return self._other(column, seen, personal=personal, people=people, unique=unique)

    def _other(
        self, column: Column, seen: Seen, *, personal: bool, people: bool, unique: bool
    ) -> FieldProposal:
        if seen.mentions >= 0.02 and seen.rows >= _LEAST:
            because = f"addresses or numbers of people stand in {_percent(seen.mentions)} of its texts"
            if personal:
                return FieldProposal(column.name, "user.content", None, because, 0.9)
            return _unsure(column.name, [Choice({"data_categories": ["user.content"]}, because, 0.5)])
        if personal and seen.share("text") >= 0.5 and seen.rows >= _LEAST:
            return FieldProposal(column.name, "user.content", None, "free text", 0.8)
        if people and unique and _one_pattern(seen.values):
            said = {"data_categories": [NUMBER], "fides_meta": {"identity": "customer"}}
            return _unsure(
                column.name, [Choice(said, "no two have the same, and all are written alike", 0.6)]
            )
        if personal and self._names_somebody(column, seen):
            because = "its name says what somebody did"
            return _unsure(column.name, [Choice({"data_categories": ["user.name"]}, because, 0.55)])
        first, last = seen.years or (0, 0)
        if people and seen.rows >= 10 and last <= _LONG_AGO and last - first >= 15:
            category = {"data_categories": ["user.demographic.date_of_birth"]}
            because = "days of people, over many years and long ago"
            return _unsure(column.name, [Choice(category, because, 0.6)])
        return FieldProposal(column.name)

    def _names_somebody(self, column: Column, seen: Seen) -> bool:
        """A text that is called for what somebody did (`checked_by`) or is (`zahnarzt`), and holds words."""
        tokens = self.words.tokens(column.name)
        spans = [span for span in self.words.roles(tokens) if span[2] in ("owner", "shared", "staff")]
        whole = bool(spans) and sum(end - start for start, end, _ in spans) == len(tokens)
        words = not seen.rows or seen.share("word") + seen.share("text") >= 0.5
        return column.category == "S" and (whole or self.words.somebody(tokens)) and words

    def _document(self, column: Column, seen: Seen, rule: ColumnRule | None, personal: bool) -> FieldProposal:
        """The places in a json column that hold something about somebody."""
        inner = []
        category: str | None
        for path in seen.paths:
            tokens = [t for name in path.names for t in self.words.tokens(name)]
            found = self.words.rule(tokens[-3:], personal=personal)
            if path.kind in PROVEN and path.share >= 0.8:
                category, _, sure = PROVEN[path.kind]
                because = f"its values are {_SAID[path.kind]}"
            elif found is not None:
                category, _identity, sure, because = found.is_, found.identity, 0.85, "its name"
            else:
                continue
            inner.append(FieldProposal(".".join(path.names), category, None, because, sure))
        inner = sorted([*inner, *self._beside(seen, inner)], key=lambda one: one.name)
        fields = _nested(inner)
        if seen.other_names and (personal or inner):
            choice = Choice(
                {"data_categories": ["user.content"]},
                f"its documents have {seen.other_names} more places whose names may be values",
                0.5,
            )
            return FieldProposal(column.name, decide=(choice, _none(0.5)), confidence=0.5, fields=fields)
        category = rule.is_ if rule is not None and not fields else None
        return FieldProposal(column.name, category, because="its name" if category else "", fields=fields)

    def _beside(self, seen: Seen, found: Sequence[FieldProposal]) -> Iterator[FieldProposal]:
        """What is called `name` alone says nothing, but beside an address or a number of somebody it is theirs."""
        known = {one.name for one in found}
        people = {one.name.rpartition(".")[0] for one in found if str(one.category).startswith(_OF_SOMEBODY)}
        for path in seen.paths:
            name = ".".join(path.names)
            if name in known or ".".join(path.names[:-1]) not in people:
                continue
            rule = self.words.rule(self.words.tokens(path.names[-1]), personal=True, people=True)
            if rule is not None:
                because = "its name, beside what says how somebody is reached"
                yield FieldProposal(name, rule.is_, None, because, 0.8)


def _named(name: str, rule: ColumnRule, seen: Seen, proven: Kind, share: float) -> FieldProposal:
    """What the name says, held against the values."""
    expected = _BY_CATEGORY.get(rule.is_)
    if share >= 0.8 and PROVEN[proven][0] != rule.is_ and proven != expected:
        category, identity, sure = PROVEN[proven]
        because = f"{_percent(share)} of its values are {_SAID[proven]}, whatever its name says"
        return FieldProposal(name, category, identity, because, round(sure - 0.1, 2))
    if expected is not None and seen.rows >= 5 and expected != "phone":
        found = seen.share(expected)
        if found >= 0.5:
            return FieldProposal(
                name, rule.is_, rule.identity, f"its name, and its values are {_SAID[expected]}", 0.99
            )
        if expected in ("email", "iban", "ip"):
            because = f"its name, though {_percent(1 - found)} of its values are no {_SAID[expected]}"
            return _unsure(name, [Choice({"data_categories": [rule.is_]}, because, 0.5)])
    identity = (
        None if rule.identity in ("iban", "card", "national_number") and not seen.rows else rule.identity
    )
    return FieldProposal(name, rule.is_, identity, "its name", 0.9)


def _can_hold(column: Column, category: str) -> bool:
    if column.category == "B":
        return category == "user.privacy_preferences" or category.startswith("user.demographic")
    if column.category == "D":
        return category in _OF_MOMENTS
    if column.category == "N":
        return category in _NUMBERS_TOO or not any(
            category == w or category.startswith(w + ".") for w in _WORDS_ONLY
        )
    return True


def _may_prove(column: Column, kind: Kind, rule: ColumnRule | None) -> bool:
    """Numbers of a machine pass check digits by chance: they prove nothing without a name that says the same."""
    if column.category == "N" or column.element in ("int2", "int4", "int8"):
        return rule is not None and _BY_CATEGORY.get(rule.is_) == kind
    return True


def _one_pattern(values: Sequence[str]) -> bool:
    """Whether letters, a sign or two and digits stand in the same places of every value: `KD-004711`."""
    if len(values) < 8:
        return False
    masks = {re.sub(r"[0-9]", "9", re.sub(r"[A-Za-z]", "a", v)) for v in values}
    mask = masks.pop()
    return not masks and re.fullmatch(r"a{1,4}[-./ ]?(?:9{2,}[-./ ]?){1,3}", mask) is not None


def _nested(fields: list[FieldProposal]) -> tuple[FieldProposal, ...]:
    """`a.b` and `a.c` as fields below `a`."""
    made: dict[str, list[FieldProposal]] = {}
    whole: dict[str, FieldProposal] = {}
    for one in fields:
        first, dot, rest = one.name.partition(".")
        if dot:
            made.setdefault(first, []).append(
                FieldProposal(rest, one.category, one.identity, one.because, one.confidence)
            )
        else:
            whole[first] = one
    result = []
    for name in sorted({*made, *whole}):
        own = whole.get(name, FieldProposal(name))
        result.append(
            FieldProposal(
                name, own.category, None, own.because, own.confidence, fields=_nested(made.get(name, []))
            )
        )
    return tuple(result)


def _unsure(name: str, choices: list[Choice]) -> FieldProposal:
    left = round(1 - max(c.confidence for c in choices), 2)
    return FieldProposal(
        name, because=choices[0].because, confidence=choices[0].confidence, decide=(*choices, _none(left))
    )


def _none(confidence: float) -> Choice:
    return Choice({"data_categories": []}, _NOBODY, round(confidence, 2))


def _percent(share: float) -> str:
    return f"{share:.0%}"


_SAID: dict[Kind, str] = {
    "email": "e-mail addresses",
    "iban": "account numbers (mod-97)",
    "national": "national numbers (check digits)",
    "vat": "VAT numbers (check digits)",
    "card": "card numbers (check digit)",
    "ip": "IP addresses",
    "phone": "phone numbers that a country gives out",
}
