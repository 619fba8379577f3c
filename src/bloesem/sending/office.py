"""What a page asked about campaigns (`office_sql`), done by whoever is keeper, and the call list.

A wish is done whole or not at all, once, in the order in which they came. Whoever is called for advertising is decided about
again as the list leaves, and compared with the do-not-call list as it stands then (VI.111 WER, P-090).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import secrets
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.company import Loaded
from bloesem.consent.rules import CALLED, Rules
from bloesem.consent.tables import DOOR
from bloesem.errors import BloesemError
from bloesem.plan.quoting import ident
from bloesem.sending import reasons as why
from bloesem.sending.campaign import Campaign, preview, release, stop
from bloesem.sending.decision import ask, query
from bloesem.sending.errors import CampaignError
from bloesem.sending.office_sql import FEWEST
from bloesem.sending.ready import rules_of
from bloesem.sending.reasons import REASONS
from bloesem.sending.templates import Template, Templates, load_templates
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

#: How long a call list that nobody fetches lies there, and what was asked is remembered.
ANSWERED, REMEMBERED = dt.timedelta(minutes=5), dt.timedelta(days=30)
#: Classes of which many may be written to at once, beside advertising.
TO_MANY = ("survey",)


@dataclass(frozen=True)
class Office:
    """What a company says to many: its rules, and the templates that it may be said with."""

    rules: Rules
    templates: Templates

    @classmethod
    def of(cls, loaded: Loaded, day: dt.date) -> Office | None:
        """None for a company that sends none. raises: SourceError, RulesError, TemplateError."""
        rules = rules_of(loaded)
        if rules is None or loaded.company.messages is None:
            return None
        return cls(rules, load_templates(loaded.company.messages / "templates", rules, day))

    def to_many(self) -> list[Template]:
        """Templates of a campaign: advertising and surveys, that say the same to everybody, for purposes in force."""
        return [it for it in self.templates.all.values() if self.why_not(it) is None]

    def why_not(self, template: Template) -> str | None:
        """The key of why a template is no campaign's."""
        if not self.rules.class_rule(template.class_).advertising and template.class_ not in TO_MANY:
            return "class"
        if template.values:
            return "values"
        return None if self.rules.plan.purpose(template.purpose).active else "off"

    # ---- what was asked --------------------------------------------------------------------------------------------

    def serve(self, connection: Connection) -> int:
        """Do what waits. in: a keeper's connection, in autocommit. out: how many."""
        s, done = ident(self.rules.plan.schema), 0
        connection.execute(
            f"UPDATE {s}.campaign_wish SET answer = NULL WHERE answer IS NOT NULL"
            " AND ended_at < clock_timestamp() - %s".encode(),
            [ANSWERED],
        )
        connection.execute(
            f"DELETE FROM {s}.campaign_wish WHERE state <> 'waiting' AND ended_at < clock_timestamp() - %s".encode(),
            [REMEMBERED],
        )
        while self._one(connection):
            done += 1
        return done

    def there(self, connection: Connection) -> bool:
        """Whether anybody can ask on this database."""
        found = connection.execute(
            "SELECT to_regclass(%s) IS NOT NULL", [f"{ident(self.rules.plan.schema)}.campaign_wish"]
        ).fetchone()
        return bool(found and found[0])

    def waits(self, connection: Connection) -> bool:
        """Whether there is anything to do: a wish, or a list that nobody fetched."""
        s = ident(self.rules.plan.schema)
        row = connection.execute(
            f"SELECT EXISTS (SELECT FROM {s}.campaign_wish WHERE state = 'waiting' OR answer IS NOT NULL"
            " AND ended_at < clock_timestamp() - %s)".encode(),
            [ANSWERED],
        ).fetchone()
        return bool(row and row[0])

    def _one(self, connection: Connection) -> bool:
        s = ident(self.rules.plan.schema)
        with connection.transaction():
            row = connection.execute(
                f"SELECT id, act, campaign, template, channel, segment, stated, asked_by FROM {s}.campaign_wish"
                " WHERE state = 'waiting' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED".encode()
            ).fetchone()
            if row is None:
                return False
            number, act, *asked = row
            answer = None
            try:
                with connection.transaction():
                    said, answer = self._do(connection, act, *asked)
                state = "done"
            except CampaignError as no:
                state, said = "refused", {"key": no.key}
            except BloesemError as no:  # names and rules of ours, nobody's data
                state, said = "refused", {"key": "other", "thing": no.thing, "rule": no.rule}
            connection.execute(
                f"UPDATE {s}.campaign_wish SET state = %s, said = %s, answer = %s, ended_at = clock_timestamp()"
                " WHERE id = %s".encode(),
                [state, Jsonb(said), answer, number],
            )
        return True

    def _do(
        self,
        connection: Connection,
        act: str,
        key: str,
        template: str | None,
        channel: str | None,
        segment: str | None,
        stated: int | None,
        actor: str,
    ) -> tuple[dict[str, Any], str | None]:
        if act == "stop":
            held = stop(connection, self.rules, key)
            self._by(connection, "stopped_by", key, actor)
            return {"n": held}, None
        if act == "calls":
            n, text = self._calls(connection, key, actor)
            return {"n": n}, text
        campaign = Campaign(key, template or "", channel or "", segment)
        no = self.why_not(self.templates.named(campaign.template))
        if no is not None:
            raise CampaignError(
                no,
                f"template `{campaign.template}` is no campaign's: {no}",
                "P-051, P-071: to many go advertising and surveys, in words that are the same for everybody",
                f"use one of: {', '.join(it.key for it in self.to_many())}",
            )
        if act == "count":
            self._known(connection, campaign)
            allowed = preview(connection, self.rules, self.templates, campaign).allowed
            self._by(connection, "counted_by", key, actor)
            return {"n": allowed}, None
        if stated is None:
            raise CampaignError(
                "uncounted",
                f"campaign `{key}` is released without a number",
                "who releases a campaign has seen whom it leaves out, and why",
                "look at its preview first",
            )
        made = release(connection, self.rules, self.templates, campaign, stated=stated)
        self._by(connection, "released_by", key, actor)
        return {"n": made}, None

    def _known(self, connection: Connection, campaign: Campaign) -> None:
        """raises: CampaignError for a segment that a page may not name: of another purpose, or of few people."""
        if campaign.segment is None:
            return
        purpose = self.templates.named(campaign.template).purpose
        row = connection.execute(f"SELECT {DOOR}.campaign_segments()".encode()).fetchone()
        known = [(it["name"], it["made_for"]) for it in (row[0] if row else ())]
        if (campaign.segment, purpose) not in known:
            raise CampaignError(
                "segment",
                f"there is no segment `{campaign.segment}` for `{purpose}`, of {FEWEST} people at least",
                "P-086: the logic of a selection is recorded; what is counted of few people is about somebody",
                "work it out first, for this purpose",
            )

    def _by(self, connection: Connection, column: str, key: str, actor: str) -> None:
        connection.execute(
            f"UPDATE {ident(self.rules.plan.schema)}.campaign SET {ident(column)} = %s WHERE key = %s".encode(),
            [actor, key],
        )

    # ---- who is called ---------------------------------------------------------------------------------------------

    def _calls(self, connection: Connection, key: str, actor: str) -> tuple[int, str]:
        """Whoever of a released campaign may be called now, as a file; each leaves the outbox with it, once. raises:
        CampaignError for a campaign that is not by telephone, or not on its way."""
        rules, s = self.rules, ident(self.rules.plan.schema)
        row = connection.execute(
            f"SELECT template, purpose FROM {s}.campaign WHERE key = %s AND channel = %s AND released_at IS NOT NULL"
            " AND stopped_at IS NULL FOR UPDATE".encode(),
            [key, CALLED],
        ).fetchone()
        if row is None:
            raise CampaignError(
                "no-calls",
                f"campaign `{key}` has nobody to call",
                "P-090: who is called was released first, and compared with the do-not-call list",
                "release it, by telephone",
            )
        waiting: dict[int, int] = dict(
            connection.execute(
                f"SELECT person_id, id FROM {s}.outbox WHERE campaign = %s AND state = 'decided' AND channel = %s"
                " ORDER BY id FOR UPDATE".encode(),
                [key, CALLED],
            ).fetchall()
        )
        people = sorted(waiting)
        connection.execute(
            f"SELECT FROM {s}.state WHERE person_id = ANY (%s) ORDER BY person_id FOR SHARE".encode(),
            [people],
        )
        now = moment(connection, rules.plan)
        asked = ask(self.templates.named(row[0]), CALLED, rules)
        text, values = query(connection, rules, asked, people, now=now, whole=True)
        decided = connection.execute(text.encode(), values).fetchall()
        called = [(person, value[0], language) for person, code, _, value, language in decided if code == 0]
        left = [(person, REASONS[code]) for person, code, *_ in decided if code != why.ALLOWED.code]
        connection.execute(
            f"UPDATE {s}.outbox SET state = 'sent', claimed_at = %(at)s, ended_at = %(at)s, contents = NULL"
            " WHERE id = ANY (%(ids)s)".encode(),
            {"at": now, "ids": [waiting[person] for person, *_ in called]},
        )
        connection.execute(
            f"UPDATE {s}.outbox o SET state = 'refused', ended_at = %(at)s, contents = NULL, reason = r.key,"
            " promise = r.promise FROM unnest(%(ids)s::bigint[], %(keys)s::text[], %(promises)s::text[])"
            " AS r (id, key, promise) WHERE o.id = r.id".encode(),
            {
                "at": now,
                "ids": [waiting[person] for person, _ in left],
                "keys": [reason.key for _, reason in left],
                "promises": [reason.promise for _, reason in left],
            },
        )
        self._read(connection, row[1], sorted(person for person, *_ in called), actor)
        out = io.StringIO()
        lines = csv.writer(out, lineterminator="\r\n")
        lines.writerow(["number", "language"])
        lines.writerows([number, language] for _, number, language in called)
        return len(called), out.getvalue()

    def _read(self, connection: Connection, purpose: str, people: list[int], actor: str) -> None:
        """Who was shown, as `record_reading` writes it for a login that serves the purpose; the keeper serves none."""
        s = ident(self.rules.plan.schema)
        connection.execute(
            f"""
WITH whom AS (SELECT p, decode(x, 'hex') AS salt FROM unnest(%(people)s::bigint[], %(salts)s::text[]) AS w (p, x)),
made AS (
    INSERT INTO {s}.act (as_of, kind, purpose, policy, counts, commitment)
    SELECT {s}.moment(), 'read', %(purpose)s, (SELECT policy FROM {s}.installed ORDER BY id DESC LIMIT 1),
           jsonb_build_object('people', %(n)s::integer),
           (SELECT sha256(string_agg(sha256(salt || int8send(p)), ''::bytea ORDER BY p)) FROM whom)
    RETURNING id)
INSERT INTO {s}.reading (act_id, person_id, at, actor, purpose, salt)
SELECT made.id, p, clock_timestamp(), %(actor)s, %(purpose)s, salt FROM made, whom""".encode(),
            {
                "people": people,
                "salts": [secrets.token_hex(32) for _ in people],
                "n": len(people),
                "purpose": purpose,
                "actor": actor,
            },
        )


__all__ = ["Office"]
