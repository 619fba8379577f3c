"""What else somebody can do who runs SQL as a process: ways around a condition, a role, a moment; what errors, plans,
statistics, notifications and other people's sessions tell. Every role of both worlds (the small company's and the real one's)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg import sql
from tests.bloesem.gate.attack import REFUSED, Truth, acting, columns_for, partitions, refusal, seen
from tests.bloesem.gate.test_attack import scopes_of
from tests.bloesem.gate.world import Connection, World

from bloesem.gate import purpose
from bloesem.gate.served import Target, search_path
from bloesem.plan.model import TablePlan
from bloesem.stores.check import store_findings


@pytest.fixture(scope="module")
def truth(world: World) -> Truth:
    return Truth.of(world)


def reading(world: World) -> Iterator[tuple[Target, TablePlan, list[str]]]:
    """Every role with every table of which it reads something, and the columns."""
    for target in world.targets():
        for table in world.plan.tables:
            names = [c.name for c in columns_for(world.plan, target, table)]
            if names:
                yield target, table, names


def ids(connection: Connection, table: TablePlan) -> list[Any]:
    query = sql.SQL("SELECT {} FROM {} ORDER BY 1")
    key, name = sql.Identifier(table.key[0]), sql.Identifier(table.name)
    return [row[0] for row in connection.execute(query.format(key, name))]


def hidden(truth: Truth, table: TablePlan, shown: set[Any]) -> dict[Any, dict[str, Any]]:
    return {row[table.key[0]]: row for row in truth.rows[table.name] if row[table.key[0]] not in shown}


# ---- what errors tell ------------------------------------------------------------------------------------------------


#: Each stumbles over a value and says it in its error: what is asked of a row before the policy would tell of it.
STUMBLES = (
    "SELECT 1 FROM {table} WHERE ({column}::text || 'x')::integer = 1",
    "SELECT 1 FROM {table} WHERE ({column}::text || 'x')::date > now()",
    "SELECT 1 FROM {table} WHERE ({column}::text || ' ')::inet IS NULL",
    "SELECT 1 FROM {table} ORDER BY ('x' || {column}::text)::uuid",
    "SELECT count(*) FILTER (WHERE ('<' || {column}::text)::jsonb IS NULL) FROM {table}",
    "SELECT 1 FROM {table} a JOIN {table} b ON (a.{column}::text || '?')::bigint = (b.{column}::text || '?')::bigint",
)


@pytest.mark.thorough
def test_an_error_says_no_value_that_the_role_does_not_see(world: World, truth: Truth) -> None:
    """A condition that fails says on which value: it is never tried on a row that the policy hides."""
    tried = 0
    for target, table, names in reading(world):
        scope = scopes_of(world, truth, target)[0]
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target, scope):
            shown = seen(connection, table, names)
            for name in names:
                said = {str(row[name]) for row in shown.values()}
                secret = {
                    str(row[name])
                    for row in hidden(truth, table, set(shown)).values()
                    if row[name] is not None and len(str(row[name])) > 5
                } - said
                if not secret:
                    continue
                for stumble in STUMBLES:
                    tried += 1
                    told = _told(connection, stumble.format(table=f'"{table.name}"', column=f'"{name}"'))
                    assert not [one for one in secret if one in told], (target.key, table.name, name, stumble)
    assert tried > 100


def _told(connection: Connection, statement: str) -> str:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement.encode())
    except psycopg.Error as error:
        said = error.diag
        return " ".join(
            filter(None, (said.message_primary, said.message_detail, said.message_hint, said.context))
        )
    return ""


def test_that_test_can_fail(world: World, truth: Truth) -> None:
    """The same question, asked by somebody before whom nothing is hidden, tells."""
    table = next(t for t in world.plan.tables if not t.anchor and truth.rows[t.name])
    name = next(c.name for c in table.columns if not c.key and truth.rows[table.name][0][c.name] is not None)
    place = f'"{table.schema}"."{table.name}"'
    told = _told(world.admin, STUMBLES[0].format(table=place, column=f'"{name}"'))
    assert any(str(row[name]) in told for row in truth.rows[table.name])


# ---- settings --------------------------------------------------------------------------------------------------------


SETTINGS = (
    "SET LOCAL timezone = 'Pacific/Kiritimati'",
    "SET LOCAL timezone = 'Etc/GMT+12'",
    "SET LOCAL datestyle = 'SQL, DMY'",
    "SET LOCAL enable_indexscan = off",
    "SET LOCAL enable_seqscan = off",
    "SET LOCAL plan_cache_mode = force_generic_plan",
    "SET LOCAL parallel_setup_cost = 0",
    "SET LOCAL search_path = pg_catalog, pg_temp, {path}, bloesem",
    "SET LOCAL check_function_bodies = off",
    "SET LOCAL constraint_exclusion = on",
    "SET LOCAL from_collapse_limit = 1",
    "SET LOCAL bloesem.moment = '2000-01-01'",
    "SET LOCAL bloesem.actor = 'somebody'",
)


def test_no_setting_shows_another_row(world: World, truth: Truth) -> None:
    """Where the clock stands, in which zone, by which plan: the same rows."""
    for target, table, _names in reading(world):
        scope = scopes_of(world, truth, target)[0]
        with world.lent(world.login(target.key)) as connection:
            with acting(world, connection, target, scope):
                shown = ids(connection, table)
            for setting in SETTINGS:
                with acting(world, connection, target, scope):
                    path = ", ".join(f'"{name}"' for name in search_path(world.plan, target))
                    connection.execute(setting.format(path=path).encode())
                    assert ids(connection, table) == shown, (target.key, table.name, setting)


def test_row_security_cannot_be_switched_off(world: World, truth: Truth) -> None:
    """PostgreSQL refuses to read rather than to read past a policy."""
    for target, table, _names in reading(world):
        scope = scopes_of(world, truth, target)[0]
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target, scope):
            connection.execute("SET LOCAL row_security = off")
            assert refusal(connection, f'SELECT 1 FROM "{table.name}"') == "42501"


# ---- what was prepared, opened or begun as somebody else ----------------------------------------------------------------


def served_together(world: World) -> Iterator[tuple[str, Target, Target]]:
    for login, served in world.plan.processes.items():
        mine = [t for t in world.targets() if t.key in served]
        yield from ((login, a, b) for a in mine for b in mine if a.key != b.key)


def test_what_was_prepared_as_one_role_is_judged_anew_as_another(world: World, truth: Truth) -> None:
    tried = 0
    for login, first, second in served_together(world):
        for table in world.plan.tables:
            names = [c.name for c in columns_for(world.plan, first, table)]
            if not names or first.scope or second.scope or not first.purpose or not second.purpose:
                continue
            with world.lent(login) as connection:
                with acting(world, connection, second):
                    theirs = columns_for(world.plan, second, table)
                    allowed = set(ids(connection, table)) if theirs else set()
                place = f'"{first.name}"."{table.name}"'
                connection.execute(f'SET ROLE "{world.plan.role(first.name)}"'.encode())
                connection.execute(f'PREPARE p AS SELECT "{table.key[0]}" FROM {place}'.encode())
                connection.execute("EXECUTE p")
                connection.execute(f'SET ROLE "{world.plan.role(second.name)}"'.encode())
                try:
                    shown = {row[0] for row in connection.execute("EXECUTE p")}
                except psycopg.Error as error:
                    assert error.sqlstate in REFUSED  # noqa: PT017 - either is right
                    shown = set()
                connection.rollback()
                connection.execute("DEALLOCATE ALL")
                tried += 1
                assert shown <= allowed, (login, first.key, second.key, table.name)
    assert tried


def test_a_cursor_does_not_outlive_the_role_with_more_than_it_had(world: World, truth: Truth) -> None:
    """WITH HOLD keeps what was seen when the transaction ended, and no row more; a login takes it nowhere."""
    for target, table, _names in reading(world):
        scope = scopes_of(world, truth, target)[0]
        login = world.login(target.key)
        with world.raw(login) as connection:
            with acting(world, connection, target, scope):
                shown = ids(connection, table)
                connection.execute(
                    f'DECLARE c CURSOR WITH HOLD FOR SELECT "{table.key[0]}" FROM "{table.name}" ORDER BY 1'.encode()
                )
                connection.commit()
            held = [row[0] for row in connection.execute("FETCH ALL FROM c")]
            assert held == shown
            connection.execute("CLOSE c")
            connection.rollback()
        with world.lent(login) as another:
            assert refusal(another, "FETCH ALL FROM c") == "34000"


def test_no_snapshot_of_somebody_else_can_be_taken(world: World, truth: Truth) -> None:
    """An older snapshot is one's own alone: another login's exported one shows no row more than the policy does now."""
    target, table, _names = next(found for found in reading(world) if found[0].kind == "purpose")
    with world.database.connect() as keeper, world.raw(world.login(target.key)) as connection:
        row = keeper.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        with acting(world, connection, target):
            shown = ids(connection, table)
        connection.rollback()
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(row[0])))
        connection.execute(f'SET LOCAL ROLE "{world.plan.role(target.name)}"'.encode())
        connection.execute(f'SET LOCAL search_path = "{target.name}"'.encode())
        assert ids(connection, table) == shown
        connection.rollback()
        keeper.rollback()


# ---- what the server tells of itself ------------------------------------------------------------------------------------


def test_statistics_show_no_value(world: World, truth: Truth) -> None:
    """What ANALYZE samples of a table (most common values, histogram) is a copy of it: nobody sees it."""
    world.admin.execute("ANALYZE")
    guarded = [f"{t.schema}.{t.name}" for t in world.plan.tables] + list(partitions(world))
    ours = "format('%%I.%%I', schemaname, tablename) = ANY(%s)"
    row = world.admin.execute(
        f"SELECT count(*) FROM pg_stats WHERE {ours} AND histogram_bounds IS NOT NULL".encode(), [guarded]
    ).fetchone()
    assert row is not None
    assert row[0] > 0
    for target in world.targets():
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target):
            for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
                found = connection.execute(
                    f"SELECT * FROM pg_catalog.{view} WHERE {ours}".encode(), [guarded]
                ).fetchall()
                assert found == [], (target.key, view)
            for own in (
                "pg_statistic",
                "pg_statistic_ext_data",
                "pg_largeobject",
                "pg_authid",
                "pg_subscription",
            ):
                assert refusal(connection, f"SELECT * FROM pg_catalog.{own}") == "42501", own


def test_one_process_does_not_see_what_another_asks(world: World) -> None:
    """pg_stat_activity shows the text of one's own sessions alone."""
    logins = list(world.plan.processes)
    for one in logins:
        other = next(login for login in logins if login != one)
        with world.raw(one) as watching, world.raw(other) as busy:
            busy.execute("SELECT 'a value in a statement'")
            found = watching.execute(
                "SELECT query FROM pg_stat_activity WHERE pid = %s", [busy.info.backend_pid]
            ).fetchone()
            assert found is None or "a value" not in (found[0] or "")
            for way in ("cancel", "terminate"):
                assert refusal(watching, f"SELECT pg_{way}_backend({busy.info.backend_pid})") == "42501"
            row = busy.execute("SELECT 1").fetchone()
            assert row == (1,)


