"""The clerk: takes a case from receipt to answer, a step at a time, as keeper. Killed anywhere, the next one goes on.

    received  → who is it? found: a letter to the address on file asks to prove it (asked); nobody: the answer of art. 11
    identified → what needs no judgement is decided at once; the rest is rehearsed, and waits for the officer (waiting)
    decided   → carried out through the engine (carried): what was done once is not done again
    carried   → the answer is made, sealed for its link, and the letter with that link queued, in one transaction (answered)

Nobody is answered before it is true: the answer is made of what was done. Every letter is queued under the case's own
name, so that it is there once.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.answers import new_token, pdf, seal, token_hash
from bloesem.cases import complaints, conflicts, elsewhere, unlawful, weighing
from bloesem.cases.acts import Acts, as_json, objects
from bloesem.cases.case import COLUMNS, Bench, Case
from bloesem.cases.identity import Unproven
from bloesem.cases.known import Known
from bloesem.cases.letters import ANSWERED, PROVE, RECEIVED, UNKNOWN, Letters
from bloesem.cases.lifting import Lifting
from bloesem.cases.model import AUTOMATIC, TAKEN_IN, dues
from bloesem.cases.proof import Prover, clean
from bloesem.cases.scans import Ended, Looks
from bloesem.cases.tables import FETCHED_WITHIN
from bloesem.cases.threads import is_postal
from bloesem.cases.waiting import COUNTED, NEXT, UNDATED, UNFETCHED, UNPROVEN
from bloesem.cases.words import Words
from bloesem.company import Loaded
from bloesem.errors import BloesemError, RightsError
from bloesem.plan.dates import civil
from bloesem.rights.guarded.who import Finder
from bloesem.rights.identify import Who
from bloesem.rights.keys import Keys
from bloesem.stores.postgres import Connection

_log = logging.getLogger(__name__)
#: One clerk at a time works on a database: its lock ends with its connection, whatever becomes of it.
_ALONE = "hashtextextended('bloesem clerk', 0)"


@dataclass
class Clerk:
    """in: a keeper's connection that commits each statement by itself; what the company decided and the plan in force."""

    connection: Connection
    loaded: Loaded
    keys: Keys = field(repr=False)
    proves: bool = (
        True  # else `prove` is called by somebody else: erasures wait for it, and nothing else does
    )
    bench: Bench = field(init=False)
    acts: Acts = field(init=False)
    letters: Letters = field(init=False)
    prover: Prover = field(init=False)
    lifting: Lifting = field(init=False)
    known: Known = field(init=False)

    def __post_init__(self) -> None:
        self.bench = Bench(self.connection, self.loaded)
        self.acts, self.letters = Acts(self.bench, self.keys), Letters(self.bench)
        self.prover = Prover(self.bench, self.keys)
        self.lifting = Lifting(self.bench, self.letters)
        self.known = Known(self.bench, self.letters, self.keys)

    @property
    def s(self) -> str:
        return self.bench.s

    def there(self) -> bool:
        """Whether this database has cases at all."""
        row = self.connection.execute("SELECT to_regclass(%s)", [f"{self.s}.request_case"]).fetchone()
        return row is not None and row[0] is not None

    def run(self, most: int = 50) -> int:
        """Does what can be done now, unless another clerk is at it. out: how many steps were made."""
        row = self.connection.execute(f"SELECT pg_try_advisory_lock({_ALONE})").fetchone()
        if row != (True,):
            return 0
        try:
            return self._run(most)
        finally:
            if not self.connection.closed:
                self.connection.execute(f"SELECT pg_advisory_unlock({_ALONE})")

    def _run(self, most: int) -> int:
        made = self._dues() + self.letters.due() + self.letters.lost() + self.lifting.run()
        made += (
            Unproven(self.bench, self.letters).due()
            + self.known.compare()
            + Looks(self.bench, self.keys).serve()
            + complaints.narrowed(self.bench)
        )
        for _ in range(most):
            if not self.step():
                break
            made += 1
        made += self.known.look()
        self._forget()
        Ended(self.bench, self.keys).put_away()
        return made

    def step(self) -> bool:
        """One step of one case, the longest waiting first; out: whether there was one."""
        row = self.connection.execute(
            f"SELECT {COLUMNS} FROM {self.s}.request_case WHERE {NEXT} AND due IS NOT NULL"
            f" AND (%s OR NOT {UNPROVEN})"
            # Erasures wait for each other's proof: one pass for all of them, when nothing else can be done.
            f" ORDER BY {UNPROVEN}, received_at, id LIMIT 1".encode(),
            [self.proves],
        ).fetchone()
        if row is None:
            return self._released() > 0
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
            self._failed(case, f"{fault.thing}; {fault.remedy}")
        return True

    # ---- when it is due --------------------------------------------------------------------------------------------------

    def _dues(self) -> int:
        """Cases that came in, or whose clock stood or was lengthened, get their days."""
        rows = self.connection.execute(
            f"SELECT id, received_at, stops, extended_why, {COUNTED} FROM {self.s}.request_case WHERE {UNDATED}".encode()
        ).fetchall()
        law, deadlines = self.loaded.company.law, self.loaded.company.record.deadlines
        if deadlines is None:
            raise RightsError(
                "the record has no deadlines",
                "R-009: one warns before an answer is late",
                "write record/deadlines.yaml",
            )
        for number, received, stops, extended, counted in rows:
            stopped = [(civil(_moment(a)), civil(_moment(b))) for a, b in stops]
            made = dues(law, deadlines, civil(received), stopped, extended=bool(extended))
            self.connection.execute(
                f"UPDATE {self.s}.request_case SET raw_due = %s, due = %s, extended_due = %s, warn_on = %s,"
                f" escalate_on = %s,"
                " params = params || jsonb_build_object('counted', %s::int) WHERE id = %s".encode(),
                [made.raw, made.due, made.extended, made.warn, made.escalate, counted, number],
            )
        return len(rows)

    def _released(self) -> int:
        """What waited for another request of the same person (R-038), and what a complaint held that is over (P-180)."""
        return conflicts.released(self.bench) + complaints.ended(self.bench) + elsewhere.released(self.bench)

    # ---- who it is -------------------------------------------------------------------------------------------------------

    def _identify(self, case: Case) -> None:
        """By the address on file. Whoever is not found is told so, and what they may add (art. 11)."""
        person = self._whose(case.address or "")
        postal = case.address is not None and is_postal(case.address)
        if case.channel in TAKEN_IN and case.channel != "email":
            # an officer wrote it down: it may be the authority that asks (P-180)
            complaints.hold(self.bench, replace(case, person=person))
        with self.connection.transaction():
            if not self._still(case):
                return
            if self._for_another(case):
                self._mandated(case)
                return
            if case.asked == "marketing" and case.address:  # no identity is asked for it
                if postal:
                    for one in sorted(self.known.at_home(case.address)):
                        self.connection.execute(
                            "SELECT door.object_to_advertising(%s, NULL, 'request')", [one]
                        )
                    self._set(case, "carried", "refused-by-address", outcome="granted")
                elif person is not None:
                    self._set(case, "identified", "found", person=person)
                else:
                    self.connection.execute("SELECT door.refuse_advertising(%s)", [case.address])
                    self._set(case, "carried", "refused-by-address", outcome="granted")
                return
            things = set() if person is not None or case.asked == "other" else self._things(case)
            if len(things) == 1 and (to := self._on_file(min(things), case)):
                person, case = min(things), replace(case, address=to)
            if person is not None and self.letters.many(case):
                note = "many letters went to this address today: somebody else may be typing it"
                self._failed(case, note, "many", person=person)
                return
            if (
                person is None and case.asked == "other"
            ):  # a question, or what nobody has read: the officer does (P-169)
                self._set(case, "identified", "of-nobody-known")
                return
            if person is None and (postal or things or self._says_who(case)):
                # nothing can be sent that only they can answer: what they wrote is compared
                self._told(case)
                self._set(case, "waiting", "waits-known", params={**case.params, "waits": "known"})
                return
            if person is None:
                self._told(case)
                self._set(case, "closed", "unknown")
                return
            token = new_token()
            self.letters.queue(case, PROVE, link=f"{case.site}/{case.language}/requests/prove/{token}")
            self.connection.execute(
                f"UPDATE {self.s}.request_case SET prove_hash = %s, stopped_at = {self.s}.moment(),"
                " params = params || jsonb_build_object('next', %s::text) WHERE id = %s".encode(),
                [token_hash(token), Unproven(self.bench, self.letters).reminded_on().isoformat(), case.id],
            )
            self._set(case, "asked", "asked-identity", person=person)

    def _things(self, case: Case) -> set[int]:
        """Whose card or charge point the words name: nobody is nobody because that is all they said (P-012)."""
        return self.known.by_things(Words.of(self.keys).read(case.words) or "")

    def _says_who(self, case: Case) -> bool:
        """Whether two things that the words say fit one person: it is not closed as nobody's then; the officer confirms."""
        if self._for_another(case):
            return False
        return self.known.says(Words.of(self.keys).read(case.words) or "")[0] is not None

    def _on_file(self, person: int, case: Case) -> str | None:
        """Where the link goes that proves who it is, and the answer: to the mailbox of whose thing it is, whoever wrote its
        number. None where they have none on file. Whoever wrote is told what everybody is whom nobody knows."""
        to = self.letters.address(replace(case, address=None, person=person))
        if to is not None:
            self._told(case)
            self.connection.execute(
                f"UPDATE {self.s}.request_case SET address = %s WHERE id = %s".encode(), [to, case.id]
            )
        return to

    def _told(self, case: Case) -> None:
        """What goes to an address that is nobody's: the same letter, whether a number that the words name is somebody's or
        not. Otherwise whoever writes many letters learns which cards there are."""
        if case.address is not None and is_postal(case.address):
            self.letters.queue(case, RECEIVED)
        else:
            self.letters.queue(case, UNKNOWN, remedies=self.letters.remedies(case))

    def _for_another(self, case: Case) -> bool:
        """Whether somebody asks for somebody else, and nobody confirmed yet that they may (R-016). Against advertising
        nobody has to show anything."""
        other = case.params.get("on_behalf", "self") in ("parent", "mandate")
        return other and case.asked != "marketing" and "mandate" not in case.params

    def _mandated(self, case: Case) -> None:
        """It waits for the officer. Whose data it is about is nobody's yet: the one who asks is who is answered."""
        self.letters.queue(case, RECEIVED)
        self.connection.execute(
            f"UPDATE {self.s}.request_case SET address = COALESCE(address, %s), person_id = NULL WHERE id = %s".encode(),
            [self.letters.address(case), case.id],
        )
        self._set(case, "waiting", "waits-mandate", params={**case.params, "waits": "mandate"})

    def _whose(self, address: str) -> int | None:
        """Whose address it is; None for nobody's, and for one that several share."""
        try:
            (found,) = Finder(self.connection, self.loaded.plan).find(((Who("email", address),),))
        except RightsError:
            return None
        return min(found.numbers) if len(found.numbers) == 1 else None

    def _decide(self, case: Case) -> None:
        if self._for_another(case):
            with self.connection.transaction():
                if self._still(case):
                    self._mandated(case)
            return
        self.letters.keep(case)
        if case.channel != "page" or case.asked not in ("marketing", "withdrawal"):
            self.letters.queue(case, RECEIVED)
        if case.kind == "request" and case.asked in AUTOMATIC:
            self._set(case, "decided", "decided", outcome="granted")
            return
        if conflicts.copy_first(self.bench, case):
            self._set(case, "waiting", "waits-for-copy", params={**case.params, "waits": "access"})
            return
        if conflicts.undecided(self.bench, case):
            with self.connection.transaction():
                self._set(case, "waiting", "asked-which", params={**case.params, "waits": "which"})
                conflicts.ask_which(self.bench, self.letters, case)
            return
        complaints.hold(self.bench, case)
        self.acts.assess(case)
        preview = self.acts.rehearsed(case)
        if case.asked == "objection" and case.kind == "request":
            preview["weighing"] = weighing.against(self.bench, case, self.acts.purposes(case))
        with self.connection.transaction():
            self.connection.execute(
                f"UPDATE {self.s}.request_case SET preview = %s WHERE id = %s".encode(),
                [Jsonb(preview), case.id],
            )
            self._set(case, "waiting", "waits-for-officer")
        now = self.bench.one(case.id)
        if now.state == "withdrawn":  # meanwhile; later ones end it themselves
            self.acts.assess(case, lift=True)
        elif gone := [key for key in self.acts.purposes(case) if key not in self.acts.purposes(now)]:
            self.acts.assess(case, lift=True, of=gone)

    def _carry_out(self, case: Case) -> None:
        """Through the engine, whose acts are whole by themselves. Begun twice after a crash it finds that it is done."""
        if case.acting_at is None and conflicts.copy_first(self.bench, case):  # asked since it was decided
            self._set(case, "waiting", "waits-for-copy", params={**case.params, "waits": "access"})
            return
        if case.outcome != "refused" and elsewhere.waits(self.bench, case):
            self._set(case, "waiting", "waits-elsewhere", params={**case.params, "waits": elsewhere.WAITS})
            return
        again = case.acting_at is not None
        self.connection.execute(
            f"UPDATE {self.s}.request_case SET acting_at = COALESCE(acting_at, {self.s}.moment()), address = COALESCE(%s,"
            f" address) WHERE id = %s".encode(),
            [self.letters.address(case), case.id],
        )
        done: dict[str, Any] = {}
        ends = case.asked == "erasure" and case.person is not None and objects(case)
        if case.outcome != "refused" or ends:
            done = self.acts.act(
                case, again=again
            )  # of a refused objection too: advertising ends all the same
        else:
            self.acts.assess(case, lift=True)
        with self.connection.transaction():
            self.connection.execute(
                f"UPDATE {self.s}.request_case SET preview = %s, params = params || %s WHERE id = %s".encode(),
                [Jsonb(done), Jsonb({"facts": done["facts"]} if "facts" in done else {}), case.id],
            )
            self._set(case, "carried", "carried-out")

    def _answer(self, case: Case) -> None:
        proof = self._proof(case)
        if self.letters.address(case) is None:
            raise RightsError(
                f"there is no address to which the answer to {case.number} can go",
                "art. 12(3): an answer that nobody gets is none",
                "find out where they are reached and add it to what is on file; then try again",
            )
        row = self.connection.execute(
            f"SELECT preview FROM {self.s}.request_case WHERE id = %s".encode(), [case.id]
        ).fetchone()
        done: Mapping[str, Any] = (row[0] if row else None) or {}
        answer, files = self.acts.composed(case, {**done, **({"residue": proof} if proof else {})})
        contents = {"answer.json": as_json(answer), "answer.pdf": pdf(answer), **files}
        token = new_token()
        with self.connection.transaction():
            self.letters.queue(case, ANSWERED, link=f"{case.site}/{case.language}/answer/{token}")
            self.connection.execute(
                f"UPDATE {self.s}.request_case SET token_hash = %s, sealed = %s, sealed_until = {self.s}.moment()"
                f" + interval '{FETCHED_WITHIN}', answered_at = {self.s}.moment(), ended_at = {self.s}.moment(),"
                " outcome = %s, preview = NULL, address = NULL WHERE id = %s".encode(),
                [token_hash(token), seal(token, contents), answer.outcome, case.id],
            )
            self._set(case, "answered", "answered")

    def _proof(self, case: Case) -> Mapping[str, Any] | None:
        """What was searched after an erasure. raises: RightsError when something is left: it is not answered then."""
        if case.asked != "erasure":
            return None
        found = self.prover.result(case)
        if found is None:
            self.prover.run()
            found = self.prover.result(case)
        if found is not None:
            clean(found)
        return found

    def _still(self, case: Case) -> bool:
        """Whether it is what was read, and stays so until this transaction ends: the officer may say what it asks."""
        row = self.connection.execute(
            f"SELECT state, kind, asked FROM {self.s}.request_case WHERE id = %s FOR UPDATE".encode(),
            [case.id],
        ).fetchone()
        return row == (case.state, case.kind, case.asked)

    def prove(self) -> bool:
        """One pass for all erasures that wait for their proof, outside any lock of the clerk's: the other cases go on. What
        stands in its way is told in each, as of any step. out: whether any waited."""
        looked = unlawful.run(self.bench)
        waiting = self.prover.waiting()
        try:
            self.prover.run()
        except BloesemError as fault:
            _log.error("a residue pass: %s", fault.thing)
            for number in waiting:
                self._failed(self.bench.one(number), f"{fault.thing}; {fault.remedy}")
        return bool(waiting) or looked

    def _failed(self, case: Case, why: str, event: str = "failed", *, person: int | None = None) -> None:
        """It waits for the officer, who mends what is wrong and lets it go on from here."""
        params = {**case.params, "failed": why, "failed_in": case.state}
        self._set(case, "waiting", event, person=person, params=params)

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
                f"UPDATE {self.s}.request_case SET state = %s, person_id = COALESCE(%s, person_id),"
                f" outcome = COALESCE(%s, outcome), params = COALESCE(%s, params),"
                f" ended_at = CASE WHEN %s IN ('closed') THEN {self.s}.moment() ELSE ended_at END"
                f" WHERE id = %s AND state = %s AND kind = %s AND asked = %s".encode(),
                [
                    state,
                    person,
                    outcome,
                    None if params is None else Jsonb(params),
                    state,
                    case.id,
                    case.state,
                    case.kind,
                    case.asked,
                ],
            )
            if done.rowcount == 1:
                self.bench.event(case, event)

    def _forget(self) -> None:
        """An answer that nobody fetched in time goes; a case goes with the clock of what it is kept for (R-021)."""
        law = next((one for one in self.loaded.company.law.purposes if one.key == "law:accountability"), None)
        terms = law.keep.terms if law is not None and law.keep is not None else ()
        self.connection.execute(
            f"UPDATE {self.s}.request_case SET sealed = NULL, token_hash = NULL"
            f" WHERE {UNFETCHED.format(s=self.s)}".encode()
        )
        elsewhere.forgotten(self.bench)
        if terms:
            self.connection.execute(
                f"DELETE FROM {self.s}.request_case WHERE ended_at + %s::interval < {self.s}.moment()".encode(),
                [terms[0].for_],
            )


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


__all__ = ["Case", "Clerk"]
