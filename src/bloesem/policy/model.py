"""What a privacy policy says, as data: the model of `policy.yaml` and of the record beside it.

A *purpose row* is a row of the policy's table (PUR-1 …). Its *parts* are the sub-purposes that are addressed,
granted and aged one by one (P-063): each has a bit and a role. Times are civil dates in Europe/Brussels.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from bloesem.recipients.model import (
    AssignmentKind,
    Clause,
    Delivery,
    Recipient,
    RecipientRules,
    Role,
    Store,
    Transfer,
)
from bloesem.register.records import Assessed, DpiaRules, RegisterRecord, Vocabularies
from bloesem.source import Strict
from bloesem.terms import (
    BASES,
    LANGUAGES,
    UNCLAIMED_BASES,
    Basis,
    Dated,
    Keep,
    Key,
    Label,
    Origin,
    Period,
    Term,
    add_period,
)

#: What `reads` may say for "every category" (a hold, an access answer).
ALL = "all"


#: A purpose that may not be without a basis: said where the key is missing.
_P052 = "P-052: every purpose has exactly one declared basis"


def _kbo(value: str) -> str:
    """The number of the Belgian register of companies: 10 digits, 0 or 1 first, modulo 97 (L-005)."""
    digits = value.replace(".", "").replace(" ", "").removeprefix("BE")
    if not re.fullmatch(r"[01]\d{9}", digits) or int(digits[8:]) != 97 - int(digits[:8]) % 97:
        raise ValueError(
            f"`{value}` is no KBO number: 10 digits that begin with 0 or 1, "
            "the last two are 97 minus the remainder of the first eight by 97"
        )
    return digits


Kbo = Annotated[str, AfterValidator(_kbo)]
Language = Literal["nl", "en", "fr", "de"]


class Event(Strict):
    """A named start event. `reopened_by`: the event after which this one no longer counts (P-110).

    `may_mean`: other events as which the text's word for it can be read (L-026). `undefined`: the text does not say what
    counts as one, though each new one begins the term anew (L-031)."""

    label: Label
    reopened_by: str | None = None
    alias_of: str | None = None  # declared explicitly, never assumed (P-108)
    may_mean: tuple[str, ...] = ()
    undefined: bool = False
    line: int | None = None


class Type(Strict):
    """A type of data as the text announces or describes it."""

    label: Label
    announced: int | None = None  # line
    described: int | None = None
    definition: Label | None = None
    with_product: bool = False  # exists only for people who have, or had, a product or service (P-018)


class Category(Strict):
    """A category of personal data. `is`: words of the law's vocabulary, so that a rule of law finds it.

    `definition` and `examples` are the text's own words; `holds` says in ours what lies in it.
    """

    label: Label
    type: str
    line: int | None = None
    definition: Label | None = None
    examples: tuple[Label, ...] = ()
    holds: tuple[Label, ...] = ()
    is_: tuple[str, ...] = Field(default=(), alias="is")
    open_list: bool = (
        False  # the text ends the list with "…" or "etc.": additions need a change of the model (P-020)
    )
    undeclared: bool = False  # the text names no such data; it is told to the person and reported (L-017)
    not_collected: bool = False  # the text names it to say that it is not collected: every write is refused
    service: (
        Key | tuple[Key, ...]
    ) = ()  # collected only for people who have this service, or one of these (P-015)
    only: tuple[
        str, ...
    ] = ()  # a closed list: no other purpose reads it, of the policy or of the law (P-081)
    condition: str | None = (
        None  # of special categories the condition of art. 9(2), of criminal data the ground of art. 10 (P-035)
    )
    note: str | None = None

    @property
    def services(self) -> tuple[str, ...]:
        """Of the services for which it is collected, one is enough; none: it is collected for whatever service."""
        return (self.service,) if isinstance(self.service, str) else self.service


class Source(Strict):
    """Where data comes from. A value without a declared source is refused (P-049). `examples`: the text's own words."""

    label: Label
    line: int | None = None
    examples: tuple[Label, ...] = ()
    pattern: str | None = None  # regular expression of the stored source, e.g. ^werkgever:.+$
    undeclared: bool = False  # the text names no such source; it is told to the person and reported (L-017)
    only: tuple[str, ...] = ()  # categories that this source may give; empty: any
    origin: Origin = "provided"


