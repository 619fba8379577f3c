"""Applications that many know, without a foreign key and in other words: nobody is missed, little is asked, nothing is wrong."""

from __future__ import annotations

import pytest
from bench.discover import compare
from bench.held import HELD
from bench.known import KNOWN, application
from tests.bloesem.discover.world import proposed
from tests.databases import Database

from bloesem.discover.proposal import LinkProposal


@pytest.mark.slow
@pytest.mark.parametrize("name", [*KNOWN, *HELD])
def test_all_people_and_nearly_all_links_are_found(name: str, fresh_database: Database) -> None:
    (language,) = {**KNOWN, **HELD}[name][1]
    made = application(name, language)
    with fresh_database.connect(autocommit=True) as connection:
        for statement in made.statements:
            connection.execute(statement.encode())
    proposal = proposed(fresh_database)
    missing, found, asked, wrong = compare(made, proposal)
    links = len(made.links)
    assert missing == set()
    assert found >= 0.95 * links
    assert wrong <= 0.05 * links
    assert asked <= 0.3 * links
    # What nobody's guess is right about is a question, never silence.
    said = {(t.at[1], link.columns[0]): link for t in proposal.tables for link in t.links}
    silent = [truth for truth in made.links if not _spoken_of(said.get((truth.table, truth.column)))]
    assert silent == []


def _spoken_of(link: LinkProposal | None) -> bool:
    return link is not None and (link.kind is not None or bool(link.decide))
