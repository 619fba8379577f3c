"""Who got a person's data is known by name, and each of them is told of what changed: queued, sent, proven, or escalated."""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.bloesem.recipients.changed import DAY, blossom
from tests.bloesem.recipients.store import blossom_store, invoiced, unblocked  # noqa: F401
from tests.promises.business import Business

from bloesem.errors import RightsError
from bloesem.plan.dates import midnight
from bloesem.recipients import notices
from bloesem.recipients.disclose import disclose
from bloesem.recipients.given import recipients_of
from bloesem.recipients.opendsr import callback_body, read_callback, request_body
from bloesem.recipients.send import letter
from bloesem.sending.transports import Place

NOON = midnight(DAY) + dt.timedelta(hours=12)
DUE = DAY + dt.timedelta(days=14)


def give(store: Business, person: int, to: Path, name: str, **more: Any) -> None:
    using = store.world.alias(store.world.login("billing"))
    disclose(lambda: blossom(), name, "billing", [person], to=to, clock=lambda: NOON, using=using, **more)


@pytest.fixture
def people(blossom_store: Business, tmp_path: Path) -> tuple[Business, int, int]:  # noqa: F811
    """Two customers: of both the print house got a letter, of the first the access point got an invoice."""
    one, other = invoiced(blossom_store), invoiced(blossom_store, "Baert")
    for person in (one, other):
        give(blossom_store, person, tmp_path, "briefwerk")
    give(blossom_store, one, tmp_path, "factuurpunt", fields=("contract.billing",))
    give(blossom_store, one, tmp_path, "liberty_platforms", fields=("identification.name",))
    return blossom_store, one, other


def test_the_actual_recipients_of_a_person_are_named_with_what_they_got_where_it_went_and_on_what(
    people: tuple[Business, int, int],
) -> None:
    store, one, other = people
    found = {each.recipient: each for each in recipients_of(store.world.admin, one)}
    assert set(found) == {"briefwerk", "factuurpunt", "liberty_platforms"}
    assert (found["briefwerk"].name, found["briefwerk"].kinds) == ("Briefwerk NV (example)", ("print_mail",))
    assert set(found["briefwerk"].fields) == {"address", "invoice", "person_name"}
    assert set(found["factuurpunt"].fields) == {"invoice"}
    (transfer,) = found["liberty_platforms"].transfers
    assert (transfer["country"], transfer["mechanism"]) == ("GB", "adequacy")
    assert [each.recipient for each in recipients_of(store.world.admin, other)] == ["briefwerk"]
    assert recipients_of(store.world.admin, 1) == []


@pytest.mark.promise("R-030")
def test_who_got_a_value_that_changed_is_told_and_who_did_not_is_not(
    people: tuple[Business, int, int],
) -> None:
    store, one, _ = people
    admin = store.world.admin
    mended = notices.queue(
        admin, one, "rectification", request=uuid.uuid4(), due=DUE, now=NOON, fields={"address": ["city"]}
    )
    assert [(each.recipient, each.given, each.state) for each in mended] == [
        ("briefwerk", {"address": ("city",)}, "queued")
    ]
    erased = notices.queue(admin, one, "erasure", request=uuid.uuid4(), due=DUE, now=NOON)
    assert [each.recipient for each in erased] == ["briefwerk", "factuurpunt", "liberty_platforms"]
    assert (
        notices.queue(
            admin, one, "restriction", request=uuid.uuid4(), due=DUE, now=NOON, fields={"email": ["x"]}
        )
        == []
    )


def test_the_same_change_tells_nobody_twice(people: tuple[Business, int, int]) -> None:
    store, one, _ = people
    request = uuid.uuid4()
    first = notices.queue(store.world.admin, one, "erasure", request=request, due=DUE, now=NOON)
    again = notices.queue(store.world.admin, one, "erasure", request=request, due=DUE, now=NOON)
    assert [each.id for each in first] == [each.id for each in again]


