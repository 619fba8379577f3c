"""A proposal in a policy's words: of each column the nearest category that the policy has, and a question where none fits.

What a category of the policy means is read from its name and labels with the dictionary that reads columns. A map with a
category that the policy does not declare is refused (P-020), so what fits none comes with lines to declare it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bloesem.discover.proposal import SURE, Choice, FieldProposal, Proposal, TableProposal
from bloesem.discover.words import Words
from bloesem.policy.model import Policy

_DECLARE = "the policy has no category for it: declare it first, with the lines at the head of this map"
_NOBODY = "it says nothing about anybody"
_MOST = 3  # alternatives of the policy, beside declaring one
_LABELLED = 0.7
#: Of these the end says which part stands in a column.
_IN_PARTS = ("user.name", "user.contact.address")


@dataclass(frozen=True)
class Fitting:
    """A category of the policy that may be meant, how sure that is, and why."""

    category: str
    sure: float
    because: str


def fitted(proposal: Proposal, policy: Policy, words: Words) -> Proposal:
    """in: a proposal with fideslang's categories. out: with the policy's; `declare`: lines for what it lacks."""
    return _Fit(policy, words).proposal(proposal)


class _Fit:
    def __init__(self, policy: Policy, words: Words) -> None:
        self.policy, self.words = policy, words
        self.means = {name: self._meaning(name) for name in policy.categories}
        self.missing: set[str] = set()

    def proposal(self, proposal: Proposal) -> Proposal:
        tables = tuple(self._table(one) for one in proposal.tables)
        missing = {  # what stands below another is declared with it, but for what the law has a word for
            name
            for name in self.missing
            if "is" in _called().get(name, ()) or not any(_below(name, m) for m in self.missing)
        }
        return replace(proposal, tables=tables, declare=tuple(self._lines(missing)))

    # ---- what the policy's categories mean ---------------------------------------------------------------------------

    def _meaning(self, name: str) -> Mapping[str, float]:
        """Fideslang's categories that a category of the policy is, and how sure that is: the last word of its name and a
        label say so, or one of the two; or it has the name of what stands above others there."""
        last = self.words.tokens(name.rpartition(".")[2])
        own = self.words.says(last)
        labels = {
            self._read(self.words.tokens(text)) for text in self.policy.categories[name].label.values()
        } - {None}
        found: dict[str, float] = {}
        for one in sorted({own, *labels} - {None}, key=str):
            found[str(one)] = 0.9 if one == own and one in labels else 0.75 if one == own else _LABELLED
        if len(labels) > 1:  # in two languages it says two things
            found = {one: sure if one == own else 0.5 for one, sure in found.items()}
        for group in sorted(_groups()):
            if self.words.tokens(group.rpartition(".")[2]) == last:
                found.setdefault(group, 0.85)
        return found

    def _read(self, tokens: Sequence[str]) -> str | None:
        """What a label says, when it says one thing: `Total per session` is no session."""
        whole = self.words.says(tokens)
        if whole is not None or len(tokens) > 3:
            return whole
        rule = self.words.rule(tokens, personal=True, people=True)
        return rule.is_ if rule else None

    def of(self, category: str) -> list[Fitting]:
        """The policy's categories for one of fideslang's, the nearest first; of what only stands beside it, none is sure."""
        declared = next((c for c in _upward(category) if c in self.policy.categories), None)
        if declared is not None:
            return [Fitting(_ended(declared, category), 1.0, "the policy has that category")]
        exact, beside = [], []
        for name, means in self.means.items():
            for one, sure in means.items():
                if category == one or _below(category, one):
                    near = sure - 0.01 * (category.count(".") - one.count("."))
                    exact.append(Fitting(name, round(near, 2), f"the policy's `{name}` is the nearest"))
                elif category.split(".")[:2] == one.split(".")[:2] and one.count(".") > 1:
                    beside.append(Fitting(name, 0.2, f"the policy's `{name}` is of the same kind"))
        exact.sort(key=lambda f: (-f.sure, f.category.count("."), f.category))
        if exact:
            return [replace(one, category=_ended(one.category, category)) for one in exact]
        return sorted(beside, key=lambda f: f.category)[:_MOST]

    # ---- what is proposed --------------------------------------------------------------------------------------------

    def _table(self, table: TableProposal) -> TableProposal:
        known = [f[0].category for c in table.categories if (f := self.of(c)) and f[0].sure >= SURE]
        fields = tuple(self._field(one) for one in table.fields)
        return replace(table, fields=fields, categories=tuple(dict.fromkeys(known)))

    def _field(self, one: FieldProposal) -> FieldProposal:
        one = replace(one, fields=tuple(self._field(inner) for inner in one.fields))
        if one.among:
            return self._of_its_table(one)
        if one.decide:
            return replace(one, decide=tuple(self._choice(c) for c in one.decide))
        if one.category is None:
            return one
        found = self.of(one.category)
        if found and found[0].sure >= SURE:
            return replace(one, category=found[0].category)
        if found and found[0].sure >= 0.5:
            choice = self._said(found[0], one)
            return replace(one, category=found[0].category, confidence=choice.confidence, decide=(choice,))
        name = self._declarable(one.category)
        because = f"{one.because}; {_DECLARE}" if one.because else _DECLARE
        choices = [Choice({"data_categories": [name]}, because, 0.6)]
        choices += [self._said(f, one) for f in found[:_MOST]]
        choices.append(Choice({"data_categories": []}, _NOBODY, 0.1))
        return replace(one, category=None, confidence=0.6, decide=tuple(choices))

    def _of_its_table(self, one: FieldProposal) -> FieldProposal:
        """What a column says by its table alone: what the policy calls so, or has for it. Of what it lacks only that is
        asked for which the law has a word."""
        called, sure = self._called_so(one.among)
        found = called or [f.category for f in self.of(str(one.category)) if f.sure >= 0.5]
        if not found:
            name = next((c for c in _upward(str(one.category)) if c in _called()), "")
            if "is" in _called().get(name, ()):
                return self._field(replace(one, among=(), decide=()))
            return FieldProposal(one.name, primary_key=one.primary_key)
        sure = max(sure, one.confidence)
        choices = tuple(Choice({"data_categories": [c]}, one.because, sure) for c in found[:_MOST])
        if len(found) == 1:
            return replace(one, category=found[0], confidence=sure, decide=choices)
        none = Choice({"data_categories": []}, _NOBODY, round(1 - sure, 2))
        return replace(one, category=None, decide=(*choices, none))

    def _called_so(self, concepts: Sequence[str]) -> tuple[list[str], float]:
        """The categories that are called as a table is, and how sure that is: for lines of orders, those with both words;
        else those for orders rather than those for lines."""
        found: dict[tuple[int, bool], list[str]] = {}
        for name, category in self.policy.categories.items():
            parts = [self.words.concept(self.words.tokens(part)) for part in name.split(".")]
            labels = {self.words.concept(self.words.tokens(text)) for text in category.label.values()}
            if ({parts[-1]} | labels) & set(concepts):
                said = len({*parts, *labels} & set(concepts))
                whole = self.words.nature(parts[-1]) != "part"
                found.setdefault((said, whole), []).append(name)
        if not found:
            return [], 0.0
        most = max(found)
        return sorted(found[most]), SURE if most[0] > 1 else 0.0

    def _said(self, found: Fitting, one: FieldProposal) -> Choice:
        because = f"{one.because}; {found.because}" if one.because else found.because
        return Choice({"data_categories": [found.category]}, because, round(found.sure * one.confidence, 2))

    def _choice(self, choice: Choice) -> Choice:
        given = choice.says.get("data_categories")
        if not given:
            return choice
        found = self.of(given[0])
        name = found[0].category if found and found[0].sure >= 0.5 else self._declarable(given[0])
        because = choice.because if found and found[0].sure >= 0.5 else f"{choice.because}; {_DECLARE}"
        return Choice({**choice.says, "data_categories": [name]}, because, choice.confidence)

    # ---- what the policy would have to say ---------------------------------------------------------------------------

    def _declarable(self, category: str) -> str:
        name = next((c for c in _upward(category) if c in _called()), category)
        self.missing.add(name)
        return _ended(name, category)

    def _lines(self, missing: set[str]) -> Iterator[str]:
        """Lines for `categories` of policy.yaml, in the policy's languages, of the type that most of its categories have."""
        types = [c.type for c in self.policy.categories.values()] or list(self.policy.types)
        usual = max(sorted(set(types)), key=types.count, default="")
        for name in sorted(missing):
            called = _called().get(name, {})
            label = {language: called.get(language, name) for language in self._languages}
            said: dict[str, Any] = {"label": label, "type": usual}
            if "is" in called:
                said["is"] = called["is"]
            text = yaml.safe_dump(
                said, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
            )
            yield f"{name}: {text.strip()}"

    @property
    def _languages(self) -> tuple[str, ...]:
        return self.policy.languages or (self.policy.language,)


def _upward(category: str) -> Iterator[str]:
    """The category, and what stands above it at a dot."""
    while category:
        yield category
        category = category.rpartition(".")[0]


def _ended(fits: str, category: str) -> str:
    """With the end by which the residue pass knows parts of names and addresses: of a first name, `identity.name` becomes
    `identity.name.first`."""
    whole = next((one for one in _IN_PARTS if category == one or _below(category, one)), None)
    if whole is None:
        return fits
    if _below(category, fits):
        return category
    have, end = fits.split("."), category.split(".")[whole.count(".") :]
    said = next((n for n in range(len(end), 0, -1) if have[-n:] == end[:n]), 0)
    return ".".join([*have, *end[said:]])


def _below(category: str, above: str) -> bool:
    return category.startswith(above + ".")


@cache
def _called() -> Mapping[str, Mapping[str, Any]]:
    text = Path(__file__).with_name("called.yaml").read_text("utf-8")
    read: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return read


def _groups() -> Iterator[str]:
    """Categories with others below them."""
    for name in _called():
        if any(_below(other, name) for other in _called()):
            yield name
