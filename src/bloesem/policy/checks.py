"""What must fit together inside one policy file, before record and law are looked at."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator

from bloesem.policy.model import ALL, Keep, Label, Part, Policy, Term, add_period
from bloesem.source import Document, KeyPath, Problem, nearest

#: Starts of clocks that are no named events: the record's own date.
RECORD = "record"


def policy_problems(policy: Policy, document: Document) -> list[Problem]:
    """Everything in the file that points at something which is not there. Pure."""
    return list(_Checks(policy, document).all())


def covers(reads: Iterable[str], category: str) -> bool:
    """Whether a list of categories covers one: by name, by a name above it at a dot, or by `all`."""
    return any(read in (ALL, category) or category.startswith(f"{read}.") for read in reads)


def reads_category(part: Part, category: str) -> bool:
    """Whether a part reads a category: what it reads, less what it does not."""
    return covers(part.reads, category) and not covers(part.not_reads, category)


class _Checks:
    def __init__(self, policy: Policy, document: Document) -> None:
        self.policy, self.document = policy, document
        self.parts = {key for row in policy.purposes.values() for key in row.parts}

    def problem(self, where: KeyPath, message: str, rule: str, remedy: str) -> Problem:
        key = ".".join(str(step) for step in where)
        return Problem(self.document.path, self.document.line_of(where), key, message, rule, remedy)

    def all(self) -> Iterator[Problem]:
        yield from self._version()
        yield from self._types()
        yield from self._events()
        yield from self._sources()
        yield from self._purposes()
        yield from self._recordings()
        yield from self._recipients()
        yield from self._rights()
        yield from self._languages()

    def _version(self) -> Iterator[Problem]:
        end = self.policy.valid_until
        if end is not None and end < self.policy.version:
            yield self.problem(
                ("valid_until",),
                f"ends on {end}, before it begins on {self.policy.version}",
                "P-173: a version is valid from its date",
                "mend one of the two dates",
            )

    def _types(self) -> Iterator[Problem]:
        for key, category in self.policy.categories.items():
            if category.type not in self.policy.types:
                yield self._unknown(
                    ("categories", key, "type"),
                    "type",
                    category.type,
                    self.policy.types,
                    "P-017: types are announced",
                )

            parts = [part for row in self.policy.purposes.values() for part in row.parts]
            for purpose in category.only:
                if purpose not in parts:
                    yield self._unknown(
                        ("categories", key, "only"), "purpose", purpose, parts, "P-051: a closed list"
                    )
            if category.not_collected and (reader := self._collector(key)) is not None:
                yield self.problem(
                    ("categories", key, "not_collected"),
                    f"part `{reader}` reads it, and the text says that it is not collected",
                    "P-051, L-014: what is collected is for a purpose, and what is for none is not collected",
                    "take it out of `reads`, or say in the text what it is for",
                )
            wanted = next((_CONDITIONS[tag] for tag in category.is_ if tag in _CONDITIONS), None)
            if category.condition is not None and not (wanted and re.match(wanted, category.condition)):
                yield self.problem(
                    ("categories", key, "condition"),
                    f"`{category.condition}` is no condition under which `{key}` may be processed",
                    "P-035: special categories under art. 9(2), criminal data under art. 10",
                    "write 9(2)(a) to 9(2)(j), or 10 with the law that allows it; for other categories none",
                )
            for service in category.services:
                if service not in self.policy.services:
                    yield self._unknown(
                        ("categories", key, "service"),
                        "service",
                        service,
                        self.policy.services,
                        "P-015: collected only with the service that needs it",
                    )

    def _collector(self, category: str) -> str | None:
        """The first part that reads a category, other than what only holds what others collected."""
        for row in self.policy.purposes.values():
            for key, part in row.parts.items():
                if (
                    not (part.keep or row.keep).hold
                    and ALL not in part.reads
                    and reads_category(part, category)
                ):
                    return key
        return None

    def _events(self) -> Iterator[Problem]:
        events = self.policy.events
        for key, event in events.items():
            named = [("reopened_by", event.reopened_by), ("alias_of", event.alias_of)]
            for field, other in (*named, *(("may_mean", meant) for meant in event.may_mean)):
                if other is not None and other not in events:
                    yield self._unknown(("events", key, field), "event", other, events, _P108)
            if event.alias_of is not None and event.alias_of in events and events[event.alias_of].alias_of:
                yield self.problem(
                    ("events", key, "alias_of"),
                    f"`{event.alias_of}` is an alias itself",
                    _P108,
                    "name the event that it stands for",
                )

    def _sources(self) -> Iterator[Problem]:
        for key, source in self.policy.sources.items():
            for category in source.only:
                yield from self._category(("sources", key, "only"), category)
            if source.pattern is not None:
                try:
                    re.compile(source.pattern)
                except re.error as fault:
                    yield self.problem(
                        ("sources", key, "pattern"),
                        f"`{source.pattern}` is no regular expression: {fault}",
                        "P-049: a stored source matches a declared one",
                        "mend the pattern, such as ^werkgever:.+$",
                    )

    def _purposes(self) -> Iterator[Problem]:
        home: dict[str, str] = {}
        for row_key, row in self.policy.purposes.items():
            yield from self._keep(("purposes", row_key, "keep"), row.keep)
            for channel in row.channels:
                if channel not in self.policy.channels:
                    yield self._unknown(
                        ("purposes", row_key, "channels"),
                        "channel",
                        channel,
                        self.policy.channels,
                        "P-088: a channel is declared",
                    )
            for key, part in row.parts.items():
                where = ("purposes", row_key, "parts", key)
                if key in home:
                    yield self.problem(
                        where,
                        f"stands under {home[key]} too",
                        "P-063: a part is addressed alone, by one name",
                        "give one of the two another name",
                    )
                home[key] = row_key
                for group in part.groups:
                    if group not in self.policy.groups:
                        yield self._unknown(
                            (*where, "groups"),
                            "group",
                            group,
                            self.policy.groups,
                            "P-010: who is meant is declared",
                        )
                if key == ALL or key.startswith("law:"):
                    yield self.problem(
                        where, "is a name that is taken", "one name, one thing", "choose another name"
                    )
                for field in ("reads", "not_reads"):
                    for category in getattr(part, field):
                        yield from self._category((*where, field), category)
                if part.keep is not None:
                    yield from self._keep((*where, "keep"), part.keep)

    def _keep(self, where: KeyPath, keep: Keep) -> Iterator[Problem]:
        for number, term in enumerate(keep.terms):
            here = next(
                (path for path in ((*where, number), (*where, "terms", number)) if self.document.has(path)),
                where,
            )
            yield from self._term(here, term)

    def _term(self, where: KeyPath, term: Term) -> Iterator[Problem]:
        if term.after != RECORD and term.after not in self.policy.events:
            yield self._unknown((*where, "after"), "event", term.after, (*self.policy.events, RECORD), _P108)
        if term.fallback is not None:
            yield from self._term((*where, "fallback"), term.fallback)
            if longer(term.fallback, term):
                yield self.problem(
                    (*where, "fallback", "for"),
                    f"{term.fallback.for_} is longer than {term.for_}, the purpose's own period",
                    "P-104: who never gets an account is not kept longer than who did",
                    f"write at most {term.for_}",
                )

    def _recordings(self) -> Iterator[Problem]:
        rule = self.policy.recordings
        if rule is None:
            return
        where = ("recordings",)
        for part in rule.for_:
            if part not in self.parts:
                yield self._unknown((*where, "for"), "part", part, self.parts, _P051)
        category = self.policy.categories.get(rule.category)
        if category is None:
            yield self._unknown(
                (*where, "category"), "category", rule.category, self.policy.categories, "P-079"
            )
        elif set(category.only) != set(rule.for_):
            yield self.problem(
                (*where, "for"),
                f"recordings are for {', '.join(rule.for_)}, and `{rule.category}` is open to "
                f"{', '.join(category.only) or 'all'}",
                "P-081: recordings may be opened for these uses only",
                "write the same parts in both (`only` of the category)",
            )

    def _recipients(self) -> Iterator[Problem]:
        purposes = {*self.policy.purposes, *self.parts}
        for key, kind in self.policy.recipients.items():
            for purpose in kind.purposes:
                if purpose not in purposes and not purpose.startswith("law:"):
                    yield self._unknown(
                        ("recipients", key, "purposes"), "purpose", purpose, purposes, _P051 + "; P-111"
                    )
            for category in kind.reads:
                yield from self._category(("recipients", key, "reads"), category)
            if kind.service is not None and kind.service not in self.policy.services:
                yield self._unknown(
                    ("recipients", key, "service"), "service", kind.service, self.policy.services, "P-115"
                )

    def _rights(self) -> Iterator[Problem]:
        purposes = {*self.policy.purposes, *self.parts}
        for key, right in self.policy.rights.items():
            for purpose in right.purposes:
                if purpose not in purposes:
                    yield self._unknown(("rights", key, "purposes"), "purpose", purpose, purposes, _P051)

    def _category(self, where: KeyPath, category: str) -> Iterator[Problem]:
        known = self.policy.categories
        if (
            category != ALL
            and category not in known
            and not any(key.startswith(category + ".") for key in known)
        ):
            yield self._unknown(where, "category", category, known, "P-014: no orphan fields; P-020")

    def _unknown(self, where: KeyPath, kind: str, name: str, known: Iterable[str], rule: str) -> Problem:
        return self.problem(where, f"unknown {kind} `{name}`", rule, f"use one of: {nearest(name, known)}")

    def _languages(self) -> Iterator[Problem]:
        wanted = set(self.policy.languages)
        for where, label in seen_labels(self.policy):
            missing = sorted(wanted - set(label))
            if missing:
                yield self.problem(
                    where,
                    f"has no text in {', '.join(missing)}",
                    "P-002: a person reads in their own language",
                    "add the text, or take the language out of `languages`",
                )


def longer(one: Term, other: Term) -> bool:
    """Whether one term lasts longer than another from some start."""
    return any(_last(one, day) > _last(other, day) for day in _STARTS)


#: Days on which two periods are compared: months and years differ in days.
_STARTS = [
    dt.date(year, month, day) for year in range(2023, 2027) for month in range(1, 13) for day in (1, 28)
]


def _last(term: Term, start: dt.date) -> dt.date:
    return add_period(dt.date(start.year, 12, 31) if term.from_ == "end-of-year" else start, term.for_)


#: What the law asks of a category, by its word: the form of the condition that the policy names.
_CONDITIONS = {"special-category": r"9\(2\)\([a-j]\)(, .+)?$", "criminal-data": r"10, .+$"}

_P051 = "P-051: the list of purposes is closed"
_P108 = "P-108: distinct events, an alias is declared, never assumed"


def seen_labels(policy: Policy) -> Iterator[tuple[KeyPath, Label]]:
    """Every name that a person sees, and where it stands."""
    for section in ("events", "types", "categories", "sources", "recipients", "rights", "channels"):
        for key, item in getattr(policy, section).items():
            yield (section, key, "label"), item.label
    for section in ("services", "groups"):
        for key, label in getattr(policy, section).items():
            yield (section, key), label
    for row_key, row in policy.purposes.items():
        yield ("purposes", row_key, "label"), row.label
        for key, part in row.parts.items():
            where = ("purposes", row_key, "parts", key)
            yield (*where, "label"), part.label
            for field in ("messages", "reports"):
                for name, label in getattr(part, field).items():
                    yield (*where, field, name), label
