"""A mail in a folder becomes a case in the company's database, received when it arrived."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.bloesem.cases.conftest import World

from bloesem.mailbox.filing import Filing
from bloesem.mailbox.memory import Memory
from bloesem.mailbox.places import Folder
from bloesem.mailbox.reading import read


@pytest.mark.promise("R-013")
@pytest.mark.promise("R-005")
def test_a_mail_becomes_one_case_received_when_it_arrived(world: World, tmp_path: Path) -> None:
    now: dt.datetime = world.one("SELECT bloesem.moment()")
    arrived = (now - dt.timedelta(days=3)).astimezone(dt.UTC).replace(microsecond=0)
    trace = f"Received: by mx.blossom.example; {arrived:%a, %d %b %Y %H:%M:%S} +0000\r\n"
    mail = f"{trace}From: zed@mail.example\r\nSubject: vraag\r\n\r\nIk wil graag weten welke gegevens jullie hebben.\0"
    for attempt in range(2):  # the second time with no memory, as after a crash before it was written
        (tmp_path / f"{attempt}.eml").write_bytes(mail.encode())
        done = read(
            Folder(tmp_path),
            Memory(tmp_path / f"m{attempt}"),
            Filing(world.admin, "https://blossom.example", prefix=world.loaded.plan.prefix),
            (),
            now,
        )
        assert done == {"handed": 1}
    found = world.one(
        "SELECT jsonb_agg(jsonb_build_array(channel, language, asked, words)) FROM bloesem.request_case"
        " WHERE address = 'zed@mail.example'"
    )
    assert found == [["email", "nl", "other", "vraag\n\nIk wil graag weten welke gegevens jullie hebben."]]
    at = world.one("SELECT received_at FROM bloesem.request_case WHERE address = 'zed@mail.example'")
    assert at == arrived


def test_what_no_person_wrote_becomes_no_case(world: World, tmp_path: Path) -> None:
    before = world.one("SELECT count(*) FROM bloesem.request_case")
    (tmp_path / "a.eml").write_bytes(b"Auto-Submitted: auto-replied\r\nFrom: a@b.example\r\n\r\nI am away")
    read(
        Folder(tmp_path),
        Memory(tmp_path / "m"),
        Filing(world.admin, "", prefix=world.loaded.plan.prefix),
        (),
        world.one("SELECT bloesem.moment()"),
    )
    assert world.one("SELECT count(*) FROM bloesem.request_case") == before
