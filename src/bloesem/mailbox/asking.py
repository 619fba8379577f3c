"""What a mail plainly asks, by its words (`words.yaml`); `other` where there is any doubt. Pure.

An erasure is never read from one weak word, and nothing from what somebody else wrote: quotations, forwarded mails, the
subject of a mail that was answered. What is read wrongly costs a person more than what a privacy officer has to read:
whoever asks several things, or says what they do not want, is read by a person (P-145, P-169; R-013).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import Field

from bloesem.mailbox.message import Message
from bloesem.mailbox.words import Language
from bloesem.source import Strict, parse, validate

FILE = Path(__file__).with_name("words.yaml")
#: Longer words of somebody's own say more than one thing.
LONGEST = 3_000
#: A question beside a right is the way in which it is asked.
QUESTION = "question"
_GAP = 4
_FORWARDED = re.compile(r"^\s*(fwd?|tr|wg|doorst)\s*:", re.IGNORECASE)
_ANSWER = re.compile(r"^\s*(re|aw|antw|antwoord|r[ée]p|sv)\s*:", re.IGNORECASE)
#: Where what somebody else wrote begins.
_QUOTED = re.compile(
    r"^\s*(>|--\s*$|-{2,}\s*(original|oorspronkelijk|message d'origine|urspr|doorgestuurd|forwarded)|_{10,}"
    r"|(on|op|le|am)\b.{5,200}\b(wrote|schreef|[ée]crit|schrieb)\b.{0,200}([:<]|@)"
    r"|(from|van|de|von)\s*:\s.{0,200}[@<]|(sent|verzonden|envoy[ée]|gesendet)\s*:\s)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?…]+(?=\s|$)|\n\s*\n")
_WORD = re.compile(r"[^\W_]+")

Texts = Mapping[Language, tuple[str, ...]]


class Kind(Strict):
    """By language. `signals`: groups, of each of which a sentence has one."""

    phrases: Texts = Field(default_factory=dict)
    signals: Mapping[Language, tuple[tuple[str, ...], ...]] = Field(default_factory=dict)
    unless: Texts = Field(default_factory=dict)
    taken: Texts = Field(default_factory=dict)


class Words(Strict):
    """`words.yaml`."""

    not_: Texts = Field(alias="not")
    kinds: Mapping[str, Kind]


@dataclass(frozen=True)
class _Kind:
    """Of one kind in one language, as patterns over plain words. None: it has none."""

    name: str
    phrases: re.Pattern[str] | None
    signals: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    against: re.Pattern[str] | None


def asked(message: Message) -> tuple[str, str]:
    """What a mail is (`request`, `complaint`, `question`), and what it asks (`other` where it is in doubt)."""
    if _FORWARDED.match(message.subject) or "large" in message.notes or "broken" in message.notes:
        return "request", "other"
    subject = "" if _ANSWER.match(message.subject) else message.subject
    return read(f"{subject}\n\n{own_words(message.text)}")


def read(text: str) -> tuple[str, str]:
    """The same, of somebody's own words."""
    if len(text) > LONGEST:
        return "request", "other"
    found: set[str] = set()
    for sentence in _SENTENCE.split(text):
        plain = _plain(sentence)
        for kinds in _kinds().values():
            told = _told(kinds, plain)
            if told is None:
                return "request", "other"
            found |= told
    rights = found - {QUESTION}
    if len(rights) > 1 or not found:
        return "request", "other"
    (one,) = rights or found
    return (one, "other") if one in ("complaint", QUESTION) else ("request", one)


def own_words(text: str) -> str:
    """Without what somebody else wrote, from the first mark of it on."""
    lines: list[str] = []
    for line in text.split("\n"):
        if _QUOTED.match(line):
            break
        lines.append(line)
    return "\n".join(lines)


def _told(kinds: tuple[_Kind, ...], plain: str) -> set[str] | None:
    """What one sentence asks in one language; None where it leaves a doubt. Phrases go first, and are used up."""
    found: set[str] = set()
    left = plain
    for kind in kinds:
        if kind.phrases is None or not kind.phrases.search(left):
            continue
        left = kind.phrases.sub(" ", left)
        if _doubted(kind, left, plain):
            return None
        found.add(kind.name)
    for kind in kinds:
        if kind.name not in found and kind.signals and all(group.search(left) for group in kind.signals):
            if _doubted(kind, left, plain):
                return None
            found.add(kind.name)
    return found


def _doubted(kind: _Kind, left: str, whole: str) -> bool:
    """`left`: the sentence without its phrases, which may hold a negation of their own."""
    against = kind.against is not None and kind.against.search(left) is not None
    return against or (kind.unless is not None and kind.unless.search(whole) is not None)


@cache
def _kinds() -> Mapping[Language, tuple[_Kind, ...]]:
    """The file, as patterns. Marketing first: what objects to it says `processing` too. raises: SourceError."""
    words = validate(parse(FILE), Words)
    order = sorted(words.kinds, key=lambda name: name != "marketing")
    return {language: tuple(_compiled(words, language, name) for name in order) for language in words.not_}


def _compiled(words: Words, language: Language, name: str) -> _Kind:
    kind = words.kinds[name]
    taken = {_plain(one).strip() for one in kind.taken.get(language, ())}
    against = [one for one in words.not_[language] if _plain(one).strip() not in taken]
    return _Kind(
        name,
        _pattern(kind.phrases.get(language, ())),
        tuple(one for group in kind.signals.get(language, ()) if (one := _pattern(group)) is not None),
        _pattern(kind.unless.get(language, ())),
        _pattern(against),
    )


def _pattern(phrases: tuple[str, ...] | list[str]) -> re.Pattern[str] | None:
    """Any of these, longest first, between spaces."""
    if not phrases:
        return None
    return re.compile("|".join(_of_one(one) for one in sorted(phrases, key=len, reverse=True)))


def _of_one(phrase: str) -> str:
    """Each word of a text stands between two spaces of its own, so that patterns of words follow each other."""
    return "".join(_of_token(one) for one in phrase.split())


def _of_token(part: str) -> str:
    if part == "...":
        return rf"(?: \w+ ){{0,{_GAP}}}"
    words = "|".join(
        re.escape(_plain(one).strip()) + (r"\w*" if one.endswith("*") else "") for one in _split(part)
    )
    return f"(?: (?:{words}) )" + ("?" if part.endswith("?") else "")


def _split(part: str) -> Iterator[str]:
    yield from part.removesuffix("?").split("|")


def _plain(text: str) -> str:
    """Words without capitals, accents and punctuation, each with a space before and after it."""
    bare = "".join(
        one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one)
    )
    return "".join(f" {word} " for word in _WORD.findall(bare))


__all__ = ["asked", "own_words", "read"]
