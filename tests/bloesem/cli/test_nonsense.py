"""Each command with each sort of nonsense: what is wrong, which rule says so, what to do; and no traceback."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.cli.test_bad_input import refused
from tests.bloesem.cli.world import BLOSSOM, call
from tests.databases import Database, open_folder

from bloesem import cli
from bloesem.commands.giving import OF_VERBS
from bloesem.stores import postgres

MINIMAL = BLOSSOM.parent / "minimal"
#: Nobody listens on port 1.
DOWN = "postgresql://me:hush@127.0.0.1:1/shop"

#: The shop's own tables, as company/minimal maps them.
TABLES = """
CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL, closed_at timestamptz,
    email text, name text, news_since timestamptz, news_until timestamptz
);
CREATE TABLE purchase (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL,
    customer_id bigint NOT NULL, lines text, invoice_number text, total_cents bigint, invoiced_on date
);
"""

#: What each command needs to get as far as the option that is tried.
PLAIN = {
    "check": (),
    "plan": (),
    "explain": ("orders", "customer.email"),
    "sweep": (),
    "promises": (),
    "notice": (),
    "recipients": (),
    "notices": ("--store", DOWN),
    "register": (),
    "breach": ("--store", DOWN),
    "publish": ("status", "2027-03-01", "--store", DOWN),
    "cases": ("--store", DOWN),
    "restored": ("--keys", "{tmp}", "--store", DOWN),
    "mailbox": ("read", "--once", "--folder", "{tmp}", "--own", "privacy@ours.example", "--store", DOWN),
    "up": ("--no-demo",),
    "discover": (DOWN,),
    "residue": ("--store", DOWN),
    **{
        name: ("--store", DOWN, "--map", "{tmp}/shop.yaml", "--person", "email=a@b.example", *more)
        for name, more in {
            "access": (),
            "erase": (),
            "export": (),
            "rectify": ("--set", "customer.name=Ann"),
            "restrict": ("--ground", "claims"),
            "object": (),
            "withdraw": (),
        }.items()
    },
}
#: Commands that take the company by `--policy`.
PEOPLE = ("access", "erase", "export", "rectify", "restrict", "object", "withdraw")

#: A map of a database that nobody guards.
SHOP = """
dataset:
  - fides_key: shop
    meta: {guarded: false}
    collections: [{name: customer, meta: {holds: people}, fields: [{name: id}]}]
