"""Where it stands how far a version is: one row per version, no person in it. Who was told stands in the outbox."""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.plan.sql.statement import Statement, tidy
from bloesem.stores.postgres import Connection

_PUBLICATION = """
CREATE TABLE IF NOT EXISTS {s}.publication (
    version      date PRIMARY KEY,
    before       date NOT NULL,        -- the version that it follows
    digest       text NOT NULL,        -- of its files as they were decided about
    significant  boolean NOT NULL,
    decided_by   text NOT NULL CHECK (decided_by <> ''),
    reason       text NOT NULL CHECK (reason <> ''),
    decided_at   timestamptz NOT NULL,
    changes      jsonb NOT NULL,       -- the differences in meaning, as they were decided about
    announced_at timestamptz,
    announced_clock timestamptz,       -- by the real clock, as facts are recorded: a demonstration may be ahead of it
    announced_by text,
    shown_at     text,                 -- where everybody can read it
    activated_at timestamptz,
    activated_by text
)"""


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [
        ("publications", _PUBLICATION.format(s=s)),
        ("publications: keeper's", f"ALTER TABLE {s}.publication OWNER TO {keeper}"),
        ("publications: nobody else's", f"REVOKE ALL ON {s}.publication FROM PUBLIC"),
    ]
    return [Statement("publishing", about, tidy(text)) for about, text in made]


def install(admin: Connection, plan: Plan) -> None:
    """Makes the table where it is not there, in one transaction. in: as superuser, or as the database's owner."""
    with admin.transaction():
        for statement in statements(plan):
            admin.execute(statement.sql.encode())
