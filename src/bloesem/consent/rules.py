"""What a company decided about messages: `messages/door.yaml` beside its policy. Pure: read once, checked against the plan.

The policy says what may be sent, why and by which channels; this file says which class of message serves which of its
purposes, where contact points lie, and what the law of electronic advertising needs to know.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from bloesem.consent.errors import RulesError
from bloesem.plain import FORMS, forms_missing
from bloesem.plan.model import Plan, PurposePlan, TablePlan
from bloesem.policy.model import Policy
from bloesem.source import Strict, nearest, read
from bloesem.terms import LANGUAGES, Label, Period

#: Closed: what a message is (P-071, P-077, P-097, P-167).
CLASSES = (
    "contract",
    "legal",
    "service",
    "survey",
    "marketing",
    "newsletter",
    "event",
    "webinar",
    "contest",
)
ContactKind = Literal["email", "phone", "post"]
#: Channels for which advertising without consent needs the soft opt-in (KB 4-4-2003 art. 1; P-089).
ELECTRONIC = ("email", "sms", "app")
CALLED = "phone"
#: The columns that a table of consents has (`bloesem.consent.ledger`).
CONSENT_COLUMNS = (
    "id",
    "person_id",
    "recorded_at",
    "source",
    "part",
    "kinds",
    "channel",
    "given_at",
    "withdrawn_at",
    "given_on",
    "how",
    "words_version",
    "words_digest",
    "notice_version",
    "record_id",
    "language",
    "action",
    "proof",
    "withdrawn_how",
    "given_by",
)


class PointRule(Strict):
    """A table of contact points. `value`: the columns that are the address; `key`: its name in the list of those who want no
    advertising; without one it is never used for any."""

    table: str
    kind: ContactKind
    value: tuple[str, ...] = Field(min_length=1)
    key: str | None = None
    offered: str | None = None
    bounced: str | None = None
    collected: str


class ClassRule(Strict):
    """A class of messages: for which purposes, which message of the policy it is, and whose contact points it uses."""

    label: Label
    purposes: tuple[str, ...] = Field(min_length=1)
    advertising: bool = False
    messages: dict[str, str] = Field(
        default_factory=dict
    )  # purpose → the kind of message that the policy declares there
    address_by: tuple[str, ...] = ()  # purposes that may read the contact point; its own without
    while_stored: bool = False  # also what is stored and not read: a restriction does not silence the law
    silenced_by: tuple[str, ...] = ()  # purposes to which an objection silences this class too (P-167)


class SoftOptIn(Strict):
    """Where an address was given in a sale, directly by the customer."""

    sources: tuple[str, ...] = Field(min_length=1)
    why: str


class PhoneListRule(Strict):
    name: str
    fresh: Period


class OwnershipRule(Strict):
    """Who has which product today (P-087)."""

    table: str
    product: str
    since: str
    until: str
    catalogue: str
    catalogue_key: str = "key"


class SegmentRule(Strict):
    """Where it stands who is in which segment, for which purpose it was worked out, and from what (P-086)."""

    table: str
    name: str
    made_for: str
    inputs: str


class Affiliate(Strict):
    """A company of the group whose products may be advertised (P-084)."""

    name: str
    since: dt.date
    until: dt.date | None = None


class MailRule(Strict):
    """From where mail goes: the domain of our addresses, and who it is from."""

    domain: str = Field(pattern=r"^[a-z0-9.-]+$")
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    name: str


class DoorRules(Strict):
    """`door.yaml`."""

    decided: dt.date
    example: bool = False
    sender: Label
    address: dict[str, str] = Field(  # how a reader is addressed, in all that is generated (P-184)
        default_factory=lambda: {"nl": "je", "fr": "vous", "de": "du"}
    )
    mail: MailRule
    own: str
    affiliates: dict[str, Affiliate] = Field(default_factory=dict)
    classes: dict[str, ClassRule]
    channels: dict[str, tuple[PointRule, ...]]
    language: str  # the column of the person that says in which language to write
    own_page: str  # the source, as rows say it, of what people say on their own page
    consents: str
    ownership: OwnershipRule
    segments: SegmentRule
    soft_opt_in: SoftOptIn
    phone_list: PhoneListRule
    acknowledgement: str
    links_last: Period = "P1Y"


@dataclass(frozen=True)
class Rules:
    """The file, together with the plan and the policy that it fits."""

    file: DoorRules
    plan: Plan
    policy: Policy

    @cached_property
    def advertising(self) -> tuple[str, ...]:
        """The purposes of advertising: what an objection to it ends (art. 21(3)), audiences and profiling included."""
        found = [p for c in self.file.classes.values() if c.advertising for p in c.purposes]
        return tuple(dict.fromkeys(found))

    @cached_property
    def consents(self) -> TablePlan:
        return self.plan.table(self.file.consents)

    @cached_property
    def written(self) -> dict[tuple[object, ...], str]:
        """SQL that was written for a question already: the same question is the same text, which PostgreSQL has planned."""
        return {}

    def class_rule(self, name: str) -> ClassRule:
        found = self.file.classes.get(name)
        if found is None:
            raise RulesError(
                f"`{name}` is no class of message",
                "P-071, P-097: each message is of a declared class",
                f"use one of: {', '.join(self.file.classes)}",
            )
        return found

    def points(self, channel: str) -> tuple[PointRule, ...]:
        return self.file.channels.get(channel, ())

    def points_of_kind(self) -> Mapping[str, PointRule]:
        """Each table of contact points once that has a name in the list: table → rule."""
        return {p.table: p for points in self.file.channels.values() for p in points if p.key}

    def readable(self, point: PointRule, purposes: tuple[str, ...]) -> int:
        """The bits of those of these purposes that may read every column of the address (P-050)."""
        table = self.plan.table(point.table)
        mask = 0
        for key in purposes:
            purpose = self.plan.by_key.get(key)
            if (
                purpose
                and purpose.active
                and all(table.column(c).purposes & purpose.mask for c in point.value)
            ):
                mask |= purpose.mask
        return mask

    def seller_stands(self, seller: str, day: dt.date) -> bool:
        """Whether its products may be advertised on that day: one's own, or a listed affiliate's (P-084)."""
        if seller == self.file.own:
            return True
        found = self.file.affiliates.get(seller)
        return found is not None and found.since <= day and (found.until is None or day <= found.until)

    def consent_term(self, purpose: PurposePlan) -> str:
        """How long a consent lasts (P-098)."""
        return next(clock.period for clock in purpose.clocks if clock.after == "consent.given")


def load_rules(file: Path, plan: Plan, policy: Policy) -> Rules:
    """in: `door.yaml`. raises: SourceError; RulesError for what contradicts the policy or the data map."""
    rules = Rules(read(file, DoorRules), plan, policy)
    for check in (_addressing, _classes, _channels, _tables, _sources):
        check(rules)
    return rules


def _addressing(rules: Rules) -> None:
    wrong = forms_missing(rules.file.address)
    if wrong:
        raise RulesError(
            f"`{rules.file.address.get(wrong[0], '')}` is no form of address in {wrong[0]}",
            "P-184: a letter addresses its reader in one form throughout",
            f"use one of: {', '.join(FORMS[wrong[0]])}",
        )


def _classes(rules: Rules) -> None:
    unknown = sorted(set(rules.file.classes) - set(CLASSES))
    if unknown:
        raise RulesError(
            f"class `{unknown[0]}` is not known",
            "classes are a closed list",
            f"use one of: {', '.join(CLASSES)}",
        )
    parts = {key: part for purpose in rules.policy.purposes.values() for key, part in purpose.parts.items()}
    for name, rule in rules.file.classes.items():
        for key in (*rule.purposes, *rule.address_by, *rule.silenced_by):
            rules.plan.purpose(key)
        for key, message in rule.messages.items():
            declared = parts[key].messages if key in parts else {}
            if key not in rule.purposes or message not in declared:
                raise RulesError(
                    f"class `{name}`: `{key}` has no message `{message}`",
                    "P-051: what is sent for a purpose is what the policy declares there",
                    f"use one of: {', '.join(declared) or 'none is declared'}",
                )
        for key in rule.purposes:
            objection = rules.plan.purpose(key).objection
            if rule.advertising and objection != "absolute":
                raise RulesError(
                    f"class `{name}` advertises for `{key}`, which nobody can stop without a reason",
                    "art. 21(2)-(3), P-166: advertising ends on request",
                    "advertise for a purpose whose objection is absolute",
                )


def _channels(rules: Rules) -> None:
    for name in rules.file.channels:
        if name not in rules.policy.channels:
            raise RulesError(
                f"channel `{name}` is not in the policy",
                "P-088: five channels and no other",
                f"use one of: {nearest(name, rules.policy.channels)}",
            )


def _tables(rules: Rules) -> None:
    for points in rules.file.channels.values():
        for point in points:
            table = rules.plan.table(point.table)
            named = (*point.value, point.key, point.offered, point.bounced, point.collected)
            for column in filter(None, named):
                table.column(column)
    next(table for table in rules.plan.tables if table.anchor).column(rules.file.language)
    consents = rules.plan.table(rules.file.consents)
    for column in CONSENT_COLUMNS:
        consents.column(column)
    ownership = rules.plan.table(rules.file.ownership.table)
    for column in (rules.file.ownership.product, rules.file.ownership.since, rules.file.ownership.until):
        ownership.column(column)
    segments = rules.plan.table(rules.file.segments.table)
    for column in (rules.file.segments.name, rules.file.segments.made_for, rules.file.segments.inputs):
        segments.column(column)
    missing = [lang for lang in LANGUAGES if lang not in rules.file.sender]
    if missing:
        raise RulesError(
            f"the sender has no text in {missing[0]}",
            "XII.12 WER: whoever advertises says who it is",
            "write it in four languages",
        )


def _sources(rules: Rules) -> None:
    direct = "P-089: the address was given directly, in a sale"
    sources = dict.fromkeys(rules.file.soft_opt_in.sources, direct)
    sources.setdefault(rules.file.own_page, "P-049: each value has a declared source")
    for source, rule in sources.items():
        if not any(re.search(one.pattern, source) for one in rules.plan.sources):
            raise RulesError(
                f"`{source}` is no source of the policy",
                rule,
                "write it as rows say it, such as subject:contract",
            )


__all__ = [
    "CALLED",
    "CLASSES",
    "ELECTRONIC",
    "ClassRule",
    "DoorRules",
    "PointRule",
    "Rules",
    "load_rules",
]
