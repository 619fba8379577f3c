"""Where personal data lies: fideslang Dataset YAML, and our additions under `meta`.

A *collection* is a table, a *field* a column. Ours, beside what fideslang says, under `meta`:
how a row belongs to people, which columns are named start events, the record's own date, what an erased value becomes.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bloesem.source import Strict
from bloesem.terms import Origin


class Wild(BaseModel):
    """Fideslang's part: what we do not use is accepted and left alone."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class Predicate(Strict):
    """A condition on one column of the row: exactly one of the tests is given. NULL meets only `null: true`."""

    column: str
    equals: str | int | bool | None = None
    one_of: tuple[str | int, ...] = ()
    starts_with: str | None = None
    null: bool | None = None


class Narrow(Strict):
    """On rows that meet `when`, only the purposes named (or all but those) may use or keep the row."""

    when: Predicate
    only: tuple[str, ...] | None = None
    but: tuple[str, ...] = ()
    why: str
    promises: tuple[str, ...] = ()


class EventColumn(Strict):
    """A column whose value is the moment of a named start event of the row's person: of its first owner, or of the owner
    in the column that `of` names."""

    event: str
    at: str
    when: Predicate | None = None
    of: str | None = None


class ConsentColumns(Strict):
    """Columns of a consent record: for which part, when given, when withdrawn."""

    purpose: str
    given: str
    withdrawn: str | None = None
    when: Predicate | None = None


class Partition(Strict):
    by: str
    every: Literal["month", "year"]


class Owner(Strict):
    """A column that names a person to whom the row belongs."""

    column: str
    kind: Literal["owner", "shared"] = "owner"
    owns: tuple[str, ...] = ()  # columns that are this person's; the rest is the first owner's


class Alternative(Wild):
    """One way to read what `discover` was unsure of, with its `because` and `confidence` (0 to 1)."""

    because: str = ""
    confidence: float = 0.0


class Link(Strict):
    """A link between rows, in a store that nobody guards: whose a row is (docs/datamap.md, Links).

    `columns` of this table point to the columns `of` (its key, when not said) of the table `to`; or hold what identifies a
    person (`person: email`). Unless `belongs` says otherwise, the row of this table belongs to whoever the row that it
    points to belongs to. `kind`: `owner`, the row goes with its last owner; `shared`, the person sees it and it stays;
    `reference`, no person is reached along it.
    """

    columns: tuple[str, ...] = Field(min_length=1)
    to: str | None = None
    of: tuple[str, ...] = ()
    person: str | None = None
    kind: Literal["owner", "shared", "reference"] | None = None
    belongs: Literal["this", "that"] = "this"
    when: Predicate | None = None  # the type column that decides whose row it is
    redact: tuple[str, ...] = ()  # what is not shown to whom reaches the row along this link alone
    erase: tuple[str, ...] = ()  # what is this person's, and goes when they go and the row stays
    last: bool = True  # false: the row goes when this owner goes, whoever else owns it
    placeholder: str | int | None = None  # what a link that is cut becomes where it cannot be empty
    why: str | None = None
    decide: tuple[Alternative, ...] = ()  # what nobody decided yet: refused

    @model_validator(mode="after")
    def _one_end(self) -> Link:
        if self.to is not None and self.person is not None:
            raise ValueError("write `to`, or `person`")
        if self.kind != "owner" and not self.last:
            raise ValueError(
                "a row that goes because a mere sharer leaves would be somebody else's: `last` is for owners"
            )
        if self.kind is None and not self.decide:
            raise ValueError("write `kind`: owner, shared or reference")
        return self


class Mark(Strict):
    """A column to set in a store that nobody guards, so that its application knows of a restriction, an objection or a
    withdrawal; for one part, or any. `lifted`: what it becomes again."""

    on: Literal["restriction", "objection", "withdrawal"]
    purpose: str | None = None
    column: str
    to: str | int | bool
    lifted: str | int | bool | None = None


class Services(Strict):
    """On a table of what people have: which service each row gives, from when until when (P-015).

    `product`: the column that names the product; `of`: the reference table; `service`: its column with the service's key.
    """

    product: str
    of: str
    service: str
    since: str | None = None
    until: str | None = None


class Days(Strict):
    """The columns of a row's first and last day."""

    since: str | None = None
    until: str | None = None


