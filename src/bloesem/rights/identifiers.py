"""What identifies a person, and the one spelling under which two writings of it are the same.

A fact about somebody of a foreign store is found again by these spellings (`rights.home`), and what is left of somebody
is looked for under them (`rights.residue`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import phonenumbers

from bloesem.errors import BloesemError

IdentifierKind = Literal["email", "phone", "iban", "card", "customer", "name", "address", "name_address"]
KINDS: tuple[IdentifierKind, ...] = get_args(IdentifierKind)
#: What is written in parts, and how many there are.
TOGETHER: Mapping[IdentifierKind, int] = {"name": 2, "address": 3, "name_address": 5}

#: Where a phone number without a country is taken to be from.
REGION = "BE"

_BARE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_WORD = re.compile(r"[^\W_]+")


class IdentifierError(BloesemError):
    """What should identify somebody does not."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Identifier:
    """One writing of what identifies a person; never shown. `act`: the act after which it is looked for.

    A name is written `family, given`, an address `street, number, postal code`, and both one after the other: `of_name`,
    `of_address`, `of_name_address`.
    """

    kind: IdentifierKind
    value: str
    act: int | None = None

    def __repr__(self) -> str:
        return f"Identifier({self.kind})"

    @classmethod
    def of_name(cls, given: str, family: str, act: int | None = None) -> Identifier:
        """A family name together with a given name: neither alone says who it is."""
        return cls("name", f"{_one(family)}, {_one(given)}", act)

    @classmethod
    def of_address(
        cls, street: str, number: str | int, postal_code: str | int, act: int | None = None
    ) -> Identifier:
        return cls("address", ", ".join(_one(str(part)) for part in (street, number, postal_code)), act)

    @classmethod
    def of_name_address(
        cls,
        given: str,
        family: str,
        street: str,
        number: str | int,
        postal_code: str | int,
        act: int | None = None,
    ) -> Identifier:
        """A name and an address: many share the one and a household the other, and hardly two people both."""
        name, address = cls.of_name(given, family), cls.of_address(street, number, postal_code)
        return cls("name_address", f"{name.value}, {address.value}", act)

    def parts(self) -> tuple[str, ...]:
        """Of a name: family, given. Of an address: street, number, postal code. Of both: all. raises: IdentifierError."""
        wanted = TOGETHER.get(self.kind, 1)
        found = (
            tuple(part.strip() for part in self.value.rsplit(",", wanted - 1))
            if wanted > 1
            else (self.value,)
        )
        if len(found) != wanted or not all(words(part) for part in found):
            raise unfit(self.kind)
        return found


def normal(identifier: Identifier) -> str:
    """The spelling that all usual writings of it share. raises: IdentifierError when it identifies nobody."""
    value = identifier.value
    match identifier.kind:
        case "email":
            local, at, domain = fold(value.strip()).rpartition("@")
            if not (at and local and "." in domain.strip(".")) or re.search(r"[\s@]", local + domain):
                raise unfit("email")
            return f"{local}@{domain.strip('.')}"
        case "phone":
            code, national = phone(value)
            return f"+{code}{national}"
        case "iban":
            found = "".join(words(value))
            if not re.fullmatch(r"[a-z]{2}[0-9]{2}[a-z0-9]{11,30}", found):
                raise unfit("iban")
            return found.upper()
        case "card" | "customer":
            found = "".join(words(value))
            if len(found) < (6 if identifier.kind == "card" else 1):
                raise unfit(identifier.kind)
            return found
        case "name" | "address" | "name_address":
            return ", ".join(" ".join(words(part)) for part in identifier.parts())
    raise unfit(identifier.kind)


def usable(identifier: Identifier) -> bool:
    """Whether it identifies anybody: what people typed into a column is sometimes `-` or `unknown`."""
    try:
        normal(identifier)
    except IdentifierError:
        return False
    return True


def phone(value: str) -> tuple[int, str]:
    """Country code and national number, without the zero that only some countries dial. raises: IdentifierError."""
    try:
        found = phonenumbers.parse(value, REGION)
    except phonenumbers.NumberParseException:
        raise unfit("phone") from None
    national = phonenumbers.national_significant_number(found)
    if len(national) < 6 or found.country_code is None:
        raise unfit("phone")
    return found.country_code, national


def fold(text: str) -> str:
    """Without capitals and accents: `Noël`, `NOËL` and `noel` are one."""
    if text.isascii():
        return text.lower()
    split = unicodedata.normalize("NFKD", text)
    return "".join(c for c in split if not unicodedata.combining(c)).casefold().translate(_BARE)


def words(text: str) -> list[str]:
    """Its words and numbers, folded."""
    return _WORD.findall(fold(text))


def spellings(text: str) -> set[tuple[str, ...]]:
    """The words of a name as people write them: apart, in one, and with ä as ae."""
    found = set()
    for one in {text, unicodedata.normalize("NFC", text).lower().translate(_UMLAUTS)}:
        apart = tuple(words(one))
        found |= {apart, ("".join(apart),)}
    return found


def unfit(kind: str) -> IdentifierError:
    return IdentifierError(
        f"this is no {kind}" if kind in KINDS else f"`{kind}` identifies nobody",
        "a person is looked for by what identifies one person",
        f"give one of: {', '.join(KINDS)}, each whole",
    )


def _one(part: str) -> str:
    """A comma separates the parts, so it stands in none."""
    return " ".join(part.replace(",", " ").split())