class Part(Strict):
    """A sub-purpose: one bit, one role, one schema. What is not said is inherited from the row.

    `reads`: categories, each with all below it at a dot, or `all`; `not_reads` takes some away again.
    `is`: words of the law's vocabulary for the use itself, so that a ban of the law finds it.
    `groups`: the people whom it is about, everybody when none is named; all of them on its one basis (P-052).
    `interest`: the legitimate interest as the text states it. `reports`: the only report families (P-102).
    """

    label: Label
    description: Label | None = None
    reads: tuple[str, ...] = ()
    basis: Basis | None = None
    statute: str | None = None
    keep: Keep | None = None
    groups: tuple[str, ...] = ()
    not_reads: tuple[str, ...] = ()
    is_: tuple[str, ...] = Field(default=(), alias="is")
    interest: Label | None = None
    messages: dict[str, Label] = Field(
        default_factory=dict
    )  # kinds of message that this part alone may send (P-071, P-097)
    reports: dict[str, Label] = Field(default_factory=dict)
    note: str | None = None
    promises: tuple[str, ...] = ()


class Advertising(Strict):
    """What the text says of advertising, beside its channels (P-084 to P-092).

    `not_owned`: it promotes what the person does not have yet. `former_customers`: it may go on after the relation.
    `unsubscribe`: when somebody may put an end to it.
    """

    line: int
    offers: tuple[Label, ...] = Field(min_length=1)
    analyses: bool
    not_owned: bool
    former_customers: bool
    unsubscribe: Literal["at-any-time"]


class Recordings(Strict):
    """Which calls are recorded, how that is told, and for what (P-079 to P-082)."""

    line: int
    category: str
    calls: Literal["certain", "all"]
    told: Literal["at-the-start", "no"]
    of: Label
    for_: tuple[str, ...] = Field(alias="for", min_length=1)
    promises: tuple[str, ...] = ()


class Purpose(Strict):
    """A row of the policy's table. `examples` and `retention_text` are the text's own words."""

    label: Label
    description: Label
    examples: tuple[Label, ...] = ()
    lines: tuple[int, ...] = ()
    basis: Basis = Field(json_schema_extra={"rule": _P052})
    statute: str | None = None
    interest: Label | None = None
    keep: Keep
    parts: dict[Key, Part]
    objection: Literal["absolute", "assessed", "none"] = "none"
    channels: tuple[str, ...] = ()
    channels_undeclared: bool = False  # the text names no channel for this row: the company's choice (L-017)
    affiliates: bool = False
    named: bool = True  # false: the purpose cell of the text's table is empty (L-008)
    advertising: Advertising | None = None
    retention_text: Label | None = None
    dpv: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_parts(self) -> Purpose:
        if not self.parts:
            raise ValueError("a purpose needs at least one part (a sub-purpose with a bit and a role)")
        return self


class RecipientKind(Strict):
    """A kind of recipient under which recipients are registered (P-112). `examples`: the text's own words.

    What `limits` say in words for people, these say for the system: `assignment`, nothing goes but under one of that kind,
    with its own end (P-114, P-120, P-121, P-128, P-131); `clauses`, which the contract has; `service`, only people who have
    it (P-115); `may_be`, roles that the record may find instead of the text's (P-123).
    """

    label: Label
    line: int | None = None
    description: Label | None = None
    examples: tuple[Label, ...] = ()
    role: Role
    purposes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    limits: tuple[Label, ...] = ()
    assignment: AssignmentKind | None = None
    clauses: tuple[Clause, ...] = ()
    service: str | None = None
    may_be: tuple[Role, ...] = ()
    undeclared: bool = False
    names: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()


class TransferRules(Strict):
    """What the text promises about transfers outside the EEA (P-134 to P-144)."""

    lines: tuple[int, ...]
    mechanisms: tuple[Literal["adequacy", "scc"], ...]
    assessment: Literal["every", "scc-only"]
    assessed: tuple[Literal["law", "practice"], ...] = ()
    aligned_with: str | None = None  # whose guidelines
    steps: tuple[str, ...]
    measures: tuple[Literal["security", "contractual", "organisational"], ...]
    against: Label | None = None  # what the measures protect from
    because: Label | None = None
    text: Label


class Channel(Strict):
    """A way to reach a person. Marketing uses the ones its purpose names, and no other (P-088)."""

    label: Label
    line: int | None = None
    off_by_default: bool = False


class Condition(Strict):
    """A condition of a right or a ground on which it is limited."""

    key: str
    label: Label
    line: int | None = None
    article: str | None = None


