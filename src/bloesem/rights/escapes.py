"""Values as people would read them: what JSON, XML and URLs write with escapes, written out."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator, Mapping

from bloesem.rights.identifiers import fold

#: How each kind begins, and what it is.
_ESCAPES = {
    b"\\": re.compile(rb"""\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrtbfv"'/\\])"""),
    b"%": re.compile(rb"%[0-9a-fA-F]{2}"),
    b"&": re.compile(rb"&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"),
}
SIGNS = tuple(_ESCAPES)
_ESCAPE = re.compile(b"|".join(pattern.pattern for pattern in _ESCAPES.values()))
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b" ", b"f": b" ", b"v": b" "}
#: An escape may be escaped: JSON in a JSON string, in an array.
LAYERS = 3

#: Written out, these are no part of another escape.
_ENDS = re.compile(rb"[^0-9a-zA-Z#;%\\&\"'/]+\Z")


def unescaped(data: bytes) -> Iterator[bytes]:
    """out: the value without one layer of escapes; without two and three, where it has them."""
    for _ in range(LAYERS):
        plain = layer(data)
        if plain == data:
            return
        yield plain
        data = plain


def layer(data: bytes) -> bytes:
    """Without one layer of escapes."""
    return written_out(data, escapes(data))


def escapes(data: bytes) -> Mapping[bytes, bytes]:
    """The escapes that are there, each with what it says."""
    found: set[bytes] = set()
    for sign, pattern in _ESCAPES.items():
        if sign in data:
            found.update(pattern.findall(data))
    return {escape: _written_out(escape) for escape in found}


def written_out(data: bytes, kinds: Mapping[bytes, bytes]) -> bytes:
    """in: `kinds`, as `escapes` tells. What has few kinds of them is done without asking Python for each."""
    if len(kinds) != 1 and not all(map(_ENDS.match, kinds.values())):
        return _ESCAPE.sub(lambda match: kinds[match.group()], data)
    for escape, plain in kinds.items():
        data = data.replace(escape, plain)
    return data


def readings(data: bytes) -> Iterator[str]:
    """A value as folded text: as it stands and unescaped; what is no UTF-8 is read as Latin-1 too."""
    for one in (data, *unescaped(data)):
        try:
            yield fold(one.decode("utf-8"))
        except UnicodeDecodeError:
            yield fold(one.decode("utf-8", "replace"))
            yield fold(one.decode("latin-1"))


def _written_out(text: bytes) -> bytes:
    if text[:1] == b"%":
        return bytes([int(text[1:], 16)])
    if text[:1] == b"\\":
        if text[1:2] == b"u":
            return _character(int(text[2:], 16))
        return bytes([int(text[2:], 16)]) if text[1:2] == b"x" else _CONTROLS.get(text[1:], text[1:])
    name = text[1:-1].decode("ascii")
    if name[0] != "#":
        return html.entities.html5.get(name + ";", " ").encode()
    return _character(int(name[2:], 16) if name[1] in "xX" else int(name[1:]))


def _character(number: int) -> bytes:
    return chr(number).encode("utf-8", "replace") if number < 0x110000 else b" "
