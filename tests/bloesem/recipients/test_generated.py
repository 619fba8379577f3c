"""The decision equals a second, slow one over registers with anything in them missing, lapsed or otherwise."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.bloesem.recipients import oracle
from tests.bloesem.recipients.changed import ASKS, DAY, blossom, record_with

from bloesem.policy.company import Company
from bloesem.recipients.decide import may_disclose
from bloesem.recipients.model import Recipient, RecipientRules, Transfer

Path = tuple[str | int, ...]


def leaves(tree: Any, path: Path = ()) -> list[Path]:
    """Every place in a tree of plain values, inner ones too."""
    found = [path] if path else []
    if isinstance(tree, dict):
        found += [place for key, value in tree.items() for place in leaves(value, (*path, key))]
    elif isinstance(tree, list | tuple):
        found += [place for n, value in enumerate(tree) for place in leaves(value, (*path, n))]
    return found


def put(tree: Any, path: Path, value: Any) -> Any:
    """The tree with another value in one place."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(tree, dict):
        return {key: put(old, rest, value) if key == head else old for key, old in tree.items()}
    return [put(old, rest, value) if number == head else old for number, old in enumerate(tree)]


def at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


#: Words that some place of the register accepts; where one does not fit, the change is not made.
WORDS = (
    "",
    " ",
    *("processor", "controller", "joint-controller", "authority"),
    *("adequacy", "scc", "bcr", "derogation", "ok", "ok-with-measures", "stop", "proceed"),
    *("2021/914", "2010/87", "data-privacy-framework", "private-sector", "no-immigration-control"),
    *("US", "GB", "NO", "IN", "JP", "CH", "security", "contractual", "preparation", "closing", "job", "all"),
    *("vat-code-60", "wer-iii-86-88", "nimbus", "meta_audiences", "service", "contact.email", "installer"),
)


@st.composite
def another(draw: st.DrawFn, old: Any) -> Any:
    if isinstance(old, bool):
        return not old
    if isinstance(old, dt.date):
        return draw(st.one_of(st.none(), st.integers(-500, 500).map(lambda n: DAY + dt.timedelta(days=n))))
    if isinstance(old, int):
        return draw(st.integers(1, 4))
    if isinstance(old, list | tuple):
        return draw(st.sampled_from([None, [], list(old)[:-1]]))
    if isinstance(old, dict):
        return draw(st.sampled_from([None, {}, dict(list(old.items())[:-1])]))
    if old is None:
        days = st.integers(-60, 400).map(lambda n: DAY + dt.timedelta(days=n))
        return draw(st.one_of(days, st.sampled_from(["x", *WORDS])))
    return draw(st.sampled_from([None, *WORDS]))


@st.composite
def registers(draw: st.DrawFn) -> tuple[Company, str]:
    """The example's register with up to three changes to one recipient and its transfers."""
    company = blossom()
    name = draw(st.sampled_from(sorted(ASKS)))
    own = {key: one for key, one in company.record.transfers.items() if one.recipient == name}
    tree: Any = {
        "recipient": company.record.recipients[name].model_dump(by_alias=True),
        "transfers": {key: one.model_dump(by_alias=True) for key, one in own.items()},
        "rules": company.record.recipient_rules and company.record.recipient_rules.model_dump(by_alias=True),
    }
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(leaves(tree)))
        tree = put(tree, path, draw(another(at(tree, path))))
    made = _read(tree)
    if made is None:
        return company, name
    recipient, transfers, rules = made
    kept = {key: one for key, one in company.record.transfers.items() if key not in own}
    return (
        record_with(
            company,
            recipients={**company.record.recipients, name: recipient},
            transfers=kept | transfers,
            recipient_rules=rules,
        ),
        name,
    )


def _read(tree: Any) -> tuple[Recipient, dict[str, Transfer], RecipientRules | None] | None:
    """The tree as the loader would read it; None where it refuses."""
    try:
        return (
            Recipient.model_validate(tree["recipient"]),
            {key: Transfer.model_validate(one) for key, one in (tree["transfers"] or {}).items()},
            RecipientRules.model_validate(tree["rules"]) if tree["rules"] else None,
        )
    except (ValidationError, AttributeError):
        return None


DAYS = st.integers(-120, 500).map(lambda n: DAY + dt.timedelta(days=n))
STORES = st.sampled_from([None, None, None, "business", "jobs", "gone"])


@settings(max_examples=600, deadline=None)
@given(registers(), DAYS, STORES, st.sampled_from(["full", "aggregated"]), st.booleans())
def test_two_ways_to_decide_agree(
    register: tuple[Company, str], day: dt.date, store: str | None, shape: Any, unnamed: bool
) -> None:
    company, name = register
    purpose, fields, usual = ASKS[name]
    assignment = None if unnamed and shape == "aggregated" else usual
    policy = company.in_force(DAY)
    decision = may_disclose(
        company, policy, name, purpose, fields, day, assignment=assignment, shape=shape, store=store
    )
    expected = oracle.may(company, policy, name, purpose, fields, day, assignment, shape, store)
    event("allowed" if expected else "refused")
    assert decision.allowed == expected, [str(one) for one in decision.reasons]
    assert decision.allowed == (not decision.reasons)
    assert all(one.thing and one.rule and one.remedy for one in (*decision.reasons, *decision.warnings))


@settings(max_examples=200, deadline=None)
@given(registers(), DAYS)
def test_what_is_allowed_stays_so_through_the_day_that_is_told_and_not_one_day_longer(
    register: tuple[Company, str], day: dt.date
) -> None:
    company, name = register
    purpose, fields, assignment = ASKS[name]
    policy = company.in_force(DAY)

    def allowed(on: dt.date) -> bool:
        return oracle.may(company, policy, name, purpose, fields, on, assignment, "aggregated")

    decision = may_disclose(
        company, policy, name, purpose, fields, day, assignment=assignment, shape="aggregated"
    )
    if not decision.allowed:
        return
    event("with an end" if decision.until else "without an end")
    end = decision.until or day + dt.timedelta(days=3000)
    assert day <= end
    step = max(1, (end - day).days // 7)
    for offset in (*range(0, (end - day).days, step), (end - day).days):
        assert allowed(day + dt.timedelta(days=offset))
    if decision.until is not None:
        assert not allowed(decision.until + dt.timedelta(days=1))
