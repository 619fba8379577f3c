"""The pages: who may see which, and what an address may not hold."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from tests.bloesem.console.stage import BLOSSOM, Stage

from bloesem.console import company, jobs, views

NEAR = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8000"}
SECRET = ("date", "person", "person/ann", "try")


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True, **NEAR)  # type: ignore[arg-type]


def token(client: Client, path: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(path).content.decode())
    assert found
    return found.group(1)


@pytest.mark.parametrize("page", SECRET)
def test_outside_a_demonstration_these_pages_do_not_exist(
    pages: Stage, settings: Any, client: Client, page: str
) -> None:
    settings.BLOESEM_DEMO = False
    assert client.get(f"/nl/{page}").status_code == 404
    assert client.get("/nl/").status_code == 200


@pytest.mark.parametrize("page", ["", *SECRET])
@pytest.mark.parametrize(
    "where",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_from_elsewhere_every_page_is_refused(pages: Stage, page: str, where: dict[str, str]) -> None:
    answer = Client(**{**NEAR, **where}).get(f"/en/{page}")  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert b"at this machine" in answer.content


def test_another_sites_name_is_refused(pages: Stage) -> None:
    answer = Client(**{**NEAR, "HTTP_HOST": "evil.example"}).get("/nl/")  # type: ignore[arg-type]
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize("page", ["date", "try", "count"])
def test_a_form_from_elsewhere_is_refused(pages: Stage, client: Client, page: str) -> None:
    assert client.post(f"/nl/{page}", {"day": "2099-01-01", "do": "happen", "sure": "yes"}).status_code == 403


@pytest.mark.parametrize("language", ["nl", "en", "fr", "de"])
def test_every_page_opens_with_its_headers_and_in_its_language(
    pages: Stage, client: Client, language: str
) -> None:
    for page in ("", "date", "person/ann", "try"):
        answer = client.get(f"/{language}/{page}")
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert f'<html lang="{language}">' in text
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "no-store"
        assert "style=" not in text
        assert not re.search(r'(?:src|href)="https?:', text)
        assert not re.search(r"\b(?:why|clock|case|job)\.[a-z]", re.sub(r"<[^>]*>", "", text))


def test_the_address_speaks_the_browsers_language(pages: Stage, client: Client) -> None:
    assert client.get("/")["Location"] == "/nl/"
    assert client.get("/", HTTP_ACCEPT_LANGUAGE="en-GB,en;q=0.9,nl;q=0.5")["Location"] == "/en/"
    assert client.get("/", HTTP_ACCEPT_LANGUAGE="fr-BE")["Location"] == "/fr/"
    assert client.get("/", HTTP_ACCEPT_LANGUAGE="es")["Location"] == "/nl/"


def test_no_address_holds_anybody(pages: Stage, client: Client) -> None:
    text = client.get("/nl/person/ann").content.decode()
    for address in re.findall(r'(?:href|action|hx-get)="([^"]*)"', text):
        assert str(pages.ann) not in address
        assert "@" not in address


def test_letting_it_happen_asks_for_confirmation(pages: Stage, client: Client) -> None:
    form = {"csrfmiddlewaretoken": token(client, "/nl/date"), "day": "2031-01-01", "do": "happen"}
    answer = client.post("/nl/date", form)
    assert "niet terug kan" in answer.content.decode()


@pytest.mark.parametrize("day", ["gisteren", "2001-01-01", "9999-12-31", ""])
def test_a_day_that_cannot_be_is_refused_in_words(pages: Stage, client: Client, day: str) -> None:
    form = {"csrfmiddlewaretoken": token(client, "/nl/date"), "day": day, "do": "look"}
    answer = client.post("/nl/date", form)
    assert 'id="wrong"' in answer.content.decode()


def test_a_timeline_leaves_no_answer_behind(pages: Stage, client: Client) -> None:
    text, until = client.get("/nl/person/ann").content.decode(), time.monotonic() + 60
    while (
        job := re.search(r"\?job=[0-9a-f-]+", text)
    ) and time.monotonic() < until:  # where it takes longer than a page waits
        text = client.get(f"/nl/person/ann{job.group()}").content.decode()
    assert "Ann" in text
    assert 'class="timeline"' in text
    with pages.keeper.open() as keeper:
        query = "SELECT count(*) FROM bloesem.console_job WHERE kind = 'person' AND result IS NOT NULL"
        assert keeper.execute(query).fetchone() == (0,)


def test_a_prepared_attempt_shows_the_refusal_and_the_promise(pages: Stage, client: Client) -> None:
    form = {"csrfmiddlewaretoken": token(client, "/nl/try"), "ready": "0"}
    text = client.post("/nl/try", form).content.decode()
    assert "does not exist" in text
    assert "P-023" in text
    assert "bankrekeningnummer" in text


def test_a_count_that_ends_while_the_page_is_made_is_shown_and_not_asked_again(
    pages: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first count is done right after the page's first look."""
    counted = None
    until = time.monotonic() + 60
    while counted is None and time.monotonic() < until:
        with pages.keeper.open() as keeper:
            counted = jobs.latest(keeper, pages.company.plan, "overview")
    assert counted is not None
    looks: list[bool] = []

    def latest(_connection: object, _plan: object, _kind: object, *, over: bool = True) -> Any:
        looks.append(over)
        ended = len(looks) > 1
        return counted if ended == over else None

    asked: list[object] = []
    monkeypatch.setattr(views, "jobs", SimpleNamespace(latest=latest, ask=lambda *_: asked.append(_)))
    assert "<dl" in client.get("/nl/").content.decode()
    assert sorted(looks) == [False, True]
    assert asked == []


