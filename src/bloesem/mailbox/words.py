"""What the words of a mail are: HTML as plain text, and the language that they are in. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Literal

Language = Literal["nl", "fr", "en", "de"]

#: Words that are frequent in one of the four and rare in the others.
_SAID: dict[Language, str] = {
    "nl": "ik het een van jullie niet mijn wil graag gegevens met voor zijn u uw aan heb hebben deze wat ook naar om"
    " welke beste groeten vriendelijke verwijderen bij wordt",
    "fr": "je vous le la les des et mes mon données votre vos ma pour dans est que bonjour merci une sur qui avec"
    " cordialement supprimer voudrais souhaite pas",
    "en": "i you the my your data please and of to is would like have me which this with for about regards dear"
    " delete that all not",
    "de": "ich sie meine meiner ihre ihnen und die der das nicht bitte daten mit freundlichen grüßen ein eine zu"
    " über haben sehr geehrte löschen von mir möchte",
}
WORDS = {language: frozenset(said.split()) for language, said in _SAID.items()}
#: A guess is one only with this many words, and a third more than the next language has.
FEWEST = 3
_WORD = re.compile(r"[^\W\d_]+")
_SKIPPED = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "svg"})
_BLOCKS = frozenset(
    (
        "p",
        "div",
        "br",
        "li",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "ul",
        "ol",
        "blockquote",
        "pre",
        "hr",
    )
)


def guess(text: str) -> Language | None:
    """in: any text. out: its language; None where too few words tell, or two languages are near each other."""
    words = _WORD.findall(text[:20_000].lower())
    counted: list[tuple[int, Language]] = [
        (sum(word in known for word in words), name) for name, known in WORDS.items()
    ]
    counted.sort(reverse=True)
    (most, language), (next_most, _) = counted[0], counted[1]
    return language if most >= FEWEST and most * 3 >= next_most * 4 else None


def text_of_html(html: str) -> str:
    """The words that a reader sees, in lines. Nothing is fetched, and no mark-up is left that a page could run."""
    reader = _Text()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):  # declarations that the parser does not know
        pass
    lines = (" ".join(line.split()) for line in "".join(reader.said).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.skipping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self.skipping.append(tag)
        elif tag == "body":
            self.skipping.clear()
        elif tag in _BLOCKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.skipping:
            while self.skipping.pop() != tag:
                pass
        elif tag in _BLOCKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.said.append(data.replace("\n", " "))
