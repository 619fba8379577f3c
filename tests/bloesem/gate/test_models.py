"""The business models behind the gate, as a page of the company would use them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from tests.bloesem.gate.world import World

from bloesem.errors import GateError
from bloesem.gate import NoPurpose, PurposeDenied, gate_of, purpose


@pytest.fixture
def console(real_world: World) -> str:
    return real_world.alias("support_desk")


@pytest.fixture
def fraud_desk(real_world: World) -> str:
    return real_world.alias("fraud_desk")


def test_a_page_of_support_reads_what_support_needs(real_world: World, console: str) -> None:
    from charging.people.models import Account, PersonName

    with purpose("support", using=console, actor="staff:bo") as opened:
        names = list(PersonName.objects.using(console).select_related("person").order_by("id")[:5])
        shown = [(name.given_name, name.person.language if name.person else None) for name in names]
        opened.reads([name.person_id for name in names if name.person_id])
        assert Account.objects.using(console).filter(opened_at__isnull=False).exists()
    assert len(shown) == 5
    assert all(given for given, _language in shown)


def test_touching_a_value_of_another_purpose_names_the_promise(real_world: World, fraud_desk: str) -> None:
    from charging.people.models import BankAccount

    with purpose("identify", using=fraud_desk, actor="staff:bo") as opened:
        opened.reads([])
        account = BankAccount.objects.using(fraud_desk).first()
        assert account is not None
        assert account.iban_last4
        with pytest.raises(PurposeDenied) as refused:
            _ = account.iban
    assert refused.value.refusal.readers[0] == "billing"
    assert refused.value.refusal.categories == ("financial.iban",)
    assert "P-050" in refused.value.rule


def test_a_value_that_was_not_loaded_is_not_fetched_after_the_block(real_world: World, console: str) -> None:
    from charging.people.models import PersonName

    with purpose("support", using=console, actor="staff:bo") as opened:
        opened.reads([])
        name = PersonName.objects.using(console).only("id").first()
    assert name is not None
    with pytest.raises(NoPurpose):
        _ = name.given_name


def test_reference_tables_are_for_every_purpose_and_written_by_none(real_world: World, console: str) -> None:
    from charging.people.models import Employer

    with purpose("support", using=console, actor="staff:bo") as opened:
        opened.reads([])
        employer = Employer.objects.using(console).first()
        assert employer is not None
        employer.name = "Changed"
        with pytest.raises((PurposeDenied, GateError)):
            employer.save(using=console)


def test_somebody_sees_their_own_rows_and_nobody_elses(real_world: World) -> None:
    from charging.people.models import PersonName

    using = real_world.alias("portal")
    people = [
        row[0] for row in real_world.admin.execute("SELECT DISTINCT person_id FROM data.person_name LIMIT 3")
    ]
    for person in people:
        with purpose("subject", using=using, person=person):
            found = {name.person_id for name in PersonName.objects.using(using).all()}
        assert found == {person}


def test_the_clock_denies_when_nobody_sweeps(real_world: World, console: str) -> None:
    """`good_until`: a dead clock denies instead of leaking. Ten years on, without a sweep, nothing is readable."""
    from bloesem.plan.sql.runtime import clock_functions

    models: dict[str, Any] = real_world.models
    try:
        for _, body in clock_functions(real_world.plan, 12 * 366):
            real_world.admin.execute(body)
        with purpose("marketing", using=real_world.alias("worker")):
            for table in ("person_name", "email_address", "segment"):
                assert not models[table].objects.using(real_world.alias("worker")).exists()
    finally:
        for _, body in clock_functions(real_world.plan, 0):
            real_world.admin.execute(body)


def test_the_gate_of_a_process_knows_its_login(real_world: World, console: str) -> None:
    assert gate_of(console).role == real_world.plan.role("support_desk")
    assert connections[console].settings_dict["ENGINE"] == "bloesem.gate.backend"
