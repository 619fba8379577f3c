"""Whether the versions that were put in force are still what people were told of."""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.policy.company import Company
from bloesem.publishing.steps import Block
from bloesem.publishing.version import digest_of
from bloesem.stores.postgres import Connection


def altered(connection: Connection, plan: Plan, company: Company) -> list[Block]:
    """Versions whose files are no longer those that were put in force (P-182: each change of the model has its own day).

    in: as keeper or administrator. A first version came with its database, and was published by nobody: none is known of it.
    """
    s = ident(plan.schema)
    if connection.execute("SELECT to_regclass(%s)", [f"{s}.publication"]).fetchone() == (None,):
        return []
    rows = connection.execute(
        f"SELECT version, digest FROM {s}.publication WHERE activated_at IS NOT NULL ORDER BY version".encode()
    ).fetchall()
    return [
        Block(
            f"the files of {day} changed after that version was put in force",
            "P-173, P-182: a version that people were told of never changes; what changes has a later date",
            "put the files back as they were, and write a new version",
        )
        for day, digest in rows
        if digest_of(company, day) != digest
    ]


__all__ = ["altered"]
