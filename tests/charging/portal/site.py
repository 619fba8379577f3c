"""The pages as `make up` serves them: the console and the portal, each a process with its own login, and their post."""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import hashlib
import hmac
import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.header import decode_header, make_header
from pathlib import Path

from playwright.sync_api import BrowserContext, Page
from tests.bloesem.console.stage import BLOSSOM, Stage

from bloesem.consent.links import LinkKeys

CODE = re.compile(r"^ {4}([0-9A-Z]{4}-[0-9A-Z]{4})$", re.M)
STAFF = {
    "fleet": "vlootbeheer@klant.example",
    "installer": "installateur@monteur.example",
    "hems": "energie@zonnewijs.example",
    "marketing": "reclame@blossom.example",
    "officer": "privacy@blossom.example",
}
FIRST = {
    "fleet": "fleet",
    "installer": "jobs",
    "hems": "tokens",
    "officer": "officer",
    "marketing": "campaigns",
}


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str

    @property
    def code(self) -> str:
        found = CODE.search(self.text)
        assert found, self.text
        return found.group(1)


@dataclass(frozen=True)
class Site:
    """`console`, `portal`: addresses. `people`: case → the address with which that person signs in."""

    stage: Stage
    console: str
    portal: str
    outbox: Path
    people: dict[str, str]
    numbers: dict[str, int]
    customers: list[str]

    def somebody(self) -> str:
        """The address of a customer whom nobody asked for before: how often an address is asked for is limited."""
        return self.customers.pop()

    def letters(self) -> list[Letter]:
        """Oldest first."""
        found = []
        for file in sorted(self.outbox.glob("*.log"), key=lambda f: f.stat().st_mtime_ns):
            # Two of one second can stand in one file.
            for raw in file.read_bytes().split(b"\n" + b"-" * 79 + b"\n"):
                if not raw.strip():
                    continue
                one = email.message_from_bytes(raw, policy=email.policy.default)
                body = one.get_body(("plain",))
                assert body is not None
                to = str(make_header(decode_header(str(one["To"]))))
                found.append(Letter(to, str(one["Subject"]), body.get_content()))
        return found

    def letter_to(self, address: str, after: int = 0) -> Letter:
        """The newest to that address, once there are more than `after` letters."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            letters = self.letters()
            mine = [it for it in letters if it.to == address]
            if len(letters) > after and mine:
                return mine[-1]
            time.sleep(0.05)
        raise AssertionError(f"no letter to {address}")

    def ask(self, page: Page, address: str, language: str = "nl", then: str = "") -> Letter:
        """Asks for a code on the page; out: the letter."""
        before = len(self.letters())
        page.goto(f"{self.portal}/{language}/signin" + (f"?next={then}" if then else ""))
        if page.locator("#another").count():  # a code was asked for before: another one
            page.click("#another button")
            page.wait_for_url("**/signin")
        page.fill("#id_email", address)
        page.click("main form button >> nth=0")
        page.wait_for_url("**/signin/code**")
        return self.letter_to(address, before)

    def sign_in(self, page: Page, address: str, language: str = "nl") -> None:
        letter = self.ask(page, address, language)
        page.fill("#id_code", letter.code)
        page.click("main form button >> nth=0")
        page.wait_for_url(lambda url: "/signin" not in url)

    def sign_in_staff(self, page: Page, role: str, secret: str | None = None) -> str:
        """Signs in with a code and an app, which is set up where there is none. out: the app's secret."""
        self.sign_in_first(page, STAFF[role])
        if secret is None:
            page.goto(f"{self.portal}/nl/account/app")
            secret = page.inner_text(".secret")
            page.fill("#id_code", totp(secret))
            page.click("main form button >> nth=0")
            page.wait_for_url("**/nl/account")
            page.goto(f"{self.portal}/nl/{FIRST[role]}")
            whole_window()  # the code that set it up is good once more
        else:
            next_window()
        page.fill("#id_code", totp(secret))
        page.click("main form button >> nth=0")
        page.wait_for_url(f"**/nl/{FIRST[role]}")
        return secret

    def sign_in_first(self, page: Page, address: str) -> None:
        """As far as the code of the mail goes."""
        letter = self.ask(page, address)
        page.fill("#id_code", letter.code)
        page.click("main form button >> nth=0")
        page.wait_for_url(lambda url: "/signin/code" not in url)


