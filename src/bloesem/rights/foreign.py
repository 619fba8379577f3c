"""The desk at a database that is not ours: nothing is installed in it, and facts about its people are kept with us."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.errors import BloesemError, RightsError
from bloesem.plan.model import FactKind
from bloesem.rights import passes
from bloesem.rights.amend import Asked, Correction, corrected, marked, rectification
from bloesem.rights.judge import Standing
from bloesem.rights.portable import portable
from bloesem.rights.record import HomeRecord
from bloesem.rights.requests import Desk, Done, Wanted
from bloesem.rights.whose import Way
from bloesem.rights.world import Person, Ref, World

UNENFORCED = "recorded, not enforced there"
ENFORCED = "recorded, and set there"


@dataclass
class ForeignDesk:
    """in: the desk that finds and writes there, and what Bloesem keeps of it."""

    desk: Desk
    record: HomeRecord

    def access(self, wanted: Wanted) -> dict[str, Any]:
        return self.desk.access(wanted)

    def portable(self, wanted: Wanted) -> dict[str, Any]:
        return portable(self.desk, wanted)

    def rehearse(
        self,
        wanted: Wanted,
        *,
        ground: str = "17(1)(a)",
        items: Sequence[str] = (),
        show_values: bool = False,
    ) -> Done:
        _whole(items)
        return self.desk.rehearse(wanted, ground=ground, show_values=show_values)

    def erase(
        self,
        wanted: Wanted,
        *,
        ground: str = "17(1)(a)",
        items: Sequence[str] = (),
        plan: str | None = None,
        show_values: bool = False,
    ) -> Done:
        """raises: RightsError for single rows too: there is no fact there that would keep them away."""
        _whole(items)
        return self.desk.erase(wanted, ground=ground, plan=plan, show_values=show_values)

    def rectify(
        self,
        wanted: Wanted,
        corrections: Sequence[Correction],
        *,
        source: str | None = None,
        plan: str | None = None,
        dry_run: bool = False,
        show_values: bool = False,
    ) -> Done:
        """raises: RightsError for a `source` too: there it is a column like any other."""
        if source is not None:
            raise RightsError(
                "a database that Bloesem does not guard has no sources of its own",
                "P-049: a source stands in the column that the map names",
                "set that column too: --set TABLE.COLUMN=VALUE",
            )
        asked = rectification(self.desk.graph, corrections)
        return self.desk.carry_out(
            "rectify",
            wanted,
            lambda world, ways: corrected(asked, world, ways),
            plan=plan,
            dry_run=dry_run,
            show_values=show_values,
        )

    def note(
        self,
        wanted: Wanted,
        asked: Asked,
        facts: Sequence[tuple[FactKind, str]],
        *,
        lift: bool = False,
        ended: bool = False,
        over: Sequence[tuple[FactKind, str]] = (),
        item: str | None = None,
        told_on: dt.date | None = None,
    ) -> dict[str, Any]:
        """Records the facts (or ends them), then sets the columns that the map names.

        The fact comes first: of two databases one is later, and what is recorded can be set again.
        """

        def find(world: World, way: Way, standing: Standing) -> tuple[Person, Ref | None]:
            return world.people[0], None if item is None else self._item(item, way)

        person, row = self.desk.look(wanted, find)
        for kind, key in over:
            self.record.close(person, kind, key, row)
        numbers = 0
        for kind, key in facts:
            if lift:
                numbers += self.record.close(person, kind, key, row)
            else:
                self.record.note(person, kind, key, ended=ended, row=row)
                numbers += 1
        try:
            done = None if row else self._mark(wanted, asked, [key for _, key in facts], lift)
        except (
            BloesemError
        ) as refused:  # the fact stays: what a person asked is not forgotten for a column's sake
            refused.rule = "it is recorded, and not set there: the application does not know of it"
            raise
        enforced = done is not None and any(one["changed"] for one in done.tables.values())
        return {
            "recorded": [{"kind": kind, "key": key} for kind, key in facts] if numbers else [],
            "enforced": enforced,
            "said": ENFORCED if enforced else UNENFORCED,
            "tables": done.tables if done else {},
            "statements": done.statements if done else 0,
            "plan": done.plan if done else None,
        }

    def _mark(self, wanted: Wanted, asked: Asked, purposes: Sequence[str], lift: bool) -> Done | None:
        graph = self.desk.graph
        if not any(
            mark.on == asked for table in graph.tables.values() for mark in table.collection.meta.marks
        ):
            return None
        return self.desk.carry_out(
            asked, wanted, lambda world, ways: marked(graph, asked, purposes, lift, world, ways)
        )

    def _item(self, text: str, way: Way) -> Ref:
        name, _, key = text.partition("[")
        for qualified, rows in way.items():
            if name in (qualified, self.desk.graph.tables[qualified].name):
                for one, reach in rows.items():
                    if reach.owner and ",".join(one) + "]" == key:
                        return qualified, one
        raise RightsError(
            "no such row is this person's",
            "art. 18: one item of theirs can be restricted, named by its table and key",
            "write address[7]; bloesem access shows what there is",
        )

    def left(self, now: dt.datetime) -> dict[str, Any]:
        record = self.record
        found = passes.at_once(record.rights, record.store, record.act, self.desk.connection, now).json()
        return {key: found[key] for key in ("residue", "unread")}


def _whole(items: Sequence[str]) -> None:
    if items:
        raise RightsError(
            "single rows are not erased by themselves in a database that Bloesem does not guard",
            "art. 17: there is no mask there that would keep such a row away",
            "leave --item out; or delete the row there",
        )
