"""Names, addresses and numbers of people who do not exist.

Mail addresses end in `.example`, which no registry gives out; telephone numbers are from ranges that the
regulators of France (06 39 98) and Germany (030 23125) keep for fiction; account numbers use a bank code
that no bank has.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random

GIVEN = {
    "nl": (
        "Lotte",
        "Bram",
        "Femke",
        "Jasper",
        "Noor",
        "Wout",
        "Hanne",
        "Pieter",
        "Saar",
        "Tijs",
        "Mieke",
        "Joris",
    ),
    "fr": (
        "Camille",
        "Hugo",
        "Manon",
        "Théo",
        "Inès",
        "Bastien",
        "Chloé",
        "Loïc",
        "Élise",
        "Quentin",
        "Maud",
        "Rémi",
    ),
    "de": (
        "Anke",
        "Jörg",
        "Heike",
        "Lukas",
        "Greta",
        "Uwe",
        "Silke",
        "Matthias",
        "Ursula",
        "Dieter",
        "Lena",
        "Kai",
    ),
    "en": (
        "Alice",
        "Oliver",
        "Grace",
        "Edward",
        "Molly",
        "Simon",
        "Hazel",
        "Arthur",
        "Nina",
        "Walter",
        "Ruth",
        "Owen",
    ),
}
FAMILY = {
    "nl": (
        "Vandenberk",
        "Zwaenepoel",
        "De Molenaer",
        "Roosemond",
        "Aertgeerts",
        "Van Wilderode",
        "Lindekens",
    ),
    "fr": (
        "Delacharlerie",
        "Montfleury",
        "Bruyèremont",
        "Lachapelière",
        "Ronvaux",
        "Dessart-Colline",
        "Noirval",
    ),
    "de": ("Birkenfelder", "Steinwald", "Grünhagen", "Vogelmoor", "Ahrental", "Kirschbaumer", "Möhringer"),
    "en": ("Applewhite", "Thornbury", "Larkfield", "Quickfall", "Hollowell", "Merriweather", "Fairbrook"),
}
PLACES = {
    "nl": (
        ("Kersenlaan", "9000", "Gent", "flanders"),
        ("Vlierstraat", "2018", "Antwerpen", "flanders"),
        ("Bloesemdreef", "3000", "Leuven", "flanders"),
        ("Hazelaarweg", "8500", "Kortrijk", "flanders"),
    ),
    "fr": (
        ("Rue du Cerisier", "4000", "Liège", "wallonia"),
        ("Avenue des Pruniers", "5000", "Namur", "wallonia"),
        ("Rue des Aubépines", "1050", "Ixelles", "brussels"),
    ),
    "de": (("Kirschallee", "4700", "Eupen", "wallonia"), ("Am Holunder", "4780", "Sankt Vith", "wallonia")),
    "en": (
        ("Rue des Aubépines", "1050", "Ixelles", "brussels"),
        ("Vlierstraat", "2018", "Antwerpen", "flanders"),
    ),
}
EMPLOYERS = (
    "Zonnewijzer",
    "Kasseikracht",
    "Noorderkompas",
    "Lindenhout Logistiek",
    "Bureau Morgendauw",
    "Fabrique Clairval",
    "Atelier Grandpré",
    "Ostwind Technik",
    "Brightwater Studios",
    "Hoppeveld Brouwers",
    "Vlasbloem Textiel",
    "Rivage Conseil",
)
LANGUAGES = ("nl", "nl", "nl", "nl", "nl", "fr", "fr", "fr", "de", "en")


@dataclass(frozen=True)
class Identity:
    """Who an invented person is."""

    language: str
    given: str
    family: str
    street: str
    postal_code: str
    city: str
    region: str

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def mailbox(self) -> str:
        """Their name as it stands before the @."""
        return f"{plain(self.given)}.{plain(self.family)}"


def plain(text: str) -> str:
    """Lower case, without accents, spaces and dashes."""
    folded = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in folded if letter.isascii() and letter.isalnum())


def identity(draw: Random) -> Identity:
    language = draw.choice(LANGUAGES)
    street, postal_code, city, region = draw.choice(PLACES[language])
    return Identity(
        language,
        draw.choice(GIVEN[language]),
        draw.choice(FAMILY[language]),
        f"{street} {draw.randint(1, 240)}",
        postal_code,
        city,
        region,
    )


def phone(draw: Random) -> tuple[str, str]:
    """A number as people write it, and in E.164."""
    if draw.random() < 0.9:
        tail = f"{draw.randrange(10_000):04d}"
        return f"+33 6 39 98 {tail[:2]} {tail[2:]}", f"+33639 98{tail}".replace(" ", "")
    tail = f"{draw.randrange(1000):03d}"
    return f"+49 30 23125 {tail}", f"+493023125{tail}"


def iban(draw: Random) -> str:
    """A Belgian account number whose check digits are right and whose bank code (999) belongs to no bank."""
    account = f"999{draw.randrange(10_000_000):07d}"
    account += f"{int(account) % 97 or 97:02d}"
    check = 98 - int(f"{account}111400") % 97
    return f"BE{check:02d}{account}"
