"""What the officer's page asks of publishing is taken by whoever is keeper, once, by the rules of the command."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.publishing.test_steps import DAY, IN_TIME, URL, deliver, installed
from tests.bloesem.sending.stage import door
from tests.promises.test_gate import COMPANY

from bloesem.publishing import steps
from bloesem.publishing.draft import Draft, keep
from bloesem.publishing.version import version_of
from bloesem.publishing.wishes import DOORS, HELPERS, OWNERS, Owner, Taker


def ask(at: Stage, act: str, actor: str = "Hanne Willems", **said: object) -> int:
    row = at.keeper.execute(
        "SELECT bloesem.publication_ask(%s, %s, %s, %s)", [actor, DAY, act, json.dumps(said)]
    ).fetchone()
    assert row is not None
    return int(row[0])


def wish(at: Stage, number: int) -> tuple[str, dict[str, Any]]:
    row = at.keeper.execute(
        "SELECT state, said FROM bloesem.publication_wish WHERE id = %s", [number]
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_version_is_decided_about_and_announced_as_the_page_asks(at: Stage) -> None:
    at.customer()
    at.business.on(IN_TIME)
    taker = Taker(at.world.plan, Path(COMPANY.company.directory))
    opened, _ = door(at)
    early, less = ask(at, "announce", url=URL), ask(at, "decide", reason="klein", significant=False)
    assert ask(at, "decide", reason="klein", significant=False) == less, "asked twice is asked once"
    assert taker.waits(at.keeper, HELPERS)
    assert taker.serve(opened.connection, DOORS, opened) == 1
    assert taker.serve(at.keeper, HELPERS) == 1
    for number, words in ((early, "nobody decided"), (less, "the change is significant")):
        state, said = wish(at, number)
        assert state == "refused"
        assert words in said["what"]
        assert said["rule"]
    assert steps.read(at.keeper, at.world.plan, DAY) is None, "what is refused leaves nothing"
    decided = ask(at, "decide", reason="andere gronden", significant=True)
    taker.serve(at.keeper, HELPERS)
    state, said = wish(at, decided)
    assert (state, said["significant"]) == ("done", True)
    assert any("nobody was told" in block["what"] for block in said["stands"]["blocks"])
    known = steps.read(at.keeper, at.world.plan, DAY)
    assert known is not None
    assert (known.decided_by, known.reason) == ("Hanne Willems", "andere gronden")
    announced = ask(at, "announce", url=URL)
    assert taker.serve(at.keeper, HELPERS) == 0, "the helper writes to nobody"
    assert taker.serve(opened.connection, DOORS, opened) == 1
    state, said = wish(at, announced)
    assert (state, said["told"]["concerned"], said["told"]["waiting"]) == ("done", 1, 1)
    deliver(at)
    looked = ask(at, "look")
    taker.serve(at.keeper, HELPERS)
    stands = wish(at, looked)[1]["stands"]
    assert stands["told"]["in_time"] == 1
    assert [block["rule"] for block in stands["blocks"]] == ["P-173: a version begins on its day"]
    assert not taker.waits(at.keeper, (*HELPERS, *DOORS))

    version = version_of(COMPANY.company, DAY)
    keep(at.keeper, at.world.plan, version, Draft(3, (), {"call_recording": 2}, {}))
    board = at.keeper.execute("SELECT bloesem.publication_board()").fetchone()
    assert board is not None
    assert board[0]["drafts"][0]["counted"]["gone"] == {"call_recording": 2}
    assert board[0]["drafts"][0]["digest"] == version.digest
    for act, actor in (("erase", "Hanne"), ("look", " ")):
        with pytest.raises(psycopg.errors.CheckViolation):
            ask(at, act, actor)

    the_owner_counts_and_activates(at, taker)


def the_owner_counts_and_activates(at: Stage, taker: Taker) -> None:
    """Of a version that was decided about and announced: the same database, as a bring-up is what costs."""
    counted = ask(at, "draft")
    assert taker.serve(at.keeper, OWNERS) == 1
    assert wish(at, counted)[0] == "refused", "a helper compiles nothing"
    counted, early = ask(at, "draft"), ask(at, "activate")
    owner = Owner(at.world.secrets, DAY)
    assert taker.serve(at.keeper, OWNERS, owner=owner) == 2
    state, said = wish(at, counted)
    assert (state, said["people"]) == ("done", 1)
    found = at.keeper.execute("SELECT counted FROM bloesem.publication_draft").fetchone()
    assert found is not None
    assert found[0]["uses"], "the worked example changes what is read"
    state, said = wish(at, early)
    assert (state, "has not come" in said["what"]) == ("refused", True)
    assert installed(at)[-1] < DAY, "a dry run is taken back, and what is refused changes nothing"

    at.business.on(str(DAY))
    moved = ask(at, "activate")
    taker.serve(at.keeper, OWNERS, owner=Owner(at.world.secrets, DAY - dt.timedelta(days=1)))
    state, said = wish(at, moved)
    assert (state, "has not come" in said["what"]) == ("refused", True), "processes go by the real day"
    asked = ask(at, "activate", "Mira Claes")
    taker.serve(at.keeper, OWNERS, owner=owner)
    assert wish(at, asked) == ("done", {"in_force": str(DAY), "people": 1})
    assert installed(at)[-1] == DAY
    done = steps.read(at.keeper, at.world.plan, DAY)
    assert done is not None
    assert done.activated_by == "Mira Claes"
    again = ask(at, "activate")
    taker.serve(at.keeper, OWNERS, owner=owner)
    assert wish(at, again)[0] == "refused", "in force once"
