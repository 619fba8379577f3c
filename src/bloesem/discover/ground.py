"""What is known of a database while its links are weighed: catalogue, samples, names, people and guesses. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bloesem.discover.catalogue import At, Catalogue, Table
from bloesem.discover.links import Guess
from bloesem.discover.proposal import FieldProposal
from bloesem.discover.sample import Samples
from bloesem.discover.words import Nature, TableName, Words

#: Categories of which a table without links must say whose they are.
STRONG = (
    "user.name", "user.contact.email", "user.contact.phone_number", "user.financial.bank_account",
    "user.financial.credit_card", "user.government_id.national_identification_number", "user.demographic.date_of_birth",
    "user.account.username", "user.authorization.password", "user.health_and_medical",
)  # fmt: skip
#: And those that make of a table without a person of its own something of somebody's.
PERSONAL = (*STRONG, "user.contact.address.street", "user.contact.address.postal_code", "user.government_id")


@dataclass
class Ground:
    """`fields`: each column's category as if its rows were people's. `people`: score of each table that may hold people."""

    catalogue: Catalogue
    samples: Samples
    words: Words
    names: Mapping[At, TableName]
    guesses: Sequence[Guess]
    people: dict[At, float]
    staff: frozenset[At]
    fields: Mapping[At, Mapping[str, FieldProposal]]
    profiles: frozenset[At] = field(
        default=frozenset()
    )  # tables of people whose rows are other people's, one each

    def table(self, at: At) -> Table:
        return self.catalogue.tables[at]

    def nature(self, at: At) -> Nature | None:
        return self.names[at].nature

    @cached_property
    def of(self) -> Mapping[At, Sequence[Guess]]:
        """The links that each table may have."""
        return {at: tuple(g for g in self.guesses if g.holder == at) for at in self.catalogue.tables}

    def required(self, at: At, columns: Sequence[str]) -> bool:
        """Whether every row has the link: the database says so, or every row of the sample has it."""
        table = self.table(at)
        if all(table.columns[c].required for c in columns):
            return True
        seen = [self.samples.of(at, c) for c in columns]
        return all(s.rows >= 5 and not s.nulls for s in seen)

    def single(self, at: At, columns: Sequence[str]) -> bool:
        """Whether no two rows have the same link."""
        table = self.table(at)
        return any(set(key) == set(columns) for key in (table.key, *table.unique) if key)

    def holds(self, at: At, categories: Sequence[str]) -> list[str]:
        """The columns of a table that hold one of these, or what stands below one."""
        return [
            name
            for name, f in self.fields[at].items()
            if f.category and any(f.category == c or f.category.startswith(c + ".") for c in categories)
        ]

    def junction(self, at: At) -> bool:
        """Whether the rows of a table are little more than links between others."""
        table = self.table(at)
        linked = {c for g in self.of[at] for c in g.columns}
        rest = [c for c in table.columns if c not in linked and c not in table.key]
        if any(set(self.words.tokens(c)) & self.words.labels for c in rest):
            return False
        return len(self.of[at]) >= 2 and (
            len(rest) <= 2 or (len(table.key) > 1 and set(table.key) <= linked and len(rest) <= 4)
        )
