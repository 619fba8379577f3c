"""Django's SQL, written for the purpose that is open: columns that it does not read are left out or refused.

PostgreSQL refuses them anyway (they are in no view of the role); here the refusal gets its name before the question is
asked, and a plain `Person.objects.get()` loads what the purpose has. Conditions that no index answers under a row policy
are refused too (`bloesem.gate.lookups`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql import compiler as postgres
from django.db.models.expressions import Col
from django.db.models.lookups import Lookup

from bloesem.gate.lookups import require_leakproof
from bloesem.gate.opening import Opened, current

if TYPE_CHECKING:
    _Compiler = postgres.SQLCompiler
else:
    _Compiler = object


class Gated(_Compiler):
    """What the compilers share."""

    def opened(self) -> Opened | None:
        """The purpose of this connection; outside one a query may be printed, never run."""
        opened = current()
        return opened if opened is not None and opened.using == self.connection.alias else None

    def compile(self, node: Any) -> Any:
        opened = self.opened()
        if opened is not None and isinstance(node, Col):
            table, column = node.target.model._meta.db_table, node.target.column
            if column not in opened.grants(table).read:
                raise opened.refuse(table, column)
        if opened is not None and isinstance(node, Lookup):
            require_leakproof(node, opened.gate.plan.by_name)
        return super().compile(node)

    def get_default_columns(self, select_mask: Any, *args: Any, **kwargs: Any) -> Any:
        columns: list[Any] = super().get_default_columns(select_mask, *args, **kwargs)
        opened = self.opened()
        if opened is None:
            return columns
        _names, deferring = self.query.deferred_loading
        by_name = bool(select_mask) and not deferring
        kept = []
        for column in columns:
            table, name = column.target.model._meta.db_table, column.target.column
            if name in opened.grants(table).read:
                kept.append(column)
            elif by_name:
                raise opened.refuse(table, name)
        if columns and not kept:
            raise opened.refuse(columns[0].target.model._meta.db_table)
        return kept


class SQLCompiler(Gated, postgres.SQLCompiler):
    pass


class SQLAggregateCompiler(Gated, postgres.SQLAggregateCompiler):
    pass


class SQLDeleteCompiler(Gated, postgres.SQLDeleteCompiler):
    pass


class SQLInsertCompiler(Gated, postgres.SQLInsertCompiler):
    """A column that the purpose may not fill is left out when nothing was given for it, and refused otherwise."""

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        opened = self.opened()
        if opened is not None and self.query.fields:
            table = self.query.get_meta().db_table
            allowed = opened.grants(table).insert
            if not allowed:
                raise opened.refuse(table, write=True)
            for field in self.query.fields:
                given = [self.pre_save_val(field, row) for row in self.query.objs]
                if field.column not in allowed and any(value is not None for value in given):
                    raise opened.refuse(table, field.column, write=True)
            self.query.fields = [f for f in self.query.fields if f.column in allowed]
        return super().as_sql(*args, **kwargs)


class SQLUpdateCompiler(Gated, postgres.SQLUpdateCompiler):
    """Changes only what the purpose may change."""

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        opened = self.opened()
        if opened is not None:
            table = self.query.get_meta().db_table
            query: Any = self.query
            for field, _model, _value in query.values:
                if field.column not in opened.grants(table).update:
                    raise opened.refuse(table, field.column, write=True)
        return super().as_sql(*args, **kwargs)
