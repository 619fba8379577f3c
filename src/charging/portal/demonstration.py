"""Who can sign in to a demonstration: invented people and staff, with a page that lists them (named in bloesem.yaml)."""

from __future__ import annotations

import datetime as dt

from bloesem.gate.ids import new_id
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.stores.postgres import Connection
from charging.portal.seats import PERSON

#: Cases of the demonstration whose people sign in.
PEOPLE = ("ann", "customer", "restricted", "dispute_open", "shared_home")
#: Jobs of the invented installer.
JOBS = 4

_FLEET = "SELECT employer_id FROM data.employer_invoice_line GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
_JOBS = (
    "SELECT job_id FROM data.installation_file WHERE job_id IS NOT NULL"
    f" ORDER BY progress = 'closed', recorded_at DESC, 1 LIMIT {JOBS}"
)
_PRODUCTS = "SELECT id FROM data.product WHERE service = 'hems' ORDER BY id"
#: Days for which its jobs are assigned.
ASSIGNED = 60


def accounts(connection: Connection, plan: Plan, *, at: dt.datetime) -> None:
    """Makes them, or keeps them for another year. in: the administrator's connection, invented people in the database."""
    until = at + dt.timedelta(days=365)
    staff: tuple[tuple[str, str, str, str, list[int]], ...] = (
        ("vlootbeheer@klant.example", "Lotte Maes", "fleet", "fleetco", _numbers(connection, _FLEET)),
        (
            "installateur@monteur.example",
            "Karim Peeters",
            "installer",
            "voltwacht",
            _numbers(connection, _JOBS),
        ),
        ("energie@zonnewijs.example", "Noor Claes", "hems", "zonnewijs", _numbers(connection, _PRODUCTS)),
        ("reclame@blossom.example", "Sofie Claes", "marketing", "", []),
        ("privacy@blossom.example", "Hanne Willems", "officer", "", []),
    )
    named = connection.execute(
        f"SELECT key, person_id FROM {ident(plan.schema)}.console_case WHERE key = ANY (%s)", [list(PEOPLE)]
    ).fetchall()
    with connection.transaction():
        for email, name, role, recipient, numbers in staff:
            account(connection, until, role, numbers, email, name, recipient)
        day = civil(at)
        connection.execute(
            "UPDATE signin.signin_reach r SET since = COALESCE(r.since, %s), until = %s FROM signin.signin_account a"
            " WHERE a.id = r.user_id AND a.role = 'installer' AND a.email = 'installateur@monteur.example'",
            [day, day + dt.timedelta(days=ASSIGNED)],
        )
        for _, person in named:
            account(connection, until, PERSON, [person])


def _numbers(connection: Connection, query: str) -> list[int]:
    return [row[0] for row in connection.execute(query).fetchall()]


def account(
    connection: Connection,
    until: dt.datetime,
    role: str,
    numbers: list[int],
    email: str | None = None,
    name: str = "",
    recipient: str = "",
) -> None:
    """One who may sign in until then, in a seat, with the numbers of its scope; or another term for who is there already."""
    found = connection.execute(
        "SELECT id FROM signin.signin_account a WHERE role = %s AND (email = %s OR (%s::text IS NULL AND EXISTS"
        " (SELECT FROM signin.signin_reach r WHERE r.user_id = a.id AND r.number = ANY (%s))))",
        [role, email, email, numbers],
    ).fetchone()
    if found is not None:
        connection.execute(
            "UPDATE signin.signin_account SET expires_at = %s, recipient = %s WHERE id = %s",
            [until, recipient, found[0]],
        )
        return
    made = new_id()
    connection.execute(
        "INSERT INTO signin.signin_account (id, email, name, role, recipient, is_active, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, true, %s)",
        [made, email, name, role, recipient, until],
    )
    for number in numbers:
        connection.execute(
            "INSERT INTO signin.signin_reach (id, user_id, number) VALUES (%s, %s, %s)",
            [new_id(), made, number],
        )
