"""A condition on one column, in Python and in SQL. NULL meets only `null: true`, in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bloesem.datamap.model import Predicate
from bloesem.plan.quoting import ident, literal


def meets(predicate: Predicate, row: Mapping[str, Any]) -> bool:
    """Whether the row meets the condition."""
    value = row.get(predicate.column)
    if predicate.null is not None:
        return (value is None) == predicate.null
    if value is None:
        return False
    if (
        not isinstance(value, str) and predicate.starts_with is None
    ):  # as PostgreSQL reads what is written for its type
        value = str(value).lower() if isinstance(value, bool) else str(value)
        wanted = [
            str(v).lower() if isinstance(v, bool) else str(v) for v in predicate.one_of or [predicate.equals]
        ]
        return value in wanted
    if predicate.starts_with is not None:
        return str(value).startswith(predicate.starts_with)
    if predicate.one_of:
        return value in predicate.one_of
    return bool(value == predicate.equals)


def sql(predicate: Predicate, alias: str) -> str:
    """The condition as SQL on `alias`; never NULL."""
    column = f"{alias}.{ident(predicate.column)}"
    if predicate.null is not None:
        return f"{column} IS {'NULL' if predicate.null else 'NOT NULL'}"
    if predicate.starts_with is not None:
        return f"COALESCE(starts_with({column}, {literal(predicate.starts_with)}), false)"
    if predicate.one_of:
        return f"COALESCE({column} IN ({', '.join(literal(v) for v in predicate.one_of)}), false)"
    return f"COALESCE({column} = {literal(predicate.equals)}, false)"