class Right(Strict):
    """A right as the text words it.

    `gives`: what somebody gets who uses it. `asks`: what we ask in return, and can demand of nobody. `open_conditions`:
    the text names some among others ("onder meer"). `without_reason`, `at_any_time`: as the text says it.
    """

    label: Label
    lines: tuple[int, ...]
    article: str
    text: Label
    gives: tuple[Condition, ...] = ()
    asks: tuple[Condition, ...] = ()
    conditions: tuple[Condition, ...] = ()
    open_conditions: bool = False
    without_reason: bool = False
    at_any_time: bool = False
    exceptions: tuple[Condition, ...] = ()
    purposes: tuple[str, ...] = ()


class Address(Strict):
    """A postal address."""

    street: str
    postal_code: str
    city: str
    country: str = "BE"


class Controller(Strict):
    """Who is responsible. What the text leaves empty stands in the record (P-007)."""

    name: str
    legal_form: str | None = None
    seat: Address | None = None
    kbo: Kbo | None = None
    role: Literal["controller"] = "controller"
    lines: tuple[int, ...] = ()


class Contact(Strict):
    """Where questions, complaints and requests go (P-169 to P-171). `name`: to whom a letter is addressed."""

    name: str | None = None
    function: Label
    email: str
    post: Address | None = None
    for_: tuple[Literal["question", "complaint", "request"], ...] = Field(
        default=("question", "complaint", "request"), alias="for"
    )
    lines: tuple[int, ...] = ()


class Changes(Strict):
    """How the policy changes (P-173 to P-178)."""

    text: Label
    occasions: tuple[Label, ...] = ()  # what a change may come from, as the text has it
    latest: Label | None = None  # where the last version stands
    notice: Literal["before"]
    significant: tuple[
        Literal["purpose", "basis", "category", "source", "recipient", "transfer", "retention", "right"], ...
    ]
    significant_undeclared: bool = False  # the text does not say which changes these are (L-017)
    consent_where_law_requires: bool
    channels: tuple[Label, ...]
    precedence: Label | None = None
    promises: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


class Complaint(Strict):
    """Where a person turns to when we do not help (P-179 to P-181)."""

    authority: str
    label: Label
    independent: bool = True
    routes: tuple[Literal["complaint", "mediation", "court"], ...]
    lines: tuple[int, ...] = ()


class Passage(Strict):
    """A statement of the text that is no row of a table: preamble, scope, general rules."""

    lines: tuple[int, ...]
    label: Label
    says: Label
    promises: tuple[str, ...] = ()


class Policy(Strict):
    """A version of a company's privacy policy: `policy.yaml`, whole."""

    company: str
    version: dt.date
    valid_until: dt.date | None = None
    language: Language = "nl"
    languages: tuple[Language, ...] = ()  # every name that a person sees stands in each of these
    controller: Controller
    passages: dict[str, Passage] = Field(default_factory=dict)
    services: dict[Key, Label] = Field(default_factory=dict)
    groups: dict[Key, Label] = Field(default_factory=dict)  # groups of people that parts are about
    channels: dict[Key, Channel] = Field(default_factory=dict)
    events: dict[str, Event]
    types: dict[str, Type]
    categories: dict[str, Category]
    sources: dict[str, Source]
    purposes: dict[str, Purpose] = Field(min_length=1)
    recordings: Recordings | None = None
    recipients: dict[str, RecipientKind] = Field(default_factory=dict)
    transfers: TransferRules | None = None
    rights: dict[str, Right] = Field(default_factory=dict)
    contact: Contact
    changes: Changes | None = None
    complaint: Complaint | None = None


# ---- the record: what the company decided and the text does not say ----------------------------------


class RecordedController(Controller, Dated):
    """The controller's particulars as the company decided them."""


class Statute(Dated):
    """A law that obliges: what P-054 asks for beside the words "wettelijke verplichting"."""

    label: Label
    reference: str
    parts: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    source: str | None = None
    valid_from: dt.date | None = None  # the law's own days; none: always
    valid_until: dt.date | None = None

    def counts_on(self, day: dt.date) -> bool:
        """Whether it obliges on a civil day: written down by then, and in force."""
        return (
            self.decided <= day
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or self.valid_until >= day)
        )


class TextGap(Dated):
    """An error of the text that the company knows and has not yet mended: reported, no longer refused."""

    versions: tuple[dt.date, ...] = Field(min_length=1)


