"""The jobs of an installer: where, when, what, and a number to call. For its page and for its program, the same.

A job is there while it is assigned (the account's own days), open (the map's `scope_ends`) and while the register lets
the installer have it; each look is decided and recorded by `recipients.live`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from bloesem.recipients.live import Asked, Door, door
from bloesem.recipients.model import Assignment
from bloesem.recipients.ready import DisclosureError
from charging.portal.access import actor_of
from charging.portal.models import Reach, User
from charging.portal.register import register

#: What an installer needs for the job, and nothing else of the person (P-114, P-125).
FIELDS = (
    "identification.address",
    "contact.phone",
    "installation.place",
    "installation.meter",
    "installation.cable",
    "installation.preference",
    "installation.progress",
)
PHOTOS = "installation.photo"
ADDRESS = ("street", "postal_code", "city", "country")
WHAT = ("preferred_brand", "preferred_model", "grid", "main_fuse_ampere", "digital_meter", "cable_metres")
_FILE = ("place", "preferred_days", "progress", "progress_on", *WHAT)
_NEWEST = sql.SQL("recorded_at DESC, id DESC")


@dataclass(frozen=True)
class Job:
    """`what`: to be installed, and how it is connected; no empty values. `until`: the last day of the assignment."""

    number: int
    address: dict[str, str]
    phone: str
    place: str
    window: str
    progress: str
    progress_on: dt.date | None
    what: dict[str, Any]
    until: dt.date | None
    photos: tuple[tuple[dt.date | None, str], ...] = ()


@dataclass(frozen=True)
class Jobs:
    """`refused`: why nothing is shown of what is assigned, where that is so for all of it."""

    jobs: tuple[Job, ...]
    refused: DisclosureError | None = None


def asked(user: User, reach: Reach, *, photos: bool = False) -> Asked:
    """The job as an assignment of the register's kind. Without a first and a last day there is none, and that refuses."""
    task = None
    if reach.since is not None and reach.until is not None:
        first = min(reach.since, reach.until)
        task = Assignment(kind="job", starts=first, ends=reach.until, decided=first)
    fields = (*FIELDS, PHOTOS) if photos else FIELDS
    return Asked(user.recipient, fields, f"job-{reach.number}", task, actor=actor_of(user))


def all_of(user: User) -> Jobs:
    """The account's open jobs, soonest to end first."""
    found: list[Job] = []
    refusals: list[DisclosureError] = []
    for reach in user.reaches.order_by("until", "number"):
        try:
            with door("installer", reach.number, asked(user, reach), company=register()) as opened:
                job = _read(opened, reach)
        except DisclosureError as refusal:
            refusals.append(refusal)
            continue
        if job is not None:
            found.append(job)
    return Jobs(tuple(found), refusals[0] if refusals and not found else None)


def one(user: User, number: int) -> Job | None:
    """A job of this account, with its pictures; none where it is no job of theirs, or closed. Raises `DisclosureError`."""
    reach = user.reaches.filter(number=number).first()
    if reach is None:
        return None
    with door("installer", number, asked(user, reach, photos=True), company=register()) as opened:
        return _read(opened, reach, photos=True)


def _read(opened: Door, reach: Reach, *, photos: bool = False) -> Job | None:
    file = next(iter(opened.rows("installation_file", _FILE, order=_NEWEST, most=1)), None)
    if file is None:
        return None
    # The first owner's: of whom shares the home, nothing is needed.
    whose, of = sql.SQL("person_id = %s"), [file["person"]]
    address = next(iter(opened.rows("address", ADDRESS, where=whose, values=of, order=_NEWEST, most=1)), {})
    phone = next(
        iter(opened.rows("phone_number", ("value",), where=whose, values=of, order=_NEWEST, most=1)), {}
    )
    taken = []
    if photos:
        taken = opened.rows("installation_photo", ("taken_on", "shows"), order=sql.SQL("taken_on, id"))
    return Job(
        number=reach.number,
        address={name: str(address[name]) for name in ADDRESS if address.get(name)},
        phone=str(phone.get("value") or ""),
        place=str(file["place"] or ""),
        window=str(file["preferred_days"] or ""),
        progress=str(file["progress"] or ""),
        progress_on=file["progress_on"],
        what={name: file[name] for name in WHAT if file[name] is not None},
        until=reach.until,
        photos=tuple((row["taken_on"], str(row["shows"] or "")) for row in taken),
    )


__all__ = ["FIELDS", "PHOTOS", "Job", "Jobs", "all_of", "asked", "one"]
