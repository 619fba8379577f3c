"""What a person may take along (art. 20; P-161 to P-163): what they gave or what was observed of them, held on consent or
contract, in rows that are theirs. The rest is named with the reason: they are shown it on access."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from bloesem.errors import PlanError
from bloesem.plan.calculus import Verdict
from bloesem.plan.model import ColumnPlan, Plan, TablePlan
from bloesem.rights.graph import Table
from bloesem.rights.judge import Judge, Standing
from bloesem.rights.requests import Desk, Wanted
from bloesem.rights.whose import Reach, Way, shown
from bloesem.rights.world import Row, World

#: Why a value is not taken along, as a command says it, and by which words an answer does (`answers/words.yaml`, left.…).
#: Of what was neither given nor observed, the origin stands before it, and is the word.
SHARED = "shared with somebody: taking it along would take theirs"
REDACTED = "redacted"
UNKNOWN = "the map does not say where it came from"
BASIS = "held neither on consent nor on a contract"
WORDS = {SHARED: "shared", REDACTED: "redacted", UNKNOWN: "unknown", BASIS: "basis"}

#: What a row that two people share says when one of them has gone.
OTHERS = "somebody else's too"

#: Where nothing of a value is taken along: an empty one may be.
NOTHING = object()
_BASES = ("consent", "contract")
_ORIGINS = ("provided", "observed")


def portable(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    """in: one person. out: `tables`, their rows; `columns`, what each column holds; `left_out`, why others are not there.

    raises: as `Desk.access`.
    """

    def tell(world: World, way: Way, standing: Standing) -> dict[str, Any]:
        tables: dict[str, list[dict[str, Any]]] = {}
        columns: dict[str, dict[str, Any]] = {}
        left_out: dict[str, dict[str, str]] = {}
        for ref, reach in sorted(((t, k), r) for t, reaches in way.items() for k, r in reaches.items()):
            plan, row, table = desk.judge.plan.by_name.get(ref[0]), world.row(ref), desk.graph.tables[ref[0]]
            if plan is None:
                continue
            visible = shown(world, ref, reach)
            verdicts = partial(_why_not, desk.judge, plan, row=row, standing=standing, reach=reach)
            said: dict[str, Any] = {}
            for name in _columns(table):
                why = _reasons(table, name, verdicts) if name in visible else {name: REDACTED}
                if None not in why.values():
                    value = NOTHING
                elif why.keys() == {name}:
                    value = row.values[name]
                else:
                    value = _portion(row.values[name], name, why, taken=False)
                for one, reason in why.items():
                    if reason is not None:
                        left_out.setdefault(ref[0], {}).setdefault(one, reason)
                if value is not NOTHING:
                    said[name] = value
                    categories = [c for n in why if why[n] is None for c in table.fields[n].data_categories]
                    known = columns.setdefault(ref[0], {}).get(name, {"categories": []})
                    columns[ref[0]][name] = {
                        "type": table.live.columns[name].type,
                        "categories": list(dict.fromkeys([*known["categories"], *categories])),
                    }
            if said:
                keys = {c: row.values[c] for c in table.key if c in row.values}
                links = {c: row.values[c] for e in desk.graph.held[ref[0]] if e.target for c in e.columns}
                tables.setdefault(ref[0], []).append({**keys, **links, **said})
        return {
            "person": desk.name(world.people[0]), "tables": tables, "columns": columns, "left_out": left_out,
        }  # fmt: skip

    return desk.look(wanted, tell)


def _columns(table: Table) -> Iterator[str]:
    """The columns that hold something about somebody, or json in which something does."""
    holding = {table.paths[one][0] if one in table.paths else one for one in table.personal}
    return (c for c in table.live.columns if c in holding)


def _reasons(table: Table, column: str, why_not: Callable[[str], str | None]) -> dict[str, str | None]:
    """Of a column, and of what lies in it, why it is not taken along (None: it is)."""
    inside = [name for name, path in table.paths.items() if path[0] == column]
    personal = [name for name in (column, *inside) if name in table.personal]
    hidden = {".".join(path): REDACTED for path in table.hidden if path[0] == column}
    return {**{name: why_not(name) for name in personal}, **hidden}


def _portion(value: Any, at: str, why: Mapping[str, str | None], *, taken: bool) -> Any:
    """What of a json value is taken along; NOTHING where it is none of it. in: `at`, its name in `why`; `taken`, whether
    what it lies in is. What is hidden hides what lies in it."""
    reason = why.get(at, "" if not taken else None)
    if reason == REDACTED:
        return NOTHING
    if isinstance(value, list):
        parts = [_portion(one, at, why, taken=reason is None) for one in value]
        left: Any = [one for one in parts if one is not NOTHING]
    elif isinstance(value, dict):
        parts_ = {k: _portion(v, f"{at}.{k}", why, taken=reason is None) for k, v in value.items()}
        left = {k: v for k, v in parts_.items() if v is not NOTHING}
    else:
        return value if reason is None else NOTHING
    return left if left or reason is None else NOTHING


def _why_not(
    judge: Judge, plan: TablePlan, name: str, row: Row, standing: Standing, reach: Reach
) -> str | None:
    """Why a value is not taken along; None when it is."""
    if not reach.owner:
        return SHARED
    source = judge.source(row)
    return why_not(judge.plan, plan, plan.column(name), source, judge.verdicts(standing, row, None))


def why_not(
    plan: Plan, table: TablePlan, column: ColumnPlan, source: str | None, verdicts: Sequence[Verdict]
) -> str | None:
    """Why a person's own value is not taken along; None when it is.

    in: where its row came from; what each purpose may do with the row.
    """
    origin = _origin(plan, table, column, source)
    if origin is None:
        return UNKNOWN
    if origin not in _ORIGINS:
        return f"{origin}: neither given by the person nor observed of them"
    for verdict in verdicts:
        purpose = plan.purpose(verdict.purpose)
        if (verdict.use or verdict.keep) and purpose.basis in _BASES and (column.purposes & purpose.mask):
            return None
    return BASIS


def in_words(reason: str) -> str:
    """in: as `why_not` says it. out: its word, of `WORDS` or the origin."""
    return WORDS.get(reason) or reason.partition(":")[0]


def _origin(plan: Plan, table: TablePlan, column: ColumnPlan, source: str | None) -> str | None:
    try:
        return plan.origin(table, column, source)
    except PlanError:
        return None
