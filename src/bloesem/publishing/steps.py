"""The steps of a version: decided by somebody, announced to everybody concerned, activated on its day. Each whole or not
begun.

Keeper alone. People are chosen and told in one statement each; who was told is in the outbox, so that a message that is on
its way, refused or lost is counted as that and as nothing better.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.company import Loaded
from bloesem.consent.texts import Texts
from bloesem.gate.keeping import keeper
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.publishing.errors import PublishingError
from bloesem.publishing.version import Version
from bloesem.sending.door import Door
from bloesem.stores.facts import moment
from bloesem.stores.install import Installed, LoginSecrets, install
from bloesem.stores.postgres import Connection

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
    """What stands in the way of activation, by which rule, and what helps."""

    what: str
    rule: str
    remedy: str


def read(connection: Connection, plan: Plan, version: dt.date) -> Publication | None:
    """in: as keeper or administrator. out: None where nothing was decided."""
    row = connection.execute(
        f"SELECT version, digest, significant, decided_by, reason, decided_at, announced_at, announced_by, shown_at,"
        f" activated_at, activated_by FROM {ident(plan.schema)}.publication WHERE version = %s".encode(),
        [version],
    ).fetchone()
    return Publication(*row) if row else None


# ---- decide ------------------------------------------------------------------------------------------------


def decide(
    connection: Connection, plan: Plan, version: Version, *, by: str, reason: str, significant: bool
) -> Publication:
    """A named person says whether the change is significant, and why. What the differences make significant stays so: a
    person can find more, and not less (P-175). Deciding anew, before activation, forgets what was announced.

    raises: PublishingError for errors of the text, a decision without a name or reason, or one that finds less.
    """
    _whole(version)
    if not by.strip() or not reason.strip():
        raise PublishingError(
            "a decision without a name or a reason",
            "art. 5(2): who decided, and why, can be shown",
            "say --by NAME --reason WHY",
        )
    if version.significant and not significant:
        first = next(change for change in version.changes if change.significant)
        raise PublishingError(
            f"the change is significant: {first.words['en']}",
            first.rule,
            "decide --significant; or change the version, so that the difference is gone",
        )
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
INSERT INTO {s}.publication AS p (version, before, digest, significant, decided_by, reason, decided_at, changes)
VALUES (%(version)s, %(before)s, %(digest)s, %(significant)s, %(by)s, %(reason)s, {s}.moment(), %(changes)s)
ON CONFLICT (version) DO UPDATE SET before = EXCLUDED.before, significant = EXCLUDED.significant,
    decided_by = EXCLUDED.decided_by, reason = EXCLUDED.reason, decided_at = EXCLUDED.decided_at,
    changes = EXCLUDED.changes, digest = EXCLUDED.digest,
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
        raise PublishingError(
            "a notice without a name, or without an address where the coming text can be read",
            "P-174, P-175: people can read what is coming",
            "say --by NAME --url https://…",
        )
    s = ident(plan.schema)
    with keeper(connection, plan.prefix):
        found = _decided(connection, plan, version, lock=True)
        if found.activated_at is not None:
            raise _active(version, found.activated_at)
        now = moment(connection, plan)
        if found.announced_at is None and civil(now) > version.last_day_of_notice():
            raise PublishingError(
                f"a notice of {civil(now)} is too late for a version of {version.new.version}",
                f"P-175: at least {version.notice()} beforehand",
                "give the version a later day (its directory, and `version` inside)",
            )
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
    found = [Block(f"{f.id}: {f.thing}", f"P-001; art. {f.rule.article}", f.remedy) for f in version.errors()]
    today = civil(moment(connection, plan))
    if today < version.new.version:
        found.append(
            Block(
                f"{version.new.version} has not come: it is {today}", "P-173", "wait, or give it another day"
            )
        )
    for part in version.unasked(texts):
        found.append(
            Block(
                f"`{part}` runs on consent from now on, and no text asks for it on {version.new.version}",
                "P-176, art. 7: a use that needs consent is asked first",
                "write the text in messages/consents.yaml, with `from` on or before that day",
            )
        )
    publication = read(connection, plan, version.new.version)
    if publication is None or publication.digest != version.digest:
        what = "nobody decided" if publication is None else "the files changed after somebody decided"
        found.append(
            Block(
                f"{what} whether the change is significant",
                "P-175, art. 5(2)",
                f"bloesem publish decide {version.new.version} --by NAME --reason WHY --significant",
            )
        )
    elif publication.significant:
        found += _untold(connection, plan, version, publication)
    return found


def _untold(connection: Connection, plan: Plan, version: Version, publication: Publication) -> list[Block]:
    rule = f"P-175; art. 13(3), 14(4): everybody concerned is told at least {version.notice()} beforehand"
    again = f"bloesem publish announce {version.new.version} --by NAME --url https://…"
    if publication.announced_at is None:
        return [Block("nobody was told of a significant change", rule, again)]
    stands = told(connection, plan, version)
    found = []
    for many, what, remedy in (
        (stands.missing, "were asked by no message", again),
        (stands.waiting, "wait for their message", "let the door send (it runs with `bloesem up`)"),
        (stands.late, "were told too late", "give the version a later day, and announce it anew"),
    ):
        if many:
            found.append(Block(f"{many} of {stands.concerned} people concerned {what}", rule, remedy))
    if civil(publication.announced_at) > version.last_day_of_notice():
        found.append(Block(f"the notice of {civil(publication.announced_at)} came too late", rule, again))
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
        raise PublishingError("nobody's name", "art. 5(2): who put it in force can be shown", "say --by NAME")
    s = ident(now_in_force.schema)
    with connection.transaction():
        row = connection.execute(
            f"SELECT activated_at FROM {s}.publication WHERE version = %s FOR UPDATE".encode(),
            [version.new.version],
        ).fetchone()
        if row and row[0]:
            raise _active(version, row[0])
        for block in blocks(connection, now_in_force, version, texts):
            raise PublishingError(block.what, block.rule, block.remedy)
        if coming.policy.version != version.new.version:
            raise PublishingError(
                f"today {coming.policy.version} is in force, and not {version.new.version}",
                "P-173: one version is in force on a day",
                "activate that one",
            )
        done = install(connection, coming.plan, credentials=credentials)
        connection.execute(
            f"UPDATE {s}.publication SET activated_at = {s}.moment(), activated_by = %s WHERE version = %s".encode(),
            [by.strip(), version.new.version],
        )
    return done


def require_published(connection: Connection, plan: Plan) -> None:
    """Refuses to put a later version in force by another way than `bloesem publish activate`, where an earlier one is.

    raises: PublishingError. A database in which nothing is in force yet takes any version.
    """
    s = ident(plan.schema)
    row = connection.execute(
        "SELECT to_regclass(%s), to_regclass(%s)", [f"{s}.installed", f"{s}.publication"]
    ).fetchone()
    if row is None or row[0] is None:
        return
    last = connection.execute(
        f"SELECT policy FROM {s}.installed ORDER BY id DESC LIMIT 1".encode()
    ).fetchone()
    if last is None or last[0] >= plan.version:
        return
    done = (
        row[1] is not None
        and connection.execute(
            f"SELECT FROM {s}.publication WHERE version = %s AND activated_at IS NOT NULL".encode(),
            [plan.version],
        ).fetchone()
    )
    if not done:
        raise PublishingError(
            f"the policy of {plan.version} was not published, and that of {last[0]} is in force",
            "P-175: a change is decided, announced and activated, or it does not begin",
            f"bloesem publish status {plan.version} --store URL says what is still to be done",
        )


# ---- inside ------------------------------------------------------------------------------------------------


def _whole(version: Version) -> None:
    if said := version.other_day():
        raise PublishingError(
            f"the version of {version.new.version} says of itself “{said}”",
            "P-182: a version shows the day on which it was last changed",
            "write that day in the text, or give the version the day that the text says",
        )
    for one in version.errors():
        raise PublishingError(
            f"the version has errors: {one.id}, {one.thing}",
            f"P-001: what is wrong is not published; art. {one.rule.article}",
            one.remedy,
        )


def _decided(connection: Connection, plan: Plan, version: Version, *, lock: bool = False) -> Publication:
    if lock:
        connection.execute(
            f"SELECT FROM {ident(plan.schema)}.publication WHERE version = %s FOR UPDATE".encode(),
            [version.new.version],
        )
    found = read(connection, plan, version.new.version)
    if found is None or found.digest != version.digest:
        raise PublishingError(
            "nobody decided about these files"
            if found is None
            else "the files changed after somebody decided about them",
            "P-175: people are told of what was decided",
            f"bloesem publish decide {version.new.version} --by NAME --reason WHY --significant",
        )
    return found


def _active(version: Version, at: dt.datetime) -> PublishingError:
    return PublishingError(
        f"the version of {version.new.version} is in force since {civil(at)}",
        "P-173: a version that people were told of never changes",
        "write a new version",
    )


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
    "told",
]
