"""The six grounds of an erasure (art. 17(1)): what each writes down, and which rows it is about.

(a) no longer needed   every purpose leaves but law, holds and contracts that run                   P-150
(b) consent withdrawn  the consents end; what has another declared basis stays                      P-151
(c) objection          what runs on legitimate interest ends, unless grounds were written down      P-152
(d) unlawful           the rows that were found or named go, whatever contract runs                 P-153
(e) a statute orders   the rows named, or all, go before any hold of the company's own              P-154
(f) a minor's          what was collected before eighteen goes, whatever contract runs              P-155
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bloesem.errors import RightsError
from bloesem.plan.model import ORDER, Fact, FactKind, Plan, TablePlan
from bloesem.plan.quoting import ident
from bloesem.rights.guarded import amend, minors, notify, unlawful
from bloesem.rights.guarded.rows import Item, Ref, Rows
from bloesem.rights.guarded.who import Somebody
from bloesem.stores import facts as stored
from bloesem.stores.postgres import Connection

_GROUND = re.compile(r"17\(1\)\(([a-f])\)")


@dataclass(frozen=True)
class Erasing:
    """What is asked. `ground`: `17(1)(a)` to `(f)`, of (e) followed by the statute; `items`: of (d) and (e), rows as
    `table[key]` or whole tables; `spared`: of (c), purposes for which compelling grounds were written down."""

    ground: str = "17(1)(a)"
    items: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()

    @property
    def letter(self) -> str:
        """raises: RightsError for what is no ground of the law."""
        found = _GROUND.match(self.ground)
        if found is None:
            raise RightsError(
                f"`{self.ground}` is no ground of an erasure",
                "P-150 to P-155: an erasure is asked on one of six grounds",
                "use 17(1)(a) to 17(1)(f); after 17(1)(e) comes the statute",
            )
        return found[1]


@dataclass(frozen=True)
class Erased:
    """What was written down. `about`: the rows asked for, of which it is told why they stay; None: all."""

    recorded: tuple[tuple[FactKind, str], ...]
    about: Collection[Ref] | None = None
    tellings: tuple[notify.Telling, ...] = field(default=())


@dataclass(frozen=True)
class Moment:
    """What an act works with: the people, their rows as they stood, facts, and when."""

    people: tuple[Somebody, ...]
    before: Rows
    facts: Mapping[int, Sequence[Fact]]
    now: dt.datetime

    @property
    def numbers(self) -> list[int]:
        return sorted(self.before.people)


def carry_out(connection: Connection, plan: Plan, at: Moment, asked: Erasing) -> Erased:
    """Writes the facts of an erasure, inside the caller's transaction; rows follow. raises: RightsError, PlanError."""
    letter = asked.letter
    if letter == "a":
        stored.record_facts(
            connection, plan, [Fact(number, "erasure", asked.ground, at.now) for number in at.numbers]
        )
        _forget_what_was(connection, plan, at)
        return Erased((("erasure", asked.ground),))
    if letter == "b":
        return _withdrawn(connection, plan, at)
    if letter == "c":
        return _objected(connection, plan, at, asked.spared)
    return _by_row(connection, plan, at, asked)


def _forget_what_was(connection: Connection, plan: Plan, at: Moment) -> None:
    """What values were before they were set right is nobody's to keep after the person is erased."""
    connection.execute(
        f"DELETE FROM {ident(plan.schema)}.correction WHERE person_id = ANY (%s)".encode(), [at.numbers]
    )


def _withdrawn(connection: Connection, plan: Plan, at: Moment) -> Erased:
    """Every consent ends; no other basis takes its place (P-151)."""
    consents: list[tuple[FactKind, str]] = [("consent", p.key) for p in plan.purposes if p.by_consent]
    had = amend.consents(at.facts, at.now) & set(consents)
    amend.withdraw(connection, plan, at.numbers, [key for _, key in consents])
    holding = amend.holding(connection, plan, at.numbers, consents, None)
    if holding:
        stored.end_facts(connection, plan, [number for number, _ in holding])
    ended = tuple(one for one in consents if one in had or one in {fact for _, fact in holding})
    return Erased(
        ended,
        _kept_for(at.before, plan.mask(lambda p: p.by_consent)),
        tuple(notify.of_facts(ended, ended=True, row=None, before=at.before)),
    )


