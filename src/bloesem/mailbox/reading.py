"""Hands each mail over once, then marks it. The receiver commits before it returns; what it raises leaves the mail waiting.

Killed after the receiver committed and before we wrote that down, the mail is handed over again under the same `key`: a
receiver writes its name in the transaction of what it makes of the mail, and does nothing for one that it knows.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from bloesem.mailbox.memory import Memory
from bloesem.mailbox.message import Message, parse
from bloesem.mailbox.places import Source

Receiver = Callable[[Message], None]
#: More than this many of one address within a day is noted on the mail: each is still handed over, as each may be a request.
MANY, WITHIN = 20, dt.timedelta(days=1)
_log = logging.getLogger(__name__)


def read(
    source: Source,
    memory: Memory,
    receiver: Receiver,
    own: Collection[str],
    now: dt.datetime,
    *,
    at_most: int = 200,
) -> Mapping[str, int]:
    """in: our own addresses; `now`, aware; how many mails one look takes. out: how many were
    `handed`, came `again`, `failed`; and how many lie unseen where the server puts what it takes for spam (`suspected`):
    none of them is read by us, as a receipt would be confirmed to whoever is forged there; a person looks (P-170).

    A mail that the receiver refuses is logged without a word of it, waits, and holds up no other."""
    counts: Counter[str] = Counter()
    memory.forget_senders(now - WITHIN)
    for mail in source.waiting(memory.done(source.name, source.validity)):
        message = parse(mail.raw, mail.arrived, own, now, whole=mail.whole)
        if memory.knows(message.key):
            counts["again"] += 1
        else:
            if memory.from_sender(message.sender, now - WITHIN) >= MANY:
                message = dataclasses.replace(message, notes=(*message.notes, "many"))
            try:
                receiver(message)
            except Exception as fault:  # whatever it is, the next mail must not wait for it
                _log.error("a mail could not be handed over (%s); it waits", type(fault).__name__)
                counts["failed"] += 1
                continue
            memory.handed(message.key, message.sender, now)
            counts["handed"] += 1
        source.finish(mail)
        if source.validity:
            memory.finish(source.name, source.validity, mail.number)
        if counts.total() >= at_most:
            break
    if many := source.suspected():
        counts["suspected"] = many
    return counts
