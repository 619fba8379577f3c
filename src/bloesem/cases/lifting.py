"""A restriction is lifted after the person was told (art. 18(3), P-158): a letter first, the end when it was sent.

officer     `case_lift(actor, number, why, told_on)`: `told_on`, where they were told otherwise than by a letter of ours
clerk       queues the letter; when it was sent `TOLD_BEFORE` ago, ends the facts of that case, and no others
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bloesem.cases.case import Bench, Case
from bloesem.cases.letters import LIFTS, Letters
from bloesem.plan.dates import civil
from bloesem.stores.facts import moment

LIFT = "case_lift(text, text, text, date)"
#: Days between the letter and the end: time to say something against it.
TOLD_BEFORE = 3

#: out: recorded, already (it is lifted, or will be), why (no reason), or not-now.
SQL = """
CREATE OR REPLACE FUNCTION {s}.case_lift(actor text, which text, because text, told_on date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR actor IS NULL OR actor !~ '[^[:space:]]' OR length(actor) > 200 OR found.asked <> 'restriction'
        OR found.state <> 'answered' OR found.person_id IS NULL OR NOT found.params ? 'facts'
        OR told_on > {s}.today() THEN
        RETURN 'not-now';
    END IF;
    IF EXISTS (SELECT FROM {s}.request_event e WHERE e.case_id = found.id AND e.what = 'lifts') THEN
        RETURN 'already';
    END IF;
    IF (because ~ '[^[:space:]]') IS NOT TRUE THEN
        RETURN 'why';
    END IF;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (found.id, {s}.moment(), 'lifts', actor, left(because, 2000));
    IF told_on IS NOT NULL THEN
        UPDATE {s}.request_case SET params = params || jsonb_build_object('told_on', told_on) WHERE id = found.id;
    END IF;
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

_WAITS = """
EXISTS (SELECT FROM {s}.request_event e JOIN {s}.request_case c ON c.id = e.case_id
WHERE e.what = 'lifts' AND NOT EXISTS (SELECT FROM {s}.request_event l WHERE l.case_id = c.id AND l.what = 'lifted')
  AND (c.params ? 'told_on'
       OR NOT EXISTS (SELECT FROM {s}.request_event l WHERE l.case_id = c.id AND l.what = 'told-' || e.id)
       OR EXISTS (SELECT FROM {s}.outbox o WHERE o.once = '{letter}:' || c.id || ':' || e.id AND o.state = 'sent'
                  AND {s}.civil(o.ended_at) + {before} <= {s}.today())))"""


def waits(s: str) -> str:
    """A test, in SQL: whether a clerk has something to lift, or somebody to tell of it. in: the schema, quoted."""
    return _WAITS.format(s=s, letter=LIFTS, before=TOLD_BEFORE)


@dataclass
class Lifting:
    """in: a keeper's connection that commits each statement by itself."""

    bench: Bench
    letters: Letters

    def run(self) -> int:
        """Tells whom a restriction is to end of, once, and ends those that were told in time. out: how many steps."""
        s, made = self.bench.s, 0
        rows = self.bench.connection.execute(
            f"""
SELECT c.id, e.id, e.said, c.params->>'told_on', o.ended_at,
       EXISTS (SELECT FROM {s}.request_event t WHERE t.case_id = c.id AND t.what = 'told-' || e.id)
FROM {s}.request_event e JOIN {s}.request_case c ON c.id = e.case_id
LEFT JOIN {s}.outbox o ON o.once = '{LIFTS}:' || c.id || ':' || e.id AND o.state = 'sent'
WHERE e.what = 'lifts' AND NOT EXISTS (SELECT FROM {s}.request_event l WHERE l.case_id = c.id AND l.what = 'lifted')
ORDER BY e.id""".encode()
        ).fetchall()
        for number, event, why, by_hand, sent, told in rows:
            case = self.bench.one(number)
            day = dt.date.fromisoformat(by_hand) if by_hand else civil(sent) if sent else None
            if day is None and not told:
                with self.bench.connection.transaction():
                    self.letters.queue(case, LIFTS, once=f":{event}", why=why or "", days=str(TOLD_BEFORE))
                    self.bench.event(case, f"told-{event}")
                made += 1
            elif day is not None and (by_hand or self._today() >= day + dt.timedelta(days=TOLD_BEFORE)):
                self._lift(case, day)
                made += 1
        return made

    def _today(self) -> dt.date:
        return civil(moment(self.bench.connection, self.bench.loaded.plan))

    def _lift(self, case: Case, day: dt.date) -> None:
        facts = [int(one) for one in case.params.get("facts", ())]
        self.bench.desk(case).lift(self.bench.wanted(case), facts, day)
        self.bench.event(case, "lifted")


__all__ = ["LIFT", "SQL", "TOLD_BEFORE", "Lifting", "waits"]
