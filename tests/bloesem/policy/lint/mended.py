"""Each fault of the published text, mended by itself: in its words, or in the model that transcribes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bloesem.policy.company import Company
from bloesem.policy.findings import findings
from bloesem.policy.lint import Claim, Notice
from bloesem.policy.model import Keep, Policy, Purpose, Term

Mend = Callable[[Notice], Notice]


def mended(id_: str, notice: Notice, company: Company) -> Notice:
    """The notice without this fault; what the loader finds is found anew."""
    after = MENDED[id_](notice)
    return replace(after, known=findings(after.policy, after.record, company.law))


# ---- ways to mend ----------------------------------------------------------------------------------------------------


def words(*changes: tuple[str, str]) -> Mend:
    """Expressions, and what stands there instead, on every line."""

    def mend(notice: Notice) -> Notice:
        lines = list(notice.lines or ())
        for old, new in changes:
            after = [re.sub(old, new, line, flags=re.IGNORECASE) for line in lines]
            assert after != lines, f"nothing says {old}"
            lines = after
        return replace(notice, lines=tuple(lines))

    return mend


def adds(*lines: str) -> Mend:
    return lambda notice: replace(notice, lines=(*(notice.lines or ()), *lines))


def model(change: Callable[[Policy], dict[str, Any]]) -> Mend:
    """Places of the policy that say something else."""
    return lambda notice: replace(notice, policy=notice.policy.model_copy(update=change(notice.policy)))


def all_of(*mends: Mend) -> Mend:
    def mend(notice: Notice) -> Notice:
        for one in mends:
            notice = one(notice)
        return notice

    return mend


def items(section: str, **update: Any) -> Mend:
    """The same in every item of a section of the policy."""
    return model(
        lambda p: {section: {k: one.model_copy(update=update) for k, one in getattr(p, section).items()}}
    )


def rows(change: Callable[[Purpose], dict[str, Any]]) -> Mend:
    return model(
        lambda p: {"purposes": {k: one.model_copy(update=change(one)) for k, one in p.purposes.items()}}
    )


def parts(**update: Any) -> Mend:
    return rows(lambda row: {"parts": {k: p.model_copy(update=update) for k, p in row.parts.items()}})


def terms(change: Callable[[Term], dict[str, Any]]) -> Mend:
    """Every term of every row and part."""

    def kept(keep: Keep | None) -> Keep | None:
        if keep is None:
            return None
        return keep.model_copy(update={"terms": tuple(t.model_copy(update=change(t)) for t in keep.terms)})

    def row(one: Purpose) -> dict[str, Any]:
        named = {k: p.model_copy(update={"keep": kept(p.keep)}) for k, p in one.parts.items()}
        return {"keep": kept(one.keep), "parts": named}

    return rows(row)


def without(*keys: str) -> Mend:
    return model(lambda p: {"categories": {k: c for k, c in p.categories.items() if k not in keys}})


def _types(policy: Policy) -> dict[str, Any]:
    described = {k: t for k, t in policy.types.items() if t.described}
    return {"types": {k: t.model_copy(update={"announced": t.described}) for k, t in described.items()}}


def _right(key: str, article: str) -> Mend:
    def change(policy: Policy) -> dict[str, Any]:
        one = policy.rights["access"].model_copy(update={"article": article, "label": {"nl": key}})
        return {"rights": {**policy.rights, key: one}}

    return model(change)


def _grounds(policy: Policy) -> dict[str, Any]:
    right = policy.rights["restriction"]
    first = right.conditions[0]
    named = tuple(
        first.model_copy(update={"key": letter, "article": f"18(1)({letter})"}) for letter in "abcd"
    )
    return {"rights": {**policy.rights, "restriction": right.model_copy(update={"conditions": named})}}


def _record(**update: Any) -> Mend:
    return lambda notice: replace(notice, record=notice.record.model_copy(update=update))


def _inside(*topics: str) -> Mend:
    """Topics that stand in the table too."""

    def mend(notice: Notice) -> Notice:
        lines = list(notice.lines or ())
        line = notice.policy.purposes["PUR-1"].lines[-1]
        lines[line - 1] += " " + " ".join(topics)
        return replace(notice, lines=tuple(lines))

    return mend


_INTEREST = rows(lambda row: {"interest": {"nl": "Een belang", "en": "An interest"}})
_NO_RECORDINGS = parts(not_reads=("communication.recording",), is_=())
_SILENT_CHANNELS = rows(lambda row: {"channels": ("post", "phone") if row.advertising else row.channels})
_LATEST_LAW = "2026-05-01"
_ORPHANS = (
    *(
        "derived",
        "sensitive",
        "derived.score",
        "sensitive.criminal",
        "sensitive.special",
        "financial.credit_rating",
        "financial.position",
    ),
)
_TYPOS = (
    (r"\bkanje\b", "kan je"), (r"\binverband\b", "in verband"), (r"\bprofessionale\b", "professionele"),
    (r"\btevragen\b", "te vragen"), (r"\bberoepop\b", "beroep op"), (r"\bzijvoor\b", "zij voor"),
    (r"\bzijndie\b", "zijn die"), (r"\bEconomie Ruimte\b", "Economische Ruimte"), (r"\bten allen tijden\b", "te allen tijde"),
    (r"\bjouw kunnen\b", "jou kunnen"), ("‘Blossom Energy genoemd", "‘Blossom Energy’ genoemd"),
    (r"([^\W\d_]),([^\W\d_])", r"\1, \2"), (r"\b(?:u)\b", "je"), (r"\buw\b", "je"), (r"GDPR\[1\] genoemd,en", "GDPR genoemd, en"),
)  # fmt: skip

MENDED: dict[str, Mend] = {
    "L-001": model(_types),
    "L-002": words((r"in hoofdstuk 6 van", "in hoofdstuk 5 van")),
    "L-003": words((r"deze link", "deze link (https://blossom.example/privacy)"), (r"Cookiebeleid\.", "Cookiebeleid: https://blossom.example/cookies")),
    "L-004": all_of(words((r"zetel te,", "zetel te Mechelen,"), (r"onder nummer,", "onder nummer 0123.321.123,")), _record(controller=None)),
    "L-005": model(lambda p: {"controller": p.controller.model_copy(update={"kbo": "0403170701"})}),
    "L-006": words((r"Wij zijn Blossom Energy met", "Wij zijn Blossom Energy BV, Liersesteenweg 4, met")),
    "L-007": words((r"^(\s+)(\d)\. (Welke persoonsgegevens verwerken|Hoe verkrijgen|Waarom verwerken|Samenvattende)", r"\g<1>3.\2. \3"), (r"^\s+1\. Overzicht", " 6.1. Overzicht"), ("kanje", "kan je"), ("inverband", "in verband")),
    "L-008": rows(lambda row: {"named": True}),
    "L-009": words((r"^\| Doeleinden.*$", "| Doeleinden | Omschrijving | Rechtsgrond | Bewaartermijn |")),
    "L-010": words((r"webinars, wedstrijden\.", "webinars en wedstrijden sturen.")),
    "L-011": _inside("cookies, overname, bevoegde instanties, kredietwaardigheid, Home Energy Management, wachtwoorden, wie meedoet aan een wedstrijd"),
    "L-012": _inside("bevoegde instanties, overname, cookie analytics"),
    "L-013": words((r"algemeen belang", "de wet")),
    "L-014": without(*_ORPHANS),
    "L-015": words((r"gebruiken je gegevens", "gebruiken je contactgegevens"), (r"je gegevens gebruiken", "je contactgegevens gebruiken")),
    "L-016": words((r" bijv\. huiseigenaar", "")),
    "L-017": all_of(
        words((r"…|\.\.\.", ""), (r", etc\.", ""), (r"Enkele voorbeelden", "Dit zijn ze")),
        items("categories", undeclared=False), items("sources", undeclared=False), rows(lambda row: {"channels_undeclared": False}),
        model(lambda p: {"changes": p.changes.model_copy(update={"significant_undeclared": False}) if p.changes else None}),
    ),
    "L-018": words((r"Iedereen die gebruik maakt van onze producten en diensten wordt", "Iedereen van wie wij gegevens hebben, ook wie geen klant is, wordt")),
    "L-019": words((r"van wie we weten wie ze zijn", "die rechtstreeks of onrechtstreeks te herkennen zijn")),
    "L-020": words((r"Liberty Global of ", ""), (r"een abonnement", "een contract"), (r" zoals bijvoorbeeld de Wet betreffende de elektronische communicatie", ""), (r"gebruikersnummer, een e-mailadres,", "gebruikersnummer,")),
    "L-021": words(*_TYPOS[:-1]),
    "L-022": words((r"derde partijen die (werken )?in onze opdracht( werken)?", "verwerkers")),
    "L-023": words((r"Europese gegevensbeschermingsautoriteit", "het Europees Comité voor gegevensbescherming"), (r"de Europese Unie \(de Europese Economie Ruimte, ook EER genoemd\)", "de Europese Economische Ruimte (EER)")),
    "L-024": lambda n: replace(n, policy=n.policy.model_copy(update={"version": n.today})),
    "L-025": terms(lambda t: {"start_stated": True}),
    "L-026": items("events", may_mean=()),
    "L-027": terms(lambda t: {"fallback": None}),
    "L-028": terms(lambda t: {"for_": "P10Y"}),
    "L-029": _NO_RECORDINGS,
    "L-030": adds("Wat voor een ander doel bewaard blijft, wordt voor dit doel niet meer gebruikt."),
    "L-031": items("events", undefined=False),
    "L-032": rows(lambda row: {"keep": row.keep.model_copy(update={"terms": tuple(t.model_copy(update={"after": "account.terminated"}) for t in row.keep.terms)})}),
    "L-033": rows(lambda row: {"retention_text": {"nl": "1 maand na het rapport"}}),
    "L-034": adds(
        "Cookies blijven hooguit 6 maanden.", "Een opname blijft een maand.", "Beeldmateriaal blijft tot een jaar na de plaatsing.",
        "Het bewijs van je toestemming blijft 5 jaar.", "De verzetslijst blijft zolang je geen reclame wil.",
        "Een verzoek en het dossier ervan bewaren wij 5 jaar.", "Een beoordeling van je kredietwaardigheid blijft 1 maand.",
        "Gegevens voor een overname blijven tot die afgesloten is.",
    ),
    "L-035": rows(lambda row: {"basis": "contract"}),
    "L-036": adds("In een geschil blijven gegevens tot het voorbij is: een geschil duurt zolang het duurt."),
    "L-037": _record(basis={}),
    "L-038": _record(basis={}),
    "L-039": all_of(
        rows(lambda row: {"statute": "btw"}), parts(statute="btw"),
        words((r"op basis van wettelijke verplichtingen", "op grond van artikel 60 van het Btw-wetboek"), (r"De wet verplicht ons om", "Artikel 322 van het WIB 92 vraagt ons om")),
    ),
    "L-040": _INTEREST,
    "L-041": _SILENT_CHANNELS,
    "L-042": adds("Alleen voor gelijkaardige eigen producten, op een adres dat wij rechtstreeks van jou kregen."),
    "L-043": rows(lambda row: {"affiliates": False}),
    "L-044": adds("Naar je professioneel adres gaat nooit reclame."),
    "L-045": words((r"wanneer je geen klant meer bent bij Blossom Energy\.", "wanneer je geen klant meer bent, tot een jaar daarna.")),
    "L-046": adds("Wie op de bel-me-niet-meer-lijst staat, bellen wij niet."),
    "L-047": adds("Daarvoor maken wij een profiel."),
    "L-048": adds("Wij nemen geen geautomatiseerde beslissing over jou."),
    "L-049": adds("Wij maakten een effectbeoordeling."),
    "L-050": adds("Als je die niet geeft, kunnen wij geen laadpunt plaatsen."),
    "L-051": without("sensitive.criminal", "sensitive.special"),
    "L-052": words((r"onherleidbaar geanonimiseerd en vallen buiten de GDPR", "samengeteld tot groepen van tien")),
    "L-053": adds("Op beelden vegen wij huisgenoten uit."),
    "L-054": adds("Vanaf 13 jaar stem je zelf toe."),
    "L-055": all_of(
        items("sources", undeclared=False),
        words((r"via je werkgever\.", "via je werkgever, een kredietbureau (externe kredietwaardigheidsbeoordeling), sociale media, installateurs (beeldmateriaal van de installatie, voortgang installatie) en de verwerking van cookies.")),
    ),
    "L-056": adds("Wie zijn werkgever opgaf, verwittigen wij in ons eerste bericht."),
    "L-057": items("recipients", undeclared=False),
    "L-058": items("recipients", undeclared=False),
    "L-059": _right("withdraw", "7(3)"),
    "L-060": _right("human", "22"),
    "L-061": adds("Je krijgt binnen een maand antwoord."),
    "L-062": adds("Dat is gratis. Je identiteit vragen wij alleen na bij twijfel."),
    "L-063": adds("Belangrijk: je kan altijd bezwaar maken tegen reclame."),
    "L-064": adds("Drukpersstraat 35, 1000 Brussel, https://www.gegevensbeschermingsautoriteit.be, of de rechtbank."),
    "L-065": adds("Onze DPO is er ook via het formulier."),
    "L-066": adds("Een kopie van de waarborgen vraag je aan. Het gaat om de Verenigde Staten."),
    "L-067": adds("Wij versleutelen wat wij bewaren."),
    "L-068": adds("Je recht van inzage geeft je een kopie, de ontvangers en de bron."),
    "L-069": adds("je bezwaar maakt tegen reclame;"),
    "L-070": words((r"noodzakelijk is voor het kunnen leveren van je dienst", "wettelijk moet")),
    "L-071": words((r"toen je nog minderjarig was", "toen je een kind was"), (r"ongepaste of verouderde ", ""), (r"Voor elke internationale overdracht", "Voor een overdracht"), (r"voor andere doeleinden dan noodzakelijk", "op een gerechtvaardigd belang, niet")),
    "L-072": model(_grounds),
    "L-073": all_of(words((r"of na overeenkomst", "of een overeenkomst")), adds("Gestructureerd, rechtstreeks naar een ander, wat automatisch verwerkt wordt.")),
    "L-074": adds("Elke ontvanger brengen wij op de hoogte."),
    "L-075": adds("De dataverordening geeft je de gegevens van je laadpunt."),
    "L-076": items("recipients", may_be=()),
    "L-077": words((r"een gegevensverwerkingsovereenkomst", "een overeenkomst")),
    "L-078": rows(lambda row: {"affiliates": False}),
    "L-079": words((r"Liberty Global of ", "")),
    "L-080": words((r"\b(?:alle|steeds|enkel|altijd)\b", ""), (r"voor elke", "voor een")),
    "L-081": items("recipients", names=()),
    "L-082": words((r"voorrang op dit privacybeleid", "niets te zeggen over je gegevens")),
    "L-083": all_of(words((r" van tijd tot tijd", "")), adds("Wij verwittigen je 30 dagen vooraf.")),
    "L-084": words((r"verzoeken wij je hoe dan ook om ons elke wijziging te melden", "kan je ons een wijziging melden")),
    "L-085": all_of(words((r"^De verwerking van Cookies gebeurt steeds in overeenstemming met ons privacybeleid\.", "")), adds("Voor cookies vragen wij per doel je toestemming.")),
    "L-086": lambda n: replace(n, claims=tuple(Claim(c.id, c.line, True, True) for c in n.claims)),
    "L-087": adds("Applicatiegegevens: wat je in de applicatie doet."),
}  # fmt: skip
