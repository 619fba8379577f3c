"""What goes into an export: the columns that a recipient may have, and the manifest that goes with them. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.plan.model import Plan, TablePlan
from bloesem.policy.checks import covers
from bloesem.policy.model import Policy
from bloesem.recipients.decide import Decision
from bloesem.recipients.model import Assignment, Delivery, Recipient

VERSION = 1


@dataclass(frozen=True)
class Piece:
    """Columns of one table that are one owner's: on a row of several people each is given their own, and no more."""

    table: TablePlan
    owner: str
    columns: tuple[str, ...]


def pieces(plan: Plan, fields: Collection[str], readable: Mapping[str, Collection[str]]) -> Iterator[Piece]:
    """The columns of the map of which every category is in `fields`, and that the purpose reads (P-125).

    in: `readable`, per table what the purpose's role is granted. Numbers and links of ours have no category, and are given
    to nobody, nor are forms of a value that only serve to look it up; a date that is part of a key and has a category is
    given (an invoice's). A table that is shown while it is stored, to whom nothing of it is for, is given to nobody either.
    """
    for table in plan.tables:
        if table.always_visible:
            continue
        for number, owner in enumerate(table.owners):
            names = tuple(
                column.name
                for column in table.columns
                if column.owner == number
                and (not column.key or column.name in table.key)
                and column.categories
                and not column.lookup
                and column.name in readable.get(table.name, ())
                and all(covers(fields, category) for category in column.categories)
            )
            if names:
                yield Piece(table, owner, names)


def transfers_of(decision: Decision) -> list[dict[str, Any]]:
    """What leaves the EEA with it, for manifest, register and answer."""
    return [
        {
            "country": each.exposure.country,
            "sub_processor": each.exposure.of,
            "ways": list(each.exposure.ways),
            "transfer": each.key,
            "mechanism": each.transfer.mechanism if each.transfer else None,
        }
        for each in decision.transfers
    ]


def ends_of(task: Assignment | None) -> dt.date | None:
    """When the recipient returns or erases it: a project's last day, a list's (P-120, P-121)."""
    return task.last if task is not None and task.kind in ("project", "list") else None


def manifest(
    *,
    key: str,
    recipient: Recipient,
    decision: Decision,
    policy: Policy,
    ground: str,
    assignment: str | None,
    nonce: str,
    people: int,
    files: Sequence[Mapping[str, Any]],
    delivery: Delivery,
    due: dt.date | None,
) -> dict[str, Any]:
    """What goes with the rows: for whom, what, why, on which ground and mechanism, until when; and what each column is."""
    return {
        "manifest": VERSION,
        "export": nonce,
        "recipient": key,
        "name": recipient.name,
        "kind": recipient.kind,
        "role": recipient.role,
        "purpose": decision.purpose,
        "ground": ground,
        "assignment": assignment,
        "policy": policy.version.isoformat(),
        "decided_on": decision.today.isoformat(),
        "decided_until": decision.until.isoformat() if decision.until else None,
        "shows": delivery.shows,
        "confirm": delivery.back,
        "return_or_erase_by": due.isoformat() if due else None,
        "contract": recipient.contract.reference if recipient.contract else None,
        "transfers": transfers_of(decision),
        "people": people,
        "rows": sum(file["rows"] for file in files),
        "files": [
            {**file, "columns": [_column(policy, file["table"], name) for name in file.get("columns", ())]}
            for file in files
        ],
    }


def _column(policy: Policy, table: TablePlan, name: str) -> dict[str, Any]:
    categories = table.column(name).categories
    return {
        "name": name,
        "categories": list(categories),
        "meaning": [dict(policy.categories[category].label) for category in categories],
    }


__all__ = ["Piece", "ends_of", "manifest", "pieces", "transfers_of"]