class Balancing(Dated):
    """A balancing test for a part, or a whole row, on legitimate interest (P-055)."""

    purpose: str
    interest: Label
    necessity: Label | None = None
    weighing: Label | None = None
    safeguards: tuple[Label, ...] = ()
    outcome: Literal["proceed", "stop"]
    stated_at_collection: bool = False
    compelling: Literal["likely", "unlikely"] | None = None  # as a rule, against an objection (P-165)


class BasisDecision(Dated):
    """The basis on which a part really runs, for all whom it is about (P-052). `groups`, where named: the part's own."""

    basis: Basis
    groups: tuple[str, ...] = ()
    statute: str | None = None
    line_finding: str | None = None  # the linter's finding about the text, e.g. L-037


class OtherTask(Strict):
    """What the officer does beside watching over the law. `decides`: what is processed, or for what."""

    task: Label
    decides: bool = False


class OfficerRecord(Dated):
    """The data protection officer, beside what the policy says of how one reaches them (art. 37 to 39)."""

    authority_told: dt.date
    reports_to: Label
    instructions: Literal["none"]
    other_tasks: tuple[OtherTask, ...] = ()


class TermsClause(Dated):
    """A clause of terms and conditions that says something else than the policy about a part (P-178): how long, what it
    reads, or what people are not told of it (`withholds`). `document`, `clause`: where it stands."""

    document: Label
    clause: str
    part: Key
    keep: Keep | None = None
    reads: tuple[str, ...] | None = None
    withholds: Label | None = None

    @model_validator(mode="after")
    def _says_something(self) -> TermsClause:
        if self.keep is None and self.reads is None and self.withholds is None:
            raise ValueError(
                "it says neither how long nor what is read or not told; write `keep`, `reads` or `withholds`"
            )
        return self


class ScopedRole(Dated):
    """A role that sees only rows of its scope: the person, a fleet manager, an installer (the gate)."""

    purpose: str | None = None  # the part under which it reads; none: the person's own rights (art. 15)
    reads: tuple[str, ...]
    scope: str  # a scope of the data map: person, employer, job, case
    writes: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()  # of what the person gave: what says who somebody is that signs in
    restricted_too: bool = False
    promises: tuple[str, ...] = ()


class Writer(Dated):
    """A role that records what happens and reads no person (stations' intake). `adds_only`: it finds and changes no row."""

    tables: dict[str, tuple[str, ...]]
    adds_only: bool = False
    purpose: str | None = None


class Writing(Dated):
    """What a part records of what it reads: categories, each with all below it at a dot; none: it only reads."""

    categories: tuple[str, ...] = ()


class SourceUse(Dated):
    """What values of one declared source may be used for, in whatever table they lie: `only` these parts, or all `but`
    these. The purposes of the law beside the policy's, and holds, stay as they are."""

    only: tuple[str, ...] | None = None
    but: tuple[str, ...] = ()
    why: str
    promises: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> SourceUse:
        if (self.only is None) == (not self.but):
            raise ValueError("write `only`, or `but`")
        return self


class ContractPhase(Dated):
    """What parts on the basis of contract may use before there is a contract: what the person gave to get one (P-053).

    `begins`: the event with which it begins; until it has come, parts that run on contract have only rows whose source is
    in `asked`: steps at the request of the person (art. 6(1)(b)). A source that is not named is no such step.
    """

    begins: str
    asked: tuple[str, ...]


class Return(Dated):
    """Within what time a returning person's purposes come back on what is still stored (P-110)."""

    event: str
    after: str
    within: Period


class TermDecision(Dated):
    """How long, where neither the text nor the law says it: of a part, of a row of the table, or of a purpose of the law.

    `keep` stands instead of the row's term; `fallback` beside it, for whom its start can never come (P-104). A term is
    changed with a version, of which people are told (P-175): a decision holds for versions that begin on its day or later,
    and before `until`, from which on the text itself says the term.
    """

    keep: Keep | None = None
    fallback: Term | None = None
    until: dt.date | None = None
    why: str
    promises: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> TermDecision:
        if (self.keep is None) == (self.fallback is None):
            raise ValueError("write `keep`, or `fallback`")
        return self


