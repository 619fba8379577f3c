"""The steps of a version: decided by somebody, announced to everybody concerned, activated on its day. Each whole or not
begun.

Keeper alone. People are chosen and told in one statement each; who was told is in the outbox, so that a message that is on
its way, refused or lost is counted as that and as nothing better.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.company import Loaded, load
from bloesem.consent.texts import Texts
from bloesem.gate.keeping import keeper
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.policy.diff import spelt
from bloesem.policy.lint import LintFinding
from bloesem.publishing.errors import PublishingError, refusal
from bloesem.publishing.version import Version
from bloesem.publishing.weighing import Weighing, lacking
from bloesem.register.activities import register
from bloesem.register.dpia import unassessed
from bloesem.sending.door import Door
from bloesem.stores import measures
from bloesem.stores.facts import moment
from bloesem.stores.install import Installed, LoginSecrets, install
from bloesem.stores.postgres import Connection
from bloesem.terms import LANGUAGES

TEMPLATE = "policy-change"
#: The ways in which a notice goes, the next for whom the one before reaches nobody.
CHANNELS = ("email", "post")


@dataclass(frozen=True)
class Publication:
    """How far a version is. Times are aware."""

    version: dt.date
    digest: str
    significant: bool
    decided_by: str
    reason: str
    decided_at: dt.datetime
    announced_at: dt.datetime | None
    announced_by: str | None
    shown_at: str | None
    activated_at: dt.datetime | None
    activated_by: str | None
    weighed: Mapping[str, Any] = field(default_factory=dict, hash=False)  # art. 6(4), by part


@dataclass(frozen=True)
class Told:
    """How many people of those concerned: told in time, told too late, on the way, reached by no channel, not asked yet.
    `later`: known only since the announcement, and told."""

    concerned: int = 0
    in_time: int = 0
    late: int = 0
    later: int = 0
    waiting: int = 0
    unreached: int = 0
    missing: int = 0


@dataclass(frozen=True)
class Block:
    """What stands in the way of activation, by which rule, and what helps: in English, and by the key of its words in
    every language (`publishing.errors.in_words`)."""

    what: str
    rule: str
    remedy: str
    key: str = ""
    values: Mapping[str, str] = field(default_factory=dict, hash=False)


def _block(no: PublishingError) -> Block:
    return Block(no.thing, no.rule, no.remedy, no.key, no.values)


def read(connection: Connection, plan: Plan, version: dt.date) -> Publication | None:
    """in: as keeper or administrator. out: None where nothing was decided."""
    row = connection.execute(
        f"SELECT version, digest, significant, decided_by, reason, decided_at, announced_at, announced_by, shown_at,"
        f" activated_at, activated_by, weighed FROM {ident(plan.schema)}.publication WHERE version = %s".encode(),
        [version],
    ).fetchone()
    return Publication(*row) if row else None


# ---- decide ------------------------------------------------------------------------------------------------


def decide(
    connection: Connection,
    plan: Plan,
    version: Version,
    *,
    by: str,
    reason: str,
    significant: bool,
    weighed: Mapping[str, Any] | None = None,
) -> Publication:
    """A named person says whether the change is significant, and why. What the differences make significant stays so; a
    person can find more, and not less (P-175). Deciding anew, before activation, forgets what was announced.

    in: `weighed`, the answers of art. 6(4) for each part that uses what was collected for others (`Version.further`).
    raises: PublishingError for errors of the text, a decision without a name or reason, one that finds less, and for a
    further use that was not weighed, or is not compatible.
    """
    _whole(version)
    if not by.strip() or not reason.strip():
        raise refusal("nameless")
    if version.significant and not significant:
        first = next(change for change in version.changes if change.significant)
        rules = {f"rule_{one}": said for one, said in first.why.items()}
        raise refusal("significant", **first.words, **rules, rule=first.rule)
    for further in version.further():
        if (no := lacking(further, weighed or {})) is not None:
            raise no
    known = {one.part: Weighing.of((weighed or {}).get(one.part)).told() for one in version.further()}
    s = ident(plan.schema)
    with keeper(connection, plan.prefix):
        row = connection.execute(
            f"SELECT activated_at FROM {s}.publication WHERE version = %s FOR UPDATE".encode(),
            [version.new.version],
        ).fetchone()
        if row and row[0]:
            raise _active(version, row[0])
        connection.execute(
            f"""
