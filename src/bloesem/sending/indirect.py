"""People whose data somebody else gave (art. 14, R-010): told with the first message, and within a month in any case.

Whatever is first said to them has where their data comes from, which data, and where the whole notice stands (`block`). Whom
nobody wrote to is watched: a month after their data came in, or on the day on which it was given to somebody else, whichever
is first, they are to have been told (`owed`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bloesem.findings import Finding
from bloesem.law.periods import belgian_holidays, notice_due
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.policy.model import Policy
from bloesem.stores.postgres import Connection

_WORDS: Mapping[str, str] = {
    "nl": "\nWAAR JE GEGEVENS VANDAAN KOMEN\n{source} gaf ons: {what}. Wat we ermee doen, hoe lang, je rechten: {where}\n",
    "en": "\nWHERE YOUR DATA COMES FROM\n{source} gave us: {what}. What we do with it, how long, and your rights: {where}\n",
    "fr": "\nD’OÙ VIENNENT VOS DONNÉES\n{source} nous a donné : {what}. L’usage, la durée et vos droits : {where}\n",
    "de": "\nWOHER DEINE DATEN STAMMEN\n{source} gab uns: {what}. Was wir damit tun, wie lange, und deine Rechte: {where}\n",
}


@dataclass(frozen=True)
class Owed:
    """People who are to be told by a civil day, and have not been. `late`: the day is over."""

    due: dt.date
    people: int
    late: bool


def block(connection: Connection, plan: Plan, policy: Policy, person: int, language: str, site: str) -> str:
    """What stands apart in a first message to somebody of whom nothing came from themselves; else nothing."""
    rows = connection.execute(_sources(plan, "%(people)s").encode(), {"people": [person]}).fetchall()
    given = sorted({row[1] for row in rows})
    if not given or any(_own(plan, source) for source in given):
        return ""
    found = [
        one
        for one in policy.sources.values()
        if one.pattern and any(re.match(one.pattern, source) for source in given)
    ]
    named = ", ".join(one.label.get(language) or one.label["nl"] for one in found)
    keys = dict.fromkeys(key for one in found for key in one.only)
    what = ", ".join(str(policy.categories[key].label.get(language) or key) for key in keys)
    where = f"{site.rstrip('/')}/{language}/notice"
    return _WORDS[language].format(source=named, what=what, where=where)


def owed(connection: Connection, plan: Plan, today: dt.date) -> list[Owed]:
    """Per day, how many were not told yet. in: as keeper or administrator; a civil day. Nobody is named."""
    s = ident(plan.schema)
    rows = connection.execute(
        f"""
WITH given AS (SELECT person_id, source, min(since) AS since FROM ({_sources(plan, "NULL")}) AS g GROUP BY 1, 2),
     people AS (SELECT person_id, min(since) AS since FROM given GROUP BY 1
                HAVING bool_and(source ~ ANY (%(others)s)) )
SELECT p.since, (SELECT min({s}.civil(d.at)) FROM {s}.disclosed d WHERE d.person_id = p.person_id), count(*)
FROM people p
WHERE NOT EXISTS (SELECT FROM {s}.outbox o WHERE o.person_id = p.person_id AND o.state = 'sent' AND o.bounced_at IS NULL)
GROUP BY 1, 2""".encode(),
        {"people": None, "others": _others(plan)},
    ).fetchall()
    found: dict[dt.date, int] = {}
    for since, disclosed, many in rows:
        holidays = _holidays(since.year)
        due = notice_due(since, holidays=holidays, first_disclosure=disclosed)
        found[due] = found.get(due, 0) + many
    return [Owed(due, many, due < today) for due, many in sorted(found.items())]


def findings(connection: Connection, plan: Plan, today: dt.date) -> list[Finding]:
    """What is late, each an error; nothing where nothing was ever sent through the door: who was told what, is not known."""
    outbox = f"{ident(plan.schema)}.outbox"
    there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [outbox]).fetchone()
    if there != (True,) or connection.execute(
        f"SELECT EXISTS (SELECT FROM {outbox})".encode()
    ).fetchone() != (True,):
        return []
    return [
        Finding(
            "error",
            "late-notice",
            f"{one.people} whose data somebody else gave were to be told by {one.due}, and were not",
            "R-010: art. 14(3): within a month, or with the first message, or before the first disclosure",
            "write to them now; the first message has the notice",
        )
        for one in owed(connection, plan, today)
        if one.late
    ]


def _sources(plan: Plan, people: str) -> str:
    """A query: whose rows (`person_id`), from whom (`source`), since which civil day. The row that is the
    person says of nobody who gave it."""
    s, given = ident(plan.schema), _array(_given(plan))
    parts = []
    for t in plan.tables:
        if t.source and t.recorded and t.owners and not t.anchor:
            owner, source = f"r.{ident(t.owners[0])}", f"r.{ident(t.source)}"
            parts.append(
                f"SELECT {owner} AS person_id, {source} AS source, {s}.civil(r.{ident(t.recorded)}) AS since"
                f" FROM {qualified(t.schema, t.name)} r"
                f" WHERE ({people}::bigint[] IS NULL OR {owner} = ANY ({people})) AND {source} ~ ANY ({given})"
            )
    return " UNION ALL ".join(parts)


def _array(patterns: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(literal, patterns))}]::text[]"


def _given(plan: Plan) -> list[str]:
    """Patterns of what somebody gave: the person, or another. What we assign, observe or derive, nobody gave."""
    return [one.pattern for one in plan.sources if one.origin in ("provided", "received")]


def _others(plan: Plan) -> list[str]:
    return [one.pattern for one in plan.sources if one.origin == "received"]


def _own(plan: Plan, source: str) -> bool:
    return any(re.search(one.pattern, source) for one in plan.sources if one.origin == "provided")


@cache
def _holidays(year: int) -> frozenset[dt.date]:
    return belgian_holidays(year) | belgian_holidays(year + 1)


__all__ = ["Owed", "block", "findings", "owed"]
