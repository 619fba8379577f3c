"""Killed from outside: the process of the clerk, the database's server, the mail server in the middle of a letter. Whatever
dies, a case is whole or not begun, ends by itself, and is answered once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.cutting import Cut
from tests.bloesem.cases.faults import (
    EVERY,
    answered_once,
    clerk_on,
    customers,
    filed,
    finished,
    not_too_soon,
    sample,
    share,
    steps,
)
from tests.bloesem.cases.kill import WAYS, Mortal, mortal
from tests.bloesem.cases.posting import door, place
from tests.bloesem.console.stage import BLOSSOM
from tests.bloesem.sending.mailbox import Mailbox, running

from bloesem.answers import unseal
from bloesem.cases.clerk import Clerk
from bloesem.cases.desk import CaseDesk
from bloesem.errors import StoreError
from bloesem.gate.oversight import Oversight
from bloesem.sending.transports import Smtp

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[3]
#: How many points of a case a run tries: an erasure searches the whole database each time.
FEW = {"access": 3, "erasure": 2}
#: What is killed in each run; with BLOESEM_FAULTS=1 at every step of every right.
RIGHTS = ("access", "portability", "withdrawal", "marketing", "restriction", "objection", "erasure")
SOME = RIGHTS if EVERY else ("access", "erasure")


class People:
    """Somebody for each case: an erasure takes one away."""

    def __init__(self, world: World, draw: random.Random) -> None:
        self.left, self.draw = customers(world), draw

    def most(self, asked: str) -> int | None:
        return share(self.left) if asked == "erasure" else None

    def __call__(self, asked: str) -> int:
        at = self.draw.randrange(len(self.left))
        return self.left.pop(at) if asked == "erasure" else self.left[at]


# ---- the process -------------------------------------------------------------------------------------------------------


class Killed:
    """Processes that work as the clerk, each until it is killed."""

    def __init__(self, world: World) -> None:
        plan = world.loaded.plan
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bloesem.cases.dying", str(BLOSSOM), plan.prefix,
             world.stage.dsn("keeper").url(), str(world.stage.doors)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), *sys.path])},
        )  # fmt: skip
        assert self._said() == "ready"

    def at(self, step: int) -> int:
        """One works until that step. out: how it ended: minus the signal, or 0."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{step}\n")
        self.process.stdin.flush()
        return int(self._said())

    def _said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def killed(world: World) -> Iterator[Killed]:
    made = Killed(world)
    yield made
    made.close()


@pytest.mark.parametrize("asked", SOME)
def test_a_process_that_is_killed_leaves_a_case_that_ends_by_itself_and_once(
    world: World, killed: Killed, asked: str
) -> None:
    draw = random.Random(f"process {asked}")
    somebody = People(world, draw)
    whole = steps(world, filed(world, asked, somebody(asked)))
    for at in sample(draw, whole, FEW.get(asked, 3), every=2, people=somebody.most(asked)):
        number = filed(world, asked, somebody(asked))
        if killed.at(at) == -signal.SIGKILL:
            not_too_soon(world, number, at)
        finished(world, number)
        answered_once(world, number, at)


# ---- the database's server -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Mortal]:
    with mortal(world) as made:
        yield made


@pytest.mark.parametrize("asked", SOME)
def test_a_server_that_is_killed_comes_back_with_what_was_committed_and_the_case_goes_on(
    server: Mortal, asked: str
) -> None:
    draw = random.Random(f"server {asked}")
    somebody = People(server.world, draw)
    whole = steps(server.world, filed(server.world, asked, somebody(asked)))
    for at in sample(draw, whole, FEW.get(asked, 3), every=4, people=somebody.most(asked)):
        number = filed(server.world, asked, somebody(asked))
        connection = server.world.stage.keeper.open(autocommit=True)

        def strike(step: int, at: int = at) -> None:
            if step == at:
                server.kill(draw.choice(WAYS))

        try:
            clerk_on(server.world, connection, strike).run()
        except (psycopg.OperationalError, StoreError):
            pass
        finally:
            connection.close()
        server.again()
        not_too_soon(server.world, number, at)
        finished(server.world, number)
        answered_once(server.world, number, at)


