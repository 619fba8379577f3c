"""What comes back is believed when it brings a code of ours back, and does one thing once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import door

from bloesem.consent.links import LinkKeys
from bloesem.sending.door import Door
from bloesem.sending.inbound import Received, receive
from bloesem.sending.transports import Letter


def sent(at: Stage, *, address: str | None = None) -> tuple[Door, int, Letter]:
    person = at.customer(address)
    made, listing = door(at)
    made.submit("battery-offer", "email", [person])
    made.run()
    return made, person, listing.sent[-1]


def bounce(letter: Letter, status: str = "5.1.1", *, to: str | None = None) -> bytes:
    return (
        f"From: MAILER-DAEMON@post.example\r\nTo: <{to or letter.envelope}>\r\nSubject: Undelivered\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; post.example\r\n\r\n"
        f"Final-Recipient: rfc822; {letter.address}\r\nAction: failed\r\nStatus: {status}\r\n--b--\r\n"
    ).encode()


def got(at: Stage, links: LinkKeys, raw: bytes) -> Received:
    return receive(at.keeper, at.rules, links, raw)


def test_a_bounce_stops_what_would_be_written_next(at: Stage) -> None:
    made, person, letter = sent(at)
    assert got(at, made.links, bounce(letter)) == Received("bounce", letter.number, "recorded")
    assert got(at, made.links, bounce(letter)).said == "already"
    (answer,) = made.submit("battery-offer", "email", [person])
    assert answer.reason.key == "bounced"


def test_a_delay_or_a_forged_bounce_stops_nothing(at: Stage) -> None:
    made, person, letter = sent(at)
    tag = letter.envelope.removeprefix("bounce+").split("@")[0]
    number, message, code = tag.split(".")
    forged = f"bounce+{number}.{int(message) + 1}.{code}@blossom.example"
    assert got(at, made.links, bounce(letter, to=forged)).kind == "forged"
    assert got(at, made.links, bounce(letter, to="bounce+x@blossom.example")).kind == "forged"
    other = f"bounce+{made.links.tag('unsubscribe', letter.number)}@blossom.example"
    assert got(at, made.links, bounce(letter, to=other)).kind == "forged", "a code is for one use"
    assert got(at, made.links, bounce(letter, "4.4.7")).kind == "delayed"
    assert made.submit("battery-offer", "email", [person])[0].reason.key == "allowed"


def test_an_address_that_was_given_later_did_not_bounce(at: Stage) -> None:
    made, person, letter = sent(at)
    at.email(person, "newer@post.example")
    got(at, made.links, bounce(letter))
    assert made.submit("battery-offer", "email", [person])[0].reason.key == "allowed"


def reply(to: str, *headers: str) -> bytes:
    return "\r\n".join(
        ["From: p@post.example", f"To: {to}", *headers, "Subject: Re", "", "Afwezig", ""]
    ).encode()


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "X-Autoreply: yes",
    ],
)
def test_an_automatic_answer_is_no_act_of_a_person(at: Stage, header: str) -> None:
    made, person, letter = sent(at)
    assert letter.unsubscribe is not None
    for to in (letter.envelope, letter.unsubscribe[1], "info@blossom.example"):
        assert got(at, made.links, reply(to, header)).kind == "automatic"
    assert "marketing" in at.bits(person)
    assert at.one("SELECT bounced_at FROM data.email_address WHERE person_id = %s", person) is None


def test_mail_unsubscribes_and_is_confirmed_by_mail(at: Stage) -> None:
    made, person, letter = sent(at, address="stop@post.example")
    assert letter.unsubscribe is not None
    to = letter.unsubscribe[1]
    assert got(at, made.links, reply(to)) == Received("unsubscribe", letter.number, "recorded")
    assert got(at, made.links, reply(to)).said == "already"
    assert not at.bits(person) & {"marketing", "consent_marketing"}
    second, listing = door(at)
    second.run()
    (answer,) = listing.sent
    assert (answer.address, answer.subject) == ("stop@post.example", "Je krijgt geen reclame meer")
    assert at.one("SELECT count(*) FROM bloesem.outbox WHERE address IS NOT NULL") == 0


def test_an_old_link_undoes_no_newer_consent(at: Stage) -> None:
    made, person, letter = sent(at)
    assert letter.unsubscribe is not None
    at.agree(person, kinds=("newsletter",))
    made.submit("spring-news", "email", [person])
    made.run()
    news = made.links.tag(
        "unsubscribe", at.one("SELECT max(id) FROM bloesem.outbox WHERE template = 'spring-news'")
    )
    to = f"unsubscribe+{news}@blossom.example"
    assert got(at, made.links, reply(to)).said == "recorded"
    at.agree(person, kinds=("newsletter",))
    assert got(at, made.links, reply(to)).said == "used"
    assert "consent_marketing" in at.bits(person)


KEYS = LinkKeys(((1, b"k" * 32),))


@given(st.binary(max_size=300))
def test_whatever_a_stranger_writes_is_read_to_its_end(at: Stage, raw: bytes) -> None:
    assert receive(at.keeper, at.rules, KEYS, raw).kind in ("other", "automatic", "forged")
    head = b"To: bounce+1.1.ab@blossom.example\r\n"
    assert receive(at.keeper, at.rules, KEYS, head + raw).kind in ("forged", "other", "automatic")
