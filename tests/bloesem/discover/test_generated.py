"""Whatever a schema is called and however it is linked: each column is in the map, the loader takes it, nothing erases."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bloesem.datamap import load_map
from bloesem.discover import to_json, to_yaml
from bloesem.discover.catalogue import Catalogue, Column, ForeignKey, Table
from bloesem.discover.inclusion import Found, keys_of
from bloesem.discover.proposal import Proposal
from bloesem.discover.sample import Samples, look
from bloesem.discover.study import Study
from bloesem.discover.words import words

WORDS = words()
_PLAIN = sorted(w for w in WORDS.vocabulary if w.isalpha())
_TYPES = {"int4": "N", "text": "S", "uuid": "U", "date": "D", "bool": "B", "jsonb": "U"}

#: A table that surely holds people, so that others may belong to somebody.
CUSTOMER = ("public", "customer")
_LINKS = [
    "customer_id",
    "klant_nr",
    "sender_id",
    "ontvanger_id",
    "created_by",
    "email",
    "subject_type",
    "subject_id",
]

names = st.one_of(
    st.sampled_from(_LINKS),
    st.lists(st.sampled_from([*_PLAIN, "id", "nr", "type"]), min_size=1, max_size=3).map("_".join),
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=12),
)
values = st.lists(st.one_of(st.none(), st.integers(0, 9).map(str), st.text(max_size=8)), max_size=6)


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[Catalogue, Samples]:
    """Tables with columns of any name, keys and foreign keys among them, and samples of any values."""
    people = {n: Column(n, "text", "text", "S", True, True) for n in ("first_name", "last_name", "email")}
    people["id"] = Column("id", "int4", "int4", "N", True, True)
    tables = {CUSTOMER: Table(*CUSTOMER, "r", people, ("id",), indexed=frozenset(["id"]))}
    seen = {(CUSTOMER, "id"): look([str(i) for i in range(10)], people["id"])}
    for name in draw(st.lists(names, min_size=1, max_size=5, unique=True)):
        at = (draw(st.sampled_from(["public", "Odd Names"])), name)
        if at == CUSTOMER:
            continue
        columns = {}
        for column in draw(st.lists(names, min_size=1, max_size=6, unique=True)):
            base = draw(st.sampled_from(sorted(_TYPES)))
            columns[column] = Column(column, base, base, _TYPES[base], draw(st.booleans()), True)
            seen[at, column] = look(draw(values), columns[column])
        key = tuple(draw(st.lists(st.sampled_from(sorted(columns)), max_size=2, unique=True)))
        tables[at] = Table(*at, "r", columns, key, indexed=frozenset(key[:1]))
    for at in [at for at in tables if at != CUSTOMER]:
        foreign = []
        for number in range(draw(st.integers(0, 2))):
            target = tables[draw(st.sampled_from(sorted(tables)))]
            if target.key and len(target.key) <= len(tables[at].columns):
                own = tuple(draw(st.permutations(sorted(tables[at].columns)))[: len(target.key)])
                foreign.append(
                    ForeignKey(
                        f"fk{number}",
                        own,
                        target.at,
                        target.key,
                        draw(st.sampled_from(["NO ACTION", "CASCADE", "SET NULL"])),
                    )
                )
        old = tables[at]
        tables[at] = Table(*at, "r", old.columns, old.key, indexed=old.indexed, foreign_keys=tuple(foreign))
    return Catalogue("any", tables), Samples(seen, dict.fromkeys(tables, 6), {})


def study(made: tuple[Catalogue, Samples], found: int) -> Proposal:
    catalogue, samples = made
    keys = keys_of(catalogue, samples, WORDS)
    one = Study(catalogue, samples, keys, WORDS)
    return one.proposal({pair: Found(10, found) for pair in one.worth_asking()})


@settings(max_examples=150, deadline=None)
@given(catalogues(), st.integers(0, 10))
def test_a_proposal_is_whole_is_a_map_and_erases_nothing(made: tuple[Catalogue, Samples], found: int) -> None:
    proposal = study(made, found)
    text = to_yaml(proposal)
    assert text == to_yaml(study(made, found))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.yaml"
        path.write_text(text, "utf-8")
        loaded = load_map([path])
    there = {(*at, c) for at, t in made[0].tables.items() for c in t.columns}
    assert {
        (d.db_schema, c.name, f.name) for d in loaded.dataset for c in d.collections for f in c.fields
    } == there
    declared = {(at, k.columns) for at, t in made[0].tables.items() for k in t.foreign_keys}
    for dataset in loaded.dataset:
        for collection in dataset.collections:
            at = (dataset.db_schema, collection.name)
            assert collection.meta.holds != "people" or collection.meta.decide
            said = {link.columns for link in collection.meta.links}
            assert {columns for table, columns in declared if table == at} <= said
            for link in collection.meta.links:
                assert link.kind == "reference" or link.decide
    assert yaml.safe_load(text)["dataset"]
    assert to_json(proposal)["questions"] == proposal.undecided
