"""The register of recipients as data: `record/recipients.yaml` and `record/transfers.yaml`.

All days are civil days in Europe/Brussels, and every last day is inclusive. A key that may be left out says so by its
default: what is not written is missing, and what is missing refuses (`decide`).
"""

from __future__ import annotations

import datetime as dt
from string import Formatter
from typing import Literal

from pydantic import Field, model_validator

from bloesem.source import Strict
from bloesem.terms import Country, Dated, Key, Label, Period

Role = Literal["processor", "controller", "joint-controller", "authority"]
#: What a disclosure may be for, one by one, where its kind asks for that: each ends.
AssignmentKind = Literal["job", "project", "list", "request", "deal"]
#: Promises of a recipient that a kind asks for, beside art. 28(3): where in the contract they stand.
Clause = Literal[
    "no-own-use", "no-own-marketing", "return-or-erasure", "purge-after-dispatch", "destruction-certificate"
]
#: What art. 28(3) asks of a contract with a processor (R-050), each with its letter.
ART_28 = {
    "instructions": "28(3)(a)",
    "confidentiality": "28(3)(b)",
    "security": "28(3)(c)",
    "sub_processors": "28(3)(d)",
    "rights": "28(3)(e)",
    "assistance": "28(3)(f)",
    "deletion": "28(3)(g)",
    "audit": "28(3)(h)",
}
#: The six steps of the EDPB's recommendations 01/2020 (P-140).
STEPS = ("know", "tool", "assess", "supplement", "formal", "reevaluate")
MEASURES = ("security", "contractual", "organisational")
#: Which annexes each module of the clauses of 2021 has.
ANNEXES = {
    1: ("annex_1", "annex_2"),
    2: ("annex_1", "annex_2", "annex_3"),
    3: ("annex_1", "annex_2", "annex_3"),
    4: ("annex_1",),
}


class Contract(Strict):
    """What is signed. `items`: of a processor, where each of art. 28(3) stands (P-127); `arrangement`: of joint
    controllers, where its essence can be read (art. 26); `clauses`: what the kind asks for beside."""

    reference: str
    signed: dt.date | None = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    items: dict[
        Literal[
            "instructions",
            "confidentiality",
            "security",
            "sub_processors",
            "rights",
            "assistance",
            "deletion",
            "audit",
        ],
        str,
    ] = Field(default_factory=dict)
    arrangement: str | None = None
    clauses: dict[Clause, str] = Field(default_factory=dict)


class Diligence(Strict):
    """When somebody last looked whether the recipient handles data well (P-126)."""

    done: dt.date
    by: str
    result: Literal["ok", "stop"]
    note: str | None = None


class Parent(Strict):
    """Who owns the recipient, and from where (P-135)."""

    name: str
    country: Country


class Places(Strict):
    """Where data is, and from where somebody can reach it. Lists that are left out are missing; an empty one says none."""

    locations: tuple[Country, ...] = Field(min_length=1)
    remote_access: tuple[Country, ...]
    parent: Parent | None  # said, also where there is none: `parent: null`

    def exposures(self) -> tuple[tuple[Country, str], ...]:
        """Each country with the way in which data is exposed to it: location, remote access, parent."""
        ways = [
            *((country, "location") for country in self.locations),
            *((country, "remote access") for country in self.remote_access),
            *(((self.parent.country, "parent"),) if self.parent else ()),
        ]
        return tuple(dict.fromkeys(ways))


class SubProcessor(Places):
    """Whom a processor engages (art. 28(2), (4)). `authorised`: the day on which we agreed, or did not object."""

    name: str
    task: Label
    authorised: dt.date


class LegalReview(Strict):
    by: str
    on: dt.date


class Request(Strict):
    """What an authority asks (P-128): by which statute of the record, who, about what; and that a lawyer looked.

    `people`: about how many, at most. `bulk`: about everybody at once; refused unless the statute says so (`bulk_because`,
    P-129). `silence_because`:
    the law that forbids telling the person; without it they are told.
    """

    authority: str
    competence: str
    statute: Key
    scope: str
    review: LegalReview | None = None
    people: int = Field(default=1, ge=1)
    bulk: bool = False
    bulk_because: str | None = None
    silence_because: str | None = None
    silence_until: dt.date | None = None

    def silence_on(self, day: dt.date) -> str | None:
        """The law that forbids telling the person on a civil day; none: they are told."""
        over = self.silence_until is not None and day > self.silence_until
        return None if over else (self.silence_because or "").strip() or None


