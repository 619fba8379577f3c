"""A notice of erasure is posted to its recipient's server, signed, again until its day; then the officer is told, once."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.bloesem.recipients.changed import DAY, blossom
from tests.bloesem.recipients.store import blossom_store, invoiced, unblocked  # noqa: F401
from tests.bloesem.recipients.test_notices import NOON, give
from tests.bloesem.sending.stage import PLACE, Listing
from tests.promises.business import Business

from bloesem.recipients import notices
from bloesem.recipients.posting import BACKOFF, Post, Posted, Signer, over_http, post, signature_base
from bloesem.recipients.send import escalate, send
from bloesem.sending.transports import Outcome

ANSWERS = "https://blossom.example/opendsr/callbacks"
DUE = DAY + dt.timedelta(days=14)
TAKES = "https://dsr.briefwerk.example/requests"


@contextmanager
def server(statuses: list[int]) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A real one, that answers as told; out: its address, and what it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((dict(self.headers.items()), body))
            status = statuses.pop(0) if statuses else 201
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """It says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/requests", got
        running.shutdown()


def offered(store: Business, signer: Signer, to: Post, now: dt.datetime) -> Posted:
    """To recipients of the register, of whom the print house has a server."""
    register = {
        key: one.model_copy(update={"notices": TAKES if key == "briefwerk" else None})
        for key, one in blossom().record.recipients.items()
    }
    return post(*(store.world.admin, register, signer, to, ANSWERS, now), prefix=store.world.plan.prefix)


@pytest.mark.promise("R-030")
def test_an_erasure_is_posted_signed_again_when_it_was_not_taken_and_escalated_when_its_day_is_over(
    blossom_store: Business,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "bloesem.gate.keeping.configured", lambda: False
    )  # the door's process serves no purpose
    store, signer = blossom_store, Signer.at(tmp_path)
    admin, prefix = store.world.admin, store.world.plan.prefix
    person = invoiced(store)
    give(store, person, tmp_path / "out", "briefwerk")
    (one,) = notices.queue(admin, person, "erasure", request=uuid.uuid4(), due=DUE, now=NOON)
    (mend,) = notices.queue(admin, person, "rectification", request=uuid.uuid4(), due=DUE, now=NOON)

    with server([503, 302, 201]) as (address, got):

        def to(url: str, body: bytes, headers: Any) -> int | None:
            assert url == TAKES
            return over_http(address, body, headers)

        assert [len(it) for it in vars(offered(store, signer, to, NOON)).values()] == [0, 0, 1]
        assert offered(store, signer, to, NOON + BACKOFF[0] - dt.timedelta(seconds=1)).later == ()
        assert len(got) == 1, "not again before its time"
        headers, body = got[0]
        said = json.loads(body)
        assert (said["subject_request_id"], said["status_callback_urls"]) == (str(one.request), [ANSWERS])
        assert str(person) not in body.decode()
        assert "Aerts" not in body.decode()
        # Whoever has the public key knows that it is ours, whole, and for this address.
        public = load_pem_public_key(signer.public.encode())
        parameters = headers["Signature-Input"].removeprefix("bloesem=")
        signature = base64.b64decode(headers["Signature"].removeprefix("bloesem=:").removesuffix(":"))
        base = signature_base(TAKES, headers["Content-Digest"], parameters)
        public.verify(signature, base)  # type: ignore[union-attr,call-arg]
        with pytest.raises(InvalidSignature):
            public.verify(signature, base.replace(b"briefwerk", b"evil"))  # type: ignore[union-attr,call-arg]

        # Led elsewhere is refused for good: a person, or the mail to its contact, tells it.
        assert [it.id for it in offered(store, signer, to, NOON + BACKOFF[0]).refused] == [one.id]
        assert len(got) == 2
        listing = Listing()
        register = blossom().record.recipients
        done = send(admin, register, listing, PLACE, NOON, prefix=prefix, posting=True)
        assert {it.id for it in done.went} >= {one.id, mend.id}

        (again,) = notices.queue(admin, person, "erasure", request=uuid.uuid4(), due=DUE, now=NOON)
        assert [it.id for it in offered(store, signer, to, NOON).went] == [again.id]
        (state,) = notices.of_request(admin, again.request)
        assert (state.state, state.tries) == ("sent", 0)
        assert offered(store, signer, to, NOON + dt.timedelta(days=3)).went == (), "what was taken goes once"

    # No proof on its day: the officer is told the next, once, and again only where no server took that.
    officer, late = "privacy@blossom.example", DUE + dt.timedelta(days=1)

    def tell(day: dt.date) -> set[int]:
        return {it.id for it in escalate(admin, officer, listing, PLACE, day, NOON, prefix=prefix)}

    assert tell(DUE) == set()
    listing.answer = Outcome.LATER
    assert tell(late) == set()
    listing.answer = Outcome.SENT
    assert tell(late) >= {one.id, mend.id, again.id}
    assert listing.sent[-1].address == officer
    assert str(person) not in listing.sent[-1].text
    assert tell(late) == set()


def test_nobody_there_is_later_and_plain_http_is_no_address(tmp_path: Path) -> None:
    assert over_http("http://127.0.0.1:9/requests", b"{}", {}) is None
    from tests.bloesem.recipients.test_notices import notice

    from bloesem.recipients.posting import address_of

    zonnewijs = blossom().record.recipients["zonnewijs"]
    assert address_of(notice(), zonnewijs) == zonnewijs.notices
    assert address_of(notice("restriction"), zonnewijs) is None
    assert address_of(notice(), zonnewijs.model_copy(update={"notices": "http://plain.example/"})) is None
    assert address_of(notice(), None) is None
