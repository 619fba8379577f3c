"""The outbox and campaigns, and the function behind a link.

A message of the outbox says to whom, of which template, by which channel and what became of it; never its words, and an
address only where the request itself gave one (the letter that confirms an objection), until it is sent. Like who read whom
it is kept for accountability (art. 5(2)) and goes with that term.
"""

from __future__ import annotations

from bloesem.consent import own
from bloesem.consent.rules import Rules
from bloesem.consent.tables import DOOR, SIGNAL
from bloesem.consent.tables import statements as consent_statements
from bloesem.consent.texts import Texts
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.logbook import doormen
from bloesem.plan.sql.statement import Statement, tidy
from bloesem.sending import ballots, confirming, lists, office_sql
from bloesem.sending.office_sql import statements as office_statements
from bloesem.stores.postgres import Connection

TABLES = ("outbox", "campaign", "to_suppress")
STATES = ("decided", "refused", "claimed", "sent", "failed", "unknown")
UNSUBSCRIBE = "unsubscribe(bigint, text, text)"
REFUSE = "refuse_advertising(text)"


def install(
    admin: Connection, rules: Rules, *, pages: tuple[str, ...] = (), texts: Texts | None = None
) -> None:
    """Makes what is not there, and the functions anew, in one transaction. in: as superuser or keeper; `pages`: short names
    of the processes that show the page of a link: they may do what it does, and read nothing for it; `texts`: the words to
    which people agree on their own page, for those of these processes that open a person's own scope."""
    with admin.transaction():
        made = (
            *consent_statements(rules),
            *statements(rules),
            *office_statements(rules),
            *confirming.statements(rules),
            *lists.statements(rules),
            *ballots.statements(rules),
        )
        for statement in made:
            admin.execute(statement.sql.encode())
        for statement in own.statements(rules, texts, rules.file.own_page) if texts else ():
            admin.execute(statement.sql.encode())
        for login in pages:
            admin.execute(f"GRANT USAGE ON SCHEMA {DOOR} TO {ident(rules.plan.role(login))}".encode())
            theirs = own.SIGNATURES if texts and login in doormen(rules.plan) else ()
            for function in (
                UNSUBSCRIBE,
                REFUSE,
                SIGNAL,
                *theirs,
                *office_sql.FUNCTIONS,
                *confirming.FUNCTIONS,
                *ballots.FUNCTIONS,
            ):
                admin.execute(
                    f"GRANT EXECUTE ON FUNCTION {DOOR}.{function} TO {ident(rules.plan.role(login))}".encode()
                )


def statements(rules: Rules) -> list[Statement]:
    s, keeper = ident(rules.plan.schema), ident(rules.plan.role("keeper"))
    states = ", ".join(literal(state) for state in STATES)
    made = [
        ("the outbox", _OUTBOX.format(s=s, states=states)),
        ("the outbox: what answers name", _HASHED.format(s=s)),
        ("the outbox: what answers name, index", _HASHED_INDEX.format(s=s)),
        ("the outbox: what the law asked and did not arrive", _LOST.format(s=s)),
        ("the outbox: what waits", _WAITS.format(s=s)),
        ("the outbox: whose", f"CREATE INDEX IF NOT EXISTS outbox_person ON {s}.outbox (person_id)"),
        (
            "the outbox: claimed",
            f"CREATE INDEX IF NOT EXISTS outbox_claimed ON {s}.outbox (claimed_by) WHERE state = 'claimed'",
        ),
        ("the outbox: at most once", _ONCE),
        ("the outbox: at most once, trigger", _ONCE_TRIGGER.format(s=s, door=DOOR)),
        ("campaigns", _CAMPAIGN.format(s=s)),
        ("campaigns: by whom", _CAMPAIGN_BY.format(s=s)),
        ("a link", unsubscribe(rules)),
        ("a link: the keeper's", f"ALTER FUNCTION {DOOR}.{UNSUBSCRIBE} OWNER TO {keeper}"),
        ("a link: nobody else's", f"REVOKE EXECUTE ON FUNCTION {DOOR}.{UNSUBSCRIBE} FROM PUBLIC"),
        ("a link: the keeper may", f"GRANT EXECUTE ON FUNCTION {DOOR}.{UNSUBSCRIBE} TO {keeper}"),
        ("addresses to enter", _TO_SUPPRESS.format(s=s)),
        ("an address", refuse(rules)),
        ("an address: the keeper's", f"ALTER FUNCTION {DOOR}.{REFUSE} OWNER TO {keeper}"),
        ("an address: nobody else's", f"REVOKE EXECUTE ON FUNCTION {DOOR}.{REFUSE} FROM PUBLIC"),
        ("an address: the keeper may", f"GRANT EXECUTE ON FUNCTION {DOOR}.{REFUSE} TO {keeper}"),
        ("at most once: the keeper's", f"ALTER FUNCTION {DOOR}.outbox_once() OWNER TO {keeper}"),
    ]
    for table in TABLES:
        made.append((f"{table}: keeper's", f"ALTER TABLE {s}.{table} OWNER TO {keeper}"))
        made.append((f"{table}: nobody else's", f"REVOKE ALL ON {s}.{table} FROM PUBLIC"))
    return [Statement("sending", about, tidy(text)) for about, text in made]


