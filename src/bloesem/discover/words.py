"""What names mean: of tables and columns, in Dutch, French, English and German, however they are written.

`klantNr`, `KLANTNUMMER`, `tbl_klanten.klant_id` and `cust_id` all become words of `words.yaml`. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from bloesem.source import Strict, parse, validate

Nature = Literal["person", "staff", "party", "act", "detail", "part", "log", "catalogue", "system"]
Role = Literal["owner", "shared", "staff", "self", "type"]
Tokens = tuple[str, ...]

_CHUNK = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LIGATURES = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_KEY_ENDINGS = ("uuid", "guid", "nummer", "id", "nr", "ref")
_SHORTEST = 3  # of a word at the end of another
_BETWEEN = ("", "s", "n", "en", "e", "es", "er")  # what Dutch and German put between the parts of a compound
_LITTLE = frozenset("de du des la le les l d of the het der die das den aux et en und and".split())  # noqa: SIM905
#: Natures that say what the rows are, whoever else stands in the name: `customer_address` holds addresses.
_NUMBERS = {"nr", "nrs", "no", "num", "number", "nummer", "numero"}  # one word, however it is written
#: The category of a number that somebody was given.
NUMBER = "user.unique_id"
_HEADS: tuple[Nature, ...] = ("part", "log", "act", "detail")


class Entity(Strict):
    nature: Nature
    alike: bool = False
    words: tuple[str, ...]


class ColumnRule(Strict):
    """A category, by the words of a column's name."""

    is_: str = Field(alias="is")
    says: tuple[str, ...]
    not_: tuple[str, ...] = Field(default=(), alias="not")
    in_: Literal["personal"] | None = Field(default=None, alias="in")
    alone: bool = False
    hidden: bool = False
    identity: str | None = None


class Each(Strict):
    """A category of all that stands in a table, by its concept."""

    is_: str = Field(alias="is")
    over: tuple[str, ...] = ()


class Dictionary(Strict):
    prefixes: tuple[str, ...]
    key_words: tuple[str, ...]
    given: tuple[str, ...]
    pointing: tuple[str, ...]
    neutral: tuple[str, ...]
    entities: dict[str, Entity]
    irregular: dict[str, str]
    labels: tuple[str, ...]
    other: tuple[str, ...]
    library: tuple[str, ...]
    roles: dict[Role, tuple[str, ...]]
    made: tuple[str, ...]
    by: tuple[str, ...]
    superior: tuple[str, ...]
    counting: tuple[str, ...]
    doers: tuple[str, ...]
    columns: tuple[ColumnRule, ...]
    each: dict[str, Each]
    tables: dict[str, str]


@dataclass(frozen=True)
class TableName:
    """`full`: its words without prefix; `tokens`: without what changes nothing; `concepts`: those that the dictionary
    knows, in order; `head`: what its rows are."""

    full: Tokens
    tokens: Tokens
    concepts: tuple[str, ...]
    head: str | None
    nature: Nature | None
    pure: bool  # nothing stands in it but the head and words that change nothing


