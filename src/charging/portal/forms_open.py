"""What public forms record: through the gate as `forms`, which adds rows and reads none; each with its declared source.

Whoever's address it is already gets the row; whether that is so is seen by nobody (P-060, P-104).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import IntegrityError, connections, transaction
from django.utils.crypto import salted_hmac

from bloesem.company import load as load_company
from bloesem.consent.tables import DOOR
from bloesem.consent.texts import ConsentText, Texts, load_texts
from bloesem.console.company import current
from bloesem.gate import identified, new_id, purpose
from bloesem.gate.own import ask as ask_inside
from bloesem.plan.dates import civil
from bloesem.plan.sql.ages import BROKEN
from bloesem.sending.ready import rules_of
from bloesem.sending.templates import load_templates, promotional
from charging.portal.anyone import asked

#: How long the link of the letter works (its words say so).
DAYS = 3
FORM = "subject:contactformulier"
#: Who somebody is to us, and in which language the form was: ours to say, not theirs.
ASSIGNED = "assigned"


#: Who may agree: whoever is old enough, or the parent of who is not (R-057).
By = Literal["self", "parent"]
WHO: tuple[By, ...] = ("self", "parent")


@dataclass(frozen=True)
class Wanted:
    """What somebody ticked, before they proved that the address is theirs. `record`: what the consent will be called."""

    address: str
    language: str
    text: str
    source: str
    at: dt.datetime
    record: str
    by: By = "self"


def now() -> dt.datetime:
    found: dt.datetime = asked("SELECT bloesem.moment()")
    return found


@cache
def texts() -> Texts:
    home = Path(os.environ.get("BLOESEM_COMPANY", "company/blossom"))
    loaded = load_company(home, on=civil(dt.datetime.now(dt.UTC)), prefix=current().plan.prefix)
    rules = rules_of(loaded)
    assert rules is not None
    assert loaded.company.messages is not None
    return load_texts(loaded.company.messages / "consents.yaml", rules)


def text_of(key: str) -> ConsentText:
    """The words that are shown beside the box today."""
    return texts().current(key, civil(now()))


# ---- the link of the letter ----------------------------------------------------------------------------------------------


def _box() -> Fernet:
    key = salted_hmac("charging.portal.confirm", settings.SECRET_KEY, algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))


def ask(address: str, language: str, key: str, source: str, by: By) -> None:
    """The letter that asks to confirm; nothing else is kept until somebody does. The link holds what was ticked, sealed."""
    at = now()
    said = [address.strip(), language, text_of(key).name, source, at.isoformat(), by]
    link = ""
    while not link or promotional(link):  # letters drawn by chance may spell anything
        token = _box().encrypt_at_time(json.dumps(said).encode(), int(at.timestamp())).decode().rstrip("=")
        link = f"{settings.BLOESEM_PORTAL}/{language}/confirm/{token}"
    asked(f"SELECT {DOOR}.ask_to_confirm(%s, %s, %s)", address, language, link)


def opened(token: str) -> Wanted | None:
    """What a link says; None for one that is not ours, was cut off, or is older than it may be to confirm anything new."""
    try:
        raw = _box().decrypt(token + "=" * (-len(token) % 4))
        address, language, text, source, at, *more = json.loads(raw)
        by = cast("By", more[0]) if more and more[0] in WHO else "self"
    except (InvalidToken, ValueError, TypeError):
        return None
    record = uuid.UUID(bytes=hashlib.sha256(raw).digest()[:16], version=4)
    return Wanted(address, language, text, source, dt.datetime.fromisoformat(at), str(record), by)


def too_old(wanted: Wanted) -> bool:
    return now() > wanted.at + dt.timedelta(days=DAYS)


def became(wanted: Wanted) -> str | None:
    """`given`, `withdrawn`, or None while it was not confirmed."""
    found = asked(f"SELECT {DOOR}.consent_became(%s)", wanted.record)
    return str(found) if found else None


def confirm(wanted: Wanted) -> bool:
    """The address is proven: the consent is given now, to the words that were shown. Twice is once, also at once. out:
    False where whoever has this address is too young, or too old for a parent's word (R-057): then nothing is kept."""
    with _of_age() as young, _alone(wanted.address) as known:
        if became(wanted) is not None:
            return True
        text = texts().named(wanted.text)
        with purpose("forms", serves=text.purpose), connections["default"].cursor() as cursor:
            person = _person(cursor, known, wanted.address, wanted.language, wanted.source, "prospect")
            _consent(cursor, person, text, wanted)
        asked(f"SELECT {DOOR}.newer_word(%s)", person)
    return not young


def take_back(wanted: Wanted) -> None:
    asked(f"SELECT {DOOR}.take_back_by_link(%s, 'page')", wanted.record)


# ---- rows ------------------------------------------------------------------------------------------------------------


@contextmanager
def _of_age() -> Iterator[list[bool]]:
    """What is refused inside because of somebody's age leaves nothing. out: empty, unless it was."""
    young: list[bool] = []
    try:
        yield young
    except IntegrityError as refused:
        diag = getattr(refused.__cause__, "diag", None)
        if getattr(diag, "constraint_name", None) != BROKEN:
            raise
        young.append(True)