def test_notifications_carry_no_value(world: World, truth: Truth) -> None:
    """Anybody may listen. Whatever any trigger says when rows come, change and go, no value of a row is in it."""
    functions = world.admin.execute(
        "SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n"
        " ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND p.prokind = 'f' AND pg_get_functiondef(p.oid) ~* 'notify'"
    ).fetchall()
    guarded = {(t.schema, t.name) for t in world.plan.tables}
    fired = world.admin.execute(
        "SELECT n.nspname, c.relname, t.tgfoid::regprocedure::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal"
    ).fetchall()
    notifying = {name for name, _body in functions}
    assert not [(s, t, f) for s, t, f in fired if f in notifying and (s, t) in guarded]


# ---- what is kept from every role ----------------------------------------------------------------------------------------


def commands(world: World, target: Target, table: TablePlan) -> list[str]:
    """Statements that a role could try on what it reads, each refused."""
    raw, view = f'"{table.schema}"."{table.name}"', f'"{target.name}"."{table.name}"'
    return [
        f"SELECT * FROM ONLY {raw}",
        f"SELECT * FROM {raw} TABLESAMPLE SYSTEM (100)",
        f"SELECT ctid, xmin, tableoid FROM {view}",
        f"SELECT ctid, xmin FROM {raw}",
        f"SELECT used_for FROM {view}",
        f"CREATE INDEX ON {raw} ((1))",
        f"CREATE STATISTICS x ON {table.key[0]}, used_for FROM {raw}",
        f"CREATE TRIGGER x AFTER INSERT ON {raw} FOR EACH ROW EXECUTE FUNCTION bloesem.append_only()",
        f"COMMENT ON TABLE {raw} IS 'x'",
        f"ALTER VIEW {view} SET (security_invoker = false)",
        f"ALTER VIEW {view} OWNER TO CURRENT_USER",
        f"CREATE OR REPLACE VIEW {view} AS SELECT 1",
        f"GRANT SELECT ON {raw} TO PUBLIC",
        f"ALTER TABLE {raw} REPLICA IDENTITY FULL",
        f"ALTER TABLE {raw} DISABLE TRIGGER ALL",
        f"ALTER TABLE {raw} OWNER TO CURRENT_USER",
        f"CREATE PUBLICATION x FOR TABLE {raw}",
        f"IMPORT FOREIGN SCHEMA {table.schema} FROM SERVER x INTO public",
        f"REFRESH MATERIALIZED VIEW {view}",
        f"CLUSTER {raw}",
        f"REINDEX TABLE {raw}",
        f"SELECT pg_get_expr('{{x}}'::text::pg_node_tree, 0) FROM {raw}",
        f"SELECT table_to_xml('{raw}', true, true, '')",
        f"SELECT cursor_to_xml('x', 1, true, true, '') FROM {raw}",
        f"SELECT schema_to_xml('{table.schema}', true, true, '')",
        f"SELECT database_to_xml(true, true, '') FROM {raw}",
        f"MERGE INTO {raw} USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    ]


def alone(world: World, target: Target) -> list[str]:
    """Statements about the server and the roles, each refused."""
    owner = world.plan.role("owner")
    mine = world.plan.role(target.name)
    return [
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION file_fdw",
        "CREATE SERVER x FOREIGN DATA WRAPPER y",
        "CREATE EVENT TRIGGER x ON ddl_command_start EXECUTE FUNCTION bloesem.append_only()",
        "CREATE SUBSCRIPTION x CONNECTION '' PUBLICATION y",
        "CREATE CAST (text AS integer) WITH INOUT AS IMPLICIT",
        "CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
        "CREATE LANGUAGE x",
        "CREATE TABLESPACE x LOCATION '/tmp'",
        "CREATE DATABASE x",
        "ALTER SYSTEM SET log_statement = 'all'",
        "SET log_statement = 'all'",
        "SET log_min_duration_statement = 0",
        "SET lc_messages = 'C'",
        "LOAD 'auto_explain'",
        "SET session_preload_libraries = 'auto_explain'",
        f"ALTER ROLE \"{owner}\" LOGIN PASSWORD 'x'",
        f'ALTER ROLE "{owner}" SET search_path = public',
        f'REASSIGN OWNED BY "{owner}" TO CURRENT_USER',
        f'DROP OWNED BY "{owner}"',
        f'GRANT "{owner}" TO "{mine}"',
        f'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" GRANT SELECT ON TABLES TO PUBLIC',
        "ALTER ROLE ALL SET search_path = public",
        "CHECKPOINT",
        "SELECT pg_create_physical_replication_slot('x')",
        "SELECT pg_create_logical_replication_slot('x', 'test_decoding')",
        "SELECT pg_switch_wal()",
        "SELECT pg_current_logfile()",
        "SELECT pg_ls_logdir()",
        "SELECT pg_ls_waldir()",
        "SELECT pg_stat_file('PG_VERSION')",
        "SELECT pg_read_binary_file('PG_VERSION')",
        "SELECT pg_reload_conf()",
        "SELECT pg_rotate_logfile()",
        "SELECT pg_stat_reset()",
        "SELECT * FROM pg_hba_file_rules",
        "SELECT * FROM pg_file_settings",
        "SELECT * FROM pg_shadow",
        "SELECT * FROM pg_user_mapping",
        "SELECT * FROM pg_config",
        "SELECT * FROM pg_backend_memory_contexts",
    ]


def test_nothing_beside_reading_is_left(world: World) -> None:
    allowed = []
    asked: set[str] = set()
    for target, table, _names in reading(world):
        with world.raw(world.login(target.key)) as connection, acting(world, connection, target):
            wanted = commands(world, target, table)
            if target.key not in asked:
                asked.add(target.key)
                wanted += alone(world, target)
            for statement in wanted:
                state = refusal(connection, statement)
                if state is None:
                    allowed.append(f"{target.key}: {statement}")
    assert not allowed, f"{len(allowed)} allowed:\n" + "\n".join(allowed[:40])


def test_no_function_is_left_for_a_process_that_nobody_meant(world: World) -> None:
    """Outside PostgreSQL's own: pure ones of dates, rows and states that the caller brings, and those named here."""
    meant = re.compile(
        r"bloesem\.(today|moment|civil|scope|scope_running|scope_people|scope_since|identifier_taken|identified|record_reading|record_denial|record_use)\("
        r"|bloesem\.oversight_(counts|given|disclosures|person|due)\("  # for the officer's process alone
        r"|bloesem\.(hold_still|record_disclosure|record_disclosed|disclosure_known|feed_numbers)\("  # for a purpose that is served
        r"|bloesem\.breach_(register|note)\("  # for the officer's process alone
        r"|bloesem\.own_\w+\("  # by whoever opened their own scope, about themselves
        r"|bloesem\.(append_only|fact_\w+|hold_says|notice_forward|disclosure_goes|act_goes|seal_closes|breach_goes|\w+_leftover)\(\)"  # of triggers: nobody calls them
        r"|door\.may_list\("  # whom an agency's list may hold: for a purpose of advertising that is served
        r"|bloesem\.\w+_(kept|used|until)\(r |\w+\.held_back\(person bigint\)"
        # of the business: triggers' too, and what makes a partition, which its owner alone can
        r"|data\.(person_name_folds|suppression_key_again|session_corrected|invoice_takes_number|make_year)\("
    )
    rows = world.admin.execute(
        "SELECT DISTINCT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',"
        " p.prosecdef, p.prorettype = 'trigger'::regtype, p.provolatile"
        " FROM pg_roles r, pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND r.rolname = ANY(%s)"
        " AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND has_schema_privilege(r.oid, n.oid, 'USAGE')",
        [
            [world.plan.role(t.name) for t in world.targets()]
            + [world.plan.role(p) for p in world.plan.processes]
        ],
    ).fetchall()
    assert rows
    strangers = [name for name, *_rest in rows if not meant.match(name)]
    assert not strangers
    definers = {name for name, definer, trigger, _v in rows if definer and not trigger}
    asked = (
        r"\.(scope|scope_running|scope_people|scope_since|identifier_taken|identified|held_back|hold_still)\("
        r"|\.(disclosure_known|feed_numbers|may_list|own_\w+|record_\w+|oversight_\w+|breach_\w+)\("
    )
    assert all(re.search(asked, name) for name in definers), definers


def test_what_a_login_sets_for_itself_is_found(world: World) -> None:
    """A role may always alter itself. That is found: settings by the comparison with the plan, and a password
    that another process does not know ends that process's next login."""
    login = next(iter(world.plan.processes))
    with world.raw(login, autocommit=True) as connection:
        connection.execute(f'ALTER ROLE "{world.plan.role(login)}" SET search_path = public'.encode())
    try:
        found = [one.thing for one in store_findings(world.admin, world.plan)]
        assert any(one.startswith(f"role {world.plan.role(login)} is not as") for one in found)
    finally:
        world.admin.execute(f'ALTER ROLE "{world.plan.role(login)}" RESET ALL'.encode())


# ---- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_writer_learns_nothing_of_rows_that_are_hidden(world: World, truth: Truth) -> None:
    """ON CONFLICT, RETURNING and MERGE show a row to whoever may read it, and no value of another's."""
    tried = 0
    for target, table, names in reading(world):
        scope = scopes_of(world, truth, target)[0]
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target, scope):
            shown = seen(connection, table, names)
        away = hidden(truth, table, set(shown))
        secret = {
            str(v)
            for row in away.values()
            for c, v in row.items()
            if v is not None and len(str(v)) > 9 and c != table.key[0]
        }
        secret -= {str(v) for row in shown.values() for v in row.values()}
        if not away:
            continue
        row_id = next(iter(away))
        place, key = f'"{table.name}"', f'"{table.key[0]}"'
        for statement in (
            f"INSERT INTO {place} ({key}) VALUES ({row_id}) ON CONFLICT DO NOTHING RETURNING *",
            f"INSERT INTO {place} ({key}) VALUES ({row_id}) ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key} RETURNING *",
            f"UPDATE {place} SET {key} = {key} WHERE {key} = {row_id} RETURNING *",
            f"MERGE INTO {place} t USING (SELECT {row_id}::bigint AS id) s ON t.{key} = s.id WHEN MATCHED THEN DO NOTHING",
            f"UPDATE {place} SET {key} = {row_id}",
        ):
            with world.lent(world.login(target.key)) as connection, acting(world, connection, target, scope):
                try:
                    cursor = connection.execute(statement.encode())
                    told = str(cursor.fetchall()) if cursor.description else ""
                except psycopg.Error as error:
                    said = error.diag
                    told = f"{said.message_primary} {said.message_detail} {said.context}"
                tried += 1
                assert not [one for one in secret if one in told], (target.key, table.name, statement)
    assert tried > 50


