"""A person's own privacy page: for what their data serves, on which ground and until when, what they can switch off or on,
who received what, and what staff read. Everything within their own scope; what the law gives no switch for has none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from bloesem.consent.rules import Rules, load_rules
from bloesem.consent.texts import ConsentText, Texts, load_texts
from bloesem.console import language as words
from bloesem.console.company import Company, current, said
from bloesem.console.words import WORDS
from bloesem.countries import called
from bloesem.gate import Opened, own
from bloesem.plan.calculus import Verdict, person
from bloesem.plan.dates import civil, last_day
from bloesem.plan.model import Fact, PurposePlan
from bloesem.policy.company import load_company
from bloesem.recipients.holders import holders
from charging.portal import mine

Act = Literal["", "object", "back"]
#: Words for what a verdict means to whoever it is about; any other reads as "not now".
STATES = ("runs", "objection", "objection-assessed", "restricted", "off", "held", "erasure")
#: Days of reading, and recipients' tables, on the page.
MOST = 60


@dataclass(frozen=True)
class Use:
    """A purpose, about this person. `state`: of `STATES`, `nothing` or `not-now`; `act`: the switch that the law gives."""

    key: str
    label: str
    tone: int
    says: str
    ground: str
    state: str
    how_long: str
    reads: tuple[str, ...]
    act: Act


@dataclass(frozen=True)
class Row:
    """A row of the policy's table, with its parts."""

    label: str
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Choice:
    """A consent text. `since`, `until`: of the consent that holds; `channels`: those to choose from, or those agreed to."""

    name: str
    key: str
    purpose: str
    words: str
    how_back: str
    holds: bool
    since: dt.date | None
    until: dt.date | None
    channels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Received:
    """A recipient, and what it got of this person. `gone`: where outside the EEA, and on what; `told`: of changes."""

    name: str
    kind: str
    purposes: tuple[str, ...]
    ground: str
    what: tuple[str, ...]
    first: dt.date
    last: dt.date
    ends: dt.date | None
    gone: tuple[str, ...]
    told: tuple[str, ...]


@dataclass(frozen=True)
class Read:
    """Staff read on that day, for that purpose, so many times; `sees`: what can be read for it."""

    day: dt.date
    purpose: str
    times: int
    sees: tuple[str, ...]


@dataclass(frozen=True)
class Holds:
    """Who has everything of everybody, to keep it for us. `gone`: as of `Received`."""

    name: str
    kind: str
    task: str
    gone: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    rows: tuple[Row, ...]
    law: tuple[Use, ...]
    advertised: bool
    refused_since: dt.date | None
    channels: tuple[tuple[str, str, bool], ...]  # of advertising: key, label, whether it was refused
    choices: tuple[Choice, ...]
    others: tuple[tuple[str, str], ...]  # consents to words of other pages: purpose, label
    restricted: bool
    holders: tuple[Holds, ...]
    received: tuple[Received, ...]
    read: tuple[Read, ...]


@cache
def choices(home: str) -> tuple[Rules, Texts] | None:
    """What the company of this process decided about messages, and the words to which people agree, read once like the
    company itself; None for one that sends none. in: its directory."""
    folder, company = load_company(home).messages, current()
    if folder is None:
        return None
    rules = load_rules(folder / "door.yaml", company.plan, company.policy)
    return rules, load_texts(folder / "consents.yaml", rules)


def offered(texts: Texts, today: dt.date) -> list[ConsentText]:
    """The words that a person may agree to on their own page: of messages, in the version that is shown today."""
    newest: dict[str, ConsentText] = {}
    for text in texts.all:
        if text.channels and text.shown_on(today):
            held = newest.get(text.key)
            newest[text.key] = text if held is None or held.version < text.version else held
    return list(newest.values())