class Deadlines(Dated):
    """Days of the company's own, inside the periods that the law gives.

    `warn_before`, `escalate_before`: how long before an answer is due. `careful_extension`: an extended answer is due on
    the earlier of two ways to count. `adequacy_recheck`: how old a look at the list of adequate countries may be.
    `recipients_told`: how soon whoever got data shows that it followed a change (art. 19). `policy_notice`: how long before
    a significant change of the policy the last person is told (P-175). `backups_kept`: for how long a copy made for
    safety still has what is erased here, until it is written over (P-107). `identity_remind`, `identity_close`: how long
    after somebody was asked who they are they are reminded, and their case is closed (art. 12(6)).
    """

    warn_before: Period
    escalate_before: Period
    careful_extension: bool
    adequacy_recheck: Period
    recipients_told: Period = "P14D"
    policy_notice: Period = "P30D"
    backups_kept: Period | None = None
    identity_remind: Period = "P7D"
    identity_close: Period = "P30D"
    why: str

    @model_validator(mode="after")
    def _in_order(self) -> Deadlines:
        day = dt.date(2024, 1, 1)
        if add_period(day, self.identity_remind) >= add_period(day, self.identity_close):
            raise ValueError(
                "`identity_remind` is shorter than `identity_close`: who is told of an end was reminded before"
            )
        if add_period(day, self.escalate_before) >= add_period(day, self.warn_before):
            raise ValueError(
                "`escalate_before` is shorter than `warn_before`: who escalates has warned before"
            )
        return self


#: What a company can switch, and between what. A date: from the policy version of that day on.
SWITCHES = {
    "unstated_interest": ("report", "off"),
    "unstated_interest_off_from": ("a date such as 2026-01-01",),
    "recording_cap": ("on", "off"),
    "recording_training": ("on", "off"),
}


def _switches(value: dict[str, str]) -> dict[str, str]:
    for key, chosen in value.items():
        if key not in SWITCHES:
            raise ValueError(f"unknown switch `{key}`; accepted: {', '.join(SWITCHES)}")
        if key.endswith("_from"):
            dt.date.fromisoformat(chosen)
        elif chosen not in SWITCHES[key]:
            raise ValueError(f"switch `{key}` cannot be `{chosen}`; accepted: {', '.join(SWITCHES[key])}")
    return value


Switches = Annotated[dict[str, str], AfterValidator(_switches)]


class Oversight(Strict):
    """How whoever watches over the policy asks (art. 39): through which process, and under which purpose of the law each
    question about a person is written down. Counts, disclosures, and who may read what: never a value."""

    process: Key
    purpose: str


class Announcement(Strict):
    """What is said before a call is recorded: the words, for which purposes, and for how long it is kept (R-063)."""

    purposes: tuple[str, ...] = Field(min_length=1)
    kept: Period
    words: Label


class StaffTold(Strict):
    """That whoever takes calls was told of it, by which rules, and when these are looked at again (CAO 68, 81; R-067)."""

    told: dt.date
    rules: str = Field(min_length=1)
    review: dt.date


class RecordingRules(Dated):
    """No call is recorded under other words, or while nobody can show that staff were told."""

    announcements: dict[Key, Announcement] = Field(min_length=1)
    staff: StaffTold


class MeasureRule(Dated):
    """A measure of security that the system measures by itself, and how old its evidence may be (P-009)."""

    label: Label
    interval: Period


class Elsewhere(Dated):
    """Where data of people may lie that no data map speaks of: paper, a system without a map, back-ups (R-024). `holds`:
    which kinds; `through`: nothing newer is there; `when: lost`: asked only when something was lost otherwise. `recipient`:
    of the register, where somebody else keeps it; `contact`: who looks; none: the officer."""

    name: Label
    kind: Literal["paper", "system", "processor", "backup"]
    holds: tuple[str, ...] = Field(min_length=1)
    through: dt.date | None = None
    when: Literal["data", "lost"] = "data"
    recipient: Key | None = None
    contact: str | None = None


class ProductData(Dated):
    """Which kinds of data a connected product and its service make: they go to whoever uses it, and whom that names (Data
    Act art. 4, 5; R-039)."""

    categories: tuple[str, ...] = Field(min_length=1)