class CollectionMeta(Strict):
    """How a table belongs to people."""

    holds: Literal["people", "personal", "reference", "system"] = "personal"
    why: str | None = None  # for reference and system tables: why they hold no person
    owners: tuple[Owner, ...] = ()
    recorded: str | None = None  # timestamptz: when the row came in
    record_date: str | None = None  # date: the record's own date
    events: tuple[EventColumn, ...] = ()
    consents: tuple[ConsentColumns, ...] = ()
    narrow: tuple[Narrow, ...] = ()
    links: tuple[Link, ...] = ()  # whose each row is, in a store that nobody guards
    marks: tuple[Mark, ...] = ()  # columns that tell the application of what a person asked
    decide: tuple[Alternative, ...] = ()  # what the table holds, while nobody decided it: refused
    conditions: dict[str, str] = Field(
        default_factory=dict
    )  # word of the law → the column, true or not, that says that it is so, e.g. all-parties-consent (P-003)
    scopes: dict[str, str] = Field(default_factory=dict)  # scope → column, e.g. employer: employer_id
    scoped_by: dict[str, str] = Field(
        default_factory=dict
    )  # scope → the table whose rows of that scope name the first owner: who a job is for has a phone number
    scope_ends: dict[str, Predicate] = Field(
        default_factory=dict
    )  # scope → when a row of this table says that it is over, e.g. a job that is closed (P-114)
    runs: Days | None = None  # rows of this table hold from a day until a day, e.g. a contract
    partition: Partition | None = None
    always_visible: bool = False  # the person row: shown while stored, also when restricted
    services: Services | None = None  # rows of this table say which service somebody has
    served: str | None = (
        None  # timestamptz: when the service was used for which the row is collected; else today
    )
    used_by: tuple[str, ...] = ()  # of a library's table: the processes that read and write it
    expires: str | None = None  # of a library's table: the timestamptz after which a row goes
    source: str | None = None  # the column that says where the values came from
    default_source: str | None = None  # or: what every row of the table came from


class FieldMeta(Strict):
    """What a column is, beyond its category."""

    key: bool = False  # belongs to every purpose that reads the table: ids, links, technical columns
    purposes: tuple[str, ...] | None = None  # narrows to fewer purposes than the category gives
    origin: Origin | None = None  # how the value came to us, where it differs from its row's source (P-028)
    erased: str | int | None = None  # what an erased value becomes; NULL when not said
    normal_of: str | None = None  # the column whose normal form this one holds, for look-ups
    lookup: bool = False  # made of other values, for looking them up (a keyed digest): given to no recipient
    correspondence: bool = False  # an address or words of a request or message: there until that is settled
    why: str | None = None
    on_show: Literal["show", "redact"] = "show"  # whether the person is shown it
    on_erase: Literal["cut", "redact", "keep"] = (
        "cut"  # empty (or `erased`), a mask of its type, or left as it is
    )
    decide: tuple[Alternative, ...] = ()  # its category, while nobody decided it: refused


class Reference(Wild):
    dataset: str | None = None
    field: str = ""
    direction: Literal["from", "to"] | None = None


class FidesMeta(Wild):
    references: tuple[Reference, ...] = ()
    identity: str | None = None
    primary_key: bool = False


class DataField(Wild):
    name: str
    description: str | None = None
    data_categories: tuple[str, ...] = ()
    fides_meta: FidesMeta | None = None
    fidesops_meta: FidesMeta | None = None
    meta: FieldMeta = FieldMeta()
    fields: tuple[DataField, ...] = ()

    @property
    def fides(self) -> FidesMeta:
        return self.fides_meta or self.fidesops_meta or FidesMeta()


class Collection(Wild):
    name: str
    description: str | None = None
    data_categories: tuple[str, ...] = ()
    fields: tuple[DataField, ...]
    meta: CollectionMeta = CollectionMeta()


class Dataset(Wild):
    """One store. `meta.schema`: the PostgreSQL schema of its tables."""

    fides_key: str
    name: str | None = None
    description: str | None = None
    collections: tuple[Collection, ...]
    meta: dict[str, Any] | None = None

    @property
    def db_schema(self) -> str:
        return str((self.meta or {}).get("schema", "public"))

    @property
    def guarded(self) -> bool:
        """Whether a plan is in force in the store: roles, masks, sweeps. Else it is read as it is, along `links`."""
        return bool((self.meta or {}).get("guarded", True))


class DataMap(Wild):
    """A data map file: one or more datasets."""

    dataset: tuple[Dataset, ...] = Field(min_length=1)
