"""Giving consent and taking it back: rows of the consent table, from which the database makes facts (P-056 to P-058).

A consent proves who, when, how, to which exact words, for which purpose, kinds and channels (ISO/IEC TS 27560). It is an act
of its own: a box that nobody ticked, or that was ticked already, gives none. It ends a year after it was given, whatever
happens (P-098), and is taken back with one act, whole or in part.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg import errors, sql
from psycopg.rows import dict_row

from bloesem.consent.errors import ConsentError
from bloesem.consent.rules import CONSENT_COLUMNS, Rules
from bloesem.consent.texts import ConsentText, Texts
from bloesem.gate.ids import new_id
from bloesem.plan.dates import civil
from bloesem.plan.sql.ages import BROKEN
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection
from bloesem.stores.saying import saying
from bloesem.terms import add_period

Action = Literal["ticked", "confirmed", "said", "signed"]
#: What was ticked, said or signed is no older than this when it is recorded: a consent found later proves little.
LATE = dt.timedelta(days=31)


@dataclass(frozen=True)
class Box:
    """What the person saw and did. `preset`: it was ticked before they came; `with_terms`: it was part of other terms."""

    ticked: bool
    preset: bool = False
    with_terms: bool = False
    action: Action = "ticked"


@dataclass(frozen=True)
class Given:
    """A consent as it was asked and given. `text`: the version that was shown (`news@1`), in `language`. `how`: where, in a
    few words; `proof`: what shows it (a form's id, a call's number), never what somebody else said of it; `by`: themselves,
    or whoever holds parental authority over a child (R-057)."""

    person: int
    text: str
    language: str
    at: dt.datetime
    box: Box
    how: str
    source: str
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    proof: str = ""
    by: Literal["self", "parent"] = "self"


def give(connection: Connection, rules: Rules, texts: Texts, given: Given) -> str:
    """Record a consent; what it allows is allowed when this commits. out: its record's id (UUID4).

    in: as keeper. An objection to the same purpose, and a refusal of the same channel, end with it: the newer word counts.
    raises: ConsentError for what is no consent: not ticked, ticked before, part of terms, dated ahead, to words not shown
    on that day, for kinds or channels that they do not name, of nobody, of a child without its parent (R-057).
    """
    now = moment(connection, rules.plan)
    text = texts.named(given.text)
    _valid(given, text, now)
    kinds, channels = given.kinds or text.kinds, given.channels or text.channels
    record = str(uuid.uuid4())
    row: dict[str, Any] = {
        "id": new_id(),
        "person_id": given.person,
        "recorded_at": now,
        "source": given.source,
        "part": text.purpose,
        "kinds": ",".join(kinds) or None,
        "channel": ",".join(channels) or None,
        "given_at": given.at,
        "withdrawn_at": None,
        "given_on": civil(given.at),
        "how": given.how,
        "words_version": text.name,
        "words_digest": text.digest(given.language),
        "notice_version": str(rules.plan.version),
        "record_id": record,
        "language": given.language,
        "action": given.box.action,
        "proof": _proof(given),
        "withdrawn_how": None,
        "given_by": given.by,
    }
    with connection.transaction():
        _lock(connection, rules, given.person)
        connection.execute(saying(text.purpose))
        _lift(connection, rules, given.person, text.purpose, channels, given.at)
        _insert(connection, rules, [row])
    return record


def _valid(given: Given, text: ConsentText, now: dt.datetime) -> None:
    if given.at.tzinfo is None:
        raise ConsentError("the consent has no time zone", "moments are aware", "give the zone")
    if given.at > now:
        raise ConsentError(
            "the consent is dated ahead",
            "P-098: it lasts a year from when it was given; what was not given yet is none",
            "record it when it is given",
        )
    if now - given.at > LATE:
        raise ConsentError(
            f"the consent is older than {LATE.days} days",
            "art. 7(1), P-057: who relies on a consent shows how it was given, then",
            "ask anew",
        )
    for wrong, what, rule in (
        (not given.box.ticked, "nothing was ticked", "rec. 32, P-057: silence and inactivity are no consent"),
        (
            given.box.preset,
            "the box was ticked already",
            "rec. 32, C-673/17, P-057: a box is ticked by the person",
        ),
        (given.box.with_terms, "it was part of other terms", "art. 7(2), 7(4), P-057: consent stands apart"),
        (not given.how.strip(), "it does not say how it was given", "art. 7(1), P-057"),
    ):
        if wrong:
            raise ConsentError(
                f"this is no consent: {what}", rule, "ask with a box of its own that nobody ticked yet"
            )
    if not text.shown_on(civil(given.at)):
        raise ConsentError(
            f"{text.name} was not shown on {civil(given.at)}",
            "P-057: a consent is to exact words, in the version that was valid",
            "name the version that was shown",
        )
    if given.language not in text.words:
        raise ConsentError(
            f"{text.name} has no words in `{given.language}`", "P-057: informed", "name the language shown"
        )
    for said, offered, what in (
        (given.kinds, text.kinds, "kind"),
        (given.channels, text.channels, "channel"),
    ):
        beyond = sorted(set(said) - set(offered))
        if beyond:
            raise ConsentError(
                f"{text.name} names no {what} `{beyond[0]}`",
                "P-057, P-097: a consent is for what its words name",
                f"use some of: {', '.join(offered) or 'none'}",
            )


def _proof(given: Given) -> str:
    box = {"ticked": given.box.ticked, "preset": given.box.preset, "with_terms": given.box.with_terms}
    return json.dumps({"box": box, "seen": given.proof}, sort_keys=True)


def withdraw(
    connection: Connection,
    rules: Rules,
    person: int,
    purpose: str,
    *,
    kinds: Sequence[str] = (),
    channels: Sequence[str] = (),
    how: str = "page",
) -> int:
    """Take consent back, whole or for some kinds or channels: no reason, as easy as giving (P-058), and at once (P-099).

    What is left of a consent stays as it was given, on the day on which it was given; when nothing is, whoever got data for
    that purpose is told (art. 19). out: consents that ended or shrank;
    0 when there was none (a second withdrawal changes nothing). raises: PlanError for no purpose, ConsentError for nobody.
    """
    now = moment(connection, rules.plan)
    rules.plan.purpose(purpose)
    with connection.transaction():
        _lock(connection, rules, person)
        touched = [
            row
            for row in live(connection, rules, person, purpose, now)
            if row["withdrawn_at"] is None  # of two at once the second may have begun first
            and (not kinds or set(kinds) & set(_list(row["kinds"])))
            and (not channels or set(channels) & set(_list(row["channel"])))
        ]
        connection.execute(
            sql.SQL("UPDATE {} SET withdrawn_at = %s, withdrawn_how = %s WHERE id = ANY (%s)").format(
                _table(rules)
            ),
            [now, how, [row["id"] for row in touched]],
        )
        left = [part for row in touched for part in _left(row, kinds, channels, now)]
        _insert(connection, rules, left)
        if touched and not live(connection, rules, person, purpose, now):
            connection.execute(
                sql.SQL("SELECT {s}.queue_notices(%s, %s, 'withdrawal', NULL, %s, %s, %s)").format(
                    s=sql.Identifier(rules.plan.schema)
                ),
                [uuid.uuid4(), person, [purpose], add_period(civil(now), rules.plan.told_within), now],
            )
    return len(touched)


def live(
    connection: Connection, rules: Rules, person: int, purpose: str, now: dt.datetime
) -> list[dict[str, Any]]:
    """Somebody's consents that were given and not withdrawn at `now`, with all that they prove; also those that ran out."""
    columns = sql.SQL(", ").join(map(sql.Identifier, CONSENT_COLUMNS))
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            sql.SQL(
                "SELECT {} FROM {} WHERE person_id = %s AND part = %s AND given_at <= %s"
                " AND (withdrawn_at IS NULL OR withdrawn_at > %s) ORDER BY id"
            ).format(columns, _table(rules)),
            [person, purpose, now, now],
        ).fetchall()


