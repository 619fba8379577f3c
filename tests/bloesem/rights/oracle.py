"""What links mean, slowly: rows in memory, each rule of docs/datamap.md as a sentence of Python. Shares no code with what
it judges."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Id = tuple[str, int]  # a table, and which of its rows


@dataclass
class Link:
    holder: str
    columns: tuple[str, ...]
    to: str | None
    of: tuple[str, ...] = ()
    person: str | None = None
    kind: str = "owner"
    that: bool = False
    when: tuple[str, str] | None = None
    redact: tuple[str, ...] = ()
    erase: tuple[str, ...] = ()
    last: bool = True
    placeholder: int | None = None
    array: bool = False
    declared: bool = False


@dataclass
class Tab:
    """`personal`: column → what erasing does: `cut`, `redact`, `keep`, or a constant (`=gone`)."""

    name: str
    key: tuple[str, ...]
    people: bool
    personal: dict[str, str]
    hidden: tuple[str, ...]
    columns: dict[str, str]
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Somebody:
    roots: set[Id]
    emails: set[str]


@dataclass
class Oracle:
    tabs: dict[str, Tab]
    links: list[Link]
    leaving: list[Somebody]
    keeps: dict[Id, frozenset[str]] = field(default_factory=dict)

    def row(self, one: Id) -> dict[str, Any]:
        return self.tabs[one[0]].rows[one[1]]

    def every(self) -> list[Id]:
        return [(tab.name, n) for tab in self.tabs.values() for n in range(len(tab.rows))]

    # ---- pointing -----------------------------------------------------------------------------------------------

    def counts(self, link: Link, row: dict[str, Any]) -> bool:
        return link.when is None or row[link.when[0]] == link.when[1]

    def values(self, link: Link, row: dict[str, Any]) -> list[tuple[str, ...]]:
        if link.array:
            return [(str(v),) for v in row[link.columns[0]] or [] if v is not None]
        held = [row[c] for c in link.columns]
        return [] if None in held else [tuple(str(v) for v in held)]

    def targets(self, link: Link, row: dict[str, Any]) -> list[Id]:
        """The rows that a row points to along a link."""
        assert link.to is not None
        wanted = self.values(link, row) if self.counts(link, row) else []
        return [
            (link.to, n)
            for n, other in enumerate(self.tabs[link.to].rows)
            if tuple(str(other[c]) for c in link.of) in wanted
        ]

    def belongs(self) -> list[tuple[Link, Id, Id]]:
        """(link, the row, the row that it belongs to the owner of)."""
        found = []
        for link in self.links:
            if link.kind == "reference" or link.to is None:
                continue
            for n, row in enumerate(self.tabs[link.holder].rows):
                for target in self.targets(link, row):
                    me = (link.holder, n)
                    found.append((link, target, me) if link.that else (link, me, target))
        return found

    def named(self) -> list[tuple[Link, Id, str]]:
        """(link, the row, the address in it) of rows that name a person themselves."""
        return [
            (link, (link.holder, n), value[0])
            for link in self.links
            if link.person and link.kind != "reference"
            for n, row in enumerate(self.tabs[link.holder].rows)
            if self.counts(link, row)
            for value in self.values(link, row)
        ]

    # ---- reaching -----------------------------------------------------------------------------------------------

    def reach(self, who: Somebody) -> tuple[dict[Id, str], dict[Id, list[Link | None]]]:
        """(rows that somebody reaches: as `owner` or `shared`, the links along which each was reached)."""
        mode: dict[Id, str] = dict.fromkeys(who.roots, "owner")
        along: dict[Id, list[Link | None]] = {one: [None] for one in who.roots}
        changed = True
        while changed:
            changed = False
            steps = [(link, row, "owner") for link, row, email in self.named() if email in who.emails]
            for link, row, parent in self.belongs():
                other = self.tabs[parent[0]].people and parent not in who.roots
                if parent in mode and not other:
                    steps.append((link, row, mode[parent]))
            for link, row, through in steps:
                now = "owner" if link.kind == "owner" and through == "owner" else "shared"
                if not any(known is link for known in along.setdefault(row, [])):
                    along[row].append(link)
                    changed = True
                if mode.get(row) != "owner" and mode.get(row) != now:
                    mode[row] = now
                    changed = True
        for one in mode:
            if self.tabs[one[0]].people and one not in who.roots:
                mode[one] = "shared"  # another person: seen, never theirs
        return mode, along

    def shown(self, who: Somebody) -> dict[Id, dict[str, Any]]:
        mode, along = self.reach(who)
        said = {}
        for one in mode:
            tab = self.tabs[one[0]]
            visible: set[str] = set()
            for link in along[one]:
                visible |= {c for c in tab.columns if link is None or c not in link.redact}
            visible = {c for c in visible if c not in tab.hidden} | set(tab.key)
            said[one] = {c: self.row(one)[c] for c in visible}
        return said

    # ---- leaving ------------------------------------------------------------------------------------------------

    def gone(self) -> set[Id]:
        """The rows of which the last owner leaves."""
        mine = {one for who in self.leaving for one, how in self.reach(who)[0].items() if how == "owner"}
        roots = {one for who in self.leaving for one in who.roots}
        emails = {email for who in self.leaving for email in who.emails}
        staying: set[Id] = set()
        while True:
            more = set()
            for one in mine - roots - staying:
                somebody = any(
                    link.kind == "owner" and row == one and (parent not in mine or parent in staying)
                    for link, row, parent in self.belongs()
                ) or any(
                    link.kind == "owner" and row == one and email not in emails
                    for link, row, email in self.named()
                )
                must = any(
                    link.kind == "owner"
                    and not link.last
                    and row == one
                    and parent in mine
                    and parent not in staying
                    for link, row, parent in self.belongs()
                )
                if somebody and not must:
                    more.add(one)
            if not more:
                return mine - staying
            staying |= more

    def after(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of all tables when those who leave have left."""
        gone = self.gone()
        kept = self.kept(gone)
        deleted = gone - kept.keys()
        new = {one: dict(self.row(one)) for one in self.every() if one not in deleted}
        emails = {email for who in self.leaving for email in who.emails}
        roots = {one for who in self.leaving for one in who.roots}
        reached = {one for who in self.leaving for one in self.reach(who)[0]}
        for one, columns in kept.items():
            tab = self.tabs[one[0]]
            linked = {c for link in self.links if link.holder == one[0] for c in link.columns}
            for c in tab.personal:
                if c not in columns and c not in linked and c not in tab.key:
                    self.blank(new[one], tab, c)
            for link, row, email in self.named():
                if row == one and email in emails and not set(link.columns) & columns:
                    new[one][link.columns[0]] = None
        for link, row, parent in self.belongs():
            if (
                row in new
                and row not in kept
                and row not in roots
                and parent in gone
                and self._theirs(link, row)
            ):
                for c in link.erase:
                    self.blank(new[row], self.tabs[row[0]], c)
        for link, row, email in self.named():
            if row in new and row not in kept and email in emails:
                for c in link.erase:
                    self.blank(new[row], self.tabs[row[0]], c)
        for link, row, email in self.named():
            if row in new and row not in kept and row in reached and email in emails:
                new[row][link.columns[0]] = None
        for link in self.links:
            if link.to is None:
                continue
            for n, old in enumerate(self.tabs[link.holder].rows):
                one = (link.holder, n)
                if one not in new:
                    continue
                parted = link.kind != "reference" and not link.that and one not in kept
                lost = [t for t in self.targets(link, old) if t in (gone if parted else deleted)]
                if lost:
                    self.cut(link, new[one], lost)
        return {name: [row for one, row in sorted(new.items()) if one[0] == name] for name in self.tabs}

    def _theirs(self, link: Link, row: Id) -> bool:
        return any(any(link is known for known in self.reach(who)[1].get(row, [])) for who in self.leaving)

    def kept(self, gone: set[Id]) -> dict[Id, frozenset[str]]:
        owned = {one for who in self.leaving for one, how in self.reach(who)[0].items() if how == "owner"}
        found = {one: columns for one, columns in self.keeps.items() if one in gone and one in owned}
        while True:
            more = {
                parent
                for link, row, parent in self.belongs()
                if link.kind == "owner" and row in found and parent in gone and parent not in found
            }
            if not more:
                return found
            found |= dict.fromkeys(more, frozenset())

    def cut(self, link: Link, row: dict[str, Any], lost: list[Id]) -> None:
        assert link.to is not None
        if link.array:
            values = {str(self.row(t)[link.of[0]]) for t in lost}
            row[link.columns[0]] = [v for v in row[link.columns[0]] if v is None or str(v) not in values]
            return
        for c in link.columns:
            text = self.tabs[link.holder].columns[c] == "text" and link.placeholder is not None
            row[c] = str(link.placeholder) if text else link.placeholder

    def blank(self, row: dict[str, Any], tab: Tab, column: str) -> None:
        how = tab.personal[column]
        if how == "keep" or (row[column] is None and how == "redact"):
            return
        if how == "redact":
            row[column] = re.sub(r"\d", "0", re.sub(r"[^\W\d_]", "x", row[column]))
        else:
            row[column] = how[1:] if how.startswith("=") else None