_OUTBOX = """
CREATE TABLE IF NOT EXISTS {s}.outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id  bigint,          -- none: to an address that the request gave
    class      text NOT NULL,
    purpose    text NOT NULL,
    channel    text NOT NULL,
    template   text NOT NULL,
    version    integer NOT NULL,
    campaign   text,
    once       text UNIQUE,     -- the caller's own name for it: asked for twice, it is there once
    address    text,            -- until it is sent, where the request gave one
    language   text,
    contents   jsonb,           -- what its template fills in, until it is sent
    state      text NOT NULL CHECK (state IN ({states})),
    reason     text,
    promise    text,
    decided_at timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    tries      integer NOT NULL DEFAULT 0,
    claimed_at timestamptz,
    claimed_by integer,
    ended_at   timestamptz,
    unsubscribed_at    timestamptz, -- its link for all advertising was used
    channel_refused_at timestamptz, -- its link for this channel was used
    bounced_at timestamptz,
    UNIQUE (campaign, person_id)
)"""

#: The hash of its Message-ID, so that a mail that answers it is known by whoever holds no key of ours.
_HASHED = """
ALTER TABLE {s}.outbox ADD COLUMN IF NOT EXISTS message_hash bytea"""

_HASHED_INDEX = """
CREATE INDEX IF NOT EXISTS outbox_message ON {s}.outbox (message_hash) WHERE message_hash IS NOT NULL"""

#: Hardly ever any, so that whoever looks for them often reads nothing.
LOST = "class = 'legal' AND (state IN ('failed', 'unknown', 'refused') OR bounced_at IS NOT NULL)"
_LOST = f"""
CREATE INDEX IF NOT EXISTS outbox_lost ON {{s}}.outbox (id) WHERE {LOST}"""

_WAITS = """
CREATE INDEX IF NOT EXISTS outbox_waits ON {s}.outbox (due_at, id) WHERE state = 'decided'"""

#: What left the door never comes back to it: not by a mistake in code either.
_ONCE = f"""
CREATE OR REPLACE FUNCTION {DOOR}.outbox_once() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a message that is % is never % again', OLD.state, NEW.state
        USING ERRCODE = 'integrity_constraint_violation', HINT = 'ask for a new message';
END $$"""

_ONCE_TRIGGER = """
CREATE OR REPLACE TRIGGER outbox_once BEFORE UPDATE OF state ON {s}.outbox FOR EACH ROW
    WHEN (OLD.state IN ('sent', 'unknown', 'failed', 'refused') AND NEW.state <> OLD.state)
    EXECUTE FUNCTION {door}.outbox_once()"""

_CAMPAIGN = """
CREATE TABLE IF NOT EXISTS {s}.campaign (
    key         text PRIMARY KEY,
    template    text NOT NULL,
    version     integer NOT NULL,
    purpose     text NOT NULL,
    channel     text NOT NULL,
    segment     text,             -- the logic by which people were chosen (P-086)
    made_of     text[] NOT NULL,  -- and the columns that it was made of
    made_at     timestamptz NOT NULL,
    released_at timestamptz,
    counts      jsonb NOT NULL    -- per reason: no person
)"""

#: Since the office has a page for them: who did what, as a name of ours, and when it was stopped.
_CAMPAIGN_BY = """
ALTER TABLE {s}.campaign
    ADD COLUMN IF NOT EXISTS stopped_at timestamptz,
    ADD COLUMN IF NOT EXISTS counted_by text,
    ADD COLUMN IF NOT EXISTS released_by text,
    ADD COLUMN IF NOT EXISTS stopped_by text"""


#: What the page by address was given, until the door, who has the key, enters it in the list.
_TO_SUPPRESS = """
CREATE TABLE IF NOT EXISTS {s}.to_suppress (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    value text NOT NULL CHECK (length(value) <= 320),
    at    timestamptz NOT NULL
)"""


