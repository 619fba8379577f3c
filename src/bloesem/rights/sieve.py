"""Which of many rows may hold what is looked for: never too few rows, seldom too many, and fast.

Rows are put one behind the other, so that C code (translate, split, set look-ups, one regular expression each) goes over
all of them at once; Python looks at what is left. What it lets through, `rights.writings` judges.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import compress, count, filterfalse

from bloesem.rights.escapes import LAYERS, is_escape, layer
from bloesem.rights.identifiers import Identifier, fold, normal, phone, spellings, words
from bloesem.rights.writings import GAPS

#: Between two rows. UTF-8 has none of these bytes.
_MARK = b"\xfe\xfd\xfe"
_SEPARATOR = b" " + _MARK + b" "

_WORD_BYTES = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyz") | frozenset(range(0x80, 0xF5)) | {0xFD, 0xFE}
_LOWER = bytes(range(256)).lower()
#: All but words becomes space.
_WORDS = bytes(byte if byte in _WORD_BYTES else 0x20 for byte in _LOWER)
#: What stands between digits goes; of what is not ASCII all, which lets too much through and never too little.
_GAPS = bytes({ord(c) for c in GAPS if c.isascii()} | set(range(0x80, 0xF5)))

#: All but digits becomes space.
_DIGITS = bytes(byte if byte in b"0123456789" else 0x20 for byte in range(256))

_DOMAIN = re.compile(rb"@[a-z0-9_\-]+(?:\.[a-z0-9_\-]+)*")
_HEAD = re.compile(rb"(?=([a-z]{2}[0-9]{2}[a-z0-9]{6}))")
#: Pairs of hexadecimal digits, each after the same sign: letters and digits become `h`, other signs than these a dot.
_PAIRED = bytes(0x68 if byte in b"0123456789abcdef" else byte if byte in b" :-" else 0x2E for byte in _LOWER)
_PAIRS = (b" hh hh hh", b":hh:hh:hh", b"-hh-hh-hh")
_PIECE = re.compile(r"[0-9]+|[a-z]+")
#: A word, and those of which one must stand in the same row; with an empty one among them it tells by itself.
Wanted = defaultdict[str, set[str]]
#: How many writings of words that are not ASCII are kept in mind.
_REMEMBERED = 100_000


class Sieve:
    """Made once for all that is looked for; `candidates` is then asked for each block of rows."""

    def __init__(self, sought: Sequence[Identifier]) -> None:
        """raises: IdentifierError for one that identifies nobody."""
        self._domains: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self._heads: set[bytes] = set()  # of IBANs with few digits in a row
        self._pairs: set[bytes] = set()  # of cards in hexadecimal, without the first pair
        self._alias: dict[bytes, tuple[bytes, ...]] = {}
        wanted: Wanted = defaultdict(set)
        numbers: set[str] = set()
        for one in sought:
            self._add(one, normal(one), wanted, numbers)
        self._sizes = {domain: {len(one) for one in locals_} for domain, locals_ in self._domains.items()}
        self._width = min(8, min(map(len, numbers), default=8))
        self._numbers = {number[-self._width :].encode() for number in numbers}
        self._words: dict[bytes, frozenset[bytes] | None] = {_MARK: None}
        for word, partners in wanted.items():
            beside = frozenset(partner.encode() for partner in partners)
            self._words[word.encode()] = None if b"" in beside else beside

    def _add(self, one: Identifier, spelled: str, wanted: Wanted, numbers: set[str]) -> None:
        match one.kind:
            case "email":
                local, _, domain = one.value.strip().lower().rpartition("@")
                ascii_ = re.split(r"[^\x00-\x7f]", domain.strip("."))[0].rstrip(".-_")
                self._domains[ascii_.encode()].add(local.encode() if local.isascii() else b"")
            case "phone":
                numbers.add(phone(one.value)[1])
            case "iban":
                digits = max(re.findall("[0-9]+", spelled), key=len)
                if len(digits) >= 8:
                    numbers.add(digits)
                else:
                    self._heads.add(spelled[:10].lower().encode())
            case "card" | "customer" if spelled.isdigit() and len(spelled) >= 8:
                numbers.add(spelled)
            case "card" | "customer":
                wanted[spelled].add("")
                hexadecimal = re.fullmatch(r"(?:[0-9a-f]{2}){4,}", spelled)
                if hexadecimal:
                    self._pairs.add(spelled[2:8].encode())
                for pieces in (words(one.value), [] if hexadecimal else _PIECE.findall(spelled)):
                    for first in sorted(pieces, key=len, reverse=True)[:1]:
                        others = set(pieces) - {first}
                        wanted[first] |= others if len(first) < 5 and others else {""}
            case "name":
                family, given = one.parts()
                firsts = spellings(given) | spellings(given.split()[0])
                for form in spellings(family):
                    wanted[max(form, key=len)] |= {max(first, key=len) for first in firsts}
            case "address":
                street, _, code = one.parts()
                joined = "".join(words(code))
                for form in spellings(street):
                    wanted[max(form, key=len)] |= {joined, *words(code), *_PIECE.findall(joined)[:1]}

    def candidates(self, rows: Sequence[bytes]) -> list[int]:
        """in: rows as PostgreSQL sends them. out: the places of those that may hold something."""
        found: set[int] = set()
        places: Sequence[int] = range(len(rows))
        for depth in range(LAYERS + 1):
            block = _block(rows)
            found.update(places[place] for place in self._scan(block))
            escaped = sorted(set(_escaped(block))) if depth < LAYERS else ()
            if not escaped:
                break
            places = [places[place] for place in escaped]
            rows = _without_escapes([rows[place] for place in escaped])
        return sorted(found)

    def _scan(self, block: bytes) -> Iterator[int]:
        yield from self._by_domain(block)
        yield from self._by_number(block)
        yield from self._by_pairs(block)
        yield from self._by_word(block)

    def _by_domain(self, block: bytes) -> Iterator[int]:
        if not self._domains or b"@" not in block:
            return
        lowered = block.lower()
        rows = Rows(lowered)
        for match in _DOMAIN.finditer(lowered):
            domain, at = match.group()[1:].rstrip(b"-_"), match.start()
            locals_ = self._domains.get(domain)
            if locals_ and any(lowered[at - size : at] in locals_ for size in self._sizes[domain]):
                yield rows.at(at)

    def _by_number(self, block: bytes) -> Iterator[int]:
        """Digits that stand together once the gaps are gone: every stretch of the width that all of ours have."""
        hits: set[bytes] = set()
        if self._numbers:
            width = self._width
            runs = [run for run in block.translate(_DIGITS, _GAPS).split() if len(run) >= width]
            hits = self._numbers.intersection(
                run[start : start + width] for run in runs for start in range(len(run) - width + 1)
            )
        if hits or self._heads:
            squeezed = block.translate(_LOWER, _GAPS)
            if self._heads:
                hits |= self._heads.intersection(_HEAD.findall(squeezed))
            for hit in hits:
                rows, place = Rows(squeezed), squeezed.find(hit)
                while place >= 0:
                    yield rows.at(place)
                    place = squeezed.find(hit, place + 1)

    def _by_pairs(self, block: bytes) -> Iterator[int]:
        if self._pairs:
            lowered, signs = block.lower(), block.translate(_PAIRED)
            for pairs in _PAIRS:
                rows, place = Rows(lowered), signs.find(pairs)
                while place >= 0:
                    one = lowered[place + 1 : place + 9]
                    if one[:2] + one[3:5] + one[6:] in self._pairs:
                        yield rows.at(place)
                    place = signs.find(pairs, place + 3)

    def _by_word(self, block: bytes) -> Iterator[int]:
        if len(self._words) == 1:  # the mark
            return
        split = block.translate(_WORDS).split()
        wanted = self._words
        strange = set(filterfalse(bytes.isascii, split))
        strange.discard(_MARK)
        known = self._aliases(strange) if strange else {}
        either = wanted.keys() | known.keys() if known else wanted
        row = start = 0
        hits: list[bytes] = []
        for place in compress(count(), map(either.__contains__, split)):
            word = split[place]
            if word != _MARK:
                hits.append(word)
                continue
            if hits and self._together(hits, split[start:place]):
                yield row
            row, start, hits = row + 1, place + 1, []
        if hits and self._together(hits, split[start:]):
            yield row

    def _together(self, hits: Sequence[bytes], row: Sequence[bytes]) -> bool:
        """Whether a word of the row tells by itself, or one that must be there beside it is."""
        beside: set[bytes] | None = None
        for hit in hits:
            for word in self._alias.get(hit, (hit,)):
                partners = self._words.get(word, frozenset())
                if partners is None:
                    return True
                if partners and beside is None:
                    beside = set(row)
                    for strange in filterfalse(bytes.isascii, row):
                        beside.update(self._alias.get(strange, ()))
                if partners and beside is not None and not partners.isdisjoint(beside):
                    return True
        return False

    def _aliases(self, strange: set[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        """Of words that are not ASCII, those that are one of ours when folded."""
        if len(self._alias) > _REMEMBERED:
            self._alias.clear()
        found = {}
        for word in strange:
            plain = self._alias.get(word)
            if plain is None:
                plain = self._alias[word] = _folded(word)
            if any(one in self._words for one in plain):
                found[word] = plain
        return found


def _folded(word: bytes) -> tuple[bytes, ...]:
    try:
        texts = [word.decode("utf-8")]
    except UnicodeDecodeError:
        texts = [word.decode("utf-8", "replace"), word.decode("latin-1")]
    return tuple({one.encode() for text in texts for one in words(fold(text))})


class Rows:
    """In which row a place lies; asked from front to back."""

    def __init__(self, block: bytes) -> None:
        self._block, self._row, self._last = block, 0, 0

    def at(self, place: int) -> int:
        self._row += self._block.count(_MARK, self._last, place)
        self._last = place
        return self._row


def _block(rows: Sequence[bytes]) -> bytes:
    """The rows with a mark between each two, and nowhere else."""
    block = _SEPARATOR.join(rows)
    if block.count(_MARK) != len(rows) - 1:
        block = _SEPARATOR.join(bytes(row).replace(_MARK, b"   ") for row in rows)
    return block


def _without_escapes(rows: Sequence[bytes]) -> Sequence[bytes]:
    """Each without one layer of escapes."""
    plain = layer(_block(rows)).split(_SEPARATOR)
    return plain if len(plain) == len(rows) else [layer(row) for row in rows]


def _escaped(block: bytes) -> Iterator[int]:
    """The rows with escapes in them."""
    for sign in (b"\\", b"%", b"&"):
        rows, place = Rows(block), block.find(sign)
        while place >= 0:
            if is_escape(block, place):
                yield rows.at(place)
                place = block.find(_MARK, place)  # one is enough
                if place < 0:
                    break
            place = block.find(sign, place + 1)
