"""From a catalogue and samples to a proposal: categories, people, links and whose each row is, in that order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bloesem.discover.belonging import Belonging
from bloesem.discover.catalogue import At, Catalogue, Table
from bloesem.discover.columns import REACHED, Categories
from bloesem.discover.ground import STRONG, Ground
from bloesem.discover.inclusion import Inclusion, Key
from bloesem.discover.joins import Join
from bloesem.discover.links import Guess, Links
from bloesem.discover.people import PERHAPS, PeopleScore, people_score
from bloesem.discover.proposal import (
    SURE,
    Choice,
    FieldProposal,
    Holds,
    LinkProposal,
    Proposal,
    TableProposal,
    within,
)
from bloesem.discover.sample import Samples
from bloesem.discover.soft import soft_links
from bloesem.discover.typed import Typed, typed_links
from bloesem.discover.unlinked import Unlinked
from bloesem.discover.words import TableName, Words

_SURE_PEOPLE = 0.6
_OF_ACCOUNTS = ("user.account.username", "user.authorization.password")


class Study:
    """in: all that was read, but for which values are found where. Says what of that is worth asking, then proposes."""

    def __init__(
        self,
        catalogue: Catalogue,
        samples: Samples,
        keys: Sequence[Key],
        words: Words,
        numbers: Mapping[int, At] | None = None,
        joins: Sequence[Join] = (),
    ) -> None:
        """`numbers`: which table each number of Django's list of tables stands for; `joins`: of views and functions."""
        self.joins = joins
        self.numbers = numbers or {}
        self.catalogue, self.samples = catalogue, samples
        self.keys, self.words = keys, words
        self.inclusion: Inclusion = {}
        self.categories = Categories(words)
        self.library = {name.lower() for name in words.told.library}
        self.unlinked = Unlinked(catalogue, samples, words, self.library)
        self.names: dict[At, TableName] = {
            at: words.table(at[1], catalogue.prefixes.get(at[0], "")) for at in catalogue.tables
        }
        self.fields = {at: self._fields(table, personal=True) for at, table in catalogue.tables.items()}
        self.as_people = {
            at: self._fields(table, personal=True, people=True) for at, table in catalogue.tables.items()
        }

    def worth_asking(self) -> frozenset[tuple[At, str, At, str]]:
        """The pairs of a column and a key whose values are worth comparing."""
        scores = self._people(belongs=set())
        asked = self._links(scores).worth_asking()
        open_ = [(at, name) for at in self.catalogue.tables for name in self.unlinked.columns(at)]
        of_people = [k for k in self.keys if scores[k.at].score >= PERHAPS]
        more = {(at, name, k.at, k.column) for at, name in open_ for k in of_people if at != k.at}
        return asked | more

    def proposal(self, inclusion: Inclusion) -> Proposal:
        """out: a proposal with every table and column of the catalogue."""
        self.inclusion = inclusion
        scores = self._people(belongs=set())
        guesses = self._guesses(scores)
        acts: dict[At, set[At]] = {}
        for g in guesses:
            if g.confidence >= SURE and self.names[g.holder].nature == "act" and g.to != g.holder:
                acts.setdefault(g.to, set()).add(g.holder)
        belongs = {g.holder for g in guesses if self._belongs(g, scores)}
        scores = self._people(belongs, {at: len(holders) for at, holders in acts.items()})
        guesses = self._guesses(scores)
        known = {(g.holder, g.columns) for g in guesses if g.confidence >= SURE}
        typed = [
            one
            for one in typed_links(self.catalogue, self.samples, self.words, self.names, self.numbers)
            if one.sure or (one.holder, (one.column,)) not in known
        ]
        by_type = {(t.holder, (t.column,)) for t in typed}
        guesses = [g for g in guesses if (g.holder, g.columns) not in by_type]
        people = {at: s.score for at, s in scores.items() if s.score >= PERHAPS}
        staff = frozenset(at for at in people if scores[at].staff)
        ground = Ground(
            self.catalogue, self.samples, self.words, self.names, guesses, people, staff, self.fields
        )
        ground.profiles = self._profiles(ground)
        targets: dict[At, list[At]] = {}
        for one in typed:
            targets.setdefault(one.holder, []).extend(to for _, to in one.targets)
        belonging = Belonging(ground, soft_links(ground), targets)
        links = belonging.links()
        for one in typed:
            links[one.holder] += self._each_type(one, belonging.level)
        for at, said in links.items():
            asked = {c for link in said for c in link.columns}
            asked |= {name for name, f in self.fields[at].items() if f.category is not None}
            asked |= {k.column for k in self.keys if k.at == at and k.given}
            said += self.unlinked.links(at, asked, people, staff, self.keys, inclusion)
        tables = tuple(
            self._table(at, ground, scores[at], belonging.level.get(at), tuple(links[at]))
            for at in sorted(self.catalogue.tables)
        )
        return Proposal(self.catalogue.database, tables, self.catalogue.copies, self.samples.unread)

    # ---- people ------------------------------------------------------------------------------------------------------

    def _people(self, belongs: set[At], acts: Mapping[At, int] | None = None) -> dict[At, PeopleScore]:
        return {
            at: PeopleScore(0.0, "")
            if at[1].lower() in self.library
            else people_score(
                table,
                self.names[at],
                self.as_people[at],
                belongs=at in belongs,
                acts=(acts or {}).get(at, 0),
                single=any(
                    f.category == "user.contact.email" and self.samples.of(at, f.name).unique
                    for f in self.as_people[at].values()
                ),
            )
            for at, table in self.catalogue.tables.items()
        }

    def _guesses(self, scores: Mapping[At, PeopleScore]) -> list[Guess]:
        return self._links(scores).all()

    def _links(self, scores: Mapping[At, PeopleScore]) -> Links:
        people = {at: s.score for at, s in scores.items() if s.score >= PERHAPS}
        staff = frozenset(at for at in people if scores[at].staff)
        accounts = frozenset(
            at for at in people if any(f.category in _OF_ACCOUNTS for f in self.as_people[at].values())
        )
        return Links(
            self.catalogue,
            self.samples,
            self.inclusion,
            self.keys,
            self.words,
            people,
            staff,
            accounts,
            self.joins,
        )

    def _belongs(self, guess: Guess, scores: Mapping[At, PeopleScore]) -> bool:
        """A row that must name a person is rarely a person, unless its table is named for people."""
        own = self.names[guess.holder]
        named = own.nature in ("person", "staff") and own.pure and scores[guess.holder].score >= _SURE_PEOPLE
        required = all(self._filled(guess.holder, c) for c in guess.columns)
        target = scores[guess.to].score
        return (
            guess.to != guess.holder
            and guess.confidence >= SURE
            and guess.role != "staff"
            and target >= _SURE_PEOPLE
            and target > scores[guess.holder].score - 0.3
            and not named
            and (required or own.nature not in ("person", "staff"))
        )

    def _filled(self, at: At, column: str) -> bool:
        seen = self.samples.of(at, column)
        return self.catalogue.tables[at].columns[column].required or (seen.rows >= 5 and not seen.nulls)

    def _profiles(self, ground: Ground) -> frozenset[At]:
        """Tables that seem to hold people, each row of which is more of a person in another table."""
        found: set[At] = set()
        for guess in ground.guesses:
            if guess.holder in ground.people and guess.to in ground.people and guess.to != guess.holder:
                one = ground.single(guess.holder, guess.columns) and ground.required(
                    guess.holder, guess.columns
                )
                if one and guess.role != "staff" and guess.confidence >= 0.7 and guess.to not in found:
                    found.add(guess.holder)
        return frozenset(found)

    # ---- columns -----------------------------------------------------------------------------------------------------

    def _fields(self, table: Table, *, personal: bool, people: bool = False) -> dict[str, FieldProposal]:
        whose = self.names[table.at].tokens
        return {
            name: self.categories.of(
                column,
                self.samples.of(table.at, name),
                whose,
                personal=personal,
                people=people,
                unique=self._unique(table, name),
            )
            for name, column in table.columns.items()
        }

    def _unique(self, table: Table, column: str) -> bool:
        seen = self.samples.of(table.at, column)
        return (column,) in (table.key, *table.unique) or (seen.rows >= 20 and seen.unique)

    # ---- tables ------------------------------------------------------------------------------------------------------

    def _table(
        self, at: At, ground: Ground, score: PeopleScore, level: int | None, links: tuple[LinkProposal, ...]
    ) -> TableProposal:
        table, name = self.catalogue.tables[at], self.names[at]
        personal = level is not None or any(link.may_erase for link in links)
        fields = self._written(table, links, personal=personal, people=level == 0)
        made = TableProposal(at, None, "", 0.0, fields, links)
        if level == 0:
            return self._of_people(made, score)
        if personal:
            category = self.words.told.tables.get(name.head or "")
            sure = max((link.confidence for link in links if link.erases), default=0.8)
            because = "a link leads to a person" if links else "rows of people point at it"
            return replace(
                made,
                holds="personal",
                because=because,
                confidence=sure,
                categories=(category,) if category else (),
            )
        return self._of_nobody(made, name)

    def _of_people(self, made: TableProposal, score: PeopleScore) -> TableProposal:
        because = f"its rows are people: {score.because}"
        own = Choice({"holds": "people"}, because, score.score)
        if score.score >= _SURE_PEOPLE:
            sure = round(min(0.99, score.score + 0.2), 2)
            own = replace(own, confidence=sure)
            return replace(made, holds="people", because=because, confidence=sure, decide=(own,))
        other: Holds = "personal" if any(link.erases for link in made.links) else "reference"
        choice = Choice({"holds": other}, "its rows are no people", round(1 - score.score, 2))
        choices = tuple(sorted((own, choice), key=lambda c: -c.confidence))
        return replace(made, because=because, confidence=score.score, decide=choices)

    def _of_nobody(self, made: TableProposal, name: TableName) -> TableProposal:
        if made.at[1].lower() in self.library:
            return replace(made, holds="system", because="a library's own table", confidence=0.95)
        strong = [f for f in within(made.fields) if f.category and f.category.startswith(STRONG)]
        place = name.nature == "catalogue"
        if place:
            strong = [
                f
                for f in strong
                if f.category != "user.name" and not str(f.category).startswith("user.contact")
            ]
        if strong:
            said = ", ".join(f.name for f in strong[:4])
            choices = (
                Choice({"holds": "people"}, f"it has {said}", 0.4),
                Choice({"holds": "personal"}, "its rows are people's, by a link that was not found", 0.35),
                Choice({"holds": "reference"}, "its rows are nobody's", 0.25),
            )
            return replace(
                made, because=f"it has {said}, and no link leads to a person", confidence=0.4, decide=choices
            )
        system = name.nature == "system"
        because = "no column names or describes a person, and no link leads to one"
        return replace(made, holds="system" if system else "reference", because=because, confidence=0.9)

    def _written(
        self, table: Table, links: Sequence[LinkProposal], *, personal: bool, people: bool
    ) -> tuple[FieldProposal, ...]:
        fields = self._fields(table, personal=personal, people=people)
        if personal and not people:
            fields |= self._beside(table, fields)
        linked = {c for link in links if link.person is None and link.to is not None for c in link.columns}
        result = []
        for name, one in fields.items():
            key = name in table.key
            if name in linked or (key and one.identity is None):
                one = FieldProposal(name)
            elif personal and not people:
                one = self._of_its_table(table, one)
            if not people and one.identity is not None:
                one = replace(one, identity=None)
            if (one.category or one.decide) and not key and _stays_filled(table, name):
                one = replace(one, erased="") if _may_be_bare(table, name) else replace(one, masked=True)
            result.append(replace(one, primary_key=key))
        return tuple(result)

    def _beside(self, table: Table, fields: Mapping[str, FieldProposal]) -> dict[str, FieldProposal]:
        """A `name` alone says nothing, but beside an address or a number of somebody it is theirs: of a relative, say."""
        reached = any(str(f.category).startswith(REACHED) for f in fields.values())
        if not reached or self.names[table.at].nature in ("party", "catalogue", "system"):
            return {}
        as_people = self.as_people[table.at]
        because = "its name, beside what says how somebody is reached"
        return {
            name: replace(as_people[name], because=because, confidence=0.85)
            for name, f in fields.items()
            if f.category is None and not f.decide and as_people[name].category == "user.name"
        }

    def _of_its_table(self, table: Table, one: FieldProposal) -> FieldProposal:
        """What a column says by its table alone: `amount`, of invoices. A question, whatever else is sure."""
        name, column = self.names[table.at], table.columns[one.name]
        said = self.words.each(name)
        if said is None or column.is_json or column.generated:
            return one
        over = one.category in said.over
        if not over and (one.category or one.decide or self.words.technical(self.words.tokens(one.name))):
            return one
        sure = SURE if name.head in self.words.told.each and not over else 0.6
        because = "it says what its table is named for"
        choice = Choice({"data_categories": [said.is_]}, because, sure)
        return replace(
            one, category=said.is_, because=because, confidence=sure, among=name.concepts, decide=(choice,)
        )

    # ---- types -------------------------------------------------------------------------------------------------------

    def _each_type(self, one: Typed, level: Mapping[At, int]) -> list[LinkProposal]:
        if not one.targets:
            return [self._typed(one, level)]
        found = []
        for word, to in one.targets:
            because = f"{one.type_column} says to which table it points"
            if to not in level or to == one.holder:
                found.append(
                    LinkProposal((one.column,), to, "reference", because, 0.85, when=(one.type_column, word))
                )
                continue
            choice = Choice({"to": to, "kind": "owner"}, because, 0.85)
            found.append(
                LinkProposal(
                    (one.column,), to, "owner", because, 0.85, when=(one.type_column, word), decide=(choice,)
                )
            )
        if one.others:
            found.append(self._typed(one, level))
        return found

    def _typed(self, one: Typed, level: Mapping[At, int]) -> LinkProposal:
        """Of types that are no table's name, or of which there is none yet."""
        said = (
            f"{one.others} words of {one.type_column} are no table's name"
            if one.others
            else "no row says a type yet"
        )
        choices: list[Choice] = [
            Choice({"to": at, "kind": "owner", "when": {"column": one.type_column}}, said, 0.3)
            for at, found in sorted(level.items())
            if found == 0
        ]
        choices.append(Choice({"link": "none"}, "what else it points to is nobody's", 0.5))
        return LinkProposal((one.column,), None, None, said, 0.3, decide=tuple(choices))


def _stays_filled(table: Table, name: str) -> bool:
    column = table.columns[name]
    return column.required and not column.generated and not column.is_json


def _may_be_bare(table: Table, name: str) -> bool:
    """Whether it is a text, of which many may be empty: with any other, an erased value is masked."""
    return table.columns[name].category == "S" and name not in table.alone
