"""Which tables hold people: each row a human being. Pure; a score with its grounds, between 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bloesem.discover.catalogue import Table
from bloesem.discover.proposal import FieldProposal
from bloesem.discover.words import TableName

#: From here on a table may hold people, and that is asked.
PERHAPS = 0.4
#: What a column of a table of people is worth, by category, once each.
_WORTH: Mapping[str, float] = {
    "user.name.first": 0.25,
    "user.name.last": 0.25,
    "user.name": 0.15,
    "user.contact.email": 0.2,
    "user.authorization.password": 0.25,
    "user.account.username": 0.15,
    "user.demographic.date_of_birth": 0.2,
    "user.government_id.national_identification_number": 0.25,
    "user.demographic.gender": 0.1,
    "user.contact.phone_number": 0.1,
    "user.demographic.marital_status": 0.1,
    "user.demographic": 0.05,
}
_NAME = 0.5
_MANY_ACTS = 3


@dataclass(frozen=True)
class PeopleScore:
    score: float
    because: str
    staff: bool = False


def people_score(
    table: Table,
    name: TableName,
    fields: Mapping[str, FieldProposal],
    *,
    belongs: bool,
    single: bool,
    acts: int = 0,
) -> PeopleScore:
    """in: its columns' categories as if it held people; whether each row points to a person in a column that its name
    does not explain (an order's customer); whether no two rows have one e-mail address; how many tables of acts point to
    it. out: how much speaks for people."""
    grounds = []
    score = 0.0
    if name.nature in ("person", "staff"):
        score += _NAME if name.pure else _NAME - 0.15
        grounds.append("its name")
    elif name.nature == "party":
        score += 0.15
        grounds.append("its name may mean people")
    elif name.head == "account":
        score += 0.1
    elif name.nature is not None:
        score -= 0.35
    held = {f.category for f in fields.values() if f.category}
    worth = [(category, _WORTH[category]) for category in sorted(held) if category in _WORTH]
    if "user.name.last" in held:
        worth = [one for one in worth if one[0] != "user.name"]
    elif "user.name.first" in held:  # `voornaam` and `naam`
        worth = [(c, 0.25 if c == "user.name" else value) for c, value in worth]
    score += min(0.7, sum(value for _, value in worth))
    if worth:
        said = [
            category.removeprefix("user.") for category, _ in sorted(worth, key=lambda w: (-w[1], w[0]))[:4]
        ]
        grounds.append("columns for " + ", ".join(said))
    if len(table.key) > 1 and not worth:
        score -= 0.3  # rows of a junction
    if not worth and name.nature in ("person", "staff"):
        score -= 0.05
    contact = any(c in held for c in ("user.contact.email", "user.contact.phone_number"))
    if contact and acts >= _MANY_ACTS and name.nature in ("party", None):
        score += 0.3
        grounds.append(f"{acts} tables of what people do point to it")
        belongs = False
    if name.nature is None and single and "user.name" in held:
        score += 0.15
    if belongs:
        score -= 0.2 if contact and {"user.name.first", "user.name.last"} & held else 0.5
        grounds.append("but each row points to a person")
    return PeopleScore(round(max(0.0, min(0.99, score)), 2), "; ".join(grounds), name.nature == "staff")