class Deal(Strict):
    """A merger or takeover (P-131 to P-133): parties, phase, contract between the undertakings, balancing test."""

    parties: tuple[str, ...] = Field(min_length=2)
    phase: Literal["preparation", "closing"]
    contract: str | None = None
    contract_signed: dt.date | None = None
    balancing: Literal["proceed", "stop"] | None = None
    balanced_on: dt.date | None = None


class Assignment(Dated):
    """One thing for which a recipient gets data: a job, a project, a list, a request of an authority, a deal.

    `ends`: the last day on which anything goes for it: the job's, the project's day of return, the list's expiry. `closed`:
    it ended earlier, on that day. `fields`: fewer than the recipient has.
    """

    kind: AssignmentKind
    starts: dt.date
    ends: dt.date
    closed: dt.date | None = None
    fields: tuple[str, ...] | None = None
    request: Request | None = None
    deal: Deal | None = None
    product: str | None = None  # what a list advertises: whoever has it already is left out (P-087)

    @model_validator(mode="after")
    def _says_what(self) -> Assignment:
        for name in ("request", "deal"):
            if (self.kind == name) != (getattr(self, name) is not None):
                raise ValueError(f"write `{name}` where the kind is {name}, and only there")
        if self.ends < self.starts:
            raise ValueError(f"`ends` on {self.ends}, before it starts on {self.starts}")
        return self

    @property
    def last(self) -> dt.date:
        return self.ends if self.closed is None else min(self.ends, self.closed)


class Grant(Dated):
    """Access to a database: dated, revocable, listed (P-113). `until`: the last day."""

    store: Key
    until: dt.date
    revoked: dt.date | None = None

    @property
    def last(self) -> dt.date:
        return self.until if self.revoked is None else min(self.until, self.revoked - dt.timedelta(days=1))


class Form(Strict):
    """How its file looks."""

    format: Literal["csv", "json"] = "csv"


class Advertised(Strict):
    """A file by which somebody advertises: the sending door is asked of whom it may be, in the transaction of the reads.

    `message`: the class of what will be sent; `channels`: per category of a contact point the channel by which it is used.
    A contact point of another category goes to nobody.
    """

    message: Key = Field(alias="class")
    channels: dict[str, Key] = Field(min_length=1)


class Lines(Strict):
    """A table of the file, and the lines that one of its rows makes: `{column}` is what the row has there,
    `{column:cents}` an amount."""

    table: Key
    lines: tuple[str, ...] = Field(min_length=1, max_length=4)

    def used(self) -> set[str]:
        return _columns(*self.lines)


class Line(Strict):
    """As `Lines`: one."""

    table: Key
    line: str

    def used(self) -> set[str]:
        return _columns(self.line)


class Said(Strict):
    """A line for each row of a table, by language."""

    table: Key
    line: dict[str, str] = Field(min_length=1)

    def used(self) -> set[str]:
        return _columns(*self.line.values())


class Column(Strict):
    table: Key
    column: Key


class Letters(Strict):
    """Ready letters beside the rows, one for each person: `name` and `address` in the window, `subject`, `text` and a line
    for `each` row in the language that the person speaks (`language`: the column of the people's table)."""

    language: Column
    name: Line
    address: Lines
    subject: dict[str, str] = Field(min_length=1)
    text: dict[str, str] = Field(min_length=1)
    each: Said

    def used(self) -> dict[str, set[str]]:
        """Columns, by table: all that a letter says of somebody."""
        found: dict[str, set[str]] = {}
        for part in (self.name, self.address, self.each):
            found.setdefault(part.table, set()).update(part.used())
        return found

    @model_validator(mode="after")
    def _in_the_same_languages(self) -> Letters:
        if not set(self.subject) == set(self.text) == set(self.each.line):
            raise ValueError("`subject`, `text` and `each.line` are in the same languages")
        return self


class Order(Strict):
    """A row that is an order to pay: its `amount` in cents, and its `id`, by which the bank's answer names it. It is carried
    out on the row's own date (the map's `record_date`)."""

    table: Key
    amount: Key
    id: Key

    def used(self) -> set[str]:
        return {self.amount, self.id}


