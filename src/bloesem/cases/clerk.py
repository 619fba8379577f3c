"""The clerk: takes a case from its receipt to its answer, a step at a time, as keeper. Killed anywhere, the next one goes on.

    received  → who is it? found: a letter to the address on file asks to prove it (asked); nobody: the answer of art. 11
    identified → what needs no judgement is decided at once; the rest is rehearsed, and waits for the officer (waiting)
    decided   → carried out through the engine (carried): what was done once is not done again
    carried   → the answer is made, sealed for its link, and the letter with that link queued, in one transaction (answered)

Nobody is answered before it is true: the answer is made of what was done. Every letter is queued under the case's own name, so
that it is there once.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.answers import Answer, Asked, Composer, new_token, packed, pdf, say, seal, token_hash
from bloesem.cases.model import AUTOMATIC, RESTRICTION_GROUNDS, dues
from bloesem.cases.tables import FETCHED_WITHIN
from bloesem.company import Loaded
from bloesem.errors import BloesemError, RightsError
from bloesem.plan.dates import civil
from bloesem.plan.model import FactKind, TablePlan
from bloesem.plan.quoting import ident
from bloesem.rights.amend import Correction
from bloesem.rights.guarded.desk import GuardedDesk
from bloesem.rights.guarded.who import Finder
from bloesem.rights.identify import Who
from bloesem.sending.ready import rules_of
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

_log = logging.getLogger(__name__)
#: Letters of ours, by template.
RECEIVED, PROVE, UNKNOWN, ANSWERED, EXTENDED, ASKED = (
    "case-received", "case-prove", "case-unknown", "case-answered", "case-extended", "case-asked",
)  # fmt: skip
#: To one address, in a day: whoever fills in a form a thousand times gets no thousand letters.
MOST_LETTERS = 5
_COLUMNS = (
    "id, number, kind, asked, channel, language, person_id, address, words, params, site, state, received_at, extended_why,"
    " stops, outcome, reason, acting_at, decided_by"
)


@dataclass(frozen=True)
class Case:
    """A row of `request_case`, as the clerk needs it."""

    id: int
    number: str
    kind: str
    asked: str
    channel: str
    language: str
    person: int | None
    address: str | None
    words: str | None
    params: Mapping[str, Any]
    site: str
    state: str
    received_at: dt.datetime
    extended_why: str | None
    stops: Sequence[Sequence[str]]
    outcome: str | None
    reason: str | None
    acting_at: dt.datetime | None
    decided_by: str | None


@dataclass
class Clerk:
    """in: a keeper's connection that commits each statement by itself; what the company decided and the plan in force."""

    connection: Connection
    loaded: Loaded

    @property
    def _s(self) -> str:
        return ident(self.loaded.plan.schema)

    def there(self) -> bool:
        """Whether this database has cases at all."""
        row = self.connection.execute("SELECT to_regclass(%s)", [f"{self._s}.request_case"]).fetchone()
        return row is not None and row[0] is not None

    def run(self, most: int = 50) -> int:
        """Does what can be done now. out: how many steps were made."""
        made = self._dues() + self._letters_due()
        for _ in range(most):
            if not self.step():
                break
            made += 1
        self._forget()
        return made

    def step(self) -> bool:
        """One step of one case, the longest waiting first; out: whether there was one."""
        row = self.connection.execute(
            f"SELECT {_COLUMNS} FROM {self._s}.request_case WHERE state IN ('received', 'identified', 'decided', 'carried')"
            " AND stopped_at IS NULL AND due IS NOT NULL AND (params->>'failed') IS NULL ORDER BY received_at, id LIMIT 1".encode()
        ).fetchone()
        if row is None:
            return False
        case = Case(*row)
        try:
            {
                "received": self._identify,
                "identified": self._decide,
                "decided": self._carry_out,
                "carried": self._answer,
            }[case.state](case)
        except BloesemError as fault:  # names and rules of ours: a person looks at it, and the others go on
            _log.error("case %s: %s", case.number, fault.thing)
            self._set(
                case, "waiting", "failed", params={**case.params, "failed": f"{fault.thing}; {fault.remedy}"}
            )
        return True

    # ---- when it is due --------------------------------------------------------------------------------------------------

    def _dues(self) -> int:
        """Cases that came in, or whose clock stood or was lengthened, get their days."""
        rows = self.connection.execute(
            f"SELECT id, received_at, stops, extended_why FROM {self._s}.request_case"
            f" WHERE due IS NULL OR (state NOT IN ('answered', 'withdrawn', 'closed') AND jsonb_array_length(stops) > 0"
            f" AND params->'counted' IS DISTINCT FROM to_jsonb(jsonb_array_length(stops)))".encode()
        ).fetchall()
        law, deadlines = self.loaded.company.law, self.loaded.company.record.deadlines
        if deadlines is None:
            raise RightsError(
                "the record has no deadlines",
                "R-009: one warns before an answer is late",
                "write record/deadlines.yaml",
            )
        for number, received, stops, extended in rows:
            stopped = [(civil(_moment(a)), civil(_moment(b))) for a, b in stops]
            made = dues(law, deadlines, civil(received), stopped, extended=bool(extended))
            self.connection.execute(
                f"UPDATE {self._s}.request_case SET raw_due = %s, due = %s, extended_due = %s, warn_on = %s, escalate_on = %s,"
                " params = params || jsonb_build_object('counted', %s::int) WHERE id = %s".encode(),
                [made.raw, made.due, made.extended, made.warn, made.escalate, len(stops), number],
            )
        return len(rows)

    # ---- who it is -------------------------------------------------------------------------------------------------------

    def _identify(self, case: Case) -> None:
        """By the address on file. Whoever is not found is told so, and what they may add (art. 11)."""
        person = self._whose(case.address or "")
        with self.connection.transaction():
            if case.asked == "marketing" and case.address:  # no identity is asked for it
                if person is not None:
                    self._set(case, "identified", "found", person=person)
                else:
                    self.connection.execute("SELECT door.refuse_advertising(%s)", [case.address])
                    self._set(case, "carried", "refused-by-address", outcome="granted")
                return
            if person is None:
                self._letter(case, UNKNOWN)
                self._set(case, "closed", "unknown")
                return
            token = new_token()
            self._letter(case, PROVE, link=f"{case.site}/{case.language}/requests/prove/{token}")
            self.connection.execute(
                f"UPDATE {self._s}.request_case SET prove_hash = %s, stopped_at = {self._s}.moment() WHERE id = %s".encode(),
                [token_hash(token), case.id],
            )
            self._set(case, "asked", "asked-identity", person=person)

    def _whose(self, address: str) -> int | None:
        """Whose address it is; None for nobody's, and for one that several share."""
        try:
            (found,) = Finder(self.connection, self.loaded.plan).find(((Who("email", address),),))
        except RightsError:
            return None
        return min(found.numbers) if len(found.numbers) == 1 else None

    # ---- what becomes of it ------------------------------------------------------------------------------------------------

    def _decide(self, case: Case) -> None:
        if case.channel != "page" or case.asked not in ("marketing", "withdrawal"):
            self._received(case)
        if case.kind == "request" and case.asked in AUTOMATIC:
            self._set(case, "decided", "decided", outcome="granted")
            return
        if case.asked == "erasure" and self._access_pending(case):
            self._set(case, "waiting", "waits-for-copy", params={**case.params, "waits": "access"})
            return
        preview = self._rehearsed(case)
        with self.connection.transaction():
            self.connection.execute(
                f"UPDATE {self._s}.request_case SET preview = %s WHERE id = %s".encode(),
                [Jsonb(preview), case.id],
            )
            self._set(case, "waiting", "waits-for-officer")

    def _rehearsed(self, case: Case) -> dict[str, Any]:
        """What an erasure would do, taken back: numbers per kind of data, and why the rest stays."""
        if case.asked != "erasure" or case.kind != "request":
            return {}
        done = self._desk(case).rehearse(self._wanted(case), ground=self._ground(case))
        answer = self._composer().erased(self._asked(case), done.tables, _names(done.told), "…", "partly")
        return {"items": answer.json()["items"], "told": _names(done.told), "plan": done.plan}

    def _access_pending(self, case: Case) -> bool:
        """Whether the same person still waits for a copy: that comes first (R-038)."""
        row = self.connection.execute(
            f"SELECT EXISTS (SELECT FROM {self._s}.request_case WHERE person_id = %s AND asked IN ('access', 'portability')"
            " AND state NOT IN ('answered', 'withdrawn', 'closed'))".encode(),
            [case.person],
        ).fetchone()
        return row == (True,)

    # ---- it is done --------------------------------------------------------------------------------------------------------

    def _carry_out(self, case: Case) -> None:
        """Through the engine, whose acts are whole by themselves. Begun twice after a crash it finds that it is done."""
        again = case.acting_at is not None
        self.connection.execute(
            f"UPDATE {self._s}.request_case SET acting_at = {self._s}.moment(), address = COALESCE(%s, address) WHERE id = %s".encode(),
            [self._address(case), case.id],
        )
        done: dict[str, Any] = {}
        if case.outcome != "refused":
            done = self._act(case, again=again)
        elif case.asked == "objection":
            self._note(case, "objection", [("assessing", key) for key in self._purposes(case)], lift=True)
        with self.connection.transaction():
            self.connection.execute(
                f"UPDATE {self._s}.request_case SET preview = %s WHERE id = %s".encode(),
                [Jsonb(done), case.id],
            )
            self._set(case, "carried", "carried-out")

    def _act(self, case: Case, *, again: bool) -> dict[str, Any]:
        desk, wanted = self._desk(case), self._wanted(case)
        if case.asked == "erasure":
            try:
                done = desk.erase(wanted, ground=self._ground(case))
            except RightsError:
                if not again:
                    raise
                return {"tables": {}, "told": [], "gone": True}  # nothing of them is left: it was done before
            return {"tables": _counted(done.tables), "told": _names(done.told)}
        if case.asked == "rectification":
            corrections = [Correction(**_correction(one)) for one in case.params.get("corrections", ())]
            if not corrections:
                return {}
            rectified = desk.rectify(wanted, corrections, source="subject:portaal")
            return {"tables": _counted(rectified.tables), "told": _names(rectified.told)}
        if case.asked == "restriction":
            ground = RESTRICTION_GROUNDS.get(str(case.params.get("ground")), "accuracy")
            return self._note(case, "restriction", [("restriction", ground)])
        if case.asked == "objection":
            keys = self._purposes(case)
            return self._note(
                case, "objection", [("objection", k) for k in keys], over=[("assessing", k) for k in keys]
            )
        if case.asked == "marketing":
            self.connection.execute("SELECT door.object_to_advertising(%s, NULL, 'request')", [case.person])
            return {}
        if case.asked == "withdrawal":
            consents = [p.key for p in self.loaded.plan.purposes if p.active and p.by_consent]
            chosen = [k for k in case.params.get("purposes", ()) if k in consents] or consents
            return self._note(case, "withdrawal", [("consent", key) for key in chosen], ended=True)
        return {}

    def _note(
        self, case: Case, what: Any, facts: Sequence[tuple[FactKind, str]], **more: Any
    ) -> dict[str, Any]:
        said = self._desk(case).note(self._wanted(case), what, facts, **more)
        return {"told": _names(said["told"]), "recorded": said["recorded"]}

    def _purposes(self, case: Case) -> list[str]:
        assessed = [p.key for p in self.loaded.plan.purposes if p.active and p.objection == "assessed"]
        return [k for k in case.params.get("purposes", ()) if k in assessed] or assessed

    # ---- it is answered ----------------------------------------------------------------------------------------------------

    def _answer(self, case: Case) -> None:
        row = self.connection.execute(
            f"SELECT preview FROM {self._s}.request_case WHERE id = %s".encode(), [case.id]
        ).fetchone()
        done: Mapping[str, Any] = (row[0] if row else None) or {}
        answer, files = self._composed(case, done)
        contents = {"answer.json": _json(answer), "answer.pdf": pdf(answer), **files}
        token = new_token()
        with self.connection.transaction():
            self._letter(case, ANSWERED, link=f"{case.site}/{case.language}/answer/{token}")
            self.connection.execute(
                f"UPDATE {self._s}.request_case SET token_hash = %s, sealed = %s, sealed_until = {self._s}.moment()"
                f" + interval '{FETCHED_WITHIN}', answered_at = {self._s}.moment(), ended_at = {self._s}.moment(),"
                " outcome = %s, preview = NULL, address = NULL WHERE id = %s".encode(),
                [token_hash(token), seal(token, contents), answer.outcome, case.id],
            )
            self._set(case, "answered", "answered")
            self.connection.execute(
                f"UPDATE {self._s}.request_case SET state = 'identified', params = params - 'waits' WHERE person_id = %s"
                " AND state = 'waiting' AND params->>'waits' = 'access'".encode(),
                [case.person],
            )

    def _composed(self, case: Case, done: Mapping[str, Any]) -> tuple[Answer, dict[str, bytes]]:
        composer, asked = self._composer(), self._asked(case)
        outcome, reason = case.outcome or "granted", case.reason or ""
        told = list(done.get("told", ()))
        if case.kind == "request" and outcome != "refused":
            if case.asked == "access":
                found = self._desk(case).access(self._wanted(case))
                return composer.access(asked, found), {"data.zip": packed(found, self._columns())}
            if case.asked in ("portability", "data_act"):
                taken = self._desk(case).portable(self._wanted(case))
                return composer.portable(asked, taken), {"data.zip": packed(taken, self._columns())}
            if case.asked == "erasure":
                return composer.erased(asked, _uncounted(done.get("tables", {})), told, reason, outcome), {}
            if case.asked == "rectification":
                return composer.changed(asked, _uncounted(done.get("tables", {})), told, reason, outcome), {}
        return composer.noted(asked, self._lines(case, outcome, reason), told, reason, outcome), {}

    def _lines(self, case: Case, outcome: str, reason: str) -> list[str]:
        language = case.language
        if outcome == "refused":
            return []
        if case.asked in ("marketing", "withdrawal"):
            return [say(f"{case.asked}.text", language)]
        if case.asked == "restriction":
            return [say("restriction.text", language), say("restricted.lift", language)]
        if case.asked == "objection":
            composer = self._composer()
            named = ", ".join(composer.purpose(key, language) for key in self._purposes(case))
            return [say("objection.text", language, purpose=named)]
        return [reason] if reason and outcome == "granted" else []

    # ---- letters -----------------------------------------------------------------------------------------------------------

    def _received(self, case: Case) -> None:
        self._letter(case, RECEIVED)

    def _letters_due(self) -> int:
        """Of an extension, and of what is asked, the person is told, once each."""
        rows = self.connection.execute(
            f"SELECT c.id, e.id, e.what, e.said FROM {self._s}.request_event e JOIN {self._s}.request_case c ON c.id = e.case_id"
            " WHERE e.what IN ('extended', 'asked-specification') AND c.state NOT IN ('answered', 'withdrawn', 'closed')"
            f" AND NOT EXISTS (SELECT FROM {self._s}.request_event t WHERE t.case_id = c.id AND t.what = 'told-' || e.id)".encode()
        ).fetchall()
        for case_id, event, what, said in rows:
            found = self.connection.execute(
                f"SELECT {_COLUMNS} FROM {self._s}.request_case WHERE id = %s".encode(), [case_id]
            ).fetchone()
            assert found is not None
            case = Case(*found)
            with self.connection.transaction():
                self._letter(
                    case, EXTENDED if what == "extended" else ASKED, once=f":{event}", why=said or ""
                )
                self._event(case, f"told-{event}")
        return len(rows)

    def _letter(self, case: Case, template: str, *, once: str = "", **values: str) -> None:
        """Queued at the door as what the law asks, under the case's own name: asked for again, it is there once."""
        to = self._address(case)
        if to is None:
            return
        row = self.connection.execute(
            f"SELECT count(*) FROM {self._s}.outbox WHERE lower(address) = lower(%s) AND template LIKE 'case-%%'"
            f" AND decided_at > {self._s}.moment() - interval '1 day'".encode(),
            [to],
        ).fetchone()
        if template == RECEIVED and row is not None and row[0] >= MOST_LETTERS:
            return
        self.connection.execute(
            f"""
INSERT INTO {self._s}.outbox (class, purpose, channel, template, version, address, language, contents, state, decided_at, due_at, once)
VALUES ('legal', 'law:accountability', 'email', %s, 1, %s, %s, %s, 'decided', {self._s}.moment(), {self._s}.moment(), %s)
ON CONFLICT (once) DO NOTHING""".encode(),
            [
                template,
                to,
                case.language,
                Jsonb({"number": case.number, **values}),
                f"{template}:{case.id}{once}",
            ],
        )

    def _address(self, case: Case) -> str | None:
        """Where the person is reached: the address they wrote from, or the one on file."""
        if case.address:
            return case.address
        if case.person is None:
            return None
        for table, column in self._points():
            row = self.connection.execute(
                f"SELECT {ident(column)} FROM {ident(table.schema)}.{ident(table.name)}"
                f" WHERE {ident(table.owners[0])} = %s AND {ident(column)} IS NOT NULL"
                f" ORDER BY {ident(table.id)} DESC LIMIT 1".encode(),
                [case.person],
            ).fetchone()
            if row is not None:
                return str(row[0])
        return None

    def _points(self) -> list[tuple[TablePlan, str]]:
        """Where e-mail addresses lie, the person's own before their employer's (the door's order)."""
        rules = rules_of(self.loaded)
        points = rules.file.channels.get("email", ()) if rules is not None else ()
        return [(self.loaded.plan.table(one.table), one.value[0]) for one in points]

    # ---- small things --------------------------------------------------------------------------------------------------------

    def _desk(self, case: Case) -> GuardedDesk:
        return GuardedDesk(self.connection, self.loaded.plan, self.loaded.maps.datamap, case.language)

    def _wanted(self, case: Case) -> tuple[tuple[Who, ...], ...]:
        anchor = next(table for table in self.loaded.plan.tables if table.anchor)
        return ((Who(anchor.id, str(case.person), anchor.name),),)

    def _composer(self) -> Composer:
        today = civil(moment(self.connection, self.loaded.plan))
        return Composer(self.loaded.plan, self.loaded.policy, self.loaded.company.law.valid_on(today))

    def _asked(self, case: Case) -> Asked:
        today = civil(moment(self.connection, self.loaded.plan))
        return Asked(case.number, case.asked, case.language, civil(case.received_at), today)

    def _ground(self, case: Case) -> str:
        letter = str(case.params.get("ground") or "a")
        return f"17(1)({letter if letter in 'abcdef' else 'a'})"

    def _columns(self) -> dict[str, dict[str, str]]:
        """Table → column → the categories that lie in it: what the legend of a file says."""
        labels = self.loaded.policy.categories
        return {
            table.qualified: {
                column.name: ", ".join(labels[key].label.get("en", key) for key in column.categories)
                for column in table.columns
                if column.categories
            }
            for table in self.loaded.plan.tables
        }

    def _set(
        self,
        case: Case,
        state: str,
        event: str,
        *,
        person: int | None = None,
        outcome: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """The next state, from the one that was read: whoever else was there first, wins."""
        with self.connection.transaction():
            done = self.connection.execute(
                f"UPDATE {self._s}.request_case SET state = %s, person_id = COALESCE(%s, person_id),"
                f" outcome = COALESCE(%s, outcome), params = COALESCE(%s, params),"
                f" ended_at = CASE WHEN %s IN ('closed') THEN {self._s}.moment() ELSE ended_at END WHERE id = %s AND state = %s".encode(),
                [
                    state,
                    person,
                    outcome,
                    None if params is None else Jsonb(params),
                    state,
                    case.id,
                    case.state,
                ],
            )
            if done.rowcount == 1:
                self._event(case, event)

    def _event(self, case: Case, what: str) -> None:
        self.connection.execute(
            f"INSERT INTO {self._s}.request_event (case_id, at, what, by) VALUES (%s, {self._s}.moment(), %s, 'clerk')".encode(),
            [case.id, what],
        )

    def _forget(self) -> None:
        """An answer that nobody fetched in time goes; a case goes with the clock of what it is kept for (R-021)."""
        law = next((one for one in self.loaded.company.law.purposes if one.key == "law:accountability"), None)
        terms = law.keep.terms if law is not None and law.keep is not None else ()
        self.connection.execute(
            f"UPDATE {self._s}.request_case SET sealed = NULL, token_hash = NULL WHERE sealed IS NOT NULL"
            f" AND sealed_until < {self._s}.moment()".encode()
        )
        if terms:
            self.connection.execute(
                f"DELETE FROM {self._s}.request_case WHERE ended_at + %s::interval < {self._s}.moment()".encode(),
                [terms[0].for_],
            )


def _counted(tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> dict[str, Any]:
    """What was done, without the keys of rows: numbers, and of what stays why and until when."""
    return {
        name: {
            "deleted": len(one["deleted"]),
            "changed": [{"columns": list(row["columns"])} for row in one["changed"]],
            "kept": [
                {"reason": row["reason"], "until": row["until"], "purposes": list(row.get("purposes", ()))}
                for row in one["kept"]
            ],
        }
        for name, one in tables.items()
    }


def _uncounted(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {**one, "deleted": [None] * one["deleted"]} for name, one in tables.items()}


def _names(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """The recipients that are told of a change (art. 19), each once."""
    return list(dict.fromkeys(str(one.get("name") or one["recipient"]) for one in told))


def _correction(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "table": str(one["table"]),
        "column": str(one["column"]),
        "value": None if one.get("value") is None else str(one["value"]),
        "row": tuple(str(part) for part in one.get("row", ())),
    }


def _json(answer: Answer) -> bytes:

    return json.dumps(answer.json(), ensure_ascii=False).encode()


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


__all__ = ["Case", "Clerk"]
