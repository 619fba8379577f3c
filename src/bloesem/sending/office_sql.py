"""What a page of campaigns may ask: functions of the keeper, and not one table.

A page asks (`campaign_ask`), whoever is keeper does (`office`), the page looks (`campaigns`, `campaign_wish`). It gets
numbers and names of ours, never a person; a call list alone has telephone numbers, goes to the account that asked for it,
once, and is gone within minutes.
"""

from __future__ import annotations

from bloesem.consent.rules import Rules
from bloesem.consent.tables import DOOR
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.statement import Statement, tidy
from bloesem.sending.confirming import keepers_alone

ACTS = ("count", "release", "stop", "calls")
ASK = "campaign_ask(text, text, text, text, text, integer, text)"
LOOK = "campaigns()"
WISH = "campaign_wish(bigint)"
CALLS = "campaign_calls(bigint, text)"
SEGMENTS = "campaign_segments()"
FUNCTIONS = (ASK, LOOK, WISH, CALLS, SEGMENTS)
#: What a campaign may be called: part of an address, and nobody's name.
KEY = "^[a-z0-9][a-z0-9-]{1,58}[a-z0-9]$"
CHANNEL = "bloesem_console"
#: People in a segment that a page may name.
FEWEST = 5


def statements(rules: Rules) -> list[Statement]:
    s, keeper = ident(rules.plan.schema), ident(rules.plan.role("keeper"))
    made = [
        ("what the office asks", _WISHES.format(s=s, acts=", ".join(map(literal, ACTS)))),
        ("what the office asks: keeper's", f"ALTER TABLE {s}.campaign_wish OWNER TO {keeper}"),
        ("what the office asks: nobody else's", f"REVOKE ALL ON {s}.campaign_wish FROM PUBLIC"),
    ]
    written = {
        ASK: _ASK.format(s=s, key=literal(KEY), channel=literal(CHANNEL)),
        LOOK: _LOOK.format(s=s),
        WISH: _WISH.format(s=s),
        CALLS: _CALLS.format(s=s),
        SEGMENTS: _segments(rules),
    }
    made += [(signature, text.replace("{door}", DOOR)) for signature, text in written.items()]
    made += keepers_alone(tuple(written), keeper)
    return [Statement("sending", about, tidy(text)) for about, text in made]


_WISHES = """
CREATE TABLE IF NOT EXISTS {s}.campaign_wish (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act      text NOT NULL CHECK (act IN ({acts})),
    campaign text NOT NULL,
    template text,
    channel  text,
    segment  text,
    stated   integer,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
    said     jsonb NOT NULL DEFAULT '{{}}',
    answer   text,
    ended_at timestamptz
)"""

_ASK = """
CREATE OR REPLACE FUNCTION {{door}}.campaign_ask(
    act text, campaign text, template text, channel text, segment text, stated integer, actor text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    IF campaign !~ {key} OR length(campaign) > 60 OR length(template) > 60 OR length(channel) > 60
        OR length(segment) > 200 THEN
        RAISE EXCEPTION 'no name of a campaign' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF actor IS NULL OR actor !~ '[^[:space:]]' OR length(actor) > 200 THEN
        RAISE EXCEPTION 'who asks says who they are' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO {s}.campaign_wish (act, campaign, template, channel, segment, stated, asked_by)
    VALUES (act, campaign, template, channel, segment, stated, actor) RETURNING id INTO made;
    PERFORM pg_notify({channel}, '');
    RETURN made;
END $$"""

#: Counted messages, not people: a state or reason of a campaign, and how many.
_LOOK = """
CREATE OR REPLACE FUNCTION {{door}}.campaigns() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT COALESCE(jsonb_agg(to_jsonb(c) || jsonb_build_object(
    'outcome', (SELECT COALESCE(jsonb_object_agg(state, n), '{{}}') FROM (
        SELECT state, count(*) AS n FROM {s}.outbox o WHERE o.campaign = c.key GROUP BY state) AS each),
    'refused', (SELECT COALESCE(jsonb_object_agg(reason, n), '{{}}') FROM (
        SELECT reason, count(*) AS n FROM {s}.outbox o
        WHERE o.campaign = c.key AND state = 'refused' AND reason IS NOT NULL GROUP BY reason) AS each),
    'waiting', (SELECT max(w.id) FROM {s}.campaign_wish w WHERE w.campaign = c.key AND w.state = 'waiting')
) ORDER BY COALESCE(c.released_at, c.made_at) DESC), '[]')
FROM (SELECT * FROM {s}.campaign ORDER BY COALESCE(released_at, made_at) DESC LIMIT 200) AS c
$$"""

_WISH = """
CREATE OR REPLACE FUNCTION {{door}}.campaign_wish(number bigint) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT to_jsonb(w) - 'answer' || jsonb_build_object('has_answer', answer IS NOT NULL)
FROM {s}.campaign_wish w WHERE id = number
$$"""

_CALLS = """
CREATE OR REPLACE FUNCTION {{door}}.campaign_calls(number bigint, actor text) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found text;
BEGIN
    SELECT answer INTO found FROM {s}.campaign_wish
    WHERE id = number AND asked_by = actor AND answer IS NOT NULL FOR UPDATE;
    UPDATE {s}.campaign_wish SET answer = NULL WHERE id = number AND asked_by = actor AND answer IS NOT NULL;
    RETURN found;
END $$"""


def _segments(rules: Rules) -> str:
    """Names of segments, and for which purpose each was worked out; of those of few people nothing, as the name of such a
    segment, and what is counted of it, would be about somebody."""
    rule = rules.file.segments
    table = rules.plan.table(rule.table)
    name, made_for = ident(rule.name), ident(rule.made_for)
    return f"""
CREATE OR REPLACE FUNCTION {{door}}.campaign_segments() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT COALESCE(jsonb_agg(to_jsonb(each) ORDER BY each.name, each.made_for), '[]') FROM (
    SELECT {name} AS name, {made_for} AS made_for FROM {qualified(table.schema, table.name)}
    WHERE {name} IS NOT NULL AND used_for <> 0 AND good_until > {ident(rules.plan.schema)}.moment()
    GROUP BY 1, 2 HAVING count(DISTINCT {ident(table.owners[0])}) >= {FEWEST}) AS each
$$"""
