"""What people write lies sealed from the moment it is taken in, and is read where somebody works on the case."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.bloesem.cases.conftest import SITE, World

from bloesem.cases import words
from bloesem.cases.desk import CaseDesk
from bloesem.cases.words import MOST, Words, is_sealed, wrapped
from bloesem.gate.oversight import Oversight
from bloesem.ledger import record_act
from bloesem.rights.keys import Keys

#: Everything that the tables of cases say, as somebody with a copy of the database reads it.
LIES = (
    "SELECT count(*) FROM (SELECT to_jsonb(c)::text AS said FROM bloesem.request_case c"
    " UNION ALL SELECT to_jsonb(e)::text FROM bloesem.request_event e) AS r WHERE r.said LIKE %s"
)


def _desk(world: World, keys: Words | None = None) -> CaseDesk:
    return CaseDesk(Oversight(world.admin, world.loaded.plan), Words.of(world.keys) if keys is None else keys)


@pytest.mark.parametrize("key_first", [True, False])
def test_words_are_sealed_when_they_are_taken_in(world: World, key_first: bool) -> None:
    """Also those of a second mail and of an answer; where the helper never ran, its first step does it."""
    world.admin.execute("DELETE FROM bloesem.request_key")
    if key_first:
        words.publish(world.admin, "bloesem", world.keys)
    secret, more, told = (
        f"{one} {key_first}" for one in ("Mijn man slaat mij", "En de kinderen", "Ik bedoel")
    )
    desk = _desk(world)
    number = desk.register(
        "ann", "question", "other", "letter", "nl", f"{key_first}@post.example".lower(), secret,
        world.one("SELECT bloesem.moment()"), SITE,
    )  # fmt: skip
    at = world.one("SELECT bloesem.moment()")
    world.admin.execute(
        "SELECT bloesem.case_mailed('question', 'other', 'nl', %s, %s, %s, %s, %s, '{}', %s)",
        [
            f"{key_first}@post.example".lower(),
            wrapped(world.one("SELECT bloesem.case_words_key()"), more),
            *(at, SITE, f"mail {key_first}", [number]),
        ],
    )
    assert desk.stop("ann", number, "specification", "Wat bedoelt u?") == "recorded"
    assert desk.resume("ann", number, told) == "recorded"
    if key_first:
        assert [world.one(LIES, f"%{one}%") for one in (secret, more, told)] == [0, 0, 0]
    else:
        assert world.one(LIES, f"%{secret}%") == 1
    world.clerk.run()
    assert [world.one(LIES, f"%{one}%") for one in (secret, more, told)] == [0, 0, 0]
    found = desk.one("ann", number)
    assert found is not None
    assert found["words"] == secret
    said = {one["what"]: one["said"] for one in found["events"]}
    assert (said["message"], said["resumed"], said["asked-specification"]) == (more, told, "Wat bedoelt u?")
    assert not found["unread"]
    blind = _desk(world, Words()).one("ann", number)
    assert blind is not None
    assert (blind["words"], blind["unread"]) == (None, True)


def test_what_is_too_long_is_cut_and_said_to_be(world: World) -> None:
    words.publish(world.admin, "bloesem", world.keys)
    number = world.file("human", person=world.people["ann"], words="é" * (MOST + 1))
    assert world.case(number)["words"] == "é" * MOST
    assert world.one(
        "SELECT e.said FROM bloesem.request_event e JOIN bloesem.request_case c ON c.id = e.case_id"
        " WHERE c.number = %s AND e.what = 'received'", number
    ) == "cut"  # fmt: skip


def test_nobody_writes_words_that_pass_for_sealed_ones(world: World, tmp_path: Path) -> None:
    theirs = Words.of(world.keys)
    for typed in ("sealed:abc", "sealed,cut:QUJD", "sealed"):
        for key in (None, words.public(world.keys.current)):
            kept = wrapped(key, typed)
            assert kept is not None
            assert (theirs.read(kept) or "").strip() == typed
            assert is_sealed(kept) == (key is not None)
    assert theirs.read("sealed:abc") is None
    assert theirs.read("sealed:" + "QUJD" * 40) is None
    assert Words.of(Keys.at(tmp_path / "others")).read(wrapped(words.public(world.keys.current), "x")) is None


def test_the_file_of_the_pages_opens_words_and_nothing_else(world: World, tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    keys = Keys.at(directory)
    old = wrapped(words.public(keys.current), "vroeger")
    keys = Keys.rotate(directory)
    now = wrapped(words.public(keys.current), "nu")
    file = words.written(directory, keys)
    door = tmp_path / "door"
    door.mkdir()
    (door / file.name).write_bytes(file.read_bytes())
    (door / file.name).chmod(0o600)
    assert [Words.at(door).read(one) for one in (old, now)] == ["vroeger", "nu"]
    assert not {one.secret.hex() for one in keys.all} & set(file.read_text().split())
    assert Words.at(tmp_path / "nothing").openers == ()


def test_acts_come_under_a_seal_while_the_helper_works(world: World) -> None:
    """And not with the next sweep alone (R-055)."""
    keeper = world.stage.keeper
    with keeper.open() as reports:
        keeper._notice(reports)
        number = record_act(reports, "export", dt.datetime.now(dt.UTC), counts={"people": 1})
        reports.commit()
        keeper._seals = 0.0  # the seconds have passed
        keeper._notice(reports)
    assert world.one("SELECT count(*) FROM bloesem.act_seal z WHERE %s::bigint <@ z.ids", number) == 1
    assert world.one("SELECT count(*) FROM bloesem.broken_seals()") == 0
