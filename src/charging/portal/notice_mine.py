"""What each sentence of the notice means for one person's data today: from what their own privacy page shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bloesem.console import language as words
from bloesem.notice.chapters import ANCHOR
from bloesem.notice.model import Entry, Notice, Sentence
from charging.portal.privacy import Page, Received, Use

_DATA, _RECIPIENT = f"{ANCHOR}data-", f"{ANCHOR}recipient-"
#: The chapter of all kinds of data, to which a type leads.
_ALL = f"{ANCHOR}data"


def lines(notice: Notice, page: Page, language: str) -> Mapping[str, tuple[str, ...]]:
    """Anchor of a sentence or an entry → what it means for the person whose page it is. What means nothing for them in
    particular is left out."""
    uses = {use.key: use for row in page.rows for use in row.uses} | {use.key: use for use in page.law}
    held = {label for use in uses.values() for label in use.reads}
    below = {
        entry.key: (entry.title, *(fact.label for fact in entry.facts))
        for chapter in notice.chapters
        for entry in chapter.entries
    }
    found: dict[str, tuple[str, ...]] = {}
    for one in notice.sentences:
        found[one.anchor] = tuple(dict.fromkeys(_sentence(one, uses, held, below, page.received, language)))
    for chapter in notice.chapters:
        for entry in chapter.entries:
            found[entry.key] = tuple(_entry(entry, uses, held, page.received, language))
    return {anchor: said for anchor, said in found.items() if said}


def _sentence(
    one: Sentence,
    uses: Mapping[str, Use],
    held: set[str],
    below: Mapping[str, tuple[str, ...]],
    received: Iterable[Received],
    language: str,
) -> Iterator[str]:
    yield from (_use(uses[part], language) for part in one.parts if part in uses)
    kinds = [(label, anchor) for label, anchor in one.rule if anchor.startswith(_DATA)]
    mine = [name for kind in kinds for name in _below(*kind, below) if name in held]
    # a sentence that names a whole type says more than the kinds beside it: that those are empty is not what it means
    if mine or (kinds and all(anchor != _ALL for _, anchor in one.rule)):
        yield _holds(list(dict.fromkeys(mine)), language)
    for label, anchor in one.rule:
        if anchor.startswith(_RECIPIENT):
            yield from _got(label, received, language)


def _entry(
    entry: Entry, uses: Mapping[str, Use], held: set[str], received: Iterable[Received], language: str
) -> Iterator[str]:
    if entry.key.startswith(_DATA):
        yield _holds([fact.label for fact in entry.facts if fact.label in held], language)
    elif entry.key.startswith(_RECIPIENT):
        yield from _got(entry.title, received, language)
    else:
        yield from (_use(uses[part], language) for part in entry.parts if part in uses)


def _below(label: str, anchor: str, below: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The kinds of data that a name stands for: itself, or where it heads others, those."""
    title, *under = below.get(anchor, ("",))
    return tuple(under) if label == title and under else (label,)


def _use(use: Use, language: str) -> str:
    """The part's name, how it stands for this person, and until when."""
    state = words.say(f"privacy.state.{use.state}", language)
    said = words.say("notice.mine.part", language, part=use.label, state=state[:1].lower() + state[1:])
    return f"{said} ({use.how_long})" if use.how_long else said


def _holds(labels: list[str], language: str) -> str:
    if not labels:
        return words.say("notice.mine.none", language)
    return words.say("notice.mine.holds", language, what=", ".join(labels))


def _got(kind: str, received: Iterable[Received], language: str) -> Iterator[str]:
    found = [one for one in received if one.kind == kind]
    for one in found:
        yield words.say(
            "notice.mine.got",
            language,
            name=one.name,
            what=", ".join(one.what),
            day=words.day(one.last, language),
        )
    if not found:
        yield words.say("notice.mine.not-got", language)