INSERT INTO {s}.publication AS p
    (version, before, digest, significant, decided_by, reason, decided_at, changes, weighed)
VALUES (%(version)s, %(before)s, %(digest)s, %(significant)s, %(by)s, %(reason)s, {s}.moment(), %(changes)s,
    %(weighed)s)
ON CONFLICT (version) DO UPDATE SET before = EXCLUDED.before, significant = EXCLUDED.significant,
    decided_by = EXCLUDED.decided_by, reason = EXCLUDED.reason, decided_at = EXCLUDED.decided_at,
    changes = EXCLUDED.changes, digest = EXCLUDED.digest, weighed = EXCLUDED.weighed,
    announced_at = CASE WHEN p.digest = EXCLUDED.digest THEN p.announced_at END,
    announced_clock = CASE WHEN p.digest = EXCLUDED.digest THEN p.announced_clock END,
    announced_by = CASE WHEN p.digest = EXCLUDED.digest THEN p.announced_by END,
    shown_at = CASE WHEN p.digest = EXCLUDED.digest THEN p.shown_at END""".encode(),
            {
                "version": version.new.version,
                "before": version.old.version,
                "digest": version.digest,
                "significant": significant,
                "by": by.strip(),
                "reason": reason.strip(),
                "changes": Jsonb(version.told()),
                "weighed": Jsonb(known),
            },
        )
        found = read(connection, plan, version.new.version)
    assert found is not None
    return found


# ---- announce ----------------------------------------------------------------------------------------------


def announce(door: Door, version: Version, *, by: str, shown_at: str) -> Told:
    """Put a notice for everybody concerned in the outbox: by e-mail, and by post for whom e-mail does not reach. Asked
    again, it adds those who are new since, and nobody twice. What goes is a message that the law asks: it reaches who wants
    no advertising, and the door refuses it when it advertises (P-177).

    in: a door on a connection of its own; `shown_at`: where the coming text can be read by everybody, from now on.
    raises: PublishingError where nothing was decided about these files, or the notice comes too late to count.
    """
    plan, connection = door.rules.plan, door.connection
    if not by.strip() or not shown_at.startswith("https://"):
        raise refusal("unsaid")
    s = ident(plan.schema)
    with keeper(connection, plan.prefix):
        found = _decided(connection, plan, version, lock=True)
        if found.activated_at is not None:
            raise _active(version, found.activated_at)
        now = moment(connection, plan)
        if found.announced_at is None and civil(now) > version.last_day_of_notice():
            raise refusal("notice-late", today=civil(now), day=version.new.version, **_notice(version))
        values = {
            "day": version.new.version.strftime("%d-%m-%Y"),
            "where": shown_at,
            **{f"changes_{language}": words for language, words in version.words().items()},
        }
        people = [row[0] for row in connection.execute(*_concerned(plan, version)).fetchall()]
        for channel in CHANNELS:
            once = _once(version, channel)
            asked = door.submit(TEMPLATE, channel, people, values, once=once)
            people = [one.person for one in asked if one.reason.key != "allowed"]
        connection.execute(
            f"UPDATE {s}.publication SET announced_at = COALESCE(announced_at, {s}.moment()),"
            " announced_clock = COALESCE(announced_clock, clock_timestamp()), announced_by = %s,"
            " shown_at = %s WHERE version = %s".encode(),
            [by.strip(), shown_at, version.new.version],
        )
        return told(connection, plan, version)


def told(connection: Connection, plan: Plan, version: Version) -> Told:
    """Where the notice stands with everybody concerned. in: as keeper or administrator."""
    s = ident(plan.schema)
    query, values = _concerned(plan, version)
    row = connection.execute(
        f"""
WITH concerned AS ({query.decode()}),
     notice AS (
        SELECT o.person_id, min(o.ended_at) FILTER (WHERE o.state = 'sent' AND o.bounced_at IS NULL) AS sent,
               bool_or(o.state IN ('decided', 'claimed')) AS waits
        FROM {s}.outbox o WHERE o.template = %(template)s AND o.once LIKE %(once)s GROUP BY o.person_id),
     stands AS (
        SELECT c.person_id, n.person_id IS NOT NULL AS asked, n.sent, n.waits,
               n.sent IS NOT NULL AND {s}.civil(n.sent) <= %(last)s AS in_time,
               (SELECT min(f.recorded_at) FROM {s}.fact f WHERE f.person_id = c.person_id)
                 > (SELECT p.announced_clock FROM {s}.publication p WHERE p.version = %(version)s) AS later
        FROM concerned c LEFT JOIN notice n USING (person_id))
