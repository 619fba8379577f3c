"""People without a table: rows that name somebody by an address alone, such as a log of mail. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bloesem.discover.catalogue import At
from bloesem.discover.ground import Ground
from bloesem.discover.links import Guess
from bloesem.discover.proposal import Choice, LinkProposal

_KINDS = {"user.contact.email": "email", "user.contact.phone_number": "phone"}


def soft_links(ground: Ground) -> dict[At, list[LinkProposal]]:
    """For each table that no other column ties to a person: the columns that identify one."""
    known = _known(ground)
    return {
        at: links
        for at in ground.catalogue.tables
        if (at not in ground.people or at in ground.profiles) and (links := _of(ground, at, known))
    }


def _known(ground: Ground) -> Mapping[str, frozenset[str]]:
    """What identifies the people who have a table, as far as it was read."""
    found: dict[str, set[str]] = {}
    for at in ground.people:
        for name, one in ground.fields[at].items():
            if one.category in _KINDS:
                values = ground.samples.of(at, name).values
                found.setdefault(_KINDS[one.category], set()).update(v.strip().lower() for v in values)
    return {kind: frozenset(values) for kind, values in found.items()}


def _of(ground: Ground, at: At, known: Mapping[str, frozenset[str]]) -> list[LinkProposal]:
    direct = [g for g in ground.of[at] if g.to in ground.people and g.role != "staff" and g.confidence >= 0.5]
    inside = [
        g for g in ground.of[at] if g.to not in ground.people and g.confidence >= 0.5 and _leads(ground, g)
    ]
    columns = _columns(ground, at)
    if not columns:
        return []
    if direct:
        return _beside(ground, at, direct, columns, known)
    addressed = {c for c in columns if _role(ground, c) == "shared"}
    result = []
    for column, kind in columns.items():
        sure, because = _sure(ground, at, column, kind, known)
        nobody = "its rows are nobody's: it is a place's or a company's"
        if inside:
            sure, nobody = min(sure, 0.6), "its rows are of whoever owns what they lie within"
        sender = len(columns) > 1 and (addressed and column not in addressed)
        if sender:
            sure, nobody = min(sure, 0.5), "it is ours: the rows are for somebody else"
        result.append(_link(column, kind, sure, because, nobody))
    return result


def _leads(ground: Ground, guess: Guess) -> bool:
    """Whether the table that it points to has a person of its own."""
    return any(g.to in ground.people and g.role != "staff" for g in ground.of[guess.to])


def _columns(ground: Ground, at: At) -> dict[str, str]:
    """Columns with addresses; with phone numbers where there are none."""
    linked = {c for g in ground.of[at] for c in g.columns}
    found = {n: f.category for n, f in ground.fields[at].items() if f.category in _KINDS and n not in linked}
    mails = {n: "email" for n, category in found.items() if _KINDS[str(category)] == "email"}
    return mails or dict.fromkeys(found, "phone")


def _role(ground: Ground, column: str) -> str | None:
    roles = ground.words.roles(ground.words.tokens(column))
    return roles[0][2] if roles else None


def _sure(
    ground: Ground, at: At, column: str, kind: str, known: Mapping[str, frozenset[str]]
) -> tuple[float, str]:
    seen = ground.samples.of(at, column)
    sure, because = ground.fields[at][column].confidence, f"it holds what identifies a person ({kind})"
    shared = {v.strip().lower() for v in seen.values} & known.get(kind, frozenset())
    if shared:
        because += f", and {len(shared)} of {seen.distinct} are of people who have a table"
    sure = 0.9 if shared and sure >= 0.8 else min(sure, 0.84)
    if ground.nature(at) in ("catalogue", "party", "system"):
        sure = min(sure, 0.5)
    return round(sure, 2), because


def _beside(
    ground: Ground,
    at: At,
    direct: Sequence[Guess],
    columns: Mapping[str, str],
    known: Mapping[str, frozenset[str]],
) -> list[LinkProposal]:
    """Rows without the person's number, but with an address: guests' orders. That is asked, for each column."""
    if ground.nature(at) in ("catalogue", "party", "system"):
        return []
    empty = any(
        ground.samples.of(at, g.columns[0]).rows and _sometimes_none(ground, at, g)
        for g in direct
        if len(g.columns) == 1
    )
    if not empty:
        return []
    result = []
    for column, kind in columns.items():
        because = "some rows name nobody in another column, and have an address"
        result.append(_link(column, kind, 0.7, because, "it says nothing about whose the row is"))
    return result[:1]


def _sometimes_none(ground: Ground, at: At, guess: Guess) -> bool:
    """NULL, or the 0 that stands for nobody."""
    seen = ground.samples.of(at, guess.columns[0])
    return seen.nulls > 0 or "0" in seen.values


def _link(column: str, kind: str, sure: float, because: str, nobody: str) -> LinkProposal:
    own = Choice({"person": kind, "kind": "owner"}, because, sure)
    if sure >= 0.8:
        return LinkProposal((column,), None, "owner", because, sure, person=kind, decide=(own,))
    others = (own, Choice({"link": "none"}, nobody, round(1 - sure, 2)))
    return LinkProposal(
        (column,), None, None, because, sure, decide=tuple(sorted(others, key=lambda c: -c.confidence))
    )
