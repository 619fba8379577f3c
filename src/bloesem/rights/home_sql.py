"""The schema `rights`: what is not there is made, what is there is left. Its rows are added, and ended once."""

from __future__ import annotations

from typing import LiteralString

SCHEMA: LiteralString = """
CREATE SCHEMA IF NOT EXISTS rights;
REVOKE ALL ON SCHEMA rights FROM PUBLIC;

CREATE TABLE IF NOT EXISTS rights.store (
    digest     text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    name       text NOT NULL,
    first_used timestamptz NOT NULL,
    last_used  timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS rights.fact (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store      text NOT NULL REFERENCES rights.store,
    key_number integer NOT NULL,
    person     bytea[] NOT NULL CHECK (cardinality(person) > 0),
    kind       text NOT NULL,
    key        text NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz,
    table_name text,
    row_number bigint,
    held_by    text,
    reason     text,
    review_on  date,
    CONSTRAINT fact_ends_after_it_starts CHECK (ends_at >= starts_at),
    CONSTRAINT fact_names_table_and_row CHECK ((table_name IS NULL) = (row_number IS NULL)),
    CONSTRAINT hold_is_answered_for CHECK (kind <> 'hold' OR held_by <> '' AND reason <> '' AND review_on IS NOT NULL
                                           AND held_by IS NOT NULL AND reason IS NOT NULL)
);
CREATE INDEX IF NOT EXISTS fact_person ON rights.fact USING gin (person);

CREATE TABLE IF NOT EXISTS rights.act (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store       text NOT NULL REFERENCES rights.store,
    kind        text NOT NULL,
    plan        text NOT NULL,
    policy      text NOT NULL,
    began_at    timestamptz NOT NULL,
    state       text NOT NULL DEFAULT 'begun' CHECK (state IN ('begun', 'done', 'failed')),
    ended_at    timestamptz,
    transaction text,
    counts      jsonb NOT NULL DEFAULT '{}',
    CHECK ((state = 'begun') = (ended_at IS NULL))
);
CREATE INDEX IF NOT EXISTS act_open ON rights.act (store) WHERE state = 'begun';

CREATE TABLE IF NOT EXISTS rights.sought (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store      text NOT NULL REFERENCES rights.store,
    act        bigint NOT NULL REFERENCES rights.act,
    key_number integer NOT NULL,
    since      timestamptz NOT NULL,
    until      timestamptz NOT NULL CHECK (until <= since + interval '168 hours'),
    sealed     bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS sought_store ON rights.sought (store);

CREATE TABLE IF NOT EXISTS rights.pass (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store    text NOT NULL UNIQUE REFERENCES rights.store,
    mark     bigint NOT NULL,
    began_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS rights.part (
    pass       bigint NOT NULL REFERENCES rights.pass ON DELETE CASCADE,
    table_name text NOT NULL,
    bytes      bigint NOT NULL,
    found      jsonb NOT NULL,
    PRIMARY KEY (pass, table_name)
);

CREATE OR REPLACE FUNCTION rights.closed_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF TG_TABLE_NAME = 'fact' THEN
            IF old.ends_at IS NULL AND new.ends_at IS NOT NULL AND to_jsonb(old) - 'ends_at' = to_jsonb(new) - 'ends_at' THEN
                RETURN new;
            END IF;
        ELSIF old.state = 'begun' AND (old.transaction IS NULL OR new.transaction = old.transaction)
              AND to_jsonb(old) - ARRAY['state', 'ended_at', 'transaction', 'counts']
                  = to_jsonb(new) - ARRAY['state', 'ended_at', 'transaction', 'counts'] THEN
            RETURN new;
        END IF;
    END IF;
    RAISE EXCEPTION 'rights.%: rows are added, and ended once', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER closed_once BEFORE UPDATE OR DELETE ON rights.fact
    FOR EACH ROW EXECUTE FUNCTION rights.closed_once();
CREATE OR REPLACE TRIGGER closed_once BEFORE UPDATE OR DELETE ON rights.act
    FOR EACH ROW EXECUTE FUNCTION rights.closed_once();
CREATE OR REPLACE TRIGGER never_emptied BEFORE TRUNCATE ON rights.fact
    FOR EACH STATEMENT EXECUTE FUNCTION rights.closed_once();
CREATE OR REPLACE TRIGGER never_emptied BEFORE TRUNCATE ON rights.act
    FOR EACH STATEMENT EXECUTE FUNCTION rights.closed_once();
REVOKE ALL ON ALL TABLES IN SCHEMA rights FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rights FROM PUBLIC;
"""