def _left(
    row: dict[str, Any], kinds: Sequence[str], channels: Sequence[str], now: dt.datetime
) -> list[dict[str, Any]]:
    """What stays of a consent: other kinds by all its channels, and the kinds that were named by its other channels."""
    had_kinds, had_channels = _list(row["kinds"]), _list(row["channel"])
    other = [kind for kind in had_kinds if kinds and kind not in kinds]
    rest = [channel for channel in had_channels if channels and channel not in channels]
    named = [kind for kind in had_kinds if kind not in other]
    parts = [(other, had_channels)] if other else []
    parts += [(named, rest)] if rest else []
    return [
        {
            **row,
            "id": new_id(),
            "recorded_at": now,
            "kinds": ",".join(of) or None,
            "channel": ",".join(by) or None,
        }
        for of, by in parts
    ]


def _lift(
    connection: Connection,
    rules: Rules,
    person: int,
    purpose: str,
    channels: Sequence[str],
    given_at: dt.datetime,
) -> None:
    """The newer word counts: what was refused before, and is agreed to now, is refused no more."""
    connection.execute(
        sql.SQL(
            "SELECT {s}.close_fact(f.id, {s}.moment()) FROM {s}.fact f WHERE f.person_id = %s AND f.ends_at IS NULL"
            " AND f.starts_at <= %s"
            " AND (f.kind = 'objection' AND f.key = %s OR f.kind = 'channel' AND f.key = ANY (%s))"
        ).format(s=sql.Identifier(rules.plan.schema)),
        [person, given_at, purpose, list(channels)],
    )


def _lock(connection: Connection, rules: Rules, person: int) -> None:
    found = connection.execute(
        sql.SQL("SELECT 1 FROM {}.state WHERE person_id = %s FOR UPDATE").format(
            sql.Identifier(rules.plan.schema)
        ),
        [person],
    ).fetchone()
    if found is None:
        raise ConsentError("nobody has this number", "a consent is somebody's", "record the person first")


def _insert(connection: Connection, rules: Rules, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    names = list(CONSENT_COLUMNS)
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        _table(rules),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
    )
    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(query, [[row[name] for name in names] for row in rows])
    except errors.CheckViolation as error:
        if error.diag.constraint_name == BROKEN:
            raise ConsentError(
                str(error.diag.message_primary),
                "art. 8, R-057: a child's consent",
                str(error.diag.message_hint),
            ) from None
        raise ConsentError(
            str(error.diag.message_primary), "P-049: a declared source", str(error.diag.message_hint)
        ) from None


def _list(said: str | None) -> list[str]:
    return [one for one in (said or "").split(",") if one]


def _table(rules: Rules) -> sql.Composable:
    return sql.Identifier(rules.consents.schema, rules.consents.name)
