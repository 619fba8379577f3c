"""What marketing remembers of a message that went out: which campaign, by which channel, on which ground, and when."""

from __future__ import annotations

import datetime as dt

from bloesem.gate.ids import new_id
from bloesem.sending.door import Queued
from bloesem.stores.postgres import Connection
from bloesem.stores.saying import saying


def remember(connection: Connection, message: Queued, now: dt.datetime) -> None:
    """For `Door(after=…)`: in the transaction that says that it was sent. It goes with the next objection (P-094), and is no
    interaction: our own message proves no interest (P-093)."""
    if message.person is None or message.purpose != "marketing":
        return
    connection.execute(saying(message.purpose))
    connection.execute(
        "INSERT INTO data.marketing_interaction (id, person_id, recorded_at, campaign, channel, basis, sent_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            new_id(),
            message.person,
            now,
            message.campaign or message.template,
            message.channel,
            message.purpose,
            now,
        ],
    )
