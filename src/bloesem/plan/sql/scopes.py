"""Whether a signed scope still runs, and whom it is about: what the row policies of scoped roles ask.

`scope()` (runtime) says which number was signed; here stands what the map adds. A job is over from the statement on that
says so (P-114); of what somebody has, a row names them on its days alone, the day on which it ends no longer (P-115).
"""

from __future__ import annotations

from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.predicates import sql as condition
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.statement import Statement, tidy

#: Functions of the keeper that everybody may ask, as they ask `scope(text)`: they answer of the scope that was signed.
SIGNATURES = ("scope_running(text)", "scope_people(text)", "scope_since(text)")


def asked(plan: Plan, scope: str) -> str:
    """The number of the scope; NULL where none was signed, or where it is over. Once per statement."""
    name = "scope_running" if _ends(plan, scope) else "scope"
    return f"(SELECT {ident(plan.schema)}.{name}({literal(scope)}))"


def people(plan: Plan, scope: str) -> str:
    """An array: whom the scope is about."""
    return f"(SELECT {ident(plan.schema)}.scope_people({literal(scope)}))::bigint[]"


def since(plan: Plan, table: TablePlan, scope: str) -> str:
    """Where a row says when it was used: not before its owner had what the scope is about (P-115)."""
    by = plan.by_name.get(table.scoped_by.get(scope, ""))
    served = table.needs_service.served if table.needs_service is not None else None
    if by is None or by.gives is None or by.gives.since is None or served is None:
        return ""
    s, owner = ident(plan.schema), ident(table.owners[0])
    first = f"((SELECT {s}.scope_since({literal(scope)})) ->> {owner}::text)::date"
    return f" AND {ident(served)} >= {s}.moment({first})"


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [
        Statement("gate", "a scope that is over is none", _running(plan)),
        Statement("gate", "whom a scope is about", _people(plan)),
        Statement("gate", "and since when", _since(plan)),
    ]
    for signature in SIGNATURES:
        name, function = signature.split("(")[0], f"{s}.{signature}"
        made += [
            Statement("gate", f"{name}: the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"),
            Statement("gate", f"{name} is for everybody", f"GRANT EXECUTE ON FUNCTION {function} TO PUBLIC"),
        ]
    return made


def _ends(plan: Plan, scope: str) -> list[TablePlan]:
    return [table for table in plan.tables if scope in table.scope_ends and scope in table.scopes]


def _running(plan: Plan) -> str:
    s = ident(plan.schema)
    over = [
        f"WHEN {literal(scope)} THEN "
        + " OR ".join(
            f"EXISTS (SELECT FROM {qualified(t.schema, t.name)} o WHERE o.{ident(t.scopes[scope])} = n"
            f" AND {condition(t.scope_ends[scope], 'o')})"
            for t in _ends(plan, scope)
        )
        for scope in sorted({scope for table in plan.tables for scope in table.scope_ends})
    ]
    is_over = f"CASE wanted {' '.join(over)} ELSE false END" if over else "false"
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.scope_running(wanted text) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n bigint := {s}.scope(wanted);
BEGIN
    IF n IS NULL OR ({is_over}) THEN
        RETURN NULL;
    END IF;
    RETURN n;
END $$"""
    )


def _people(plan: Plan) -> str:
    s = ident(plan.schema)
    named: dict[str, set[str]] = {}
    for table in plan.tables:
        for scope, by in table.scoped_by.items():
            if by not in plan.by_name or scope not in plan.table(by).scopes:
                continue  # `bloesem check` says so; nobody is named
            named.setdefault(scope, set()).add(by)
    for table in plan.tables:
        for scope in table.scopes:
            if not any(scope in other.scoped_by for other in plan.tables):
                named.setdefault(scope, set()).add(table.name)
    cases = [
        f"WHEN {literal(scope)} THEN ARRAY({' UNION '.join(_of(plan, plan.table(by), scope) for by in sorted(tables))})"
        for scope, tables in sorted(named.items())
    ]
    whom = f"CASE wanted {' '.join(cases)} ELSE NULL END" if cases else "NULL"
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.scope_people(wanted text) RETURNS bigint[] LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n bigint := {s}.scope_running(wanted);
BEGIN
    IF n IS NULL THEN
        RETURN '{{}}';
    END IF;
    RETURN COALESCE({whom}, '{{}}');
END $$"""
    )


def _since(plan: Plan) -> str:
    """Person → the first day on which they had what the scope is about; only of whom it is about today."""
    s = ident(plan.schema)
    named = {
        (scope, by) for table in plan.tables for scope, by in table.scoped_by.items() if by in plan.by_name
    }
    cases = []
    for scope, by in sorted(named):
        table = plan.table(by)
        if table.gives is not None and table.gives.since is not None and scope in table.scopes:
            first = f"COALESCE(min(o.{ident(table.gives.since)}), '0001-01-01')"
            cases.append(
                f"WHEN {literal(scope)} THEN (SELECT jsonb_object_agg(person, first) FROM"
                f" (SELECT o.{ident(table.owners[0])} AS person, {first} AS first"
                f" FROM {qualified(table.schema, table.name)} o"
                f" WHERE o.{ident(table.scopes[scope])} = n AND o.{ident(table.owners[0])} = ANY (whom) GROUP BY 1) f)"
            )
    found = f"CASE wanted {' '.join(cases)} ELSE NULL END" if cases else "NULL"
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.scope_since(wanted text) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n bigint := {s}.scope_running(wanted);
    whom bigint[] := {s}.scope_people(wanted);
BEGIN
    RETURN COALESCE({found}, '{{}}');
END $$"""
    )


def _of(plan: Plan, table: TablePlan, scope: str) -> str:
    days = ""
    if table.gives is not None:
        today = f"{ident(plan.schema)}.today()"
        days += f" AND COALESCE(o.{ident(table.gives.since)} <= {today}, true)" if table.gives.since else ""
        days += f" AND COALESCE(o.{ident(table.gives.until)} > {today}, true)" if table.gives.until else ""
    owner = ident(table.owners[0])
    return (
        f"SELECT o.{owner} FROM {qualified(table.schema, table.name)} o"
        f" WHERE o.{ident(table.scopes[scope])} = n AND o.{owner} IS NOT NULL{days}"
    )


__all__ = ["SIGNATURES", "asked", "people", "since", "statements"]
