"""Which conditions a gated table takes: those that PostgreSQL answers from an index under a row policy.

Under a policy an operator that is not *leakproof* runs after it, row by row: `lower()`, LIKE, regular expressions,
`numeric`, jsonb, arrays and full text read the whole table. So a condition is on the column itself, by one of
`LEAKPROOF`, and its column is of a type whose comparison is leakproof (design, the gate).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import Col
from django.db.models.lookups import Lookup

from bloesem.errors import GateError

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup

#: Django's names of the look-ups that become `=`, `<`, `IN`, `IS NULL`, and ours that becomes `starts_with()`.
LEAKPROOF = frozenset({"exact", "in", "gt", "gte", "lt", "lte", "range", "isnull", "starts_with"})

#: Django's field types that PostgreSQL compares leakproof: integers, text, date, timestamptz, uuid, boolean, bytea.
_COMPARED = frozenset(
    {
        "AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField", "SmallIntegerField",
        "PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField", "CharField", "TextField",
        "SlugField", "DateField", "DateTimeField", "UUIDField", "BooleanField", "BinaryField",
    }
)  # fmt: skip


class NotLeakproof(GateError):  # noqa: N818
    """A condition on a gated table that no index answers under a row policy."""


@models.CharField.register_lookup
@models.TextField.register_lookup
class StartsWith(_Lookup):
    """`filter(family_norm__starts_with="van d")`: PostgreSQL's own prefix search, which is leakproof where LIKE is not.
    An index in collation "C" answers it."""

    lookup_name = "starts_with"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, given = self.process_lhs(compiler, connection)
        right, more = self.process_rhs(compiler, connection)
        return f"starts_with({left}, {right})", [*given, *more]


def require_leakproof(lookup: _Lookup, gated: Collection[str]) -> None:
    """in: a condition as Django is about to write it; the tables that the gate guards. Raises `NotLeakproof`.

    Conditions on sums (HAVING) and on other tables are nobody's business: no policy stands before them.
    """
    for side in (lookup.lhs, lookup.rhs):
        for column in _columns(side):
            table, name = column.target.model._meta.db_table, column.target.column
            if table not in gated:
                continue
            if side is not column:
                raise _refused(f"{table}.{name}", f"`{_called(side)}`")
            if lookup.lookup_name not in LEAKPROOF:
                raise _refused(f"{table}.{name}", f"`{lookup.lookup_name}`")
            kind = _type(column.target)
            if kind not in _COMPARED and lookup.lookup_name != "isnull":
                raise _refused(f"{table}.{name}", f"a comparison of {kind}")


def _columns(side: Any) -> Iterator[Col]:
    """The columns in one side of a condition, outside sums and subqueries."""
    if isinstance(side, Col):
        yield side
    elif getattr(side, "contains_aggregate", False) or isinstance(side, models.Subquery):
        return
    elif hasattr(side, "get_source_expressions") and not hasattr(side, "alias_map"):
        for part in side.get_source_expressions():
            yield from _columns(part)


def _called(side: Any) -> str:
    return str(getattr(side, "lookup_name", None) or type(side).__name__.lower())


def _type(field: Any) -> str:
    while field.remote_field is not None and hasattr(field, "target_field"):
        field = field.target_field
    return str(field.get_internal_type())


def _refused(thing: str, how: str) -> NotLeakproof:
    return NotLeakproof(
        f"{thing} is asked for by {how}, which is not leakproof",
        "under a row policy only leakproof operators use an index: =, <, IN, starts_with on text, integers and dates",
        "ask a normalised column (`value_norm`, `family_norm`) by `exact` or `starts_with`, an amount in cents, a day or a "
        "moment by `range`; give the table such a column where it has none",
    )
