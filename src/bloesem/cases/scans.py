"""Scans of letters and mandates: kept with their case, sealed, and gone with it (R-016, R-021).

The page that takes one in seals it for the helper's key (`box`) before it is sent anywhere. To be shown it is asked for by
an officer, which is written down as a read of whom the case is about; the helper opens it and seals it anew, for the key of
that one look. Nothing of it ever stands in the database in plain.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bloesem.cases import words as theirs
from bloesem.cases.box import Opener, opened, seal
from bloesem.cases.words import THEIRS, Words
from bloesem.errors import GateError
from bloesem.gate.oversight import Oversight
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql.logbook import HEAD, NOBODY, noted
from bloesem.rights.keys import Keys

if TYPE_CHECKING:  # it brings what makes PDFs along
    from bloesem.cases.case import Bench

#: Bytes of one at most, and how many a case has at most.
MOST, MANY = 10 * 1024 * 1024, 20
WHAT = ("letter", "mandate")
TYPES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
#: What the person wrote, once their case has ended: nobody needs it for the work any more, and it is kept for years.
WORDS, TEXT = "words", {"text/plain": "txt"}
SUFFIX = {**TYPES, **TEXT}
#: In the place of words that no key opens any more.
UNREAD = "[…]"
#: A look that nobody fetched goes.
LOOK_FOR = "5 minutes"
_WAIT_SECONDS, _AGAIN_SECONDS = 12.0, 0.1

HAS_WORDS = "ended_at IS NOT NULL AND words IS NOT NULL AND NOT params ? 'message'"
TABLES = ("request_key", "request_scan", "request_look")
KEY = "case_key()"
ADD = "case_scan_add(text, text, text, text, integer, bytea)"
DROP = "case_scan_drop(text, text, bigint)"
ASK = "case_scan_ask(text, text, bigint, bytea)"
GOT = "case_scan_got(text, bigint)"
OFFICERS = (KEY, ADD, DROP, ASK, GOT)

_HEAD = re.compile(rb"%PDF-[12]\.\d")


def is_pdf(data: bytes) -> bool:
    """By its content: how it begins and ends; a file that only has the name of one is none."""
    return _HEAD.match(data) is not None and b"%%EOF" in data[-2048:] and b"startxref" in data[-4096:]


def about(number: str, what: str) -> str:
    return f"scan {what} of case {number}"


@dataclass(frozen=True)
class Scans:
    """The officer's side. in: a connection of the officer's login. What it writes is committed before it comes back."""

    ask: Oversight

    def add(self, actor: str, number: str, what: str, type_: str, data: bytes) -> str:
        """in: its content, checked. out: recorded, many, or not-now."""
        key = self._one("{s}.case_key()")
        if key is None or what not in WHAT or type_ not in TYPES or not 0 < len(data) <= MOST:
            return "not-now"
        sealed = seal(bytes(key), data, about(number, what))
        said = self._one(
            "{s}.case_scan_add(%s, %s, %s, %s, %s, %s)", actor, number, what, type_, len(data), sealed
        )
        return str(said)

    def drop(self, actor: str, number: str, scan: int) -> str:
        """One that should not have been kept. out: recorded, or not-now."""
        return str(self._one("{s}.case_scan_drop(%s, %s, %s)", actor, number, scan))

    def show(self, actor: str, number: str, scan: int, what: str) -> bytes | None:
        """Its content, once the helper has opened it; None where there is none, or nobody opened it in time."""
        opener = Opener.new()
        look = self._one("{s}.case_scan_ask(%s, %s, %s, %s)", actor, number, scan, opener.public)
        if look is None:
            return None
        until = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < until:
            sealed = self._one("{s}.case_scan_got(%s, %s)", actor, look)
            if sealed is not None:
                return opener.open(bytes(sealed), about(number, what))
            time.sleep(_AGAIN_SECONDS)
        return None

    def _one(self, call: str, *values: object) -> Any:
        found = self.ask.rows(f"SELECT {call}", *values)[0][0]
        self.ask.connection.commit()
        return found


@dataclass(frozen=True)
class Looks:
    """The helper's side: what officers asked to see."""

    bench: Bench
    keys: Keys = field(repr=False)

    def serve(self) -> int:
        """out: how many were opened."""
        s, run = self.bench.s, self.bench.connection
        theirs.publish(run, s, self.keys)
        theirs.seal_plain(run, s, self.keys)
        run.execute(f"DELETE FROM {s}.request_look WHERE at < {s}.moment() - interval '{LOOK_FOR}'".encode())
        rows = run.execute(
            f"SELECT l.id, l.public, f.sealed, f.what, c.number FROM {s}.request_look l JOIN {s}.request_scan f"
            f" ON f.id = l.scan_id JOIN {s}.request_case c ON c.id = f.case_id WHERE l.sealed IS NULL ORDER BY l.id".encode()
        ).fetchall()
        for look, public, sealed, what, number in rows:
            try:
                plain = opened(self.keys, bytes(sealed), about(number, what))
            except GateError:  # whoever looks is told that it does not open
                run.execute(f"DELETE FROM {s}.request_look WHERE id = %s".encode(), [look])
                continue
            again = seal(bytes(public), plain, about(number, what))
            run.execute(f"UPDATE {s}.request_look SET sealed = %s WHERE id = %s".encode(), [again, look])
        return len(rows)


