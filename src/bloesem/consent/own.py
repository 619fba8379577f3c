"""What a person does about advertising, consent and their own addresses inside their own scope: functions of the door, for a
login that opens such scopes. They know who asks by the signed scope alone.

    object_as_oneself()                 no advertising any more, by any channel (P-166)
    refuse_channel_as_oneself(channel)  no advertising any more by this one (P-092)
    correct_as_oneself(kind, row, …)    one's own address, number or e-mail address as it is now (P-149; art. 16, 19)
    end_product_as_oneself(row, …)      one's own subscription ends on a day, by whoever proved who they are (P-066)
    agree(id, text, language, channels) the words that are shown today, agreed to with a box of their own (P-057)
    take_back(purpose, text)            consent withdrawn, whole or that to one text (P-058)
"""

from __future__ import annotations

from bloesem.consent.rules import CONSENT_COLUMNS, PointRule, Rules
from bloesem.consent.tables import DOOR, withdrawn_is_told
from bloesem.consent.texts import Texts
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.ages import BROKEN, TOO_YOUNG
from bloesem.plan.sql.attributed import SAID
from bloesem.plan.sql.own import REQUIRE_ME, told_by
from bloesem.plan.sql.statement import Statement, listed, tidy

OBJECT = "object_as_oneself()"
AGREE = "agree(bigint, text, text, text[])"
TAKE_BACK = "take_back(text, text)"
REFUSE_CHANNEL = "refuse_channel_as_oneself(text)"
CORRECT = "correct_as_oneself(text, bigint, text[], text)"
END_PRODUCT = "end_product_as_oneself(bigint, date, text)"
SIGNATURES = (OBJECT, REFUSE_CHANNEL, CORRECT, END_PRODUCT, AGREE, TAKE_BACK)
#: How somebody proved who they are, with what is known of them already: the code of a mail to their address, or a passkey.
PROOFS = ("code", "passkey")
#: Where the person did it, as the consent's record says it.
HOW = "own privacy page"


def statements(rules: Rules, texts: Texts, source: str) -> list[Statement]:
    """in: `source`, the declared source of what a person says on their own page. The functions are the keeper's."""
    keeper = ident(rules.plan.role("keeper"))
    made = [
        ("no advertising", _object(rules)),
        ("no advertising by one channel", _refuse_channel(rules)),
        ("one's own address, corrected", _correct(rules, source)),
        ("one's own subscription, ended", _end_product(rules)),
        ("agreed", _agree(rules, texts, source)),
        ("taken back", _take_back(rules)),
    ]
    for signature in SIGNATURES:
        made.append((f"{signature}: the keeper's", f"ALTER FUNCTION {DOOR}.{signature} OWNER TO {keeper}"))
        made.append(
            (
                f"{signature}: nobody else's",
                f"REVOKE EXECUTE ON FUNCTION {DOOR}.{signature} FROM PUBLIC",
            )
        )
    return [Statement("own choices", about, tidy(text)) for about, text in made]


def _object(rules: Rules) -> str:
    s = ident(rules.plan.schema)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.object_as_oneself() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
BEGIN{REQUIRE_ME.format(s=s)}
    RETURN {DOOR}.object_to_advertising(me, NULL, {literal(HOW)});
END $$"""


def _refuse_channel(rules: Rules) -> str:
    """No reason, and no other channel with it. Advertising by it comes back by a new consent that names it."""
    s = ident(rules.plan.schema)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.refuse_channel_as_oneself(by_channel text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
BEGIN{REQUIRE_ME.format(s=s)}
    IF (by_channel = ANY ({_array(tuple(rules.file.channels))})) IS NOT TRUE THEN
        RAISE EXCEPTION 'no such channel' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN {DOOR}.object_to_advertising(me, by_channel, {literal(HOW)});
END $$"""


