"""What the model says, chapter by chapter: every category, source, purpose, recipient, transfer, right and cookie in it.

Made from policy, record, law and plan of one version on one day; nothing that runs is left out (P-001). What the text of
the policy does not say is marked so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from bloesem.console import language as words
from bloesem.console.company import Company
from bloesem.countries import called
from bloesem.notice.model import Chapter, Entry, Fact, Family, Said
from bloesem.notice.said import say, spoken, told
from bloesem.plan.categories import ALL, covers
from bloesem.plan.model import PurposePlan
from bloesem.policy.company import Company as Loaded
from bloesem.policy.model import Category, Policy, Right

#: How the anchor of a chapter and of an entry begins.
ANCHOR = "m-"


@dataclass(frozen=True)
class Sources:
    """What chapters are made of. `company`: of the version, with its plan; `today`: a civil day, on which it counts."""

    company: Company
    loaded: Loaded
    today: dt.date
    language: str

    @property
    def policy(self) -> Policy:
        return self.company.policy

    @cached_property
    def granted(self) -> Mapping[str, tuple[str, ...]]:
        """Part → the categories of the columns that its role may read: what the database really gives it."""
        found: dict[str, dict[str, None]] = {}
        for table in self.company.plan.tables:
            for column in table.columns:
                for part in self.company.parts:
                    if column.purposes & part.mask:
                        found.setdefault(part.key, {}).update(dict.fromkeys(column.categories))
        return {part: tuple(keys) for part, keys in found.items()}

    def say(self, key: str, **values: object) -> str:
        return say(key, self.language, **values)

    def label(self, key: str) -> str:
        return self.say(f"notice.f.{key}")

    def fact(self, key: str, *values: Said | str, link: str = "") -> Fact:
        """A line of an entry, named by a word of the catalogue."""
        return Fact(
            self.label(key),
            tuple(v if isinstance(v, Said) else Said(v, self.language) for v in values),
            link,
        )

    def spoken(self, label: Mapping[str, str]) -> Said:
        return spoken(label, self.language)

    def day(self, value: dt.date) -> str:
        return words.day(value, self.language)


def chapters(it: Sources) -> tuple[Chapter, ...]:
    """All chapters that have something to say, in the order of the page."""
    made = (
        _chapter(it, "who", [Family("", "", tuple(_who(it)))]),
        _chapter(it, "data", _data(it)),
        _chapter(it, "sources", [Family("", "", tuple(_sources(it)))]),
        _chapter(it, "purposes", _purposes(it)),
        _chapter(it, "law", [Family("", "", tuple(_law(it)))]),
        _chapter(it, "recipients", [Family("", "", tuple(_recipients(it)))]),
        _chapter(it, "transfers", [Family("", "", tuple(_transfers(it)))]),
        _chapter(it, "security", [Family("", "", tuple(_security(it)))]),
        _chapter(it, "retention", [Family("", "", tuple(_retention(it)))]),
        _chapter(it, "rights", [Family("", "", tuple(_rights(it)))]),
        _chapter(it, "complaint", [Family("", "", tuple(_complaint(it)))]),
        _chapter(it, "changes", [Family("", "", tuple(_changes(it)))]),
        _chapter(it, "cookies", [Family("", "", tuple(_cookies(it)))]),
    )
    return tuple(one for one in made if one.entries)


def _chapter(it: Sources, key: str, families: list[Family]) -> Chapter:
    return Chapter(
        ANCHOR + key,
        it.say(f"notice.chapter.{key}"),
        it.say(f"notice.chapter.{key}.about"),
        tuple(one for one in families if one.entries),
    )


# ---- who we are ------------------------------------------------------------------------------------------------------


def _who(it: Sources) -> Iterator[Entry]:
    controller, recorded = it.policy.controller, it.loaded.record.controller
    seat = controller.seat or (recorded.seat if recorded else None)
    kbo = controller.kbo or (recorded.kbo if recorded else None)
    form = controller.legal_form or (recorded.legal_form if recorded else None)
    facts = [it.fact("name", f"{controller.name} {form}" if form else controller.name)]
    if seat:
        facts.append(it.fact("seat", f"{seat.street}, {seat.postal_code} {seat.city}"))
    if kbo:
        facts.append(it.fact("kbo", f"{kbo[:4]}.{kbo[4:7]}.{kbo[7:]}"))
    facts.append(it.fact("role", told("notice.role.controller", it.language)))
    borrowed = recorded is not None and recorded.example and not (controller.seat and controller.kbo)
    note = it.say("notice.example") if borrowed else ""
    yield Entry(
        ANCHOR + "controller", controller.name, facts=tuple(facts), note=note, promises=("P-007", "P-008")
    )
    contact = it.policy.contact
    lines = [it.fact("email", contact.email, link=f"mailto:{contact.email}")]
    if contact.post:
        post = contact.post
        lines.append(
            it.fact(
                "post", f"{contact.name or controller.name}, {post.street}, {post.postal_code} {post.city}"
            )
        )
    title = it.spoken(contact.function).text
    yield Entry(ANCHOR + "contact", title, told("notice.f.contact", it.language), tuple(lines))


# ---- data, and where they come from ----------------------------------------------------------------------------------


def _data(it: Sources) -> list[Family]:
    families = []
    for key, kind in it.policy.types.items():
        tops = [
            c
            for c, category in it.policy.categories.items()
            if category.type == key and heading(it.policy, c) == c
        ]
        entries = tuple(_category(it, top) for top in tops)
        families.append(Family(f"{ANCHOR}type-{key}", it.spoken(kind.label).text, entries))
    return families


def heading(policy: Policy, category: str) -> str:
    """Under which category it is shown: the widest above it that the policy has, or itself."""
    top = category.partition(".")[0]
    return top if top in policy.categories else category


def _category(it: Sources, top: str) -> Entry:
    below = {k: c for k, c in it.policy.categories.items() if k == top or k.startswith(top + ".")}
    named = [(key, category) for key, category in below.items() if key != top] or [(top, below[top])]
    facts = tuple(_held(it, key, category) for key, category in named)
    return Entry(
        f"{ANCHOR}data-{top}", it.spoken(below[top].label).text, facts=facts, categories=tuple(below)
    )


def _held(it: Sources, key: str, category: Category) -> Fact:
    """One kind of data, and for which purposes the database gives it."""
    label = it.spoken(category.label).text
    readers = [part.key for part in it.company.parts if key in it.granted.get(part.key, ())] or [
        part.key for part in it.company.parts if ALL not in part.reads and covers(part.reads, key)
    ]  # kept in Bloesem's own tables, which no role reads: for whom the policy keeps it
    if not readers:
        return Fact(label, (told("notice.f.nobody", it.language),))
    said = Said(", ".join(it.company.part(part, it.language) for part in readers), it.language)
    note = (told("notice.undeclared", it.language),) if category.undeclared else ()
    return Fact(label, (said, *note))


def _sources(it: Sources) -> Iterator[Entry]:
    for key, source in it.policy.sources.items():
        only = [it.company.category(one, it.language) for one in source.only]
        gives = it.fact("gives", ", ".join(only)) if only else it.fact("gives", it.label("gives-any"))
        note = it.say("notice.undeclared") if source.undeclared else ""
        yield Entry(f"{ANCHOR}source-{key}", it.spoken(source.label).text, facts=(gives,), note=note)


# ---- purposes --------------------------------------------------------------------------------------------------------


def _purposes(it: Sources) -> list[Family]:
    return [
        Family(
            ANCHOR + group.key,
            it.company.group(group.key, it.language),
            tuple(_part(it, it.company.plan.purpose(part)) for part in group.parts),
        )
        for group in it.company.groups
        if group.key != "law"
    ]


def _law(it: Sources) -> Iterator[Entry]:
    for part in it.company.parts:
        if part.of == "law":
            yield _part(it, part)


def _part(it: Sources, part: PurposePlan) -> Entry:
    row = it.policy.purposes.get(part.of)
    own = row.parts.get(part.key) if row else None
    facts = [it.fact("ground", basis(it, part))]
    interest = _interest(it, part)
    if interest is not None:
        facts.append(it.fact("interest", interest))
    facts.append(it.fact("term", words.clocks(it.company, part.key, it.language)))
    facts.append(it.fact("data", _what(it, part)))
    got = [
        it.spoken(kind.label).text
        for kind in it.policy.recipients.values()
        if part.key in kind.purposes or part.of in kind.purposes
    ]
    if got:
        facts.append(it.fact("recipients", ", ".join(got)))
    stop = "consent" if part.basis == "consent" else part.objection
    if stop in ("absolute", "assessed", "consent"):
        facts.append(it.fact("stop", told(f"notice.stop.{stop}", it.language)))
    notes = [] if part.active else [it.say("notice.off")]
    stated = (own.basis if own else None) or (row.basis if row else None)
    if stated and stated != part.basis:
        notes.append(it.say("notice.basis-differs", text=it.say(f"notice.basis.{stated}")))
    return Entry(
        ANCHOR + part.name,
        it.company.part(part.key, it.language),
        _says(it, part.key, own.description if own else None),
        tuple(facts),
        " ".join(notes),
        own.promises if own else (),
        (part.key,),
        tone=it.company.tones.get(part.key, -1),
    )


def _says(it: Sources, key: str, description: Mapping[str, str] | None) -> Said | None:
    """The plain sentence about a part: of the policy's model, or of the law's."""
    if description:
        return it.spoken(description)
    for one in it.loaded.law.valid_on(it.today).purposes:
        if one.key == key:
            return it.spoken(one.description)
    return None


def basis(it: Sources, part: PurposePlan) -> str:
    """The ground on which it runs, with the article."""
    named = it.say(f"notice.basis.{part.basis}")
    return it.say("notice.basis", basis=named, article=part.article)


def _interest(it: Sources, part: PurposePlan) -> Said | None:
    """The interest as the text states it, or as the balancing test on file weighs it (art. 13(1)(d))."""
    if part.basis != "legitimate-interest":
        return None
    row = it.policy.purposes.get(part.of)
    own = row.parts.get(part.key) if row else None
    stated = (own.interest if own else None) or (row.interest if row else None)
    if stated:
        return it.spoken(stated)
    tests = [
        test
        for test in it.loaded.record.balancing
        if test.purpose in (part.key, part.of) and test.decided <= it.today
    ]
    return it.spoken(max(tests, key=lambda test: test.decided).interest) if tests else None


def _what(it: Sources, part: PurposePlan) -> str:
    if ALL in part.reads:
        return it.label("all")
    names = [it.company.category(key, it.language) for key in it.granted.get(part.key, ())]
    return ", ".join(dict.fromkeys(names)) or it.label("nobody")


# ---- who gets them ---------------------------------------------------------------------------------------------------


def _recipients(it: Sources) -> Iterator[Entry]:
    for key, kind in it.policy.recipients.items():
        facts = [it.fact("role", told(f"notice.role.{kind.role}", it.language))]
        named = [_purpose(it, one) for one in kind.purposes]
        if named:
            facts.append(it.fact("purposes", ", ".join(dict.fromkeys(named))))
        facts.append(it.fact("data", _given(it, kind.reads)))
        if kind.limits:
            facts.append(it.fact("limits", *(it.spoken(limit) for limit in kind.limits)))
        together = [
            f"{one.name}: {one.contract.arrangement}"
            for one in it.loaded.record.recipients.values()
            if one.kind == key and one.contract and one.contract.arrangement
        ]
        if together:  # art. 26(2): where the essence of the arrangement can be read
            facts.append(it.fact("arrangement", *together))
        yield Entry(
            f"{ANCHOR}recipient-{key}",
            it.spoken(kind.label).text,
            it.spoken(kind.description) if kind.description else None,
            tuple(facts),
            it.say("notice.undeclared") if kind.undeclared else "",
            kind.promises,
        )


def _purpose(it: Sources, key: str) -> str:
    """A row of the table or a part of one, by name."""
    return (
        it.company.group(key, it.language) if key in it.policy.purposes else it.company.part(key, it.language)
    )


def _given(it: Sources, reads: tuple[str, ...]) -> str:
    if ALL in reads:
        return it.label("all-task")
    return ", ".join(it.company.category(key, it.language) for key in reads) or it.label("no-data")


def _transfers(it: Sources) -> Iterator[Entry]:
    allowed = it.policy.transfers.mechanisms if it.policy.transfers else ()
    for key, transfer in it.loaded.record.transfers.items():
        if not transfer.on_record(it.today):
            continue
        recipient = it.loaded.record.recipients.get(transfer.recipient)
        name = recipient.name if recipient else transfer.recipient
        mechanism = transfer.mechanism if transfer.mechanism in allowed else "none"
        facts = [
            it.fact("country", called(transfer.country, it.language)),
            it.fact("safeguard", told(f"notice.mechanism.{mechanism}", it.language)),
        ]
        done = transfer.assessment
        if done is not None and done.review:
            said = it.say("notice.f.assessed.on", day=it.day(done.done), next=it.day(done.review))
            facts.append(it.fact("assessed", said))
        title = f"{name} ({transfer.sub_processor})" if transfer.sub_processor else name
        yield Entry(f"{ANCHOR}transfer-{key}", title, facts=tuple(facts))


def _security(it: Sources) -> Iterator[Entry]:
    for key in ("gate", "log", "clock", "signin"):
        name = f"notice.security.{key}"
        yield Entry(f"{ANCHOR}security-{key}", it.say(name), told(f"{name}.says", it.language))


# ---- how long, and what one can ask ----------------------------------------------------------------------------------


def _retention(it: Sources) -> Iterator[Entry]:
    facts = tuple(
        Fact(
            it.company.part(part.key, it.language),
            (Said(words.clocks(it.company, part.key, it.language), it.language),),
        )
        for part in it.company.parts
        if part.active
    )
    yield Entry(ANCHOR + "terms", it.say("notice.chapter.retention"), facts=facts)


def _rights(it: Sources) -> Iterator[Entry]:
    how = it.fact("how", told("notice.f.how.says", it.language, email=it.policy.contact.email))
    for key, right in it.policy.rights.items():
        facts = [how]
        for name, conditions in (("conditions", right.conditions), ("exceptions", right.exceptions)):
            if conditions:
                facts.append(it.fact(name, *(it.spoken(one.label) for one in conditions)))
        facts.append(it.fact("article", told("notice.f.article.says", it.language, article=right.article)))
        yield _right(it, key, right, tuple(facts))


def _right(it: Sources, key: str, right: Right, facts: tuple[Fact, ...]) -> Entry:
    about = tuple(
        part.key for part in it.company.parts if part.key in right.purposes or part.of in right.purposes
    )
    return Entry(
        f"{ANCHOR}right-{key}", it.spoken(right.label).text, it.spoken(right.text), facts, parts=about
    )


def _complaint(it: Sources) -> Iterator[Entry]:
    law = {rule.key.partition(".")[2]: rule for rule in it.loaded.law.valid_on(it.today).authority}
    rule, court = law.get("authority"), law.get("court")
    if rule is None or not isinstance(rule.value, dict):
        return
    value = rule.value
    post = ", ".join([_in(it, value["street"]), f"{value['postal_code']} {_in(it, value['city'])}"])
    site = _in(it, value["website"])
    facts = [
        it.fact("post", post),
        it.fact("email", str(value["email"]), link=f"mailto:{value['email']}"),
        it.fact("phone", str(value["telephone"])),
        it.fact("site", site, link=site),
        it.fact(
            "mediation",
            told("notice.f.mediation.says", it.language, by=_in(it, value["mediation_by"])),
        ),
    ]
    if court is not None:
        facts.append(
            it.fact("court", told("notice.f.court.says", it.language, court=it.spoken(court.label).text))
        )
    yield Entry(
        ANCHOR + "authority", it.spoken(rule.label).text, facts=tuple(facts), promises=("P-179", "P-181")
    )


def authority(it: Sources) -> tuple[str, str]:
    """Name and web address of the authority; nothing where the law names none."""
    for rule in it.loaded.law.valid_on(it.today).authority:
        if rule.key.endswith(".authority") and isinstance(rule.value, dict):
            return it.spoken(rule.label).text, _in(it, rule.value["website"])
    return "", ""


def _in(it: Sources, value: object) -> str:
    return it.spoken(value).text if isinstance(value, Mapping) else str(value)


def _changes(it: Sources) -> Iterator[Entry]:
    text = it.policy.changes.text if it.policy.changes else None
    versions = [it.say("notice.version", day=it.day(one.version)) for one in reversed(it.loaded.versions)]
    yield Entry(
        ANCHOR + "versions",
        it.label("versions"),
        it.spoken(text) if text else None,
        (it.fact("versions", *versions),),
    )


def _cookies(it: Sources) -> Iterator[Entry]:
    for cookie in it.company.cookies:
        lasts = (
            it.label("lasts.session")
            if cookie.lasts == "session"
            else words.period(cookie.lasts, it.language)
        )
        yield Entry(
            f"{ANCHOR}cookie-{cookie.name}",
            cookie.name,
            it.spoken(cookie.says),
            (
                it.fact("purposes", it.company.part(cookie.purpose, it.language)),
                it.fact("lasts", lasts),
            ),
        )


__all__ = ["ANCHOR", "Sources", "authority", "chapters", "heading"]
