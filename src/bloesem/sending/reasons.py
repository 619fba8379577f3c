"""Why somebody is not written to: a closed list, each with the promise that says so. The smaller code comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reason:
    code: int
    key: str
    promise: str
    says: Mapping[str, str] = field(hash=False, compare=False)


def _reason(code: int, key: str, promise: str, nl: str, en: str) -> Reason:
    return Reason(code, key, promise, {"nl": nl, "en": en})


ALLOWED = _reason(0, "allowed", "", "mag", "allowed")
NOBODY = _reason(
    1, "nobody", "P-051", "niemand, of niets meer bekend", "nobody, or nothing is known any more"
)
OBJECTED = _reason(2, "objected", "P-166", "verzette zich", "objected")
NO_CONSENT = _reason(3, "no-consent", "P-056", "gaf geen toestemming", "gave no consent")
WITHDRAWN = _reason(4, "withdrawn", "P-099", "trok de toestemming in", "withdrew the consent")
CONSENT_OVER = _reason(
    5, "consent-over", "P-098", "toestemming ouder dan een jaar", "consent older than a year"
)
TERM_OVER = _reason(6, "term-over", "P-093", "te lang geen contact meer", "no contact for too long")
RESTRICTED = _reason(7, "restricted", "P-160", "verwerking beperkt", "processing restricted")
CHANNEL = _reason(8, "channel-refused", "P-092", "wil dit kanaal niet", "refused this channel")
STALE = _reason(9, "list-stale", "P-090", "Bel-me-niet-meer-lijst te oud", "the do-not-call list is too old")
NOT_SIMILAR = _reason(
    10, "not-similar", "P-089", "geen eigen, gelijkaardig product", "no similar product of our own"
)
KIND = _reason(
    11, "kind-not-agreed", "P-097", "stemde niet in met dit soort bericht", "did not agree to this kind"
)
OWNED = _reason(12, "owns-product", "P-087", "heeft het product al", "has the product already")
NO_SALE = _reason(13, "no-sale", "P-089", "kocht nog niets", "has bought nothing yet")
NO_ADDRESS = _reason(14, "no-address", "P-050", "geen bruikbaar adres", "no usable address")
NOT_CALLED = _reason(
    15, "do-not-call", "P-090", "staat op de Bel-me-niet-meer-lijst", "is on the do-not-call list"
)
SUPPRESSED = _reason(
    16, "suppressed", "P-095", "adres op de uitschrijflijst", "the address is on the suppression list"
)
NOT_FROM_SALE = _reason(
    17, "not-from-sale", "P-089", "adres niet bij een verkoop gegeven", "the address was not given in a sale"
)
NOT_OFFERED = _reason(
    18, "refusal-not-offered", "P-089", "weigeren werd niet aangeboden", "refusing was not offered with it"
)
UNSCREENED = _reason(
    19, "unscreened", "P-095", "nog niet met de lijst vergeleken", "not compared with the list yet"
)
BOUNCED = _reason(20, "bounced", "P-050", "adres kwam onbestelbaar terug", "the address bounced")
#: Given at the claim alone.
NOT_RENDERED = _reason(30, "not-rendered", "P-071", "bericht klopt niet", "the message is not right")
#: Nobody's wish but the sender's: no promise asks it.
STOPPED = _reason(31, "stopped", "", "de campagne werd gestopt", "the campaign was stopped")

REASONS: Mapping[int, Reason] = {one.code: one for one in list(globals().values()) if isinstance(one, Reason)}
BY_KEY: Mapping[str, Reason] = {one.key: one for one in REASONS.values()}
