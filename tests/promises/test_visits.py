"""An analytics firm: nothing before consent for its cookie, a number and a page's name after it, and a stop when it ends."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.recipients.changed import DAY, blossom, changed
from tests.bloesem.recipients.test_posting import server

from bloesem.console import company, cookies, visits
from bloesem.console.company import Cookie
from bloesem.console.load import COOKIES, load
from bloesem.console.load import cookies as read_cookies
from bloesem.errors import PolicyError
from bloesem.policy.company import Company
from bloesem.recipients.posting import over_http

NAME, FIRM = "bloesem_visits", "google_analytics"
SAYS = {"nl": "Telt bezoeken.", "en": "Counts visits.", "fr": "Compte les visites.", "de": "Zählt Besuche."}
COLLECT = "https://collect.example/figures"


def here(**more: Any) -> Company:
    return changed(FIRM, collect=COLLECT, **more)


@pytest.mark.promise("P-122")
def test_an_analytics_firm_gets_nothing_before_consent_for_its_cookie_and_is_told_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test import Client, override_settings

    ours = load()
    assert [it.name for it in ours.cookies if it.recipient] == [], "the company's own pages are for no firm"
    counted = Cookie(name=NAME, purpose="service", basis="consent", lasts="P6M", says=SAYS, recipient=FIRM)
    monkeypatch.setattr(company, "_current", replace(ours, cookies=(*ours.cookies, counted)))
    folder = tmp_path / "visits"
    monkeypatch.setenv(visits.SETTING, str(folder))

    def signals() -> list[dict[str, str]]:
        return [json.loads(it.read_text("utf-8")) for it in sorted((folder / FIRM).glob("[0-9]*"))]

    def choose(client: Client, do: str) -> None:
        client.post("/nl/cookies/choice", {"do": do}, headers={"origin": "http://localhost"})

    def stamp(client: Client) -> str:
        return client.cookies[NAME].value if NAME in client.cookies else ""

    now = dt.datetime.now(dt.UTC)
    with (
        override_settings(ROOT_URLCONF="charging.portal.urls", ALLOWED_HOSTS=["localhost"]),
        server([503]) as (address, got),
    ):

        def post(url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
            assert url == COLLECT
            return over_http(address, body, headers)

        def sent(of: Company) -> list[dict[str, str]]:
            before = len(got)
            visits.deliver(of, folder, post, now, DAY)
            return [one for _, body in got[before:] for one in json.loads(body)["signals"]]

        client = Client(headers={"host": "localhost"})
        client.get("/nl/safeguards")
        choose(client, "refuse")
        client.get("/nl/safeguards")
        assert (stamp(client), signals()) == ("", []), "nobody agreed"

        choose(client, "accept")
        client.get("/nl/safeguards")
        number = stamp(client)
        assert visits.known(number)
        client.get("/fr/safeguards", headers={"sec-gpc": "1"})
        client.get("/nl/safeguards/nimbus-us")
        client.get("/nl/nowhere")
        (one,) = signals()
        assert set(one) == {"kind", "visitor", "day", "page"}, "no address, no machine"
        assert (one["kind"], one["visitor"], one["page"]) == ("visit", number, "portal-safeguards")
        sent(here())
        assert len(signals()) == 1, "its server did not take it"
        assert [it["kind"] for it in sent(here())] == ["visit"]
        assert signals() == []

        # Whom the register refuses that day gets no visit, also not later: its contract, or its transfer, has lapsed.
        client.get("/nl/safeguards")
        assert sent(here(contract={"valid_until": DAY - dt.timedelta(days=1)})) == []
        assert signals() == []

        # A withdrawal: a stop, though the contract has ended, and nothing of that number beside.
        client.get("/nl/safeguards")
        choose(client, "refuse")
        assert stamp(client) == ""
        assert [it["kind"] for it in signals()] == ["visit", "stop"]
        stops = sent(here(contract={"valid_until": DAY - dt.timedelta(days=1)}))
        assert [(it["kind"], it["visitor"]) for it in stops] == [("stop", number)]
        client.get("/nl/safeguards")
        assert signals() == []

        # So too where the choice itself has run out, or was deleted, and the number is still there.
        choose(client, "accept")
        client.get("/nl/safeguards")
        again = stamp(client)
        assert again != number
        del client.cookies[cookies.CHOICE]
        client.get("/nl/safeguards")
        assert stamp(client) == ""
        assert [(it["kind"], it["visitor"]) for it in sent(here())] == [("stop", again)]


def test_such_a_cookie_asks_for_consent_and_a_firm_of_another_kind_gets_nothing(tmp_path: Path) -> None:
    (tmp_path / COOKIES).write_text(
        "cookies: [{name: x, purpose: service, basis: necessary, lasts: P1M, says: {nl: x}, recipient: google_analytics}]"
    )
    with pytest.raises(PolicyError, match="without consent"):
        read_cookies(tmp_path / COOKIES, company.current().plan)
    assert visits.allowed(blossom(), FIRM, DAY)
    assert not visits.allowed(blossom(), "klaproos", DAY)
    assert not visits.allowed(blossom(), "nobody", DAY)