@pytest.mark.promise("R-030")
def test_a_notice_goes_forward_only_and_one_without_proof_is_escalated_once(
    people: tuple[Business, int, int],
) -> None:
    store, one, _ = people
    admin = store.world.admin
    first, second, third = notices.queue(admin, one, "erasure", request=uuid.uuid4(), due=DUE, now=NOON)
    with pytest.raises(RightsError, match="cannot be proven now"):
        notices.proven(admin, first.id, "letter of 27 November", NOON)
    notices.sent(admin, first.id, "gegevens@briefwerk.example", NOON)
    with pytest.raises(RightsError, match="cannot be sent now"):
        notices.sent(admin, first.id, "another@briefwerk.example", NOON)
    with pytest.raises(RightsError, match="proof is empty"):
        notices.proven(admin, first.id, " ", NOON)
    notices.proven(admin, first.id, "letter of 27 November", NOON)
    with pytest.raises(RightsError):
        notices.proven(admin, first.id, "another letter", NOON)
    for statement in (
        "SET proof = 'x'",
        "SET sent_at = now()",
        "SET person_id = 1",
        "SET due = '2099-01-01'",
    ):
        with pytest.raises(psycopg.errors.IntegrityError, match="forward only"):
            admin.execute(f"UPDATE bloesem.notice {statement} WHERE id = {first.id}")
    mine = {second.id, third.id}
    assert mine <= {each.id for each in notices.open_notices(admin)}
    assert not mine & {each.id for each in notices.escalate(admin, DUE, NOON)}, "its day is not over"
    late = {each.id: each for each in notices.escalate(admin, DUE + dt.timedelta(days=1), NOON)}
    assert mine <= set(late)
    assert first.id not in late
    assert not mine & {each.id for each in notices.escalate(admin, DUE + dt.timedelta(days=2), NOON)}, "once"
    notices.sent(admin, second.id, "x", NOON)
    states = {each.id: each.state for each in notices.of_request(admin, first.request)}
    assert states == {first.id: "proven", second.id: "sent", third.id: "queued"}


def test_a_letter_on_a_correction_says_how_the_right_value_is_got_and_holds_none() -> None:
    place = Place("blossom.example", "https://blossom.example", "news@blossom.example")
    one = notice("rectification")
    text = letter(one, "gegevens@briefwerk.example", place, NOON).text
    assert "Do likewise" not in text, "nobody can correct what they are not told"
    assert f"Answer with the number {one.request}: you then get the right value" in text
    assert f"Antwoord met het nummer {one.request}: dan krijgt u de juiste waarde" in text
    assert str(DUE) in text
    erased = letter(notice("erasure"), "gegevens@briefwerk.example", place, NOON).text
    assert "Do likewise" in erased
    assert "right value" not in erased


# ---- OpenDSR -------------------------------------------------------------------------------------------------------

URL = "https://blossomenergy.example/opendsr/callbacks"
DOMAIN = "dsr.zonnewijs.example"


def notice(change: notices.Change = "erasure", request: uuid.UUID | None = None) -> notices.Notice:
    return notices.Notice(
        1,
        request or uuid.uuid4(),
        7,
        "zonnewijs",
        change,
        {"session": ("place",)},
        {12: 5, 3: 1},
        DUE,
        NOON,
        None,
        None,
        None,
    )


def test_an_erasure_is_an_opendsr_request_that_names_nobody() -> None:
    one = notice()
    assert request_body(one, [URL]) == {
        "regulation": "gdpr",
        "subject_request_id": str(one.request),
        "subject_request_type": "erasure",
        "submitted_time": "2026-11-26T11:00:00Z",
        "subject_identities": [
            {"identity_type": "controller_customer_id", "identity_value": value, "identity_format": "raw"}
            for value in ("disclosure-3:1", "disclosure-12:5")
        ],
        "api_version": "1.0",
        "status_callback_urls": [URL],
    }
    with pytest.raises(RightsError, match="OpenDSR cannot say"):
        request_body(notice("restriction"), [URL])
    with pytest.raises(RightsError, match="version 4"):
        request_body(notice(request=uuid.uuid1()), [URL])


@pytest.fixture(scope="module")
def signer() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, DOMAIN)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2028, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(DOMAIN)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, made.public_bytes(serialization.Encoding.PEM)


def test_a_callback_counts_when_the_processors_domain_signed_it_and_it_is_meant_for_us(
    signer: tuple[rsa.RSAPrivateKey, bytes],
) -> None:
    key, certificate = signer
    request = uuid.uuid4()

    def said(url: str = URL, domain: str = DOMAIN, spoil: bool = False, **changes: Any) -> Any:
        content = (
            callback_body(request, "completed", url=url, controller_id="blossom", expected=NOON) | changes
        )
        body = json.dumps({k: v for k, v in content.items() if v is not None}).encode()
        signed = base64.b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
        sent = body.replace(b"completed", b"cancelled") if spoil else body
        return read_callback(sent, url=URL, domain=domain, signature=signed, certificate=certificate)

    done = said()
    assert (done.request, done.status, done.expected) == (request, "completed", NOON)
    assert done.proof.startswith(f"{DOMAIN} completed sha256:")
    for wrong, says in (
        ({"spoil": True}, "is not signed by"),
        ({"domain": "evil.example"}, "certificate that is not of evil.example"),
        ({"url": "https://evil.example/"}, "another address"),
        ({"request_status": "lost"}, "does not know"),
        ({"subject_request_id": None}, "no callback"),
        ({"expected_completion_time": "soon"}, "no callback"),
        ({"expected_completion_time": "2026-11-26T11:00:00"}, "does not know"),
    ):
        with pytest.raises(RightsError, match=says):
            said(**wrong)
    with pytest.raises(RightsError, match="is not signed by"):
        read_callback(b"{}", url=URL, domain=DOMAIN, signature="no base64!", certificate=certificate)
