"""The slim profile: up to a million people, at most 25 rows each, made by PostgreSQL itself.

Each table is one INSERT … SELECT over `generate_series`, whose values come from hashes of the person's
number and the seed: the same arguments give the same rows. A caller that has a plan in force wraps each
SELECT, so that the masks are computed by the statement that inserts the row and nothing is updated
afterwards.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from psycopg import sql

from bloesem.gate.ids import id_at
from bloesem.plan.model import Plan
from charging.generate import masked
from charging.generate.catalogue import catalogue
from charging.generate.load import Connection, Loaded, Progress, copy, quiet, years
from charging.generate.world import BRUSSELS, REFERENCE, World, civil

MOST_PEOPLE = 1_000_000
BATCH = 50_000
#: Ids that a person's rows have to choose from: person + 1 … person + 31.
SLOTS = 32


@dataclass(frozen=True)
class Bulk:
    """The rows of one table for the people numbered `{first}` to `{last}`.

    `carries_events`: its rows start or stop clocks, so it comes before the tables that do not.
    """

    table: str
    columns: tuple[str, ...]
    select: str
    carries_events: bool

    def query(self, first: int, last: int) -> str:
        """The SELECT for some people. It reads nothing but generate_series."""
        return self.select.format(first=first, last=last)


def _now(as_of: dt.date) -> dt.datetime:
    return dt.datetime.combine(as_of, dt.time(11), BRUSSELS).astimezone(dt.UTC)


def person_id(as_of: dt.date, number: int) -> int:
    """The id of the person with this number; their rows' ids follow it."""
    start = _now(as_of) - dt.timedelta(days=12 * 366)
    return id_at(int(start.timestamp() * 1000), 0) + number * SLOTS


def people(as_of: dt.date, seed: int) -> str:
    """The people `{first}` to `{last}`: number, id, kind, when it began, when it ended.

    Of twenty, fourteen are customers, two left within the year, two before that, one is known through the
    employer only, one entered a contest.
    """
    now = _now(as_of)
    base = person_id(as_of, 0)
    stamp = f"timestamptz '{now:%Y-%m-%d %H:%M:%S}+00'"
    return f"""
    SELECT i, {base} + i * {SLOTS} AS id, kind, h, {stamp} AS now, ended_at,
           CASE WHEN kind < 18 THEN COALESCE(ended_at, {stamp}) - make_interval(days => 60 + (h % 3000)::int)
                ELSE {stamp} - make_interval(days => 2 + (h % 500)::int) END AS began_at
    FROM (SELECT i, i % 20 AS kind, h,
                 CASE WHEN i % 20 IN (14, 15) THEN {stamp} - make_interval(days => 5 + (h / 7 % 355)::int)
                      WHEN i % 20 IN (16, 17) THEN {stamp} - make_interval(days => 370 + (h / 7 % 500)::int)
                 END AS ended_at
          FROM (SELECT i, hashint8extended(i, {seed}) & 9223372036854775807 AS h
                FROM generate_series({{first}}::bigint, {{last}}::bigint) AS i) AS drawn) AS named
    """.strip()


CUSTOMER, LISTED, ENTRANT = "kind < 18", "kind = 18", "kind = 19"
_LISTED_SOURCE = "'werkgever:' || (ARRAY['Zonnewijzer','Kasseikracht','Noorderkompas'])[1 + i % 3]"
_NAMES = "(ARRAY['Lotte','Bram','Camille','Hugo','Anke','Jörg','Alice','Owen'])[1 + h % 8]"
_FAMILY = "(ARRAY['Zwaenepoel','Roosemond','Noirval','Steinwald','Larkfield'])[1 + h / 8 % 5]"
_ORIGIN = "CASE WHEN kind = 19 THEN 'subject:wedstrijd:lente' ELSE 'subject:contract' END"
#: kth session: evenly spread between the begin and the end.
_AT = "began_at + (COALESCE(ended_at, now) - began_at) * k / 7"
_WH = "(6000 + (h / (k + 1)) % 40000)::int"
_MONTH_END = "(date_trunc('month', {at}) + interval '1 month - 1 day')::date"
#: The month of a bill: that of the second or the fourth session.
_BILLED = f"date_trunc('month', {_AT} - interval '32 days')::date"


def bulks(as_of: dt.date, seed: int) -> tuple[Bulk, ...]:
    """All tables, those whose rows carry events first."""
    source = people(as_of, seed)

    def make(table: str, who: str, slot: int, *, events: bool = False, each: int = 0, **values: str) -> Bulk:
        values = {"id": f"id + {slot}", "person_id": "id", "recorded_at": "began_at", **values}
        if each:
            values["id"] = f"id + {slot} + k"
        columns = tuple(column for column, value in values.items() if value)
        chosen = ", ".join(values[column] for column in columns)
        several = f" CROSS JOIN generate_series(1, {each}) AS k" if each else ""
        select = f"SELECT {chosen}\nFROM ({source}) AS p{several}\nWHERE {who}"
        return Bulk(table, columns, select, events)

    return (*_events(make), *_facts_free(make))


