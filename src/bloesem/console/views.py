"""The pages. Each asks a service, and hands what comes back to a template; nothing is decided here."""

from __future__ import annotations

import datetime as dt
import re
import time
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import sql

from bloesem.console import breaking, door, jobs, showing, showing_attempts, showing_person
from bloesem.console.company import Company, current
from bloesem.console.guard import demonstration, in_demonstration, local
from bloesem.console.jobs import Job, Kind
from bloesem.console.keeper import EFFECTS, FOLLOWED, OVERVIEW
from bloesem.console.language import language_of, say
from bloesem.console.trouble import language_asked
from bloesem.plan.dates import civil
from bloesem.stores.postgres import Connection

#: How long a page waits for an answer before it shows that work goes on.
PATIENCE = 1.2
#: After this long without anyone taking the work, the keeper is not there.
SILENCE = dt.timedelta(seconds=15)
#: The key of an example.
CASE = re.compile(r"[a-z0-9_-]{1,60}")


@require_safe
@local
def start(request: HttpRequest) -> HttpResponse:
    """The address that `make up` prints: the reader's language, Dutch when the browser says nothing of it."""
    return redirect("console-now", language=language_asked(request))


@require_safe
@local
def now(request: HttpRequest, language: str) -> HttpResponse:
    company = current()
    with door.open_door(company.plan) as connection:
        # What is still to be done first: a count that ends in between is then among those that are done.
        waiting = jobs.latest(connection, company.plan, "overview", over=False)
        counted = jobs.latest(connection, company.plan, "overview")
        if counted is None and waiting is None:
            jobs.ask(connection, company.plan, "overview")
        context = _frame(connection, company, language, "now")
    if counted is not None:
        seen = OVERVIEW.validate_python(counted.result)
        context |= showing.now(company, seen, language)
    return _page(request, "now", context | {"waiting": waiting, "job": waiting})


@require_POST
@local
def count(request: HttpRequest, language: str) -> HttpResponse:
    company = current()
    with door.open_door(company.plan) as connection:
        if jobs.latest(connection, company.plan, "overview", over=False) is None:
            _wait(connection, company, jobs.ask(connection, company.plan, "overview"))
    return redirect("console-now", language=language)


# ---- the date --------------------------------------------------------------------------------------------------------

_DOES: dict[str, Kind] = {"look": "preview", "rehearse": "rehearse", "happen": "move"}


@require_http_methods(["GET", "HEAD", "POST"])
@demonstration
def date(request: HttpRequest, language: str) -> HttpResponse:
    company = current()
    with door.open_door(company.plan) as connection:
        context = _frame(connection, company, language, "date")
        chosen = request.POST.get("day") or request.GET.get("day") or ""
        context |= showing.days(context["today"], chosen)
        if request.method != "POST":
            return _page(request, "date", context)
        day, error = showing.day_asked(chosen, context["today"], language)
        what = _DOES.get(request.POST.get("do", "look"), "preview")
        if day is not None and what == "move" and request.POST.get("sure") != "yes":
            found = jobs.look(connection, company.plan, _uuid(request.POST.get("answer", "")))
            if found is not None and found.state == "done" and found.kind in _DOES.values():
                return _page(
                    request, "date", context | _answered(company, found, language) | {"unsure": True}
                )
            error = say("date.confirm.missing", language)
        if day is None or error:
            return _page(request, "date", context | {"error": error})
        job = jobs.ask(connection, company.plan, what, day=day.isoformat())
        _wait(connection, company, job)
    return redirect("console-date-answer", language=language, job=str(job))


@require_safe
@demonstration
def date_answer(request: HttpRequest, language: str, job: str) -> HttpResponse:
    company = current()
    with door.open_door(company.plan) as connection:
        found = jobs.look(connection, company.plan, uuid.UUID(job))
        context = _frame(connection, company, language, "date")
    if found is None or found.kind not in _DOES.values():
        return _page(request, "gone", context, status=404)
    context |= showing.days(context["today"], str(found.asked.get("day", "")))
    return _page(request, "date", context | _answered(company, found, language))


def _answered(company: Company, job: Job, language: str) -> dict[str, Any]:
    """What the page shows of a job about a day: how far it is, or what came of it."""
    day = dt.date.fromisoformat(str(job.asked["day"]))
    shown: dict[str, Any] = {"job": job, "day": day, **_progress(job, language)}
    if job.state == "done":
        shown |= showing.effects(company, EFFECTS.validate_python(job.result), language)
    return shown


# ---- one person --------------------------------------------------------------------------------------------------------


