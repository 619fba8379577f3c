"""Terms that the company chose, put where the text and the law leave them open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from bloesem.law.model import Law
from bloesem.policy.model import Keep, Policy, Record, Term, TermDecision


def with_terms(policy: Policy, record: Record) -> Policy:
    """A version with the terms that the record decided for its rows and parts (by its first day). Pure.

    A decision for a part goes before one for its row. A version about which nothing is decided is returned as it is.
    """
    known = _by(record, policy.version)
    rows = {}
    for row_key, row in policy.purposes.items():
        keep = _decided(row.keep, known.get(row_key))
        parts = {
            key: part.model_copy(update={"keep": _decided(part.keep or keep, known[key])})
            if key in known
            else part
            for key, part in row.parts.items()
        }
        rows[row_key] = row.model_copy(update={"keep": keep, "parts": parts})
    return policy.model_copy(update={"purposes": rows}) if known else policy


def law_with_terms(law: Law, record: Record, day: dt.date) -> Law:
    """The law with the terms that the company chose, by a day, for purposes of which the law names none. Pure."""
    known = _by(record, day)
    return replace(
        law,
        purposes=tuple(
            purpose.model_copy(update={"keep": _decided(purpose.keep, known.get(purpose.key))})
            if purpose.term == "company"
            else purpose
            for purpose in law.purposes
        ),
    )


def undecided(law: Law, record: Record, day: dt.date) -> Iterable[str]:
    """The purposes of the law that leave their term to the company, and have none by a day."""
    known = _by(record, day)
    return (
        purpose.key
        for purpose in law.purposes
        if purpose.term == "company" and (purpose.key not in known or known[purpose.key].keep is None)
    )


def _by(record: Record, day: dt.date) -> dict[str, TermDecision]:
    return {
        key: one
        for key, one in record.terms.items()
        if one.decided <= day and (one.until is None or day < one.until)
    }


def _decided(keep: Keep, decision: TermDecision | None) -> Keep:
    if decision is None:
        return keep
    if decision.keep is not None:
        return decision.keep.model_copy(
            update={"terms": tuple(_falling(term, term.fallback) for term in decision.keep.terms)}
        )
    return keep.model_copy(update={"terms": tuple(_falling(term, decision.fallback) for term in keep.terms)})


def _falling(term: Term, fallback: Term | None) -> Term:
    """The term with a fallback that the record chose: its start is not of the text (L-027)."""
    chosen = None if fallback is None else fallback.model_copy(update={"start_stated": False})
    return term.model_copy(update={"fallback": chosen})


__all__ = ["law_with_terms", "undecided", "with_terms"]
