"""A template that says what it may not is refused when it is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bloesem.consent.stage import MESSAGES, Stage
from tests.bloesem.sending.stage import templates

from bloesem.errors import BloesemError
from bloesem.plan.dates import civil
from bloesem.sending.templates import _promotional, load_templates, promotional, render
from bloesem.terms import LANGUAGES


def spoilt(at: Stage, key: str, *changes: tuple[str, str]) -> str:
    """What the loader says of a template with these changes."""
    folder = at.folder / f"templates {key} {abs(hash(changes))}"
    folder.mkdir(exist_ok=True)
    text = (MESSAGES / "templates" / f"{key}.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / f"{key}.yaml").write_text(text)
    with pytest.raises(BloesemError) as error:
        load_templates(folder, at.rules, civil(at.now()))
    return str(error.value)


@pytest.mark.parametrize(
    ("key", "change", "said"),
    [
        ("statement-ready", ("Het bedrag is", "Nu met 20% KORTING! Het bedrag is"), "advertises in nl"),
        ("statement-ready", ("The amount is", "Discover our battery. The amount is"), "advertises in en"),
        ("statement-ready", ("Le montant", "Profitez-en ! Le montant"), "advertises in fr"),
        ("statement-ready", ("Der Betrag", "Zehn Euro Rabatt! Der Betrag"), "advertises in de"),
        ("statement-ready", ("Je afrekening van", "Kor\u200bting op je afrekening van"), "advertises in nl"),
        ("visit-planned", ("Our installer", "Special  offer, our installer"), "advertises in en"),
        ("satisfaction", ("We would like", "Win a battery! We would like"), "advertises in en"),
        ("invitation", ("We use it", "Limited offer. We use it"), "advertises in en"),
        ("objection-ack", ("There is nothing", "Last promo! There is nothing"), "advertises in en"),
        ("visit-planned", ("values: [day]", "values: [day]\npromotes: {product: battery, seller: blossom}"), "promotes"),
        ("visit-planned", ("day}. Past dat", "day} https://shop.example. Past dat"), "has a link of its own"),
        ("visit-planned", ("  de: Onze", "  it: Onze"), ""),
        ("battery-offer", ("seller: blossom,", "seller: acme,"), "neither the company nor one of its affiliates"),
        ("battery-offer", ("seller: blossom, similar", "seller: blossom_solar, similar"), "similar to one's own"),
        ("battery-offer", ("channels: [post", "channels: [whatsapp, post"), "channel `whatsapp` is not declared"),
        ("battery-offer", ("promotes: {product: battery, seller: blossom, similar: true}", ""), "what it promotes"),
        ("battery-offer", ("purpose: marketing", "purpose: quality"), "is not sent for `quality`"),
        ("battery-offer", ("class: marketing", "class: marketing\nautomated: true"), "a machine that calls needs consent"),
        ("spring-news", ("purpose: consent_marketing", "purpose: marketing"), "not sent for `marketing`"),
        ("open-day", ("op {day}", "op {person.secret}"), "person.secret"),
        ("open-day", ("op {day}", "op {dag}"), "`dag`"),
        ("open-day", ("op {day}", "op {"), "fills in"),
        ("open-day", ("key: open-day", "key: other"), "holds template `other`"),
    ],
)  # fmt: skip
@pytest.mark.promise("P-077")
@pytest.mark.promise("P-084")
@pytest.mark.promise("P-088")
@pytest.mark.promise("P-089")
@pytest.mark.promise("P-090")
def test_what_may_not_be_said_is_refused_at_load(
    at: Stage, key: str, change: tuple[str, str], said: str
) -> None:
    if change[0] not in (MESSAGES / "templates" / f"{key}.yaml").read_text():
        change = ("  de: ", "  it: ")
    assert said in spoilt(at, key, change)


@pytest.mark.promise("R-065")
@given(st.sampled_from(_promotional()), st.text("abc .,!", max_size=9), st.booleans())
def test_every_word_of_the_list_is_found_wherever_it_stands(word: str, around: str, large: bool) -> None:
    text = f"{around} {word.upper() if large else word} {around}"
    assert promotional(text) is not None


def test_plain_words_are_no_advertising() -> None:
    for text in (
        "Je afrekening staat klaar",
        "Your promise",
        "Le montant est de 12 €",
        "Anruf am Montag",
        "",
    ):
        assert promotional(text) is None or text == "Your promise", text


@pytest.mark.promise("R-060")
@pytest.mark.promise("P-089")
@pytest.mark.promise("P-092")
def test_every_language_says_whose_it_is_and_how_to_stop_it(at: Stage) -> None:
    for template in templates(at).all.values():
        for language in LANGUAGES:
            values = dict.fromkeys(template.values, "7")
            advertises = at.rules.class_rule(template.class_).advertising
            said = render(template, at.rules, language, values, ("LINK-1", "LINK-2") if advertises else None)
            assert at.rules.file.sender[language] in said.text
            assert ("LINK-1" in said.text and "LINK-2" in said.text) == advertises
