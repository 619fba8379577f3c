"""Which of many rows may hold what is looked for: never too few rows, seldom too many, and fast.

Rows are put one behind the other, so that C code goes over all of them at once: accents and capitals go, and an Aho-Corasick
automaton looks for everybody's numbers and addresses of mail in the letters and digits alone, and for words where words end.
Python looks at what is left. What is let through, `rights.writings` judges.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ahocorasick_rs import BytesAhoCorasick, Implementation

from bloesem.rights.escapes import LAYERS, SIGNS, escapes, written_out
from bloesem.rights.identifiers import Identifier, fold, normal, phone, spellings, words

#: Between two rows. UTF-8 has none of these bytes.
_MARK = b"\xfe\xfd\xfe"
_SEPARATOR = b" " + _MARK + b" "
_UNMARKED = bytes(0xFF if byte in _MARK else byte for byte in range(256))

_ALNUM = b"0123456789abcdefghijklmnopqrstuvwxyz"
_LOWER = bytes(range(256)).lower()
#: All but words becomes space: where no letter but ASCII's is left, and where there are others.
_ASCII_WORDS = bytes(byte if byte in _ALNUM else 0x20 for byte in _LOWER)
_WORDS = bytes(byte if byte in _ALNUM or 0x80 <= byte < 0xF5 else 0x20 for byte in _LOWER)
#: All but letters and digits goes.
_NO_ALNUM = bytes(byte for byte in range(256) if _LOWER[byte] not in _ALNUM and byte not in _MARK)
#: Left of ASCII only what follows each length that PostgreSQL writes: the bytes of two lengths are no letter together.
_ASCII = bytes(byte for byte in range(128) if byte != 0x0A)

_PIECE = re.compile(r"[0-9]+|[a-z]+")
#: So many letters and digits are looked for whatever stands between and around them; fewer only as words.
_LONG, _LONG_DIGITS, _LONG_EMAIL = 5, 7, 6
#: Patterns of so many bytes together become a table (about 256 times as large); more than that, something slower and small.
_TABLE = 300_000
#: With more partners than this a row is split into words.
_FEW = 8


@dataclass(frozen=True)
class _Beside:
    """One of these words or numbers (which may be written apart) must be in the row of a word. None: it tells by itself."""

    words: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)

    @cached_property
    def few(self) -> Sequence[bytes]:
        """The words, where there are not too many to look for each."""
        return [b" %b " % one.encode() for one in sorted(self.words)] if len(self.words) <= _FEW else ()

    @cached_property
    def many(self) -> frozenset[bytes]:
        return frozenset(one.encode() for one in self.words)

    @cached_property
    def within(self) -> Sequence[bytes]:
        return [one.encode() for one in sorted(self.numbers)]


Wanted = defaultdict[str, _Beside]


class _Plain(dict[int, str]):
    """Each character as `fold` makes it; what is no letter and no digit becomes space."""

    def __missing__(self, code: int) -> str:
        folded = fold(chr(code)) if code < 0xD800 or code > 0xDFFF else " "
        plain = self[code] = "".join(c if c.isalnum() else " " for c in folded)
        return plain


_PLAIN = _Plain({code: chr(code) for code in (*range(128), *(0xDC00 + byte for byte in _MARK))})


class Sieve:
    """Made once for all that is looked for; `candidates` is then asked for each block of rows."""

    def __init__(self, sought: Sequence[Identifier]) -> None:
        """raises: IdentifierError for one that identifies nobody."""
        wanted: Wanted = defaultdict(_Beside)
        alone: set[str] = set()  # words that tell by themselves
        whole: set[bytes] = set()
        for one in sought:
            self._add(one, normal(one), wanted, alone, whole)
        self._whole = _automaton(sorted(whole))
        beside = {**wanted, **dict.fromkeys(alone, _Beside())}
        self._beside = list(beside.values())
        self._words = _automaton([b" %b " % word.encode() for word in beside])

    def _add(self, one: Identifier, spelled: str, wanted: Wanted, alone: set[str], whole: set[bytes]) -> None:
        bare = _squeezed(spelled.encode())
        match one.kind:
            case "email" if len(bare) >= _LONG_EMAIL:
                whole.add(bare)
            case "email":
                alone.add(words(spelled.rpartition("@")[2])[0])
            case "phone":
                whole.add(phone(one.value)[1].encode())
            case "iban":
                whole.add(bare)
            case "card" | "customer" if not bare.isalpha() and len(bare) >= (
                _LONG_DIGITS if bare.isdigit() else _LONG
            ):
                whole.add(bare)
            case "card" | "customer":
                alone.add(spelled)
                for pieces in (words(one.value), _PIECE.findall(spelled)):
                    for first in sorted(pieces, key=len, reverse=True)[:1]:
                        others = set(pieces) - {first}
                        if len(first) < _LONG and others:
                            wanted[first].words.update(others)
                        else:
                            alone.add(first)
            case "name" | "name_address":
                family, given = one.parts()[:2]
                firsts = spellings(given) | spellings(given.split()[0])
                for form in spellings(family):
                    wanted[max(form, key=len)].words.update(max(first, key=len) for first in firsts)
            case "address":
                street, _, code = one.parts()
                for form in spellings(street):
                    wanted[max(form, key=len)].numbers.add("".join(words(code)))

    def candidates(self, rows: Sequence[bytes], *, raw: bool = True) -> list[int]:
        """in: rows as PostgreSQL sends them; `raw`: values may hold bytes that are no UTF-8. out: the places of those that
        may hold something."""
        found: set[int] = set()
        places: Sequence[int] = range(len(rows))
        for depth in range(LAYERS + 1):
            found.update(places[place] for place in self._scan(rows, raw=raw))
            if raw:
                strange = [place for place, row in enumerate(rows) if not row.isascii()]
                latin = [_plain(rows[place].decode("latin-1")) for place in strange]
                found.update(places[strange[place]] for place in self._scan(latin, raw=False))
            signed = _signed(rows) if depth < LAYERS else ()
            if not signed:
                break
            before = [rows[place] for place in signed]
            after, bytes_ = _without_escapes(before)
            changed = [place for place, row in enumerate(after) if row != before[place]]
            places = [places[signed[place]] for place in changed]
            rows = [after[place] for place in changed]
            raw = raw or bytes_
        return sorted(found)

    def _scan(self, rows: Sequence[bytes], *, raw: bool) -> set[int]:
        if not rows:
            return set()
        block, plain = _folded(_block(rows), raw=raw)
        whole = self._by_whole(_squeezed(block), len(rows))
        if whole is None:
            return self._scan([row.translate(_UNMARKED) for row in rows], raw=raw)
        return {*whole, *self._by_word(block, plain)}

    def _by_whole(self, squeezed: bytes, rows: int) -> Iterator[int] | None:
        """By what tells by itself, whatever stands between its letters and digits. None: it is not known in which row."""
        matches = self._whole.find_matches_as_indexes(squeezed, overlapping=True)
        if matches and squeezed.count(_MARK) != rows - 1:
            return None
        return (row for row, _, _, _ in _in_rows(squeezed, matches))

    def _by_word(self, block: bytes, plain: bytes) -> Iterator[int]:
        """By a word, with one that must stand in the same row. `plain`: the block's words, each where it stands there."""
        matches = self._words.find_matches_as_indexes(plain, overlapping=True)
        last = -1
        seen: set[int] = set()
        split: frozenset[bytes] | None = None
        joined: bytes | None = None
        for row, number, start, end in _in_rows(block, matches):
            if row != last:
                last, split, joined = row, None, None
                seen.clear()
            if number in seen:
                continue
            seen.add(number)
            beside = self._beside[number]
            for one in beside.few:
                if plain.find(one, start, end) >= 0:
                    yield row
                    break
            if not beside.few and beside.words:
                split = split or frozenset(plain[start:end].split())
                if not beside.many.isdisjoint(split):
                    yield row
            if beside.numbers:
                joined = joined or plain[start:end].replace(b" ", b"")
                if any(map(joined.__contains__, beside.within)):
                    yield row
            elif not beside.words:
                yield row


