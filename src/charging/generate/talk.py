"""What people say and are told: contacts, faults, complaints, disputes, consents, contests, mailings."""

from __future__ import annotations

import datetime as dt

from charging.generate.money import invoice
from charging.generate.parts import SERVICE, email, name
from charging.generate.world import Life, civil


def contact(
    life: Life,
    at: dt.datetime,
    channel: str = "phone",
    direction: str = "inbound",
    source: str = SERVICE,
    content: str | None = None,
    about: str = "vraag",
) -> int:
    return life.row(
        "contact",
        at,
        source=source,
        channel=channel,
        direction=direction,
        at=at,
        about=about,
        content=content,
    )


def recording(life: Life, at: dt.datetime, *, all_consented: bool = False) -> int:
    """A recorded call: announced first, then recorded (P-079); for training only where all who speak agreed (P-003)."""
    call = contact(life, at)
    return life.row(
        "call_recording",
        at,
        source="observed:systeem",
        contact_id=call,
        all_parties_consented=all_consented,
        announced_at=at,
        announcement="quality",
        recorded_on=civil(at),
        began_at=at + dt.timedelta(seconds=9),
        seconds=life.random.randint(60, 900),
        audio=b"invented sound " + str(call).encode(),
    )


def fault(life: Life, at: dt.datetime, by: str = "person") -> int:
    source = SERVICE if by == "person" else "observed:thuislaadpunt"
    return life.row(
        "fault",
        at,
        source=source,
        station_id=life.station,
        reported_by=by,
        reported_at=at,
        code="GroundFailure",
        description="De paal blijft rood knipperen" if by == "person" else None,
        solved_at=at + dt.timedelta(days=2),
    )


def complaint(life: Life, at: dt.datetime, with_person: int | None = None) -> tuple[int, int]:
    """A complaint; its row and its case."""
    case = life.world.id(at)
    made = life.row(
        "complaint",
        at,
        source=SERVICE,
        co_person_id=with_person,
        case_id=case,
        received_at=at,
        about="afrekening",
        words="Het bedrag klopt niet",
        co_words="Het mijne ook niet" if with_person else None,
        answered_at=at + dt.timedelta(days=5),
    )
    return made, case


def dispute(life: Life, at: dt.datetime, closed: dt.datetime | None = None) -> int:
    """A dispute about an invoice, with a hold on that invoice and the complaint (P-074)."""
    about, case = complaint(life, at - dt.timedelta(days=30))
    owed = invoice(life, civil(at - dt.timedelta(days=60)), 48_400, "Meerwerk bij de installatie")
    review = civil(at + dt.timedelta(days=180))
    while closed is None and review < civil(life.world.now):  # each review prolonged it
        review += dt.timedelta(days=180)
    life.row(
        "dispute",
        at,
        source=SERVICE,
        case_id=case,
        complaint_id=about,
        opened_at=at,
        closed_at=closed,
        claim="De factuur voor het meerwerk wordt betwist",
        review_on=review,
    )
    for table, row in (("invoice", owed), ("complaint", about)):
        held = {"held_by": "klantendienst", "reason": f"geschil {case}", "review_on": review}
        life.world.fact(life.id, "hold", "disputes", at, ends_at=closed, table=table, row=row, **held)
    return owed


def consent(
    life: Life,
    at: dt.datetime,
    part: str = "consent_marketing",
    withdrawn: dt.datetime | None = None,
    source: str = "subject:portaal",
) -> int:
    kinds = "newsletter,event" if part == "consent_marketing" else None
    return life.row(
        "consent",
        at,
        source=source,
        part=part,
        kinds=kinds,
        channel="email",
        given_at=at,
        withdrawn_at=withdrawn,
        given_on=civil(at),
        how="unticked box, ticked by the person",
        words_version="2024-03-18",
    )


def contest(
    life: Life, at: dt.datetime, ticked: bool, minor: bool = False, withdrawn: dt.datetime | None = None
) -> None:
    """A contest entry; the marketing box is a consent of its own (P-096)."""
    source = "subject:wedstrijd:lente"
    name(life, at, source, minor)
    email(life, at, source, minor)
    life.row(
        "contest_entry",
        at,
        source=source,
        contest_id=1,
        entered_at=at,
        answer=str(life.random.randint(1, 999)),
    )
    consent(life, at, "contest", source=source)
    if ticked:
        consent(life, at, withdrawn=withdrawn, source=source)


def mailing(
    life: Life, at: dt.datetime, opened: bool = True, clicked: bool = False, basis: str = "marketing"
) -> int:
    return life.row(
        "marketing_interaction",
        at,
        campaign=f"campagne-{at:%Y-%m}",
        channel="email",
        basis=basis,
        sent_at=at,
        opened_at=at + dt.timedelta(hours=3) if opened else None,
        clicked_at=at + dt.timedelta(hours=3, minutes=1) if clicked else None,
    )


def survey(life: Life, at: dt.datetime, words: str | None = None) -> int:
    return life.row(
        "survey_answer",
        at,
        source="subject:enquête:tevredenheid",
        survey_id=1,
        answered_at=at,
        score=life.random.randint(1, 10),
        words=words,
    )


def segment(life: Life, at: dt.datetime) -> int:
    return life.row(
        "segment",
        at,
        source="derived:segment",
        segment=life.random.choice(("solar", "second car", "loyal")),
        inputs="products owned",
        logic_version="2024-1",
        made_for="marketing",
        made_at=at,
    )
