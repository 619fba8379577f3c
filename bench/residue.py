"""The residue pass: a database of text searched for one erased person, and for 1,000 at once, against LIKE for one address.

Three tables as others have them: people with their contact data and notes, a web log whose URLs have escapes, and JSON. The
rows of `--seed` MB are copied until there is as much as is asked for. Ours finds whatever form an identifier has, in every
column; theirs is what somebody would write by hand: `count(*) … WHERE column LIKE '%address%'` over the same columns.
"""

from __future__ import annotations

import json
import random
import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from bench.measure import Figure, measured_on, parser, tell, timed
from bench.world import server
from bloesem.rights.crew import CORES
from bloesem.rights.identifiers import Identifier
from bloesem.rights.residue import search
from bloesem.stores.postgres import Connection, connect

COLUMNS = {"customer": ("mail", "tel", "name", "address", "note"), "weblog": ("line",), "profile": ("data",)}

_SCHEMA = """
CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text, tel text, name text, address text,
                       note text);
CREATE TABLE weblog (at timestamptz NOT NULL DEFAULT now(), line text);
CREATE TABLE profile (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data jsonb)"""

_PARTS = [
    "van",
    "den",
    "der",
    "ber",
    "ghe",
    "jans",
    "sens",
    "mar",
    "tin",
    "wil",
    "lem",
    "pe",
    "ters",
    "goos",
    "mul",
    "ler",
    "leb",
    "run",
    "fe",
    "vre",
    "dur",
    "pont",
    "mae",
    "rt",
    "ens",
    "claes",
]
_SYLLABLES = [
    "tra",
    "pil",
    "wok",
    "ruf",
    "zad",
    "hem",
    "dor",
    "bix",
    "lun",
    "cor",
    "vaz",
    "yit",
    "nop",
    "quil",
    "sta",
    "gre",
    "mel",
    "ti",
    "ka",
    "ro",
]


@dataclass
class World:
    """Invented people: 10,000 family names and 800 given names, a vocabulary of 20,000 words."""

    random: random.Random
    family: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    streets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        pick = self.random
        self.family = [self._name(_PARTS, 3) for _ in range(10_000)]
        self.given = [self._name(_PARTS, 2) for _ in range(800)]
        self.words = ["".join(pick.choices(_SYLLABLES, k=pick.randint(1, 4))) for _ in range(20_000)]
        self.words += ["één", "café", "reçu", "für", "naïef"] * 40
        self.streets = [self._name(_SYLLABLES, 2) + "straat" for _ in range(3_000)]

    def _name(self, parts: Sequence[str], size: int) -> str:
        return "".join(self.random.choices(parts, k=size)).capitalize()

    def text(self, least: int, most: int) -> str:
        return " ".join(self.random.choices(self.words, k=self.random.randint(least, most)))

    def mail(self) -> str:
        pick = self.random
        who = f"{pick.choice(self.given)}.{pick.choice(self.family)}{pick.randint(1, 99)}".lower()
        return f"{who}@{pick.choice(['mail', 'post', 'web', 'box'])}.example"

    def phone(self) -> str:
        return f"04{self.random.randint(70, 99)} {' '.join(f'{self.random.randint(0, 99):02}' for _ in range(3))}"

    def address(self) -> tuple[str, int, int]:
        pick = self.random
        return pick.choice(self.streets), pick.randint(1, 300), pick.randint(1000, 9999)

    def erased(self, people: int) -> list[Identifier]:
        """Eight identifiers of each; their mail is at a place of its own, so that what is found is known."""
        found = []
        for number in range(people):
            pick, given = self.random, self.random.choice(self.given)
            found += [
                Identifier("email", f"{given}.{number}.gone@mail.example", number),
                Identifier("phone", self.phone(), number),
                Identifier("iban", f"BE{pick.randint(10, 99)}{pick.randrange(10**12):012}", number),
                Identifier("card", f"BE-BLS-C{pick.randrange(10**8):08}-X", number),
                Identifier("card", pick.randbytes(7).hex(), number),
                Identifier("customer", f"K-{pick.randrange(10**7):07}", number),
                Identifier.of_name(given, pick.choice(self.family), number),
                Identifier.of_address(*self.address(), number),
            ]
        return found


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=1_000)
    options.add_argument("--size", type=int, default=1_024, metavar="MB", help="MB of tables (1,024)")
    options.add_argument(
        "--seed", type=int, default=16, metavar="MB", help="MB that are made, then copied (16)"
    )
    options.add_argument("--turns", type=int, default=2, help="turns of each side (2)")
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people, chosen.size, chosen.seed, chosen.turns), as_json=chosen.json)


