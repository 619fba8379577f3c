"""What the register points at exists: kinds, purposes, categories, countries, statutes, stores, one another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bloesem.law.model import Law
from bloesem.policy.load import LoadedRecord
from bloesem.source import Problem, nearest

if TYPE_CHECKING:
    from bloesem.policy.model import Policy
    from bloesem.recipients.model import Places, Recipient, Transfer

Where = tuple[str | int, ...]


def recipient_problems(policies: Sequence[Policy], record: LoadedRecord, law: Law) -> list[Problem]:
    """Everything in the register that names something which no version of the policy, no law and no record has."""
    return list(_Checks(policies, record, law).all())


class _Checks:
    def __init__(self, policies: Sequence[Policy], record: LoadedRecord, law: Law) -> None:
        self.record, self.of = record.record, record
        self.kinds = {key: kind for policy in policies for key, kind in policy.recipients.items()}
        self.purposes = {key for policy in policies for row in policy.purposes.values() for key in row.parts}
        self.purposes |= {key for policy in policies for key in policy.purposes} | {"deal"}
        self.purposes |= {purpose.key for purpose in law.purposes}
        names = {key for policy in policies for key in policy.categories}
        self.categories = {".".join(key.split(".")[:n]) for key in names for n in range(1, 9)} | {"all"}
        self.languages = {policy.language for policy in policies}
        self.countries = law.countries()
        self.channels = {key for policy in policies for key in policy.channels}

    def all(self) -> Iterator[Problem]:
        it = self.record
        if (it.recipients or it.transfers or it.stores) and not self.countries:
            yield self._problem(
                ("recipients",),
                "names countries, and no file of the law has them",
                "P-134: a country is one of the list",
                "add `bundled` to `law` of bloesem.yaml, or a rule `iso.countries`",
            )
        if it.recipients and it.recipient_rules is None:
            yield self._problem(
                ("recipients",),
                "are registered, and the record does not say `recipient_rules`",
                "P-126: how old a look may be is decided, not assumed",
                "write `recipient_rules` (warn_before, diligence_every, diligence_grace, why, decided)",
            )
        for key, recipient in it.recipients.items():
            yield from self._recipient(key, recipient)
        for key, transfer in it.transfers.items():
            yield from self._transfer(key, transfer)
        for kind, delivery in it.deliveries.items():
            yield from self._named(("deliveries",), (kind,), self.kinds, "kind of recipient", "P-112")
            if delivery.through is not None:
                yield from self._named(
                    ("deliveries", kind, "through"), (delivery.through,), self.purposes, "purpose", "P-111"
                )
            if delivery.alone is not None:
                yield from self._named(
                    ("deliveries", kind, "alone"), (delivery.alone,), it.roles, "role with a scope", "P-114"
                )
            if delivery.letters is not None:
                where: Where = ("deliveries", kind, "letters", "text")
                for language in sorted(self.languages - set(delivery.letters.text)):
                    yield self._problem(
                        where,
                        f"has no words in `{language}`, the language of the policy",
                        "P-002: whoever speaks none of a letter's languages is written to in the policy's",
                        "write `subject`, `text` and `each.line` in it too",
                    )
            said = delivery.advertised.channels if delivery.advertised else {}
            at: Where = ("deliveries", kind, "advertised", "channels")
            yield from self._named(at, said, self.categories, "category", "P-125")
            yield from self._named(at, said.values(), self.channels, "channel", "P-088")
        for key, store in it.stores.items():
            yield from self._country(("stores", key, "country"), store.country)
            if store.provider is not None:
                yield from self._named(
                    ("stores", key, "provider"), (store.provider,), it.recipients, "recipient", "P-118"
                )

    def _recipient(self, key: str, one: Recipient) -> Iterator[Problem]:
        where: Where = ("recipients", key)
        yield from self._named((*where, "kind"), (one.kind,), self.kinds, "kind of recipient", "P-112")
        yield from self._named((*where, "purposes"), one.purposes, self.purposes, "purpose", "P-111")
        yield from self._named((*where, "fields"), one.fields, self.categories, "category", "P-125")
        yield from self._places(where, one)
        for number, sub in enumerate(one.sub_processors):
            yield from self._places((*where, "sub_processors", number), sub)
        for number, grant in enumerate(one.access):
            yield from self._named(
                (*where, "access", number, "store"), (grant.store,), self.record.stores, "database", "P-113"
            )
        for name, task in one.assignments.items():
            at = (*where, "assignments", name)
            yield from self._named((*at, "fields"), task.fields or (), self.categories, "category", "P-125")
            if task.request is not None:
                yield from self._named(
                    (*at, "request", "statute"),
                    (task.request.statute,),
                    self.record.statutes,
                    "statute",
                    "P-128",
                )

    def _places(self, where: Where, places: Places) -> Iterator[Problem]:
        for number, country in enumerate(places.locations):
            yield from self._country((*where, "locations", number), country)
        for number, country in enumerate(places.remote_access):
            yield from self._country((*where, "remote_access", number), country)
        if places.parent is not None:
            yield from self._country((*where, "parent", "country"), places.parent.country)

    def _transfer(self, key: str, one: Transfer) -> Iterator[Problem]:
        where: Where = ("transfers", key)
        yield from self._named(
            (*where, "recipient"), (one.recipient,), self.record.recipients, "recipient", "P-134"
        )
        yield from self._country((*where, "country"), one.country)
        known = self.record.recipients.get(one.recipient)
        if one.sub_processor is not None and known is not None:
            names = {sub.name for sub in known.sub_processors}
            yield from self._named(
                (*where, "sub_processor"), (one.sub_processor,), names, "sub-processor", "P-134"
            )

    def _country(self, where: Where, country: str) -> Iterator[Problem]:
        if self.countries:
            yield from self._named(where, (country,), self.countries, "country", "P-134; ISO 3166-1")

    def _named(
        self, where: Where, given: Iterable[str], known: Iterable[str], kind: str, rule: str
    ) -> Iterator[Problem]:
        names = set(known)
        for name in given:
            if name not in names:
                yield self._problem(
                    where,
                    f"unknown {kind} `{name}`",
                    rule,
                    f"use one of: {nearest(name, names) or 'none is there'}",
                )

    def _problem(self, where: Where, message: str, rule: str, remedy: str) -> Problem:
        path, line = self.of.find(*where)
        return Problem(path, line, ".".join(str(step) for step in where), message, rule, remedy)


__all__ = ["recipient_problems"]
