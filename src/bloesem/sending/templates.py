"""What is said. A template has a class, a purpose, channels and words in four languages, and is refused when it is read if
it advertises without being advertising, or advertises what it may not (P-071, P-077, P-084, P-088, P-097)."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from bloesem.consent.rules import CALLED, ELECTRONIC, Rules
from bloesem.plain import hard, other_form
from bloesem.rights.identifiers import fold
from bloesem.sending.errors import TemplateError
from bloesem.source import Strict, nearest, read
from bloesem.terms import LANGUAGES, Label

#: Invisible characters between letters hide a word from a list of words and not from a reader.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)


class Promotes(Strict):
    """What a message advertises: a product of the catalogue, whose it is, and whether it is like what customers bought."""

    product: str
    seller: str
    similar: bool = False


class Template(Strict):
    """One version. `values`: what each message fills in; links come from the door alone. `automated`: a machine speaks.
    `asks`: the survey that its reader answers on a page, once, by the link that the door adds (P-044)."""

    key: str
    version: int = Field(ge=1)
    class_: str = Field(alias="class")
    purpose: str
    channels: tuple[str, ...] = Field(min_length=1)
    promotes: Promotes | None = None
    automated: bool = False
    asks: Annotated[str | None, Field(pattern=r"^[a-z0-9-]{1,60}$")] = None
    values: tuple[str, ...] = ()
    subject: Label
    text: Label


@dataclass(frozen=True)
class Templates:
    all: Mapping[str, Template]

    def named(self, key: str) -> Template:
        found = self.all.get(key)
        if found is None:
            raise TemplateError(
                f"there is no template `{key}`",
                "what is sent is read and checked first",
                f"use one of: {nearest(key, self.all)}",
            )
        return found


def load_templates(folder: Path, rules: Rules, day: dt.date) -> Templates:
    """in: a directory of `<key>.yaml`; the civil day on which they are read. raises: SourceError, TemplateError."""
    found: dict[str, Template] = {}
    for file in sorted(folder.glob("*.yaml")):
        template = read(file, Template)
        if template.key != file.stem:
            raise TemplateError(
                f"{file.name} holds template `{template.key}`", "a file is named by its template", "rename it"
            )
        check(template, rules, day)
        found[template.key] = template
    return Templates(found)


def check(template: Template, rules: Rules, day: dt.date) -> None:
    """raises: TemplateError for what may not be said, by this class, for this purpose, through these channels."""
    rule = rules.class_rule(template.class_)
    if template.purpose not in rule.purposes:
        raise _refuse(
            template,
            f"a message of class `{template.class_}` is not sent for `{template.purpose}`",
            "P-051, P-097: each class has its purposes, and none is a fallback for another",
            f"use one of: {', '.join(rule.purposes)}",
        )
    _channels(template, rules, advertising=rule.advertising)
    _asks(template)
    for language in LANGUAGES:
        _words(template, language)
        _plain(template, language, rules)
    if rule.advertising:
        _advertises(template, rules, day)
    else:
        _does_not_advertise(template)


def _channels(template: Template, rules: Rules, *, advertising: bool) -> None:
    row = next((row for row in rules.policy.purposes.values() if template.purpose in row.parts), None)
    allowed = row.channels if advertising and row is not None else tuple(rules.file.channels)
    for channel in template.channels:
        if channel not in allowed or channel not in rules.file.channels:
            raise _refuse(
                template,
                f"channel `{channel}` is not declared for `{template.purpose}`",
                "P-088: post, e-mail, SMS, telephone and app, and no other",
                f"use some of: {', '.join(allowed)}",
            )
    if template.automated and advertising and not rules.plan.purpose(template.purpose).by_consent:
        raise _refuse(
            template,
            "a machine that calls needs consent",
            "VI.110 §1 WER, P-090: automated calls with prior consent only",
            "let a person call, or send it for a purpose that runs on consent",
        )


def _words(template: Template, language: str) -> None:
    for part, words in (("subject", template.subject), ("text", template.text)):
        if language not in words:
            raise _refuse(template, f"it has no {part} in {language}", "P-002: four languages", "write it")
        if _LINK.search(words[language]):
            raise _refuse(
                template,
                f"its {part} in {language} has a link of its own",
                "links are the door's: signed, and to nowhere else",
                "take it out, or name a value that is filled in",
            )
        try:
            names = {
                name
                for _, name, spec, change in string.Formatter().parse(words[language])
                if name is not None
            }
            odd = sorted(name for name in names if not name.isidentifier())
        except ValueError:
            odd, names = ["{"], set()
        unknown = odd or sorted(names - set(template.values))
        if unknown:
            raise _refuse(
                template,
                f"its {part} in {language} fills in `{unknown[0]}`, which is no value of it",
                "what a message says is known before it is sent",
                f"name it under `values`, or use one of: {', '.join(template.values) or 'none is there'}",
            )


def _plain(template: Template, language: str, rules: Rules) -> None:
    said = f"{template.subject[language]}\n{template.text[language]}"
    why = hard(said, language)
    if why is not None:
        raise _refuse(
            template,
            f"its text in {language} is not plain: {why}",
            "P-002: clear and plain (art. 12(1))",
            "say it shorter",
        )
    form = rules.file.address.get(language)
    other = other_form(said, language, form) if form is not None else None
    if other is not None:
        raise _refuse(
            template,
            f"its text in {language} says “{other}”, and the company says “{form}”",
            "P-184: a letter addresses its reader in one form throughout",
            f"write it with “{form}”, or change `address` in door.yaml",
        )


def _advertises(template: Template, rules: Rules, day: dt.date) -> None:
    promotes = template.promotes
    if promotes is None:
        if template.class_ == "marketing":
            raise _refuse(
                template,
                "it does not say what it promotes",
                "P-084, P-087: a product, and whose",
                "write `promotes`",
            )
        return
    if not rules.seller_stands(promotes.seller, day):
        raise _refuse(
            template,
            f"`{promotes.seller}` is neither the company nor one of its affiliates",
            "P-084: products of Blossom Energy and of listed affiliates, of no third party",
            f"use one of: {', '.join([rules.file.own, *rules.file.affiliates])}",
        )
    if promotes.similar and promotes.seller != rules.file.own:
        raise _refuse(
            template,
            "an affiliate's product is called similar to one's own",
            "KB 4-4-2003 art. 1, P-089: similar products that the company supplies itself",
            "take `similar` out: by e-mail, SMS and app it then needs consent",
        )


def _asks(template: Template) -> None:
    if template.asks is not None and (
        template.class_ != "survey" or set(template.channels) - {"email", "sms", "app"}
    ):
        raise _refuse(
            template,
            "it asks for an answer on a page, and is no survey that goes as a text with links",
            "P-044: who is asked answers once, without saying who they are",
            "make it class survey, by email, sms or app; or take `asks` out",
        )


def _does_not_advertise(template: Template) -> None:
    if template.promotes is not None:
        raise _refuse(
            template,
            f"class `{template.class_}` promotes a product",
            "P-071, P-077: a message about the service, or a survey, has no promotional line",
            "make it class marketing",
        )
    for language in LANGUAGES:
        for words in (template.subject[language], template.text[language]):
            found = promotional(words)
            if found:
                raise _refuse(
                    template,
                    f"class `{template.class_}` advertises in {language}: “{found}”",
                    "P-071, P-077, P-167: no promotional line outside advertising",
                    "say it without, or make it class marketing",
                )


def promotional(text: str) -> str | None:
    """The first promotional word of a text, in whichever language it is; None when it has none. Pure."""
    said = " " + " ".join(re.findall(r"[\w%'’]+", fold(_INVISIBLE.sub("", text)))).replace("’", "'")
    return next((words for words in _promotional() if f" {words}" in said), None)


@cache
def _promotional() -> tuple[str, ...]:
    class Words(Strict):
        nl: tuple[str, ...]
        en: tuple[str, ...]
        fr: tuple[str, ...]
        de: tuple[str, ...]

    found = read(Path(__file__).with_name("promotional.yaml"), Words)
    return tuple(fold(word) for language in LANGUAGES for word in getattr(found, language))


# ---- what goes out -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str


#: Above the link of a survey.
_ANSWER: Mapping[str, str] = {
    "nl": "Antwoord hier, één keer. We bewaren niet wie wat antwoordt:",
    "en": "Answer here, once. We do not keep who answers what:",
    "fr": "Répondez ici, une fois. Nous ne conservons pas qui répond quoi :",
    "de": "Hier antworten, einmal. Wir bewahren nicht auf, wer was antwortet:",
}
_FOOT: Mapping[str, tuple[str, str, str, str]] = {
    "nl": (
        "Reclame van {sender}.",
        "Je kunt je op elk moment en zonder reden verzetten.",
        "Geen reclame meer langs dit kanaal:",
        "Geen reclame meer, langs geen enkel kanaal:",
    ),
    "en": (
        "Advertising by {sender}.",
        "You may object at any time, without a reason.",
        "No more advertising through this channel:",
        "No more advertising at all:",
    ),
    "fr": (
        "Publicité de {sender}.",
        "Vous pouvez vous y opposer à tout moment, sans motif.",
        "Plus de publicité par ce canal :",
        "Plus aucune publicité :",
    ),
    "de": (
        "Werbung von {sender}.",
        "Du kannst jederzeit und ohne Grund widersprechen.",
        "Keine Werbung mehr auf diesem Weg:",
        "Überhaupt keine Werbung mehr:",
    ),
}


#: The right to object, apart from all else, in whatever is first said to somebody (art. 21(4); R-034).
FIRST: Mapping[str, tuple[str, str]] = {
    "nl": (
        "JE RECHT VAN BEZWAAR",
        (
            "Reclame kun je altijd weigeren, zonder reden: {where}\n"
            "Ook tegen elk ander gebruik dat op ons gerechtvaardigd belang steunt, kun je bezwaar maken: {contact}"
        ),
    ),
    "en": (
        "YOUR RIGHT TO OBJECT",
        (
            "You can refuse advertising at any time, without a reason: {where}\n"
            "You can also object to each other use that rests on our legitimate interest: {contact}"
        ),
    ),
    "fr": (
        "VOTRE DROIT D’OPPOSITION",
        (
            "Vous pouvez refuser la publicité à tout moment, sans motif : {where}\n"
            "Vous pouvez aussi vous opposer à tout autre usage fondé sur notre intérêt légitime : {contact}"
        ),
    ),
    "de": (
        "DEIN WIDERSPRUCHSRECHT",
        (
            "Werbung kannst du jederzeit und ohne Grund ablehnen: {where}\n"
            "Auch jeder anderen Nutzung, die auf unserem berechtigten Interesse beruht, kannst du widersprechen: {contact}"
        ),
    ),
}


def first_of_all(language: str, where: str, contact: str) -> str:
    """The block that stands apart below a first message. in: the page on which one objects; where else one writes to."""
    title, text = FIRST[language]
    return f"\n{title}\n{text.format(where=where, contact=contact)}\n"


def render(
    template: Template,
    rules: Rules,
    language: str,
    values: Mapping[str, str],
    links: tuple[str, str] | None,
    answer: str | None = None,
    first: str = "",
) -> Rendered:
    """The words of one message. in: `links` of advertising: to refuse this channel, and all of them; each such message says
    whose it is, that it is advertising, and how to have no more (XII.12-13 WER, art. 21(4), P-092), whoever wrote it.
    `answer`: the page of the survey that it asks; `first`: what a first message has below it (`first_of_all`).

    raises: TemplateError for a value that is missing, beyond what the template names, or promotional where it may not be.
    """
    rule = rules.class_rule(template.class_)
    fill(template, values, advertising=rule.advertising)
    said = {name: str(values[name]) for name in template.values}
    subject = " ".join(template.subject[language].format_map(said).split())
    text = template.text[language].format_map(said).rstrip() + "\n"
    if answer is not None:
        text += f"\n{_ANSWER[language]}\n{answer}\n"
    if rule.advertising:
        assert links is not None
        whose, right, channel, every = _FOOT[language]
        said_by = whose.format(sender=rules.file.sender[language])
        text += f"\n-- \n{said_by}\n{right}\n{channel}\n{links[0]}\n{every}\n{links[1]}\n"
    else:
        text += f"\n-- \n{rules.file.sender[language]}\n"
    text += first
    return Rendered(subject, text)


def fill(template: Template, values: Mapping[str, str], *, advertising: bool) -> None:
    """raises: TemplateError for values that do not fit, before anything is recorded."""
    missing, beyond = set(template.values) - set(values), set(values) - set(template.values)
    for names, what in ((missing, "is missing"), (beyond, "is no value of it")):
        if names:
            raise _refuse(
                template, f"`{min(names)}` {what}", "a message fills in what its template names", "give those"
            )
    if not advertising:
        bad = _first_promotional(values.values())
        if bad:
            raise _refuse(
                template, f"a value advertises: “{bad}”", "P-071: no promotional line", "take it out"
            )


def _first_promotional(texts: Iterable[str]) -> str | None:
    return next((found for text in texts if (found := promotional(str(text)))), None)


def _refuse(template: Template, why: str, rule: str, remedy: str) -> TemplateError:
    return TemplateError(f"template `{template.key}`: {why}", rule, remedy)


__all__ = [
    "CALLED",
    "ELECTRONIC",
    "FIRST",
    "Rendered",
    "Template",
    "Templates",
    "check",
    "first_of_all",
    "load_templates",
    "promotional",
    "render",
]
