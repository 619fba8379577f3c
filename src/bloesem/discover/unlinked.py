"""Columns that look as if they point to a row, or bear the name of somebody, and for which no target was found. Pure.

Silence would leave rows behind that nobody's request finds: each is a question, of which `{link: none}` is one answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from bloesem.discover.catalogue import At, Catalogue, Column, Table
from bloesem.discover.inclusion import Inclusion, Key, fit, form_of
from bloesem.discover.proposal import Choice, LinkProposal
from bloesem.discover.sample import Samples
from bloesem.discover.words import Words

_PEOPLE = ("owner", "shared", "staff")
_MOST = 3  # tables of people among the alternatives
_OFTEN = 0.9
_SHORT = 4  # `from`, `to`, `van`: a single word so short is hardly somebody


class Unlinked:
    """Which columns are asked about. `library`: tables of which nothing is asked."""

    def __init__(
        self, catalogue: Catalogue, samples: Samples, words: Words, library: Collection[str]
    ) -> None:
        self.catalogue, self.samples, self.words, self.library = catalogue, samples, words, library

    def columns(self, at: At) -> Iterator[str]:
        """The columns of a table that would be asked about if nothing were found for them."""
        table = self.catalogue.tables[at]
        if at[1].lower() in self.library:
            return
        for name, column in table.columns.items():
            own = table.key == (name,) or column.counted or column.generated
            if own or form_of(column) is None or not self._has_values(table, column):
                continue
            if (
                self._points(column)
                or self._numbers(column)
                or (form_of(column) != "text" and self._names(column))
            ):
                yield name

    def _numbers(self, column: Column) -> bool:
        """Whether it is called for the number that people are given: `pat_nr`."""
        return self.words.numbers_people(self.words.tokens(column.name))

    def _points(self, column: Column) -> bool:
        """Whether a word for a key stands at an end of the name, and another beside it."""
        tokens = self.words.tokens(column.name)
        return len(tokens) > 1 and bool({tokens[0], tokens[-1]} & self.words.pointing)

    def _names(self, column: Column) -> bool:
        """Whether it is called for somebody: `author`, `besteller`, `created_by`."""
        tokens = self.words.tokens(column.name)
        if len(tokens) == 1 and len(column.name) <= _SHORT:
            return False
        size = len(tokens)
        roles = {role for start, end, role in self.words.roles(tokens) if end - start == size}
        concepts = {c for start, end, c in self.words.concepts(tokens) if end - start == size}
        return bool(roles & set(_PEOPLE)) or any(
            self.words.nature(c) in ("person", "staff") for c in concepts
        )

    def _has_values(self, table: Table, column: Column) -> bool:
        """Not where all rows are empty; not a text of which each row has its own (unless it is the number of somebody), or
        that is written or an address."""
        seen = self.samples.of(table.at, column.name)
        if self.samples.rows.get(table.at) and not seen.rows:
            return False
        if form_of(column) != "text" or self._numbers(column):
            return True
        alone = (column.name,) in table.unique or (seen.rows >= 8 and seen.unique)
        return not alone and seen.share("text") < 0.1 and seen.share("email") < 0.5

    def links(
        self,
        at: At,
        known: Collection[str],
        people: Mapping[At, float],
        staff: Collection[At],
        keys: Sequence[Key],
        inclusion: Inclusion,
    ) -> list[LinkProposal]:
        """in: `known`: columns of which something was found. out: a question for each of the others."""
        return [
            self._question(at, name, people, staff, keys, inclusion)
            for name in self.columns(at)
            if name not in known
        ]

    def _question(
        self,
        at: At,
        name: str,
        people: Mapping[At, float],
        staff: Collection[At],
        keys: Sequence[Key],
        inclusion: Inclusion,
    ) -> LinkProposal:
        """Tables that are called for it come first, then staff where it is a word for whoever does something."""
        said = "its name says that it points somewhere, and no target was found"
        core = tuple(t for t in self.words.tokens(name) if t not in self.words.keys and not t.isdigit())
        does = bool(self.words.roles(core)) or self.words.does(core)
        choices = []
        for key in keys:
            own = self.catalogue.tables[key.at].key == (key.column,)
            called = own and self._called_for(key.at, core)
            if not (key.at in people or called) or not (own or key.given):
                continue
            tested, found = self._found(at, name, key, inclusion)
            if (tested and found < _OFTEN * tested) or not self._may(at, name, key):
                continue
            because = f"{found} of {tested} different values are there" if tested else "no values to compare"
            rank = (not called, not (does and key.at in staff), -people.get(key.at, 0.0))
            choices.append((rank, key.at, () if own else (key.column,), because))
        asked = []
        for _, to, of, because in sorted(choices)[:_MOST]:
            says = {"to": to, **({"of": list(of)} if of else {})}
            asked.append(Choice({**says, "kind": "owner" if to in people else "reference"}, because, 0.2))
        if asked:
            first = asked[0]
            asked += [
                Choice({**first.says, "kind": kind}, first.because, 0.15)
                for kind in ("owner", "shared", "reference")
                if kind != first.says["kind"]
            ]
        asked.append(
            Choice({"link": "none"}, "it points to no row here; if it does, write `to` and `kind`", 0.3)
        )
        return LinkProposal((name,), None, None, said, 0.3, decide=tuple(asked))

    def _called_for(self, at: At, core: Sequence[str]) -> bool:
        """Whether a table's name has the column's words in it, or ends in its last."""
        called = self.words.table(at[1], self.catalogue.prefixes.get(at[0], ""))
        return bool(core) and (set(core) <= set(called.full) or self.words.ends_in(called, core[-1:]))

    def _may(self, at: At, name: str, key: Key) -> bool:
        form = form_of(self.catalogue.tables[at].columns[name])
        return (form == key.form or (form, key.form) == ("text", "uuid")) and (at, name) != (
            key.at,
            key.column,
        )

    def _found(self, at: At, name: str, key: Key, inclusion: Inclusion) -> tuple[int, int]:
        """(different values that were looked up, found there), as far as it is known."""
        asked = inclusion.get((at, name, key.at, key.column))
        if asked is not None:
            return asked.tested, asked.found
        if key.at not in self.samples.whole:
            return 0, 0
        form = form_of(self.catalogue.tables[at].columns[name])
        values = set(fit(self.samples.of(at, name).values, key.form, form))
        there = set(fit(self.samples.of(key.at, key.column).values, key.form, key.form))
        return len(values), len(values & there)
