"""Letters about cases on paper, for whoever gave no e-mail address: printed and posted from the outbox.

The answer's letter has the answer itself, the data as tables (`answers.annex`), and the link to the files: it is opened with
the token of that very link, as the letter leaves. No other copy of it is kept.
"""

from __future__ import annotations

import json

from bloesem.answers import Answer, token_hash, unseal
from bloesem.answers.made import letter as printed
from bloesem.cases.letters import ON_PAPER
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.sending.door import Queued
from bloesem.sending.transports import Letter
from bloesem.stores.postgres import Connection


def enclosed(connection: Connection, plan: Plan, sender: str, queued: Queued, letter: Letter) -> bytes | None:
    """The pages of a letter about a case; None for any other. in: as keeper; whose letter it is."""
    if letter.channel != "post" or not queued.template.startswith("case-"):
        return None
    answer, pages = None, None
    if queued.template == ON_PAPER:
        token = str(queued.contents["link"]).rpartition("/")[2]
        row = connection.execute(
            f"SELECT sealed FROM {ident(plan.schema)}.request_case WHERE token_hash = %s".encode(),
            [token_hash(token)],
        ).fetchone()
        found = unseal(token, bytes(row[0])) if row and row[0] is not None else None
        answer = Answer.read(json.loads(found["answer.json"])) if found is not None else None
        pages = json.loads(found["annex.json"]) if found is not None and "annex.json" in found else None
    lines = [line for line in letter.text.partition("\n-- \n")[0].splitlines() if line.strip()]
    return printed(sender, letter.address.splitlines(), letter.subject, lines, letter.language, answer, pages)


__all__ = ["enclosed"]
