"""Where it stands how far a version is: one row per version, no person in it. Who was told stands in the outbox.

The officer's login may call four functions: one that reads all of it, one that asks for a step, which whoever is keeper
takes, and two that read and keep the texts of a version while it is written.
"""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql.statement import Statement, tidy
from bloesem.stores.postgres import Connection

TABLES = ("publication", "publication_draft", "publication_wish", "publication_paper")

_PUBLICATION = """
CREATE TABLE IF NOT EXISTS {s}.publication (
    version      date PRIMARY KEY,
    before       date NOT NULL,        -- the version that it follows
    digest       text NOT NULL,        -- of its files as they were decided about
    significant  boolean NOT NULL,
    decided_by   text NOT NULL CHECK (decided_by <> ''),
    reason       text NOT NULL CHECK (reason <> ''),
    decided_at   timestamptz NOT NULL,
    changes      jsonb NOT NULL,       -- the differences in meaning, as they were decided about
    announced_at timestamptz,
    announced_clock timestamptz,       -- by the real clock, as facts are recorded: a demonstration may be ahead of it
    announced_by text,
    shown_at     text,                 -- where everybody can read it
    activated_at timestamptz,
    activated_by text
)"""


_WEIGHED = "ALTER TABLE {s}.publication ADD COLUMN IF NOT EXISTS weighed jsonb NOT NULL DEFAULT '{{}}'"

#: What a version would do, as `draft` counted it last: numbers per purpose and table.
_DRAFT = """
CREATE TABLE IF NOT EXISTS {s}.publication_draft (
    version  date PRIMARY KEY,
    digest   text NOT NULL,            -- of its files as they were then
    at       timestamptz NOT NULL,
    counted  jsonb NOT NULL
)"""

#: What the officer's page asked for; whoever is keeper does it (`publishing.wishes`).
_WISH = """
CREATE TABLE IF NOT EXISTS {s}.publication_wish (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version  date NOT NULL,
    act      text NOT NULL CHECK (act IN ({acts})),
    asked    jsonb NOT NULL DEFAULT '{{}}',
    asked_by text NOT NULL CHECK (asked_by ~ '[^[:space:]]' AND length(asked_by) <= 200),
    asked_at timestamptz NOT NULL,
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
    said     jsonb NOT NULL DEFAULT '{{}}',
    ended_at timestamptz
)"""

#: A version while it is written: its files' texts. `revision`: two who write do not overwrite each other.
_PAPER = """
CREATE TABLE IF NOT EXISTS {s}.publication_paper (
    version  date PRIMARY KEY,
    papers   jsonb NOT NULL CHECK (jsonb_typeof(papers) = 'object' AND length(papers::text) <= 4000000),
    revision integer NOT NULL DEFAULT 1,
    saved_by text NOT NULL CHECK (saved_by ~ '[^[:space:]]' AND length(saved_by) <= 200),
    saved_at timestamptz NOT NULL
)"""

#: in: the revision that was read, 0 for a new one; no texts at all: it is thrown away. out: the revision, or NULL where
#: somebody else wrote meanwhile.
_KEEP = """
CREATE OR REPLACE FUNCTION {s}.publication_write(actor text, which date, texts jsonb, was integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made integer;
BEGIN
    IF texts = '{{}}' THEN
        DELETE FROM {s}.publication_paper p WHERE p.version = which AND p.revision = was RETURNING p.revision INTO made;
    ELSIF was = 0 THEN
        INSERT INTO {s}.publication_paper (version, papers, saved_by, saved_at)
        VALUES (which, texts, actor, {s}.moment()) ON CONFLICT DO NOTHING RETURNING revision INTO made;
    ELSE
        UPDATE {s}.publication_paper p SET papers = texts, revision = p.revision + 1,
            saved_by = actor, saved_at = {s}.moment()
        WHERE p.version = which AND p.revision = was RETURNING p.revision INTO made;
    END IF;
    RETURN made;
END $$"""

_PAPERS = """
CREATE OR REPLACE FUNCTION {s}.publication_papers(which date) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT to_jsonb(p) FROM {s}.publication_paper p WHERE p.version = which
$$"""

