"""The example company with its register changed at will, and what is asked of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from bloesem.policy.company import Company, load_company
from bloesem.policy.model import Policy
from bloesem.recipients.decide import Decision, may_disclose
from bloesem.recipients.model import Recipient, Transfer

HOME = Path(__file__).parents[3] / "company" / "blossom"
DAY = dt.date(2026, 11, 26)


@cache
def blossom() -> Company:
    """With the version of `DAY` alone: a test that waits for a later day goes on under the same words."""
    company = load_company(HOME)
    return replace(company, versions=(company.in_force(DAY),))


def policy(company: Company | None = None, **changes: Any) -> Policy:
    return (company or blossom()).in_force(DAY).model_copy(update=changes)


def record_with(company: Company, **changes: Any) -> Company:
    return replace(company, record=company.record.model_copy(update=changes))


def changed(name: str, company: Company | None = None, **changes: Any) -> Company:
    """The company with one recipient of its register changed; a value may be a mapping of changes of what stands there."""
    company = company or blossom()
    new = _with(company.record.recipients[name], changes)
    assert isinstance(new, Recipient)
    return record_with(company, recipients={**company.record.recipients, name: new})


def moved(name: str, company: Company | None = None, **changes: Any) -> Company:
    """As `changed`, of a transfer. `None` as its only change takes it away."""
    company = company or blossom()
    new = _with(company.record.transfers[name], changes)
    assert isinstance(new, Transfer)
    return record_with(company, transfers={**company.record.transfers, name: new})


def without_transfer(name: str) -> Company:
    kept = {key: one for key, one in blossom().record.transfers.items() if key != name}
    return record_with(blossom(), transfers=kept)


def _with(model: Any, changes: dict[str, Any]) -> Any:
    made = {}
    for key, value in changes.items():
        old = getattr(model, key)
        made[key] = _with(old, value) if isinstance(value, dict) and hasattr(old, "model_copy") else value
    return model.model_copy(update=made)


#: What each recipient is asked for here: purpose, fields, assignment.
ASKS: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "voltwacht": ("after_sales", ("identification.name", "installation.place"), "job-2026-0001"),
    "zonnewijs": ("service", ("usage.session",), None),
    "kelder": ("archive", ("contract.billing",), None),
    "briefwerk": ("billing", ("identification.name", "contract.billing"), None),
    "nimbus": ("service", ("usage.session", "contact.email"), None),
    "liberty_platforms": ("sales", ("contact.email",), None),
    "peilpunt": ("quality", ("communication.survey",), "survey-2026"),
    "klaproos": ("marketing", ("contact.email",), "winter-2026"),
    "meta_audiences": ("consent_marketing", ("contact.email",), "winter-2026"),
    "tax_inspection": ("archive", ("contract.billing",), "audit-2026-07"),
    "stroomland": ("deal", ("usage.session_total",), "project-iris"),
    "fleetco": ("billing", ("usage.session_total",), None),
    "cijferhuis": ("billing", ("contract.billing",), None),
}


def ask(
    name: str,
    company: Company | None = None,
    *,
    on: dt.date = DAY,
    under: Policy | None = None,
    purpose: str | None = None,
    fields: tuple[str, ...] | None = None,
    **more: Any,
) -> Decision:
    """What is decided for a recipient's usual purpose, fields and assignment, but for what is said."""
    usual, usual_fields, assignment = ASKS[name]
    company = company or blossom()
    more = {"assignment": assignment, "shape": "aggregated" if name == "stroomland" else "full", **more}
    return may_disclose(
        company,
        under or company.in_force(on),
        name,
        usual if purpose is None else purpose,
        usual_fields if fields is None else fields,
        on,
        **more,
    )


def why(decision: Decision) -> str:
    """All reasons as one text; empty where it is allowed."""
    assert decision.allowed == (not decision.reasons)
    assert all(one.rule and one.remedy for one in decision.reasons)
    return "; ".join(str(one) for one in decision.reasons)
