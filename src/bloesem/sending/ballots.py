"""One answer each to a survey, without knowing whose (P-044).

The link of an invitation holds a ballot drawn by chance, which nobody else can make. Stored is a hash of it and the survey:
no message, no person, no time. Answering takes the ballot away, so that nothing is left of who did; a link that was used,
and one that never was, are the same to us.
"""

from __future__ import annotations

import secrets

from bloesem.consent.rules import Rules
from bloesem.consent.tables import DOOR
from bloesem.plan.quoting import ident
from bloesem.plan.sql.statement import Statement, tidy
from bloesem.sending.confirming import keepers_alone
from bloesem.stores.postgres import Connection

OPEN = "ballot_open(text, text)"
TAKE = "ballot_take(text, text)"
FUNCTIONS = (OPEN, TAKE)
_BYTES = 24
_BALLOT = """
CREATE TABLE IF NOT EXISTS {s}.ballot (
    hash   bytea PRIMARY KEY CHECK (length(hash) = 32),
    survey text NOT NULL
)"""
_HEAD = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"


def statements(rules: Rules) -> list[Statement]:
    s, keeper = ident(rules.plan.schema), ident(rules.plan.role("keeper"))
    made = [
        ("ballots", _BALLOT.format(s=s)),
        ("ballots: the keeper's", f"ALTER TABLE {s}.ballot OWNER TO {keeper}"),
        ("ballots: nobody else's", f"REVOKE ALL ON {s}.ballot FROM PUBLIC"),
        ("ballots: whether one is good", _OPEN.format(s=s)),
        ("ballots: one is used", _TAKE.format(s=s)),
        *keepers_alone(FUNCTIONS, keeper),
    ]
    return [Statement("sending", about, tidy(text)) for about, text in made]


_HASH = "sha256(convert_to(asked || '/' || given, 'UTF8'))"
_OPEN = f"""
CREATE OR REPLACE FUNCTION {DOOR}.ballot_open(asked text, given text) RETURNS boolean LANGUAGE sql STABLE
{_HEAD} AS $$
    SELECT EXISTS (SELECT FROM {{s}}.ballot b WHERE b.hash = {_HASH} AND b.survey = asked)
$$"""
_TAKE = f"""
CREATE OR REPLACE FUNCTION {DOOR}.ballot_take(asked text, given text) RETURNS boolean LANGUAGE plpgsql
{_HEAD} AS $$
BEGIN
    DELETE FROM {{s}}.ballot b WHERE b.hash = {_HASH} AND b.survey = asked;
    RETURN FOUND;
END $$"""


def draw(connection: Connection, rules: Rules, survey: str) -> str:
    """A new ballot, in the caller's transaction. in: as keeper. out: what the link holds; it is stored nowhere."""
    given = secrets.token_urlsafe(_BYTES)
    connection.execute(
        f"INSERT INTO {ident(rules.plan.schema)}.ballot (hash, survey)"
        " VALUES (sha256(convert_to(%(survey)s || '/' || %(given)s, 'UTF8')), %(survey)s)".encode(),
        {"survey": survey, "given": given},
    )
    return given


__all__ = ["FUNCTIONS", "draw", "statements"]
