"""How long a data map of a hundred tables takes to propose, and how much of applications that many know is found: of three by
which the rules were tuned, and of three others.

The hundred tables are three applications of `bench.known`, each in a schema of its own, without a foreign key, and six logs
of which the rows are many: a map costs what there is to read, and big tables are read by sample.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from bench import world
from bench.held import HELD
from bench.known import KNOWN, Application, application
from bench.measure import Figure, measured_on, parser, tell
from bloesem.discover import Proposal, discover
from bloesem.discover.proposal import LinkProposal
from bloesem.stores.embedded import EmbeddedServer
from bloesem.stores.postgres import connect

LIMIT_SECONDS = 60.0
_LOGS = ("nl", "fr", "de", "en", "es", "it")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__)
    options.add_argument("--rows", type=int, default=2_000, metavar="N", help="rows of each table (2,000)")
    options.add_argument(
        "--log", type=int, default=1_000_000, metavar="N", help="rows of each log (1,000,000)"
    )
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.rows, chosen.log), as_json=chosen.json)


def figures(rows: int, log: int) -> list[Figure]:
    with world.server() as server:
        return [_hundred(server, rows, log), *_known(server)]


def _made(server: EmbeddedServer, name: str, statements: Sequence[str]) -> None:
    with connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    with connect(server.dsn(name), autocommit=True) as connection:
        measured_on(connection.info.server_version)
        for statement in statements:
            connection.execute(statement)


def _hundred(server: EmbeddedServer, rows: int, log: int) -> Figure:
    statements = []
    for name, (_, languages) in KNOWN.items():
        statements += [f"CREATE SCHEMA {name}", f"SET search_path = {name}"]
        statements += application(name, next(iter(languages)), rows).statements
    for language in _LOGS:
        statements += [
            f"CREATE TABLE log_{language} (id bigserial PRIMARY KEY, gebruiker_id bigint, email text, at timestamptz)",
            f"INSERT INTO log_{language} (gebruiker_id, email, at) SELECT 1 + i % {rows}, 'person' || i % {rows} || '@post.example', now()"
            f" FROM generate_series(1, {log}) i",
        ]
    _made(server, "hundred", statements)
    begun = time.perf_counter()
    proposal = _proposed(server, "hundred")
    seconds = time.perf_counter() - begun
    more = {
        "tables": len(proposal.tables),
        "columns": sum(len(t.fields) for t in proposal.tables),
        "rows_of_the_biggest": log,
        "questions": proposal.undecided,
        "not_read": len(proposal.unread),
    }
    return Figure("discover, 100 tables", seconds, None, LIMIT_SECONDS, "s", of="ours", more=more)


def _proposed(server: EmbeddedServer, name: str) -> Proposal:
    with connect(server.dsn(name), autocommit=True) as connection:
        return discover(connection)


def _known(server: EmbeddedServer) -> Iterator[Figure]:
    for name, (_, languages) in {**KNOWN, **HELD}.items():
        held = ", held out" if name in HELD else ""
        for language in languages:
            made = application(name, language)
            _made(server, f"{name}_{language}", made.statements)
            proposal = _proposed(server, f"{name}_{language}")
            missing, found, asked, wrong = compare(made, proposal)
            links = len(made.links)
            more = {"links": links, "asked": asked, "people_missing": sorted(missing)}
            title = f"discover, {name} in {language}{held}"
            yield Figure(
                f"{title}: people",
                (len(made.people) - len(missing)) / len(made.people),
                None,
                1.0,
                "share",
                "ours",
                True,
                more,
            )
            yield Figure(f"{title}: links found", found / links, None, 0.95, "share", "ours", True, more)
            yield Figure(f"{title}: links wrong", wrong / links, None, 0.05, "share", "ours", False, more)


def compare(made: Application, proposal: Proposal) -> tuple[set[str], int, int, int]:
    """out: tables of people that are missing; links found, of them only asked; and proposed wrongly.

    Found: as it is, or asked with the right answer among the alternatives. Wrong: proposed as it is not, or where none is.
    """
    tables = {t.at[1]: t for t in proposal.tables}
    people = {name for name, t in tables.items() if t.holds == "people"}
    found = asked = wrong = 0
    for truth in made.links:
        link = next((x for x in tables[truth.table].links if x.columns == (truth.column,)), None)
        if link is None:
            continue
        right = any(_end(to) == truth.to and kind in truth.kinds for to, kind in _answers(link))
        found += right
        asked += right and link.kind is None
        wrong += not right and link.kind is not None
    known = {(truth.table, truth.column) for truth in made.links}
    wrong += sum(
        link.kind is not None and (name, link.columns[0]) not in known
        for name, t in tables.items()
        for link in t.links
    )
    return set(made.people - people), found, asked, wrong


def _answers(link: LinkProposal) -> list[tuple[object, object]]:
    if link.kind is not None:
        return [(link.to, link.kind)]
    return [(choice.says.get("to"), choice.says.get("kind")) for choice in link.decide]


def _end(to: object) -> str | None:
    return str(to[1]) if isinstance(to, tuple) else None


if __name__ == "__main__":
    raise SystemExit(main())
