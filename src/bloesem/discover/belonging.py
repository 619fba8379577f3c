"""Whose each row is: of every link, whether it makes its person an owner, lets them share, or is a mere reference. Pure.

Grounds are weighed, never proven: what a link proposes is asked of a person before anything can be erased by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bloesem.discover.catalogue import At
from bloesem.discover.ground import PERSONAL, Ground
from bloesem.discover.links import Guess
from bloesem.discover.proposal import SURE, Choice, Kind, LinkProposal

_SECONDARY = {
    "last",
    "laatste",
    "dernier",
    "letzte",
    "current",
    "default",
    "primary",
    "latest",
    "main",
    "first",
}
_FIRST_ROUND = 1
_SURE_REFERENCE = 0.7  # a reference erases nothing: what matters is that it is no owner


@dataclass(frozen=True)
class Verdict:
    """What a link is, how sure that is among what it could be, and what else it could be."""

    kind: Kind
    confidence: float
    because: str
    others: tuple[tuple[Kind, float, str], ...] = ()
    turned: bool = False


class Belonging:
    """Decides for all tables together: whose an order is says whose its lines are."""

    def __init__(
        self, ground: Ground, soft: dict[At, list[LinkProposal]], typed: Mapping[At, Sequence[At]]
    ) -> None:
        """`soft`: links by address alone; `typed`: of tables with a type column, what its words point to."""
        self.g = ground
        self.soft = soft
        self.typed = typed
        #: Table → in which round it was found to belong to people. People are of round 0.
        self.level: dict[At, int] = {at: 0 for at in ground.people if at not in ground.profiles}
        self.verdicts: dict[tuple[At, tuple[str, ...]], Verdict] = {}

    def links(self) -> dict[At, list[LinkProposal]]:
        self._direct()
        self._by_address(sure=True)
        round_ = _FIRST_ROUND
        while True:
            round_ += 1
            found = self._chained(round_)
            if not found:
                round_ += 1
                found = self._turned(round_)
            if not found:
                found = self._by_address(sure=False)
            if not found:
                break
            for at in found:
                self.level.setdefault(at, round_)
        return {at: self._written(at) for at in self.g.catalogue.tables}

    def _by_address(self, *, sure: bool) -> list[At]:
        """Tables that name somebody by an address alone; where that is a question, what they lie within is asked first."""
        found = [
            at
            for at, links in self.soft.items()
            if at not in self.level
            and any(link.kind is not None if sure else link.confidence >= 0.6 for link in links)
        ]
        for at in found if sure else ():
            self.level[at] = _FIRST_ROUND
        return found

    # ---- links to people ---------------------------------------------------------------------------------------------

    def _person(self, guess: Guess) -> bool:
        return self.level.get(guess.to) == 0 and guess.to != guess.holder

    def _direct(self) -> None:
        for at, guesses in self.g.of.items():
            mine = [g for g in guesses if self._person(g)]
            for guess in mine:
                verdict = self._to_person(guess, [g for g in mine if g is not guess])
                self.verdicts[at, guess.columns] = verdict
                if (
                    at not in self.level
                    and verdict.kind != "reference"
                    and verdict.confidence * guess.confidence > 0.45
                ):
                    self.level[at] = _FIRST_ROUND

    def _to_person(self, guess: Guess, others: Sequence[Guess]) -> Verdict:
        at, role = guess.holder, guess.role
        if self.level.get(at) == 0:
            return self._between_people(guess)
        if at in self.g.profiles and self.g.single(at, guess.columns) and role != "staff":
            return Verdict("owner", 0.9, "each row is one person's")
        owning = [
            g
            for g in others
            if g.role != "staff" and not (g.to in self.g.staff and guess.to not in self.g.staff)
        ]
        inside = self._inside(guess)
        others_are = any(g.to not in self.g.staff for g in owning) or (
            inside is not None and self._affinity(inside) > 0
        )
        if role == "staff" or (guess.to in self.g.staff and others_are and role != "owner"):
            return self._of_staff(guess, bool(owning))
        if self.g.table(at).columns[guess.columns[0]].is_array:
            return _even("shared", "owner", "each row names several people")
        if role == "shared":
            if not owning:
                return Verdict(
                    "owner", 0.85, "nobody else is in the row", (("shared", 0.1, "it is somebody else's"),)
                )
            if all(g.role == "shared" for g in owning):
                return _even("owner", "shared", "several people are in the row alike")
            return Verdict(
                "shared", 0.9, "the row is somebody else's too", (("owner", 0.1, "it is theirs as much"),)
            )
        if self.g.nature(at) in ("catalogue", "system", "party") and not self.g.junction(at):
            why = "what the table is named for is nobody's own"
            return Verdict("owner", 0.5, "its name says whose it is", (("reference", 0.45, why),))
        rivals = [g for g in owning if g.role in ("owner", None) and g.to not in self.g.staff]
        if rivals and role is None and all(g.role == "owner" for g in rivals):
            return _even("owner", "shared", "another column says whose it is")
        if rivals and not (role == "owner" and all(g.role is None for g in rivals)):
            return _even("owner", "shared", "several people are in the row alike")
        return Verdict("owner", 0.93, "its row is somebody's", (("reference", 0.05, "it is not"),))

    def _inside(self, guess: Guess) -> Guess | None:
        """Something else that the row lies within, and that leads to a person who is no staff: an order, of its history."""
        found = [
            g
            for g in self.g.of[guess.holder]
            if g.to not in self.g.people
            and g.role is None
            and self._leads(g.to, 3)
            and self._within(g) >= 0.5
        ]
        return max(found, key=self._affinity, default=None)

    def _leads(self, at: At, steps: int) -> bool:
        for g in self.g.of[at]:
            if g.role == "staff" or g.confidence < 0.5 or g.to == at:
                continue
            if g.to in self.g.people and g.to not in self.g.profiles:
                if g.to not in self.g.staff:
                    return True
            elif steps and self._leads(g.to, steps - 1):
                return True
        return False

    def _of_staff(self, guess: Guess, owning: bool) -> Verdict:
        inside = self._inside(guess)
        if owning or (inside is not None and self._affinity(inside) > 0):
            return Verdict(
                "reference", 0.9, "they worked on it, and it is another's", (("shared", 0.08, "they see it"),)
            )
        only = "nobody else is in the row"
        if inside is not None or self.g.nature(guess.holder) in ("catalogue", "system", "party", None):
            return Verdict("reference", 0.6, "they only worked on it", (("owner", 0.35, only),))
        return Verdict("owner", 0.55, only, (("reference", 0.45, "they only worked on it"),))

    def _between_people(self, guess: Guess) -> Verdict:
        staff = guess.to in self.g.staff and guess.holder not in self.g.staff
        if guess.role == "staff" or (staff and guess.about):
            return Verdict("reference", 0.9, "who looks after somebody does not own them")
        because = "a row that is a person is rarely another's"
        more: tuple[tuple[Kind, float, str], ...] = (("owner", 0.3, "they brought the person in"),)
        return Verdict("reference", 0.6, because, (*more, ("shared", 0.1, "they may see the person")))

    # ---- links to what is people's -----------------------------------------------------------------------------------

    def _chained(self, round_: int) -> list[At]:
        """Tables whose rows lie within rows that are people's already. First those of which nothing else is likelier: a note
        on a posting waits for the posting, though it names the account too."""
        found: list[tuple[tuple[float, tuple[str, ...]], At]] = []
        later: list[tuple[tuple[float, tuple[str, ...]], At]] = []
        for at, guesses in self.g.of.items():
            if at in self.level:
                continue
            if any(self.level.get(to, round_) < round_ for to in self.typed.get(at, ()) if to != at):
                found.append(((0.0, ()), at))
                continue
            ranked = sorted((g for g in guesses if g.to != at and self.level.get(g.to) != 0), key=self._rank)
            theirs = [g for g in ranked if self.level.get(g.to, round_) < round_]
            if theirs and self._within(theirs[0]) * theirs[0].confidence >= 0.5:
                (found if theirs[0] is ranked[0] else later).append((self._rank(theirs[0]), at))
        return [at for _, at in found] or [at for _, at in sorted(later)[:1]]

    def _rank(self, guess: Guess) -> tuple[float, tuple[str, ...]]:
        return -self._within(guess) * guess.confidence, guess.columns

    def _within(self, guess: Guess) -> float:
        """How much speaks for the row being part of the row that it points to."""
        score = 0.4 + self._affinity(guess)
        if guess.on_delete == "CASCADE":
            score += 0.2
        if self.g.nature(guess.to) == "staff":
            score -= 0.4  # they work on many
        if self.g.required(guess.holder, guess.columns):
            score += 0.15
        nature = self.g.nature(guess.holder)
        if nature in ("part", "detail", "log", "act"):
            score += 0.1
        if nature in ("catalogue", "system", "party") and not self.g.junction(guess.holder):
            score -= 0.3
        if self._beside(guess) and not self._affinity(guess):
            score -= 0.25
        key = self.g.table(guess.holder).key
        if len(key) > len(guess.columns) and set(guess.columns) < set(key):
            score += 0.2  # its key holds the other's: it has no name of its own
        if guess.role == "staff" or set(guess.about) & _SECONDARY:
            score -= 0.3
        return round(max(0.0, min(0.97, score)), 2)

    def _beside(self, guess: Guess) -> bool:
        """Whether it points to what people have beside it, such as an address, rather than to what it is part of."""
        name = self.g.names[guess.to]
        return name.nature == "log" or name.head in ("address", "file", "profile", "phone_entity")

    def _affinity(self, guess: Guess) -> float:
        """`order_line` lies within `order`: one name holds the other, or is a part of something."""
        own, target = self.g.names[guess.holder], self.g.names[guess.to]
        if set(target.tokens) <= set(own.tokens) or (target.head and target.head in own.concepts):
            return 0.3
        return 0.2 if own.nature == "part" else 0.0

    def _turned(self, round_: int) -> list[At]:
        """Tables that nobody's column names, at which rows of people point: their address, their file."""
        found = []
        for guess in self.g.guesses:
            if guess.holder not in self.level or guess.to in self.level or guess.to == guess.holder:
                continue
            if any(self._ties(other) for other in self.g.guesses if other.to == guess.to) and not self._ties(
                guess
            ):
                continue  # `account_holder` says whose an account is, `card` does not
            verdict = self._of_what_it_points_to(guess)
            if verdict is not None:
                self.verdicts[guess.holder, guess.columns] = verdict
                if verdict.turned and verdict.confidence >= 0.5:
                    found.append(guess.to)
        return found

    def _ties(self, guess: Guess) -> bool:
        """Whether its rows are there to tie what they point to to people, and are named for it."""
        key = self.g.table(guess.holder).key
        linked = {c for g in self.g.of[guess.holder] for c in g.columns}
        return (
            self.level.get(guess.holder) == _FIRST_ROUND
            and self.g.junction(guess.holder)
            and (self._affinity(guess) > 0 or (len(key) > 1 and set(key) <= linked))
        )

    def _many(self, guess: Guess) -> bool:
        """Whether many rows share each row that they point to, as they share a catalogue's."""
        seen = self.g.samples.of(guess.holder, guess.columns[0])
        return seen.distinct > 0 and seen.rows > 3 * seen.distinct

    def _of_what_it_points_to(self, guess: Guess) -> Verdict | None:
        nature = self.g.nature(guess.to)
        personal = bool(self.g.holds(guess.to, PERSONAL))
        if guess.role == "staff" or nature in ("system", "party") or (nature == "catalogue" and not personal):
            return None
        shared = "the same row may serve many"
        if self._many(guess):
            if not personal or self.g.holds(guess.to, PERSONAL) == list(self.g.table(guess.to).key):
                return None
            because = "what it points to may be the person's, and many rows share it"
            return Verdict("owner", 0.55, because, (("reference", 0.45, shared),), turned=True)
        if nature in ("detail", "act") and personal:
            return Verdict(
                "owner", 0.9, "what it points to is the person's", (("reference", 0.1, shared),), turned=True
            )
        if nature in ("detail", "act", "log") and self.g.junction(guess.holder):
            because = "what these rows tie to people is people's"
            return Verdict("owner", 0.82, because, (("reference", 0.15, shared),), turned=True)
        if nature in ("detail", "act") or (personal and nature is None):
            return Verdict(
                "owner",
                0.6,
                "what it points to may be the person's",
                (("reference", 0.4, shared),),
                turned=True,
            )
        return None

    # ---- as it is written --------------------------------------------------------------------------------------------

    def _written(self, at: At) -> list[LinkProposal]:
        chained = [
            g for g in self.g.of[at] if 0 < self.level.get(g.to, 0) < self.level.get(at, 0) and g.to != at
        ]
        ranked = sorted(chained, key=self._rank)
        direct = any(
            self._person(g) and self.verdicts[at, g.columns].kind != "reference" for g in self.g.of[at]
        )
        direct = direct or bool(self.typed.get(at)) or any(s.kind is not None for s in self.soft.get(at, ()))
        links = []
        for guess in self.g.of[at]:
            verdict = self.verdicts.get((at, guess.columns))
            if verdict is None or (verdict.turned and self._taken(guess)):
                verdict = self._other(guess, ranked, direct=direct)
            links.append(self._proposal(guess, verdict))
        return _by_person(
            [*links, *self.soft.get(at, [])], {c: self._about(at, c) for c in self.g.table(at).columns}
        )

    def _taken(self, guess: Guess) -> bool:
        """Whether what it points to got an owner of its own before."""
        return self.level.get(guess.to, 99) <= self.level.get(guess.holder, 0)

    def _about(self, at: At, column: str) -> tuple[str, ...]:
        """A column's words without its own table's."""
        tokens, own = self.g.words.tokens(column), self.g.names[at].tokens
        return tokens[len(own) :] if len(tokens) > len(own) and tokens[: len(own)] == own else tokens

    def _other(self, guess: Guess, ranked: Sequence[Guess], *, direct: bool) -> Verdict:
        if guess.to == guess.holder:
            return Verdict("reference", 0.95, "down a link to its own table nothing is owned")
        if guess.to not in self.level:
            return Verdict("reference", 0.95, "it points to what is nobody's")
        part = (
            self.g.nature(guess.holder) == "part" and self._affinity(guess) > 0 and self.level[guess.to] > 0
        )
        if part and (direct or guess not in ranked):
            return Verdict(
                "owner", 0.55, "it is part of it", (("reference", 0.4, "another column says whose it is"),)
            )
        if guess not in ranked:
            if self.level.get(guess.holder) == 0:
                return Verdict("reference", 0.85, "a person is not part of it")
            if self.g.nature(guess.holder) in ("catalogue", "system", "party"):
                return Verdict("reference", 0.9, "what the table is named for is nobody's own")
            if guess.holder not in self.level:
                owner = self._within(guess)
                return Verdict(
                    "reference",
                    round(1 - owner, 2),
                    "it hardly lies within it",
                    (("owner", owner, "it lies within it"),),
                )
            return Verdict("reference", 0.85, "it points to what is theirs, and belongs by another way")
        if direct:
            sure = 0.87 if self._affinity(guess) == 0 else 0.82
            return Verdict(
                "reference", sure, "another column says whose it is", (("owner", 0.1, "it lies within it"),)
            )
        best, score = ranked[0], self._within(ranked[0])
        if guess is best:
            close = len(ranked) > 1 and score - self._within(ranked[1]) < 0.05
            if close and not self.g.junction(guess.holder):
                return Verdict(
                    "owner", 0.75, "it lies within it", (("reference", 0.25, "or within another"),)
                )
            return Verdict(
                "owner", max(0.86, score), "it lies within it", (("reference", 0.1, "it only names it"),)
            )
        gap = score - self._within(guess)
        if gap < 0.05:
            return Verdict(
                "reference", 0.6, "it lies within another", (("owner", 0.4, "it lies within it too"),)
            )
        return Verdict(
            "reference", 0.85, "it lies within another", (("owner", 0.1, "it lies within it too"),)
        )

    def _proposal(self, guess: Guess, verdict: Verdict) -> LinkProposal:
        confidence = round(guess.confidence * verdict.confidence, 2)
        because = f"{guess.because}; {verdict.because}"
        own = Choice(_says(guess, verdict.kind, verdict.turned), because, confidence)
        others = [
            Choice(_says(guess, kind, False), why, round(guess.confidence * share, 2))
            for kind, share, why in verdict.others
        ]
        kinds = [verdict.kind, *(kind for kind, _, _ in verdict.others)]
        others += [
            Choice(_says(one, kind, verdict.turned), one.because, round(one.confidence * (0.5 - 0.1 * n), 2))
            for one in guess.rivals
            for n, kind in enumerate(kinds)
        ]
        harmless = verdict.kind == "reference" and verdict.confidence >= 0.8 and confidence >= _SURE_REFERENCE
        sure = (confidence >= SURE or harmless) and not guess.rivals
        if not sure and guess.confidence < SURE:
            others.append(Choice({"link": "none"}, "it points to no table", round(1 - guess.confidence, 2)))
        asked = (own,) if sure else _asked([own, *others])
        if sure and verdict.kind == "reference":
            asked = ()
        if not sure and len(asked) == 1:
            asked = (*asked, Choice({"link": "none"}, "it points to no table", round(1 - confidence, 2)))
        return LinkProposal(
            guess.columns,
            guess.to,
            verdict.kind if sure else None,
            because,
            confidence,
            of=guess.of if guess.of != self.g.table(guess.to).key else (),
            belongs="that" if sure and verdict.turned else "this",
            placeholder=self._nobody(guess),
            decide=asked,
        )

    def _nobody(self, guess: Guess) -> int | str | None:
        """What a link becomes whose target goes, where it cannot be empty and the table itself has a value for nobody."""
        column = self.g.table(guess.holder).columns[guess.columns[0]]
        if len(guess.columns) > 1 or guess.declared or guess.to not in self.level or not column.required:
            return None
        nobody = column.nobody
        if nobody is None and "0" in self.g.samples.of(guess.holder, column.name).values:
            nobody = 0 if column.category == "N" else None
        return nobody


