"""Measures of security, measured: what the database itself shows of each, written down with its day (P-009; art. 24, 32).

    access       the catalogue is what the plan made: roles, grants, row policies, and nobody else's
    encryption   logins have SCRAM verifiers to be checked against, no session comes unencrypted over a network, and what
                 is kept sealed begins like no file that somebody could read
    logging      acts are written, come under seals, and no seal is broken
    deletion     the clock has swept until today, and nothing that is due is stored longer than a day

An evidence record is an act: append-only, sealed, dated, numbers alone. One that is older than the interval that the record
declares, or that found something, is told by `findings`; until a database was in force for that long, nothing is late yet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bloesem.clock.due import overdue
from bloesem.findings import Finding
from bloesem.ledger import chain, record_act
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.stores.check import standing
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection
from bloesem.terms import add_period

KIND = "evidence"
#: How files begin that a program reads.
_FILES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"PK\x03\x04")
_SEALED = (("request_case", "sealed"), ("request_scan", "sealed"), ("request_elsewhere", "sealed"))
_RULE = "P-009, art. 24, 32: each declared measure has evidence that is newer than its interval"


@dataclass(frozen=True)
class Evidence:
    """What was last found of a measure. `on`: a civil day; none: never looked at. `wrong`: how many things were."""

    measure: str
    on: dt.date | None
    wrong: int
    until: dt.date  # the last day on which it counts

    def stands(self, today: dt.date) -> bool:
        return self.wrong == 0 and today <= self.until


def measure(connection: Connection, plan: Plan) -> dict[str, list[str]]:
    """What is wrong of each declared measure now; nothing: it holds. in: as keeper or administrator."""
    return {key: _BY[key](connection, plan) for key, _ in plan.measures}


def note(connection: Connection, plan: Plan, now: dt.datetime) -> dict[str, list[str]]:
    """Measures, and writes the evidence down, in a transaction of its own. out: as `measure`."""
    with connection.transaction():
        found = measure(connection, plan)
        if found:
            counts = {key: {"wrong": len(wrong)} for key, wrong in found.items()}
            record_act(connection, KIND, now, counts=counts, schema=plan.schema)
    return found


def due(connection: Connection, plan: Plan, today: dt.date) -> bool:
    """Whether any measure was not looked at today."""
    return any(one.on is None or one.on < today for one in last(connection, plan))


def last(connection: Connection, plan: Plan) -> list[Evidence]:
    """The newest evidence of each declared measure."""
    s = ident(plan.schema)
    rows = connection.execute(
        f"SELECT DISTINCT ON (m.key) m.key, {s}.civil(a.as_of), (m.value->>'wrong')::integer FROM {s}.act a,"
        f" jsonb_each(a.counts) AS m WHERE a.kind = '{KIND}' ORDER BY m.key, a.id DESC".encode()
    ).fetchall()
    known = {key: (on, wrong) for key, on, wrong in rows}
    since = connection.execute(f"SELECT {s}.civil(min(at)) FROM {s}.installed".encode()).fetchone()
    begun = since[0] if since and since[0] else civil(moment(connection, plan))
    made = []
    for key, interval in plan.measures:
        on, wrong = known.get(key, (None, 0))
        made.append(Evidence(key, on, wrong, add_period(on or begun, interval)))
    return made


def lacking(connection: Connection, plan: Plan, today: dt.date) -> list[Evidence]:
    """Measures whose evidence is missing, too old, or found something."""
    return [one for one in last(connection, plan) if not one.stands(today)]


def findings(connection: Connection, plan: Plan) -> list[Finding]:
    """Each an error: nobody can show that a measure that the notice speaks of is in place."""
    today = civil(moment(connection, plan))
    return [
        Finding(
            "error",
            "no-evidence",
            f"measure `{one.measure}`: "
            + (
                f"{one.wrong} things were wrong on {one.on}"
                if one.wrong
                else f"its evidence is of {one.on}, and counted until {one.until}"
                if one.on
                else "nobody ever looked at it"
            ),
            _RULE,
            "mend what it finds, then let the keeper's helper look again (it does so daily), or run `bloesem sweep`",
        )
        for one in lacking(connection, plan, today)
    ]


# ---- each measure --------------------------------------------------------------------------------------------------------


def _access(connection: Connection, plan: Plan) -> list[str]:
    open_ = connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname || '.' || c.relname = ANY (%s) AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        [[f"{table.schema}.{table.name}" for table in plan.tables]],
    ).fetchall()
    strong = [one.thing for one in standing(connection, plan) if one.severity == "error"]
    return [*strong, *(f"{name} has no forced row policies" for (name,) in open_)]


def _encryption(connection: Connection, plan: Plan) -> list[str]:
    row = connection.execute("SELECT current_setting('password_encryption')").fetchone()
    wrong = [] if row == ("scram-sha-256",) else ["passwords are not kept as SCRAM verifiers"]
    plain = connection.execute(
        "SELECT count(*) FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) WHERE a.usename = ANY (%s)"
        " AND s.ssl IS FALSE AND a.client_addr IS NOT NULL AND NOT a.client_addr <<= '127.0.0.0/8'"
        " AND NOT a.client_addr <<= '::1/128'",
        [[plan.role(login) for login in ("keeper", *plan.processes)]],
    ).fetchone()
    if plain and plain[0]:
        wrong.append(f"{plain[0]} sessions come unencrypted over a network")
    s = ident(plan.schema)
    for table, column in _SEALED:
        there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{s}.{table}"]).fetchone()
        if there != (True,):
            continue
        heads = connection.execute(
            f"SELECT substr({column}, 1, 64) FROM {s}.{table} WHERE {column} IS NOT NULL".encode()
        ).fetchall()
        if any(_readable(bytes(head)) for (head,) in heads):
            wrong.append(f"{table}.{column} holds what is not sealed")
    return wrong


def _readable(head: bytes) -> bool:
    """Whether something begins like a file that a program reads, or like text: what is sealed looks like chance."""
    return head.startswith(_FILES) or (len(head) >= 16 and head.isascii() and all(byte >= 9 for byte in head))


def _logging(connection: Connection, plan: Plan) -> list[str]:
    s = ident(plan.schema)
    wrong = [one.thing for one in chain.findings(connection, plan)]
    row = connection.execute(
        f"SELECT (SELECT max(at) FROM {s}.act_seal) < clock_timestamp() - interval '2 days',"
        f" (SELECT tgenabled <> 'O' FROM pg_trigger WHERE tgrelid = '{s}.act'::regclass AND tgname = 'append_only')".encode()
    ).fetchone()
    unsealed, loose = row if row else (None, None)
    if unsealed:
        wrong.append("no act came under a seal for two days")
    if loose is not False:
        wrong.append("the ledger is not append-only")
    return wrong


def _deletion(connection: Connection, plan: Plan) -> list[str]:
    now = moment(connection, plan)
    row = connection.execute(f"SELECT swept FROM {ident(plan.schema)}.watermark".encode()).fetchone()
    swept = row[0] if row else None
    if swept is None or swept < civil(now) - dt.timedelta(days=1):
        return [f"the clock has swept until {swept or 'no day'}"]
    late = overdue(connection, plan, now)
    waiting = late.rows + (late.people if late.since is not None and late.since < civil(now) else 0)
    return [f"{waiting} people or rows are due and still stored"] if waiting else []


_BY: dict[str, Callable[[Connection, Plan], list[str]]] = {
    "access": _access,
    "encryption": _encryption,
    "logging": _logging,
    "deletion": _deletion,
}


def named(found: Sequence[Evidence]) -> str:
    return ", ".join(one.measure for one in found)


__all__ = ["KIND", "Evidence", "due", "findings", "lacking", "last", "measure", "named", "note"]
