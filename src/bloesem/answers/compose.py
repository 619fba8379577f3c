"""From what the engine found or did to an answer in words (P-146 to P-168; R-020 to R-033). Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.answers.model import Answer, AnswerError, Item, Section, say
from bloesem.law.model import Law
from bloesem.plan.model import Plan, TablePlan
from bloesem.policy.controller import particulars
from bloesem.policy.model import Controller, Policy


@dataclass(frozen=True)
class Asked:
    """The case that is answered: its number, the right, the person's language, and the days in Brussels."""

    number: str
    right: str
    language: str
    received_on: dt.date
    today: dt.date


@dataclass(frozen=True)
class Composer:
    """What every answer is made of: the policy in force, its plan, the law of the day, and who is responsible."""

    plan: Plan
    policy: Policy
    law: Law
    recorded: Controller | None

    # ---- each right ------------------------------------------------------------------------------------------------

    def access(self, asked: Asked, found: Mapping[str, Any]) -> Answer:
        """Article 15, whole: what there is, for what, from whom, until when, who got it and who looked (R-022)."""
        language = asked.language
        items = [
            self._held(name, rows, found["why"][name], language) for name, rows in found["tables"].items()
        ]
        sections = (
            self._recipients(found["recipients"], language),
            self._readings(found["read"], language),
            Section(say("logic", language), (say("logic.none", language),)),
            Section(say("rights", language), (say("rights.text", language),)),
            Section(say("files", language), (say("files.text", language),)),
        )
        return self._answer(asked, "granted", items=items, sections=sections)

    def portable(self, asked: Asked, found: Mapping[str, Any]) -> Answer:
        """Article 20, and the Data Act: what goes along, and what does not, with the reason."""
        language = asked.language
        items = [
            Item(self.called(name, language), len(rows), say("done.given", language), "")
            for name, rows in found["tables"].items()
        ]
        left = [
            Item(
                self.called(name, language),
                len(columns),
                say("done.left", language),
                next(iter(columns.values())),
            )
            for name, columns in found["left_out"].items()
            if name not in found["tables"]
        ]
        sections = (Section(say("files", language), (say("files.text", language),)),)
        return self._answer(asked, "granted", items=[*items, *left], sections=sections)

    def erased(
        self,
        asked: Asked,
        done: Mapping[str, Any],
        told: Sequence[str],
        reason: str,
        outcome: str,
        proof: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Article 17: what went, and of each thing that stays the reason and the last day (P-157, R-028). `proof`: what a
        pass over the whole database found afterwards; nothing but what is kept."""
        language = asked.language
        items = []
        for name, one in done.items():
            kept = one["kept"]
            if one["deleted"]:
                items.append(
                    Item(self.called(name, language), len(one["deleted"]), say("done.erased", language), "")
                )
            if one["changed"]:
                items.append(
                    Item(self.called(name, language), len(one["changed"]), say("done.blanked", language), "")
                )
            for why, rows in _by_reason(kept).items():
                last = max((str(row["until"]) for row in rows if row["until"]), default="")
                until = self._day(last, language) if last else say("open", language)
                label = self._because(rows[0], why, language)
                items.append(
                    Item(self.called(name, language), len(rows), say("done.kept", language), label, "", until)
                )
        stays = any(one["kept"] for one in done.values())
        how = outcome if outcome == "refused" else ("partly" if stays else "granted")
        because = reason or (self._kept_because(items, language) if stays else "")
        sections = (*self._proven(proof, language), *self._told(told, language))
        return self._answer(asked, how, reason=because, items=items, sections=sections)

    def changed(
        self, asked: Asked, done: Mapping[str, Any], told: Sequence[str], reason: str, outcome: str
    ) -> Answer:
        """Article 16: what was set right; those who got the old value are told (art. 19)."""
        language = asked.language
        items = [
            Item(self.called(name, language), len(one["changed"]), say("done.corrected", language), "")
            for name, one in done.items()
            if one["changed"]
        ]
        return self._answer(asked, outcome, reason=reason, items=items, sections=self._told(told, language))

    def noted(
        self,
        asked: Asked,
        lines: Sequence[str],
        told: Sequence[str],
        reason: str = "",
        outcome: str = "granted",
    ) -> Answer:
        """A restriction, an objection, a withdrawal, a question: what follows, in words."""
        sections = (*([Section("", tuple(lines))] if lines else []), *self._told(told, asked.language))
        return self._answer(asked, outcome, reason=reason, sections=sections)

    # ---- parts of them ------------------------------------------------------------------------------------------------

    def called(self, name: str, language: str) -> str:
        """A table as people know it: the labels of the categories that lie in it."""
        table = self.plan.by_name.get(name) or next(
            (t for t in self.plan.tables if t.qualified == name), None
        )
        labels = self._labels(table, language) if table else []
        return ", ".join(labels[:3]) + (" …" if len(labels) > 3 else "") if labels else name

    def _labels(self, table: TablePlan, language: str) -> list[str]:
        keys = [k for column in table.columns if not column.key for k in column.categories]
        return list(dict.fromkeys(_word(self.policy.categories[k].label, language) for k in keys))

    def purpose(self, key: str, language: str) -> str:
        """The name of a purpose, the policy's or the law's."""
        for row in self.policy.purposes.values():
            if key in row.parts:
                return _word(row.parts[key].label, language)
        for one in self.law.purposes:
            if one.key == key:
                return _word(one.label, language)
        return key

    def _held(self, name: str, rows: Sequence[Any], why: Mapping[str, Any], language: str) -> Item:
        purposes = ", ".join(self.purpose(key, language) for key in why.get("purposes", ()))
        until = self._day(str(why["until"]), language) if why.get("until") else say("open", language)
        source = self._source(str(why.get("source") or ""), language)
        return Item(
            self.called(name, language), len(rows), say("done.held", language), purposes, source, until
        )

    def _source(self, value: str, language: str) -> str:
        for one in self.policy.sources.values():
            if one.pattern and re.match(one.pattern, value):
                return _word(one.label, language)
        return value

    def _because(self, row: Mapping[str, Any], why: str, language: str) -> str:
        purposes = row.get("purposes") or ()
        named = ", ".join(self.purpose(key, language) for key in purposes)
        return named or why

    def _kept_because(self, items: Iterable[Item], language: str) -> str:
        named = dict.fromkeys(item.why for item in items if item.why)
        return "; ".join(named)

    def _recipients(self, found: Sequence[Mapping[str, Any]], language: str) -> Section:
        lines = []
        for one in found:
            for_ = self.purpose(str(one["purpose"]), language)
            said = say("recipients.one", language, day=self._day(str(one["on"]), language), purpose=for_)
            away = "; ".join(
                say(
                    "recipients.away",
                    language,
                    country=t.get("country", ""),
                    mechanism=t.get("mechanism", ""),
                )
                for t in one.get("transfers") or ()
            )
            lines.append(
                f"{one['name']}: {said}; {self.called(one['table'], language)}"
                + (f"; {away}" if away else "")
            )
        return Section(
            say("recipients", language), tuple(dict.fromkeys(lines)) or (say("recipients.none", language),)
        )

    def _readings(self, found: Sequence[Mapping[str, Any]], language: str) -> Section:
        lines = [
            say("readings.one", language, day=self._day(str(one["on"]), language),
                purpose=self.purpose(str(one["purpose"]), language), times=one["times"])
            for one in found
        ]  # fmt: skip
        return Section(say("readings", language), tuple(lines) or (say("readings.none", language),))

    def _proven(self, proof: Mapping[str, Any] | None, language: str) -> tuple[Section, ...]:
        if proof is None:
            return ()
        key = "proof.kept" if proof["kept"] else "proof.none"
        return (Section(say("proof", language), (say(key, language, n=str(proof["tables"])),)),)

    def _told(self, told: Sequence[str], language: str) -> tuple[Section, ...]:
        return (Section("", (say("told", language, names=", ".join(told)),)),) if told else ()

    def _answer(
        self,
        asked: Asked,
        outcome: str,
        *,
        reason: str = "",
        items: Sequence[Item] = (),
        sections: Sequence[Section] = (),
    ) -> Answer:
        language = asked.language
        who = particulars(self.policy.controller, self.recorded)
        if who is None:
            raise AnswerError(
                f"nobody is known in whose name {asked.number} is answered",
                "P-007: an answer names who is responsible, with seat and number",
                "write name, legal form, seat and number under `controller` in the record",
            )
        columns = tuple(say(f"item.{key}", language) for key in ("what", "outcome", "why", "source", "until"))
        received, today = (self._day(str(day), language) for day in (asked.received_on, asked.today))
        policy = self._day(str(self.policy.version), language)
        return Answer(
            number=asked.number,
            language=language,
            asked=asked.right,
            title=say(f"title.{asked.right}", language),
            outcome=outcome,
            lead=(
                say(f"outcome.{outcome}", language),
                say("asked", language, day=received, number=asked.number),
                say("answered", language, day=today, policy=policy),
            ),
            reason=reason,
            items=tuple(items),
            sections=tuple(sections),
            remedies=self.remedies(language),
            columns=columns,
            who=who.line(),
        )

    def remedies(self, language: str) -> tuple[str, ...]:
        """Whom one can turn to: the DPO, the authority (complaint and mediation), the court (P-169, P-179 to P-181)."""
        contact = self.policy.contact
        post = (
            f"{contact.post.street}, {contact.post.postal_code} {contact.post.city}" if contact.post else ""
        )
        authority, court = self.law.rule("be.authority"), self.law.rule("be.court")
        said = authority.value
        where = f"{_word(said['street'], language)}, {said['postal_code']} {_word(said['city'], language)}"
        name, site = _word(authority.label, language), _word(said["website"], language)
        return (
            say("remedies.dpo", language, email=contact.email, post=post),
            say("remedies.authority", language, name=name, address=where, site=site),
            say("remedies.court", language, court=_word(court.label, language)),
        )

    def _day(self, iso: str, language: str) -> str:
        from bloesem.console.language import day

        return day(dt.date.fromisoformat(iso[:10]), language)


def _by_reason(kept: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in kept:
        found.setdefault(str(row["reason"]), []).append(row)
    return found


def _word(label: Any, language: str) -> str:
    if isinstance(label, str):
        return label
    return str(label.get(language) or label.get("en") or next(iter(label.values())))