Make = Callable[..., Bulk]


def _events(make: Make) -> Iterator[Bulk]:
    yield make(
        "person",
        "true",
        0,
        events=True,
        person_id="",
        source="'assigned'",
        customer_number="CASE WHEN kind < 18 THEN 'C' || i END",
        language="(ARRAY['nl','nl','fr','de','en'])[1 + i % 5]",
        kind="CASE WHEN kind < 18 THEN 'driver' WHEN kind = 18 THEN 'employee' ELSE 'entrant' END",
        state="CASE WHEN kind < 14 THEN 'customer' WHEN kind < 18 THEN 'former' ELSE 'prospect' END",
    )
    yield make(
        "account",
        CUSTOMER,
        1,
        events=True,
        source="'assigned'",
        opened_at="began_at",
        terminated_at="ended_at",
        closed_at="ended_at",
    )
    yield make(
        "customer_relation",
        CUSTOMER,
        2,
        events=True,
        source="'subject:contract'",
        started_at="began_at",
        ended_at="ended_at",
    )
    yield make(
        "contract",
        CUSTOMER,
        3,
        events=True,
        source="'subject:contract'",
        employer_id="1 + i % 12",
        number="'K-' || i",
        ordered_at="began_at - interval '3 days'",
        confirmed_at="began_at",
        starts_on="began_at::date",
        ends_on="ended_at::date",
        reimbursement="'creg-quarter'",
    )
    yield make(
        "contact",
        "kind < 19",
        4,
        events=True,
        source="'subject:klantendienst'",
        channel="'email'",
        direction="'inbound'",
        at="COALESCE(ended_at, now) - make_interval(days => (h / 3 % 50)::int)",
        recorded_at="COALESCE(ended_at, now) - make_interval(days => (h / 3 % 50)::int)",
        about="'vraag'",
    )
    yield make(
        "contest_entry",
        ENTRANT,
        5,
        events=True,
        source="'subject:wedstrijd:lente'",
        contest_id="1",
        entered_at="began_at",
    )
    yield make(
        "consent",
        ENTRANT,
        6,
        events=True,
        source="'subject:wedstrijd:lente'",
        part="'consent_marketing'",
        kinds="'newsletter'",
        channel="'email'",
        given_at="began_at",
        withdrawn_at="NULL::timestamptz",
        given_on="(began_at AT TIME ZONE 'Europe/Brussels')::date",
    )


def _facts_free(make: Make) -> Iterator[Bulk]:
    contract = "'subject:contract'"
    yield make(
        "work_email",
        LISTED,
        7,
        source=_LISTED_SOURCE,
        employer_id="1 + i % 3",
        collected_at="began_at",
        value="'p' || i || '@zonnewijzer.example'",
        value_norm="'p' || i || '@zonnewijzer.example'",
    )
    yield make("person_name", "kind <> 18", 8, source=_ORIGIN, given_name=_NAMES, family_name=_FAMILY)
    mail = "'p' || i || '@post.example'"
    yield make(
        "email_address", "kind <> 18", 9, source=_ORIGIN, value=mail, value_norm=mail, collected_at="began_at"
    )
    yield make(
        "address",
        CUSTOMER,
        10,
        source=contract,
        street="'Vlierstraat ' || 1 + h % 300",
        postal_code="'9000'",
        city="'Gent'",
        country="'BE'",
        region="'flanders'",
        collected_at="began_at",
    )
    phone = "'+3363998' || lpad((i % 10000)::text, 4, '0')"
    yield make(
        "phone_number", CUSTOMER, 11, source=contract, value=phone, value_norm=phone, collected_at="began_at"
    )
    iban = "'BE00 9990 ' || lpad((i % 10000)::text, 4, '0') || ' 0000'"
    yield make(
        "bank_account", CUSTOMER, 12, source=contract, iban=iban, iban_last4="'0000'", collected_at="began_at"
    )
    yield make(
        "product_ownership",
        CUSTOMER,
        13,
        source=contract,
        product_id="1",
        contract_id="id + 3",
        since="began_at::date",
        until="ended_at::date",
    )
    yield make(
        "station",
        CUSTOMER,
        14,
        source="'assigned'",
        charge_point_id="'BLS-' || i",
        brand="'Kornoelje'",
        model="'KX-11'",
        place="'Gent'",
        online_since="began_at::date",
        retired_on="ended_at::date",
    )
    yield make(
        "card",
        CUSTOMER,
        15,
        source="'assigned'",
        uid="'04' || upper(to_hex(i + 4096))",
        state="'active'",
        issued_on="began_at::date",
    )
    yield make(
        "session",
        CUSTOMER,
        16,
        each=6,
        recorded_at=_AT,
        employer_id="1 + i % 12",
        station_id="id + 14",
        card_id="id + 15",
        started_at=_AT,
        stopped_at=f"{_AT} + interval '3 hours'",
        place="'Gent'",
        state="'settled'",
        energy_wh=_WH,
        amount_cents=f"{_WH} * 3 / 100",
        accounted_on=_MONTH_END.format(at=_AT),
        meter_values=f"convert_to('[[0,0],[5400,' || {_WH} / 2 || '],[10800,' || {_WH} || ']]', 'UTF8')",
    )
    bill = {
        "recorded_at": f"{_BILLED} + interval '1 month 5 days'",
        "issued_on": f"({_BILLED} + interval '1 month 5 days')::date",
        "employer_id": "1 + i % 12",
        "month": _BILLED,
        "energy_wh": _WH,
        "amount_cents": f"{_WH} * 3 / 100",
    }
    k = "(VALUES (2), (5)) AS bills (k)"
    for table, slot, more in (
        ("statement", 22, {"number": "'S-' || i || '-' || k", "addressee": f"{_NAMES} || ' ' || {_FAMILY}"}),
        (
            "employer_invoice_line",
            25,
            {"employee": f"{_NAMES} || ' ' || {_FAMILY}", "employer_invoice_id": "1 + i % 12"},
        ),
    ):
        bulk = make(table, CUSTOMER, slot, each=2, **bill, **more)
        spread = bulk.select.replace("generate_series(1, 2) AS k", k).replace(
            f"id + {slot} + k", f"id + {slot} + k / 3"
        )
        yield Bulk(bulk.table, bulk.columns, spread, carries_events=False)


