"""What PostgreSQL refuses while somebody is erased, with the rule that is in the way and what to write in the map. Never a
value: what the server says in detail holds somebody's data."""

from __future__ import annotations

import re

import psycopg

from bloesem.errors import BloesemError, RightsError, StoreError

#: The function in which it happened, as any language of functions says it, in the language of the server.
_FUNCTION = re.compile(
    r"""^[^"'\n]{0,20}\bPL/\w+\S*? (?:function )?((?:"(?:[^"]|"")+"|[^\s"(])+)(?=\(|$)""", re.MULTILINE
)
#: Where PL/pgSQL raises what a function says: each word of it, names too, is the function's own.
_RAISES = "exec_stmt_raise"
#: Where the server says that a login may not do something: to what, and nothing of what is in it.
_DENIES = "aclcheck_error"

_UNIQUE = (
    "write on_erase: redact for the column (each row gets a mask of its own); if it refuses the mask, meta.erased,"
    " or let it be empty"
)
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
        _UNIQUE,
    ),
    (
        psycopg.errors.ExclusionViolation,
        "EXCLUDE",
        _UNIQUE,
    ),
    (
        psycopg.errors.CheckViolation,
        "CHECK",
        "write meta.erased with a value that the check accepts, or on_erase: redact; if it refuses masks, let it be empty",
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
    diag, given = fault.diag, _GIVEN.get(act)
    raised = diag.source_function == _RAISES
    lost = isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError) and fault.sqlstate is None
    if lost or (not raised and (fault.sqlstate or "").startswith(("08", "57"))):
        return StoreError(
            "the database went away", "all or nothing: nothing was written, or all", "look, then ask again"
        )
    if isinstance(fault, psycopg.errors.InsufficientPrivilege) and diag.source_function == _DENIES:
        return RightsError(
            f"this login may not do it: {diag.message_primary}",
            "all or nothing: nothing was written",
            "GRANT SELECT, UPDATE, DELETE on the table to the login",
        )
    function = _FUNCTION.search(diag.context or "")
    if raised or function is not None:
        named = f"the trigger function {function.group(1)}" if function else "a trigger function"
        return RightsError(
            f"{named} refuses it (PostgreSQL {fault.sqlstate})",
            "all or nothing: nothing was written",
            "see what it forbids; let it pass for this login, or keep its columns (on_erase: keep)",
        )
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
            f"{table}: this login may not do it",
            "all or nothing: nothing was written",
            "see what forbids it: a privilege, or a policy of row security",
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
    return RightsError(
        f"{table}: PostgreSQL refuses it ({type(fault).__name__}, {fault.sqlstate})",
        "all or nothing: nothing was written",
        "see the server's log for the statement",
    )
