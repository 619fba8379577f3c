"""`with purpose(…)`: what opens, what is refused before the database is asked, and what is logged."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections

from bloesem.errors import GateError
from bloesem.gate import NoPurpose, NotServed, PurposeDenied, UnknownPurpose, purpose
from tests.bloesem.gate.world import World


def one(world: World, query: str, *values: Any) -> Any:
    row = world.admin.execute(query, values or None).fetchone()  # type: ignore[call-overload]
    return row[0] if row else None


def test_inside_a_purpose_its_columns_are_there(small_world: World) -> None:
    using = small_world.alias("console")
    identity = small_world.models["identity"]
    with purpose("support", using=using):
        rows = list(identity.objects.using(using).all())
        assert rows
        assert rows[0].name
        with pytest.raises(PurposeDenied) as refused:
            _ = rows[0].birth
    assert (refused.value.table, refused.value.column, refused.value.promise) == (
        "identity",
        "birth",
        "P-050",
    )
