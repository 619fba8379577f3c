"""Each figure's command runs in a toy size and says both sides; how fast it is, is no test's business."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from bench import (
    answers,
    centre,
    cli,
    discover,
    door,
    gate,
    measure,
    mixes,
    notice,
    objection,
    residue,
    rights,
    slim,
    sweep,
    world,
)
from bloesem.company import load_plan

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module", autouse=True)
def one_base() -> Iterator[None]:
    """What each command makes for itself first is made once here, and copied."""
    real, kept, stack = world.base, [], ExitStack()  # type: Any, list[world.Base], ExitStack

    @contextmanager
    def base(on: dt.date) -> Iterator[world.Base]:
        if not kept:
            kept.append(stack.enter_context(real(on)))
        plan = load_plan(world.ROOT / "company" / "blossom", on=on, prefix="bench_")
        with kept[0].copy() if plan == kept[0].plan else real(on) as made:
            yield made

    with stack, pytest.MonkeyPatch.context() as patched:
        for command in (answers, door, gate, mixes, objection, slim, sweep):
            patched.setattr(command, "base", base)
        yield


def run(command: Any, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert command.main([*arguments, "--json"]) in (0, 1)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for figure in found:
        assert {"name", "ours", "theirs", "ratio", "limit", "ok", "machine"} <= set(figure)
        assert figure["ours"] > 0 or "wrong" in figure["name"]
        assert figure["machine"]["cores"] >= 1
    return found


def test_gate(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(gate, capsys, "--people", "20", "--turns", "3", "--plain")
    assert len(found) == 5
    assert all(figure["ratio"] and figure["ratio_plain"] for figure in found)


def test_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    due, nothing = run(sweep, capsys, "--people", "20", "--turns", "2", "--stored", "100")
    assert due["rows"] == 200
    assert due["theirs"] > 0
    assert nothing["theirs"] is None


def test_rights(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(rights, capsys, "--people", "40", "--turns", "4", "--rows", "110", "--crowd", "10")
    assert len(found) == 7
    assert found[2]["statements_per_table"] == 2


def test_objection(capsys: pytest.CaptureFixture[str]) -> None:
    (figure,) = run(objection, capsys, "--people", "5", "--turns", "3", "--sessions", "10")
    assert figure["meter_values"] == 1_000


def test_mixes(capsys: pytest.CaptureFixture[str]) -> None:
    """Every answer of every operation is compared with the model: one that differs fails the run."""
    found = run(mixes, capsys, "--people", "30", "--operations", "40")
    assert [figure["name"] for figure in found] == [f"mix of the {who}" for who in mixes.MIXES]
    assert all(figure["operations"] == 40 for figure in found)


def test_notice(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(notice, capsys, "--requests", "2")
    assert [figure["name"] for figure in found] == list(notice.PAGES)
    assert all(figure["requests"] == 2 and figure["limit"] == "ours <= 20" for figure in found)


def test_answers(capsys: pytest.CaptureFixture[str]) -> None:
    (figure,) = run(answers, capsys, "--people", "3")
    assert figure["answered"] == 3
    assert figure["theirs"] > 0


def test_centre(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(centre, capsys, "--people", "60", "--visitors", "3")
    assert [figure["name"].partition(": ")[2] for figure in found] == list(centre.PAGES)
    assert all(figure["visitors"] == 2 and figure["limit"] == "ours <= 200" for figure in found)


def test_door(capsys: pytest.CaptureFixture[str]) -> None:
    rate, audience, objected = run(door, capsys, "--people", "2000", "--messages", "10", "--turns", "1")
    assert rate["messages"] == 10
    assert audience["people"] == 2000
    assert objected["ours"] > 0


def test_cli(capsys: pytest.CaptureFixture[str]) -> None:
    (figure,) = run(cli, capsys, "--turns", "1")
    assert figure["theirs"] > 0


def test_discover(capsys: pytest.CaptureFixture[str]) -> None:
    """Its shares are no question of speed: people and links of three known applications and three others are found."""
    hundred, *known = run(discover, capsys, "--rows", "200", "--log", "5000")
    assert hundred["tables"] == 100
    assert len(known) == 18
    assert all(figure["ok"] for figure in known)


def test_residue(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(residue, capsys, "--people", "5", "--size", "1", "--seed", "1", "--turns", "1")
    assert [figure["identifiers"] for figure in found] == [8, 40]
    assert all(figure["theirs"] > 0 for figure in found)


def test_slim(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(slim, capsys, "--people", "200", "--both", "--sweep")
    assert [figure["unit"] for figure in found] == ["min", "GB", "rows", "ms"]


@pytest.mark.parametrize(
    ("ours", "at_least", "ok"), [(80.0, True, True), (79.0, True, False), (81.0, False, False)]
)
def test_a_limit_is_a_floor_or_a_ceiling(ours: float, at_least: bool, ok: bool) -> None:
    assert measure.Figure("x", ours, 100.0, 0.8, "rows/s", at_least=at_least).ok is ok


def test_sides_take_turns() -> None:
    said: list[str] = []
    one, two = measure.alternate([lambda: said.append("a"), lambda: said.append("b")], 4, warm=2)
    assert "".join(said) in ("abba" * 3, "baab" * 3)
    assert len(one.all) == len(two.all) == 4
