"""The functions behind a form without an account: the letter that asks to confirm, and what became of a consent; and behind
the address where recipients answer a notice.

A login that shows such forms may call them and reads nothing for it. A consent is named by its record, which nobody can
guess; none of them gives one.
"""

from __future__ import annotations

from collections.abc import Sequence

from bloesem.consent.rules import Rules
from bloesem.consent.tables import DOOR
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.statement import Statement, tidy

ASK = "ask_to_confirm(text, text, text)"
BECAME = "consent_became(text)"
TAKE_BACK = "take_back_by_link(text, text)"
NEWER_WORD = "newer_word(bigint)"
DONE = "notice_done(uuid, text, text)"
FUNCTIONS = (ASK, BECAME, TAKE_BACK, NEWER_WORD, DONE)
#: The letter. Its class is the law's: who relies on a consent shows that it was given (art. 7(1)).
TEMPLATE = "confirm-consent"


def statements(rules: Rules) -> list[Statement]:
    keeper = ident(rules.plan.role("keeper"))
    every = (_ask(rules), _became(rules), _take_back(rules), _newer_word(rules), _done(rules))
    made = [("a form", text) for text in every]
    made += keepers_alone(FUNCTIONS, keeper)
    return [Statement("sending", about, tidy(text)) for about, text in made]


def keepers_alone(functions: Sequence[str], keeper: str) -> list[tuple[str, str]]:
    """What gives functions of the door to the keeper (a role, quoted), before a login is let to them. out: about, SQL."""
    return [
        one
        for function in functions
        for one in (
            (f"{function}: the keeper's", f"ALTER FUNCTION {DOOR}.{function} OWNER TO {keeper}"),
            (f"{function}: nobody else's", f"REVOKE EXECUTE ON FUNCTION {DOOR}.{function} FROM PUBLIC"),
            (f"{function}: the keeper may", f"GRANT EXECUTE ON FUNCTION {DOOR}.{function} TO {keeper}"),
        )
    ]


_HEAD = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"


def _ask(rules: Rules) -> str:
    """`ask_to_confirm(address, speaks, link)`: one letter of one template, to an address that asked for it. The address
    goes with the letter; nobody is a person of ours by it."""
    s = ident(rules.plan.schema)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.ask_to_confirm(address text, speaks text, link text) RETURNS void LANGUAGE sql
{_HEAD} AS $$
    INSERT INTO {s}.outbox
        (class, purpose, channel, template, version, address, language, contents, state, decided_at, due_at)
    SELECT 'legal', 'law:accountability', 'email', {literal(TEMPLATE)}, 1, btrim(address), speaks,
           jsonb_build_object('link', link), 'decided', {s}.moment(), {s}.moment()
    WHERE length(address) <= 320 AND length(link) <= 2000
$$"""


def _became(rules: Rules) -> str:
    """`consent_became(record)`: `given`, `withdrawn`, or nothing where there is no such record."""
    table = qualified(rules.consents.schema, rules.consents.name)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.consent_became(record text) RETURNS text LANGUAGE sql STABLE
{_HEAD} AS $$
    SELECT CASE WHEN count(*) = 0 THEN NULL WHEN bool_or(withdrawn_at IS NULL) THEN 'given' ELSE 'withdrawn' END
    FROM {table} WHERE record_id = record
$$"""


def _take_back(rules: Rules) -> str:
    """`take_back_by_link(record, how)`: what still stands of a consent ends now (P-058, P-099). out: rows;
    0 the second time."""
    s, table = ident(rules.plan.schema), qualified(rules.consents.schema, rules.consents.name)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.take_back_by_link(record text, how text) RETURNS integer LANGUAGE plpgsql
{_HEAD} AS $$
DECLARE
    made integer;
BEGIN
    PERFORM 1 FROM {s}.state WHERE person_id IN (SELECT person_id FROM {table} WHERE record_id = record) FOR UPDATE;
    UPDATE {table} SET withdrawn_at = {s}.moment(), withdrawn_how = take_back_by_link.how
    WHERE record_id = record AND withdrawn_at IS NULL;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$"""


def _done(rules: Rules) -> str:
    """`notice_done(request, recipient, proof)`: a recipient answered that it did what a notice asks (art. 19). out: whether
    there was one that was sent and has no proof yet."""
    s = ident(rules.plan.schema)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.notice_done(request uuid, recipient text, proof text) RETURNS boolean LANGUAGE plpgsql
{_HEAD} AS $$
BEGIN
    UPDATE {s}.notice n SET proven_at = {s}.moment(), proof = notice_done.proof
    WHERE n.request = notice_done.request AND n.recipient = notice_done.recipient
      AND n.sent_at IS NOT NULL AND n.proven_at IS NULL AND btrim(notice_done.proof) <> '';
    RETURN FOUND;
END $$"""


def _newer_word(rules: Rules) -> str:
    """`newer_word(person)`: an objection, or a channel that was refused, ends where a consent that still stands was given
    after it. It believes what stands in the table, and nothing that the caller says."""
    s, table = ident(rules.plan.schema), qualified(rules.consents.schema, rules.consents.name)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.newer_word(person bigint) RETURNS void LANGUAGE plpgsql
{_HEAD} AS $$
BEGIN
    PERFORM 1 FROM {s}.state WHERE person_id = person FOR UPDATE;
    PERFORM {s}.close_fact(f.id, {s}.moment()) FROM {s}.fact f
    WHERE f.person_id = person AND f.ends_at IS NULL AND EXISTS (
        SELECT FROM {table} c WHERE c.person_id = person AND c.withdrawn_at IS NULL AND c.given_at >= f.starts_at
            AND c.given_at <= {s}.moment()
            AND (f.kind = 'objection' AND f.key = c.part
                OR f.kind = 'channel' AND f.key = ANY (string_to_array(c.channel, ','))));
END $$"""
