"""What neither a foreign key nor a plain name says: joins of views and functions, numbers that people are given, and questions."""

from __future__ import annotations

import pytest
from tests.bloesem.discover.world import categories, lines, made, proposed
from tests.databases import Database, DatabaseMaker

from bloesem.discover import Proposal, to_yaml
from bloesem.discover.catalogue import Catalogue, Column, Table
from bloesem.discover.joins import joins_of
from bloesem.discover.proposal import FieldProposal, LinkProposal
from bloesem.discover.words import words
from bloesem.stores.embedded import EmbeddedServer

WORDS = words()

PEOPLE = (
    "CREATE TABLE client (id int PRIMARY KEY, client_no varchar(10) NOT NULL UNIQUE, first_name text, last_name text, email text)",
    "INSERT INTO client SELECT i, 'C' || 1000 + i, 'Ann', 'Maes' || i, 'ann' || i || '@post.example' FROM generate_series(1, 60) i",
)


def database(fresh: Database, *statements: str) -> Proposal:
    with fresh.connect(autocommit=True) as connection:
        for statement in (*PEOPLE, *statements):
            connection.execute(statement.encode())
    return proposed(fresh)


def link(proposal: Proposal, table: str, column: str) -> LinkProposal | None:
    (found,) = [t for t in proposal.tables if t.at[1] == table]
    return next((x for x in found.links if x.columns == (column,)), None)


def field(proposal: Proposal, table: str, column: str) -> FieldProposal:
    return next(f for t in proposal.tables if t.at[1] == table for f in t.fields if f.name == column)


# ---- questions instead of silence ------------------------------------------------------------------------------------


def test_a_column_that_seems_to_point_somewhere_is_asked_about(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE power (id int PRIMARY KEY, entrusted_id int NOT NULL, zork_id int, gizmo int, empty_id int)",
        "INSERT INTO power SELECT i, 1 + i % 60, 900 + i, i FROM generate_series(1, 40) i",
    )
    asked = link(made_, "power", "entrusted_id")
    assert asked is not None
    assert asked.kind is None
    said = [(c.says.get("to"), c.says.get("kind"), c.says.get("link")) for c in asked.decide]
    client = ("public", "client")
    assert said == [(client, k, None) for k in ("owner", "shared", "reference")] + [(None, None, "none")]
    nowhere = link(made_, "power", "zork_id")
    assert nowhere is not None
    assert [dict(c.says) for c in nowhere.decide] == [{"link": "none"}]  # no client has such a number
    assert link(made_, "power", "gizmo") is None
    assert link(made_, "power", "empty_id") is None


def test_a_number_that_is_called_for_somebody_is_asked_about(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE permit (id int PRIMARY KEY, keeper_code uuid, stamped_by uuid)",
        "INSERT INTO permit SELECT i, md5('a' || i % 5)::uuid, md5('b' || i % 5)::uuid FROM generate_series(1, 40) i",
    )
    assert link(made_, "permit", "stamped_by") is not None
    assert link(made_, "permit", "keeper_code") is None


def test_a_text_that_says_who_did_something_is_asked_about(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE visit (id int PRIMARY KEY, client_id int, stamped_by text, nagezien_door text, geprueft_von text, stand_by boolean)",
        "INSERT INTO visit SELECT i, 1 + i % 60, 'Eva Maes', 'Tom Claes', 'Ida Kurz' FROM generate_series(1, 40) i",
    )
    for name in ("stamped_by", "nagezien_door", "geprueft_von"):
        assert [c.says["data_categories"] for c in field(made_, "visit", name).decide] == [
            ["user.name"],
            [],
        ], name
    assert field(made_, "visit", "stand_by").decide == ()


# ---- joins -----------------------------------------------------------------------------------------------------------


def test_what_a_view_or_function_joins_is_a_ground(
    any_postgres: EmbeddedServer, make_database: DatabaseMaker
) -> None:
    made_ = database(
        make_database(),
        "CREATE SCHEMA more",
        'CREATE TABLE more."Gizmo" (id int PRIMARY KEY, "Wie" int, wat int)',
        'INSERT INTO more."Gizmo" SELECT i, 1 + i % 60, i FROM generate_series(1, 40) i',
        'CREATE VIEW more.seen AS SELECT c.email FROM client c, more."Gizmo" g WHERE g."Wie" = c.id',
        "CREATE TABLE zork (id int PRIMARY KEY, ding int)",
        "INSERT INTO zork SELECT i, 1 + i % 60 FROM generate_series(1, 40) i",
        "CREATE FUNCTION named() RETURNS text LANGUAGE plpgsql AS $$ DECLARE x text; -- z.id = client.id\n"
        "BEGIN SELECT last_name INTO x FROM zork AS z JOIN client ON client.id = z.ding; RETURN x; END $$",
    )
    assert {"Gizmo.Wie -> client owner", "zork.ding -> client owner"} <= lines(made_)
    by_view, by_function = link(made_, "Gizmo", "Wie"), link(made_, "zork", "ding")
    assert by_view is not None
    assert by_function is not None
    assert by_view.because.startswith("view more.seen joins them")
    assert by_function.because.startswith("function public.named joins them")
    assert by_view.decide  # a ground, and still a question


