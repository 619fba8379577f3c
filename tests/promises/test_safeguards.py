"""What leaves the EEA, told to anybody, with the copy of what protects it; and to a person, of their own data."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.notice.test_notice import copied
from tests.bloesem.recipients.changed import DAY, ask, blossom, moved, why
from tests.bloesem.recipients.store import unblocked

from bloesem.recipients.safeguards import safeguards

__all__ = ["copied", "unblocked"]  # and Django is set up
ALL = ["nimbus-us", "nimbus-india-in", "nimbus-india-us", "liberty-gb", "google-us", "meta-us"]
SECRET = "EUR 91.70 per hour"


@pytest.fixture
def client(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from django.test import Client, override_settings

    from charging.portal import safeguards_views

    monkeypatch.setattr(safeguards_views, "_today", lambda: DAY)
    with override_settings(
        ROOT_URLCONF="charging.portal.urls", BLOESEM_COMPANY=str(copied), ALLOWED_HOSTS=["localhost"]
    ):
        yield Client(headers={"host": "localhost"})


def changed_file(home: Path, old: str, new: str) -> None:
    file = home / "record" / "transfers.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def listed(page: str) -> list[str]:
    return re.findall(r'<tr id="([^"]+)"', page)


@pytest.mark.promise("P-144")
def test_anybody_sees_countries_and_mechanisms_and_gets_the_copy_while_it_holds(
    client: Any, copied: Path
) -> None:
    changed_file(copied, 'service levels", secret: ', f'service levels", text: "{SECRET}", secret: ')
    wanted = {
        "nl": ("Verenigde Staten", "adequaatheidsbesluit", "module 2", "niet voor immigratiecontrole"),
        "en": ("United States", "adequacy decision", "module 2", "not for the control of immigration"),
        "fr": ("États-Unis", "décision d’adéquation", "module 2", "pas pour le contrôle de l’immigration"),
        "de": (
            "Vereinigte Staaten",
            "angemessenheitsbeschluss",
            "modul 2",
            "nicht für die kontrolle der einwanderung",
        ),
    }
    for language, words in wanted.items():
        page = client.get(f"/{language}/safeguards").content.decode()
        assert listed(page) == ALL
        for word in words:
            assert word.lower() in page.lower(), (language, word)
        assert "safeguards." not in re.sub(r'(href|id)="[^"]*"', "", page)
    page = client.get("/en/safeguards").content.decode()
    assert "Implementing Decision (EU) 2023/1795, since 10 July 2023" in page
    assert "signed on 1 August 2026" in page
    assert "(Google)" in page
    assert "Nimbus" not in page, "the policy names kinds, and only some by name"

    # The copy: what was signed, without what is a business secret, which is told in other words.
    got = client.get("/fr/safeguards/nimbus-us")
    copy = got.content.decode()
    assert got.headers["Content-Disposition"] == 'attachment; filename="nimbus-us.txt"'
    for said in (
        "eur-lex.europa.eu/eli/dec_impl/2021/914",
        "Annex II: security",
        "keys outside the importer's reach",
        "[Omis : secret d’affaires. Il s’agit de : What the service costs",
        "duty to challenge requests (contractual)",
    ):
        assert said in copy, said
    assert SECRET not in copy
    adequate = client.get("/nl/safeguards/google-us").content.decode()
    assert "2023/1795" in adequate
    assert "entry of the list" in adequate

    # What lapsed yesterday is neither on the page nor to be had, and carries nothing; the others stay.
    last = DAY - dt.timedelta(days=1)
    changed_file(copied, "nimbus-us:\n", f"nimbus-us:\n    until: {last}\n")
    assert listed(client.get("/nl/safeguards").content.decode()) == [it for it in ALL if it != "nimbus-us"]
    assert client.get("/nl/safeguards/nimbus-us").status_code == 404
    assert client.get("/nl/safeguards/nobody-made-this").status_code == 404
    assert "transfer `nimbus-us`" in why(ask("nimbus", moved("nimbus-us", until=last)))


def test_a_transfer_is_listed_exactly_on_the_days_on_which_it_may_happen() -> None:
    now = {it.key: it.last for it in safeguards(blossom(), DAY)}
    assert list(now) == ALL
    for key, last in now.items():
        assert last is not None
        assert key in [it.key for it in safeguards(blossom(), last)]
        assert key not in [it.key for it in safeguards(blossom(), last + dt.timedelta(days=1))]
    without = moved("nimbus-us", clauses={"appendix": ()})
    (bare,) = [it for it in safeguards(without, DAY) if it.key == "nimbus-us"]
    assert (bare.parts, bare.ask_at) == ((), "privacy@blossomenergy.example")
    decision = ask("nimbus", without)
    assert decision.allowed
    assert ["is no file" in str(it) for it in decision.warnings] == [True]