def load_slim(
    connection: Connection,
    as_of: dt.date,
    count: int,
    seed: int = 1,
    *,
    plan: Plan | None = None,
    progress: Progress | None = None,
    schema: str = "data",
) -> Loaded:
    """Make `count` people; with a plan in force, their facts, states and masks too, as of `as_of`.

    in: a connection as owner of the tables (or superuser) in autocommit: each batch is a transaction.
    raises: `ValueError` above `MOST_PEOPLE`.
    """
    if not 0 < count <= MOST_PEOPLE:
        raise ValueError(f"the slim profile makes 1 to {MOST_PEOPLE} people; asked for {count}")
    begun = time.perf_counter()
    world = World(seed, as_of)
    catalogue(world)
    for table in REFERENCE:
        copy(connection, world, table, schema, progress)
    for table in ("statement", "employer_invoice_line"):
        years(connection, table, range(as_of.year - 11, as_of.year + 1), schema)
    tables = bulks(as_of, seed)
    with without_links(connection, schema), quiet(connection, schema) if plan else nullcontext():
        if plan is not None:
            _read_facts(connection, plan, tables, count, world.now)
        rows = {bulk.table: _fill(connection, bulk, count, plan, world.now, progress) for bulk in tables}
    return Loaded(rows, time.perf_counter() - begun)


def _batches(count: int) -> Iterator[tuple[int, int]]:
    for first in range(1, count + 1, BATCH):
        yield first, min(first + BATCH - 1, count)


def _read_facts(
    connection: Connection, plan: Plan, tables: Sequence[Bulk], count: int, at: dt.datetime
) -> None:
    """Facts straight from the SELECTs of the tables that carry events, then everybody's state."""
    for first, last in _batches(count):
        for bulk in tables:
            if bulk.carries_events:
                for statement in masked.facts(
                    plan, plan.table(bulk.table), bulk.columns, bulk.query(first, last)
                ):
                    connection.execute(statement.encode())
        ids = person_id(civil(at), first), person_id(civil(at), last)
        connection.execute(masked.states(plan, *ids, at).encode())


def _fill(
    connection: Connection,
    bulk: Bulk,
    count: int,
    plan: Plan | None,
    at: dt.datetime,
    progress: Progress | None,
) -> int:
    made = 0
    layout = masked.layout(connection, plan.table(bulk.table)) if plan else ()
    for first, last in _batches(count):
        query = bulk.query(first, last)
        if plan is None:
            statement = f"INSERT INTO data.{bulk.table} ({', '.join(bulk.columns)})\n{query}"
        else:
            ids = person_id(civil(at), first), person_id(civil(at), last)
            statement = masked.insert(plan, plan.table(bulk.table), layout, bulk.columns, query, at, ids)
        made += connection.execute(statement.encode()).rowcount
    if progress is not None:
        progress(bulk.table, made)
    return made


@contextmanager
def without_links(connection: Connection, schema: str) -> Iterator[None]:
    """Foreign keys off while the rows come in, and made again (so: checked) at the end.

    A key costs a look-up per row while it stands; made at the end it is one join.
    """
    found = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = %s::regnamespace AND conparentid = 0 ORDER BY 1, 2",
        [schema],
    ).fetchall()
    for table, name, _ in found:
        connection.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.SQL(table), sql.Identifier(name))
        )
    try:
        yield
    finally:
        for table, name, definition in found:
            connection.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                    sql.SQL(table), sql.Identifier(name), sql.SQL(definition)
                )
            )