def page(opened: Opened, company: Company, who: int, door: tuple[Rules, Texts] | None, language: str) -> Page:
    """in: the person's own scope, open; `door`: see `choices`."""
    now = own.moment(opened)
    facts = own.facts(opened, who)
    holding = [fact for fact in facts if fact.holds(now)]
    advertising = door[0].advertising if door else ()
    reads = mine.held_for(opened, company, language)
    verdicts = person(company.plan, facts, now).verdicts
    uses = {
        purpose.key: _use(company, purpose, verdicts[purpose.key], reads, advertising, language)
        for purpose in company.parts
    }
    rows = tuple(
        Row(company.group(group.key, language), tuple(uses[key] for key in group.parts))
        for group in company.groups
        if group.key != "law"
    )
    refused = [f for f in holding if f.kind == "objection" and f.key in advertising]
    consents = _consents(opened)
    return Page(
        rows=rows,
        law=tuple(uses[p.key] for p in company.parts if p.of == "law" and p.active),
        advertised=bool(advertising),
        refused_since=civil(min(f.starts_at for f in refused))
        if {f.key for f in refused} >= {p for p in advertising if not company.plan.purpose(p).by_consent}
        and refused
        else None,
        channels=tuple(
            (
                key,
                _channel(company, key, language),
                any(f.kind == "channel" and f.key == key for f in holding),
            )
            for key in (door[0].file.channels if door else ())
        ),
        choices=tuple(_choices(company, door, consents, civil(now), language)),
        others=tuple(_others(company, door, consents, holding, civil(now), language)),
        restricted=any(f.kind == "restriction" and f.table is None for f in holding),
        holders=tuple(_holders(company, civil(now), language)),
        received=_received(opened, company, language),
        read=_read(opened, company, language),
    )


# ---- purposes ----------------------------------------------------------------------------------------------------------


def _use(
    company: Company,
    purpose: PurposePlan,
    verdict: Verdict,
    reads: Mapping[str, tuple[str, ...]],
    advertising: Sequence[str],
    language: str,
) -> Use:
    state = verdict.why if verdict.why in STATES else "not-now"
    if state == "runs" and not reads.get(purpose.key):
        state = "nothing"
    act: Act = ""
    if purpose.active and purpose.objection == "assessed" and purpose.key not in advertising:
        act = "back" if state == "objection-assessed" else "" if state == "objection" else "object"
    return Use(
        purpose.key,
        company.part(purpose.key, language),
        company.tones.get(purpose.key, 0),
        _says(company, purpose, language),
        words.say(
            "privacy.ground",
            language,
            ground=words.say(f"privacy.ground.{purpose.basis}", language),
            article=purpose.article,
        ),
        state,
        _how_long(company, purpose, verdict, language)
        if state in ("runs", "restricted", "objection-assessed")
        else "",
        reads.get(purpose.key, ()) if verdict.keep or verdict.use else (),
        act,
    )


def _says(company: Company, purpose: PurposePlan, language: str) -> str:
    """One plain sentence: what the policy's model says of the part; of a purpose of the law, what the pages call it."""
    row = company.policy.purposes.get(purpose.of)
    part = row.parts.get(purpose.key) if row else None
    if part is not None and part.description:
        return said(part.description, language)
    key = f"privacy.says.{purpose.key}"
    return words.say(key, language) if key in WORDS else ""


def _how_long(company: Company, purpose: PurposePlan, verdict: Verdict, language: str) -> str:
    if verdict.until is not None:
        return words.say("privacy.until", language, day=words.day(verdict.until, language))
    clock = words.clocks(company, purpose.key, language)
    if purpose.hold or not purpose.clocks:
        return clock
    return words.say("privacy.per-record" if purpose.by_record else "privacy.while", language, clock=clock)


# ---- consents ----------------------------------------------------------------------------------------------------------

_Consent = tuple[str, str, dt.datetime, str]


def _consents(opened: Opened) -> list[_Consent]:
    """Purpose, words, when it was given and by which channels, of those that nobody withdrew."""
    from charging.marketing.models import Consent

    found = Consent.objects.filter(withdrawn_at=None).exclude(given_at=None).order_by("-given_at")
    return [
        (one["part"], one["words_version"] or "", one["given_at"], one["channel"] or "")
        for one in found.values("part", "words_version", "given_at", "channel")
    ]


def _choices(
    company: Company,
    door: tuple[Rules, Texts] | None,
    consents: Iterable[_Consent],
    today: dt.date,
    language: str,
) -> Iterable[Choice]:
    if door is None:
        return
    rules, texts = door
    for text in offered(texts, today):
        given = [
            (at, channels)
            for part, version, at, channels in consents
            if part == text.purpose
            and version.partition("@")[0] == text.key
            and _ends(rules, text.purpose, civil(at)) >= today
        ]
        since = max((civil(at) for at, _ in given), default=None)
        had = dict.fromkeys(one for _, channels in given for one in channels.split(",") if one)
        yield Choice(
            text.name,
            text.key,
            text.purpose,
            text.words[language],
            text.withdraw[language],
            bool(given),
            since,
            _ends(rules, text.purpose, since) if since else None,
            tuple((one, _channel(company, one, language)) for one in (had if given else text.channels)),
        )


