"""Whether words for a person are plain, and address them in one form (P-002, P-184; art. 12(1)). Pure.

How easily a text reads is counted as in each language's own variant of Flesch's formula: from 100 (very easy) down.
Sentences and syllables are counted from the letters alone: a number compares texts, and measures none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bloesem.terms import LANGUAGES

#: Language → (constant, per word of a sentence, per syllable of a word): Douma, Flesch, Kandel and Moles, Amstad.
_FORMULAS: Final[Mapping[str, tuple[float, float, float]]] = {
    "nl": (206.84, 0.93, 77.0),
    "en": (206.835, 1.015, 84.6),
    "fr": (207.0, 1.015, 73.6),
    "de": (180.0, 1.0, 58.5),
}
#: Below this a text is for the learned: nothing that the company writes to a person is.
PLAIN_ENOUGH: Final = 50.0
#: Of fewer words the formula says nothing.
TOO_SHORT: Final = 25
#: No sentence is longer, however easy its words are.
LONGEST: Final = 40

_VOWELS: Final = re.compile(r"[aeiouyàâäáéèêëïîíôöóûüúùœæ]+", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
#: A sentence ends with its sign, before a blank or at the end; a line of a list ends one too.
_END: Final = re.compile(r"[.!?:;]+(?=\s|$)|\n+")
#: What fills in a value, or leads somewhere, is no word of ours.
_NOT_OURS: Final = re.compile(r"\{[^{}]*\}|https?://\S+|\S+@\S+")

#: A word, or what ends a sentence: a sign, or a line.
_WORD_OR_END: Final = re.compile(r"[^\W\d_]+|[.!?:]|\n")

#: Language → form of address → words by which a text is in that form.
FORMS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "nl": {
        "je": ("je", "jij", "jou", "jouw", "jouwe", "jezelf", "jullie"),
        "u": ("u", "uw", "uwe", "uzelf"),
    },
    "fr": {
        "tu": ("tu", "te", "toi", "ton", "tes"),
        "vous": ("vous", "votre", "vos", "vôtre"),
    },
    # Within a sentence the capital tells `Sie` from "she" and "they"; at its beginning the next word has to (`_other_sie`).
    "de": {
        "du": (
            *("du", "dich", "dir", "dein", "deine", "deinem", "deinen", "deiner", "deines"),
            *("euch", "euer", "eure", "eurem", "euren", "eurer", "eures"),
        ),
        "Sie": ("Sie", "Ihnen", "Ihr", "Ihre", "Ihrem", "Ihren", "Ihrer", "Ihres"),
    },
}


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence; what has no word is none."""
    found = (_WORD.findall(part) for part in _END.split(_NOT_OURS.sub(" ", text)))
    return [words for words in found if words]


def reads(text: str, language: str) -> float:
    """How easily a text reads. in: a language of `bloesem.terms`. out: 100 where there is nothing to read."""
    parts = sentences(text)
    words = [word for part in parts for word in part]
    if not words:
        return 100.0
    constant, by_length, by_syllables = _FORMULAS[language]
    syllables = sum(max(1, len(_VOWELS.findall(word))) for word in words)
    return constant - by_length * len(words) / len(parts) - by_syllables * syllables / len(words)


def hard(text: str, language: str) -> str | None:
    """Why a text is not plain, in words; None when it is."""
    found = sentences(text)
    longest = max(found, key=len, default=[])
    if len(longest) > LONGEST:
        return f"a sentence of {len(longest)} words (“{' '.join(longest[:6])} …”)"
    if sum(map(len, found)) < TOO_SHORT:
        return None
    score = reads(text, language)
    return f"it reads at {score:.0f}, and {PLAIN_ENOUGH:.0f} is the least" if score < PLAIN_ENOUGH else None


def other_form(text: str, language: str, form: str) -> str | None:
    """The first word by which a text addresses its reader in another form than the company's; None when it does not.

    in: `form`, one of the language's in `FORMS`; a language that has one form (en) has no other."""
    known = FORMS.get(language, {})
    if known and form not in known:
        raise ValueError(f"{language} has no form of address `{form}`: {', '.join(known)}")
    others = {word for key, words in known.items() if key != form for word in words}
    polite = language == "de" and form == "du"  # the other form is told by its capitals
    found: list[str] = _WORD_OR_END.findall(_NOT_OURS.sub("x", text))
    for word, before, after in zip(found, ["\n", *found], [*found[1:], "\n"], strict=False):
        said = word.capitalize() if polite and word.isupper() else word if polite else word.lower()
        if said in others and not (polite and not before[0].isalpha() and _not_an_address(said, after)):
            return word
    return None


def _not_an_address(word: str, after: str) -> bool:
    """Whether `Sie` or `Ihr` at the beginning of a sentence is plainly "she", or the plural of "du".

    What could be either is an address: nobody who reads `Ihre Adresse` there can tell whose it is."""
    if word == "Sie":  # "Sie gilt": one thing; "Sie gelten" may be you
        return after[0].islower() and not after.endswith("n") and after != "sind"
    return word == "Ihr" and after[0].islower() and after.endswith("t")  # "Ihr braucht"; never "Ihr Antrag"


def forms_missing(chosen: Mapping[str, str]) -> Sequence[str]:
    """What a company did not choose, or chose and no language has: `nl`, `fr`, `de`."""
    return [lang for lang in LANGUAGES if lang in FORMS and chosen.get(lang) not in FORMS[lang]]


__all__ = [
    "FORMS",
    "LONGEST",
    "PLAIN_ENOUGH",
    "TOO_SHORT",
    "forms_missing",
    "hard",
    "other_form",
    "reads",
    "sentences",
]