CATALOGUE = Catalogue(
    "d",
    {
        ("s", name): Table("s", name, "r", {c: Column(c, "int4", "int4", "N", True, True) for c in columns})
        for name, columns in {"a": ("id", "b_id"), "b": ("id", "k"), "Odd one": ("k",)}.items()
    },
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1 FROM s.a x JOIN s.b y ON x.b_id = y.id", {"a.b_id b.id"}),
        ("SELECT x.id, y.k FROM (s.a x LEFT JOIN s.b y ON ((y.id = x.b_id)))", {"a.b_id b.id"}),
        ("SELECT 1 FROM a, b WHERE a.b_id = b.id AND a.id = 3", {"a.b_id b.id"}),
        ('SELECT 1 FROM b JOIN s."Odd one" USING (k)', {"Odd one.k b.k"}),
        ("SELECT 1 FROM a x /* JOIN b ON x.b_id = b.id */ -- x.b_id = b.id", set()),
        ("SELECT 'FROM a JOIN b ON a.b_id = b.id'", set()),
        ("SELECT 1 FROM a x JOIN gone y ON x.b_id = y.id", set()),
        ("SELECT 1 FROM a x WHERE x.nothing = x.id", set()),
        ("", set()),
    ],
)
def test_joins_are_read_from_sql(text: str, expected: set[str]) -> None:
    found = joins_of(text, "s", CATALOGUE)
    assert {" ".join(sorted(f"{at[1]}.{column}" for at, column in pair)) for pair in found} == expected


# ---- numbers that people are given -----------------------------------------------------------------------------------


def test_a_number_that_each_was_given_identifies(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE lid (lid_id int PRIMARY KEY, lidnummer int UNIQUE, achternaam text, voornaam text, mail text, extern varchar(20), groepnr int)",
        "INSERT INTO lid SELECT i, 50000 + i, 'Maes' || i, 'Bo', 'bo' || i || '@club.example', 'LX-' || 10000 + i, i % 4 FROM generate_series(1, 40) i",
        "CREATE TABLE bon (bonnummer int PRIMARY KEY, client_no varchar(10))",
        "INSERT INTO bon SELECT i, 'C' || 1000 + i FROM generate_series(1, 40) i",
    )
    assert field(made_, "client", "client_no").identity == "customer"
    assert field(made_, "lid", "lidnummer").identity == "customer"
    assert categories(made_)["lid.lidnummer"] == "user.unique_id"
    by_pattern = field(made_, "lid", "extern")  # its name says nothing: a question
    assert by_pattern.decide[0].says["fides_meta"] == {"identity": "customer"}
    assert field(made_, "lid", "groepnr").identity is None
    assert field(made_, "bon", "bonnummer").identity is None


# ---- what cannot be empty --------------------------------------------------------------------------------------------


