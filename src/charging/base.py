"""What every table of personal data has in common."""

from __future__ import annotations

from django.db import models

from bloesem.gate.ids import new_id
from bloesem.gate.models import Guarded


class Personal(Guarded):
    """A row that belongs to a person.

    The masks (`used_for`, `kept_for`, `good_until`) are added by the plan and filled by PostgreSQL: no code
    sets them, so no model names them. `person` is no foreign key of the database: a statement in the
    archive outlives the person row (P-073), and a link that is set to NULL would leave it without an owner
    and so without a clock. That a person exists is asked by the compiled trigger, which reads the owner's
    state on every insert.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id)
    person = models.ForeignKey(
        "people.Person",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,  # the plan makes the index of every owner column
        null=True,
        blank=True,
        related_name="+",
    )
    recorded_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.db_table} {self.pk}"


class Sourced(Personal):
    """A row that says where it came from, in the words of the policy's sources (P-014, P-037 to P-049)."""

    source = models.TextField()

    class Meta:
        abstract = True


class Reference(Guarded):
    """A catalogue or a legal person: rows that belong to nobody."""

    id = models.BigIntegerField(primary_key=True, default=new_id)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.db_table} {self.pk}"


def co_person() -> models.ForeignKey[models.Model | None, models.Model | None]:
    """A second owner of the row."""
    return models.ForeignKey(
        "people.Person",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )


def link(to: str) -> models.ForeignKey[models.Model | None, models.Model | None]:
    """A link that a migration makes `ON DELETE SET NULL` in the database: erasing the target cuts it, no
    more.
    """
    return models.ForeignKey(
        to, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+"
    )
