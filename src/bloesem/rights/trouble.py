"""What PostgreSQL refuses while somebody is erased, with the rule that is in the way and what to write in the map. Never a
value: what the server says in detail holds somebody's data."""

from __future__ import annotations

import re

import psycopg

from bloesem.errors import BloesemError, RightsError, StoreError

_FUNCTION = re.compile(r"PL/pgSQL function (\S+?)\(")

#: Per kind of refusal: what it is, and the remedy.
_KINDS: tuple[tuple[type[psycopg.Error], str, str], ...] = (
    (
        psycopg.errors.NotNullViolation,
        "NOT NULL",
        "write meta.erased for the column, or a placeholder on the link",
    ),
    (
        psycopg.errors.UniqueViolation,
        "UNIQUE",
        "write on_erase: redact for the column (each row gets a mask of its own), or let it be empty",
    ),
    (
        psycopg.errors.ExclusionViolation,
        "EXCLUDE",
        "write on_erase: redact for the column (each row gets a mask of its own), or let it be empty",
    ),
    (
        psycopg.errors.CheckViolation,
        "CHECK",
        "write meta.erased with a value that the check accepts, or on_erase: redact",
    ),
    (
        psycopg.errors.ForeignKeyViolation,
        "foreign key",
        "map the link of that foreign key, so that what points to the row goes or is cut with it",
    ),
    (
        psycopg.errors.RestrictViolation,
        "foreign key",
        "map the link of that foreign key, so that what points to the row goes or is cut with it",
    ),
)


#: Of what is written where nothing is erased, by kind of act: the remedy for a value that is refused.
_GIVEN = {
    "rectify": "give a value that the column accepts",
    **dict.fromkeys(
        ("restriction", "objection", "withdrawal"), "write a value under meta.marks that the column accepts"
    ),
}


def explain(fault: psycopg.Error, act: str = "erase") -> BloesemError:
    """in: what the server refused, and of which act. out: which table and rule, and the remedy."""
    given = _GIVEN.get(act)
    diag = fault.diag
    name = diag.table_name or diag.datatype_name
    table = f"{diag.schema_name}.{name}" if name else "the database"
    for kind, rule, remedy in _KINDS:
        if isinstance(fault, kind):
            what = diag.constraint_name or diag.column_name or "a rule"
            return RightsError(
                f"{table}: {rule} `{what}` refuses what would be left",
                "all or nothing: nothing was written",
                given or remedy,
            )
    if isinstance(fault, psycopg.errors.InsufficientPrivilege):
        return RightsError(
            f"this login may not do it: {diag.message_primary}",
            "all or nothing: nothing was written",
            "GRANT SELECT, UPDATE, DELETE on the table to the login",
        )
    if isinstance(fault, psycopg.errors.StringDataRightTruncation):
        return RightsError(
            "what a value would become is longer than its column",
            "all or nothing: nothing was written",
            given or "write a shorter meta.erased or placeholder in the map",
        )
    if isinstance(fault, psycopg.errors.DataError):
        return RightsError(
            "what a value would become is no value of its column's type",
            "all or nothing: nothing was written",
            given or "mend meta.erased or the placeholder in the map",
        )
    function = _FUNCTION.search(diag.context or "")
    if function is not None:
        return RightsError(
            f"the trigger function {function.group(1)} refuses it (PostgreSQL {fault.sqlstate})",
            "all or nothing: nothing was written",
            "see what it forbids; let it pass for this login, or keep its columns (on_erase: keep)",
        )
    lost = isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError) and fault.sqlstate is None
    if lost or (fault.sqlstate or "").startswith(("08", "57")):
        return StoreError(
            "the database went away", "all or nothing: nothing was written, or all", "look, then ask again"
        )
    return RightsError(
        f"{table}: PostgreSQL refuses it ({type(fault).__name__}, {fault.sqlstate})",
        "all or nothing: nothing was written",
        "see the server's log for the statement",
    )