def refuse(rules: Rules) -> str:
    """`refuse_advertising(address)`: whoever has this e-mail address objects at once, and the address waits for the list. It
    answers nothing: who asks is not told whether anybody has it."""
    s, plan = ident(rules.plan.schema), rules.plan
    owners = []
    for point in rules.points("email"):
        table = plan.table(point.table)
        spelled = next((c.name for c in table.columns if c.identity), point.value[0])
        owners.append(
            f"SELECT r.{ident(table.owners[0])} AS person FROM {qualified(table.schema, table.name)} r"
            f" WHERE r.{ident(spelled)} = lower(btrim(address))"
        )
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.refuse_advertising(address text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO {s}.to_suppress (value, at) VALUES (btrim(address), {s}.moment());
    PERFORM {DOOR}.object_to_advertising(person, NULL, 'address')
    FROM (SELECT DISTINCT person FROM ({" UNION ALL ".join(owners)}) AS own
          WHERE person IS NOT NULL ORDER BY person) AS each;
END $$"""


def unsubscribe(rules: Rules) -> str:
    """`unsubscribe(message, act, how)`: what a message's link does; `act`: `all` advertising, or its `channel` alone.

    out: `recorded`, `already`, `used` (it was done once, and the person has agreed anew since: an old link undoes no newer
    word) or `unknown`. The confirmation (KB 4-4-2003 art. 2) is put in the outbox with the address, which may go with this.
    """
    s, plan = ident(rules.plan.schema), rules.plan
    purposes = ", ".join(literal(p) for p in rules.advertising)
    addresses = []
    for point in rules.points("email"):
        table = plan.table(point.table)
        if point.key is not None:
            addresses.append(
                f"SELECT r.{ident(point.value[0])} AS value, r.{ident(point.collected)} AS collected,"
                f" r.{ident(table.id)} AS id"
                f" FROM {qualified(table.schema, table.name)} r"
                f" WHERE r.{ident(table.owners[0])} = sent.person_id AND r.{ident(point.value[0])} IS NOT NULL"
            )
    anchor = next(t for t in plan.tables if t.anchor)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.unsubscribe(message bigint, act text, how text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sent {s}.outbox;
    by_channel text;
    said text;
    told text;
    speaks text;
    at timestamptz := {s}.moment();
    used timestamptz;
BEGIN
    SELECT * INTO sent FROM {s}.outbox WHERE id = message FOR UPDATE;
    IF sent.person_id IS NULL OR act NOT IN ('all', 'channel') THEN
        RETURN 'unknown';
    END IF;
    by_channel := CASE WHEN act = 'channel' THEN sent.channel END;
    used := CASE WHEN by_channel IS NULL THEN sent.unsubscribed_at ELSE sent.channel_refused_at END;
    IF used IS NOT NULL THEN
        RETURN CASE WHEN EXISTS (
            SELECT FROM {s}.fact f WHERE f.person_id = sent.person_id
                AND f.starts_at <= at AND (f.ends_at IS NULL OR f.ends_at > at)
                AND CASE WHEN by_channel IS NULL THEN f.kind = 'objection' AND f.key = sent.purpose AND f.key IN ({purposes})
                         ELSE f.kind = 'channel' AND f.key = by_channel END) THEN 'already' ELSE 'used' END;
    END IF;
    PERFORM 1 FROM {s}.state WHERE person_id = sent.person_id FOR UPDATE;
    SELECT value INTO told FROM ({" UNION ALL ".join(addresses)}) AS own ORDER BY collected DESC NULLS LAST, id DESC LIMIT 1;
    SELECT p.{ident(rules.file.language)} INTO speaks
    FROM {qualified(anchor.schema, anchor.name)} p WHERE p.{ident(anchor.id)} = sent.person_id;
    said := {DOOR}.object_to_advertising(sent.person_id, by_channel, how);
    UPDATE {s}.outbox SET unsubscribed_at = CASE WHEN by_channel IS NULL THEN at ELSE unsubscribed_at END,
        channel_refused_at = CASE WHEN by_channel IS NULL THEN channel_refused_at ELSE at END WHERE id = message;
    IF said = 'recorded' AND told IS NOT NULL THEN
        INSERT INTO {s}.outbox (class, purpose, channel, template, version, once, address, language, contents, state,
                                decided_at, due_at)
        VALUES ('legal', 'law:accountability', 'email', {literal(rules.file.acknowledgement)}, 1,
                'acknowledgement:' || message || ':' || COALESCE(by_channel, 'all'), told, speaks, '{{}}', 'decided', at, at)
        ON CONFLICT (once) DO NOTHING;
    END IF;
    RETURN said;
END $$"""
