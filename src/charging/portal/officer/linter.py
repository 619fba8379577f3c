"""The officer's page of the linter: what it finds in a version, filtered by severity, article and rule."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bloesem.console.officer import linting
from bloesem.errors import PolicyError
from bloesem.gate.oversight import Oversight
from bloesem.policy.lint import unread
from bloesem.policy.lint.reading import notice_of
from charging.portal.notice_views import shelf
from charging.portal.officer.versions import policy_of
from charging.portal.officer.views import _language, officers


@require_safe
@officers
def linter(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """`version`, `severity`, `article`, `rule`: all optional; what is none of them is not found."""
    files, today = shelf().company(), ask.today()
    given = request.GET.get("version", "")
    try:
        policy = policy_of(given) if given else files.in_force(today)
    except PolicyError:
        policy = files.versions[-1]
    every = linting.found(files, policy, today)
    asked = linting.Asked(
        request.GET.get("severity", ""), request.GET.get("article", ""), request.GET.get("rule", "")
    )
    if any(value and value not in linting.known()[name] for name, value in vars(asked).items()):
        raise Http404
    folder = files.policies / policy.version.isoformat() / f"text.{policy.language}.txt"
    lines = folder.read_text("utf-8").split("\n") if folder.is_file() else []
    context = linting.page(policy, lines, shelf().text(policy.version), every, asked, _language())
    context |= {"versions": [one.version for one in reversed(files.versions)], "today_of": today}
    context["unread"] = unread(notice_of(files, policy, today))
    return render(request, "console/officer/linter.html", context)


__all__ = ["linter"]