def test_unknown_addresses_and_jobs_are_not_found(pages: Stage, client: Client) -> None:
    assert client.get("/es/").status_code == 404
    assert client.get("/nl/date/00000000-0000-0000-0000-000000000000").status_code == 404
    for path, words in (
        ("/nl/person/nobody-at-all", "Deze bladzijde bestaat niet"),
        ("/en/person/nobody-at-all", "This page does not exist"),
        ("/es/", "Deze bladzijde bestaat niet"),
        ("/en/nothing-here", "This page does not exist"),
    ):
        answer = client.get(path)
        assert answer.status_code == 404
        assert words in answer.content.decode()
        assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("language", "title"), [("nl", "Er klopt iets niet"), ("en", "Something is not right")]
)
def test_a_policy_that_does_not_load_is_said_with_rule_and_remedy(
    pages: Stage, settings: Any, client: Client, tmp_path: Path, language: str, title: str
) -> None:
    broken = tmp_path / "company" / "blossom"
    shutil.copytree(BLOSSOM, broken)
    (tmp_path / "law").symlink_to(BLOSSOM.parents[1] / "law")
    policy = broken / "policy" / "2024-03-18" / "policy.yaml"
    whole = policy.read_text()
    policy.write_text(whole.replace("basis: contract", "basis: whim", 1))
    settings.BLOESEM_COMPANY = str(broken)
    company.use(None)
    for page in ("", *SECRET):
        answer = client.get(f"/{language}/{page}")
        text = answer.content.decode()
        assert answer.status_code == 503, page
        assert title in text
        assert "whim" in text
        assert text.count("<dd") == 3
    policy.write_text(whole)
    assert client.get(f"/{language}/try").status_code == 200


def test_a_fault_of_ours_has_a_page_of_ours(
    pages: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloesem.console.views.showing_attempts.choices", lambda *_: 1 / 0)
    client.raise_request_exception = False
    answer = client.get("/en/try")
    assert answer.status_code == 500
    assert "This went wrong" in answer.content.decode()
    assert "division" not in answer.content.decode()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"role": "nobody", "sql": "SELECT 1"}, "There is no such role"),
        ({"role": "marketing", "field": "no.where"}, "not on the data map"),
        ({"role": "marketing", "sql": "  "}, "Write a statement first"),
        ({"ready": "99"}, "There is no such attempt"),
    ],
)
def test_what_nobody_can_ask_is_said_and_runs_as_nobody(
    pages: Stage, client: Client, form: dict[str, str], words: str
) -> None:
    answer = client.post("/en/try", {"csrfmiddlewaretoken": token(client, "/en/try"), **form})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert words in text
    assert "Run as" not in text


def test_numbers_speak_the_pages_language(pages: Stage, client: Client) -> None:
    for language, sign in (("nl", ","), ("en", ".")):
        form = {"csrfmiddlewaretoken": token(client, f"/{language}/try"), "ready": "0"}
        assert re.search(rf"\d{re.escape(sign)}\d ms", client.post(f"/{language}/try", form).content.decode())


def test_the_list_of_roles_names_every_role_once(pages: Stage, client: Client) -> None:
    for language in ("nl", "en"):
        text = client.get(f"/{language}/try").content.decode()
        for scoped in pages.company.plan.scoped:
            assert f">{scoped.key}</option>" not in text
        assert 'label="…"' not in text
        cases = client.get(f"/{language}/person/ann").content.decode()
        labels = re.findall(r"<option[^>]*>([^<]+)</option>", cases)
        assert len(labels) == len(set(labels)) > 3


def test_letting_it_happen_without_the_tick_keeps_the_preview(pages: Stage, client: Client) -> None:
    form = {"csrfmiddlewaretoken": token(client, "/en/date"), "day": "2031-01-01", "do": "look"}
    address = client.post("/en/date", form)["Location"]
    for _ in range(100):
        if 'id="outcome"' in client.get(address).content.decode():
            break
        time.sleep(0.1)
    form |= {"do": "happen", "answer": address.rsplit("/", 1)[1]}
    text = client.post("/en/date", form).content.decode()
    assert 'id="unsure"' in text
    assert 'class="sum"' in text
    gone = re.findall(r'<span class="num">(\d[\d,]*) <span class="small">', text)
    assert gone
    assert all(pair != ("0", "0") for pair in zip(gone[::2], gone[1::2], strict=True))