def _in_rows(block: bytes, matches: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """out: for each match the row in which it ends, which pattern it is, and from where to where the row goes."""
    row, start, end = 0, 0, -1
    size = len(block)
    find, rfind, count = block.find, block.rfind, block.count
    for number, _, place in matches:
        if place > end:
            if end < 0:
                row, start = count(_MARK, 0, place), max(0, rfind(_MARK, 0, place))
            else:
                row, start = row + count(_MARK, end, place), rfind(_MARK, end, place)
            end = find(_MARK, place)
            end = size if end < 0 else end
        yield row, number, start, end


def _automaton(patterns: Sequence[bytes]) -> BytesAhoCorasick:
    small = sum(map(len, patterns)) <= _TABLE
    return BytesAhoCorasick(
        patterns, implementation=Implementation.DFA if small else Implementation.ContiguousNFA
    )


def _block(rows: Sequence[bytes]) -> bytes:
    """The rows with a mark between each two, and nowhere else."""
    block = b" " + _SEPARATOR.join(rows) + b" "
    if block.count(_MARK) != len(rows) - 1:
        block = b" " + _SEPARATOR.join(row.translate(_UNMARKED) for row in rows) + b" "
    return block


def _squeezed(block: bytes) -> bytes:
    """Its letters and digits of ASCII, and its marks."""
    return block.translate(_LOWER, _NO_ALNUM)


def _folded(block: bytes, *, raw: bool) -> tuple[bytes, bytes]:
    """out: the block without accents; and its words, in small letters, with nothing but spaces between."""
    kinds = set(block.translate(None, _ASCII).decode("utf-8", "replace")) - {"\n"}
    plain = {c: _PLAIN[ord(c)] for c in kinds}
    foreign = not all(map(str.isascii, plain.values()))
    if foreign and raw:
        block = _plain(block.decode("utf-8", "surrogateescape"))
        return block, block.translate(_WORDS)
    # Where no letter is left that is not ASCII, what is not ASCII is no part of a word.
    asked = {c.encode(): one.encode() for c, one in plain.items() if c != one and (foreign or one != " ")}
    if asked:
        block = b"".join(_replaced(block, asked))
    return block, block.translate(_WORDS if foreign else _ASCII_WORDS)


def _replaced(block: bytes, asked: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """The block, in pieces: each character that is asked for as something else."""
    instead = list(asked.values())
    last = 0
    for number, start, end in _automaton(list(asked)).find_matches_as_indexes(block):
        yield block[last:start]
        yield instead[number]
        last = end
    yield block[last:]


def _plain(text: str) -> bytes:
    return text.translate(_PLAIN).encode("utf-8", "surrogateescape")


def _signed(rows: Sequence[bytes]) -> list[int]:
    """The rows in which something may be an escape."""
    found: set[int] = set()
    for sign in SIGNS:
        found.update([place for place, row in enumerate(rows) if sign in row])
    return sorted(found)


def _without_escapes(rows: Sequence[bytes]) -> tuple[Sequence[bytes], bool]:
    """Each without one layer of escapes; and whether one was a byte that need not be UTF-8."""
    block = _SEPARATOR.join(rows)
    kinds = escapes(block)
    plain = written_out(block, kinds).split(_SEPARATOR)
    if len(plain) != len(rows):
        plain = [written_out(row, kinds) for row in rows]
    return plain, not all(map(bytes.isascii, kinds.values()))
