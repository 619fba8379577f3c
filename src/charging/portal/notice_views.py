"""The notice, its versions and their differences, the public table of promises, and what a sentence means for whoever is
signed in. Each page is decided anew by the day and by what stands in the company's files: see `bloesem.notice.shelf`."""

from __future__ import annotations

import datetime as dt
import os
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from bloesem.company import PREFIX
from bloesem.console.company import current
from bloesem.gate import purpose
from bloesem.notice import meaning
from bloesem.notice import render as rendering
from bloesem.notice.differences import differences
from bloesem.notice.model import Notice
from bloesem.notice.proofs import in_words, keeper
from bloesem.notice.said import say, spoken
from bloesem.notice.search import LONGEST, search
from bloesem.notice.shelf import Shelf
from bloesem.notice.text import Text
from bloesem.plan.dates import civil
from bloesem.policy.model import Policy
from charging.portal import notice_mine, privacy
from charging.portal.access import seated
from charging.portal.seats import PERSON
from charging.portal.views import number_of


def _language() -> str:
    return get_language() or "nl"


def _today() -> dt.date:
    return civil(dt.datetime.now(dt.UTC))


def _home() -> str:
    return str(
        getattr(settings, "BLOESEM_COMPANY", "") or os.environ.get("BLOESEM_COMPANY") or "company/blossom"
    )


@cache
def _shelf(home: str, prefix: str) -> Shelf:
    return Shelf(Path(home), prefix)


def shelf() -> Shelf:
    """The versions of this process's company. What lies on it follows the files; the shelf itself stays."""
    prefix = str(getattr(settings, "BLOESEM_PREFIX", "") or os.environ.get("BLOESEM_PREFIX") or PREFIX)
    return _shelf(_home(), prefix)


# ---- the notice ------------------------------------------------------------------------------------------------------


@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    """The version in force today, always at this address (P-174)."""
    return _shown(request, shelf().in_force(_today()).version)


@require_safe
def version(request: HttpRequest, date: str) -> HttpResponse:
    """One version, at its own address for ever."""
    try:
        found = shelf().version(dt.date.fromisoformat(date)) if len(date) == 10 else None
    except ValueError:
        found = None
    if found is None:
        versions = [one.version for one in reversed(shelf().company().versions)]
        return render(request, "portal/notice_missing.html", {"versions": versions}, status=404)
    return _shown(request, found.version)


def _shown(request: HttpRequest, day: dt.date) -> HttpResponse:
    language, today = _language(), _today()
    made = shelf().notice(day, language, today)
    asked = request.GET.get("q", "").strip()[:LONGEST]
    context = _context(request, made)
    if asked:
        hits = search(made, asked)
        return render(request, "portal/notice_search.html", {**context, "asked": asked, "hits": hits})
    body = shelf().rendered((day, language, today), lambda: rendering.body(made))
    return render(request, "portal/notice.html", {**context, "body": body})


def _context(request: HttpRequest, made: Notice) -> dict[str, Any]:
    permanent = reverse("portal-notice-version", args=[made.version.isoformat()])
    latest = reverse("portal-notice")
    return {
        "notice": made,
        "permanent": permanent,
        "shown_at": latest if request.path == latest else permanent,
        "schema": rendering.schema_org(
            made, request.build_absolute_uri(permanent), request.build_absolute_uri(latest)
        ),
    }


@require_safe
@seated(PERSON)
def mine(request: HttpRequest) -> HttpResponse:
    """The version in force, and with each sentence what it means for the data of whoever is signed in, today."""
    language, today = _language(), _today()
    made = shelf().notice(shelf().in_force(today).version, language, today)
    company, who = current(), number_of(request)
    with purpose("subject", person=who) as opened:
        shown = privacy.page(opened, company, who, privacy.choices(_home()), language)
    body = rendering.body(made, notice_mine.lines(made, shown, language))
    return render(request, "portal/notice_mine.html", {"notice": made, "body": body, "today": today})


# ---- versions --------------------------------------------------------------------------------------------------------


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """What differs between two versions: in words, and in what they mean."""
    versions = [one.version for one in shelf().company().versions]
    context: dict[str, Any] = {"versions": list(reversed(versions))}
    if len(versions) > 1:
        new = _chosen(request, "to", versions, versions[-1])
        older = [one for one in versions if one < new] or versions[:1]
        old = _chosen(request, "from", versions, older[-1])
        compared = shelf().rendered(("compared", old, new, _language()), lambda: _compared(old, new))
        assert isinstance(compared, dict)
        context |= {"old": old, "new": new, **compared}
    return render(request, "portal/notice_changes.html", context)


def _chosen(request: HttpRequest, name: str, versions: list[dt.date], otherwise: dt.date) -> dt.date:
    said = request.GET.get(name, "")
    return next((one for one in versions if one.isoformat() == said), otherwise)


def _compared(old: dt.date, new: dt.date) -> dict[str, Any]:
    before, after = shelf().text(old), shelf().text(new)
    language = _language()
    said: dict[str, Any] = {"meaning": meaning.differences(_policy(old), _policy(new), language)}
    if before is None or after is None:
        return {**said, "untold": True}
    both = [one for one in before.languages if one in after.languages]
    shown = language if language in both else after.language
    found, kept = differences(
        [line.says.get(shown, line.original) for line in before.lines],
        [line.says.get(shown, line.original) for line in after.lines],
    )
    named = say(f"notice.{shown}", language)
    return {**said, "differences": found, "kept": kept, "shown_in": shown, "compared_in": named}


def _policy(day: dt.date) -> Policy:
    found = shelf().version(day)
    assert found is not None
    return found


# ---- promises --------------------------------------------------------------------------------------------------------

STATES = ("proven", "unproven", "failing")


@require_safe
def promises(request: HttpRequest) -> HttpResponse:
    """What the version in force promises, what keeps each promise, and its proof. Anybody may read it."""
    language, today = _language(), _today()
    day = shelf().in_force(today).version
    table = shelf().table(day, today)
    text = shelf().text(day)
    anchors = {id_: line.anchor for line in reversed(text.lines) for id_ in line.promises} if text else {}
    only = request.GET.get("state", "")
    rows = [
        {
            "id": proof.promise.id,
            "quote": proof.promise.quote,
            "claim": spoken(proof.promise.claim, language),
            "keeps": [keeper(name, language) for name in proof.promise.keeps],
            "state": proof.state,
            "proof": in_words(proof, table.ran, language),
            "anchor": anchors.get(proof.promise.id, ""),
        }
        for proof in table.proofs
        if only not in STATES or proof.state == only
    ]
    counts = [(state, sum(proof.state == state for proof in table.proofs)) for state in STATES]
    context = {
        "rows": rows,
        "counts": counts,
        "only": only if only in STATES else "",
        "total": len(table.proofs),
        "ran": table.ran,
        "version": day,
        "text_language": text.language if text else "nl",
        "text_at": _text_at(text, language),
    }
    return render(request, "portal/promises.html", context)


def _text_at(text: Text | None, language: str) -> str:
    """Where the sentences can be read: in the page's language, or in the text's own while they are not translated."""
    if text is None or language in text.languages:
        return reverse("portal-notice")
    with translation.override(text.language):
        return reverse("portal-notice")


urlpatterns = [
    path("notice", notice, name="portal-notice"),
    path("notice/changes", changes, name="portal-notice-changes"),
    path("notice/<str:date>", version, name="portal-notice-version"),
    path("me/notice", mine, name="portal-notice-mine"),
    path("promises", promises, name="portal-promises"),
]
