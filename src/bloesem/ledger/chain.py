"""The chain of acts at work: sealed, verified, gone when the law's term is over (R-055). A seal: `plan.sql.chain`."""

from __future__ import annotations

import datetime as dt

from bloesem.findings import Finding
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.stores.postgres import Connection

_RULE = "R-055: what was done is proven by a ledger that nobody changes unseen (art. 5(2))"
_WHAT = {
    "chain": "seal {seal} does not follow the one before it: a seal was changed, or taken out",
    "acts": "the acts under seal {seal} are not those that were sealed: one was changed, taken out or put in",
    "unsealed": "there is an act under a number that was past when all others were sealed: it was put in afterwards",
}


def seal(connection: Connection, plan: Plan) -> int:
    """A seal over all acts that have none. in: as keeper; in a transaction of its own. out: how many acts."""
    row = connection.execute(f"SELECT {ident(plan.schema)}.seal_acts()".encode()).fetchone()
    assert row is not None
    return int(row[0])


def forget(connection: Connection, plan: Plan, before: dt.date) -> int:
    """Acts go, a seal's all at once, when the last of them was done before the civil day `before`. The seal stays, and
    holds the chain. in: as keeper, in a transaction. out: how many acts."""
    s = ident(plan.schema)
    over = connection.execute(
        f"UPDATE {s}.act_seal z SET gone_on = {s}.today() WHERE z.gone_on IS NULL AND NOT EXISTS ("
        f"SELECT FROM {s}.act a WHERE a.id BETWEEN lower(z.ids) AND upper(z.ids) AND a.id <@ z.ids"
        f" AND {s}.civil(a.at) >= %s) RETURNING ids".encode(),
        [before],
    ).fetchall()
    gone = 0
    for (ids,) in over:
        gone += connection.execute(
            f"DELETE FROM {s}.act a WHERE a.id BETWEEN lower(%(ids)s::int8multirange) AND upper(%(ids)s::int8multirange)"
            " AND a.id <@ %(ids)s::int8multirange".encode(),
            {"ids": ids},
        ).rowcount
    return gone


def findings(connection: Connection, plan: Plan) -> list[Finding]:
    """What does not fit, each an error; nothing in a database that has no seals."""
    s = ident(plan.schema)
    there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{s}.act_seal"]).fetchone()
    if there != (True,):
        return []
    rows = connection.execute(
        f"SELECT DISTINCT seal, what FROM {s}.broken_seals() ORDER BY seal".encode()
    ).fetchall()
    remedy = "compare with the last backup whose seals fit, and look who had the database's owner since"
    return [
        Finding("error", "broken-ledger", _WHAT[what].format(seal=number), _RULE, remedy)
        for number, what in rows
    ]


def head(connection: Connection, plan: Plan) -> str | None:
    """The last seal, to keep outside of the database: who rewrote all of the chain has another. None before the first."""
    row = connection.execute(
        f"SELECT encode(digest, 'hex') FROM {ident(plan.schema)}.act_seal ORDER BY id DESC LIMIT 1".encode()
    ).fetchone()
    return None if row is None else str(row[0])


__all__ = ["findings", "forget", "head", "seal"]
