"""What a bank is asked to pay, as one file of credit transfers (ISO 20022, pain.001.001.03), checked against its schema.

A payment is a row of the business whose own date is today or ahead, to the one account of whoever it is for. What cannot be
paid for certain is in no file, and told to whoever gives it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sepaxml import SepaTransfer  # type: ignore[import-untyped]
from sepaxml.validation import ValidationError  # type: ignore[import-untyped]

from bloesem.recipients.delivery import DisclosureError
from bloesem.recipients.letters import Held, fill
from bloesem.recipients.model import Payments

NAME = "payments.xml"
SCHEMA = "pain.001.001.03"
NOT_GIVEN, NONE_DUE = "payment-fields-not-given", "payment-none-due"
NO_ACCOUNT, SEVERAL, WRONG_ACCOUNT = "payment-no-account", "payment-several-accounts", "payment-wrong-account"
NO_NAME, WRONG_ORDER = "payment-no-name", "payment-wrong-order"
#: Under this name a row holds its own date beside its columns.
ON = ""
_MOST_ID, _MOST_CENTS = 35, 99_999_999_999


@dataclass(frozen=True)
class Order:
    """One transfer. `cents`: more than nothing; `on`: a civil day."""

    person: int
    name: str
    iban: str
    cents: int
    id: str
    on: dt.date


def orders(said: Payments, held: Held, today: dt.date) -> tuple[list[Order], Counter[str]]:
    """What is to be paid, by day and id; and why whoever is not in it is not. Pure."""
    found: list[Order] = []
    without: Counter[str] = Counter()
    for person, rows in held.items():
        made, why = _of(said, person, rows, today)
        found += made
        if why is not None:
            without[why] += 1
    ids = Counter(one.id for one in found)
    twice = {one.person for one in found if ids[one.id] > 1}
    without.update({WRONG_ORDER: len(twice)} if twice else {})
    return sorted((it for it in found if it.person not in twice), key=lambda it: (it.on, it.id)), without


def _of(
    said: Payments, person: int, rows: Mapping[str, list[Mapping[str, Any]]], today: dt.date
) -> tuple[list[Order], str | None]:
    """All of somebody's payments, or none and why."""
    due = [row for row in rows.get(said.each.table, []) if row[ON] is not None and row[ON] >= today]
    if not due:
        return [], NONE_DUE
    accounts = {
        "".join(str(row[said.account.column]).split()).upper()
        for row in rows.get(said.account.table, [])
        if row[said.account.column]
    }
    if len(accounts) != 1:
        return [], SEVERAL if accounts else NO_ACCOUNT
    (iban,) = accounts
    if not checked(iban):
        return [], WRONG_ACCOUNT
    names = [fill(said.name.line, row) for row in rows.get(said.name.table, [])]
    if not names or not names[0]:
        return [], NO_NAME
    made = []
    for row in due:
        cents, id_ = row[said.each.amount], str(row[said.each.id] or "")
        if not isinstance(cents, int) or not 0 < cents <= _MOST_CENTS or not 0 < len(id_) <= _MOST_ID:
            return [], WRONG_ORDER
        made.append(Order(person, names[0], iban, cents, id_, row[ON]))
    return made, None


def checked(iban: str) -> bool:
    """Whether an account number has its shape and its check digits (ISO 13616)."""
    if not (
        15 <= len(iban) <= 34
        and iban.isascii()
        and iban.isalnum()
        and iban[:2].isalpha()
        and iban[2:4].isdigit()
    ):
        return False
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def write(path: Path, said: Payments, every: list[Order], nonce: str) -> str:
    """The file, whole on disk. in: `nonce`, of this export: the bank takes a message of one name once. out: its SHA-256.

    raises: DisclosureError for what the schema does not take; nothing is left then."""
    config = {
        "name": said.debtor,
        "IBAN": said.iban,
        "BIC": said.bic,
        "batch": True,
        "currency": "EUR",
    }
    made = SepaTransfer(config, schema=SCHEMA, clean=True)
    made.msg_id = nonce[:35]
    for one in every:
        made.add_payment(
            {
                "name": one.name,
                "IBAN": one.iban,
                "amount": one.cents,
                "execution_date": one.on,
                "description": said.words,
                "endtoend_id": one.id,
            }
        )
    try:
        content: bytes = made.export(validate=True)
    except ValidationError:
        raise DisclosureError(
            "the file of payments does not keep to its schema",
            f"ISO 20022, {SCHEMA}: a bank takes a file whole, or not at all",
            "look at the ids and amounts of what is due (letters, digits and / - ? : ( ) . , ' + alone)",
        ) from None
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(content).hexdigest()


__all__ = ["NAME", "NOT_GIVEN", "ON", "Order", "checked", "orders", "write"]
