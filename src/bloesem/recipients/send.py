"""Sending notices (art. 19): mail to a recipient that has an address in the register, a task for a person for who has none.

A notice names no value: only the numbers under which the recipient's own files know the person, and which of its columns
changed. It may arrive twice, when a server took it and we died before that was written down: then with the same
Message-ID; it is never left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import Rollback

from bloesem.gate.keeping import keeper
from bloesem.ledger.acts import SCHEMA
from bloesem.recipients import notices, public
from bloesem.recipients.model import Recipient
from bloesem.recipients.notices import Notice
from bloesem.recipients.posting import address_of
from bloesem.sending.transports import Letter, Outcome, Place, Transport
from bloesem.stores.postgres import Connection

_CHANGES = {
    "rectification": ("werd verbeterd", "was corrected"),
    "erasure": ("werd gewist", "was erased"),
    "restriction": (
        "wordt beperkt: bewaar het en gebruik het niet",
        "is restricted: store it, and do not use it",
    ),
    "withdrawal": (
        "mag voor dat doel niet meer gebruikt worden",
        "may not be used for that purpose any more",
    ),
}

#: What is asked of it. A notice holds no value, so what was corrected comes with a new delivery, through the same door.
_ASKS = (
    "Doe hetzelfde ten laatste op {due}, en bevestig dat met het nummer {request}.",
    "Do likewise on {due} at the latest, and confirm it with the number {request}.",
)
_ASKS_ANEW = (
    (
        "Gebruik wat u ervan kreeg niet meer. Antwoord met het nummer {request}: dan krijgt u de juiste waarde met een"
        " nieuwe levering. Verbeter ze ten laatste op {due} overal waar u ze heeft, en bevestig dat met hetzelfde nummer."
    ),
    (
        "Do not use any more what you got of it. Answer with the number {request}: you then get the right value with a new"
        " delivery. Correct it by {due} wherever you have it, and confirm that with the same number."
    ),
)


@dataclass(frozen=True)
class Sent:
    """`went`: by mail; `tasks`: who has no address, or one that refuses, so that a person writes; `later`: their server did
    not take it yet."""

    went: tuple[Notice, ...]
    tasks: tuple[Notice, ...]
    later: tuple[Notice, ...]


def send(
    connection: Connection,
    register: Mapping[str, Recipient],
    transport: Transport,
    place: Place,
    now: dt.datetime,
    *,
    prefix: str,
    posting: bool = False,
) -> Sent:
    """Sends what is queued, one transaction each. in: an administrator's connection, outside a transaction; `prefix` of the
    cluster's roles; `posting`, whether notices are posted too: what goes that way is not mailed. Two who send at once do
    not send the same. raises: nothing for what a server does: a notice that it does not take stays queued, and is escalated
    on its day."""
    went: list[Notice] = []
    tasks: list[Notice] = []
    later: list[Notice] = []
    with connection.transaction(), keeper(connection, prefix):
        queued = notices.open_notices(connection)
        pages = public.places(connection, SCHEMA)
    for waiting in queued:
        if waiting.state != "queued":
            continue
        if posting and address_of(waiting, register.get(waiting.recipient)) is not None:
            later.append(waiting)  # it is posted (`posting`), until its server refuses
            continue
        page = pages.get(waiting.recipient)
        address = page.contact if page is not None else _address(register.get(waiting.recipient))
        if address is None:
            tasks.append(waiting)
            continue
        with connection.transaction(), keeper(connection, prefix):
            if not notices.held_for_sending(connection, waiting.id):
                continue
            outcome = transport.send(letter(waiting, address, place, now, page))
            if outcome is Outcome.SENT:
                notices.sent(connection, waiting.id, address, now)
                went.append(waiting)
            else:  # refused for good: a person finds out why; anything else is tried again
                (tasks if outcome is Outcome.FAILED else later).append(waiting)
    return Sent(tuple(went), tuple(tasks), tuple(later))


def letter(
    notice: Notice, address: str, place: Place, now: dt.datetime, page: public.Place | None = None
) -> Letter:
    """What a recipient reads: Dutch, then English. `page`: where what was made public stands, of whoever has it there."""
    if page is not None:
        return _taken_down(notice, address, place, now, page)
    dutch, english = _CHANGES[notice.change]
    asks = _ASKS_ANEW if notice.change == "rectification" else _ASKS
    do, do_english = (one.format(due=notice.due, request=notice.request) for one in asks)
    columns = "\n".join(f"  {table}: {', '.join(names)}" for table, names in sorted(notice.given.items()))
    numbers = "\n".join(f"  {file}: {number}" for file, number in sorted(notice.references.items()))
    text = (
        f"Wat u van ons kreeg over een persoon {dutch} (art. 19 AVG).\n"
        f"{do}\n\n"
        f"What you got from us about a person {english} (art. 19 GDPR).\n"
        f"{do_english}\n\n"
        f"Gegevens / data:\n{columns}\n\nNummer van de persoon per levering / the person's number per delivery:\n{numbers}\n"
    )
    subject = f"Art. 19: {notice.request}"
    return Letter(
        notice.id, "email", address, subject, text, "nl", now,
        message_id=f"<notice-{notice.request}-{notice.id}@{place.domain}>", envelope=place.sender,
    )  # fmt: skip


def _taken_down(notice: Notice, address: str, place: Place, now: dt.datetime, page: public.Place) -> Letter:
    """To whoever has a link, a copy or a replication of what was public (art. 17(2), R-027): where it stands, no value."""
    text = (
        f"Op {page.url} staat iets over een persoon dat wij openbaar maakten. Die persoon vroeg het te wissen, of de grond"
        " ervoor verviel (art. 17(2) AVG).\n"
        f"Wis elke link ernaar en elke kopie of reproductie ten laatste op {notice.due}, en bevestig dat met het nummer"
        f" {notice.request}.\n\n"
        f"At {page.url} stands something about a person that we made public. That person asked to erase it, or its ground"
        " has ended (art. 17(2) GDPR).\n"
        f"Erase any link to it and any copy or replication of it by {notice.due}, and confirm it with the number"
        f" {notice.request}.\n"
    )
    return Letter(
        notice.id, "email", address, f"Art. 17(2): {notice.request}", text, "nl", now,
        message_id=f"<notice-{notice.request}-{notice.id}@{place.domain}>", envelope=place.sender,
    )  # fmt: skip


def escalate(
    connection: Connection,
    officer: str,
    transport: Transport,
    place: Place,
    today: dt.date,
    now: dt.datetime,
    *,
    prefix: str,
) -> tuple[Notice, ...]:
    """Tells the officer of those whose day is over without proof, in one mail, once: what no server took is told anew.

    in: as `send`; the officer's address; a civil day and an aware moment. The mail names numbers, recipients and days alone.
    """
    told: list[Notice] = []
    with connection.transaction() as whole, keeper(connection, prefix):
        late = notices.escalate(connection, today, now)
        if late and transport.send(_overdue(late, officer, place, now)).not_taken:
            raise Rollback(whole)
        told += late
    return tuple(told)


def _overdue(late: Sequence[Notice], officer: str, place: Place, now: dt.datetime) -> Letter:
    lines = "\n".join(f"  {one.id}: {one.recipient}, {one.change}, {one.due}, {one.state}" for one in late)
    text = (
        "Deze meldingen aan ontvangers hebben op hun dag geen bewijs (art. 19 AVG). Neem zelf contact op.\n"
        "These notices to recipients have no proof on their day (art. 19 GDPR). Get in touch yourself.\n\n"
        f"{lines}\n\nbloesem notices --proven NUMBER --proof …\n"
    )
    first = late[0].id
    return Letter(
        first, "email", officer, f"Art. 19: {len(late)}", text, "nl", now,
        message_id=f"<escalated-{first}-{len(late)}@{place.domain}>", envelope=place.sender,
    )  # fmt: skip


def _address(recipient: Recipient | None) -> str | None:
    contact = recipient.contact if recipient is not None else None
    return contact if contact is not None and "@" in contact else None


__all__ = ["Sent", "escalate", "letter", "send"]