def _correct(rules: Rules, source: str) -> str:
    """in: kind (`email`, `phone`, `post`), the row's number, its values in the order of `messages/door.yaml`, and the
    spelling by which it is looked up (none: null). out: `recorded`, `already`, `taken` (an e-mail address of somebody
    else: it would sign in neither), or `nobody` when no such row is one's own.

    A changed address is compared with the list of those who want no advertising anew (P-095), was given now, and here; what
    followed from the old one is empty. Every recipient that got what changed is told (art. 19)."""
    s = ident(rules.plan.schema)
    branches = "".join(_corrected(rules, point, source) for point in rules.points_of_kind().values())
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.correct_as_oneself(of_kind text, number bigint, said text[], normal text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
    at timestamptz := {s}.moment();
    held text[];
BEGIN{REQUIRE_ME.format(s=s)}
    PERFORM FROM {s}.state WHERE person_id = me FOR UPDATE;{branches}
    RETURN 'nobody';
END $$"""


def _corrected(rules: Rules, point: PointRule, source: str) -> str:
    s, table = ident(rules.plan.schema), rules.plan.table(point.table)
    where = qualified(table.schema, table.name)
    mine = f"r.{ident(table.id)} = number AND r.{ident(table.owners[0])} = me"
    values = {name: f"said[{place}]" for place, name in enumerate(point.value, 1)}
    about = {key for column in table.columns if column.name in values for key in column.categories}
    named = {name for name in (point.collected, point.offered, table.source) if name}
    sets, changed = dict(values), [*values]
    for column in table.columns:
        if column.name in values or column.name in named:
            continue
        if column.identity:
            sets[column.name] = "normal"
            changed.append(column.name)
        elif column.name == point.key or (not column.key and about & set(column.categories)):
            sets[column.name] = "NULL"
    sets[point.collected] = "at"
    if point.offered:
        sets[point.offered] = "false"
    if table.source:
        sets[table.source] = literal(source)
    taken = ""
    if point.kind == "email":
        others = [
            f"EXISTS (SELECT FROM {qualified(t.schema, t.name)} o WHERE o.{ident(c.name)} = normal"
            f" AND o.{ident(t.owners[0])} IS DISTINCT FROM me)"
            for t in rules.plan.tables
            for c in t.columns
            if c.identity == "email" and t.owners
        ]
        taken = f"""
        IF {" OR ".join(others)} THEN
            RETURN 'taken';
        END IF;"""
    fields = f"jsonb_build_object({literal(table.name)}, to_jsonb({_array(tuple(changed))}))"
    return f"""
    IF of_kind = {literal(point.kind)} AND cardinality(said) = {len(values)} THEN
        SELECT ARRAY[{", ".join(f"r.{ident(name)}" for name in values)}]::text[] INTO held
        FROM {where} r WHERE {mine} FOR UPDATE;
        IF NOT FOUND THEN
            RETURN 'nobody';
        ELSIF held IS NOT DISTINCT FROM said THEN
            RETURN 'already';
        END IF;{taken}
        UPDATE {where} r SET {listed([f"{ident(name)} = {value}" for name, value in sets.items()], by=8)} WHERE {mine};
        PERFORM {s}.queue_notices(gen_random_uuid(), me, 'rectification', {fields}, NULL, {told_by(rules.plan)}, at);
        RETURN 'recorded';
    END IF;"""


def _end_product(rules: Rules) -> str:
    """in: the row's number; the last day on which one has the product, today at the earliest; by what it was proven who
    asks. out: `recorded`, `already` (it ends then), or `nobody` when no such row is one's own, or it ends before.

    Without a proof nothing changes; that there was one stands in the log, by the row's number and nobody's name (P-066)."""
    s, rule = ident(rules.plan.schema), rules.file.ownership
    table = rules.plan.table(rule.table)
    where, until = qualified(table.schema, table.name), f"r.{ident(rule.until)}"
    mine = f"r.{ident(table.id)} = number AND r.{ident(table.owners[0])} = me AND r.{ident(rule.product)} IS NOT NULL"
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.end_product_as_oneself(number bigint, last date, proven text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
    ends date;
BEGIN{REQUIRE_ME.format(s=s)}
    IF (proven = ANY ({_array(PROOFS)})) IS NOT TRUE THEN
        RAISE EXCEPTION 'nobody proved who asks' USING ERRCODE = 'insufficient_privilege',
            HINT = 'P-066: first the code of a letter to the address on file, or a passkey';
    ELSIF (last >= {s}.today()) IS NOT TRUE THEN
        RAISE EXCEPTION 'a subscription ends today at the earliest' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM FROM {s}.state WHERE person_id = me FOR UPDATE;
    SELECT {until} INTO ends FROM {where} r WHERE {mine} FOR UPDATE;
    IF NOT FOUND OR ends < {s}.today() THEN
        RETURN 'nobody';
    ELSIF ends = last THEN
        RETURN 'already';
    END IF;
    INSERT INTO {s}.act (as_of, kind, purpose, policy, counts)
    VALUES ({s}.moment(), 'identified', 'identify', (SELECT i.policy FROM {s}.installed i ORDER BY i.id DESC LIMIT 1),
            jsonb_build_object('proof', proven, {literal(rule.table)}, number));
    UPDATE {where} r SET {ident(rule.until)} = last WHERE {mine};
    RETURN 'recorded';
END $$"""


def _agree(rules: Rules, texts: Texts, source: str) -> str:
    """out: the number of the consent's record, or `too young`: a parent agrees (R-057).

    The words are those of the file: which were shown, in which language, with which digest; nobody can agree to others. A
    newer word lifts an older objection, as `ledger.give` does."""
    s, table = ident(rules.plan.schema), qualified(rules.consents.schema, rules.consents.name)
    shown = [
        f"({literal(text.name)}, {literal(language)}, {literal(text.purpose)}, {literal(','.join(text.kinds))},"
        f" {_array(text.channels)}, {literal(text.digest(language))}, date {literal(text.valid_from.isoformat())},"
        f" date {literal(text.valid_until.isoformat() if text.valid_until else 'infinity')})"
        for text in texts.all
        for language in text.words
    ]
    values = {
        "id": "number",
        "person_id": "me",
        "recorded_at": "at",
        "source": literal(source),
        "part": "chosen.purpose",
        "kinds": "NULLIF(chosen.kinds, '')",
        "channel": "NULLIF(array_to_string(channels, ','), '')",
        "given_at": "at",
        "withdrawn_at": "NULL",
        "given_on": f"{s}.civil(at)",
        "how": literal(HOW),
        "words_version": "chosen.name",
        "words_digest": "chosen.digest",
        "notice_version": literal(str(rules.plan.version)),
        "record_id": "record",
        "language": "chosen.language",
        "action": "'ticked'",
        "proof": literal(
            '{"box": {"preset": false, "ticked": true, "with_terms": false}, "seen": "signed in"}'
        ),
        "withdrawn_how": "NULL",
        "given_by": "'self'",
    }
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.agree(number bigint, words text, spoken text, channels text[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
    at timestamptz := {s}.moment();
    record text := gen_random_uuid()::text;
    chosen record;
    broken text;
BEGIN{REQUIRE_ME.format(s=s)}
    SELECT * INTO chosen
    FROM (VALUES {listed(shown, by=10)})
         AS t (name, language, purpose, kinds, offered, digest, since, until)
    WHERE t.name = words AND t.language = spoken AND {s}.today() BETWEEN t.since AND t.until;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'these words are not shown today' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT (channels <@ chosen.offered) OR cardinality(chosen.offered) > 0 AND cardinality(channels) = 0
       OR channels IS NULL THEN
        RAISE EXCEPTION 'a consent is for some of the channels that its words name'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM FROM {s}.state WHERE person_id = me FOR UPDATE;
    EXECUTE format('SET LOCAL {SAID} = %L', chosen.purpose);
    BEGIN
        PERFORM {s}.close_fact(f.id, at) FROM {s}.fact f
        WHERE f.person_id = me AND f.ends_at IS NULL AND f.starts_at <= at
          AND (f.kind = 'objection' AND f.key = chosen.purpose OR f.kind = 'channel' AND f.key = ANY (channels));
        INSERT INTO {table} ({", ".join(map(ident, CONSENT_COLUMNS))})
        VALUES ({listed([values[name] for name in CONSENT_COLUMNS], by=12)});
    EXCEPTION WHEN check_violation THEN
        GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
        IF broken = {literal(BROKEN)} THEN
            RETURN {literal(TOO_YOUNG)};
        END IF;
        RAISE;
    END;
    RETURN record;
END $$"""


def _take_back(rules: Rules) -> str:
    """out: how many consents ended. Whoever got data for that purpose is told, once nothing of the consent is left."""
    s, table = ident(rules.plan.schema), qualified(rules.consents.schema, rules.consents.name)
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.take_back(of_purpose text, words text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
    at timestamptz := {s}.moment();
    ended integer;
BEGIN{REQUIRE_ME.format(s=s)}
    PERFORM FROM {s}.state WHERE person_id = me FOR UPDATE;
    SET LOCAL {SAID} = ''; -- a right that is honoured
    UPDATE {table} SET withdrawn_at = at, withdrawn_how = {literal(HOW)}
    WHERE person_id = me AND part = of_purpose AND withdrawn_at IS NULL AND given_at <= at
      AND (words IS NULL OR split_part(words_version, '@', 1) = words);
    GET DIAGNOSTICS ended = ROW_COUNT;
    IF ended > 0 AND NOT EXISTS (
        SELECT FROM {table} WHERE person_id = me AND part = of_purpose AND withdrawn_at IS NULL AND given_at <= at) THEN
        {withdrawn_is_told(rules, "me", "ARRAY[of_purpose]")}
    END IF;
    RETURN ended;
END $$"""


def _array(names: tuple[str, ...]) -> str:
    return f"ARRAY[{', '.join(map(literal, names))}]::text[]"


__all__ = ["SIGNATURES", "statements"]