class Payments(Strict):
    """Credit transfers to people as the bank's file (ISO 20022, pain.001.001.03), instead of rows. `debtor`: our name,
    `iban`, `bic`: who pays, from which account; `name`, `account`: whom, and where to; `each`: a payment; `words`: what the
    receiver reads of it."""

    debtor: str = Field(min_length=1, max_length=70)
    iban: str = Field(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$")
    bic: str = Field(pattern=r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$")
    name: Line
    account: Column
    each: Order
    words: str = Field(min_length=1, max_length=140)

    def used(self) -> dict[str, set[str]]:
        """Columns, by table: all that the file holds."""
        found: dict[str, set[str]] = {}
        for table, names in (
            (self.name.table, self.name.used()),
            (self.account.table, {self.account.column}),
            (self.each.table, self.each.used()),
        ):
            found.setdefault(table, set()).update(names)
        return found


def _columns(*lines: str) -> set[str]:
    """The columns that lines name. raises: ValueError for anything else in braces."""
    found = set()
    for line in lines:
        for _, name, form, conversion in Formatter().parse(line):
            if name is None:
                continue
            if not name.isidentifier() or form not in ("", "cents") or conversion:
                raise ValueError(f"`{{{name}}}` in {line!r} is no column's name")
            found.add(name)
    return found


class Delivery(Dated):
    """How a kind of recipient gets its file.

    `shows`: people, as a number of that file; `hashed`, contact points alone, as platforms ask for them (`phone_form`: E.164
    with its plus, or digits); `totals`, nobody, numbers of at least `least` people each, read `through` a purpose that
    reports. `back`: what the recipient has to confirm with a proof, `within` so long of the giving; without it through the
    assignment's last day. `ends: record`: instead by the last day that the purpose keeps the rows, by their own dates; all
    rows of a disclosure have the same. `certificate`: the confirmation comes with one. `letters`: a PDF beside the rows.
    `purges`: our own copy of the files goes with that confirmation. `second`: two people decide. `payments`: instead of rows
    a file of credit transfers, and only of what is due. `alone`: the role of the record by which such a recipient reads what
    is for it, each within its own scope (a job, an employer's own people); then no file is given, which has no scope.
    """

    shows: Literal["people", "hashed", "totals"] = "people"
    through: Key | None = None
    least: int = Field(default=10, ge=2)
    phone_form: Literal["e164", "digits"] = "e164"
    advertised: Advertised | None = None
    back: Literal["returned", "destroyed", "dispatched"] | None = None
    within: Period | None = None
    ends: Literal["given", "record"] = "given"
    certificate: bool = False
    purges: bool = False
    second: bool = False
    letters: Letters | None = None
    payments: Payments | None = None
    alone: Key | None = None

    @model_validator(mode="after")
    def _fits(self) -> Delivery:
        if self.shows == "hashed" and self.advertised is None:
            raise ValueError("`hashed` shows contact points, and `advertised` says which")
        if (self.shows == "totals") != (self.through is not None):
            raise ValueError("write `through` where `totals` are shown, and only there")
        if self.ends == "record" and (self.back is None or self.within or self.shows != "people"):
            raise ValueError(
                "`ends: record` shows people and waits for what comes `back`, not `within` a time"
            )
        if self.certificate and self.back is None:
            raise ValueError("`certificate` comes with what comes `back`: write that")
        if self.purges and self.back is None:
            raise ValueError("`purges` waits for what comes back: write `back`")
        if self.payments is not None:
            if self.shows != "people" or self.letters is not None or self.ends == "record":
                raise ValueError("`payments` go to people, instead of rows and letters")
            self.payments.used()
        if self.letters is not None:
            if self.shows != "people":
                raise ValueError("`letters` are written to people, and nothing else shows them")
            self.letters.used()
        return self


class Recipient(Places, Dated):
    """A registered recipient. `role`: what it truly is, where the kind's is not; `purposes`, `fields`: of what its kind may
    have, what this one needs for its task (P-125). `source`: we had the data from it (art. 19 tells it too)."""

    kind: Key
    name: str
    task: Label
    role: Role
    purposes: tuple[str, ...]
    fields: tuple[str, ...]
    contract: Contract | None = None
    diligence: Diligence | None = None
    sub_processors: tuple[SubProcessor, ...]
    access: tuple[Grant, ...] = ()
    assignments: dict[Key, Assignment] = Field(default_factory=dict)
    form: Form = Form()
    notices: str | None = None  # an https address that takes OpenDSR requests; none: a person writes to it
    certificate: str | None = None  # PEM: with what it signs its answers to those
    collect: str | None = None  # of an analytics firm: the https address that takes figures of visits (P-122)
    contact: str | None = None
    ended: dt.date | None = None  # the last day on which it got anything

    def on_record(self, day: dt.date) -> bool:
        """Whether it is one on a civil day."""
        return self.decided <= day <= (self.ended or dt.date.max)


class Scope(Strict):
    """That the importer is within an adequacy decision that is not for a whole country: its word, evidence, days."""

    condition: Key
    evidence: str
    checked: dt.date
    until: dt.date | None = None


class Passage(Strict):
    """A part of what was signed, for the copy that people get (clause 8.3). `secret`: it is a business secret, and these
    words say in its stead what it is about; the text itself need not be written."""

    title: str = Field(min_length=1)
    text: str | None = None
    secret: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Passage:
        if not (self.text or "").strip() and self.secret is None:
            raise ValueError("write `text`, or `secret`: what is left out, and what it is about")
        if self.secret is not None and not self.secret.strip():
            raise ValueError(
                "`secret` says what is left out: whoever gets the copy has to understand it (clause 8.3)"
            )
        return self


class Clauses(Strict):
    """Standard contractual clauses. `edition`: those of 2021 count, and no older ones (P-138). `appendix`: what the annexes
    say, for the copy; without it a copy is made by hand, from `copy`."""

    edition: Literal["2021/914", "2010/87", "2004/915", "2001/497"]
    module: Literal[1, 2, 3, 4]
    signed: dt.date | None = None
    annex_1: str | None = None  # parties, description of the transfer, supervisory authority
    annex_2: str | None = None  # technical and organisational measures
    annex_3: str | None = None  # sub-processors; "none" where there is none
    appendix: tuple[Passage, ...] = ()


class Measure(Strict):
    """A supplementary measure. It counts when it is in place and something proves that (P-143)."""

    kind: Literal["security", "contractual", "organisational"]
    what: str
    since: dt.date | None = None
    evidence: str | None = None


class Assessment(Strict):
    """A transfer impact assessment in the six steps of EDPB 01/2020 (P-140 to P-143): each step says what was found."""

    done: dt.date
    review: dt.date | None = None
    steps: dict[Literal["know", "tool", "assess", "supplement", "formal", "reevaluate"], str] = Field(
        default_factory=dict
    )
    law: str | None = None
    practice: str | None = None
    measures: tuple[Measure, ...] = ()
    conclusion: Literal["ok", "ok-with-measures", "stop"] | None = None


class Transfer(Dated):
    """What leaves the EEA to one country: of a recipient, or of one of its sub-processors (onward).

    `mechanism`: any that there is can be written down; which of them are valid says the policy (P-139).
    `copy`: where a person gets a copy of the safeguards (P-144).
    """

    recipient: Key
    sub_processor: str | None = None
    country: Country
    mechanism: Literal["adequacy", "scc", "bcr", "code", "certification", "derogation"] | None = None
    scope: Scope | None = None
    clauses: Clauses | None = None
    importer_under_gdpr: bool = False  # art. 3(2): the clauses were not made for it
    copy_at: str | None = Field(default=None, alias="copy")
    assessment: Assessment | None = None
    until: dt.date | None = None

    def on_record(self, day: dt.date) -> bool:
        """Whether it is said, on a civil day, that it happens; whether it may is another question."""
        return self.decided <= day <= (self.until or dt.date.max)


class Store(Dated):
    """Where the database of a data map runs (P-118), and whether a processor may ever be given access to it (P-113).

    `provider`: the recipient whose machines it is; none: our own, in `country`.
    """

    provider: Key | None
    region: str
    country: Country
    shareable: bool


class RecipientRules(Dated):
    """How old things may grow, and how long before their last day whoever keeps the record is told."""

    warn_before: Period
    diligence_every: Period  # then a warning …
    diligence_grace: Period  # … and so much later no new data (P-126)
    why: str


__all__ = [
    "ANNEXES",
    "ART_28",
    "MEASURES",
    "STEPS",
    "Advertised",
    "Assessment",
    "Assignment",
    "AssignmentKind",
    "Clause",
    "Clauses",
    "Contract",
    "Deal",
    "Delivery",
    "Diligence",
    "Form",
    "Grant",
    "LegalReview",
    "Measure",
    "Parent",
    "Passage",
    "Places",
    "Recipient",
    "RecipientRules",
    "Request",
    "Role",
    "Scope",
    "Store",
    "SubProcessor",
    "Transfer",
]
