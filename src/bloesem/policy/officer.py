"""The data protection officer (art. 37 to 39, R-052): reached by everybody, known to the authority, instructed by nobody.

Where the officer is reached stands in the policy, and so in every notice, answer and register. What the text does not say
is in the record (`dpo`): when the authority was told, to whom the officer reports, what else they do, and that nobody
instructs them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from bloesem.findings import Finding
from bloesem.policy.model import Policy, Record

_RULE = "R-052: art. 37(7), 38(3), 38(6), 39"


def officer_findings(policy: Policy, record: Record, on: dt.date) -> list[Finding]:
    """What is missing on a civil day; nothing is asked of a company that keeps no register of processing."""
    return list(_found(policy, record, on)) if record.register_ is not None else []


def _found(policy: Policy, record: Record, on: dt.date) -> Iterator[Finding]:
    contact = policy.contact
    lacks = [
        name
        for name, there in (
            ("a function", any(text.strip() for text in contact.function.values())),
            ("an e-mail address", "@" in contact.email),
            ("a postal address", contact.post is not None and bool(contact.post.street.strip())),
        )
        if not there
    ]
    for name in lacks:
        yield _finding(
            f"the officer has no {name.partition(' ')[2]} in the policy", "write it under `contact`"
        )
    if set(contact.for_) != {"question", "complaint", "request"}:
        yield _finding(
            "the officer is not for every question, complaint and request",
            "write all three under `contact.for`",
        )
    said = record.dpo
    if said is None:
        yield _finding("the record says nothing of the officer", "write `dpo` in a file of the record")
        return
    if said.authority_told > on:
        yield _finding(
            f"the authority is told of the officer on {said.authority_told} only",
            "tell it, and write the day",
        )
    for one in said.other_tasks:
        if one.decides:
            task = one.task.get("en") or one.task.get("nl", "")
            yield _finding(
                f"the officer also decides what is processed: {task}",
                "give one of the two tasks to somebody else",
            )


def _finding(thing: str, remedy: str) -> Finding:
    return Finding("error", "officer", thing, _RULE, remedy, "record: dpo")


__all__ = ["officer_findings"]
