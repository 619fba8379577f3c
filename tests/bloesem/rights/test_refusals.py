"""What is refused says which rule of which table is in the way, and never a value: neither the server's words nor those of a
function of the database, whatever it says that it is."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from tests.bloesem.rights.test_requests import everything
from tests.bloesem.rights.test_shapes import ANN, NOTES, desk, made, table
from tests.databases import Database

from bloesem.errors import BloesemError
from bloesem.rights.trouble import explain

NOTE = """CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text);
INSERT INTO note VALUES (1, 1, 'canary-ann-t'), (2, 2, 'canary-ben-t')"""
SAID = "USING ERRCODE = '{}', TABLE = old.t, SCHEMA = old.t, COLUMN = old.t, CONSTRAINT = old.t, DATATYPE = old.t, HINT = old.t, DETAIL = old.t"


@pytest.mark.parametrize(
    "code",
    ["42501", "23502", "23503", "23505", "23514", "23P01", "22001", "22P02", "57014", "P0001", "0A000"],
)
@pytest.mark.parametrize("name", ["guard", '"my (guard"'])
def test_a_trigger_that_raises_is_named_and_not_quoted(
    code: str, name: str, fresh_database: Database, tmp_path: Path
) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        made(
            connection,
            f"""{NOTE}; CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                RAISE EXCEPTION 'no: %', old.t {SAID.format(code)}; END$$;
            CREATE TRIGGER guard BEFORE DELETE ON note FOR EACH ROW EXECUTE FUNCTION {name}()""",
        )
        before = everything(fresh_database)
        asked = desk(connection, tmp_path, NOTES)
        for act in (asked.rehearse, asked.erase):
            with pytest.raises(BloesemError) as refused:
                act(ANN)
            assert f"the trigger function {name} refuses it (PostgreSQL {code})" in str(refused.value)
            assert "canary" not in str(refused.value)
        assert everything(fresh_database) == before


def test_what_a_trigger_does_and_may_not_is_said_in_the_words_of_the_server(
    fresh_database: Database, tmp_path: Path
) -> None:
    role = fresh_database.role("clerk")
    with fresh_database.connect(autocommit=True) as admin:
        made(
            admin,
            f"""{NOTE}; CREATE TABLE history (t text); CREATE ROLE {role} LOGIN PASSWORD 'x';
            GRANT ALL ON person, note TO {role}; GRANT SELECT ON history TO {role};
            CREATE FUNCTION copied() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                INSERT INTO history VALUES (old.t); RETURN old; END$$;
            CREATE TRIGGER copied BEFORE DELETE ON note FOR EACH ROW EXECUTE FUNCTION copied()""",
        )
        history = table("history", {"t": None}, holds="reference", why="what happened")
        with (
            fresh_database.connect(user=role, password="x", autocommit=True) as connection,
            pytest.raises(BloesemError, match="may not do it: permission denied for table history"),
        ):
            desk(connection, tmp_path, NOTES, history).erase(ANN)


#: As servers of other languages say where it happened.
CONTEXTS = {
    "PL/pgSQL function public.guard() line 3 at RAISE": "public.guard",
    "PL/pgSQL-Funktion guard() Zeile 3 bei RAISE": "guard",
    "fonction PL/pgSQL guard(), ligne 3, à RAISE": "guard",
    'SQL statement "SELECT 1"\nPL/pgSQL function guard(text) line 3 at EXECUTE': "guard",
    'Traceback (most recent call last):\nPL/Python function "guard"': '"guard"',
    "PL/pgSQL assignment \"x := canary('canary-ann')\"\nPL/pgSQL function guard() line 3 at assignment": "guard",
}


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_function_is_found_in_any_language(context: str) -> None:
    class Diag:
        source_function = "PLy_elog_impl"
        table_name = column_name = constraint_name = message_primary = "canary-ann"

        def __getattr__(self, name: str) -> str:
            return context if name == "context" else "canary-ann"

    class Fault(psycopg.errors.UniqueViolation):
        diag = Diag()  # type: ignore[assignment]

    said = str(explain(Fault()))
    assert f"the trigger function {CONTEXTS[context]} refuses it" in said
    assert "canary" not in said
