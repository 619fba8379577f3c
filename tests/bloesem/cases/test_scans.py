"""What comes on paper is kept with its case, sealed: shown to an officer who asks, and to nobody else."""

from __future__ import annotations

import pytest
from tests.bloesem.cases.conftest import World, helping

from bloesem.cases.box import Opener, opened, seal
from bloesem.cases.scans import MOST, Scans, is_pdf
from bloesem.errors import GateError
from bloesem.gate.oversight import Oversight

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\nstartxref\n9\n%%EOF\n"


def test_a_scan_is_sealed_shown_to_who_asks_and_goes_with_its_case(world: World) -> None:
    person = world.people["ann"]
    number = world.file("human", person=person, words="Zie mijn brief.")
    world.clerk.run()
    scans = Scans(Oversight(world.admin, world.loaded.plan))
    assert scans.add("ann", number, "letter", "application/pdf", PDF) == "recorded"
    (scan,) = world.one("SELECT bloesem.case_one('ann', %s)", number)["scans"]
    assert (scan["what"], scan["type"], scan["size"]) == ("letter", "application/pdf", len(PDF))
    assert b"PDF" not in bytes(world.one("SELECT sealed FROM bloesem.request_scan WHERE id = %s", scan["id"]))
    reads = "SELECT count(*) FROM bloesem.reading WHERE person_id = %s AND actor = 'ann'"
    before = world.one(reads, person)
    with helping(world):
        assert scans.show("ann", number, scan["id"], "letter") == PDF
        assert scans.show("ann", number, scan["id"] + 1, "letter") is None
    assert world.one(reads, person) == before + 1, "whom it is about is told who looked"
    assert world.one("SELECT count(*) FROM bloesem.request_look") == 0
    assert scans.drop("ann", "2026-22222222", scan["id"]) == "not-now"
    assert scans.drop("ann", number, scan["id"]) == "recorded"
    assert scans.add("ann", number, "mandate", "image/png", b"x" * 9) == "recorded"
    world.admin.execute("DELETE FROM bloesem.request_case WHERE number = %s", [number])
    assert world.one("SELECT count(*) FROM bloesem.request_scan") == 0


@pytest.mark.promise("R-014")
def test_what_is_too_large_too_much_or_of_no_case_is_refused(world: World) -> None:
    number = world.file("human", person=world.people["ann"], words="Veel.")
    world.clerk.run()
    scans = Scans(Oversight(world.admin, world.loaded.plan))
    for what, type_, data in (
        ("letter", "application/pdf", b""),
        ("letter", "application/pdf", bytes(MOST + 1)),
        ("letter", "text/html", PDF),
        ("passport", "application/pdf", PDF),
        ("identity", "image/jpeg", PDF),  # nobody is asked for a card, and no copy of one has a place here
    ):
        assert scans.add("ann", number, what, type_, data) == "not-now"
    assert scans.add("ann", "2026-22222222", "letter", "application/pdf", PDF) == "not-now"
    assert scans.add(" ", number, "letter", "application/pdf", PDF) == "not-now"
    for _ in range(20):
        assert scans.add("ann", number, "letter", "application/pdf", PDF) == "recorded"
    assert scans.add("ann", number, "letter", "application/pdf", PDF) == "many"
    assert is_pdf(PDF)
    for other in (b"", b"%PDF-1.7", b"<html>%PDF-1.7 startxref %%EOF", b"MZ" + PDF):
        assert not is_pdf(other)


def test_nobody_else_opens_it(world: World) -> None:
    sealed = seal(Opener.of(world.keys.current).public, b"brief", "scan letter of case 1")
    assert opened(world.keys, sealed, "scan letter of case 1") == b"brief"
    for wrong in (sealed[:-1] + b"x", sealed[:40], b""):
        with pytest.raises(GateError):
            opened(world.keys, wrong, "scan letter of case 1")
    with pytest.raises(GateError):
        opened(world.keys, sealed, "scan letter of case 2")
    with pytest.raises(GateError):
        Opener.new().open(sealed, "scan letter of case 1")


def test_the_words_of_a_case_that_ended_are_sealed_and_fetched_by_who_asks(world: World) -> None:
    number = world.file("access", person=world.people["ann"], words="Mijn geheime woorden.")
    assert world.file("access", person=world.people["ann"], words="En nog meer woorden.") == number
    world.clerk.run()
    case = world.case(number)
    assert (case["state"], case["words"]) == ("answered", None)
    lies = "SELECT count(*) FROM bloesem.request_event WHERE said LIKE %s"
    assert world.one(lies, "%woorden%") == 0
    (kept,) = world.one("SELECT bloesem.case_one('ann', %s)", number)["scans"]
    assert (kept["what"], kept["type"]) == ("words", "text/plain")
    scans = Scans(Oversight(world.admin, world.loaded.plan))
    assert scans.drop("ann", number, kept["id"]) == "not-now", "what was asked is kept as long as the case"
    sealed = world.one("SELECT sealed FROM bloesem.request_scan WHERE id = %s", kept["id"])
    plain = opened(world.keys, bytes(sealed), f"scan words of case {number}").decode()
    assert "Mijn geheime woorden." in plain
    assert "En nog meer woorden." in plain
    world.clerk.run()
    assert len(world.one("SELECT bloesem.case_one('ann', %s)", number)["scans"]) == 1
    waiting = world.file("other", kind="question", person=world.people["ann"], words="Nog open.")
    world.clerk.run()
    assert world.case(waiting)["words"] == "Nog open."