class Words:
    """The dictionary, ready to be asked."""

    def __init__(self, told: Dictionary) -> None:
        self.told = told
        self._known: dict[str, Tokens] = {}
        self._stems: dict[str, str] = {}
        self._learn(told)
        self.keys = {self.tokens(word)[0] for word in told.key_words}
        self.given = {t for word in told.given for t in self.tokens(word)}
        self.neutral = {t for word in told.neutral for t in self.tokens(word)}
        self.superior = {self.tokens(word) for word in told.superior}
        self.counting = {t for word in told.counting for t in self.tokens(word)} - self.keys - {"of"}
        self.pointing = {t for word in told.pointing for t in self.tokens(word)}
        self.by = {t for word in told.by for t in self.tokens(word)}
        self.made = {t for word in told.made for t in self.tokens(word)}
        self.labels = {t for word in told.labels for t in self.tokens(word)}
        self.prefixes = {fold(word) for word in told.prefixes}
        self._entities = self._phrases((c, e.words) for c, e in told.entities.items())
        self._roles = self._phrases(told.roles.items())
        self._rules = [
            (rule, [self.tokens(w) for w in rule.says], {t for w in rule.not_ for t in self.tokens(w)})
            for rule in told.columns
        ]
        self._harmless = {t for w in told.other for t in self.tokens(w)} | self.neutral

    def alike(self, concept: str) -> bool:
        """Whether its words mean the same."""
        return self.told.entities[concept].alike

    @property
    def vocabulary(self) -> frozenset[str]:
        """Every word that the dictionary has."""
        return frozenset(self._known)

    def _learn(self, told: Dictionary) -> None:
        same = dict(_cognates(told))
        joined: dict[str, Tokens] = {}
        for text in _texts(told):
            umlauts = unicodedata.normalize("NFC", text).lower().translate(_UMLAUTS)
            plain = tuple(same.get(piece, piece) for piece in fold(text).split())
            for spelt in dict.fromkeys((fold(text), fold(umlauts))):
                pieces = tuple(spelt.split())
                for piece, means in zip(pieces, plain, strict=True):
                    self._known.setdefault(piece, (means,))
                    self._stems.setdefault(stem(means), means)
                if len(pieces) > 1:
                    joined.setdefault("".join(pieces), plain)
        for one, plain in joined.items():
            self._known.setdefault(one, plain)

    def _phrases(self, given: Iterable[tuple[str, Iterable[str]]]) -> dict[Tokens, str]:
        found: dict[Tokens, str] = {}
        for meaning, words in given:
            for word in words:
                found.setdefault(self.tokens(word), meaning)
        return found

    # ---- splitting ---------------------------------------------------------------------------------------------------

    @lru_cache(maxsize=20_000)  # noqa: B019 - one dictionary lives as long as the process
    def tokens(self, name: str) -> Tokens:
        """The words of a name, in one spelling and number: `Klantnummers` → klant, nummer."""
        found: list[str] = []
        for chunk in _CHUNK.findall(name.replace("-", " ")):
            found += self._chunk(chunk)
        return tuple("number" if word in _NUMBERS else word for word in found)

    def _chunk(self, chunk: str) -> Iterable[str]:
        whole = fold(chunk)
        if (known := self._word(whole)) is not None:
            return known
        parts = list(_CAMEL.findall(_bare(chunk))) or [whole]
        if len(parts) > 1 and all(self._word(fold(p)) is not None or p.isdigit() for p in parts):
            return [t for p in parts for t in (self._word(fold(p)) or (p,))]
        if (made := self._compound(whole) or self._keyed(whole)) is not None:
            return made
        result: list[str] = []
        for part in parts:
            low = fold(part)
            result += self._word(low) or (self._compound(low) if len(parts) > 1 else None) or self._tail(low)
        return result

    def _word(self, word: str) -> Tokens | None:
        """A word of the dictionary, in any number."""
        if word in self._known:
            return self._known[word]
        if word in self.told.irregular:
            return self._word(self.told.irregular[word]) or (stem(self.told.irregular[word]),)
        for ending, instead in (
            ("s", ""),
            ("ies", "y"),
            ("es", ""),
            ("n", ""),
            ("en", ""),
            ("e", ""),
            ("x", ""),
            ("er", ""),
            ("aux", "al"),
        ):
            if word.endswith(ending) and len(word) - len(ending) >= (4 if ending == "er" else 3):
                shorter = word[: len(word) - len(ending)] + instead
                if shorter in self._known:
                    return self._known[shorter]
        if len(stem(word)) >= 4 and stem(word) in self._stems:
            return (self._stems[stem(word)],)
        bare = word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
        return self._word(bare) if bare != word else None

    def _keyed(self, word: str) -> Tokens | None:
        """A word that ends in one for a key: `aufgabenid`."""
        for ending in _KEY_ENDINGS:
            rest = word.removesuffix(ending)
            if rest != word and len(rest) >= 3 and rest.isalpha():
                return (*(self._word(rest) or self._compound(rest) or self._tail(rest)), ending)
        return None

    def _tail(self, word: str) -> Tokens:
        """A compound of which only the last part is known, the part that counts: `leveradres`."""
        for start in range(3, len(word) - 2):
            if len(word) - start < 5 and start < 5:
                break
            if known := self._known.get(word[start:]) or (
                self._word(word[start:]) if len(word) - start > 4 else None
            ):
                return (word[:start], *known)
        return (stem(word),)

    def _compound(self, word: str) -> Tokens | None:
        """A compound whose every part is a word of the dictionary: `kundenadresse`, `userid`."""
        if not 5 <= len(word) <= 60 or not word.isalpha():
            return None
        best: list[tuple[int, int, Tokens] | None] = [None] * (len(word) + 1)
        best[0] = (0, 0, ())
        for end in range(2, len(word) + 1):
            for start in range(end - 1):
                before = best[start]
                if before is None:
                    continue
                for link in _BETWEEN if start else ("",):
                    known = (
                        self._piece(word, start + len(link), end) if word.startswith(link, start) else None
                    )
                    if known is not None:
                        made = (before[0] + len(known), before[1] + len(link), (*before[2], *known))
                        now = best[end]
                        if now is None or made[:2] < now[:2]:
                            best[end] = made
        found = best[-1]
        return found[2] if found is not None else None

    def _piece(self, word: str, start: int, end: int) -> Tokens | None:
        """A part of a compound, when it is a word. Short ones are words for a key, and stand first or last."""
        piece, last = word[start:end], end == len(word)
        if (
            len(piece) < 3
            and piece != "id"
            and not (piece in ("nr", "no", "to", "by") and (last or start == 0))
        ):
            return None
        return self._known.get(piece) or (self._word(piece) if last and len(piece) > 3 else None)

    # ---- meaning -----------------------------------------------------------------------------------------------------

    def concepts(self, tokens: Sequence[str]) -> list[tuple[int, int, str]]:
        """(from, to, concept) of what the dictionary knows in a name, the longest first."""
        return _spans(tokens, self._entities)

    def concept(self, tokens: Sequence[str]) -> str | None:
        """What the words mean together, when they mean one thing."""
        return self._entities.get(tuple(tokens))

    def nature(self, concept: str | None) -> Nature | None:
        return self.told.entities[concept].nature if concept in self.told.entities else None

    def roles(self, tokens: Sequence[str]) -> list[tuple[int, int, Role]]:
        """(from, to, role) of what the dictionary knows in a name; what is `… by` somebody is said of who did it."""
        found: list[tuple[int, int, Role]] = _spans(tokens, self._roles)  # type: ignore[assignment]
        if (
            len(tokens) > 1
            and tokens[-1] in self.by
            and not any(end == len(tokens) - 1 for _, end, _ in found)
        ):
            last = [span for span in found if span[1] == len(tokens)]
            if not last or last[0][0] == len(tokens) - 1:
                return [(0, len(tokens), "staff")]
        return found

    def somebody(self, tokens: Sequence[str]) -> bool:
        """Whether the last word is for people, and no type of something: `hoofd_behandelaar`."""
        types = any(role == "type" for _, _, role in self.roles(tokens))
        spans = self.concepts(tokens)
        return (
            bool(spans) and spans[-1][1] == len(tokens) and self.nature(spans[-1][2]) == "staff" and not types
        )

    def does(self, tokens: Sequence[str]) -> bool:
        """Whether it may be a word for whoever does something, that the dictionary does not have."""
        one = tokens[0] if len(tokens) == 1 else ""
        return len(one) >= 6 and one.isalpha() and one not in self._known and one.endswith(self.told.doers)

    def ends_in(self, table: TableName, tokens: Sequence[str]) -> bool:
        """Whether a table's name, which is one word here, ends in a column's: `krankenkassen` in `kasse`."""
        word, last = (stem(t[-1]) if t else "" for t in (table.tokens, tokens))
        return len(tokens) == 1 and len(last) >= _SHORTEST and len(word) > len(last) and word.endswith(last)

    def table(self, name: str, prefix: str = "") -> TableName:
        """in: a table's name, and what most tables of its schema begin with."""
        full = self._unprefixed(name, prefix)
        tokens = tuple(t for t in full if t not in self.neutral) or full
        spans = self.concepts(tokens)
        natures = [self.nature(concept) for _, _, concept in spans]
        head = None
        little = bool(_LITTLE & set(tokens))
        for wanted in _HEADS:
            at = [i for i, nature in enumerate(natures) if nature == wanted]
            if at:
                head = at[-1]
                break
        else:
            if spans:
                head = 0 if little else len(spans) - 1
        if (
            natures
            and natures[-1] == "catalogue"
            and not little
            and head is not None
            and natures[head] != "part"
        ):
            head = len(spans) - 1  # states of orders are no orders
        if head is None:
            return TableName(full, tokens, (), None, None, False)
        start, end, concept = spans[head]
        rest = [t for i, t in enumerate(tokens) if not start <= i < end]
        same = all(self.nature(c) == natures[head] for _, _, c in spans)
        pure = same and all(t in self.neutral or t.isdigit() or self._within(t, spans, tokens) for t in rest)
        return TableName(full, tokens, tuple(c for _, _, c in spans), concept, natures[head], pure)

    def _within(self, token: str, spans: Sequence[tuple[int, int, str]], tokens: Sequence[str]) -> bool:
        return any(token in tokens[start:end] for start, end, _ in spans)

    def each(self, table: TableName) -> Each | None:
        """What each column of a table says that says nothing else, by what its rows are, or are part of."""
        said = [self.told.each[c] for c in (table.head, *table.concepts) if c in self.told.each]
        return said[0] if said and table.nature not in ("log", "catalogue", "system") else None

    def technical(self, tokens: Sequence[str]) -> bool:
        """Whether it says when a row was written, or points somewhere."""
        return bool(set(tokens) & (self.made | self.pointing))

    def _unprefixed(self, name: str, prefix: str) -> Tokens:
        short = (
            name[len(prefix) :] if prefix and name.startswith(prefix) and len(name) > len(prefix) else name
        )
        tokens = self.tokens(short)
        chunks = _CHUNK.findall(short.replace("_", " "))
        if (
            len(tokens) > 1
            and len(chunks) > 1
            and fold(chunks[0]) in self.prefixes
            and (tokens[0],) not in self._entities
        ):
            tokens = tokens[1:]
        return tokens

    def says(self, tokens: Sequence[str]) -> str | None:
        """The category that words say when they are all that is said: `e-mail`, not `e-mail received`."""
        if self.numbers_people(tokens):
            return NUMBER
        return next((rule.is_ for rule, phrases, _ in self._rules if tuple(tokens) in phrases), None)

    def numbers_people(self, tokens: Sequence[str], whose: Sequence[str] = ()) -> bool:
        """Whether it is the number that somebody was given: `klantnr`, and in a table of people (`whose`) also `number`."""
        rest = [t for t in tokens if t not in self.given]
        people = all(self._person((t,)) or t in whose or t in self.neutral for t in rest)
        return len(rest) < len(tokens) and people and bool(whose or any(self._person((t,)) for t in rest))

    def numbers_rows_of(self, table: TableName, tokens: Sequence[str]) -> bool:
        """Whether it is the number that each row of a table of people was given, and not that of somebody else in it."""
        people = table.nature in ("person", "staff") and self.numbers_people(tokens, table.tokens)
        own = {*self.given, *self.neutral, *table.tokens}
        return people and all(t in own or self.concept((t,)) == table.head for t in tokens)

    def _person(self, words: Tokens) -> bool:
        return self.nature(self._entities.get(words)) in ("person", "staff")

    def rule(
        self, tokens: Sequence[str], *, personal: bool, people: bool = False, whose: Sequence[str] = ()
    ) -> ColumnRule | None:
        """The category that a column's name says. in: whether its rows are people's, or people; `whose`: the words of its
        table, which say nothing more in it (`comment_approved` of comments is no comment)."""
        have = [t for t in tokens if not t.isdigit()]
        own = list(whose)
        if own and len(have) > len(own) and have[: len(own)] == own:
            whole = self._rule(have, 2, personal=personal, people=people, whose=whose)
            return whole or self._rule(have[len(own) :], 1, personal=personal, people=people, whose=whose)
        return self._rule(have, 1, personal=personal, people=people, whose=whose)

    def _rule(
        self, have: list[str], least: int, *, personal: bool, people: bool, whose: Sequence[str]
    ) -> ColumnRule | None:
        for rule, phrases, never in self._rules:
            if (rule.in_ == "personal" and not personal) or never & set(have):
                continue
            for phrase in phrases:
                at = _find(have, phrase)
                if at is None or len(phrase) < least:
                    continue
                rest = [*have[:at], *have[at + len(phrase) :]]
                if rule.alone and not (
                    all(self._says_whose(t, whose) for t in rest) and (people or self._somebody(rest))
                ):
                    continue
                return rule
        return None

    def _somebody(self, tokens: Sequence[str]) -> bool:
        """Whether a person is among the words: `customer_name` is a person's also in an order."""
        return any(
            self.nature(self._entities.get((t,))) in ("person", "staff") or (t,) in self._roles
            for t in tokens
        )

    def _says_whose(self, token: str, whose: Iterable[str]) -> bool:
        nature = self.nature(self._entities.get((token,)))
        return (
            token in set(whose)
            or nature in ("person", "staff", "party")
            or (token,) in self._roles
            or token in self._harmless
        )


