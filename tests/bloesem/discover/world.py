"""Databases of several designs, and what is proposed for them in a form that a table of expectations can say."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.bloesem.cli.world import REPOSITORY
from tests.databases import Database

from bloesem.discover import Budget, Proposal, discover
from bloesem.discover.proposal import FieldProposal, LinkProposal

SCHEMAS = Path(__file__).with_name("schemas")
#: What became of the proposals for two of them when somebody decided them (docs/datamap.md tells how).
WALK = Path(__file__).with_name("walk")

#: A category above all of fideslang's, that the small shop's policy does not have.
_USER = """  user: {label: {en: What we know about you}, type: customer}

# Where it comes from"""


def company(folder: Path, categories: str = _USER, reads: str = "user") -> Path:
    """The small shop, with more categories in its policy, that its orders read."""
    made_ = folder / "company"
    shutil.copytree(REPOSITORY / "company" / "minimal", made_)
    path = made_ / "policy" / "2026-01-01" / "policy.yaml"
    text = path.read_text("utf-8").replace("\n# Where it comes from", categories)
    path.write_text(text.replace("reads: [identity, order]", f"reads: [identity, order, {reads}]"), "utf-8")
    return made_


def made(database: Database, schema: str) -> Database:
    """The database, with one of the schemas in it."""
    with database.connect(autocommit=True) as connection:
        for statement in (SCHEMAS / f"{schema}.sql").read_text("utf-8").split(";\n"):
            if statement.strip():
                connection.execute(statement)
    return database


def proposed(database: Database, budget: Budget | None = None) -> Proposal:
    with database.connect(autocommit=True) as connection:
        return discover(connection, budget)


def lines(proposal: Proposal) -> set[str]:
    """Each table, link and identity as a line; `?` before what is asked with alternatives."""
    said = set()
    for table in proposal.tables:
        said.add(f"{table.at[1]}: {table.holds or '?'}")
        said |= {f"{table.at[1]}.{_link(link)}" for link in table.links}
    return said


def _link(link: LinkProposal) -> str:
    columns = ",".join(link.columns)
    if link.kind is None:
        best = link.decide[0].says
        to = best["to"][1] if "to" in best else best.get("person", "")
        return f"{columns} -> ? {to} {best.get('kind', '')}".rstrip()
    when = f" when {link.when[0]}={link.when[1]}" if link.when else ""
    to = link.to[1] if link.to else f"person:{link.person}"
    turned = " that" if link.belongs == "that" else ""
    return f"{columns} -> {to} {link.kind}{turned}{when}"


def categories(proposal: Proposal) -> dict[str, str]:
    """Column (of a json column, its path) → category."""
    found: dict[str, str] = {}

    def add(name: str, fields: tuple[FieldProposal, ...]) -> None:
        for one in fields:
            if one.category and not one.decide:
                found[f"{name}.{one.name}"] = one.category
            add(f"{name}.{one.name}", one.fields)

    for table in proposal.tables:
        add(table.at[1], table.fields)
    return found


def same_but_name(one: Path, other: Path) -> bool:
    """Whether two maps are the same but for the database's name, and for what their heads say."""
    said = [
        re.sub(r"fides_key: .*", "", path.read_text("utf-8").partition("dataset:")[2])
        for path in (one, other)
    ]
    return said[0] == said[1]
