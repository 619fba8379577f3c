"""A message to many: first counted, with whom it leaves out and why, then released. What is released is decided once more,
person by person, at the claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from bloesem.consent.rules import CALLED, Rules
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.sending import reasons as why
from bloesem.sending.decision import Asked, ask, counts, query
from bloesem.sending.errors import CampaignError, SendingError
from bloesem.sending.reasons import Reason
from bloesem.sending.templates import Templates, fill
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

#: Everybody is counted in memory: joins that spill to disk take twice as long.
ROOM = "SET LOCAL work_mem = '256MB'"


@dataclass(frozen=True)
class Campaign:
    """`segment`: whoever is in it, as it was worked out for the template's purpose; everybody who is known without."""

    key: str
    template: str
    channel: str
    segment: str | None = None


@dataclass(frozen=True)
class Preview:
    """How many would be written to, and how many not, for which reason."""

    campaign: Campaign
    counts: Mapping[Reason, int]
    made_of: tuple[str, ...]

    @property
    def allowed(self) -> int:
        return self.counts.get(why.ALLOWED, 0)

    @property
    def left_out(self) -> Mapping[Reason, int]:
        return {reason: n for reason, n in self.counts.items() if reason is not why.ALLOWED}


def preview(connection: Connection, rules: Rules, templates: Templates, campaign: Campaign) -> Preview:
    """Count, and write the numbers down (no person). in: as keeper.

    raises: SendingError for what may be sent to nobody, for a segment that is not there or was made of what advertising may
    not read (P-086), and for a campaign that is out already.
    """
    asked = _asked(rules, templates, campaign)
    with connection.transaction():
        connection.execute(ROOM)
        made_of = _made_of(connection, rules, asked, campaign)
        found = counts(connection, rules, asked, None, _among(rules, asked, campaign))
        row = connection.execute(
            f"INSERT INTO {ident(rules.plan.schema)}.campaign AS c"
            " (key, template, version, purpose, channel, segment, made_of, made_at, counts)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (key) DO UPDATE SET template = EXCLUDED.template, version = EXCLUDED.version,"
            " purpose = EXCLUDED.purpose, channel = EXCLUDED.channel, segment = EXCLUDED.segment,"
            " made_of = EXCLUDED.made_of, made_at = EXCLUDED.made_at, counts = EXCLUDED.counts"
            " WHERE c.released_at IS NULL RETURNING key".encode(),
            [
                *(
                    campaign.key,
                    asked.template.key,
                    asked.template.version,
                    asked.template.purpose,
                    campaign.channel,
                ),
                *(campaign.segment, list(made_of), moment(connection, rules.plan)),
                Jsonb({reason.key: n for reason, n in found.items()}),
            ],
        ).fetchone()
        if row is None:
            raise _out(campaign)
    return Preview(campaign, found, made_of)


def release(
    connection: Connection,
    rules: Rules,
    templates: Templates,
    campaign: Campaign,
    *,
    stated: int | None = None,
) -> int:
    """Put a message in the outbox to everybody who may have it now. As it was counted, or not at all: another template,
    version, channel or segment is another campaign.

    `stated`: the number that whoever releases it was shown. It must be the one that was counted; and where more people may
    have it by now, nothing goes out, as nobody has seen whom that adds. Fewer is no obstacle: an objection counts at once,
    and stops nobody else's message. A call list waits in the outbox until somebody fetches it (`calls`).
    out: messages. raises: SendingError as `preview`, and before one.
    """
    asked = _asked(rules, templates, campaign)
    s = ident(rules.plan.schema)
    with connection.transaction():
        connection.execute(ROOM)
        row = connection.execute(
            "SELECT template, version, channel, segment, released_at, COALESCE((counts ->> 'allowed')::int, 0)"
            f" FROM {s}.campaign WHERE key = %s FOR UPDATE".encode(),
            [campaign.key],
        ).fetchone()
        if row is None or row[:4] != (
            campaign.template,
            asked.template.version,
            campaign.channel,
            campaign.segment,
        ):
            raise CampaignError(
                "uncounted",
                f"campaign `{campaign.key}` was not counted as it would go out",
                "who releases a campaign has seen whom it leaves out, and why",
                "look at its preview first",
            )
        if row[4] is not None:
            raise _out(campaign)
        if stated is not None and stated != row[5]:
            raise CampaignError(
                "uncounted",
                f"campaign `{campaign.key}` was counted anew since it was shown",
                "who releases a campaign has seen whom it leaves out, and why",
                "look at its preview again",
            )
        _made_of(connection, rules, asked, campaign)
        text, values = query(connection, rules, asked, None, _among(rules, asked, campaign))
        template = asked.template
        now = moment(connection, rules.plan)
        made = connection.execute(
            f"INSERT INTO {s}.outbox (person_id, class, purpose, channel, template, version, campaign, state, decided_at,"
            " due_at) SELECT person_id, %(class)s, %(purpose)s, %(channel)s, %(template)s, %(version)s, %(campaign)s,"
            f" 'decided', %(at)s, %(due)s::timestamptz FROM ({text}) AS v WHERE code = 0"
            " ON CONFLICT (campaign, person_id) DO NOTHING".encode(),
            {
                **values,
                "class": template.class_,
                "purpose": template.purpose,
                "channel": campaign.channel,
                "template": template.key,
                "version": template.version,
                "campaign": campaign.key,
                "due": "infinity" if campaign.channel == CALLED else now,
            },
        ).rowcount
        if stated is not None and made > stated:
            raise CampaignError(
                "more",
                f"campaign `{campaign.key}` would go to {made} people by now, and {stated} were counted",
                "who releases a campaign has seen whom it leaves out, and why",
                "count it anew, and look",
            )
        connection.execute(
            f"UPDATE {s}.campaign SET released_at = %s WHERE key = %s".encode(), [now, campaign.key]
        )
    return made