"""

#: Options that a command may have, and what nobody can mean by them: (option, value, words of the answer).
NONSENSE = [
    ("--store", "", "does not start with postgresql://"),
    ("--store", "garbage", "does not start with postgresql://"),
    ("--store", "mysql://host/db", "does not start with postgresql://"),
    ("--store", "postgresql://me@host", "names no database"),
    ("--store", "postgresql://me@host:99999/db", "cannot be read"),
    ("--store", "postgresql://me@[host/db", "cannot be read"),
    ("--company", "{tmp}/gone", "no such directory"),
    ("--company", "{tmp}/words.yaml", "is a file"),
    ("--company", "{tmp}", "bloesem.yaml"),
    ("--on", "", "is no date"),
    ("--on", "2024-02-30", "is no date"),
    ("--on", "0001-01-01", "no version of the policy"),
    ("--prefix", "", "begins no role's name"),
    ("--prefix", 'a"; DROP ROLE x', "begins no role's name"),
    ("--map", "{tmp}/gone.yaml", "no such file"),
    ("--map", "{tmp}/empty", "holds no data map"),
    ("--map", "{tmp}/words.yaml", "words.yaml:1"),
    ("--map", "{tmp}/bytes.yaml", "is not UTF-8"),
    ("--timeout", "soon", "--timeout"),
    ("--budget", "soon", "--budget"),
    ("--agree", "most", "--agree"),
    ("--at", "yesterday", "is no date"),
    ("--told", "yesterday", "is no date"),
    ("--batch", "0", "is not between"),
    ("--batch", "many", "is no whole number"),
    ("--case", "0", "is not between"),
    ("--row", "-5", "is not between"),
    ("--row", "first", "is no whole number"),
    ("--table", "purchas", "did you mean `purchase`?"),
    ("--purpose", "newslettr", "did you mean `newsletter`?"),
    ("--section", "gat", "invalid choice"),
    ("--credentials", "{tmp}/words.yaml", "without --apply"),
    ("--state", "maybe", "invalid choice"),
    ("--tests", "{tmp}/gone", "no such directory"),
    ("--last-run", "{tmp}/words.yaml", "no record of a test run"),
    ("--last-run", "{tmp}/empty", "no record of a test run"),
    ("--port", "0", "is not between"),
    ("--port", "65536", "is not between"),
    ("--port", "http", "is no whole number"),
    ("--size", "0", "is not between"),
    ("--size", "-4", "is not between"),
    ("--data", "/dev/null", "cannot be used"),
    ("--data", "/dev/null/below", "/dev/null"),
    ("--policy", "{tmp}/gone", "no such file or directory"),
    ("--person", "somebody", "named by what identifies them"),
    ("--person", "email=", "named by what identifies them"),
    ("--also", "somebody", "named by what identifies them"),
    ("--people", "{tmp}/gone", "cannot be read"),
    ("--people", "{tmp}/bytes.yaml", "cannot be read"),
    ("--lang", "xx", "invalid choice"),
    ("--format", "exe", "invalid choice"),
    ("--to", "{tmp}/out", "is where an export goes"),
    ("--xlsx", "{tmp}/gone/out.xlsx", "cannot be written"),
    ("--set", "name", "names a column and what it should say"),
    ("--residue", "never", "invalid choice"),
    ("--ground", "quatsch", "no ground of an erasure"),
    ("--lang", "la", "invalid choice"),
    ("--version", "yesterday", "is no date"),
    ("--format", "pdf", "invalid choice"),
    ("--publish", "person_name", "is not the columns of one table"),
    ("--copy", "first", "--copy"),
    ("--gone", "first", "--gone"),
    ("--colour", "blue", "unrecognized arguments"),
    ("--jso", "", "unrecognized arguments"),
]

#: The promises are read from the company, the tests and the last run, recipients from the record: no map. Discover's page shows check's option.
NOT_READ = {
    ("promises", "--map"),
    ("promises", "--prefix"),
    ("recipients", "--map"),
    ("recipients", "--prefix"),
    ("register", "--map"),
    ("register", "--prefix"),
    ("discover", "--store"),
}
#: What is compared, recorded, or looked up in the database only.
FREE = {
    ("erase", "--plan"),
    ("rectify", "--plan"),
    ("export", "--csv"),
    ("restrict", "--ground"),
}
FREE |= {
    ("object", "--purpose"),
    ("withdraw", "--purpose"),
    ("restrict", "--item"),
    ("erase", "--item"),
    ("rectify", "--source"),
}
FREE |= {
    ("notices", f"--{option}")
    for option in ("sent", "proven", "to", "proof", "name", "page", "contact", "by")
}
#: What a step of a publication says: `tests/bloesem/publishing` tries what may not be said.
FREE |= {("publish", option) for option in ("--by", "--reason", "--url", "--credentials", "--weighed")}
#: What is said of a case that is taken in: `tests/bloesem/cases/test_roads.py` tries what may not be said.
FREE |= {
    ("cases", f"--{name}")
    for name in (
        *(
            "channel",
            "received",
            "language",
            "kind",
            "asked",
            "address",
            "words",
            "site",
            "by",
            "post",
            "keys",
            "about",
        ),
    )
}
FREE |= {("restored", option) for option in ("--journal", "--keys")}
FREE |= {("mailbox", option) for option in ("--folder", "--memory", "--own", "--site", "--home")}
#: What a step of a breach says: `tests/bloesem/breaches` tries what may not be said.
FREE |= {
    ("breach", f"--{name}")
    for name in (
        *(
            "what",
            "loss",
            "discovered",
            "aware",
            "told",
            "processor",
            "category",
            "group",
            "people",
            "records",
        ),
        *(
            "consequences",
            "measures",
            "risk",
            "reason",
            "reference",
            "late-reasons",
            "ground",
            "notice",
            "words",
        ),
        *("persons", "disclosure", "recipient", "since", "until", "fact", "channel", "by", "home"),
    )
}
FREE |= {("recipients", f"--{name.replace('_', '-')}") for name in OF_VERBS} - {
    ("recipients", "--store"),
    ("recipients", "--case"),
}


def _takes(name: str, option: str) -> bool:
    page = call(name, "--help").out
    return f"{option} " in page or option in ("--colour", "--jso")


CASES = [
    (name, *one)
    for name in cli.COMMANDS
    for one in NONSENSE
    if (name, one[0]) not in NOT_READ | FREE and _takes(name, one[0])
]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "words.yaml").write_text("just words")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty").mkdir()
    (tmp_path / "shop.yaml").write_text(SHOP)
    return tmp_path


@pytest.mark.parametrize(("name", "option", "value", "says"), CASES)
def test_nonsense_is_refused_in_words(name: str, option: str, value: str, says: str, files: Path) -> None:
    home = BLOSSOM if name == "promises" else MINIMAL
    named = "--policy" if name in PEOPLE else "--company"
    company = () if option == named or name in ("discover", "residue") else (named, home)
    plain = [one.format(tmp=files) for one in PLAIN[name]]
    given = (name, *plain, *company, option, value.format(tmp=files))
    said = call(*given)
    refused(said, said.code, says)
    assert said.code in (1, 2, 3)
    assert said.out == ""
    as_json = call(*given, "--json")
    assert as_json.code == said.code
    error = as_json.json["error"]
    assert set(error) == {"what", "rule", "remedy"}
    assert all(error.values())
    assert said.err.startswith(f"error: {error['what']}")


@pytest.mark.parametrize("option", ["--purpose", "--person", "--credentials", "--proof", "--to", "--actor"])
def test_what_only_a_verb_reads_is_refused_without_one(option: str) -> None:
    refused(call("recipients", "--company", MINIMAL, option, "x"), 2, f"{option} without a verb")


@pytest.mark.parametrize(
    ("url", "says"), [(value, says) for option, value, says in NONSENSE if option == "--store"]
)
def test_discover_refuses_what_is_no_database(url: str, says: str) -> None:
    said = call("discover", url)
    refused(said, said.code, says)
    assert said.code in (2, 3)


def test_the_table_tries_every_option_that_takes_a_value() -> None:
    tried = {(name, option) for name, option, _, _ in CASES}
    for name in cli.COMMANDS:
        options = re.findall(r"^  (--[a-z-]+) (?=[A-Z{])", call(name, "--help").out, re.MULTILINE)
        assert options
        assert {(name, option) for option in options} - tried - NOT_READ - FREE == set()


@pytest.mark.parametrize(
    "given",
    [
        ("check",),
        ("plan", "--diff"),
        ("plan", "--rehearse"),
        ("plan", "--apply"),
        ("explain", "orders", "customer.email", "--row", "1"),
        ("sweep",),
        ("sweep", "--at", "0001-01-01"),
    ],
)
@pytest.mark.parametrize("url", [DOWN, f"{DOWN}?sslmode=perhaps", f"{DOWN}?colour=blue"])
def test_a_database_that_does_not_answer_is_named_without_its_password(
    given: tuple[str, ...], url: str
) -> None:
    said = call(*given, "--company", MINIMAL, "--store", url)
    refused(said, 3, "127.0.0.1")
    assert "hush" not in said.err


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("plan", "--diff", "--apply", "--store", DOWN), "--diff and --apply"),
        (("plan", "--rehearse", "--apply", "--store", DOWN), "--rehearse and --apply"),
        (("plan", "--force"), "--force without --apply"),
        (("explain",), "required: TABLE.COLUMN"),
        (("explain", "marketing", "email_address."), "names no column"),
        (("explain", "marketing", "a.b.c.d"), "names no column"),
        (("explain", "a", "b", "c"), "unrecognized arguments: c"),
        (("promises", "p-067"), "near it: P-067"),
        (("up", "now"), "unrecognized arguments: now"),
    ],
)
def test_what_does_not_go_together_is_refused(given: tuple[str, ...], says: str) -> None:
    refused(call(*given, "--company", BLOSSOM), 2, says)


# ---- up: nothing is made before everything that can be wrong was looked at --------------------------------------


@pytest.fixture
def place() -> Iterator[Path]:
    """Where a system's data would go; nothing is there yet."""
    folder = open_folder()
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


