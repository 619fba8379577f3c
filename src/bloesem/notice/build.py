"""A notice from a version: the short layer, the text with what keeps each sentence, and the model's chapters. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from bloesem.notice.chapters import ANCHOR, Sources, authority, chapters, heading
from bloesem.notice.model import Brief, Kept, Notice, Sentence, Table
from bloesem.notice.proofs import kept
from bloesem.notice.said import say
from bloesem.notice.text import Line, Text

#: What transcribes a reference of the text to its retention periods.
RETENTION = "passages/retention"
#: Sections of the model that a chapter as a whole shows.
_WHOLE = {
    "controller": "controller",
    "contact": "contact",
    "complaint": "authority",
    "changes": "versions",
    "version": "versions",
    "transfers": "transfers",
    "events": "retention",
}


def build(it: Sources, text: Text | None, table: Table, ends: dt.date | None) -> Notice:
    """in: what chapters are made of, the version's text, its promises with their proofs, the version's last day.

    out: the notice in the language of `it`. Where the text is not there in that language, it has no sentences.
    """
    policy, language = it.policy, it.language
    proofs = {proof.promise.id: proof for proof in table.proofs}
    shown = {id_: kept(proof, table.ran, language) for id_, proof in proofs.items()}
    readable = text is not None and language in text.languages
    state = "to-come" if policy.version > it.today else "past" if ends and ends < it.today else "in-force"
    controller, recorded = policy.controller, it.loaded.record.controller
    return Notice(
        company=controller.name,
        version=policy.version,
        language=language,
        today=it.today,
        state=state,  # type: ignore[arg-type]  # mypy widens a conditional of literals
        ends=ends,
        text_language=text.language if text else policy.language,
        text_in=text.languages if text else (),
        brief=_brief(it),
        sentences=tuple(_sentences(it, text, shown)) if text and readable else (),
        chapters=chapters(it),
        versions=tuple(sorted((one.version for one in it.loaded.versions), reverse=True)),
        published=_published(controller.kbo or (recorded.kbo if recorded else "") or ""),
    )


def _published(kbo: str) -> Mapping[str, str]:
    return {"kbo": kbo, "vat": f"BE{kbo}"} if kbo else {}


def _brief(it: Sources) -> Brief:
    policy, recorded = it.policy, it.loaded.record.controller
    controller, contact = policy.controller, policy.contact
    seat = controller.seat or (recorded.seat if recorded else None)
    form = controller.legal_form or (recorded.legal_form if recorded else None)
    who = [f"{controller.name} {form}" if form else controller.name]
    if seat:
        who.append(f"{seat.street}, {seat.postal_code} {seat.city}")
    return Brief(
        who=tuple(who),
        purposes=tuple(
            (
                ANCHOR + group.key,
                it.company.group(group.key, it.language),
                "; ".join(
                    dict.fromkeys(
                        it.say(f"notice.basis.{it.company.plan.purpose(part).basis}") for part in group.parts
                    )
                ),
            )
            for group in it.company.groups
            if group.key != "law"
        ),
        rights=tuple(
            (f"{ANCHOR}right-{key}", it.spoken(right.label).text) for key, right in policy.rights.items()
        ),
        contact=(it.spoken(contact.function).text,),
        email=contact.email,
        authority=authority(it),
    )


# ---- the text --------------------------------------------------------------------------------------------------------


def _sentences(it: Sources, text: Text, shown: Mapping[str, Kept]) -> Iterator[Sentence]:
    table = _table(it, text)
    for line in text.lines:
        refers = table if RETENTION in line.data and line.kind == "plain" else ()
        yield Sentence(
            place=line.place,
            anchor=line.anchor,
            kind=line.kind,
            words=line.says[it.language],
            original="" if it.language == text.language else line.original,
            kept=tuple(shown[id_] for id_ in line.promises if id_ in shown),
            rule=(*refers, *rules(it, line.data)),
            parts=_parts(it, line),
            row=line.row,
            column=line.column,
        )


def _table(it: Sources, text: Text) -> tuple[tuple[str, str], ...]:
    """The title below which the text's table stands: where its references to retention periods lead (P-016)."""
    title: Line | None = None
    for line in text.lines:
        if line.kind == "cell":
            return ((title.says[it.language], title.anchor),) if title else ()
        if line.kind in ("chapter", "title"):
            title = line
    return ()


def rules(it: Sources, data: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What of the model transcribes a sentence: its name, and the anchor where the page shows it (or nothing). Of a type and
    a kind of data with one name, the kind's own place."""
    found: dict[str, str] = {}
    for path in data:
        rule = _rule(it, path.split("/"))
        if rule is not None and found.get(rule[0], _ALL_DATA) == _ALL_DATA:
            found[rule[0]] = rule[1]
    return tuple(found.items())


_ALL_DATA = ANCHOR + "data"


def _rule(it: Sources, steps: list[str]) -> tuple[str, str] | None:
    section, key = steps[0], steps[1] if len(steps) > 1 else ""
    policy = it.policy
    if section == "purposes" and key in policy.purposes:
        part = steps[3] if len(steps) > 3 and steps[2] == "parts" else ""
        if part in it.company.plan.by_key:
            return it.company.part(part, it.language), ANCHOR + it.company.plan.purpose(part).name
        return it.company.group(key, it.language), ANCHOR + key
    if section == "purposes":
        return it.say("notice.chapter.purposes"), ANCHOR + "purposes"
    if section == "categories" and key in policy.categories:
        return it.company.category(key, it.language), f"{ANCHOR}data-{heading(policy, key)}"
    if section in ("categories", "types"):
        kind = policy.types.get(key)
        name = it.spoken(kind.label).text if kind else it.say("notice.chapter.data")
        return name, ANCHOR + "data"
    for plural, single in (("sources", "source"), ("recipients", "recipient"), ("rights", "right")):
        found = getattr(policy, plural).get(key) if section == plural else None
        if found is not None:
            return it.spoken(found.label).text, f"{ANCHOR}{single}-{key}"
        if section == plural:
            return it.say(f"notice.chapter.{plural}"), ANCHOR + plural
    return _whole(it, section, key)


def _whole(it: Sources, section: str, key: str) -> tuple[str, str] | None:
    policy = it.policy
    if section == "recordings" and policy.recordings:
        part = policy.recordings.for_[0]
        return it.company.part(part, it.language), ANCHOR + it.company.plan.purpose(part).name
    if section == "events" and key in policy.events:
        return it.spoken(policy.events[key].label).text, ANCHOR + "retention"
    if section == "passages" and key in ("cookies", "retention"):
        return it.spoken(policy.passages[key].label).text, ANCHOR + key
    if section in _WHOLE:
        anchor = _WHOLE[section]
        chapter = {"controller": "who", "contact": "who", "authority": "complaint", "versions": "changes"}
        return say(f"notice.chapter.{chapter.get(anchor, anchor)}", it.language), ANCHOR + anchor
    return None


def _parts(it: Sources, line: Line) -> tuple[str, ...]:
    """The parts of the policy that a sentence is about: those that it names, else all of the row that it is in."""
    named: dict[str, None] = {}
    rows: dict[str, None] = {}
    for path in line.data:
        steps = path.split("/")
        if steps[0] != "purposes" or len(steps) < 2:
            continue
        rows[steps[1]] = None
        if len(steps) > 3 and steps[2] == "parts" and steps[3] in it.company.plan.by_key:
            named[steps[3]] = None
    if named:
        return tuple(named)
    return tuple(part.key for part in it.company.parts if part.of in rows)


__all__ = ["build", "rules"]
