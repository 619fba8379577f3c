"""The door: what is asked is decided, what is decided is claimed, what is claimed is sent. At most once, whatever crashes.

    decided  →  claimed  →  sent | failed | unknown
       ↘ refused ↙

Deciding reads the facts in the transaction that records the answer. The claim decides anew, under the person's lock: an
objection that commits before it stops the message, one that waits for it comes after. The claim commits before a word is
said to any server, and the outcome after; a door that dies between leaves `claimed`, which the next makes `unknown`, and
that is never sent again. Names and words are read at the claim and stored nowhere.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.consent.links import Link, LinkKeys
from bloesem.consent.rules import Rules
from bloesem.consent.suppression import SuppressionKeys, listed, suppress
from bloesem.plan.dates import add_period, civil, midnight
from bloesem.plan.quoting import ident, literal
from bloesem.rights.identifiers import IdentifierError
from bloesem.sending import indirect
from bloesem.sending import reasons as why
from bloesem.sending.ballots import draw
from bloesem.sending.campaign import stopped
from bloesem.sending.decision import Asked, agreed_sql, ask, query
from bloesem.sending.errors import SendingError
from bloesem.sending.reasons import BY_KEY, REASONS, Reason
from bloesem.sending.templates import Templates, fill, first_of_all, render
from bloesem.sending.transports import Letter, Outcome, Place, Transport
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

#: Between offers of a message that a server put off; after the last it has failed.
RETRIES = (dt.timedelta(minutes=5), dt.timedelta(minutes=30), dt.timedelta(hours=4), dt.timedelta(hours=20))
#: The first half of the lock that a living door holds.
LOCK = 0x626C6F65
#: Classes of messages that the law asks for. Their answers go to the privacy mailbox, and are known there. Lost is worse
#: than twice: where nobody knows whether one was taken, it is offered again, under the same Message-ID, with the same link.
ANSWERABLE = ("legal",)
_AGAIN = f"(class IN ({', '.join(map(literal, ANSWERABLE))}) AND tries < {len(RETRIES)})"
_COLUMNS = (
    "id, person_id, class, purpose, channel, template, version, address, language, contents, state, tries, decided_at,"
    " campaign"
)


@dataclass(frozen=True)
class Queued:
    """A row of the outbox, as it stands."""

    id: int
    person: int | None
    class_: str
    purpose: str
    channel: str
    template: str
    version: int
    address: str | None
    language: str | None
    contents: Mapping[str, str]
    state: str
    tries: int
    decided_at: dt.datetime
    campaign: str | None


def _queued(row: Sequence[Any]) -> Queued:
    names = [one.name for one in fields(Queued)]
    said = dict(zip(names, row, strict=True))
    return Queued(**{**said, "contents": said["contents"] or {}})


@dataclass(frozen=True)
class Submitted:
    """What became of what was asked: the number in the outbox, and the decision."""

    number: int
    person: int
    reason: Reason


@dataclass
class Run:
    """What a door did."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