@dataclass(frozen=True)
class Ended:
    """The words of cases that have ended, put away sealed: they are read as a scan is, and go with their case."""

    bench: Bench
    keys: Keys = field(repr=False)

    def put_away(self, most: int = 100) -> int:
        """out: of how many cases; each in a transaction of its own."""
        s, run = self.bench.s, self.bench.connection
        rows = run.execute(
            f"SELECT id, number FROM {s}.request_case WHERE {HAS_WORDS} ORDER BY id LIMIT %s".encode(), [most]
        ).fetchall()
        for case_id, number in rows:
            with run.transaction():
                said = run.execute(
                    f"WITH c AS (SELECT words FROM {s}.request_case WHERE id = %s AND {HAS_WORDS} FOR UPDATE)"
                    f" SELECT c.words, (SELECT array_agg(e.said ORDER BY e.id) FROM {s}.request_event e"
                    " WHERE e.case_id = %s AND e.what = ANY (%s) AND e.said IS NOT NULL) FROM c".encode(),
                    [case_id, case_id, list(THEIRS)],
                ).fetchone()
                if said is None:
                    continue  # it was opened again meanwhile
                read = Words.of(self.keys).read
                plain = [read(one) or UNREAD for one in [said[0], *(said[1] or ())] if one]
                text = "\n\n---\n\n".join(plain).encode()[:MOST]
                if text:
                    sealed = seal(Opener.of(self.keys.current).public, text, about(number, WORDS))
                    run.execute(
                        f"INSERT INTO {s}.request_scan (case_id, at, by, what, type, size, sealed)"
                        f" VALUES (%s, {s}.moment(), 'clerk', %s, 'text/plain', %s, %s)".encode(),
                        [case_id, WORDS, len(text), sealed],
                    )
                run.execute(f"UPDATE {s}.request_case SET words = NULL WHERE id = %s".encode(), [case_id])
                run.execute(
                    f"UPDATE {s}.request_event SET said = NULL WHERE case_id = %s AND what = ANY (%s)".encode(),
                    [case_id, list(THEIRS)],
                )
        return len(rows)


def waits(s: str) -> str:
    """SQL: whether there is something for the helper to open or to forget, or its key is not there yet."""
    return (
        f"EXISTS (SELECT FROM {s}.request_look WHERE sealed IS NULL OR at < {s}.moment() - interval '{LOOK_FOR}')"
        f" OR NOT EXISTS (SELECT FROM {s}.request_key)"
        f" OR EXISTS (SELECT FROM {s}.request_case WHERE {HAS_WORDS}) OR EXISTS ({theirs.plain(s)})"
    )


def tables(s: str) -> list[tuple[str, str]]:
    return [
        ("scans: for which key", f"""
CREATE TABLE IF NOT EXISTS {s}.request_key (number integer PRIMARY KEY, public bytea NOT NULL)"""),
        ("words: for which key", f"ALTER TABLE {s}.request_key ADD COLUMN IF NOT EXISTS words bytea"),
        ("scans", f"""
CREATE TABLE IF NOT EXISTS {s}.request_scan (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES {s}.request_case ON DELETE CASCADE,
    at      timestamptz NOT NULL,
    by      text NOT NULL,
    what    text NOT NULL CHECK (what IN ({', '.join(map(literal, (*WHAT, WORDS)))})),
    type    text NOT NULL CHECK (type IN ({', '.join(map(literal, SUFFIX))})),
    size    integer NOT NULL CHECK (size BETWEEN 1 AND {MOST}),
    sealed  bytea NOT NULL
)"""),
        ("scans: of a case", f"CREATE INDEX IF NOT EXISTS request_scan_case ON {s}.request_scan (case_id)"),
        ("scans: looks", f"""
CREATE TABLE IF NOT EXISTS {s}.request_look (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scan_id bigint NOT NULL REFERENCES {s}.request_scan ON DELETE CASCADE,
    at      timestamptz NOT NULL,
    by      text NOT NULL,
    public  bytea NOT NULL,
    sealed  bytea
)"""),
    ]  # fmt: skip