#: A table of before may know fewer acts.
_ACTS = """
ALTER TABLE {s}.publication_wish DROP CONSTRAINT publication_wish_act_check,
    ADD CONSTRAINT publication_wish_act_check CHECK (act IN ({acts}))"""

#: The same, asked twice before it was done, is one. out: its number.
_ASK = """
CREATE OR REPLACE FUNCTION {s}.publication_ask(actor text, which date, act text, more jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    IF jsonb_typeof(more) IS DISTINCT FROM 'object' OR length(more::text) > 40000 THEN
        RAISE EXCEPTION 'no such wish' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('publication ' || which, 0));
    SELECT w.id INTO made FROM {s}.publication_wish w
    WHERE w.version = which AND w.act = publication_ask.act AND w.state = 'waiting' AND w.asked = more;
    IF made IS NULL THEN
        INSERT INTO {s}.publication_wish (version, act, asked, asked_by, asked_at)
        VALUES (which, publication_ask.act, more, actor, {s}.moment()) RETURNING id INTO made;
    END IF;
    PERFORM pg_notify({channel}, '');
    RETURN made;
END $$"""

_BOARD = """
CREATE OR REPLACE FUNCTION {s}.publication_board() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object(
    'in_force', (SELECT i.policy FROM {s}.installed i ORDER BY i.id DESC LIMIT 1),
    'publications', (SELECT COALESCE(jsonb_agg(to_jsonb(p) - 'changes' ORDER BY p.version), '[]') FROM {s}.publication p),
    'drafts', (SELECT COALESCE(jsonb_agg(to_jsonb(d) ORDER BY d.version), '[]') FROM {s}.publication_draft d),
    'papers', (SELECT COALESCE(jsonb_agg(to_jsonb(p) - 'papers' ORDER BY p.version), '[]') FROM {s}.publication_paper p),
    'wishes', (SELECT COALESCE(jsonb_agg(to_jsonb(w) ORDER BY w.id DESC), '[]')
               FROM (SELECT * FROM {s}.publication_wish ORDER BY id DESC LIMIT 200) AS w))
$$"""

#: What may be asked.
ACTS = ("decide", "announce", "look", "draft", "activate", "write")
CHANNEL = "bloesem_console"
ASK = "publication_ask(text, date, text, jsonb)"
BOARD = "publication_board()"
WRITE = "publication_write(text, date, jsonb, integer)"
PAPERS = "publication_papers(date)"


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    acts = ", ".join(map(literal, ACTS))
    made = [
        ("publications", _PUBLICATION.format(s=s)),
        ("publications: art. 6(4)", _WEIGHED.format(s=s)),
        ("publications: dry runs", _DRAFT.format(s=s)),
        ("publications: what the officer asks", _WISH.format(s=s, acts=acts)),
        (
            "publications: what may be asked",
            _ACTS.format(s=s, acts=acts),
        ),
        ("publications: drafts", _PAPER.format(s=s)),
    ]
    for table in TABLES:
        made += [
            (f"{table}: keeper's", f"ALTER TABLE {s}.{table} OWNER TO {keeper}"),
            (f"{table}: nobody else's", f"REVOKE ALL ON {s}.{table} FROM PUBLIC"),
        ]
    for signature, text in ((ASK, _ASK), (BOARD, _BOARD), (WRITE, _KEEP), (PAPERS, _PAPERS)):
        name, function = signature.partition("(")[0], f"{s}.{signature}"
        made += [
            (name, text.format(s=s, channel=literal(CHANNEL))),
            (f"{name}: the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"),
            (f"{name}: nobody else's", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"),
        ]
        if plan.oversight is not None:
            login = ident(plan.role(plan.oversight.process))
            made.append((f"{name}: who may ask", f"GRANT EXECUTE ON FUNCTION {function} TO {login}"))
    return [Statement("publishing", about, tidy(text)) for about, text in made]


def install(admin: Connection, plan: Plan) -> None:
    """Makes the table where it is not there, in one transaction. in: as superuser, or as the database's owner."""
    with admin.transaction():
        for statement in statements(plan):
            admin.execute(statement.sql.encode())