def _others(
    company: Company,
    door: tuple[Rules, Texts] | None,
    consents: Iterable[_Consent],
    holding: Iterable[Fact],
    today: dt.date,
    language: str,
) -> Iterable[tuple[str, str]]:
    """Purposes with a consent to words that are offered elsewhere (a contest's, an older version): to be taken back here."""
    if door is None:
        return
    rules, texts = door
    known = {(text.purpose, text.key) for text in offered(texts, today)}
    held = {fact.key for fact in holding if fact.kind == "consent"}
    found = {
        part
        for part, version, at, _ in consents
        if (part, version.partition("@")[0]) not in known
        and part in held
        and _ends(rules, part, civil(at)) >= today
    }
    for part in sorted(found):
        yield part, company.part(part, language)


def _ends(rules: Rules, purpose: str, given: dt.date) -> dt.date:
    """The last day of a consent (P-098)."""
    return last_day(given, rules.consent_term(rules.plan.purpose(purpose)))


def _channel(company: Company, key: str, language: str) -> str:
    found = company.policy.channels.get(key)
    return said(found.label, language) if found else key


# ---- who got it, who read it -------------------------------------------------------------------------------------------


def _holders(company: Company, today: dt.date, language: str) -> Iterable[Holds]:
    if company.loaded is None:
        return
    for one in holders(company.policy, company.loaded.record, company.loaded.law, today):
        kind = company.policy.recipients.get(one.kind)
        yield Holds(
            one.name,
            said(kind.label, language) if kind else one.kind,
            said(one.task, language),
            tuple(_gone(country, how, language) for country, how in one.away),
        )


def _received(opened: Opened, company: Company, language: str) -> tuple[Received, ...]:
    by: dict[str, list[own.Got]] = {}
    for one in own.recipients(opened):
        by.setdefault(one.recipient, []).append(one)
    notices: dict[str, list[str]] = {}
    for told in own.told(opened):
        step = "proven" if told.proven_at else "sent" if told.sent_at else "queued"
        at = told.proven_at or told.sent_at or told.asked_at
        line = words.say(
            f"privacy.told.{step}",
            language,
            change=words.say(f"privacy.change.{told.change}", language),
            day=words.day(civil(at), language),
        )
        notices.setdefault(told.recipient, []).append(line)
    return tuple(
        _one(company, got, notices.get(key, []), language)
        for key, got in sorted(by.items(), key=lambda it: max(g.at for g in it[1]), reverse=True)
    )


def _one(company: Company, got: Sequence[own.Got], told: Sequence[str], language: str) -> Received:
    last = got[-1]
    kind = company.policy.recipients.get(last.kind)
    ends = [one.ends for one in got]
    what = dict.fromkeys(
        company.column(column, language)
        for one in got
        if one.table in company.plan.by_name
        for column in company.plan.table(one.table).columns
        if column.name in one.columns and not column.key
    )
    gone = dict.fromkeys(
        _gone(str(transfer.get("country")), transfer.get("mechanism"), language)
        for one in got
        for transfer in one.transfers
    )
    return Received(
        last.name,
        said(kind.label, language) if kind else last.kind,
        tuple(dict.fromkeys(company.part(one.purpose, language) for one in got)),
        last.ground.rpartition(", art. ")[2],
        tuple(what),
        civil(min(one.at for one in got)),
        civil(max(one.at for one in got)),
        None if None in ends else max(end for end in ends if end),
        tuple(gone),
        tuple(told),
    )


def _gone(country: str, mechanism: object, language: str) -> str:
    key = f"privacy.gone.{mechanism}"
    return words.say(
        key if key in WORDS else "privacy.gone.None", language, country=called(country, language)
    )


def _read(opened: Opened, company: Company, language: str) -> tuple[Read, ...]:
    return tuple(
        Read(day, company.part(key, language), times, _sees(company, key, language))
        for day, key, times in own.readings(opened)[:MOST]
    )


def _sees(company: Company, key: str, language: str) -> tuple[str, ...]:
    """What can be read for a purpose, by kind of data."""
    purpose = company.plan.by_key.get(key)
    if purpose is None:
        return ()
    keys = (
        category
        for table in company.plan.tables
        for column in table.columns
        if not column.key and column.purposes & purpose.mask
        for category in column.categories
    )
    return tuple(dict.fromkeys(company.category(one, language) for one in keys))
