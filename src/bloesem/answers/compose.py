"""From what the engine found or did to an answer in words (P-146 to P-168; R-020 to R-033). Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem import countries
from bloesem.answers.model import Answer, AnswerError, Item, Section, say, words
from bloesem.law.model import Law
from bloesem.plan.model import Plan, TablePlan
from bloesem.policy.controller import particulars
from bloesem.policy.findings import keep_of
from bloesem.policy.model import Controller, Policy
from bloesem.recipients.holders import Holder
from bloesem.register.words import term
from bloesem.rights.portable import OTHERS, in_words
from bloesem.terms import add_period

#: Basis → exception of the policy, by its key.
_EXCEPTIONS = {
    "contract": "service",
    "legal-obligation": "legal-obligation",
    "public-task": "public-interest",
}


#: Rights of the law that a text may leave unsaid.
_RIGHTS = {"withdrawal": "7(3)", "human": "22(3)", "marketing": "21(2)"}
#: So many last days of one kind of data are told one by one.
MOST_ENDS = 5


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
    backups: str | None = None  # how long a copy made for safety is kept (P-107)
    holders: tuple[Holder, ...] = ()  # who has it as long as we do

    # ---- each right ------------------------------------------------------------------------------------------------

    def access(
        self,
        asked: Asked,
        found: Mapping[str, Any],
        elsewhere: Sequence[tuple[str, str, str | None, str]] = (),
    ) -> Answer:
        """Article 15, whole: what there is, for what, from whom, until when, who got it and who looked (R-022); and what was
        asked of whoever has something that no database of ours holds (R-024): name, kind, what they said, and the file."""
        language = asked.language
        items = [
            item
            for name, rows in sorted(found["tables"].items(), key=lambda one: self._place(one[0]))
            for item in self._held(name, rows, found["why"][name], language)
        ]
        sections = (
            *self._criteria(found["why"].values(), language),
            *self._corrections(found.get("corrections", ()), language),
            self._recipients(found["recipients"], language),
            self._readings(found["read"], language),
            self._elsewhere(elsewhere, language),
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
        left = [item for name in found["left_out"] for item in self._left(name, found, language)]
        sections = (Section(say("files", language), (say("files.text", language),)),)
        return self._answer(asked, "granted", items=[*items, *left], sections=sections)

    def _left(self, name: str, found: Mapping[str, Any], language: str) -> list[Item]:
        """What of a table does not go along, by its reason: what there is of it, of how many rows."""
        table, many = self._table(name), found["left_many"][name]
        by_reason: dict[str, list[str]] = {}
        for column, reason in found["left_out"][name].items():
            if many[column]:
                by_reason.setdefault(f"left.{in_words(reason)}", []).append(column)
        made = []
        for reason, columns in by_reason.items():
            kinds = self._labels(table, language, columns) if table else [name]
            if kinds:
                why = say(reason if reason in words() else "left.unknown", language)
                made.append(
                    Item(_few(kinds), max(many[one] for one in columns), say("done.left", language), why)
                )
        return made

    def product(self, asked: Asked, found: Mapping[str, Any]) -> Answer:
        """The Data Act: what the product made, free, and whom it may be sent to (art. 4, 5); what it made of others stays
        with them (R-039)."""
        language = asked.language
        items = [
            Item(self.called(name, language), len(rows), say("done.given", language), "")
            for name, rows in found["tables"].items()
        ]
        others = [
            say("data_act.others", language, what=self.called(name, language), n=str(many))
            for name, many in found["others"].items()
        ]
        sections = (
            Section(say("files", language), (say("files.text", language), say("data_act.text", language))),
            *((Section(say("data_act.theirs", language), tuple(others)),) if others else ()),
        )
        return self._answer(asked, "granted", items=items, sections=sections)

    def erased(
        self,
        asked: Asked,
        done: Mapping[str, Any],
        told: Sequence[str],
        reason: str,
        outcome: str,
        proof: Mapping[str, Any] | None = None,
        *,
        statute: str = "",
        besides: bool = False,
    ) -> Answer:
        """Article 17: what went, and of each thing that stays the reason and the last day (P-157, R-028). `proof`: what a
        pass over the whole database found afterwards; nothing but what is kept. `statute`: which law ordered it (P-154);
        `besides`: a consent or a use ended, whatever rows went."""
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
            for rows in _by_reason(kept):
                label = self._because(rows[0], language)
                ends = Counter(str(row["until"] or "") for row in rows)
                for many, until in self._ends(ends, language):
                    items.append(
                        Item(self.called(name, language), many, say("done.kept", language), label, "", until)
                    )
        stays = any(one["kept"] for one in done.values())
        goes = besides or any(one["deleted"] or one["changed"] for one in done.values())
        how = ("partly" if goes else "refused") if stays else outcome
        if outcome == "refused" and goes:
            how = "partly"  # advertising ended all the same
        because = reason or (self._kept_because(items, language) if stays else "")
        ordered = (Section("", (say("statute", language, statute=statute),)),) if statute else ()
        copies = self._copies(asked, language) if goes else ()
        sections = (*ordered, *self._proven(proof, language), *copies, *self._told(told, language))
        return self._answer(asked, how, reason=because, items=items, sections=sections)

    def changed(
        self,
        asked: Asked,
        done: Mapping[str, Any],
        told: Sequence[str],
        reason: str,
        outcome: str,
        *,
        ground: str = "wrong",
        statement: str | None = None,
    ) -> Answer:
        """Article 16: what was set right and on which of the four grounds; what the person added; those who got the old
        value are told (art. 19)."""
        language = asked.language
        sections: tuple[Section, ...] = self._told(told, language)
        if statement:
            said = (say("statement.text", language), statement)
            sections = (Section(say("statement", language), said), *sections)
        if done:
            shut = (say("history.text", language),)
            sections = (Section(say("history", language), shut), *sections)
        items = [
            Item(
                self.called(name, language),
                len(one["changed"]),
                say("done.corrected", language),
                self.right("rectification", ground, language),
            )
            for name, one in done.items()
            if one["changed"]
        ]
        return self._answer(asked, outcome, reason=reason, items=items, sections=sections)

    def right(self, right: str, condition: str, language: str) -> str:
        """What the policy calls a condition of a right, by its key."""
        found = self.policy.rights.get(right)
        return (
            next((_word(c.label, language) for c in found.conditions if c.key == condition), condition)
            if found
            else ""
        )

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
        table = self._table(name)
        labels = self._labels(table, language) if table else []
        return _few(labels) if labels else name

    def _labels(self, table: TablePlan, language: str, only: Collection[str] | None = None) -> list[str]:
        """The kinds of data that lie in a table, or in these columns of it."""
        columns = [one for one in table.columns if not one.key and (only is None or one.name in only)]
        keys = [k for column in columns for k in column.categories]
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

    def _held(self, name: str, rows: Sequence[Any], why: Mapping[str, Any], language: str) -> Iterator[Item]:
        """What is kept of a table: for what, from whom and until when, apart where that differs between its rows."""
        alike: dict[tuple[Any, ...], Counter[str]] = {}
        for one in why.get("rows") or [{**why, "keys": rows}]:
            said = one.get("source") or ()
            sources = (said,) if isinstance(said, str) else tuple(said)
            ends = alike.setdefault((tuple(one.get("purposes", ())), sources), Counter())
            ends[one.get("until") or ""] += len(one["keys"])
        what = self._grouped(name, language)
        for (purposes, sources), ends in alike.items():
            why_ = ", ".join(self.purpose(key, language) for key in purposes)
            source = ", ".join(dict.fromkeys(self._source(one, language) for one in sources))
            for many, until in self._ends(ends, language):
                yield Item(what, many, say("done.held", language), why_, source, until)

    def _criteria(self, why: Iterable[Mapping[str, Any]], language: str) -> Iterator[Section]:
        """How long, of what has no last day yet: what its period is counted from, per purpose (R-022 (d))."""
        groups = [one for each in why for one in each.get("rows") or [each]]
        still = {key for one in groups if not one.get("until") for key in one.get("purposes", ())}
        kept = {
            key: keep
            for row in self.policy.purposes.values()
            for key, part in row.parts.items()
            if (keep := keep_of(row, part)).terms
        } | {one.key: one.keep for one in self.law.purposes if one.keep.terms}
        lines = [
            f"{self.purpose(key, language)}: {'; '.join(term(one, self.policy, language) for one in keep.terms)}"
            for key, keep in kept.items()
            if key in still
        ]
        if lines:
            yield Section(say("criteria", language), tuple(lines))

    def _ends(self, ends: Mapping[str, int], language: str) -> Iterator[tuple[int, str]]:
        """How many, and until when: a line for each last day, or from the first to the last where they are many. in: last
        day (nothing: none is known yet) → how many."""
        dated = sorted(day for day in ends if day)
        if len(dated) > MOST_ENDS:
            first, last = self._day(dated[0], language), self._day(dated[-1], language)
            yield sum(ends[day] for day in dated), say("between", language, first=first, last=last)
        else:
            for day in dated:
                yield ends[day], self._day(day, language)
        if "" in ends:
            yield ends[""], say("open", language)

    def _table(self, name: str) -> TablePlan | None:
        return self.plan.by_name.get(name) or next((t for t in self.plan.tables if t.qualified == name), None)

    def _place(self, name: str) -> int:
        """Where the kinds of data of a table stand in the policy's own list (P-019 to P-034)."""
        table, order = self._table(name), list(self.policy.categories)
        keys = [k for c in table.columns if not c.key for k in c.categories] if table else []
        return min((order.index(key) for key in keys), default=len(order))

    def _grouped(self, name: str, language: str) -> str:
        """What a table holds, under the headings of the policy: `Contact data: E-mail address`."""
        table = self._table(name)
        groups: dict[str, dict[str, None]] = {}
        for key in [k for c in table.columns if not c.key for k in c.categories] if table else []:
            heading, label = (self.policy.categories[one].label for one in (key.split(".")[0], key))
            groups.setdefault(_word(heading, language), {})[_word(label, language)] = None
        return "; ".join(f"{heading}: {', '.join(labels)}" for heading, labels in groups.items()) or name

    def _corrections(self, found: Sequence[Mapping[str, Any]], language: str) -> tuple[Section, ...]:
        """What was set right before, and what the person added (P-148)."""
        lines = []
        for one in found:
            table = str(one["row"]).partition("[")[0]
            what = say(
                "corrected.one",
                language,
                day=self._day(str(one["on"]), language),
                what=self.called(table, language),
            )
            lines.append(f"{what}: {one['statement']}" if one["statement"] else what)
        return (Section(say("corrected", language), tuple(lines)),) if lines else ()

    def _source(self, value: str, language: str) -> str:
        for one in self.policy.sources.values():
            if one.pattern and re.match(one.pattern, value):
                return _word(one.label, language)
        return value

    def _because(self, row: Mapping[str, Any], language: str) -> str:
        """The exceptions of the policy that keep it (P-156), each with the purposes for which; or that it is somebody else's
        too."""
        if row["reason"] == OTHERS:
            return say("others", language)
        grouped: dict[str, list[str]] = {}
        for key in row.get("purposes") or ():
            grouped.setdefault(self.exception(key, language), []).append(self.purpose(key, language))
        named = "; ".join(f"{exception}: {', '.join(them)}" for exception, them in grouped.items())
        return named or str(row["reason"])

    def exception(self, key: str, language: str) -> str:
        """Which of the four reasons of the policy not to erase this purpose is (P-156); another declared basis, where only
        what hung on one basis was asked for (P-151)."""
        purpose = self.plan.purpose(key)
        kind = _EXCEPTIONS.get(purpose.basis) if not purpose.hold else "claims"
        right = self.policy.rights.get("erasure")
        for one in right.exceptions if right else ():
            if one.key == kind:
                return f"{_word(one.label, language)} ({say('article', language)} {one.article})"
        return say("another", language, basis=f"{say('article', language)} {purpose.article}")

    def by_basis(self, keys: Sequence[str]) -> dict[str, list[str]]:
        """Purposes by the word for what needs them: contract, law or claims."""
        found: dict[str, list[str]] = {}
        for key in keys:
            purpose = self.plan.purpose(key)
            basis = {"contract": "contract", "legal-obligation": "law"}.get(purpose.basis, "claims")
            found.setdefault(basis, []).append(key)
        return found

    def _kept_because(self, items: Iterable[Item], language: str) -> str:
        named = dict.fromkeys(item.why for item in items if item.why)
        return "; ".join(named)

    def _recipients(self, found: Sequence[Mapping[str, Any]], language: str) -> Section:
        lines = [self._holder(one, language) for one in self.holders]
        for one in found:
            for_ = self.purpose(str(one["purpose"]), language)
            said = say("recipients.one", language, day=self._day(str(one["on"]), language), purpose=for_)
            gone = [(str(t.get("country") or ""), t.get("mechanism")) for t in one.get("transfers") or ()]
            parts = (f"{one['name']}: {said}", self.called(one["table"], language), *_away(gone, language))
            lines.append("; ".join(parts))
        return Section(
            say("recipients", language), tuple(dict.fromkeys(lines)) or (say("recipients.none", language),)
        )

    def _holder(self, one: Holder, language: str) -> str:
        said = say("recipients.holder", language, task=_word(one.task, language))
        return "; ".join((f"{one.name}: {said}", *_away(one.away, language)))

    def _readings(self, found: Sequence[Mapping[str, Any]], language: str) -> Section:
        lines = [
            say("readings.one", language, day=self._day(str(one["on"]), language),
                purpose=self.purpose(str(one["purpose"]), language), times=one["times"])
            for one in found
        ]  # fmt: skip
        return Section(say("readings", language), tuple(lines) or (say("readings.none", language),))

    def _elsewhere(self, asked: Sequence[tuple[str, str, str | None, str]], language: str) -> Section:
        """What lies on paper, at processors and in back-ups (R-024)."""
        lines = [
            say(f"elsewhere.{said or 'waits'}", language, name=name, file=file)
            for name, _, said, file in asked
        ]
        if not any(kind == "backup" for _, kind, _, _ in asked):
            lines.append(say("elsewhere.backups", language))
        return Section(say("elsewhere", language), tuple(lines))

    def _proven(self, proof: Mapping[str, Any] | None, language: str) -> tuple[Section, ...]:
        if proof is None:
            return ()
        key = "proof.kept" if proof["kept"] else "proof.none"
        return (Section(say("proof", language), (say(key, language, n=str(proof["tables"])),)),)

    def _copies(self, asked: Asked, language: str) -> tuple[Section, ...]:
        """By when the last back-up copy that has it is written over (P-107)."""
        if self.backups is None:
            return ()
        last = self._day(str(add_period(asked.today, self.backups)), language)
        return (Section("", (say("copies", language, day=last),)),)

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
                self._asked(asked, received),
                say("answered", language, day=today, policy=policy),
            ),
            reason=reason,
            items=tuple(items),
            sections=tuple(sections),
            remedies=self.remedies(language),
            columns=columns,
            who=who.line(),
        )

    def _asked(self, asked: Asked, received: str) -> str:
        """When they asked it, and on which right of the law (R-020). What is no right of its own names none."""
        said = {"day": received, "number": asked.number}
        if asked.right == "data_act":
            return say("asked.data_act", asked.language, **said)
        right = self.policy.rights.get(asked.right)
        article = right.article if right else _RIGHTS.get(asked.right)
        return say("asked.right" if article else "asked", asked.language, article=article or "", **said)

    def remedies(self, language: str) -> tuple[str, ...]:
        """Whom one can turn to: the DPO, the authority (a complaint, and mediation as a way of its own), the court (P-169,
        P-179 to P-181)."""
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
            say("remedies.complaint", language, name=name, address=where, site=site),
            say("remedies.mediation", language, by=_word(said["mediation_by"], language), site=site),
            say("remedies.court", language, court=_word(court.label, language)),
        )

    def _day(self, iso: str, language: str) -> str:
        from bloesem.console.language import day

        return day(dt.date.fromisoformat(iso[:10]), language)


def _by_reason(kept: Sequence[Mapping[str, Any]]) -> Iterable[list[Mapping[str, Any]]]:
    """Rows that stay for the same: each list has one reason, and the same purposes."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in kept:
        found.setdefault((str(row["reason"]), *(row.get("purposes") or ())), []).append(row)
    return found.values()


def _few(labels: Sequence[str]) -> str:
    return ", ".join(labels[:3]) + (" …" if len(labels) > 3 else "")


def _away(gone: Iterable[tuple[str, str | None]], language: str) -> Iterator[str]:
    """in: countries outside the EEA, each with the mechanism. out: a line for each."""
    for country, mechanism in gone:
        key = f"mechanism.{mechanism or 'none'}"
        how = say(key, language) if key in words() else str(mechanism)
        yield say("recipients.away", language, country=countries.called(country, language), mechanism=how)


def _word(label: Any, language: str) -> str:
    if isinstance(label, str):
        return label
    return str(label.get(language) or label.get("en") or next(iter(label.values())))
