"""The address of the notice, over versions: the latest stands there, older ones stay, and every link leads somewhere."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve
from django.utils import translation
from tests.bloesem.notice.test_notice import copied, second
from tests.thorough import again

from bloesem.console.language import day as said_day
from bloesem.plan.dates import civil

__all__ = ["copied"]


@pytest.fixture
def client(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The portal's pages over a company with an old version, one since yesterday, and one from tomorrow on."""
    import django

    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "charging.settings")
    django.setup()
    from django.test import Client, override_settings

    today = civil(dt.datetime.now(dt.UTC))
    second(copied, (today - dt.timedelta(days=1)).isoformat())
    second(copied, (today + dt.timedelta(days=1)).isoformat())
    with override_settings(
        ROOT_URLCONF="charging.portal.urls", BLOESEM_COMPANY=str(copied), ALLOWED_HOSTS=["localhost"]
    ):
        yield Client(headers={"host": "localhost"})


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


@pytest.mark.promise("P-182")
@pytest.mark.promise("P-174")
def test_one_lasting_address_gives_the_latest_version_and_older_ones_stay(client: Any) -> None:
    today = civil(dt.datetime.now(dt.UTC))
    yesterday, tomorrow = today - dt.timedelta(days=1), today + dt.timedelta(days=1)
    latest = client.get("/nl/notice").content.decode()
    assert "We willen hierover ook kort en helder communiceren" in words(latest)
    assert f'"version": "{yesterday}"' in latest
    old = client.get("/nl/notice/2024-03-18")
    assert old.status_code == 200
    assert "We willen hierover ook klaar en duidelijk communiceren" in words(old.content.decode())
    assert "Een oude versie" in old.content.decode()
    to_come = client.get(f"/nl/notice/{tomorrow}")
    assert "Deze versie geldt pas vanaf" in to_come.content.decode()
    shown = {
        yesterday: latest,
        dt.date(2024, 3, 18): old.content.decode(),
        tomorrow: to_come.content.decode(),
    }
    for of, page in shown.items():  # each version its own day
        assert words(page).count(f"Laatst gewijzigd: {said_day(of, 'nl')}") == 1, of
    changes = client.get(f"/nl/notice/changes?from=2024-03-18&to={yesterday}").content.decode()
    assert "In betekenis is er niets veranderd." in changes  # the same promises in other words
    assert "<del>klaar</del>" in changes
    assert "<ins>kort</ins>" in changes
    for day in ("2024-03-18", str(yesterday), str(tomorrow)):
        assert f'href="/nl/notice/{day}"' in changes


@pytest.mark.promise("P-174")
@pytest.mark.parametrize("language", again("nl", "fr"))
def test_every_link_of_the_notice_leads_somewhere(client: Any, language: str) -> None:
    """The page's own places, and the addresses of this site; an address elsewhere is a mail or a secure one."""
    pages: dict[str, Any] = {}
    for start in ("notice", "notice/2024-03-18", "notice/changes", "promises", "notice?q=account"):
        page = client.get(f"/{language}/{start}").content.decode()
        found = set(re.findall(r'<a [^>]*href="([^"]+)"', page))
        assert len(found) > 5
        for link in found:
            where, _, place = link.partition("#")
            if link.startswith(("mailto:", "https://")):
                continue
            if where.startswith("?"):
                where = f"/{language}/{start.partition('?')[0]}{where}"
            ours = re.match(r"/(nl|fr)/(notice|promises|cookies)", where)
            if where and not ours:
                with translation.override(where.split("/")[1]):
                    resolve(where, "charging.portal.urls")  # raises where there is no such page
            if ours and where not in pages:
                pages[where] = client.get(where)
            answer = pages[where] if ours else None
            target = answer.content.decode() if answer is not None else page
            if answer is not None:
                assert answer.status_code in (200, 302), link
            if place and (ours or not where):
                assert f'id="{place}"' in target, link