def _objected(connection: Connection, plan: Plan, at: Moment, spared: Collection[str]) -> Erased:
    """What runs on legitimate interest ends; what is absolute is never spared (P-152, art. 21(3))."""
    weighed = [p for p in plan.purposes if p.active and p.objection == "assessed"]
    absolute = [p for p in plan.purposes if p.active and p.objection == "absolute" and not p.by_consent]
    ending = [*absolute, *(p for p in weighed if p.key not in spared)]
    facts: list[tuple[FactKind, str]] = [("objection", p.key) for p in ending]
    over: list[tuple[FactKind, str]] = [("assessing", p.key) for p in weighed]
    holding = amend.holding(connection, plan, at.numbers, over, None)
    if holding:
        stored.end_facts(connection, plan, [number for number, _ in holding])
    fresh = notify.anew(at.facts, at.now, facts, None)
    made = [Fact(number, kind, key, at.now) for number in at.numbers for kind, key in fresh]
    if made:
        stored.record_facts(connection, plan, made)
    of = plan.mask(lambda p: p in ending)
    return Erased(
        tuple(facts),
        _kept_for(at.before, of),
        tuple(notify.of_facts(fresh, ended=False, row=None, before=at.before)),
    )


def _by_row(connection: Connection, plan: Plan, at: Moment, asked: Erasing) -> Erased:
    """The rows themselves: named, found, or all of them."""
    named = [item for text in asked.items for item in chosen(plan, text, at.before)]
    if asked.letter == "f":
        young = minors.rows(connection, plan, at.numbers)
        named += [item for item, _ in at.before.mine() if (item.table.qualified, item.key[0]) in young]
    elif asked.letter == "d":
        found = unlawful.rows(connection, plan, at.numbers)
        named += [item for item, _ in at.before.mine() if item.ref in found]
    elif not asked.items:
        _forget_what_was(connection, plan, at)
        named = [item for item, _ in at.before.mine()]
    if asked.letter == "e" and not asked.ground[len(ORDER) :].strip():
        raise RightsError(
            "an erasure that a statute orders does not say which one",
            "P-154: an erasure that a law orders names that law",
            "write the statute and its article after the ground",
        )
    items = {item.ref: item for item in named}
    made = [
        Fact(owner, "erasure", asked.ground, at.now, None, item.table.name, int(item.key[0]))
        for item in items.values()
        for owner in item.owners
        if owner in at.before.people
    ]
    if made:
        stored.record_facts(connection, plan, made)
    else:  # what a clock has ended and no sweep has met yet goes now
        s = ident(plan.schema)
        connection.execute(f"SELECT {s}.refresh(%s::bigint[], {s}.moment(), true)".encode(), [at.numbers])
    return Erased((("erasure", asked.ground),) if made else (), items.keys())


def chosen(plan: Plan, text: str, before: Rows) -> list[Item]:
    """in: `table[key]`, or a table for all of its rows that are theirs. raises: RightsError for nobody's row."""
    name, bracket, key = text.strip().partition("[")
    table = _table(plan, name)
    mine = [item for item, _ in before.mine() if item.table == table]
    if bracket:
        mine = [item for item in mine if f"{item.key[0]}]" == key]
    if table is None or not mine:
        raise RightsError(
            f"no such row of {table.qualified} is this person's" if table else f"`{name}` is not in the map",
            "nobody else's data is shown or changed",
            "name a table of theirs, or one row of it as table[number]; bloesem access shows the numbers",
        )
    return mine


def _table(plan: Plan, name: str) -> TablePlan | None:
    return next((t for t in plan.tables if name in (t.qualified, t.name)), None)


def _kept_for(before: Rows, purposes: int) -> set[Ref]:
    """The rows that these purposes kept."""
    return {item.ref for item, _ in before.mine() if item.kept & purposes}


__all__ = ["Erased", "Erasing", "Moment", "carry_out", "chosen"]
