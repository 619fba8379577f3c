"""What is stored without a reason goes on the officer's word too, not only on the command line's (P-153, art. 17(1)(d)).

The officer's page asks the helper to look: it reads every table once, and says how many rows there are of which reason, and
nobody. What was found is erased when the officer then says so, within a day, and only if it is still as many: what nobody
saw is not done. Both are done beside the clerk, as a residue pass is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from bloesem.errors import BloesemError
from bloesem.gate.oversight import Oversight
from bloesem.plan.quoting import literal
from bloesem.plan.sql.logbook import NOBODY

if TYPE_CHECKING:
    from bloesem.cases.case import Bench

TABLE = "own_motion"
ASK = "unlawful_ask(text, text)"
LAST = "unlawful_last()"
OFFICERS = (ASK, LAST)
#: For how long what was found may be erased without another look.
GOOD_FOR = "1 day"

TABLE_SQL = """
CREATE TABLE IF NOT EXISTS {s}.own_motion (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what     text NOT NULL CHECK (what IN ('look', 'erase')),
    by       text NOT NULL,
    at       timestamptz NOT NULL,
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'changed', 'failed')),
    reasons  jsonb NOT NULL DEFAULT '{{}}', -- how many rows of which reason: of an erasure at first those that were shown
    people   integer NOT NULL DEFAULT 0,
    erased   integer NOT NULL DEFAULT 0,
    ended_at timestamptz
)"""

#: `unlawful_ask(actor, what)`: look, or erase what the last look found. out: recorded, already (one is being done), or
#: not-now.
ASK_SQL = f"""
CREATE OR REPLACE FUNCTION {{s}}.unlawful_ask(actor text, what text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seen {{s}}.own_motion;
BEGIN
    IF {NOBODY} OR (what IN ('look', 'erase')) IS NOT TRUE THEN
        RETURN 'not-now';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('bloesem own motion', 0));
    IF EXISTS (SELECT FROM {{s}}.own_motion m WHERE m.state = 'waiting') THEN
        RETURN 'already';
    END IF;
    SELECT * INTO seen FROM {{s}}.own_motion m ORDER BY m.id DESC LIMIT 1;
    IF what = 'erase' AND (seen.what = 'look' AND seen.state = 'done' AND seen.people > 0
        AND seen.ended_at > {{s}}.moment() - interval '{GOOD_FOR}') IS NOT TRUE THEN
        RETURN 'not-now';
    END IF;
    INSERT INTO {{s}}.own_motion (what, by, at, reasons)
    VALUES (unlawful_ask.what, actor, {{s}}.moment(),
            CASE WHEN unlawful_ask.what = 'erase' THEN seen.reasons ELSE '{{{{}}}}' END);
    PERFORM pg_notify({{channel}}, '');
    RETURN 'recorded';
END $$"""

LAST_SQL = """
CREATE OR REPLACE FUNCTION {s}.unlawful_last() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT to_jsonb(m) - '{{id}}'::text[] FROM {s}.own_motion m ORDER BY m.id DESC LIMIT 1
$$"""


@dataclass(frozen=True)
class Last:
    """The last step: look or erase. `reasons`: how many rows of which (`rights.guarded.unlawful`); `erased`: how many
    went."""

    what: str
    state: str
    at: dt.datetime
    reasons: Mapping[str, int]
    people: int
    erased: int

    @property
    def can_erase(self) -> bool:
        return self.what == "look" and self.state == "done" and self.people > 0


@dataclass(frozen=True)
class Unlawful:
    """The officer's side. in: a connection of the officer's login. What it writes is committed before it comes back."""

    ask: Oversight

    def press(self, actor: str, what: str) -> str:
        """in: look or erase. out: recorded, already, or not-now."""
        if what not in ("look", "erase"):  # nor anything that no database takes for a text
            return "not-now"
        said = str(self.ask.rows("SELECT {s}.unlawful_ask(%s, %s)", actor, what)[0][0])
        self.ask.connection.commit()
        return said

    def last(self) -> Last | None:
        found = self.ask.rows("SELECT {s}.unlawful_last()")[0][0]
        if found is None:
            return None
        return Last(
            *(found["what"], found["state"], dt.datetime.fromisoformat(found["ended_at"] or found["at"])),
            *(found["reasons"], found["people"], found["erased"]),
        )


def waiting(s: str) -> str:
    """SQL: whether one waits to be done."""
    return f"EXISTS (SELECT FROM {s}.own_motion WHERE state = {literal('waiting')})"


def run(bench: Bench) -> bool:
    """What waits is done. in: as keeper, on a connection that commits each statement by itself. out: whether any waited."""
    from bloesem.rights.guarded.own_motion import Found, erase_unlawful  # it brings half the engine along

    s, connection, loaded = bench.s, bench.connection, bench.loaded
    rows = connection.execute(
        f"SELECT id, what, reasons FROM {s}.own_motion WHERE state = 'waiting' ORDER BY id".encode()
    ).fetchall()
    for number, what, shown in rows:
        state, found = "done", Found({}, 0, 0)
        try:
            found = erase_unlawful(connection, loaded.plan, loaded.maps.datamap, dry_run=True)
            if what == "erase" and dict(found.reasons) != shown:
                state = "changed"
            elif what == "erase":
                found = erase_unlawful(connection, loaded.plan, loaded.maps.datamap)
        except BloesemError:  # nothing was written: it may be asked again
            state = "failed"
        values: list[Any] = [state, Jsonb(dict(found.reasons)), found.people, found.rows, number]
        connection.execute(
            f"UPDATE {s}.own_motion SET state = %s, reasons = %s, people = %s, erased = %s, ended_at = {s}.moment()"
            " WHERE id = %s".encode(),
            values,
        )
    return bool(rows)


__all__ = ["OFFICERS", "TABLE", "Last", "Unlawful", "run", "waiting"]