class Record(Strict):
    """All of `record/*.yaml`, merged."""

    controller: RecordedController | None = None
    basis: dict[str, BasisDecision] = Field(default_factory=dict)
    balancing: tuple[Balancing, ...] = ()
    statutes: dict[Key, Statute] = Field(default_factory=dict)
    terms: dict[str, TermDecision] = Field(default_factory=dict)
    dpo: OfficerRecord | None = None
    conditions: dict[Key, TermsClause] = Field(
        default_factory=dict
    )  # terms and conditions beside the policy (P-178)
    deadlines: Deadlines | None = None
    text_gaps: dict[str, TextGap] = Field(default_factory=dict)
    roles: dict[Key, ScopedRole] = Field(default_factory=dict)
    writers: dict[Key, Writer] = Field(default_factory=dict)
    writing: dict[Key, Writing] | None = (
        None  # part → what it records; a part that is not named records nothing. Not given: each what it reads
    )
    processes: dict[Key, tuple[str, ...]] = Field(
        default_factory=dict
    )  # login of a process → the parts and roles that it serves
    staff: tuple[Key, ...] = ()  # processes and scoped roles in which staff read: each read says who
    cases: tuple[Key, ...] = ()  # beside holds, the purposes that are read one case at a time, by two
    oversight: Oversight | None = None  # how the privacy officer asks; not given: nobody can
    returns: Return | None = None
    sources: dict[Key, SourceUse] = Field(default_factory=dict)  # declared source → what its values serve
    contract: ContractPhase | None = None
    switches: Switches = Field(default_factory=dict)
    confirmed: dict[str, dt.date] = Field(
        default_factory=dict
    )  # rules of law from knowledge that the officer confirmed, and when
    compatible: dict[str, Dated] = Field(
        default_factory=dict
    )  # new parts that may read what was collected before (P-176)
    recipients: dict[Key, Recipient] = Field(default_factory=dict)  # who gets personal data (P-112)
    transfers: dict[Key, Transfer] = Field(default_factory=dict)  # what leaves the EEA, and how (P-134)
    stores: dict[Key, Store] = Field(default_factory=dict)  # data map → where its database runs (P-118)
    recipient_rules: RecipientRules | None = None
    deliveries: dict[Key, Delivery] = Field(default_factory=dict)  # kind of recipient → how it gets its file
    evidence: dict[str, Dated] = Field(default_factory=dict)  # promises that people keep: P-id → dated record
    register_: RegisterRecord | None = Field(
        default=None, alias="register"
    )  # art. 30: what the model does not know
    vocabularies: Vocabularies | None = None  # our words in the vocabularies of others
    dpia: dict[Key, Assessed] = Field(default_factory=dict)  # decisions about impact assessments (art. 35)
    dpia_rules: DpiaRules | None = None
    data_act: ProductData | None = None  # what a connected product makes
    measures: dict[Literal["access", "encryption", "logging", "deletion"], MeasureRule] = Field(
        default_factory=dict
    )  # of security, measured (P-009)
    recordings: RecordingRules | None = None  # what is said before one, and to staff
    elsewhere: dict[Key, Elsewhere] = Field(default_factory=dict)  # what no database holds

    def decided_by(self, day: dt.date) -> Record:
        """The record without what is decided later than `day` (a civil date) and would permit something: balancing
        tests, bases, statutes, returns, old data for new parts, confirmed rules of law."""
        return self.model_copy(
            update={
                "balancing": tuple(one for one in self.balancing if one.decided <= day),
                "statutes": {key: one for key, one in self.statutes.items() if one.counts_on(day)},
                "basis": {key: one for key, one in self.basis.items() if one.decided <= day},
                "compatible": {key: one for key, one in self.compatible.items() if one.decided <= day},
                "confirmed": {key: at for key, at in self.confirmed.items() if at <= day},
                "returns": self.returns if self.returns and self.returns.decided <= day else None,
            }
        )

    def dated(self) -> Iterator[tuple[str, Dated]]:
        """Everything in the record that was decided on a day, with where it stands (`balancing.marketing`)."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Dated):
                yield name, value
            elif isinstance(value, tuple):
                yield from ((f"{name}.{one.purpose}", one) for one in value if isinstance(one, Balancing))
            elif isinstance(value, dict):
                yield from ((f"{name}.{key}", one) for key, one in value.items() if isinstance(one, Dated))


__all__ = [
    "ALL",
    "BASES",
    "LANGUAGES",
    "SWITCHES",
    "UNCLAIMED_BASES",
    "Address",
    "Advertising",
    "Balancing",
    "Basis",
    "BasisDecision",
    "Category",
    "Changes",
    "Channel",
    "Complaint",
    "Condition",
    "Contact",
    "Controller",
    "Dated",
    "Deadlines",
    "Event",
    "Keep",
    "Key",
    "Label",
    "Part",
    "Passage",
    "Period",
    "Policy",
    "Purpose",
    "RecipientKind",
    "Record",
    "RecordedController",
    "Recordings",
    "Return",
    "Right",
    "ScopedRole",
    "Source",
    "Statute",
    "Term",
    "TermDecision",
    "TextGap",
    "TransferRules",
    "Type",
    "Writer",
    "Writing",
    "add_period",
]
