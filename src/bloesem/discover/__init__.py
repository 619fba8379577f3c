"""Proposing a data map for a database that nobody here designed: from its catalogue, its names and its values.

Read-only: nothing is installed, written or sorted there, and no value leaves in a map, message or log.
"""

from __future__ import annotations

from bloesem.discover.catalogue import read_catalogue
from bloesem.discover.fit import fitted
from bloesem.discover.inclusion import keys_of, read_inclusion
from bloesem.discover.joins import read_joins
from bloesem.discover.proposal import Proposal
from bloesem.discover.sample import Budget, Clock, Progress, prepare, read_samples
from bloesem.discover.study import Study
from bloesem.discover.typed import read_numbers
from bloesem.discover.words import words
from bloesem.discover.write import to_json, to_yaml
from bloesem.policy.model import Policy
from bloesem.stores.postgres import Connection

__all__ = ["Budget", "Proposal", "discover", "to_json", "to_yaml"]

#: What of the budget is left for comparing, when samples take long.
_FOR_LINKS = 0.4


def discover(
    connection: Connection,
    budget: Budget | None = None,
    progress: Progress = lambda _: None,
    policy: Policy | None = None,
) -> Proposal:
    """in: a connection in autocommit, whose session is made read-only; what may be spent on values; who hears how far it is;
    the policy whose categories are proposed (fideslang's, when not given).

    out: a proposal with every table. What could not be read is judged by names, and said.
    """
    budget = budget or Budget()
    told = words()
    prepare(connection)
    catalogue = read_catalogue(connection)
    columns = sum(len(t.columns) for t in catalogue.tables.values())
    progress(f"catalogue: {len(catalogue.tables)} tables, {columns} columns")
    reading = Clock(Budget(budget.seconds * (1 - _FOR_LINKS), budget.rows))
    samples = read_samples(connection, catalogue, reading, told.vocabulary, progress)
    keys = keys_of(catalogue, samples, told)
    comparing = Clock(Budget(budget.seconds * _FOR_LINKS + max(0.0, reading.left), budget.rows))
    numbers, joins = read_numbers(connection, catalogue), read_joins(connection, catalogue)
    study = Study(catalogue, samples, keys, told, numbers, joins)
    wanted = study.worth_asking()
    inclusion = read_inclusion(connection, catalogue, samples, keys, wanted, comparing, progress)
    progress("weighing")
    made = study.proposal(inclusion)
    return made if policy is None else fitted(made, policy, told)