def test_nothing_is_remembered_between_blocks(world: World, truth: Truth) -> None:
    """A pooled connection that goes from one person's scope to the next keeps neither scope, role nor path."""
    for target in [t for t in world.targets() if t.kind == "scoped"]:
        alias = world.alias(world.login(target.key))
        for person in [p for p in scopes_of(world, truth, target) if p is not None][:2]:
            assert target.scope is not None
            given: dict[str, Any] = {target.scope: person, "using": alias, "actor": "staff:bo"}
            with purpose(target.key, **given) as opened:
                opened.reads([])
            row = (
                connections[alias]
                .connection.execute(
                    "SELECT current_user::text, current_setting('bloesem.scope', true), current_setting('search_path')"
                )
                .fetchone()
            )
            user, scope, path = row
            assert user == world.plan.role(world.login(target.key))
            assert not scope
            assert f"{target.name}" not in path


def test_time_is_the_databases_own(world: World) -> None:
    """`moment()` is asked of the server, whatever a login says of days and zones."""
    login = next(iter(world.plan.processes))
    with world.raw(login) as connection:
        row = connection.execute("SELECT now()").fetchone()
        assert row is not None
        assert abs((row[0] - dt.datetime.now(dt.UTC)).total_seconds()) < 60
        for statement in (
            "CREATE FUNCTION bloesem.moment() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
            "CREATE OR REPLACE FUNCTION bloesem.today() RETURNS date LANGUAGE sql AS 'SELECT current_date'",
            "ALTER FUNCTION bloesem.moment() OWNER TO CURRENT_USER",
            "DROP FUNCTION bloesem.moment()",
        ):
            assert refusal(connection, statement) == "42501"
