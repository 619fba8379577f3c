"""Segments: who is thought to be interested in what, by a logic that is recorded with its inputs (P-034, P-086)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from bloesem.gate.ids import new_id
from bloesem.plan.model import Plan
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection


@dataclass(frozen=True)
class Logic:
    """`people`: a query over the purpose's own views that gives one column, `person_id`; `inputs`: what it looks at."""

    segment: str
    version: str
    inputs: tuple[str, ...]
    people: str
    made_for: str = "marketing"


def work_out(connection: Connection, plan: Plan, logic: Logic) -> int:
    """Put the people of a logic into its segment, and out of it whoever it no longer finds. out: people in it.

    in: a connection of the login that serves the purpose. PostgreSQL itself refuses a logic that looks at anything which the
    purpose may not read: it runs as the purpose's role, and finds nothing but its views.
    raises: psycopg.errors.InsufficientPrivilege or UndefinedTable for such a logic.
    """
    purpose = plan.purpose(logic.made_for)
    with connection.transaction():
        now = moment(connection, plan)
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(plan.role(purpose.name))))
        connection.execute(
            sql.SQL("SET LOCAL search_path = {}, pg_temp").format(sql.Identifier(purpose.name))
        )
        rows: Sequence[tuple[int]] = connection.execute(logic.people.encode()).fetchall()
        people = sorted({person for (person,) in rows})
        connection.execute(
            "UPDATE segment SET segment = NULL, inputs = NULL"
            " WHERE segment = %s AND made_for = %s AND person_id <> ALL (%s)",
            [logic.segment, logic.made_for, people],
        )
        there: Sequence[tuple[int]] = connection.execute(
            "SELECT person_id FROM segment WHERE segment = %s AND made_for = %s",
            [logic.segment, logic.made_for],
        ).fetchall()
        known = {person for (person,) in there}
        new = [person for person in people if person not in known]
        connection.execute(
            "INSERT INTO segment (id, person_id, recorded_at, source, segment, inputs, logic_version, made_for, made_at)"
            " SELECT i, p, %(now)s, %(source)s, %(segment)s, %(inputs)s, %(version)s, %(made_for)s, %(now)s"
            " FROM unnest(%(ids)s::bigint[], %(people)s::bigint[]) AS n (i, p)",
            {
                "now": now,
                "source": f"derived:{logic.segment}",
                "segment": logic.segment,
                "inputs": ",".join(logic.inputs),
                "version": logic.version,
                "made_for": logic.made_for,
                "ids": [new_id() for _ in new],
                "people": new,
            },
        )
    return len(people)