SELECT count(*), count(*) FILTER (WHERE in_time),
       count(*) FILTER (WHERE sent IS NOT NULL AND NOT in_time AND later IS NOT TRUE),
       count(*) FILTER (WHERE sent IS NOT NULL AND NOT in_time AND later),
       count(*) FILTER (WHERE sent IS NULL AND waits),
       count(*) FILTER (WHERE asked AND sent IS NULL AND NOT waits),
       count(*) FILTER (WHERE NOT asked)
FROM stands""".encode(),
        {
            **values,
            "template": TEMPLATE,
            "once": _once(version, "%"),
            "last": version.last_day_of_notice(),
            "version": version.new.version,
        },
    ).fetchone()
    assert row is not None
    return Told(*row)


def _once(version: Version, channel: str) -> str:
    return f"policy:{version.new.version}:{version.digest[:12]}:{channel}"


def _concerned(plan: Plan, version: Version) -> tuple[bytes, dict[str, Any]]:
    """Everybody of whom something is stored, or those whose data the sub-purposes that change use or keep."""
    s, parts = ident(plan.schema), version.parts()
    masks = {purpose.key: purpose.mask for purpose in plan.purposes}
    mask = -1 if parts is None else sum(masks.get(part, 0) for part in parts)
    return (
        f"SELECT person_id FROM {s}.state WHERE (used | kept) & %(mask)s::bigint <> 0 ORDER BY person_id".encode(),
        {"mask": mask},
    )


# ---- activate ----------------------------------------------------------------------------------------------


def blocks(connection: Connection, plan: Plan, version: Version, texts: Texts | None) -> list[Block]:
    """What stands in the way of putting a version in force now; `plan`: the one that is in force. Changes nothing."""
    day = version.new.version
    found = [_found(one) for one in version.errors()]
    today = civil(moment(connection, plan))
    if today < day:
        found.append(refusal("not-come", day=day, today=today))
    found += [refusal("unasked", part=part, day=day) for part in version.unasked(texts)]
    publication = read(connection, plan, day)
    if publication is None or publication.digest != version.digest:
        found.append(refusal("undecided" if publication is None else "stale", day=day))
    else:
        # The record says which new parts are compatible, and may say more by now.
        weighed = (lacking(further, publication.weighed) for further in version.further())
        found += [no for no in weighed if no is not None]
        if publication.significant:
            found += _untold(connection, plan, version, publication)
    if bare := unassessed(version.company, register(version.company, day)):
        found.append(
            refusal("unassessed", **{one: "; ".join(each[one] for each in bare) for one in LANGUAGES})
        )
    wanting = measures.lacking(connection, plan, today) if plan.measures else []
    if wanting:
        found.append(refusal("evidence", measures=measures.named(wanting)))
    return [_block(one) for one in found]


def _found(one: LintFinding) -> PublishingError:
    """An error of the text; its remedy in each language that the rule has."""
    remedies = {f"remedy_{language}": one.rule.remedy.get(language, one.remedy) for language in LANGUAGES}
    return refusal(
        "finding", id=one.id, thing=one.thing, article=one.rule.article, remedy=one.remedy, **remedies
    )


def _notice(version: Version) -> dict[str, str]:
    """How long before, in words of each language, and as the record writes it."""
    return {"notice": version.notice(), **{f"notice_{k}": v for k, v in spelt(version.notice()).items()}}


def _untold(
    connection: Connection, plan: Plan, version: Version, publication: Publication
) -> list[PublishingError]:
    more = {"day": str(version.new.version), **_notice(version)}
    if publication.announced_at is None:
        return [refusal("untold", **more)]
    stands = told(connection, plan, version)
    found = [
        refusal(key, many=many, all=stands.concerned, **more)
        for key, many in (("missing", stands.missing), ("waiting", stands.waiting), ("late", stands.late))
        if many
    ]
    if civil(publication.announced_at) > version.last_day_of_notice():
        found.append(refusal("came-late", at=civil(publication.announced_at), **more))
    return found


def activate(
    connection: Connection,
    now_in_force: Plan,
    coming: Loaded,
    version: Version,
    texts: Texts | None,
    *,
    by: str,
    credentials: LoginSecrets | None = None,
) -> Installed:
    """Put the version in force, on its day or later: roles, policies, views and everybody's masks, and the row that says so,
    in one transaction (P-173). What was decided before goes on citing the version before.

    in: as superuser or the database's owner, with nothing open; `coming`: compiled for today.
    raises: PublishingError for the first thing in the way; what `install` raises. Nothing was changed then.
    """
    if not by.strip():
        raise refusal("no-name")
    s = ident(now_in_force.schema)
    with connection.transaction():
        row = connection.execute(
            f"SELECT activated_at FROM {s}.publication WHERE version = %s FOR UPDATE".encode(),
            [version.new.version],
        ).fetchone()
        if row and row[0]:
            raise _active(version, row[0])
        for block in blocks(connection, now_in_force, version, texts):
            raise PublishingError(block.what, block.rule, block.remedy, block.key, block.values)
        if coming.policy.version != version.new.version:
            raise refusal("another-today", now=coming.policy.version, day=version.new.version)
        done = install(connection, coming.plan, credentials=credentials)
        connection.execute(
            f"UPDATE {s}.publication SET activated_at = {s}.moment(), activated_by = %s WHERE version = %s".encode(),
            [by.strip(), version.new.version],
        )
    return done


def standing(connection: Connection, schema: str) -> dt.date | None:
    """The version that is in force in a database, or was last; None where none ever was. in: the schema of Bloesem's own
    things."""
    name = f"{ident(schema)}.installed"
    there = connection.execute("SELECT to_regclass(%s)", [name]).fetchone()
    if there is None or there[0] is None:
        return None
    last = connection.execute(f"SELECT policy FROM {name} ORDER BY id DESC LIMIT 1".encode()).fetchone()
    return last[0] if last else None


def that_stands(connection: Connection, loaded: Loaded, today: dt.date) -> Loaded:
    """The company with the version that a database has, where the day of a later one has come and nobody put it in force:
    until somebody does, the one before goes on (P-175). Else as it was given."""
    last = standing(connection, loaded.plan.schema)
    if last is None or last >= loaded.policy.version:
        return loaded
    company = replace(loaded.company, standing=last)
    return load(company.directory, on=today, prefix=loaded.plan.prefix, company=company)


def require_published(connection: Connection, plan: Plan) -> None:
    """Refuses to put a later version in force by another way than `bloesem publish activate`, where an earlier one is.

    raises: PublishingError. A database in which nothing is in force yet takes any version.
    """
    s = ident(plan.schema)
    last = standing(connection, plan.schema)
    if last is None or last >= plan.version:
        return
    row = connection.execute("SELECT to_regclass(%s)", [f"{s}.publication"]).fetchone()
    done = (
        row is not None
        and row[0] is not None
        and connection.execute(
            f"SELECT FROM {s}.publication WHERE version = %s AND activated_at IS NOT NULL".encode(),
            [plan.version],
        ).fetchone()
    )
    if not done:
        raise PublishingError(
            f"the policy of {plan.version} was not published, and that of {last} is in force",
            "P-175: a change is decided, announced and activated, or it does not begin",
            f"bloesem publish status {plan.version} --store URL says what is still to be done",
        )


# ---- inside ------------------------------------------------------------------------------------------------


def _whole(version: Version) -> None:
    if said := version.other_day():
        raise refusal("other-day", day=version.new.version, said=said)
    for one in version.errors():
        raise _found(one)


def _decided(connection: Connection, plan: Plan, version: Version, *, lock: bool = False) -> Publication:
    if lock:
        connection.execute(
            f"SELECT FROM {ident(plan.schema)}.publication WHERE version = %s FOR UPDATE".encode(),
            [version.new.version],
        )
    found = read(connection, plan, version.new.version)
    if found is None or found.digest != version.digest:
        raise refusal("undecided" if found is None else "stale", day=version.new.version)
    return found


def _active(version: Version, at: dt.datetime) -> PublishingError:
    return refusal("active", day=version.new.version, at=civil(at))


__all__ = [
    "Block",
    "Publication",
    "Told",
    "activate",
    "announce",
    "blocks",
    "decide",
    "read",
    "require_published",
    "standing",
    "that_stands",
    "told",
]