def test_what_cannot_be_empty_comes_with_what_it_becomes(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE task (id int PRIMARY KEY, client_id int NOT NULL DEFAULT 0, note text NOT NULL, remark text, "
        "helper_id int NOT NULL)",
        "INSERT INTO task SELECT i, 1 + i % 60, 'a note that somebody wrote ' || i, 'another one, that is not needed', 1 + i % 60 "
        "FROM generate_series(1, 40) i",
    )
    own, other = link(made_, "task", "client_id"), link(made_, "task", "helper_id")
    assert own is not None
    assert own.placeholder == 0
    assert other is None or other.placeholder is None
    assert field(made_, "task", "note").erased == ""
    assert field(made_, "task", "remark").erased is None
    number = field(made_, "client", "client_no")
    assert (number.erased, number.masked) == (None, True)  # no two may be empty
    assert not field(made_, "task", "note").masked


def test_what_is_no_text_is_masked_where_it_cannot_be_empty_and_a_key_is_not(
    fresh_database: Database,
) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE patient (number int, birth_date date NOT NULL, mail varchar(60) NOT NULL, last_name text NOT NULL, "
        "login varchar(20) NOT NULL, phone text NOT NULL, PRIMARY KEY (number), UNIQUE (mail, birth_date))",
        "CREATE UNIQUE INDEX ON patient (lower(login))",
        "CREATE UNIQUE INDEX ON patient (phone) WHERE number > 9",
        "INSERT INTO patient SELECT i, '1960-01-01'::date + i * 90, 'p' || i || '@post.example', 'Maes', 'u' || i, '0470' || 100000 + i FROM generate_series(1, 60) i",
    )
    said = {f.name: (f.erased, f.masked) for t in made_.tables if t.at[1] == "patient" for f in t.fields}
    assert said == {
        "number": (None, False),
        "birth_date": (None, True),
        "mail": (None, True),
        "last_name": ("", False),
        "login": (None, True),  # an index of an expression too
        "phone": (None, True),  # or of some rows
    }
    assert (
        "{name: mail, data_categories: [user.contact.email], fides_meta: {identity: email}, meta: {on_erase: redact}}"
        in to_yaml(made_)
    )


@pytest.mark.parametrize("name", ["kennwort_hash", "password_hash", "wachtwoord", "mdp", "remember_token"])
def test_what_lets_somebody_in_is_shown_to_nobody(name: str, fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        f"CREATE TABLE account_user (id int PRIMARY KEY, email text, {name} text, password_set boolean)",
        "INSERT INTO account_user SELECT i, 'u' || i || '@post.example', md5(i::text) FROM generate_series(1, 60) i",
    )
    assert field(made_, "account_user", name).hidden
    assert not field(made_, "account_user", "email").hidden
    assert not field(made_, "account_user", "password_set").hidden
    (line,) = [text for text in to_yaml(made_).splitlines() if f"name: {name}," in text]
    assert line.endswith("meta: {on_show: redact}}")


@pytest.mark.parametrize(
    ("default", "category", "expected"),
    [
        ("0", "N", 0),
        ("'0'::bigint", "N", 0),
        ("''::character varying", "S", ""),
        ("now()", "D", None),
        ("1", "N", None),
    ],
)
def test_a_default_says_who_nobody_is(default: str, category: str, expected: object) -> None:
    assert Column("c", "t", "t", category, True, True, default=default).nobody == expected


# ---- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nagekeken_door", "checked_by", "validé_par", "geprüft_von"])
def test_what_is_by_somebody_is_theirs_who_did_it(name: str) -> None:
    tokens = WORDS.tokens(name)
    assert [(start, end, role) for start, end, role in WORDS.roles(tokens)] == [(0, len(tokens), "staff")]


def test_a_superior_is_no_parent_and_a_count_is_no_link(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE employee (id int PRIMARY KEY, first_name text, last_name text, manager_id int)",
        "INSERT INTO employee SELECT i, 'Bo', 'Claes' || i, 1 + i % 3 FROM generate_series(1, 40) i",
        "CREATE TABLE department (id int PRIMARY KEY, name text, manager_id int, parent_id int)",
        "INSERT INTO department SELECT i, 'D' || i, 1 + i % 40, 1 + i % 3 FROM generate_series(1, 40) i",
        "CREATE TABLE message (id int PRIMARY KEY, client_id int, body text)",
        "INSERT INTO message SELECT i, 1 + i % 60, 'words' FROM generate_series(1, 60) i",
        "CREATE TABLE inbox (id int PRIMARY KEY, client_id int, aantal_messages int, message_count int)",
        "INSERT INTO inbox SELECT i, 1 + i % 60, 1 + i % 9, 1 + i % 9 FROM generate_series(1, 60) i",
    )
    for table, column, to in (
        ("employee", "manager_id", "employee"),
        ("department", "manager_id", "employee"),
        ("department", "parent_id", "department"),
    ):
        found = link(made_, table, column)
        assert found is not None
        assert found.to == ("public", to)
    assert link(made_, "inbox", "aantal_messages") is link(made_, "inbox", "message_count") is None


def test_a_joint_accounts_holders_are_those_of_its_tie(fresh_database: Database) -> None:
    found = lines(proposed(made(fresh_database, "spaarbank")))
    assert {
        "tbl_rekeninghouder.rekening_id -> tbl_rekening owner that",
        "tbl_kaart.rekening_id -> tbl_rekening reference",
        "tbl_volmacht.gevolmachtigde_id -> ? tbl_klant owner",
    } <= found
