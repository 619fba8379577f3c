"""Databases that nobody designed: schemas, links and rows by hypothesis, as SQL, as a map and for the oracle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from tests.bloesem.rights.oracle import Id, Link, Oracle, Somebody, Tab

KEYS = {
    "int": {"id": "bigint"},
    "text": {"code": "varchar(12)"},
    "pair": {"club": "text", "number": "int"},
    "uuid": {"id": "uuid"},
    "none": {},
}
ADDRESSES = ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]
MAX_ROWS = 4


@dataclass
class Invented:
    oracle: Oracle
    asked: list[tuple[str, str, str]]  # (column, value, table) of each person

    def sql(self) -> list[str]:
        said = []
        for tab in self.oracle.tabs.values():
            said_columns = [f'"{c}" {t}' for c, t in tab.columns.items()]
            if tab.key:
                said_columns.append(f"PRIMARY KEY ({', '.join(tab.key)})")
            said.append(f'CREATE TABLE "{tab.name}" ({", ".join(said_columns)})')
            for row in tab.rows:
                said.append(
                    f'INSERT INTO "{tab.name}" VALUES ({", ".join(_literal(row[c]) for c in tab.columns)})'
                )
        for link in self.oracle.links:
            if link.declared and link.to is not None:
                columns, of = ", ".join(link.columns), ", ".join(link.of)
                said.append(
                    f'ALTER TABLE "{link.holder}" ADD FOREIGN KEY ({columns}) REFERENCES "{link.to}" ({of})'
                )
        return said

    def map(self) -> str:
        """YAML is JSON too."""
        collections = []
        for tab in self.oracle.tabs.values():
            fields: list[dict[str, Any]] = []
            for c in tab.columns:
                one: dict[str, Any] = {"name": c}
                how = tab.personal.get(c)
                if how is not None:
                    one["data_categories"] = ["identity.name"]
                    meta: dict[str, str] = {"erased": how[1:]} if how.startswith("=") else {"on_erase": how}
                    one["meta"] = {**meta, **({"on_show": "redact"} if c in tab.hidden else {})}
                if tab.people and c == "email":
                    one["fides_meta"] = {"identity": "email"}
                fields.append(one)
            links = [_link(link) for link in self.oracle.links if link.holder == tab.name]
            holds = "people" if tab.people else "personal"
            collections.append({"name": tab.name, "meta": {"holds": holds, "links": links}, "fields": fields})
        dataset = {"fides_key": "x", "meta": {"guarded": False}, "collections": collections}
        return json.dumps({"dataset": [dataset]})


def _link(link: Link) -> dict[str, Any]:
    said: dict[str, Any] = {"columns": link.columns, "kind": link.kind}
    if link.person:
        said["person"] = link.person
    else:
        said |= {"to": link.to, "of": link.of}
    if link.that:
        said["belongs"] = "that"
    if link.when:
        said["when"] = {"column": link.when[0], "equals": link.when[1]}
    if not link.last:
        said["last"] = False
    if link.placeholder is not None:
        said["placeholder"] = link.placeholder
    return {**said, "redact": link.redact, "erase": link.erase}


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "'{" + ",".join("NULL" if v is None else str(v) for v in value) + "}'"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


@st.composite
def databases(draw: st.DrawFn) -> Invented:
    count = draw(st.integers(2, 5))
    tabs: dict[str, Tab] = {}
    for n in range(count):
        people = n == 0 or draw(st.integers(0, 5)) == 0
        kind = "int" if n == 0 else draw(st.sampled_from(["int", "int", "text", "pair", "uuid", "none"]))
        if people and kind == "none":
            kind = "int"
        personal = {"v": "cut", "w": draw(st.sampled_from(["cut", "=gone", "redact", "keep"]))}
        columns = {**KEYS[kind], "v": "text", "w": "text", "type": "text"}
        if people:
            columns["email"] = "text"
            personal["email"] = "cut"
        hidden = ("w",) if draw(st.integers(0, 4)) == 0 else ()
        tabs[f"t{n}"] = Tab(f"t{n}", tuple(KEYS[kind]), people, personal, hidden, columns)
    links: list[Link] = []
    for tab in tabs.values():
        for m in range(draw(st.integers(0 if tab.people else 1, 3))):
            links.append(_drawn_link(draw, tabs, tab, m))
    for tab in tabs.values():
        _rows(draw, tab)
    for link in links:
        _point(draw, tabs, link)
    return _asked(draw, Oracle(tabs, links, []))


def _drawn_link(draw: st.DrawFn, tabs: dict[str, Tab], tab: Tab, m: int) -> Link:
    kind = draw(st.sampled_from(["owner", "owner", "owner", "shared", "reference"]))
    when = ("type", draw(st.sampled_from(["A", "B"]))) if draw(st.integers(0, 3)) == 0 else None
    common: dict[str, Any] = {"kind": kind, "when": when}
    if kind != "reference":
        common["redact"] = draw(st.sampled_from([(), (), ("v",), ("w", "v")]))
        common["erase"] = draw(st.sampled_from([(), (), ("v",), ("w",)]))
    if draw(st.integers(0, 6)) == 0 and not tab.people:
        tab.columns[f"l{m}"] = "text"
        return Link(tab.name, (f"l{m}",), None, person="email", **common)
    target = tabs[draw(st.sampled_from([t.name for t in tabs.values() if t.key]))]
    if draw(st.integers(0, 1)):
        target = tabs["t0"]
    types = [target.columns[c] for c in target.key]
    if len(types) == 1 and draw(st.integers(0, 7)) == 0:
        tab.columns[f"l{m}"] = f"{types[0]}[]"
        return Link(tab.name, (f"l{m}",), target.name, target.key, array=True, **common)
    that = kind == "owner" and draw(st.integers(0, 4)) == 0 and not target.people
    last = not (kind == "owner" and not that and draw(st.integers(0, 7)) == 0)
    declared = when is None and draw(st.booleans())
    if not declared and types == ["bigint"] and draw(st.booleans()):
        types = ["text"]  # a number in a text column, as polymorphic links have it
    names = tuple(f"l{m}_{i}" if len(types) > 1 else f"l{m}" for i in range(len(types)))
    tab.columns.update(zip(names, types, strict=True))
    placeholder = (
        -1 if not declared and types in (["bigint"], ["text"]) and draw(st.integers(0, 4)) == 0 else None
    )
    if that:
        common["redact"] = common["erase"] = ()
    return Link(
        tab.name, names, target.name, target.key, that=that, last=last, declared=declared, placeholder=placeholder, **common
    )  # fmt: skip


def _rows(draw: st.DrawFn, tab: Tab) -> None:
    for n in range(draw(st.integers(1 if tab.name == "t0" else 0, MAX_ROWS))):
        row: dict[str, Any] = dict.fromkeys(tab.columns)
        for c in tab.key:
            row[c] = {
                "bigint": n + 1, "int": n + 1, "text": "club", "varchar(12)": f"k{n}",
                "uuid": f"00000000-0000-0000-0000-00000000000{n}",
            }[tab.columns[c]]  # fmt: skip
        row["v"] = f"canary-{tab.name}-{n}-v"
        row["w"] = draw(st.sampled_from([f"Canary {tab.name} {n} w.", None]))
        row["type"] = draw(st.sampled_from(["A", "B", None]))
        if tab.people:
            row["email"] = draw(st.sampled_from([*ADDRESSES, None]))
        tab.rows.append(row)


def _point(draw: st.DrawFn, tabs: dict[str, Tab], link: Link) -> None:
    for row in tabs[link.holder].rows:
        if link.person:
            row[link.columns[0]] = draw(st.sampled_from([*ADDRESSES, None]))
            continue
        assert link.to is not None
        there = tabs[link.to].rows
        if link.array:
            chosen = draw(st.lists(st.sampled_from(range(len(there))), max_size=3)) if there else []
            row[link.columns[0]] = [there[n][link.of[0]] for n in chosen]
            continue
        pointed = draw(st.sampled_from([*range(len(there)), None]))
        if pointed is not None:
            for c, of in zip(link.columns, link.of, strict=True):
                value = there[pointed][of]
                row[c] = str(value) if tabs[link.holder].columns[c] == "text" else value
        elif (
            not link.declared and tabs[link.holder].columns[link.columns[0]] == "text" and draw(st.booleans())
        ):
            row[link.columns[0]] = "not a number"


def _asked(draw: st.DrawFn, oracle: Oracle) -> Invented:
    roots: list[Id] = [(t.name, n) for t in oracle.tabs.values() if t.people for n in range(len(t.rows))]
    chosen = draw(st.lists(st.sampled_from(roots), min_size=1, max_size=3, unique=True))
    held = [oracle.row(one)["email"] for one in roots]
    asked = []
    for one in chosen:
        row, tab = oracle.row(one), oracle.tabs[one[0]]
        emails = {row["email"]} if row["email"] is not None and held.count(row["email"]) == 1 else set()
        oracle.leaving.append(Somebody({one}, emails))
        asked.append((tab.key[-1], str(row[tab.key[-1]]), f"public.{tab.name}"))
    return Invented(oracle, asked)
