"""What a case asks, rehearsed or done through the engine, and the answer that is made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bloesem.answers import Answer, packed, say
from bloesem.cases.case import Bench, Case
from bloesem.cases.model import RESTRICTION_GROUNDS
from bloesem.cases.proof import Sealing
from bloesem.errors import RightsError
from bloesem.plan.model import FactKind
from bloesem.rights.amend import Correction
from bloesem.rights.keys import Keys


@dataclass
class Acts:
    """Each is whole by itself. Begun twice after a crash, it finds that it is done."""

    bench: Bench
    keys: Keys = field(repr=False)

    def rehearsed(self, case: Case) -> dict[str, Any]:
        """What an erasure would do, taken back: numbers per kind of data, and why the rest stays."""
        if case.asked != "erasure" or case.kind != "request":
            return {}
        done = self.bench.desk(case).rehearse(self.bench.wanted(case), ground=self.bench.ground(case))
        answer = self.bench.composer().erased(
            self.bench.asked(case), done.tables, _names(done.told), "…", "partly"
        )
        return {"items": answer.json()["items"], "told": _names(done.told), "plan": done.plan}

    def act(self, case: Case, *, again: bool) -> dict[str, Any]:
        desk, wanted = self.bench.desk(case), self.bench.wanted(case)
        if case.asked == "erasure":
            try:
                sealing = self.bench.desk(case, Sealing(self.bench, case, self.keys))
                done = sealing.erase(wanted, ground=self.bench.ground(case))
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
            return self.note(case, "restriction", [("restriction", ground)])
        if case.asked == "objection":
            keys = self.purposes(case)
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

    def assess(self, case: Case, *, lift: bool = False) -> None:
        """While somebody looks at an objection, nothing is read for what it is about (art. 18(1)(d), 21(1); R-032)."""
        if case.asked == "objection" and case.kind == "request":
            self.note(case, "objection", [("assessing", key) for key in self.purposes(case)], lift=lift)

    def note(
        self, case: Case, what: Any, facts: Sequence[tuple[FactKind, str]], **more: Any
    ) -> dict[str, Any]:
        said = self.bench.desk(case).note(self.bench.wanted(case), what, facts, **more)
        return {"told": _names(said["told"]), "recorded": said["recorded"]}

    def purposes(self, case: Case) -> list[str]:
        assessed = [p.key for p in self.bench.loaded.plan.purposes if p.active and p.objection == "assessed"]
        return [k for k in case.params.get("purposes", ()) if k in assessed] or assessed

    def composed(self, case: Case, done: Mapping[str, Any]) -> tuple[Answer, dict[str, bytes]]:
        composer, asked = self.bench.composer(), self.bench.asked(case)
        outcome, reason = case.outcome or "granted", case.reason or ""
        told = list(done.get("told", ()))
        if case.kind == "request" and outcome != "refused":
            if case.asked == "access":
                found = self.bench.desk(case).access(self.bench.wanted(case))
                return composer.access(asked, found), {"data.zip": packed(found, self.bench.columns())}
            if case.asked in ("portability", "data_act"):
                taken = self.bench.desk(case).portable(self.bench.wanted(case))
                return composer.portable(asked, taken), {"data.zip": packed(taken, self.bench.columns())}
            if case.asked == "erasure":
                proof = done.get("residue")
                return composer.erased(
                    asked, _uncounted(done.get("tables", {})), told, reason, outcome, proof
                ), {}
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
            composer = self.bench.composer()
            named = ", ".join(composer.purpose(key, language) for key in self.purposes(case))
            return [say("objection.text", language, purpose=named)]
        return [reason] if reason and outcome == "granted" else []


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


def as_json(answer: Answer) -> bytes:

    return json.dumps(answer.json(), ensure_ascii=False).encode()


__all__ = ["Acts", "as_json"]
