"""Which columns point to which tables: foreign keys, names, and values that are found there. Pure.

How sure a link is says nothing yet about whose a row is: that is `belonging`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bloesem.discover.catalogue import At, Catalogue, Table
from bloesem.discover.inclusion import Found, Inclusion, Key, form_of
from bloesem.discover.joins import Join
from bloesem.discover.people import PERHAPS
from bloesem.discover.sample import Samples
from bloesem.discover.words import Role, TableName, Tokens, Words

#: Below this nothing is proposed.
LEAST = 0.4
#: Another target that is nearly as likely is said beside the best.
_CLOSE = 0.1
#: How well a column fits a key with which a view or function joins it.
_JOINED = 0.95
_PERSON = ("person", "staff")
_TELLING = 5  # so many different values, all found in one table and few in another, say which
_DID = "its name says what somebody did"


@dataclass(frozen=True)
class Guess:
    """`holder`'s columns point to `of` of `to`. `role`: what its name says of who that is; `about`: the words for it."""

    holder: At
    columns: tuple[str, ...]
    to: At
    of: tuple[str, ...]
    confidence: float
    because: str
    role: Role | None = None
    about: Tokens = ()
    declared: bool = False
    on_delete: str = ""
    rivals: tuple[Guess, ...] = ()


@dataclass(frozen=True)
class _Named:
    """How well a column's name fits a key, and what of the name is left over."""

    score: float
    because: str
    about: Tokens = ()
    role: Role | None = None
    last: bool = False  # the table's name stands last in it