def _spans(tokens: Sequence[str], phrases: Mapping[Tokens, str]) -> list[tuple[int, int, str]]:
    found, at = [], 0
    longest = 4
    while at < len(tokens):
        for size in range(min(longest, len(tokens) - at), 0, -1):
            meaning = phrases.get(tuple(tokens[at : at + size]))
            if meaning is not None:
                found.append((at, at + size, meaning))
                at += size
                break
        else:
            at += 1
    return found


def _find(tokens: Sequence[str], phrase: Tokens) -> int | None:
    size = len(phrase)
    return next((i for i in range(len(tokens) - size + 1) if tuple(tokens[i : i + size]) == phrase), None)


def _cognates(told: Dictionary) -> Iterable[tuple[str, str]]:
    """Words of one meaning that differ by an ending alone (`rol`, `rolle`, `category`, `catégorie`): each with the first."""
    for entity in told.entities.values():
        first: dict[str, str] = {}
        for word in map(fold, entity.words):
            if " " not in word:
                same = first.get(stem(word)) or first.get(_single(word)) or word
                first.setdefault(stem(word), same)
                first.setdefault(_single(word), same)
                yield word, same


def _texts(told: Dictionary) -> Iterable[str]:
    yield from told.key_words
    yield from told.given
    yield from told.pointing
    yield from told.by
    yield from told.superior
    yield from told.counting
    yield from told.neutral
    for entity in told.entities.values():
        yield from entity.words
    for words in told.roles.values():
        yield from words
    for rule in told.columns:
        yield from rule.says
        yield from rule.not_
    yield from told.labels
    yield from told.other