def test_a_server_that_is_killed_at_any_moment_loses_nothing_and_does_nothing_twice(server: Mortal) -> None:
    """Also in the middle of a statement, and of a commit."""
    draw = random.Random("moments")
    somebody = People(server.world, draw)
    for _ in range(25 if EVERY else 2):
        asked = draw.choice(("access", "restriction", "objection"))
        number = filed(server.world, asked, somebody(asked))
        strike = threading.Timer(draw.uniform(0.01, 0.4), server.kill, [draw.choice(WAYS)])
        strike.start()
        try:
            with server.world.stage.keeper.open(autocommit=True) as connection:
                Clerk(connection, server.world.loaded, server.world.keys).run()
        except (psycopg.OperationalError, StoreError):
            pass
        strike.join()
        server.again()
        not_too_soon(server.world, number, "a moment")
        finished(server.world, number)
        answered_once(server.world, number, "a moment")


# ---- the mail server -----------------------------------------------------------------------------------------------------


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running() as made:
        yield made


def sent(world: World, host: str, port: int) -> dict[str, int]:
    """What waits is offered, whenever it was due. out: what became of it."""
    world.admin.execute("UPDATE bloesem.outbox SET due_at = bloesem.moment() WHERE state = 'decided'")
    with world.stage.keeper.open(autocommit=True) as connection:
        made = door(world, connection, Smtp(place(world), host, port, tls=False, timeout=5))
        try:
            return made.run().counts
        finally:
            made.close()


def test_a_mail_server_that_is_cut_off_anywhere_in_the_answer_has_it_in_the_end(
    world: World, mailbox: Mailbox
) -> None:
    person = world.people["customer"]
    sent(world, mailbox.host, mailbox.port)  # what waited before
    draw, whole = random.Random("mail"), 0
    for turn in range(30 if EVERY else 7):
        number = world.file("access", person=person, words=f"De {turn}e.")
        world.clerk.run()
        token = world.token(number, "case-answered")
        sealed = world.one("SELECT bloesem.case_open(%s)", token)
        assert unseal(token, bytes(sealed))
        mailbox.taken.clear()
        # The first goes whole, which tells how much there is to say.
        with Cut(mailbox.host, mailbox.port, draw.randrange(whole) if whole else 10**9) as cut:
            assert "failed" not in sent(world, "127.0.0.1", cut.port)
        whole = whole or cut.carried
        for _ in range(6):
            if not sent(world, mailbox.host, mailbox.port):
                break
        answers = [mail for mail in mailbox.mails() if token in mail.get_content()]
        assert answers, f"cut after {cut.carried} bytes, the answer never arrived"
        assert len({str(mail["Message-ID"]) for mail in answers}) == 1, "a second copy is the same mail"
        assert world.events(number).count("answered") == 1


@pytest.mark.promise("P-170")
def test_an_answer_that_no_server_takes_is_told_to_the_desk(world: World, mailbox: Mailbox) -> None:
    number = world.file("access", person=world.people["ann"], words="Voor niemand.")
    world.clerk.run()
    mailbox.refuse = "451 busy"
    assert sent(world, mailbox.host, mailbox.port)["later"] >= 1
    assert world.events(number)[-1] == "answered"
    mailbox.refuse = "550 nobody here"
    assert sent(world, mailbox.host, mailbox.port)["failed"] >= 1
    for _ in range(2):
        world.clerk.run()
    assert world.events(number).count("undelivered") == 2, "of the receipt and of the answer, once each"
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    assert [one.message for one in desk.inbox(desk.ask.today()) if one.number == number] == [True]