def totp(secret: str, at: float | None = None) -> str:
    """The six digits that an app shows (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    count = struct.pack(">Q", int(time.time() if at is None else at) // 30)
    digest = hmac.new(key, count, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def next_window() -> None:
    """A code of an app is good once: waits for the next half minute."""
    time.sleep(30 - time.time() % 30 + 0.3)


def whole_window(seconds: float = 8) -> None:
    """Waits for the next half minute where the present one ends too soon for a code of it to be typed."""
    if 30 - time.time() % 30 < seconds:
        next_window()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(stage: Stage, folder: Path, **more: str) -> Iterator[Site]:
    """Both processes, over the stage's database; `more`: of their environment."""
    from charging.portal.demonstration import accounts

    outbox = folder / "outbox"
    outbox.mkdir(exist_ok=True)
    plan = stage.company.plan

    LinkKeys.at(stage.doors)
    with stage.database.connect(autocommit=True) as admin:
        accounts(admin, plan, at=dt.datetime.now(dt.UTC))
        people: dict[str, str] = dict(
            admin.execute(
                "SELECT DISTINCT ON (c.key) c.key, e.value FROM bloesem.console_case c"
                " JOIN data.email_address e ON e.person_id = c.person_id ORDER BY c.key, e.recorded_at DESC"
            ).fetchall()
        )
        customers = [
            row[0]
            for row in admin.execute(
                "SELECT min(e.value) FROM data.email_address e JOIN data.login_credential l USING (person_id)"
                " JOIN data.person p ON p.id = e.person_id WHERE p.state = 'customer' AND e.person_id <> ALL (%s)"
                " GROUP BY e.value_norm HAVING count(DISTINCT e.person_id) = 1",
                [
                    list(
                        dict(
                            admin.execute("SELECT key, person_id FROM bloesem.console_case").fetchall()
                        ).values()
                    )
                ],
            ).fetchall()
        ]
        numbers: dict[str, int] = dict(
            admin.execute("SELECT key, person_id FROM bloesem.console_case").fetchall()
        )
    ports = {"console": free_port(), "portal": free_port()}
    addresses = {name: f"http://localhost:{port}" for name, port in ports.items()}
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "PG", "DJANGO"))}
    environment = {
        **plain,
        "BLOESEM_DATABASE_URL": stage.database.dsn.to(user="nobody").url(),
        "BLOESEM_PREFIX": plan.prefix,
        "BLOESEM_COMPANY": str(BLOSSOM),
        "BLOESEM_DEMO": "1",
        "BLOESEM_CREDENTIALS": str(stage.doors),
        "BLOESEM_SECRET_KEY": "of these tests",
        "BLOESEM_CONSOLE": addresses["console"],
        "BLOESEM_PORTAL": addresses["portal"],
        "BLOESEM_OUTBOX": str(outbox),
        "DJANGO_SETTINGS_MODULE": "charging.settings",
        **more,
    }
    with ExitStack() as stack:
        stack.enter_context(stage.served())
        for name, port in ports.items():
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "bloesem.running.web", str(port)],
                env={**environment, "BLOESEM_PROCESS": name},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            stack.callback(_end, process)
        for port in ports.values():
            _answers(port)
        yield Site(stage, addresses["console"], addresses["portal"], outbox, people, numbers, customers)


def _answers(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers on {port}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=20)


def stored(context: BrowserContext, page: Page) -> tuple[set[str], int]:
    """The names of the browser's cookies, and how many things it stores beside."""
    beside = page.evaluate(
        "async () => localStorage.length + sessionStorage.length + (await indexedDB.databases()).length"
        " + (await caches.keys()).length"
    )
    return {str(cookie.get("name")) for cookie in context.cookies()}, int(beside)