@dataclass
class Door:
    """in: a keeper's connection of its own, in autocommit; what the company decided; a transport per channel.

    `pages`: called with each message as it leaves.
    `after`: called with each message that was sent, in the transaction that records it: the business writes its own row.
    """

    connection: Connection
    rules: Rules
    templates: Templates
    links: LinkKeys
    keys: SuppressionKeys
    place: Place
    transports: Mapping[str, Transport]
    after: Callable[[Connection, Queued, dt.datetime], None] | None = None
    pages: Callable[[Queued, Letter], bytes | None] | None = None  # what is printed of a message
    number: int = field(default_factory=lambda: secrets.randbelow(2**31 - 1) + 1)
    _alive: bool = False

    # ---- asking ----------------------------------------------------------------------------------------------------

    def submit(
        self,
        template: str,
        channel: str,
        people: Sequence[int],
        values: Mapping[str, str] | None = None,
        *,
        once: str | None = None,
    ) -> list[Submitted]:
        """Decide about a message to each of these people and record it, allowed or refused, with the reason.

        `once`: the caller's own name for the message; asked for again after a crash, the first answer stands.
        raises: SendingError for a message that may not be sent to anybody, before anything is recorded.
        """
        self._live()
        asked = ask(self.templates.named(template), channel, self.rules)
        said = dict(values or {})
        fill(asked.template, said, advertising=asked.rule(self.rules).advertising)
        template_ = asked.template
        with self.connection.transaction():
            now = moment(self.connection, self.rules.plan)
            text, asking = query(self.connection, self.rules, asked, people, now=now)
            rows = self.connection.execute(
                self._record_sql(text),
                {
                    **asking,
                    "class": template_.class_,
                    "purpose": template_.purpose,
                    "channel": channel,
                    "template": template_.key,
                    "version": template_.version,
                    "once": once,
                    "contents": Jsonb(said),
                },
            ).fetchall()
            missing = sorted(set(people) - {row[1] for row in rows})
            if missing:  # asked before, under the same name
                rows += self.connection.execute(
                    f"SELECT id, person_id, COALESCE(reason, 'allowed') FROM {self._s}.outbox"
                    " WHERE once = ANY (%s)".encode(),
                    [[f"{once}:{person}" for person in missing]],
                ).fetchall()
        return [Submitted(number, person, BY_KEY[key]) for number, person, key in sorted(rows)]

    def _record_sql(self, decision: str) -> bytes:
        """The decision and its record are one statement: what was read is what is written."""
        reasons = ", ".join(
            f"({r.code}, {literal(r.key)}, {literal(r.promise)})"
            for r in REASONS.values()
            if r is not why.ALLOWED
        )
        return f"""
INSERT INTO {self._s}.outbox (person_id, class, purpose, channel, template, version, once, contents, state, reason, promise,
                              decided_at, due_at, ended_at)
SELECT v.person_id, %(class)s, %(purpose)s, %(channel)s, %(template)s, %(version)s, %(once)s::text || ':' || v.person_id,
       CASE WHEN r.key IS NULL THEN %(contents)s::jsonb END, CASE WHEN r.key IS NULL THEN 'decided' ELSE 'refused' END,
       r.key, r.promise, %(at)s, %(at)s, CASE WHEN r.key IS NOT NULL THEN %(at)s::timestamptz END
FROM ({decision}) AS v LEFT JOIN (VALUES {reasons}) AS r (code, key, promise) USING (code)
ON CONFLICT (once) DO NOTHING RETURNING id, person_id, COALESCE(reason, 'allowed')""".encode()

    # ---- sending ---------------------------------------------------------------------------------------------------

    def run(self, most: int | None = None) -> Run:
        """Send what waits, at most so many. What another door left when it died is `unknown` from now on.

        The outcome of one message and the claim of the next are one commit: what a crash between them leaves in doubt is the
        message that was on its way, as before.
        """
        done = Run()
        self._live()
        self.absorb()
        for _ in range(self.recover()):
            done.add("unknown")
        last: tuple[Queued, Outcome] | None = None
        taken = 0
        while True:
            said, claimed = self.turn(last, claim=most is None or taken < most)
            if said is not None:
                done.add(said)
            if claimed is None:
                return done
            taken += 1
            queued, letter = claimed
            last = None
            if letter is None:
                done.add("refused")
            else:
                last = queued, self.transports[queued.channel].send(letter)

    def step(self) -> str | None:
        """One message: claimed and sent, or refused. out: what became of it; None when nothing waits."""
        self._live()
        claimed = self.claim()
        if claimed is None:
            return None
        queued, letter = claimed
        if letter is None:
            return "refused"
        return self.finish(queued, self.transports[queued.channel].send(letter))

    def turn(
        self, last: tuple[Queued, Outcome] | None, *, claim: bool
    ) -> tuple[str | None, tuple[Queued, Letter | None] | None]:
        """Record the last outcome and take the next message, in one transaction."""
        try:
            with self.connection.transaction():
                said = self._settle(*last) if last is not None else None
                return said, self._take() if claim else None
        except Exception:
            if last is not None:  # what went out is recorded, whatever stands in the way of the next
                self.finish(*last)
            raise

    def claim(self) -> tuple[Queued, Letter | None] | None:
        """Take the oldest message that is due. out: it, and what to send; no letter where it is refused now. Committed."""
        with self.connection.transaction():
            return self._take()

    def _take(self) -> tuple[Queued, Letter | None] | None:
        row = self.connection.execute(
            f"SELECT {self._s}.moment(), {_COLUMNS} FROM {self._s}.outbox"
            f" WHERE state = 'decided' AND due_at <= {self._s}.moment()"
            " ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED".encode()
        ).fetchone()
        if row is None:
            return None
        now, queued = row[0], _queued(row[1:])
        reason, letter = self._prepare(queued, now)
        if letter is None:
            self._end(queued, "refused", now, reason)
            return queued, None
        self.connection.execute(
            f"UPDATE {self._s}.outbox SET state = 'claimed', claimed_at = %s, claimed_by = %s, message_hash = %s"
            " WHERE id = %s".encode(),
            [now, self.number, _hash_of(letter) if queued.class_ in ANSWERABLE else None, queued.id],
        )
        return queued, letter

    def finish(self, queued: Queued, outcome: Outcome) -> str:
        """Record what became of a claimed message. What was surely not taken waits for another offer, up to the last."""
        with self.connection.transaction():
            return self._settle(queued, outcome)

    def _settle(self, queued: Queued, outcome: Outcome) -> str:
        now = moment(self.connection, self.rules.plan)
        again = outcome is Outcome.LATER or (outcome is Outcome.UNKNOWN and queued.class_ in ANSWERABLE)
        if again and queued.tries < len(RETRIES):
            self.connection.execute(
                f"UPDATE {self._s}.outbox SET state = 'decided', due_at = %s, tries = tries + 1, claimed_at = NULL,"
                " claimed_by = NULL WHERE id = %s AND state = 'claimed'".encode(),
                [now + RETRIES[queued.tries], queued.id],
            )
            return "later"
        state = "failed" if outcome is Outcome.LATER else outcome.value
        self._end(queued, state, now)
        if state == "sent" and self.after is not None:
            self.after(self.connection, queued, now)
        return state

    def recover(self) -> int:
        """What doors that are no more had claimed: nobody knows whether it went out, and it never goes again, but for what
        the law asks us to tell. out: how many are in doubt for ever."""
        rows = self.connection.execute(
            f"UPDATE {self._s}.outbox SET state = CASE WHEN {_AGAIN} THEN 'decided' ELSE 'unknown' END,"
            f" tries = tries + {_AGAIN}::int, claimed_at = CASE WHEN NOT {_AGAIN} THEN claimed_at END,"
            f" claimed_by = CASE WHEN NOT {_AGAIN} THEN claimed_by END,"
            f" ended_at = CASE WHEN NOT {_AGAIN} THEN {self._s}.moment() END,"
            f" address = CASE WHEN {_AGAIN} THEN address END, contents = CASE WHEN {_AGAIN} THEN contents END"
            f" WHERE state = 'claimed' AND claimed_by IN ("
            f" SELECT claimed_by FROM (SELECT DISTINCT claimed_by FROM {self._s}.outbox"
            " WHERE state = 'claimed' AND claimed_by <> %s) AS other WHERE pg_try_advisory_xact_lock(%s, claimed_by))"
            " RETURNING state".encode(),
            [self.number, LOCK],
        ).fetchall()
        return sum(state == "unknown" for (state,) in rows)

    def absorb(self) -> int:
        """Enter in the list what the page by address was given; what is no address goes. out: entries."""
        rows = self.connection.execute(
            f"SELECT id, value FROM {self._s}.to_suppress ORDER BY id".encode()
        ).fetchall()
        made = 0
        for number, value in rows:
            with self.connection.transaction():
                try:
                    suppress(self.connection, self.rules, self.keys, "email", value)
                    made += 1
                except IdentifierError:
                    pass
                self.connection.execute(f"DELETE FROM {self._s}.to_suppress WHERE id = %s".encode(), [number])
        return made

    def close(self) -> None:
        for transport in set(map(id, self.transports.values())):
            next(t for t in self.transports.values() if id(t) == transport).close()

    # ---- inside ----------------------------------------------------------------------------------------------------

    @property
    def _s(self) -> str:
        return ident(self.rules.plan.schema)

    def _live(self) -> None:
        """A lock for as long as this session lasts: PostgreSQL itself notices when a door dies. The same few questions are
        asked of one person after another: planning them anew costs more than they do."""
        if not self._alive:
            self.connection.execute("SET plan_cache_mode = force_generic_plan")
            self.connection.execute("SET jit = off")
            self.connection.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, self.number])
            self._alive = True

    def _end(self, queued: Queued, state: str, now: dt.datetime, reason: Reason | None = None) -> None:
        """What became of it; what went out, or may have, is an act of its purpose (P-004)."""
        self.connection.execute(
            f"WITH ended AS (UPDATE {self._s}.outbox SET state = %s, ended_at = %s, reason = %s, promise = %s,"
            " address = NULL, contents = NULL WHERE id = %s AND state IN ('decided', 'claimed')"
            " RETURNING state, purpose, channel)"
            f" INSERT INTO {self._s}.act (as_of, kind, purpose, policy, counts)"
            f" SELECT %s, 'send', purpose, (SELECT policy FROM {self._s}.installed ORDER BY id DESC LIMIT 1),"
            " jsonb_build_object(channel, 1) FROM ended WHERE state IN ('sent', 'unknown')".encode(),
            [
                state,
                now,
                reason.key if reason else None,
                (reason.promise or None) if reason else None,
                queued.id,
                now,
            ],
        )

    def _prepare(self, queued: Queued, now: dt.datetime) -> tuple[Reason | None, Letter | None]:
        try:
            template = self.templates.named(queued.template)
            asked = ask(template, queued.channel, self.rules)
        except SendingError:  # the template, the channel or the purpose is no more
            return why.NOT_RENDERED, None
        if queued.campaign is not None and stopped(self.connection, self.rules, queued.campaign):
            return why.STOPPED, None
        if queued.person is None:
            address, language = queued.address, queued.language
            if address is None:
                return why.NO_ADDRESS, None
            return self._letter(asked, queued, address, language, now)
        self.connection.execute(
            f"SELECT FROM {self._s}.state WHERE person_id = %s FOR SHARE".encode(), [queued.person]
        )
        text, asking = query(self.connection, self.rules, asked, [queued.person], now=now, whole=True)
        row = self.connection.execute(text.encode(), asking).fetchone()
        assert row is not None
        _, code, table, value, language = row
        if code != why.ALLOWED.code:
            return REASONS[code], None
        if table is None:
            return self._letter(asked, queued, f"account:{queued.person}", language, now)
        if asked.rule(self.rules).advertising:
            kind = next(p.kind for p in self.rules.points(asked.channel) if p.table == table)
            try:
                since = listed(self.connection, self.rules, self.keys, kind, value, queued.channel)
            except IdentifierError:
                return why.UNSCREENED, None
            if since is not None and not self._agreed_since(asked, queued.person, since, now):
                return why.SUPPRESSED, None
        return self._letter(asked, queued, ", ".join(part for part in value if part), language, now)

    def _agreed_since(self, asked: Asked, person: int, since: dt.datetime, now: dt.datetime) -> bool:
        """Whether the person agreed to this after the address was entered in the list."""
        if asked.kind(self.rules) is None:
            return False

        row = self.connection.execute(
            f"SELECT max(f.starts_at) > %(since)s {agreed_sql(self.rules, asked, '%(person)s')}".encode(),
            {"person": person, "since": since, "at": now, "today": civil(now)},
        ).fetchone()
        return bool(row and row[0])

    def _first(self, queued: Queued, language: str) -> str:
        """The right to object, apart, in what is first said to somebody (art. 21(4), R-034). Of whom only an address
        is known, nobody can tell whether it is the first: it stands in each."""
        if queued.person is not None:
            row = self.connection.execute(
                f"SELECT EXISTS (SELECT FROM {self._s}.outbox WHERE person_id = %s AND id <> %s"
                " AND state IN ('claimed', 'sent', 'unknown'))".encode(),
                [queued.person, queued.id],
            ).fetchone()
            if row == (True,):
                return ""
        where = f"{self.place.site.rstrip('/')}/objection"
        right = first_of_all(language, where, self.rules.policy.contact.email)
        if queued.person is None:
            return right
        plan, policy = self.rules.plan, self.rules.policy
        return indirect.block(self.connection, plan, policy, queued.person, language, self.place.site) + right

    def _letter(
        self, asked: Asked, queued: Queued, address: str, language: str | None, now: dt.datetime
    ) -> tuple[Reason | None, Letter | None]:
        template = asked.template
        speaks = language if language in template.text else self.rules.policy.language
        links = mailto = None
        if asked.rule(self.rules).advertising:
            until = midnight(add_period(civil(now), self.rules.file.links_last) + dt.timedelta(days=1))
            channel, every = (
                self.place.page(self.links.sign(Link(queued.id, act, until))) for act in ("channel", "all")
            )
            links = (channel, every)
            mailto = (every, f"unsubscribe+{self.links.tag('unsubscribe', queued.id)}@{self.place.domain}")
        answer = None
        if template.asks is not None:
            given = draw(self.connection, self.rules, template.asks)
            answer = self.place.survey(template.asks, given, speaks)
        try:
            first = self._first(queued, speaks)
            said = render(template, self.rules, speaks, queued.contents, links, answer, first)
        except SendingError:
            return why.NOT_RENDERED, None
        tag = self.links.tag("bounce", queued.id)
        made = Letter(
            number=queued.id,
            channel=queued.channel,
            address=address,
            subject=said.subject,
            text=said.text,
            language=speaks,
            at=now,
            message_id=f"<{tag}@{self.place.domain}>",
            envelope=f"bounce+{tag}@{self.place.domain}",
            unsubscribe=mailto,
            replies=self.rules.policy.contact.email if queued.class_ in ANSWERABLE else "",
        )
        return None, replace(made, pages=self.pages(queued, made)) if self.pages is not None else made


def _hash_of(letter: Letter) -> bytes:
    """What the outbox knows of a Message-ID."""
    return hashlib.sha256(letter.message_id.encode()).digest()


__all__ = ["Door", "Queued", "Run", "Submitted"]