def _even(one: Kind, other: Kind, because: str) -> Verdict:
    return Verdict(one, 0.5, because, ((other, 0.45, because),))


def _asked(choices: list[Choice]) -> tuple[Choice, ...]:
    return tuple(sorted(choices, key=lambda c: -c.confidence))


def _says(guess: Guess, kind: Kind, turned: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"to": guess.to, "kind": kind}
    if turned:
        said["belongs"] = "that"
    return said


def _by_person(links: list[LinkProposal], words: Mapping[str, tuple[str, ...]]) -> list[LinkProposal]:
    """Of a row with several people: `sender_name` is the sender's, and the receiver does not see `sender_ip`.

    in: `words`: what each column's name says, in the order of the columns.
    """
    personal = [
        n for n, link in enumerate(links) if link.kind in ("owner", "shared") and link.belongs == "this"
    ]
    asked = [n for n, link in enumerate(links) if link.kind is None and _may_reach(link)]
    if len(personal) + len(asked) < 2:
        return links
    taken = {c for link in links for c in link.columns}
    theirs: dict[int, tuple[str, ...]] = {}
    for n in personal:
        first = words[links[n].columns[0]][:1]
        theirs[n] = tuple(
            c for c, said in words.items() if c not in taken and len(said) > 1 and said[:1] == first
        )
    result = list(links)
    for n in personal:
        others = tuple(c for other in personal if other != n for c in theirs[other] if c not in theirs[n])
        result[n] = replace(result[n], erase=theirs[n], redact=others)
    return result


def _may_reach(link: LinkProposal) -> bool:
    return any(choice.says.get("kind") in ("owner", "shared") for choice in link.decide)
