"""What a case asks, rehearsed or done through the engine, and the answer that is made of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bloesem.answers import Answer, packed, say
from bloesem.answers.annex import annex
from bloesem.cases import elsewhere
from bloesem.cases.case import Bench, Case
from bloesem.cases.model import RESTRICTION_GROUNDS
from bloesem.cases.proof import Sealing, counted, names
from bloesem.cases.threads import is_postal
from bloesem.errors import RightsError
from bloesem.plan.dates import civil
from bloesem.plan.model import ORDER, FactKind, PurposePlan
from bloesem.plan.sql.corrections import GROUNDS
from bloesem.rights.amend import Correction
from bloesem.rights.guarded.amend import Grounded
from bloesem.rights.guarded.desk import Held
from bloesem.rights.keys import Keys
from bloesem.stores.facts import moment
from bloesem.terms import add_period

#: When what is held for somebody's claim is looked at again.
REVIEWED_WITHIN = "P1Y"


@dataclass
class Acts:
    """Each is whole by itself. Begun twice after a crash, it finds that it is done."""

    bench: Bench
    keys: Keys = field(repr=False)

    def rehearsed(self, case: Case) -> dict[str, Any]:
        """What an erasure would do, taken back: numbers per kind of data, and why the rest stays."""
        if case.asked != "erasure" or case.kind != "request":
            return {}
        if case.params.get("ground") == "e" and not case.params.get("statute"):
            return {}  # the officer names the statute first (P-154)
        done = self.bench.desk(case).rehearse(
            self.bench.wanted(case), ground=self.bench.ground(case), items=self.bench.items(case)
        )
        answer = self.bench.composer().erased(
            self.bench.asked(case), done.tables, names(done.told), "…", "partly"
        )
        return {"items": answer.json()["items"], "told": names(done.told), "plan": done.plan}

    def act(self, case: Case, *, again: bool) -> dict[str, Any]:
        """`again`: it was begun before. What committed then is what was done: it is read, not done anew."""
        leaving = Sealing(self.bench, case, self.keys)
        before = leaving.before() if again else None
        if before is not None:
            return self._restrict(case, before) if case.asked == "restriction" else before
        if case.person is not None and self.gone(case):
            return {"tables": {}, "told": [], "gone": True}
        desk, wanted = self.bench.desk(case, leaving), self.bench.wanted(case)
        if case.asked == "erasure":
            done = desk.erase(
                wanted,
                ground=self.bench.ground(case),
                items=self.bench.items(case),
                spared=self.spared(case),
            )
            return {"tables": counted(done.tables), "told": names(done.told)}
        if case.asked == "rectification":
            corrections = [Correction(**_correction(one)) for one in case.params.get("corrections", ())]
            why = self._grounded(case)
            if not corrections and not (why.statement and self.bench.items(case)):
                return {}
            rectified = desk.rectify(
                wanted, corrections, source="subject:portaal" if corrections else None, why=why,
                about=self.bench.items(case),
            )  # fmt: skip
            return {"tables": counted(rectified.tables), "told": names(rectified.told)}
        if case.asked == "restriction":
            return self._restrict(case)
        if case.asked == "objection":
            on = self.goes_on(case)
            keys = [key for key in self.purposes(case) if key not in on]
            if on:
                self.assess(case, lift=True, of=on)
            if not keys:
                return {}
            return self.note(
                case, "objection", [("objection", k) for k in keys], over=[("assessing", k) for k in keys]
            )
        if case.asked == "marketing":
            self.bench.connection.execute(
                "SELECT door.object_to_advertising(%s, NULL, 'request')", [case.person]
            )
            return {}
        if case.asked == "withdrawal":
            consents = [p.key for p in self.bench.loaded.plan.purposes if p.active and p.by_consent]
            chosen = [k for k in case.params.get("purposes", ()) if k in consents] or consents
            return self.note(case, "withdrawal", [("consent", key) for key in chosen], ended=True)
        return {}

    def _grounded(self, case: Case) -> Grounded:
        """On which ground it is set right, what the person adds, and on what it was accepted (P-148)."""
        ground, added = (
            str(case.params.get("ground") or "wrong"),
            str(case.params.get("statement") or "").strip(),
        )
        return Grounded(ground if ground in GROUNDS else "wrong", added or None, case.reason or None)

    def _restrict(self, case: Case, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Frozen, the whole or the items named; of what somebody needs for a claim, the clocks stand too (P-159)."""
        ground = RESTRICTION_GROUNDS.get(str(case.params.get("ground")), "accuracy")
        facts: list[tuple[FactKind, str]] = [("restriction", ground)]
        held = None
        if ground == "claims":
            plan = self.bench.loaded.plan
            hold = plan.claims
            if hold is None:
                raise RightsError(
                    "nothing holds what somebody needs for a claim",
                    "P-159: what a person needs for a claim is kept past its term, at their request",
                    "take the law's purpose for claims into the policy's law",
                )
            today = civil(moment(self.bench.connection, plan))
            held = Held(case.decided_by or "-", f"case {case.number}", add_period(today, REVIEWED_WITHIN))
            facts.append(("hold", hold))
        done: Mapping[str, Any] = (
            self.note(case, "restriction", facts, items=self.bench.items(case), held=held)
            if before is None
            else before
        )
        return {**done, "facts": self._begun(case, facts)}

    def _begun(self, case: Case, facts: Sequence[tuple[FactKind, str]]) -> list[int]:
        """The facts that the case began: those that end when it is lifted."""
        found = self.bench.connection.execute(
            f"SELECT id FROM {self.bench.s}.fact WHERE person_id = %s AND starts_at >= %s AND ends_at IS NULL"
            " AND (kind, key) IN (SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY id".encode(),
            [case.person, self.bench.one(case.id).acting_at, [k for k, _ in facts], [k for _, k in facts]],
        ).fetchall()
        return [row[0] for row in found]

    def gone(self, case: Case) -> bool:
        """Whether nothing is left of them, as the last of their periods ended while the case was open."""
        row = self.bench.connection.execute(
            f"SELECT NOT EXISTS (SELECT FROM {self.bench.s}.state WHERE person_id = %s)".encode(),
            [case.person],
        ).fetchone()
        return row == (True,)

    def assess(self, case: Case, *, lift: bool = False, of: Sequence[str] | None = None) -> None:
        """While somebody looks at an objection, nothing is read for what it is about (art. 18(1)(d), 21(1); R-032). `of`:
        these of its uses.

        What needs no weighing is done at once: advertising ends, a consent counts as withdrawn (P-152, P-164).
        """
        if case.kind != "request" or not objects(case) or self.gone(case):
            return
        desk, wanted = self.bench.desk(case), self.bench.wanted(case)
        weighed: list[tuple[FactKind, str]] = [("assessing", key) for key in of or self.purposes(case)]
        if weighed:
            desk.note(wanted, "objection", weighed, lift=lift)
        if lift:
            return
        if self.chosen(case, lambda p: p.objection == "absolute" and not p.by_consent):
            self.bench.connection.execute(
                "SELECT door.object_to_advertising(%s, NULL, 'request')", [case.person]
            )
        consents: list[tuple[FactKind, str]] = [
            ("consent", key) for key in self.chosen(case, lambda p: p.by_consent)
        ]
        if consents:
            desk.note(wanted, "withdrawal", consents, ended=True)

    def note(
        self, case: Case, what: Any, facts: Sequence[tuple[FactKind, str]], **more: Any
    ) -> dict[str, Any]:
        """The act that a case asks, which leaves behind what it did."""
        leaving = Sealing(self.bench, case, self.keys)
        said = self.bench.desk(case, leaving).note(self.bench.wanted(case), what, facts, **more)
        return {"told": names(said["told"]), "recorded": said["recorded"]}

    def purposes(self, case: Case) -> list[str]:
        """What an objection has weighed: of what was named, or all that can be."""
        return self.chosen(case, lambda p: p.objection == "assessed")

    def chosen(self, case: Case, which: Callable[[PurposePlan], bool]) -> list[str]:
        """The purposes of this kind that the case names; where it names none, those of all that are weighed. Of an
        erasure because of an objection: also advertising (P-152)."""
        found = [p for p in self.bench.loaded.plan.purposes if not p.hold and which(p)]
        named = [str(key) for key in case.params.get("purposes", ())]
        if named:  # of one that is off too: it may be put on again
            return [p.key for p in found if p.key in named]
        found = [p for p in found if p.active]
        absolute = case.asked == "erasure"
        return [
            p.key
            for p in found
            if p.objection == "assessed" or (absolute and p.objection != "none" and not p.by_consent)
        ]

    def refused_ones(self, case: Case) -> list[str]:
        """What was objected to though a contract or a law needs it (P-164)."""
        if case.asked != "objection" or not case.params.get("purposes"):
            return []
        return self.chosen(case, lambda p: p.objection == "none")

    def spared(self, case: Case) -> tuple[str, ...]:
        """The purposes for which the officer wrote compelling grounds down (P-152): of a refusal, all that are weighed."""
        if case.outcome == "refused":
            return tuple(self.purposes(case))
        return tuple(str(key) for key in case.params.get("spared", ()))

    def goes_on(self, case: Case) -> tuple[str, ...]:
        """Of an objection, the uses that go on: all where it was refused, in part those for which grounds were written."""
        if case.outcome not in ("refused", "partly"):
            return ()
        return tuple(key for key in self.purposes(case) if key in self.spared(case))

    def _files(
        self, case: Case, found: Mapping[str, Any], besides: Mapping[str, bytes] | None = None
    ) -> dict[str, bytes]:
        """The data, as files, with those of others besides; for whoever is answered on paper also as pages."""
        files = {"data.zip": packed(found, self.bench.columns(case.language), case.language, besides)}
        if case.address is not None and is_postal(case.address):
            loaded = self.bench.loaded
            pages = annex(found["tables"], loaded.plan, loaded.policy, case.language)
            files["annex.json"] = json.dumps(pages, ensure_ascii=False).encode()
        return files

    def composed(self, case: Case, done: Mapping[str, Any]) -> tuple[Answer, dict[str, bytes]]:
        composer, asked = self.bench.composer(), self.bench.asked(case)
        outcome, reason = case.outcome or "granted", case.reason or ""
        told = list(done.get("told", ()))
        if case.kind == "request" and case.person is not None and (done.get("gone") or self._ended(case)):
            return composer.noted(asked, [say("gone.text", case.language)], told), {}
        done_all_the_same = case.asked == "erasure" and "tables" in done
        if case.kind == "request" and (outcome != "refused" or done_all_the_same):
            if case.asked == "access":
                found = self.bench.desk(case).access(self.bench.wanted(case))
                besides = elsewhere.found(self.bench, case, self.keys)
                files = {one.file: one.content for one in besides if one.file}
                told_by = [(one.name, one.kind, one.said, one.file) for one in besides]
                return composer.access(asked, found, told_by), self._files(case, found, files)
            product = self.bench.loaded.company.record.data_act
            if case.asked == "data_act" and product is not None:
                made = self.bench.desk(case).product(self.bench.wanted(case), product.categories)
                return composer.product(asked, made), self._files(case, made)
            if case.asked in ("portability", "data_act"):
                taken = self.bench.desk(case).portable(self.bench.wanted(case))
                return composer.portable(asked, taken), self._files(case, taken)
            if case.asked == "erasure":
                proof = done.get("residue")
                tables, statute = (
                    _uncounted(done.get("tables", {})),
                    self.bench.ground(case)[len(ORDER) :].strip(),
                )
                return composer.erased(asked, tables, told, reason, outcome, proof, statute=statute,
                    besides=case.params.get("ground") in ("b", "c"),
                ), {}  # fmt: skip
            if case.asked == "rectification":
                return composer.changed(
                    asked, _uncounted(done.get("tables", {})), told, reason, outcome,
                    ground=self._grounded(case).ground, statement=self._grounded(case).statement,
                ), {}  # fmt: skip
        outcome, reason, not_these = self._objected(case, outcome, reason)
        lines = [*self._lines(case, outcome, reason), *not_these]
        return composer.noted(asked, lines, told, reason, outcome), {}

    def _objected(self, case: Case, outcome: str, reason: str) -> tuple[str, str, list[str]]:
        """Of an objection: what became of each purpose named, and why what contract or law needs goes on (P-164)."""
        if case.asked != "objection" or case.kind != "request":
            return outcome, reason, []
        composer, language = self.bench.composer(), case.language

        def called(keys: Sequence[str]) -> str:
            return ", ".join(composer.purpose(key, language) for key in keys)

        lines = []
        if self.chosen(case, lambda p: p.objection == "absolute" and not p.by_consent):
            lines.append(say("marketing.text", language))
        consents = self.chosen(case, lambda p: p.by_consent)
        if consents:
            lines.append(say("objection.withdrawn", language, purpose=called(consents)))
        on = self.goes_on(case)
        still = [say("objection.goes_on", language, purpose=called(on))] if on else []
        needed = self.refused_ones(case)
        if not needed:
            return outcome, reason, lines + still
        why = " ".join(
            say(f"objection.{basis}", language, purpose=called(keys))
            for basis, keys in composer.by_basis(needed).items()
        )
        done = [key for key in self.purposes(case) if key not in on and outcome != "refused"]
        how = "partly" if done or lines else "refused"
        return how, " ".join(one for one in (reason, why) if one), lines + still

    def _ended(self, case: Case) -> bool:
        """Whether what is asked to be shown went by itself meanwhile."""
        return case.asked in ("access", "portability", "data_act") and self.gone(case)

    def _lines(self, case: Case, outcome: str, reason: str) -> list[str]:
        language = case.language
        if outcome == "refused":
            return []
        if case.asked in ("marketing", "withdrawal"):
            return [say(f"{case.asked}.text", language)]
        if case.asked == "restriction":
            items = ", ".join(
                dict.fromkeys(
                    self.bench.composer().called(one.partition("[")[0], language)
                    for one in self.bench.items(case)
                )
            )
            claims = [say("restriction.claims", language)] if case.params.get("ground") == "c" else []
            about = (
                say("restriction.items", language, what=items) if items else say("restriction.text", language)
            )
            return [about, *claims, say("restricted.lift", language)]
        if case.asked == "objection":
            composer = self.bench.composer()
            on = self.goes_on(case)
            named = ", ".join(composer.purpose(key, language) for key in self.purposes(case) if key not in on)
            if not named:
                return []
            return [say("objection.text", language, purpose=named)]
        return [reason] if reason and outcome == "granted" else []


def _uncounted(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {**one, "deleted": [None] * one["deleted"]} for name, one in tables.items()}


def _correction(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "table": str(one["table"]),
        "column": str(one["column"]),
        "value": None if one.get("value") is None else str(one["value"]),
        "row": tuple(str(part) for part in one.get("row", ())),
    }


def objects(case: Case) -> bool:
    """Whether it is an objection, or an erasure because of one (art. 17(1)(c))."""
    return case.asked == "objection" or (case.asked == "erasure" and case.params.get("ground") == "c")


def as_json(answer: Answer) -> bytes:
    """As it is sealed."""
    return json.dumps(answer.json(), ensure_ascii=False).encode()


__all__ = ["Acts", "as_json", "objects"]