def functions(plan: Plan) -> dict[str, str]:
    """By signature. `{{channel}}` is filled in where the others are."""
    s = ident(plan.schema)
    purpose = literal(plan.oversight.purpose) if plan.oversight else "'law:accountability'"
    who, head = NOBODY, HEAD
    return {
        KEY: f"""
CREATE OR REPLACE FUNCTION {s}.case_key() RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT public FROM {s}.request_key ORDER BY number DESC LIMIT 1
$$""",
        ADD: f"""
CREATE OR REPLACE FUNCTION {s}.case_scan_add(actor text, which text, what text, type text, size integer, sealed bytea)
RETURNS text {head}
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR {who} OR length(sealed) > {MOST + 1024} THEN
        RETURN 'not-now';
    END IF;
    IF (SELECT count(*) FROM {s}.request_scan f WHERE f.case_id = found.id) >= {MANY} THEN
        RETURN 'many';
    END IF;
    INSERT INTO {s}.request_scan (case_id, at, by, what, type, size, sealed)
    VALUES (found.id, {s}.moment(), actor, case_scan_add.what, case_scan_add.type, case_scan_add.size, case_scan_add.sealed);
    INSERT INTO {s}.request_event (case_id, at, what, by) VALUES (found.id, {s}.moment(), 'scanned', actor);
    RETURN 'recorded';
END $$""",
        DROP: f"""
CREATE OR REPLACE FUNCTION {s}.case_scan_drop(actor text, which text, scan bigint) RETURNS text {head}
DECLARE
    gone bigint;
BEGIN
    IF {who} THEN
        RETURN 'not-now';
    END IF;
    DELETE FROM {s}.request_scan f USING {s}.request_case c
    WHERE f.id = scan AND f.what <> {literal(WORDS)} AND f.case_id = c.id AND c.number = which RETURNING c.id INTO gone;
    IF gone IS NULL THEN
        RETURN 'not-now';
    END IF;
    INSERT INTO {s}.request_event (case_id, at, what, by) VALUES (gone, {s}.moment(), 'scan-dropped', actor);
    RETURN 'recorded';
END $$""",
        ASK: f"""
CREATE OR REPLACE FUNCTION {s}.case_scan_ask(actor text, which text, scan bigint, public bytea) RETURNS bigint {head}
DECLARE
    found {s}.request_case;
    whose bigint[] := '{{}}';
    made bigint;
    look bigint;
BEGIN
    IF {who} OR length(public) <> 32 THEN
        RAISE EXCEPTION 'who looks says who they are' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c.* INTO found FROM {s}.request_case c JOIN {s}.request_scan f ON f.case_id = c.id
    WHERE c.number = which AND f.id = scan;
    IF found.id IS NULL THEN
        RETURN NULL;
    END IF;
    IF found.person_id IS NOT NULL THEN
        whose := ARRAY[found.person_id];
    {noted(plan, actor="case_scan_ask.actor", purpose=purpose, about="found.id", second="NULL::text")}
    END IF;
    INSERT INTO {s}.request_look (scan_id, at, by, public) VALUES (scan, {s}.moment(), actor, case_scan_ask.public)
    RETURNING id INTO look;
    PERFORM pg_notify(CHANNEL, '');
    RETURN look;
END $$""",
        GOT: f"""
CREATE OR REPLACE FUNCTION {s}.case_scan_got(actor text, look bigint) RETURNS bytea {head}
DECLARE
    found bytea;
BEGIN
    DELETE FROM {s}.request_look l WHERE l.id = look AND l.by = actor AND l.sealed IS NOT NULL RETURNING l.sealed INTO found;
    RETURN found;
END $$""",
    }


__all__ = [
    "MANY",
    "MOST",
    "OFFICERS",
    "SUFFIX",
    "TABLES",
    "TYPES",
    "WHAT",
    "WORDS",
    "Ended",
    "Looks",
    "Scans",
    "functions",
    "is_pdf",
    "tables",
    "waits",
]
