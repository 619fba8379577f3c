"""`bloesem notices`: what an act queued goes by mail, or by a person's hand, and is proven or escalated."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bloesem.cli.world import BLOSSOM, Called, call
from tests.bloesem.rights.guarded.test_told import given
from tests.bloesem.rights.guarded.world import Blossom, asked
from tests.bloesem.sending.mailbox import running

from bloesem.stores.postgres import Connection


@pytest.fixture
def queued(blossom: Blossom, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A restriction that two are told of: one with an address in the register, one that the register does not know."""
    monkeypatch.setenv("BLOESEM_DATABASE_URL", blossom.database.dsn.url())
    monkeypatch.setenv("BLOESEM_DATA_DIR", str(tmp_path / "data"))
    person = blossom.one("clicked")
    given(connection, person, "voltwacht", "service", person_name=["given_name"])
    given(connection, person, "verdwenen", person_name=["family_name"])
    blossom.desk(connection).note(asked(person), "restriction", [("restriction", "18(1)(a)")])
    return person


def typed(blossom: Blossom, *more: object) -> Called:
    return call("notices", "--company", BLOSSOM, "--prefix", blossom.prefix, *more)


def test_a_notice_goes_by_mail_or_by_hand_and_is_proven(
    blossom: Blossom, queued: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = typed(blossom)
    assert said.code == 0, said.err
    assert "voltwacht" in said.out
    assert "queued" in said.out
    with running() as mailbox:
        refused = typed(blossom, "--send")
        assert (refused.code, "BLOESEM_SMTP_HOST" in refused.err) == (2, True)
        monkeypatch.setenv("BLOESEM_SMTP_HOST", mailbox.host)
        monkeypatch.setenv("BLOESEM_SMTP_PORT", str(mailbox.port))
        monkeypatch.setenv("BLOESEM_SMTP_TLS", "0")
        monkeypatch.setenv("BLOESEM_MAIL_FROM", "privacy@blossom.example")
        sent = typed(blossom, "--send", "--json")
        assert sent.code == 0, sent.err
        again = typed(blossom, "--send", "--json").json
        assert (again["went"], again["tasks"]) == ([], sent.json["tasks"])
        ((_, to, body),) = mailbox.taken
    assert to == ["privacy@voltwacht.example"]
    assert b"given_name" in body
    assert str(queued).encode() not in body  # no number of ours
    (task,) = sent.json["tasks"]
    by = {one["recipient"]: one for one in sent.json["notices"]}
    assert (by["voltwacht"]["state"], by["verdwenen"]["state"]) == ("sent", "queued")
    assert typed(blossom, "--proven", str(task), "--proof", "x").code == 1  # it was not sent
    assert typed(blossom, "--sent", str(task)).code == 2
    assert typed(blossom, "--sent", str(task), "--to", "letter of 3 May").code == 0
    for one in by.values():
        assert typed(blossom, "--proven", str(one["id"]), "--proof", "mail of 9 May").code == 0
    assert "no notice is open" in typed(blossom).out
    assert {one["state"] for one in typed(blossom, "--all", "--json").json["notices"]} == {"proven"}


def test_a_server_that_does_not_take_it_leaves_it_queued_and_its_day_escalates_it_once(
    blossom: Blossom, connection: Connection, queued: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOESEM_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("BLOESEM_SMTP_PORT", "1")
    monkeypatch.setenv("BLOESEM_SMTP_TLS", "0")
    monkeypatch.setenv("BLOESEM_MAIL_FROM", "privacy@blossom.example")
    said = typed(blossom, "--send", "--json").json
    assert (len(said["went"]), len(said["later"])) == (0, 1)
    assert typed(blossom, "--escalate").code == 0  # not late yet
    connection.execute("ALTER TABLE bloesem.notice DISABLE TRIGGER forward_only")
    connection.execute("UPDATE bloesem.notice SET due = bloesem.today() - 1")
    connection.execute("ALTER TABLE bloesem.notice ENABLE TRIGGER forward_only")
    late = typed(blossom, "--escalate", "--json")
    assert late.code == 1
    assert len(late.json["notices"]) == 2
    assert typed(blossom, "--escalate").code == 0
    assert typed(blossom).out.count("escalated") == 2


def test_what_was_made_public_is_written_down_and_its_erasure_told(
    blossom: Blossom, queued: int, connection: Connection
) -> None:
    assert "nothing was made public" in typed(blossom, "--public").out
    who = f"person.id={queued}"
    said = ("--publish", "person_name.given_name", "--person", who, "--purpose", "sales")
    assert typed(blossom, *said).code == 2, "who answers for the page, and which page"
    page = ("--name", "Blossom", "--page", "https://blossom.example/won")
    made = typed(blossom, *said, *page, "--contact", "web@blossom.example", "--json")
    assert made.code == 0, made.err
    (entry,) = made.json["public"]
    copy = ("--copy", entry["id"], "--name", "Zoekhulp", "--page", "https://zoekhulp.example/won")
    assert typed(blossom, *copy).code == 0
    assert "Zoekhulp" in typed(blossom, "--public").out
    blossom.desk(connection).erase(asked(queued))
    told = [one["recipient"] for one in typed(blossom, "--json").json["notices"]]
    assert len([one for one in told if one.startswith("public:")]) == 2
    assert typed(blossom, "--gone", entry["id"]).code == 1, "nobody showed that it is gone"