def enter_contest(contest: int, address: str, language: str, answer: str, by: By) -> bool:
    """An entry, which is valid without any box of advertising (P-096): taking part is the consent to run it (P-043). out:
    as `confirm`."""
    source = f"subject:wedstrijd:{contest}"
    at = now()
    text = text_of("take_part")
    with (
        _of_age() as young,
        _alone(address) as known,
        purpose("forms", serves=text.purpose),
        connections["default"].cursor() as cursor,
    ):
        person = _person(cursor, known, address, language, source, "entrant", consent=text, at=at, by=by)
        _add(
            cursor, "contest_entry", person, source, contest_id=contest, entered_at=at, answer=answer or None
        )
    return not young


@cache
def invited() -> frozenset[str]:
    """Surveys that only an invitation opens: those that a template asks."""
    home = Path(os.environ.get("BLOESEM_COMPANY", "company/blossom"))
    today = civil(dt.datetime.now(dt.UTC))
    loaded = load_company(home, on=today, prefix=current().plan.prefix)
    rules = rules_of(loaded)
    if rules is None or loaded.company.messages is None:
        return frozenset()
    every = load_templates(loaded.company.messages / "templates", rules, today).all.values()
    return frozenset(it.asks for it in every if it.asks is not None)


def may_answer(key: str, ballot: str) -> bool:
    """Whether the link of an invitation was not used yet."""
    return asked(f"SELECT {DOOR}.ballot_open(%s, %s)", key, ballot) is True


def answer_survey(
    survey: int, score: int, words: str, language: str, link: tuple[str, str] | None = None
) -> bool:
    """An answer of somebody whom we do not ask who they are: what a survey is for reads no address (P-044). in: `link`, the
    survey's key and the ballot of an invitation, which this answer uses up: both are there in one commit, or neither is, and
    a ballot is nobody's. out: False where it was used already."""
    source = f"subject:enquête:{survey}"
    with (
        _one_moment() as at,
        purpose("forms", serves="quality") as opened,
        connections["default"].cursor() as cursor,
    ):
        if link is not None and ask_inside(opened, "ballot_take", link, DOOR) != [(True,)]:
            return False
        person = _somebody(cursor, language, "unidentified")
        _add(
            cursor,
            "survey_answer",
            person,
            source,
            survey_id=survey,
            answered_at=at,
            score=score,
            words=words or None,
        )
    return True


def contact(address: str, language: str, content: str) -> None:
    """A question. Whoever has no account has a clock all the same, from this contact (P-045, P-104)."""
    at = now()
    with (
        _alone(address) as known,
        purpose("forms", serves="support"),
        connections["default"].cursor() as cursor,
    ):
        person = _person(cursor, known, address, language, FORM, "prospect")
        _add(
            cursor,
            "contact",
            person,
            FORM,
            channel="other",
            direction="inbound",
            at=at,
            about="form",
            content=content,
        )


@contextmanager
def _one_moment() -> Iterator[dt.datetime]:
    """Inside, `now` stands still, and is not after what the rows' own transaction takes for now: nothing is dated ahead."""
    with transaction.atomic(using="signin"):
        yield now()


@contextmanager
def _alone(address: str) -> Iterator[int | None]:
    """One form with this address at a time: the second finds what the first made. out: whose address it is."""
    normal = address.strip().lower()
    with _one_moment():
        asked("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))::text", normal)
        yield identified("email", normal)


def _person(
    cursor: Any,
    known: int | None,
    address: str,
    language: str,
    source: str,
    kind: str,
    *,
    consent: ConsentText | None = None,
    at: dt.datetime | None = None,
    by: By = "self",
) -> int:
    """The one whose address it is; somebody new otherwise, with the address and nothing more."""
    person = known or _somebody(cursor, language, kind)
    if consent is not None:
        assert at is not None
        wanted = Wanted(address, language, consent.name, source, at, str(uuid.uuid4()), by)
        _consent(cursor, person, consent, wanted)
    if known is None:
        _add(
            cursor, "email_address", person, source, value=address.strip(), value_norm=address.strip().lower(),
            collected_at=now(), opt_out_offered=False,
        )  # fmt: skip
    return person


def _somebody(cursor: Any, language: str, kind: str) -> int:
    person = new_id()
    _insert(
        cursor, "person", id=person, recorded_at=now(), source=ASSIGNED, language=language, kind=kind, state="prospect"
    )  # fmt: skip
    return person


def _consent(cursor: Any, person: int, text: ConsentText, wanted: Wanted) -> None:
    at = now()
    _add(
        cursor,
        "consent",
        person,
        wanted.source,
        part=text.purpose,
        kinds=",".join(text.kinds) or None,
        channel=",".join(text.channels) or None,
        given_at=at,
        given_on=civil(at),
        how="a form of the site",
        words_version=text.name,
        words_digest=text.digest(wanted.language),
        notice_version=str(current().plan.version),
        record_id=wanted.record,
        language=wanted.language,
        given_by=wanted.by,
        action="confirmed" if text.channels else "ticked",
        proof=json.dumps(
            {
                "box": {"ticked": True, "preset": False, "with_terms": False},
                "seen": f"form at {wanted.at.isoformat()}",
            },
            sort_keys=True,
        ),
    )


def _add(cursor: Any, table: str, person: int, source: str, **values: Any) -> None:
    _insert(cursor, table, id=new_id(), person_id=person, recorded_at=now(), source=source, **values)


def _insert(cursor: Any, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))
