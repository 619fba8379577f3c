"""What a value is, by its form and its check digits. Pure; says the kind, never the value."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Literal

import phonenumbers
from stdnum import iban as _iban
from stdnum import luhn as _luhn
from stdnum.be import bis as _bis
from stdnum.be import nn as _nn
from stdnum.eu import vat as _vat
from stdnum.nl import bsn as _bsn

Kind = Literal[
    "email", "iban", "national", "vat", "card", "ip", "uuid", "date", "phone", "url", "text", "word", "number"
]

#: Where a phone number without a country may be from.
REGIONS = ("BE", "NL", "FR", "DE")

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE = re.compile(
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?:[T ]\d\d:\d\d.*)?"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.](?:19|20)\d\d"
)
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()./-]{6,22}[0-9]")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?")
_URL = re.compile(r"https?://\S+", re.I)
_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{11,40}")
_NATIONAL = re.compile(r"[0-9]{2}[. ]?[0-9]{2}[. ]?[0-9]{2}[- ]?[0-9]{3}[. ]?[0-9]{2}|[0-9]{9}")
_VAT = re.compile(r"[A-Za-z]{2}[ .]?[A-Za-z0-9][A-Za-z0-9 .]{5,14}")
_CARD = re.compile(r"[0-9]{13,19}|[0-9]{4}(?:[ -][0-9]{4}){3}")
_INSIDE = re.compile(
    r"(?:^|[\s<(:,;\"'])[\w.+-]+@[\w-]+\.[\w.-]+|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b|\+\d[\d ]{8,14}\d"
)


def kind_of(value: str) -> Kind | None:
    """in: a value as text. out: what it is, None when it is empty. The first that it can be, strictest first."""
    text = value.strip()
    if not text:
        return None
    for kind, is_one in _TESTS:
        if is_one(text):
            return kind
    return "text" if len(text) > 30 and len(text.split()) >= 4 else "word"


def mentions_somebody(text: str) -> bool:
    """Whether an address, account or phone number stands somewhere in a longer text."""
    return _INSIDE.search(text) is not None


def _email(text: str) -> bool:
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None


def _national(text: str) -> bool:
    """A Belgian national or bis number (mod-97); a Dutch one only where it is not one of a row of small numbers."""
    if _NATIONAL.fullmatch(text) is None:
        return False
    digits = re.sub(r"\D", "", text)
    if len(digits) == 9:
        return digits[0] != "0" and bool(_bsn.is_valid(digits))
    return bool(_nn.is_valid(digits)) or bool(_bis.is_valid(digits))


def _is_vat(text: str) -> bool:
    return _VAT.fullmatch(text) is not None and bool(_vat.is_valid(text))


def _ip(text: str) -> bool:
    if text.count(".") != 3 and ":" not in text:
        return False
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return not text.replace(":", "").isdigit() or "::" in text or text.count(":") == 7


def _phone(text: str) -> bool:
    """A number that a country gives out. Without + or a leading zero it may be any number: not one."""
    if _PHONE.fullmatch(text) is None or not text.lstrip("(").startswith(("+", "0")):
        return False
    for region in REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            return False
        if text.startswith("+"):
            return False
    return False


_TESTS: tuple[tuple[Kind, Callable[[str], bool]], ...] = (
    ("email", _email),
    ("uuid", lambda t: _UUID.fullmatch(t) is not None),
    ("iban", lambda t: _IBAN.fullmatch(t) is not None and bool(_iban.is_valid(t, check_country=False))),
    ("national", _national),
    ("vat", _is_vat),
    ("card", lambda t: _CARD.fullmatch(t) is not None and bool(_luhn.is_valid(re.sub(r"\D", "", t)))),
    ("ip", _ip),
    ("date", lambda t: _DATE.fullmatch(t) is not None),
    ("phone", _phone),
    ("number", lambda t: _NUMBER.fullmatch(t) is not None),
    ("url", lambda t: _URL.fullmatch(t) is not None),
)
