"""The models' base: what a purpose does not read is not loaded, and a save that changes nothing is an error.

The deferring itself happens where Django writes its SQL (`bloesem.gate.backend.compiler`), for every model; this base
adds what a row in memory needs.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeVar

from django.db import DatabaseError, models

from bloesem.errors import GateError
from bloesem.gate import lookups as _starts_with  # noqa: F401 - so that every guarded model has that look-up
from bloesem.gate.opening import Opened, current, require_open

Row = TypeVar("Row", bound=models.Model)


class GuardedQuerySet(models.QuerySet[Row]):
    """Results are taken inside the block in which they were asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked_in: Opened | None = current()

    def _clone(self) -> GuardedQuerySet[Row]:
        clone: GuardedQuerySet[Row] = super()._clone()  # type: ignore[misc]
        clone._asked_in = self._asked_in or clone._asked_in
        return clone

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._same_block()
        super()._fetch_all()

    def iterator(self, chunk_size: int | None = None) -> Iterator[Row]:
        self._same_block()
        return super().iterator(chunk_size)

    def _same_block(self) -> None:
        opened = require_open(self.db)
        if self._asked_in is not None and self._asked_in is not opened:
            raise GateError(
                f"a query that was made for `{self._asked_in.key}` is read in another block, for `{opened.key}`",
                "results are taken inside the block, for the purpose they were asked for",
                "take list(…) or values before the block ends",
            )

    def update_one(self, **values: Any) -> None:
        """Update exactly one row. Raises `GateError` for none or several: rows out of reach are not found silently."""
        changed = self.update(**values)
        if changed != 1:
            raise _unchanged(self.model, changed)


class GuardedManager(models.Manager.from_queryset(GuardedQuerySet)):  # type: ignore[misc]
    """The manager of guarded models."""


class Guarded(models.Model):
    """A model whose table the gate guards. Abstract; adds no column."""

    objects = GuardedManager()

    class Meta:
        abstract = True

    def save(  # type: ignore[override]
        self,
        *,
        force_insert: bool = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Collection[str] | None = None,
    ) -> None:
        """A new row is inserted; of a row that was read, the loaded values that changed are written, and no other.

        Raises `PurposeDenied` for a value that the purpose may not write, `GateError` when no row was there to change.
        """
        require_open(using)
        if self._state.adding or force_insert:
            super().save(force_insert=True, using=using)
        else:
            changed = self._changed() if update_fields is None else list(update_fields)
            if not changed:
                return
            try:
                super().save(force_update=force_update, using=using, update_fields=changed)
            except DatabaseError as error:
                if error.__cause__ is None and "did not affect any rows" in str(error):
                    raise _unchanged(type(self), 0) from error
                raise
        self._remember()

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any
    ) -> Any:
        row = super().from_db(db, field_names, values, **more)
        row._remember()
        return row

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Also what touching a deferred value comes to. Raises `PurposeDenied` for one that is not granted."""
        opened = require_open(using or self._state.db)
        fields = None if fields is None else list(fields)
        for name in fields or ():
            field = self._meta.get_field(name)
            column = getattr(field, "column", None)
            if column and column not in opened.grants(self._meta.db_table).read:
                raise opened.refuse(self._meta.db_table, column)
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        self._remember()

    def _remember(self) -> None:
        """The values as they are stored, of the fields that are loaded."""
        loaded = {
            f.attname: self.__dict__[f.attname]
            for f in self._meta.concrete_fields
            if f.attname in self.__dict__
        }
        self._stored = {k: copy.deepcopy(v) if isinstance(v, dict | list) else v for k, v in loaded.items()}

    def _changed(self) -> list[str]:
        stored = self.__dict__.get("_stored", {})
        return [
            f.attname
            for f in self._meta.concrete_fields
            if f.attname in self.__dict__
            and not f.primary_key
            and (f.attname not in stored or stored[f.attname] != self.__dict__[f.attname])
        ]


def _unchanged(model: type[models.Model], rows: int) -> GateError:
    return GateError(
        f"{rows} rows of {model._meta.db_table} were changed where one was expected",
        "an update that finds no row is an error: the row is gone, or not for this purpose",
        "read it again inside the purpose, and tell the person that it is no longer there",
    )