def _bare(text: str) -> str:
    """Without accents, capitals as they are."""
    split = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(c for c in split if not unicodedata.combining(c))


def fold(text: str) -> str:
    return _bare(text).casefold()


@cache
def stem(word: str) -> str:
    """What a word's singular and plural have in common, roughly: `facturen` and `factuur`, `countries` and `country`."""
    if len(word) < 4:
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("aux") and len(word) > 5:
        word = word[:-3] + "al"
    elif word[-1] in "sx" and word[-2:] not in ("ss", "us", "is"):
        word = word[:-1]
    if (word.endswith("en") and len(word) > 5) or (word.endswith("er") and len(word) > 6):
        word = word[:-2]
    elif word.endswith("e") and len(word) > 4:
        word = word[:-1]
    for umlaut, plain in (("ae", "a"), ("oe", "o"), ("ue", "u")):
        word = word.replace(umlaut, plain)
    if word[-1] == "y":
        word = word[:-1] + "i"
    return _single(word)


def _single(word: str) -> str:
    """Without double letters: Dutch writes `naam` and `namen`, French `adresse` where it writes `adres`."""
    return re.sub(r"(.)\1", r"\1", word)


@cache
def words() -> Words:
    """The dictionary of this package."""
    return Words(validate(parse(Path(__file__).with_name("words.yaml")), Dictionary))
