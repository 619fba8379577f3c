"""A person's own addresses as they stand, and what may be said instead of them (P-149). Pure but for reading the rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from charging.people.models import Address, EmailAddress, PhoneNumber
from charging.portal.forms import ADDRESS

#: Of each kind: the form's fields, in the order of `messages/door.yaml`, how long each may be, and its word for browsers.
FIELDS: Mapping[str, tuple[tuple[str, int, str], ...]] = {
    "email": (("email", 254, "email"),),
    "phone": (("phone", 40, "tel"),),
    "post": (
        ("street", 120, "street-address"),
        ("postal_code", 12, "postal-code"),
        ("city", 80, "address-level2"),
        ("country", 2, "country"),
    ),
}
HOME = "BE"
#: Where people live to whom the company writes: Belgium first, and its neighbours.
COUNTRIES = (HOME, "DE", "FR", "LU", "NL")
#: Postal codes, as the post of each country writes them.
_CODES = {
    HOME: r"[1-9]\d{3}",
    "DE": r"\d{5}",
    "FR": r"\d{5}",
    "LU": r"(L-?)?\d{4}",
    "NL": r"[1-9]\d{3} ?[A-Za-z]{2}",
}


@dataclass(frozen=True)
class Field:
    """A field of a form. `wrong`: the key of the words for what is wrong with it."""

    name: str
    value: str
    longest: int
    complete: str
    wrong: str = ""


@dataclass(frozen=True)
class Entry:
    """One row of one's own: its kind, its number, and its form."""

    kind: str
    row: int
    fields: tuple[Field, ...]

    @property
    def values(self) -> list[str]:
        return [field.value for field in self.fields]

    @property
    def right(self) -> bool:
        return not any(field.wrong for field in self.fields)


def entries() -> list[Entry]:
    """All of one's own that can be changed, in one's own scope, open: e-mail addresses, numbers, homes, the newest first."""
    found = []
    for kind, model, names in (
        ("email", EmailAddress, ("value",)),
        ("phone", PhoneNumber, ("value",)),
        ("post", Address, ("street", "postal_code", "city", "country")),
    ):
        for row in model.objects.order_by("-recorded_at", "-id").values_list("id", *names)[:20]:
            found.append(entry(kind, row[0], [value or "" for value in row[1:]]))
    return found


def entry(kind: str, row: int, values: list[str]) -> Entry:
    fields = tuple(
        Field(name, value, longest, complete)
        for (name, longest, complete), value in zip(FIELDS[kind], values, strict=True)
    )
    return Entry(kind, row, fields)


def judged(kind: str, row: int, values: list[str]) -> Entry:
    """What was typed, with the words for what is wrong with it: nothing that was typed is lost."""
    made = entry(kind, row, [" ".join(value.split()) for value in values])
    said = {field.name: field.value for field in made.fields}
    return Entry(kind, row, tuple(_judged(field, said) for field in made.fields))


def _judged(field: Field, said: Mapping[str, str]) -> Field:
    wrong = ""
    if not field.value:
        wrong = "details.empty"
    elif len(field.value) > field.longest or not field.value.isprintable():
        wrong = "details.long"
    elif field.name == "email" and not ADDRESS.fullmatch(field.value):
        wrong = "signin.email.wrong"
    elif field.name == "phone" and normal("phone", [field.value]) is None:
        wrong = "details.phone.wrong"
    elif field.name == "country" and field.value not in COUNTRIES:
        wrong = "details.country.wrong"
    elif field.name == "postal_code" and not re.fullmatch(_CODES.get(said["country"], ".+"), field.value):
        wrong = "details.postal.be" if said["country"] == HOME else "details.postal.wrong"
    return Field(field.name, field.value, field.longest, field.complete, wrong)


def normal(kind: str, values: list[str]) -> str | None:
    """The spelling by which it is looked up: small letters of an e-mail address, E.164 of a number; None: none."""
    if kind == "email":
        return values[0].strip().lower()
    if kind == "phone":
        try:
            number = phonenumbers.parse(values[0], HOME)
        except NumberParseException:
            return None
        return (
            phonenumbers.format_number(number, PhoneNumberFormat.E164)
            if phonenumbers.is_valid_number(number)
            else None
        )
    return None