class Links:
    """Looks for the links of a database. `people`: tables that may hold people, with their scores; among them `staff`, and
    `accounts`, with which somebody logs in: who made a row was logged in."""

    def __init__(
        self,
        catalogue: Catalogue,
        samples: Samples,
        inclusion: Inclusion,
        keys: Sequence[Key],
        words: Words,
        people: Mapping[At, float],
        staff: frozenset[At],
        accounts: frozenset[At] = frozenset(),
        joins: Sequence[Join] = (),
    ) -> None:
        self.catalogue, self.samples, self.inclusion, self.words = catalogue, samples, inclusion, words
        self.people, self.staff, self.accounts = people, staff, accounts
        self.names: dict[At, TableName] = {
            at: words.table(at[1], catalogue.prefixes.get(at[0], "")) for at in catalogue.tables
        }
        self.keys = list(keys)
        self._telling = {k for k in keys if self._tells(k)}
        self.key_tokens = {(k.at, k.column): words.tokens(k.column) for k in keys}
        self.joined = self._joined(joins)
        #: With which staff log in: a table of staff names it.
        self.staff_accounts = {
            at
            for at in accounts - staff
            for other in staff
            if any(self._core(other, c) == self.names[at].tokens for c in catalogue.tables[other].columns)
        }

    def all(self) -> list[Guess]:
        """Every link that there may be, by table and column."""
        found = []
        for at, table in self.catalogue.tables.items():
            declared = list(self._declared(table))
            taken = {g.columns for g in declared}
            found += declared
            found += self._inherited(table, taken)
            taken |= {g.columns for g in found if g.holder == at}
            for column in table.columns:
                if (column,) not in taken and (best := self._best(table, column)) is not None:
                    found.append(best)
            found += self._composite(table, taken)
        return found

    def worth_asking(self) -> frozenset[tuple[At, str, At, str]]:
        """The pairs of column and key of which values would say something: where a name may mean it, or where being found is
        no accident. Serial numbers are found in every table that counts from 1."""
        found = set()
        for at, table in self.catalogue.tables.items():
            for column in table.columns:
                form, seen = form_of(table.columns[column]), self.samples.of(at, column)
                if form is None or not seen.rows:
                    continue
                core = self._core(at, column)
                for key in self.keys:
                    telling = key in self._telling and (
                        form != "text" or (seen.distinct >= 8 and seen.share("text") < 0.1)
                    )
                    if (key.at, key.column) != (at, column) and (
                        telling
                        or (at, column, key.at, key.column) in self.joined
                        or self._by_name(at, column, core, key).score > 0
                    ):
                        found.add((at, column, key.at, key.column))
        return frozenset(found)

    def _joined(self, joins: Sequence[Join]) -> Mapping[tuple[At, str, At, str], str]:
        """Of joins those of which one side is a key and the other is not: that one points to it."""
        keys = {(k.at, k.column) for k in self.keys if k.sure}
        found = {}
        for join in joins:
            for one, other in ((join.one, join.other), (join.other, join.one)):
                if other in keys and (one not in keys or self._named_for(one, other)):
                    found[*one, *other] = join.said_by
        return found

    def _named_for(self, one: tuple[At, str], other: tuple[At, str]) -> bool:
        """Of two keys the one points that bears the other table's name: `profile.user_id`, and not `user.id`."""
        core = self._core(*one)
        return bool(core) and core[-len(self.names[other[0]].tokens) :] == self.names[other[0]].tokens

    # ---- said by the database ----------------------------------------------------------------------------------------

    def _declared(self, table: Table) -> Iterator[Guess]:
        seen = set()
        for key in table.foreign_keys:
            if key.target not in self.catalogue.tables or key.columns in seen:
                continue
            seen.add(key.columns)
            yield self._with_role(
                Guess(
                    table.at,
                    key.columns,
                    key.target,
                    key.of,
                    1.0,
                    "a foreign key",
                    declared=True,
                    on_delete=key.on_delete,
                )
            )

    def _inherited(self, table: Table, taken: set[tuple[str, ...]]) -> Iterator[Guess]:
        """Foreign keys are not inherited, columns are."""
        for parent in table.parents:
            for key in self.catalogue.tables[parent].foreign_keys if parent in self.catalogue.tables else ():
                if key.columns not in taken and key.target in self.catalogue.tables:
                    because = f"a foreign key of {'.'.join(parent)}, from which it inherits"
                    taken.add(key.columns)
                    yield self._with_role(Guess(table.at, key.columns, key.target, key.of, 0.97, because))

    def _with_role(self, guess: Guess) -> Guess:
        core = self._core(guess.holder, guess.columns[-1])
        target = self.names[guess.to].tokens
        about = core
        if core[-len(target) :] == target:
            about = core[: -len(target)]
        elif core[: len(target)] == target:
            about = core[len(target) :]
        return replace(guess, about=about, role=self._role(about, guess.to == guess.holder))

    def _role(self, about: Tokens, itself: bool) -> Role | None:
        spans = [role for _, _, role in self.words.roles(about) if role != "type"]
        if itself:
            return "self"
        spans = [role for role in spans if role != "self"] or spans
        return spans[0] if spans else None

    # ---- said by names -----------------------------------------------------------------------------------------------

    def _core(self, at: At, column: str) -> Tokens:
        """A column's words without those for a key, and without its own table's name."""
        tokens = [t for t in self.words.tokens(column) if t not in self.words.keys and not t.isdigit()]
        own = list(self.names[at].full)
        if len(tokens) > len(own) and tokens[: len(own)] == own:
            tokens = tokens[len(own) :]
        elif len(tokens) > 1 and tokens[0] in own and len(own) > 0 and tokens[0] == own[-1]:
            tokens = tokens[1:]
        return tuple(tokens)

    def _best(self, table: Table, column: str) -> Guess | None:
        form = form_of(table.columns[column])
        if form is None:
            return None
        own_key = table.key == (column,)
        if own_key and table.columns[column].counted:
            return None
        guesses = []
        for key in self.keys:
            if (key.at, key.column) == (table.at, column) or not (
                key.form == form or (form, key.form) == ("text", "uuid")
            ):
                continue
            if key.form == "text" and self.samples.of(key.at, key.column).share("email") >= 0.5:
                continue  # what identifies a person is a link of another kind
            found = self.inclusion.get((table.at, column, key.at, key.column))
            if form != key.form and found is None:
                continue
            named = self._named(table, column, key, found)
            if (said_by := self.joined.get((table.at, column, key.at, key.column))) is not None:
                named = self._as_joined(table.at, column, key, named, said_by)
            if own_key and (named.score < 0.95 or key.at == table.at):
                continue
            confidence, because = self._weigh(table, column, key, named, found)
            if confidence >= LEAST:
                guess = Guess(
                    table.at, (column,), key.at, (key.column,), confidence, because, named.role, named.about
                )
                guesses.append((named.score, guess))
        return self._chosen(guesses)

    def _chosen(self, guesses: list[tuple[float, Guess]]) -> Guess | None:
        """The likeliest; with others that are nearly so, and named nearly as well, it is unsure."""
        if not guesses:
            return None
        guesses.sort(key=lambda one: (-one[1].confidence, self._not_its_key(one[1]), one[1].to, one[1].of))
        score, best = guesses[0]
        tables, rivals = {best.to}, []
        for other, one in guesses[1:]:
            near = best.confidence - one.confidence < _CLOSE and score - other < _CLOSE / 2
            near = near or self._as_likely(best, one, score - other)
            if one.to not in tables and near:
                tables.add(one.to)
                rivals.append(one)
        if rivals:  # it is asked: then staff are among those who may have done it
            more = {
                one.to: one
                for _, one in reversed(guesses)
                if one.to in self.staff - tables and one.because.startswith(_DID)
            }
            rivals = sorted([*rivals, *more.values()], key=lambda one: one.to not in self.staff)
            best = replace(best, confidence=min(best.confidence, 0.7), rivals=tuple(rivals[:4]))
        return best

    def _as_likely(self, best: Guess, one: Guess, less: float) -> bool:
        """Whether a word for what somebody did may mean either of two tables of people, who log in or not; or staff, who are
        fewer, and all of whose numbers these may be."""
        did = best.because.startswith(_DID) and one.because.startswith(_DID) and one.confidence >= LEAST
        if one.to in self.staff and best.to not in self.staff:
            return did and self._among_fewer(one, best)
        return did and (best.to in self.staff) == (one.to in self.staff) and less < 2 * _CLOSE

    def _among_fewer(self, one: Guess, best: Guess) -> bool:
        """Whether all values are found where there are far fewer: of any of the others, most would not be."""
        found = self.inclusion.get((one.holder, one.columns[0], one.to, one.of[0]))
        few, many = (
            self.catalogue.tables[at].rows or self.samples.rows.get(at, 0) for at in (one.to, best.to)
        )
        return found is not None and found.tested >= _TELLING and found.share >= 0.98 and 3 * few <= many

    def _not_its_key(self, guess: Guess) -> bool:
        return self.catalogue.tables[guess.to].key != guess.of

    def _named(self, table: Table, column: str, key: Key, found: Found | None) -> _Named:
        """How well a name fits. Without a word for a key in it (`menu_order`), values have to say the same."""
        tokens = self.words.tokens(column)
        core = self._core(table.at, column)
        named = self._by_name(table.at, column, core, key)
        asks = bool(set(tokens) & self.words.keys) or table.columns[column].is_array
        if not asks and set(tokens) & self.words.counting:
            return _Named(0.0, "")
        if named.score and not asks and named.role is None:
            there = found is not None and found.tested > 0 and found.share >= 0.9
            telling = named.score >= 0.95 or (
                (named.last or named.score >= 0.9) and found is not None and found.tested >= 5
            )
            if not there or not telling:
                return _Named(0.0, "")
            named = replace(named, score=named.score - 0.1)
        own = set(self.key_tokens[key.at, key.column]) - set(self.names[key.at].tokens)
        if self.catalogue.tables[key.at].key not in ((key.column,), ()) and not own <= set(tokens):
            named = replace(named, score=max(0.0, named.score - 0.15))
        return named

    def _as_joined(self, at: At, column: str, key: Key, named: _Named, said_by: str) -> _Named:
        """A join that the database has is as good as a name; who that is, the name may say beside it."""
        because = f"{said_by} joins them" + (f"; {named.because}" if named.because else "")
        about, role = named.about, named.role
        if not named.score:
            about = self._core(at, column)
            role = self._role(about, key.at == at)
        return replace(named, score=max(named.score, _JOINED), because=because, about=about, role=role)

    def _by_name(self, at: At, column: str, core: Tokens, key: Key) -> _Named:
        tokens = self.words.tokens(column)
        target = self.names[key.at]
        special = [t for t in self.key_tokens[key.at, key.column] if t not in self.words.keys]
        size = len(target.tokens)
        if core and core == target.full and key.at != at:
            return _Named(0.95, "its name says so")
        rest = target.full[: -len(core)] if core else ()
        if (
            rest
            and key.at != at
            and target.full[-len(core) :] == core
            and set(rest) <= set(self.names[at].full)
        ):
            return _Named(0.92, "its name, with its own table's, says so")
        if tokens == self.key_tokens[key.at, key.column] and special and key.at != at:
            return _Named(0.92, "it has the name of that key")
        if not core:
            return _Named(0.0, "")
        if core == target.tokens and key.at != at:
            return _Named(0.84, "its name says nearly so")
        for whole, less in ((target.full, 0.0), (target.tokens, 0.1)):
            if len(core) > len(whole) and core[-len(whole) :] == whole:
                about = core[: -len(whole)]
                return _Named(0.87 - less, "its name ends so", about, self._role(about, key.at == at), True)
            if len(core) > len(whole) and core[: len(whole)] == whole:
                about = core[len(whole) :]
                if key.at == at and self._role(about, False) != "self":
                    return _Named(0.0, "")
                return _Named(0.86 - less, "its name begins so", about, self._role(about, key.at == at))
        spans = self.words.concepts(core)
        for start, end, concept in reversed(spans):
            if (
                concept == target.head
                and self.words.alike(concept)
                and target.pure
                and key.at != at
                and not set(core) <= set(self.names[at].tokens)
            ):
                about = (*core[:start], *core[end:])
                return _Named(
                    0.82 if not about else 0.76, "its name means that", about, self._role(about, False)
                )
        last = target.tokens[-1] if target.tokens else ""
        if size == 1 and len(last) >= 4 and len(core[-1]) > len(last) and core[-1].endswith(last):
            return _Named(0.78, "its name ends so", (core[-1][: -len(last)],), None)
        if size > len(core) and target.tokens[-len(core) :] == core:
            return _Named(0.72, "its name is the end of that table's", (), None)
        if key.at != at and self.words.ends_in(target, core):
            return _Named(0.66, "its name is the end of that table's", (), None)
        return self._by_role(at, column, core, key, spans)

    def _by_role(
        self, at: At, column: str, core: Tokens, key: Key, spans: Sequence[tuple[int, int, str]]
    ) -> _Named:
        """`author_id` and `created_by` name nobody's table, `klant_id` may mean the only table of people."""
        target = self.names[key.at]
        roles = self.words.roles(core)
        if key.at == at:
            above = key.at in self.staff and any(role == "staff" for _, _, role in roles)
            human = any(tuple(core[start:end]) in self.words.superior for start, end, _ in roles)
            if above or (
                any(role == "self" for _, _, role in roles) and (not human or key.at in self.people)
            ):
                return _Named(0.85, "its name points to rows of its own table", core, "self")
            return _Named(0.0, "")
        of_staff = target.nature == "staff" and any(role == "staff" for _, _, role in roles)
        if key.at not in self.people and not of_staff:
            if len(core) < len(target.tokens) and target.tokens[: len(core)] == core:
                return _Named(0.6, "that table's name begins so")
            return _Named(0.0, "")
        told: list[Role] = [role for _, _, role in roles if role in ("owner", "shared", "staff")]
        if any(tuple(core[start:end]) in self.words.superior for start, end, _ in roles) and not told:
            told = ["staff"]
        most = self.people.get(key.at, PERHAPS) / max([PERHAPS, *self.people.values()])
        if told:
            fits = (key.at in self.staff or of_staff) == (told[0] == "staff") or not self.staff
            fits = fits or (told[0] == "staff" and key.at in self.staff_accounts)
            if set(core) & self.words.made and not self.staff & self.accounts:
                fits = fits or key.at in self.accounts  # who made a row was logged in, as staff or not
            whole = sum(end - start for start, end, _ in roles) == len(core)
            if not whole and not set(self.words.tokens(column)) & self.words.keys:
                return _Named(0.0, "")  # `net_a_payer` is no payer
            score = 0.7 + 0.1 * most + (0.08 if fits else 0.0)
            if self.accounts and key.at not in self.accounts and key.at not in self.staff:
                score -= 0.12
            return _Named(score, _DID, core, told[0])
        if any(self.words.nature(c) in _PERSON for _, _, c in spans) and target.nature in _PERSON:
            same = {self.words.nature(c) for _, _, c in spans} & {target.nature}
            return _Named(0.5 + (0.08 if same else 0.0), "its name is another word for people", core, None)
        if self.words.does(core) and set(self.words.tokens(column)) & self.words.pointing:
            score = 0.5 + 0.1 * most + (0.05 if key.at in self.staff else 0.0)
            return _Named(score, "its name may be that of somebody who does something", core, None)
        return _Named(0.0, "")

    # ---- said by values ----------------------------------------------------------------------------------------------

    def _weigh(
        self, table: Table, column: str, key: Key, named: _Named, found: Found | None
    ) -> tuple[float, str]:
        """Names and values together. Small numbers are found in any table that counts from 1: there only names speak."""
        score = named.score
        if found is None or found.tested == 0:
            return round(score * 0.92, 2), f"{named.because}; no values to compare"
        said = f"{found.found} of {found.tested} different values are there"
        telling = key.form != "number" or key in self._telling
        if found.share >= 0.98:
            if score:
                left = (1 - score) * (0.35 if telling and found.tested >= 5 else 0.7)
                return round(min(0.98, 1 - left), 2), f"{named.because}; {said}"
            return self._by_values(table, column, key, found, telling), f"{said}, and its name says nothing"
        because = f"{named.because}; {said}"
        if found.share >= 0.9 or (found.tested >= 5 and found.share >= 0.8):
            return round(score * 0.92, 2), because
        if found.share >= 0.5:
            return round(score * 0.7, 2), because
        return round(score * 0.3, 2), because

    def _by_values(self, table: Table, column: str, key: Key, found: Found, telling: bool) -> float:
        if column in table.key and len(table.key) == 1:
            return 0.0  # its own key
        if key.form == "uuid" and found.tested >= 3:
            return 0.85
        is_key = key.given or self.catalogue.tables[key.at].key == (key.column,)
        if telling and is_key and found.tested >= 8 and self.samples.of(table.at, column).share("text") < 0.1:
            return 0.6 if key.form == "text" else 0.75
        return 0.0

    def _tells(self, key: Key) -> bool:
        """Whether being found among a key's values is no accident: of numbers, when few up to the highest are taken."""
        if key.form == "uuid":
            return True
        if key.form == "text":
            return key.given or self.catalogue.tables[key.at].key == (key.column,)
        numbers = [int(v) for v in self.samples.of(key.at, key.column).values if v.isdigit() and len(v) < 19]
        rows = self.catalogue.tables[key.at].rows or self.samples.rows.get(key.at, 0)
        return bool(numbers) and rows > 0 and max(numbers) > 50 * max(rows, len(numbers))

    # ---- composite keys ----------------------------------------------------------------------------------------------

    def _composite(self, table: Table, taken: set[tuple[str, ...]]) -> Iterator[Guess]:
        """Columns that together bear the names of another table's key, at least one of which says what it is of."""
        mine = {self.words.tokens(c): c for c in table.columns}
        for at, other in self.catalogue.tables.items():
            if at == table.at or len(other.key) < 2 or any(k.target == at for k in table.foreign_keys):
                continue
            columns = [self._same(mine, self.names[at].tokens, c) for c in other.key]
            if None in columns or len(set(columns)) < len(columns) or tuple(columns) in taken:
                continue
            if any(
                form_of(table.columns[str(c)]) != form_of(other.columns[o])
                for c, o in zip(columns, other.key, strict=True)
            ):
                continue
            if self._all_point_elsewhere(other) or (
                set(table.key) == set(columns) and len(other.columns) <= len(table.columns)
            ):
                continue
            yield self._with_role(
                Guess(
                    table.at,
                    tuple(str(c) for c in columns),
                    at,
                    other.key,
                    0.9,
                    "its columns have the names of that table's whole key",
                )
            )

    def _same(self, mine: Mapping[Tokens, str], table: Tokens, column: str) -> str | None:
        """The column that has a key column's name; or, where that says only `id`, the table's name with it."""
        tokens = self.words.tokens(column)
        if set(tokens) <= self.words.keys:
            return mine.get((*table, *tokens))
        return mine.get(tokens) or mine.get((*table, *tokens))

    def _all_point_elsewhere(self, table: Table) -> bool:
        """A junction's key is made of keys of others: having both is no link to the junction."""
        pointing = {c for k in table.foreign_keys for c in k.columns}
        for column in table.key:
            if column in pointing:
                continue
            core = self._core(table.at, column)
            if not any(core == self.names[k.at].tokens and k.at != table.at for k in self.keys):
                return False
        return True