def figures(people: int, size: int, seed: int, turns: int) -> list[Figure]:
    world = World(random.Random(1))
    sought = world.erased(people)
    with server() as running, connect(running.dsn(), autocommit=True) as connection:
        measured_on(connection.info.server_version)
        connection.execute(_SCHEMA)
        _fill(connection, world, size, seed)
        planted = _plant(connection, sought)
        each = len(sought) // people
        return [
            _figure(connection, sought[: each * number], number, planted, turns)
            for number in sorted({1, people})
        ]


def _figure(
    connection: Connection,
    sought: Sequence[Identifier],
    people: int,
    planted: set[tuple[str, str]],
    turns: int,
) -> Figure:
    ours: list[float] = []
    theirs: list[float] = []
    busy: list[float] = []
    bytes_ = 0
    for _ in range(turns):
        before = _cpu()
        result = search(connection, sought, workers=CORES)
        busy.append(_cpu() - before)
        found = {(one.table, one.column) for one in result.found if one.what == "email"}
        if not (result.whole and planted <= found):
            raise AssertionError("the pass did not find what was put there")
        bytes_ = result.bytes
        ours.append(result.seconds)
        theirs.append(timed(lambda: _like(connection, sought[0].value)) / 1000)
    rates = [bytes_ / 1e9 / min(side) * 60 for side in (ours, theirs)]
    more = {
        "bytes": bytes_,
        "identifiers": len(sought),
        "cpu_seconds": [round(s, 1) for s in busy],
        "seconds": [[round(s, 1) for s in t] for t in (ours, theirs)],
    }
    name = f"residue: {'one person' if people == 1 else f'{people:,} people'}, LIKE for one"
    return Figure(name, rates[0], rates[1], 1, "GB/min", of="ours", at_least=True, more=more)


def _fill(connection: Connection, world: World, size: int, seed: int) -> None:
    for table, columns in COLUMNS.items():
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in _rows(world, table, seed * 1_000_000 // len(COLUMNS)):
                copy.write_row(row)
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        double = sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {0}").format(sql.Identifier(table), names)
        made = seed
        while made * 2 <= size:
            connection.execute(double)
            made *= 2
    connection.execute("VACUUM (ANALYZE)")


def _rows(world: World, table: str, size: int) -> Iterator[tuple[str, ...]]:
    made = 0
    while made < size:
        row = _row(world, table)
        made += sum(len(value) for value in row)
        yield row


def _row(world: World, table: str) -> tuple[str, ...]:
    pick = world.random
    name = f"{pick.choice(world.given)} {pick.choice(world.family)}"
    street, number, code = world.address()
    if table == "customer":
        address = f"{street} {number}, {code} {pick.choice(world.words).capitalize()}"
        return world.mail(), world.phone(), name, address, world.text(10, 60)
    if table == "weblog":
        path = f"/{pick.choice(world.words)}/{pick.randrange(10**6)}?q={pick.choice(world.words)}%20{pick.choice(world.words)}"
        when = f"{pick.randint(1, 28):02}/Mar/2026:{pick.randint(0, 23):02}:{pick.randint(0, 59):02}:00 +0100"
        return (
            f'192.0.2.{pick.randint(1, 254)} - - [{when}] "GET {path} HTTP/1.1" 200 {pick.randrange(10**5)} "{world.text(2, 8)}"',
        )
    document = {
        "name": name,
        "contact": {"mail": world.mail(), "tel": world.phone()},
        "orders": [
            {"id": pick.randrange(10**7), "what": world.text(1, 5)} for _ in range(pick.randint(0, 4))
        ],
        "about": world.text(5, 30),
    }
    return (json.dumps(document),)


def _plant(connection: Connection, sought: Sequence[Identifier]) -> set[tuple[str, str]]:
    """The first one's address of mail, once in each table. out: where."""
    mail = sought[0].value
    connection.execute("INSERT INTO customer (note) VALUES (%s)", [f"schreef vanaf {mail.upper()}."])
    connection.execute("INSERT INTO weblog (line) VALUES (%s)", [f"GET /?m={mail.replace('@', '%40')}"])
    connection.execute("INSERT INTO profile (data) VALUES (%s)", [json.dumps({"mail": mail})])
    return {("public.customer", "note"), ("public.weblog", "line"), ("public.profile", "data")}


def _cpu() -> float:
    """Seconds of processor that this process and those that it started took: what a busy machine does not change much."""
    own, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + theirs.ru_utime + theirs.ru_stime


def _like(connection: Connection, mail: str) -> int:
    """What is written by hand: it misses two of the three."""
    found = 0
    for table, columns in COLUMNS.items():
        tests = sql.SQL(" OR ").join(sql.SQL("{}::text LIKE %s").format(sql.Identifier(c)) for c in columns)
        query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(table), tests)
        row = connection.execute(query, [f"%{mail}%"] * len(columns)).fetchone()
        found += row[0] if row else 0
    return found


if __name__ == "__main__":
    raise SystemExit(main())