@require_safe
@demonstration
def people(request: HttpRequest, language: str) -> HttpResponse:
    """The examples. With ?case=… (the form without script) on to that one; the first is shown at once."""
    company = current()
    if request.GET.get("case"):
        if not CASE.fullmatch(request.GET["case"]):
            raise Http404
        return redirect("console-person", language=language, case=request.GET["case"])
    with door.open_door(company.plan) as connection:
        found = showing_person.cases(company, _cases(connection, company), language)
        context = _frame(connection, company, language, "person")
    if found:
        return redirect("console-person", language=language, case=found[0]["key"])
    return _page(request, "person", context | {"cases": []})


@require_safe
@demonstration
def person(request: HttpRequest, language: str, case: str) -> HttpResponse:
    company = current()
    with door.open_door(company.plan) as connection:
        context = _frame(connection, company, language, "person")
        context["cases"] = showing_person.cases(company, _cases(connection, company), language)
        context |= {"chosen": case, "as_table": request.GET.get("as") == "table"}
        asked = request.GET.get("job")
        if asked is None:
            job: Job | None = _wait(
                connection, company, jobs.ask(connection, company.plan, "person", case=case), 3
            )
        else:
            job = jobs.look(connection, company.plan, _uuid(asked))
        if job is None:
            return _page(request, "person", context | {"gone": True})
        if job.state == "refused" and (job.result or {}).get("refused") == "person.unknown":
            raise Http404
        context |= {"job": job, **_progress(job, language)}
        if job.state == "done":
            followed = FOLLOWED.validate_python(jobs.take_answer(connection, company.plan, job).result)
            context |= showing_person.person(company, followed.timeline, language)
            context["asked"] = showing_person.asked_now(company, followed, door.doors(company.plan))
            context["differ"] = sum(not it.equal for it in context["asked"])
    return _page(request, "person", context)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _cases(connection: Connection, company: Company) -> list[dict[str, str]]:
    found = jobs.latest(connection, company.plan, "cases")
    if found is None or not found.result:
        found = _wait(connection, company, jobs.ask(connection, company.plan, "cases"), patience=4)
    return list(found.result) if found is not None and found.state == "done" else []


# ---- break it ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@demonstration
def attempt(request: HttpRequest, language: str) -> HttpResponse:
    company = current()
    with door.open_door(company.plan) as connection:
        context = _frame(connection, company, language, "try")
    context |= showing_attempts.choices(company, language)
    if request.method == "POST":
        asked = showing_attempts.read_attempt(company, request.POST)
        context |= asked.context
        results = [
            breaking.attempt(
                lambda: door.open_as(company.plan, asked.role), company, asked.role, text, write=asked.write
            )
            for text in asked.statements
        ]
        context["results"] = [showing_attempts.attempt(company, made, language) for made in results]
        context["both"] = len(results) > 1
        context["wrong"] = say(asked.wrong, language) if asked.wrong else None
    return _page(request, "try", context, 400 if context.get("wrong") else 200)


# ---- the frame -----------------------------------------------------------------------------------------------------


def _frame(connection: Connection, company: Company, language: str, here: str) -> dict[str, Any]:
    """What every page shows: where we are, in which language, and what day it is in this database."""
    query = sql.SQL("SELECT {s}.today(), {s}.moment()").format(s=sql.Identifier(company.plan.schema))
    row = connection.execute(query).fetchone()
    connection.commit()
    assert row is not None
    today: dt.date = row[0]
    return {
        "language": language_of(language),
        "here": here,
        "company": company,
        "today": today,
        "ahead": (today - civil(dt.datetime.now(dt.UTC))).days,
        "demonstration": in_demonstration(),
    }


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"console/{name}.html", context, status=status)


def _wait(connection: Connection, company: Company, job: uuid.UUID, patience: float = PATIENCE) -> Job | None:
    """The job, when it is over within the patience; else as it stands."""
    until = time.monotonic() + patience
    while True:
        found = jobs.look(connection, company.plan, job)
        if found is None or found.over or time.monotonic() > until:
            return found
        time.sleep(0.008)


def _progress(job: Job, language: str) -> dict[str, Any]:
    """Words and share of the work; a refusal says why."""
    silent = (
        job.state == "waiting"
        and job.asked_at is not None
        and dt.datetime.now(dt.UTC) - job.asked_at > SILENCE
    )
    share = round(100 * job.done / job.total) if job.total else None
    refused = showing.refusal(job, language) if job.state == "refused" else None
    return {"silent": silent, "share": share, "refused": refused, "working": not job.over}


__all__ = ["attempt", "count", "date", "date_answer", "now", "people", "person", "start"]