def _up(place: Path, *more: str) -> tuple[object, ...]:
    return ("up", "--company", BLOSSOM, "--data", place, *more)


def test_a_port_that_is_taken_stops_it_before_anything_is_made(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(call(*_up(place, "--port", str(port))), 3, f"port {port} is taken")
    assert not place.exists()


@pytest.mark.parametrize("url", ["", " ", "garbage"])
def test_a_url_in_the_environment_that_is_none(
    place: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("BLOESEM_DATABASE_URL", url or "mysql://")
    if url.strip():
        refused(call(*_up(place)), 3, "BLOESEM_DATABASE_URL")
        assert not place.exists()


def test_a_database_that_is_down_or_refuses_stops_it_before_anything_is_made(
    place: Path, fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOESEM_DATABASE_URL", DOWN)
    refused(call(*_up(place)), 3, "cannot be reached")
    wrong = fresh_database.dsn.to(user="nobody_here", password="wrong-one")
    monkeypatch.setenv("BLOESEM_DATABASE_URL", wrong.url())
    said = call(*_up(place))
    refused(said, 3, "refuses the login")
    assert "wrong-one" not in said.err
    monkeypatch.setenv("BLOESEM_DATABASE_URL", fresh_database.dsn.url())
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "OLDEST", 99)
        refused(call(*_up(place)), 3, "99 or newer")
    assert not place.exists()


def test_a_company_that_invents_nobody_says_so_before_anything_is_made(place: Path) -> None:
    said = call("up", "--company", MINIMAL, "--data", place)
    refused(said, 1, "names no demonstration", "--no-demo")
    assert not place.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the database as somebody else")
def test_a_folder_that_the_databases_user_cannot_enter_stops_it(place: Path) -> None:
    place.parent.chmod(0o700)
    refused(call(*_up(place)), 3, "cannot reach the data directory")
    assert not place.exists()


# ---- a database that answers, and is not what was meant ----------------------------------------------------------


def test_an_empty_database_is_said_to_be_one(fresh_database: Database) -> None:
    store = (
        "--company",
        MINIMAL,
        "--store",
        fresh_database.dsn.url(),
        "--prefix",
        fresh_database.role_prefix,
    )
    refused(call("sweep", *store), 1, "no plan is in force on this database")
    for act in ("--diff", "--rehearse", "--apply"):
        refused(call("plan", act, *store), 3, "names tables that are not in the database")
    refused(call("explain", "orders", "customer.email", "--row", "1", *store), 3, "lacks something")
    said = call("check", *store)
    assert said.code == 1
    assert "error: " in said.out


def test_a_day_or_a_row_that_cannot_be_meant(fresh_database: Database) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute(TABLES)
    store = (
        "--company",
        MINIMAL,
        "--store",
        fresh_database.dsn.url(),
        "--prefix",
        fresh_database.role_prefix,
    )
    done = call("plan", "--apply", *store)
    assert done.code == 0, done
    assert call("sweep", *store).code == 0
    refused(call("sweep", "--at", "0001-01-01", *store), 1, "0001-01-01")
    refused(call("sweep", "--at", "9999-12-31", *store), 1, "is still to come", "--dry-run")
    refused(call("sweep", "--at", "9999-12-31", "--dry-run", *store), 1, "9999-12-31")
    refused(call("explain", "orders", "customer.email", "--row", "7", *store), 1, "7")


#: Ways to say where a database is, each with a password in it.
SECRETS = [
    "postgresql://shop:hush@127.0.0.1:6543/shop",
    "postgres://shop:a:hush/@x@127.0.0.1/shop",
    "postgresql://shop:and hush@127.0.0.1/shop",
    "postgresql://shop@127.0.0.1/shop?sslmode=prefer&password=hush",
    "host=127.0.0.1 user=shop password = 'and hush'",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "typed",
    [
        ("discover", "--agree", "0.9", "{}"),
        ("check", "{}", MINIMAL),
        ("check", MINIMAL, "{}"),
        ("check", "--map", "{}"),
        ("check", "--company", "{}"),
        ("access", "--person", "email=a@b.example", "--map", "{}"),
        ("access", "--person", "email=a@b.example", "--policy", "{}"),
        ("erase", "--people", "{}"),
        ("export", "--person", "email=a@b.example", "--csv", "{}"),
    ],
)
def test_a_connection_string_that_stands_where_a_file_is_expected_is_not_shown(
    typed: tuple[object, ...], secret: str
) -> None:
    said = call(*(str(one).format(secret) for one in typed), "--json")
    refused(said, 2, "belongs to --store")
    assert "hush" not in said.err + said.out


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "typed",
    [("{}",), ("check", "--on", "{}"), ("up", "{}"), ("access", "--person", "{}"), ("plan", "--table", "{}")],
)
def test_no_error_holds_the_password_of_a_connection_string(
    typed: tuple[str, ...], secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = call(*(one.format(secret) for one in typed), "--json")
    refused(said, said.code)
    monkeypatch.setenv("BLOESEM_COMPANY", secret)
    elsewhere = call("check", "--json")
    refused(elsewhere, 1)
    assert "hush" not in said.err + said.out + elsewhere.err + elsewhere.out