def stop(connection: Connection, rules: Rules, key: str) -> int:
    """What waits goes no more; what a door took already is on its way. out: messages that were held back. raises:
    CampaignError for one that is not out, or stopped already."""
    s = ident(rules.plan.schema)
    with connection.transaction():
        now = moment(connection, rules.plan)
        done = connection.execute(
            f"UPDATE {s}.campaign SET stopped_at = %s WHERE key = %s AND released_at IS NOT NULL"
            " AND stopped_at IS NULL".encode(),
            [now, key],
        ).rowcount
        if not done:
            raise CampaignError(
                "not-out",
                f"campaign `{key}` is not on its way",
                "what was never released, or stopped before, is not stopped",
                "look at its page",
            )
        return connection.execute(
            f"UPDATE {s}.outbox SET state = 'refused', reason = %s, ended_at = %s, address = NULL, contents = NULL"
            " WHERE campaign = %s AND state = 'decided'".encode(),
            [why.STOPPED.key, now, key],
        ).rowcount


def stopped(connection: Connection, rules: Rules, key: str) -> bool:
    """Whether it was stopped: a message of it may still wait for another offer."""
    row = connection.execute(
        f"SELECT stopped_at IS NOT NULL FROM {ident(rules.plan.schema)}.campaign WHERE key = %s".encode(),
        [key],
    ).fetchone()
    return bool(row and row[0])


def _asked(rules: Rules, templates: Templates, campaign: Campaign) -> Asked:
    asked = ask(templates.named(campaign.template), campaign.channel, rules)
    fill(asked.template, {}, advertising=asked.rule(rules).advertising)
    return asked


def _among(rules: Rules, asked: Asked, campaign: Campaign) -> str | None:
    if campaign.segment is None:
        return None
    rule, purpose = rules.file.segments, asked.purpose(rules)
    table = rules.plan.table(rule.table)
    return (
        f"SELECT DISTINCT g.{ident(table.owners[0])} AS person_id FROM {qualified(table.schema, table.name)} g"
        f" WHERE g.{ident(rule.name)} = {literal(campaign.segment)} AND g.{ident(rule.made_for)} = {literal(purpose.key)}"
        f" AND g.used_for & {purpose.mask} <> 0 AND g.good_until > %(at)s"
    )


def _made_of(connection: Connection, rules: Rules, asked: Asked, campaign: Campaign) -> tuple[str, ...]:
    """The columns that a segment was worked out from, which the rows say; each is one that the purpose may read."""
    if campaign.segment is None:
        return ()
    rule, purpose = rules.file.segments, asked.purpose(rules)
    table = rules.plan.table(rule.table)
    rows = connection.execute(
        f"SELECT DISTINCT {ident(rule.inputs)} FROM {qualified(table.schema, table.name)}"
        f" WHERE {ident(rule.name)} = %s AND {ident(rule.made_for)} = %s".encode(),
        [campaign.segment, purpose.key],
    ).fetchall()
    if not rows:
        raise CampaignError(
            "segment",
            f"there is no segment `{campaign.segment}` for `{purpose.key}`",
            "P-086: the logic of a selection is recorded, with its inputs",
            "work it out first, for this purpose",
        )
    named = sorted(
        {column.strip() for (inputs,) in rows for column in (inputs or "").split(",") if column.strip()}
    )
    for column in named:
        of, _, name = column.partition(".")
        planned = rules.plan.by_name.get(of)
        found = next((c for c in planned.columns if c.name == name), None) if planned else None
        if found is None or not found.purposes & purpose.mask:
            raise CampaignError(
                "inputs",
                f"segment `{campaign.segment}` was made of {column}",
                f"P-086, P-050: `{purpose.key}` is worked out from what it may read; no special category, credit, recording",
                "work it out anew from other columns",
            )
    return tuple(named)


def _out(campaign: Campaign) -> SendingError:
    return CampaignError(
        "out",
        f"campaign `{campaign.key}` is out already",
        "a message is sent once",
        "make another campaign, with a key of its own",
    )


__all__ = ["Campaign", "Preview", "preview", "release", "stop", "stopped"]
