"""The steps of an answer's page that send its files to another supplier: confirmed first, written down before and after."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bloesem.rights.transfer import Sent, TransferError
from charging.portal import transfers

FILES = b"PK files"


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is written down; the internet has one machine, and no address is too often."""
    written: list[tuple[Any, ...]] = []

    def asked(query: str, *values: Any) -> Any:
        if "case_transfer" in query:
            written.append(values)
        return "V-1"

    monkeypatch.setattr(transfers, "asked", asked)
    monkeypatch.setattr("charging.portal.transfers.ratelimit.consume", lambda *_, **__: True)
    monkeypatch.setattr("bloesem.rights.transfer.open_addresses", lambda host: ("93.184.215.14",))
    return written


def step(send: Any = None, **said: str) -> dict[str, Any]:
    request: Any = SimpleNamespace(POST=said)
    return transfers.step(request, "token", FILES, send or _never)


def _never(*_: Any, **__: Any) -> Sent:
    raise AssertionError("nothing is sent before it was confirmed")


def test_nothing_goes_before_the_person_saw_where_and_confirmed(notes: list[tuple[Any, ...]]) -> None:
    address = "https://intake.anders.example/in?key=secret"
    assert step(do="transfer", address="http://anders.example")["wrong"] == "transfer.wrong.address"
    shown = step(do="transfer", address=address)
    assert (shown["confirm"], shown["host"]) == (True, "intake.anders.example")
    assert step(do="transfer-go", address=address)["wrong"] == "transfer.wrong.sure"
    assert notes == []

    def send(to: Any, files: bytes, *, case: str) -> Sent:
        assert (to.path, files, case, len(notes)) == ("/in?key=secret", FILES, "V-1", 1)
        return Sent(to.host, 201, "d", len(files))

    done = step(send, do="transfer-go", address=address, sure="yes")
    assert (done["taken"], done["status"], done["case"]) == (True, 201, "V-1")
    assert [it[1] for it in notes] == ["transfer-begun", "transfer-taken"]
    assert not [it for it in notes if "secret" in str(it)], "the address may hold a secret of theirs"


def test_what_was_not_confirmed_by_the_receiver_is_written_down_as_that(notes: list[tuple[Any, ...]]) -> None:
    said = {"do": "transfer-go", "address": "https://anders.example/", "sure": "yes"}
    done = step(lambda to, files, case: Sent(to.host, None, "d", 1), **said)
    assert (done["done"], done["taken"]) == (True, False)

    def inside(*_: Any, **__: Any) -> Sent:
        raise TransferError("internal", "leads inside", "art. 32", "ask")

    assert step(inside, **said)["wrong"] == "transfer.wrong.internal"
    assert [it[1] for it in notes] == ["transfer-begun", "transfer-refused"] * 2


def test_an_answer_that_was_sent_too_often_goes_nowhere(
    notes: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "asked", lambda *_: None)
    said = {"do": "transfer-go", "address": "https://anders.example/", "sure": "yes"}
    assert step(**said)["wrong"] == "transfer.wrong.often"
