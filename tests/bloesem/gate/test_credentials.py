"""What a process is let in with: its own two files, and never the keeper's."""

from __future__ import annotations

import pickle
import stat
from pathlib import Path

import pytest
from tests.bloesem.gate import small_company

from bloesem.errors import GateError
from bloesem.gate import Credentials, PurposeDenied, explain_refusal
from bloesem.gate.ids import id_at, new_id
from bloesem.gate.scope import signed
from bloesem.gate.secrets import CredentialsDirectory
from bloesem.gate.settings import database_of
from bloesem.stores.dsn import Dsn


def test_credentials_are_made_once_and_private(tmp_path: Path) -> None:
    made = Credentials.create(tmp_path / "secrets", "portal")
    assert (
        Credentials.create(tmp_path / "secrets", "portal")
        == made
        == Credentials.load(tmp_path / "secrets", "portal")
    )
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    for file in (tmp_path / "secrets").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.password not in repr(made)
    assert made.scope_key.hex() not in repr(made)
    assert CredentialsDirectory(tmp_path / "secrets").scope_key("portal") == made.scope_key
    assert CredentialsDirectory(tmp_path / "secrets").password("worker") != made.password


def test_credentials_that_others_can_read_are_refused(tmp_path: Path) -> None:
    Credentials.create(tmp_path, "portal")
    (tmp_path / "portal.password").chmod(0o644)
    with pytest.raises(GateError, match="open to other users"):
        Credentials.load(tmp_path, "portal")


@pytest.mark.parametrize("text", ["", "zz", "00" * 31])
def test_damaged_credentials_are_refused(tmp_path: Path, text: str) -> None:
    Credentials.create(tmp_path, "portal")
    (tmp_path / "portal.scope-key").write_text(text)
    with pytest.raises(GateError, match="damaged"):
        Credentials.load(tmp_path, "portal")


def test_missing_credentials_name_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="install"):
        Credentials.load(tmp_path, "portal")


def test_a_login_connects_with_its_prefix(tmp_path: Path) -> None:
    made = Credentials.create(tmp_path, "portal")
    dsn = made.dsn(Dsn.parse("postgresql://postgres:secret@db.example/x"), "b_")
    assert (dsn.user, dsn.password, dsn.host) == ("b_portal", made.password, "db.example")


def test_the_settings_of_a_process_have_its_own_login(tmp_path: Path) -> None:
    made = Credentials.create(tmp_path, "portal")
    url = {"BLOESEM_DATABASE_URL": "postgresql://postgres:secret@db.example/x"}
    entry = database_of({**url, "BLOESEM_PROCESS": "portal", "BLOESEM_CREDENTIALS": str(tmp_path)})
    assert (entry["ENGINE"], entry["USER"], entry["PASSWORD"]) == (
        "bloesem.gate.backend",
        "bloesem_portal",
        made.password,
    )
    assert "secret" not in str(entry)
    assert database_of(url)["ENGINE"] == "django.db.backends.postgresql"
    for environment in (
        {"BLOESEM_PROCESS": "keeper", "BLOESEM_CREDENTIALS": str(tmp_path)},
        {"BLOESEM_PROCESS": "owner", "BLOESEM_CREDENTIALS": str(tmp_path)},
        {"BLOESEM_PROCESS": "portal"},
        {"BLOESEM_PROCESS": "worker", "BLOESEM_CREDENTIALS": str(tmp_path)},
    ):
        with pytest.raises(GateError):
            database_of({**url, **environment})


def test_a_scope_is_bound_to_everything_in_it() -> None:
    one = signed(bytes(32), 7, "person", 5, 99)
    assert one.startswith("person:5:99:")
    others = {
        signed(bytes(31) + b"1", 7, "person", 5, 99),
        signed(bytes(32), 8, "person", 5, 99),
        signed(bytes(32), 7, "employer", 5, 99),
        signed(bytes(32), 7, "person", 6, 99),
        signed(bytes(32), 7, "person", 5, 98),
    }
    assert len({other.rpartition(":")[2] for other in others} | {one.rpartition(":")[2]}) == 6


def test_ids_are_of_63_bits_and_in_the_order_of_time() -> None:
    assert 0 < new_id() < 2**63
    assert id_at(1, 0) > id_at(0, 2**22 - 1)
    drawn = [new_id() for _ in range(50_000)]
    assert drawn == sorted(set(drawn)), "a process draws none twice, and later ones are larger"


def test_a_refusal_crosses_a_process_boundary_whole() -> None:
    plan = small_company.plan("x_")
    refusal = explain_refusal(plan, "support", table="identity", column="birth")
    assert refusal is not None
    again = pickle.loads(pickle.dumps(PurposeDenied(refusal)))
    assert str(again) == str(PurposeDenied(refusal))
    assert again.refusal == refusal


@pytest.mark.parametrize(
    ("purpose", "table", "column", "why"),
    [
        ("support", "identity", "birth", "column-not-needed"),
        ("support", "segment", "name", "table-not-needed"),
        ("support", "identity", "nothing", "no-such-column"),
        ("support", "nothing", None, "no-such-table"),
        ("curiosity", "identity", "name", "unknown-purpose"),
        ("intake", "identity", "name", "table-not-needed"),
        ("fleet", "session", "place", "column-not-needed"),
    ],
)
def test_every_refusal_has_a_word_a_promise_and_a_line(
    purpose: str, table: str, column: str | None, why: str
) -> None:
    refusal = explain_refusal(small_company.plan("x_"), purpose, table=table, column=column)
    assert refusal is not None
    assert refusal.why == why
    assert refusal.promises[0] in ("P-050", "P-051")
    assert refusal.lines
    assert refusal.needed


def test_a_purpose_that_is_off_says_so() -> None:
    refusal = explain_refusal(
        small_company.plan("x_", off={"quality": "x"}), "quality", table="talk", column="said"
    )
    assert refusal is not None
    assert refusal.why == "off"
