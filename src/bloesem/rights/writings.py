"""Whether a row holds what identifies somebody, in any usual writing: the exact test, on one row.

It is slow and careful; `rights.sieve` sees to it that few rows come here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from phonenumbers import phonenumberutil as numbering

from bloesem.rights.escapes import readings
from bloesem.rights.identifiers import Identifier, fold, normal, phone, spellings, words

#: What people write between the digits of a phone number, an IBAN or a card.
GAPS = " \t./()+-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00b7"
#: Words between a given and a family name: in running text, and where keys stand between values.
NEAR, NEAR_KEYED = 3, 8
#: Words between a street with its number and the postal code.
NEAR_CODE, NEAR_CODE_KEYED = 8, 16
#: Words between a name and an address that are one person's, in one text.
NEAR_ADDRESS, NEAR_ADDRESS_KEYED = 12, 24
#: A card of so many digits stands for itself, whatever stands around it.
LONG = 12
#: So many digits are a phone number also without the zero in front.
NATIONAL = 9
#: A shorter number of digits alone (of letters and digits: `SHORT`) is a customer's only where a word says so.
TELLING, SHORT = 6, 4
_LABELS = ("klant", "client", "customer", "cust", "kunde", "kd")

_SQUEEZE = re.compile(f"[{re.escape(GAPS)}]+")
_PHONE_GAP = re.compile(f"[{re.escape(GAPS)}]{{1,4}}")
_ID_GAP = re.compile(r"[ \-./:*_#\u2010-\u2015\u2212]{1,3}")
_DIGITS = re.compile(r"[0-9]+")
_WORD = re.compile(r"[^\W_]+")
_AT_DOMAIN = re.compile(r"@([a-z0-9_\-]+(?:\.[a-z0-9_\-]+)*)")
_IN_LOCAL = "._+-"

Token = tuple[str, int, int]
Numbers = defaultdict[str, set[int]]


def phone_forms(value: str) -> set[str]:
    """The digits with which a number is written, gaps and `+` left out. raises: IdentifierError."""
    code, national = phone(value)
    region = numbering.region_code_for_country_code(code)
    trunk = numbering.ndd_prefix_for_region(region, True) or ""
    forms = {f"{prefix}{code}{zero}{national}" for prefix in ("", "00", "011") for zero in ("", "0")}
    if trunk:
        forms.add(trunk + national)
    if not trunk or len(national) >= NATIONAL:
        forms.add(national)
    return forms


@dataclass(frozen=True)
class Name:
    """A family name and a given name, each in its spellings; of several given names the first will do."""

    number: int
    family: frozenset[tuple[str, ...]]
    given: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, number: int, family: str, given: str) -> Name:
        return cls(
            number, frozenset(spellings(family)), frozenset(spellings(given) | spellings(given.split()[0]))
        )

    def at(self, text: Sequence[str], place: int, near: int) -> bool:
        """Whether the family name stands at `place`, and the given name within `near` words of it."""
        for family in self.family:
            end = place + len(family)
            if tuple(text[place:end]) != family:
                continue
            for given in self.given:
                size = len(given)
                starts = (*range(end, end + near + 1), *range(max(0, place - near - size), place - size + 1))
                if any(tuple(text[start : start + size]) == given for start in starts):
                    return True
        return False

    def across(self, text: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
        """Whether one whole value of a row is the family name and another the given name."""
        return tuple(text) in self.family and any(tuple(other) in self.given for other in others)


@dataclass(frozen=True)
class Address:
    """A street, a number and a postal code."""

    number: int
    street: frozenset[tuple[str, ...]]
    house: str
    code: str

    @classmethod
    def of(cls, number: int, street: str, house: str, code: str) -> Address:
        return cls(number, frozenset(spellings(street)), "".join(words(house)), "".join(words(code)))

    def at(self, text: Sequence[str], place: int, near: int) -> bool:
        """Whether street and number stand at `place`, and the postal code within `near` words of them."""
        for low, high in self._with_house(text, place):
            if any(_joined(text, i, self.code) for i in range(max(0, low - near - 1), high + near + 1)):
                return True
        return False

    def across(self, text: Sequence[str], place: int, others: Sequence[Sequence[str]]) -> bool:
        """Whether street and number are in one value of a row, or in two, and the postal code in another, short one."""
        if not any(len(o) <= 4 and any(_joined(o, i, self.code) for i in range(len(o))) for o in others):
            return False
        alone = tuple(text) in self.street and any("".join(other) == self.house for other in others)
        return alone or any(True for _ in self._with_house(text, place))

    def _with_house(self, text: Sequence[str], place: int) -> Iterator[tuple[int, int]]:
        """From where to where street and number stand, at most two words apart."""
        for street in self.street:
            end = place + len(street)
            if tuple(text[place:end]) != street:
                continue
            for start in range(end, end + 3):
                if last := _joined(text, start, self.house):
                    yield place, last
            for start in range(max(0, place - 4), place):
                last = _joined(text, start, self.house)
                if last and place - 2 <= last <= place:
                    yield start, end


class Writings:
    """All that is looked for. An identifier is named by its place in `sought`."""

    def __init__(self, sought: Sequence[Identifier]) -> None:
        """raises: IdentifierError for one that identifies nobody."""
        self.phones: Numbers = defaultdict(set)
        self.long: Numbers = defaultdict(set)
        self.ids: Numbers = defaultdict(set)
        self.emails: defaultdict[str, Numbers] = defaultdict(lambda: defaultdict(set))
        self.names: defaultdict[str, list[Name]] = defaultdict(list)
        self.addresses: defaultdict[str, list[Address]] = defaultdict(list)
        self.together: dict[
            int, int
        ] = {}  # of name and address, by the number of the name; that of the address is one less
        for number, one in enumerate(sought):
            self._add(number, one, normal(one))

    def _add(self, number: int, one: Identifier, spelled: str) -> None:
        match one.kind:
            case "email":
                local, _, domain = spelled.rpartition("@")
                self.emails[domain][local].add(number)
            case "phone":
                for form in phone_forms(one.value):
                    self.phones[form].add(number)
            case "iban":
                self.long[spelled.lower()].add(number)
            case "card" if spelled.isdigit() and len(spelled) >= LONG:
                self.long[spelled].add(number)
            case "card" | "customer":
                self.ids[spelled].add(number)
            case "name":
                self._add_name(number, one.parts())
            case "address":
                self._add_address(number, one.parts())
            case "name_address":
                both = -2 * len(self.together) - 1
                self.together[both] = number
                self._add_name(both, one.parts()[:2])
                self._add_address(both - 1, one.parts()[2:])

    def _add_name(self, number: int, parts: tuple[str, ...]) -> None:
        name = Name.of(number, *parts)
        for first in {form[0] for form in name.family}:
            self.names[first].append(name)

    def _add_address(self, number: int, parts: tuple[str, ...]) -> None:
        address = Address.of(number, *parts)
        for first in {form[0] for form in address.street}:
            self.addresses[first].append(address)

    @cached_property
    def _heads(self) -> dict[str, list[str]]:
        heads: defaultdict[str, list[str]] = defaultdict(list)
        for form in self.long:
            heads[form[:10]].append(form)
        return dict(heads)

    @cached_property
    def _longest_phone(self) -> int:
        return max(map(len, self.phones), default=0)

    @cached_property
    def _longest_id(self) -> int:
        return max(map(len, self.ids), default=0)

    def found(self, row: Sequence[bytes | None], columns: Sequence[str]) -> set[tuple[int, int]]:
        """in: the values of a row, and its columns' names. out: (place of the column, identifier) of all it holds."""
        result: set[tuple[int, int]] = set()
        near: set[tuple[int, int]] = set()
        cells: list[list[list[str]]] = []
        for place, value in enumerate(row):
            cells.append([])
            for text in dict.fromkeys(readings(value)) if value is not None else ():
                tokens = [(m.group(), m.start(), m.end()) for m in _WORD.finditer(text)]
                plain = [token[0] for token in tokens]
                cells[-1].append(plain)
                keyed = text.lstrip()[:1] in ("{", "[", "<") or "=>" in text
                worded = list(self._in_words(plain, keyed=keyed))
                hits = {*self._in_emails(text), *self._in_phones(text), *self._in_long(text)}
                hits.update(self._in_ids(text, tokens, columns[place]))
                hits.update(number for number, _ in worded)
                result |= {(place, number) for number in hits}
                near |= {(place, number) for number in self._near(worded, keyed=keyed)}
        return self._with_address(result | self._across(cells)) | near

    def _with_address(self, found: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """A name and an address that must be together, in two columns of a row: by the column of the name."""
        at: defaultdict[int, set[int]] = defaultdict(set)
        for place, number in found:
            if number < 0:
                at[number].add(place)
        both = {
            (place, self.together[number])
            for number in at.keys() & self.together.keys()
            for place in at[number]
            if at[number - 1] - {place}
        }
        return {one for one in found if one[1] >= 0} | both

    def _near(self, worded: Sequence[tuple[int, int]], *, keyed: bool) -> Iterator[int]:
        """A name and an address that must be together, in one text."""
        limit = NEAR_ADDRESS_KEYED if keyed else NEAR_ADDRESS
        addresses = [
            (number, place) for number, place in worded if number < 0 and number not in self.together
        ]
        for number, place in worded if addresses else ():
            if any(other == number - 1 and abs(there - place) <= limit for other, there in addresses):
                yield self.together[number]

    def _in_emails(self, text: str) -> Iterator[int]:
        """An address goes to the end of its domain; before it stands nothing that makes it another address."""
        for match in _AT_DOMAIN.finditer(text) if self.emails else ():
            for local, numbers in self.emails.get(match.group(1).rstrip("-_"), {}).items():
                start = match.start() - len(local)
                if start >= 0 and text.startswith(local, start) and not _goes_on(text, start):
                    yield from numbers

    def _in_phones(self, text: str) -> Iterator[int]:
        if self.phones:
            groups = [(m.group(), m.start(), m.end()) for m in _DIGITS.finditer(text)]
            for form, _, _ in _runs(text, groups, self._longest_phone, _PHONE_GAP):
                yield from self.phones.get(form, ())

    def _in_long(self, text: str) -> Iterator[int]:
        """IBANs and long cards."""
        if self.long:
            squeezed = _SQUEEZE.sub("", text)
            for head in {squeezed[i : i + 10] for i in range(len(squeezed) - 9)} & self._heads.keys():
                for form in self._heads[head]:
                    if form in squeezed:
                        yield from self.long[form]

    def _in_ids(self, text: str, tokens: Sequence[Token], column: str) -> Iterator[int]:
        if self.ids:
            for form, first, last in _runs(text, tokens, self._longest_id, _ID_GAP):
                if form in self.ids and _is_an_id(text, tokens, first, last, form, column):
                    yield from self.ids[form]

    def _in_words(self, text: Sequence[str], *, keyed: bool) -> Iterator[tuple[int, int]]:
        """out: (identifier, where its family name or its street stands)."""
        near, near_code = (NEAR_KEYED, NEAR_CODE_KEYED) if keyed else (NEAR, NEAR_CODE)
        for place, word in enumerate(text):
            for name in self.names.get(word, ()):
                if name.at(text, place, near):
                    yield name.number, place
            for address in self.addresses.get(word, ()):
                if address.at(text, place, near_code):
                    yield address.number, place

    def _across(self, cells: Sequence[Sequence[Sequence[str]]]) -> set[tuple[int, int]]:
        """A name or an address whose parts are values of one row; named by the column of family name or street."""
        result: set[tuple[int, int]] = set()
        for place, texts in enumerate(cells):
            others = [text for i, found in enumerate(cells) if i != place for text in found]
            for text in texts:
                for name in self.names.get(text[0], ()) if text else ():
                    if name.across(text, others):
                        result.add((place, name.number))
                for start, word in enumerate(text):
                    for address in self.addresses.get(word, ()):
                        if address.across(text, start, others):
                            result.add((place, address.number))
        return result


def _goes_on(text: str, start: int) -> bool:
    """Whether what stands before `start` makes the address a longer one: `jo.ann@` is not `ann@`."""
    before = text[max(0, start - 64) : start]
    if before.endswith(".."):  # an ellipsis: no address has two dots in a row
        return False
    last = before.rstrip(_IN_LOCAL)[-1:]
    return last.isascii() and last.isalnum()


def _runs(
    text: str, groups: Sequence[Token], longest: int, gap: re.Pattern[str]
) -> Iterator[tuple[str, int, int]]:
    """Every stretch of neighbouring groups, joined: as text, from which group to which."""
    for first, (joined, _, end) in enumerate(groups):
        last = first
        while len(joined) <= longest:
            yield joined, first, last
            last += 1
            if last == len(groups) or not gap.fullmatch(text, end, groups[last][1]):
                break
            joined += groups[last][0]
            end = groups[last][2]


def _joined(text: Sequence[str], start: int, wanted: str) -> int | None:
    """The end of the words from `start` that are `wanted` when joined."""
    found = ""
    while start < len(text) and len(found) < len(wanted):
        found += text[start]
        start += 1
    return start if found == wanted else None


def _is_an_id(text: str, tokens: Sequence[Token], first: int, last: int, form: str, column: str) -> bool:
    """Not a piece of a longer number; and where it is short, something says that it is a customer's."""
    if form.isdigit() and (_numbers_meet(text, tokens, first) or _numbers_meet(text, tokens, last + 1)):
        return False
    if len(form) >= (TELLING if form.isdigit() else SHORT):
        return True
    said = [*(token[0] for token in tokens[max(0, first - 3) : first]), *words(fold(column))]
    return any(word.startswith(_LABELS) for word in said)


def _numbers_meet(text: str, tokens: Sequence[Token], place: int) -> bool:
    """Whether the words before and after `place` are digits with nothing but one of `-./:,` between them."""
    if not 0 < place < len(tokens):
        return False
    before, after = tokens[place - 1], tokens[place]
    joint = text[before[2] : after[1]]
    return len(joint) == 1 and joint in "-./:," and before[0][-1].isdigit() and after[0][0].isdigit()
