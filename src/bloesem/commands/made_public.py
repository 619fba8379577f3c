"""What `bloesem notices` does about what was made public of somebody (art. 17(2)): written down, where it stands, gone."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bloesem.commands import people, shared

if TYPE_CHECKING:
    from bloesem.recipients.public import Public
    from bloesem.stores.postgres import Connection


def configure(parser: argparse.ArgumentParser, steps: Any) -> None:
    """in: the group of steps, of which one is taken."""
    steps.add_argument("--public", action="store_true", help="what was made public, and where it stands")
    steps.add_argument(
        "--publish",
        metavar="TABLE.COLUMN,…",
        help="these columns are public now (with --person, --purpose, --name, --page)",
    )
    steps.add_argument(
        "--copy", type=int, metavar="NUMBER", help="somebody links to it or copied it (--name, --page)"
    )
    steps.add_argument(
        "--gone", type=int, metavar="NUMBER", help="it is nowhere any more: each who was told showed it"
    )
    parser.add_argument("--person", metavar="KIND=VALUE", help="whose: email=a@b.example")
    parser.add_argument(
        "--purpose", metavar="PURPOSE", help="the purpose of the policy for which it is public"
    )
    parser.add_argument("--name", metavar="WHO", help="who answers for that page")
    parser.add_argument("--page", metavar="URL", help="the page: https://…")
    parser.add_argument("--contact", metavar="MAILBOX", help="theirs; none: you write to them")
    parser.add_argument("--by", default="command line", metavar="WHO", help="who writes it down")


def wanted(arguments: argparse.Namespace) -> bool:
    steps = (arguments.publish, arguments.copy, arguments.gone)
    return arguments.public or any(one is not None for one in steps)


def check(arguments: argparse.Namespace) -> None:
    """What can be wrong with what is said, before any database is asked. raises: UsageError, PlanError, RightsError."""
    from bloesem import company
    from bloesem.rights.identify import Who

    if arguments.publish is not None:
        _columns(arguments.publish)
    if arguments.person is not None:
        Who.parse(arguments.person)
    if arguments.purpose is not None:
        plan = company.load(shared.home(arguments), on=shared.today(), prefix=arguments.prefix).plan
        plan.purpose(arguments.purpose)
    _complete(arguments)


def run(arguments: argparse.Namespace) -> int:
    from bloesem import company
    from bloesem.gate.keeping import keeper
    from bloesem.recipients import public

    with shared.store(arguments.store or shared.HERE) as connection:
        on = people.in_force(connection)[1]
        plan = company.load(shared.home(arguments), on=on, prefix=arguments.prefix).plan
        people.same_plan(plan, connection)
        with connection.transaction(), keeper(connection, arguments.prefix):
            now, today = _now(connection)
            page = public.Place(
                arguments.name or "", arguments.page or "", arguments.contact, arguments.publish is not None
            )
            if arguments.publish is not None:
                table, columns = _columns(arguments.publish)
                person = _person(connection, plan, arguments.person)
                purpose, by = arguments.purpose, arguments.by
                public.publish(connection, plan, person, purpose, table, columns, page, by, now)
            elif arguments.copy is not None:
                public.taken_over(connection, plan, arguments.copy, page, now)
            elif arguments.gone is not None:
                public.withdrawn(connection, plan, arguments.gone, today)
            shown = public.listed(connection, plan)
    _print(arguments, shown)
    return 0


def _complete(arguments: argparse.Namespace) -> None:
    step = arguments.publish is not None or arguments.copy is not None
    for name in ("person", "purpose", "name", "page", "contact"):
        if getattr(arguments, name) is not None and not step:
            raise shared.UsageError(
                f"--{name} says something of what is made public",
                "art. 17(2): what is public is written down as such",
                "say --publish TABLE.COLUMN,… or --copy NUMBER with it",
            )
    needs: tuple[str, ...] = ("name", "page") if arguments.copy is not None else ()
    if arguments.publish is not None:
        needs = ("person", "purpose", "name", "page")
    missing = [name for name in needs if not (getattr(arguments, name) or "").strip()]
    if missing:
        raise shared.UsageError(
            f"--{missing[0]} is not said",
            "art. 17(2): what is public is somebody's, for a purpose, on a page of somebody",
            f"bloesem notices {'--copy 12' if arguments.copy is not None else '--publish TABLE.COLUMN'} --{missing[0]} …",
        )


def _columns(text: str) -> tuple[str, list[str]]:
    named = [one.strip().partition(".")[::2] for one in text.split(",") if one.strip()]
    tables = {table for table, column in named if column}
    if len(tables) != 1 or not all(column for _, column in named):
        raise shared.UsageError(
            f"`{text}` is not the columns of one table",
            "each entry is of one table",
            "write --publish person_name.given_name,person_name.family_name",
        )
    return tables.pop(), [column for _, column in named]


def _person(connection: Connection, plan: Any, said: str) -> int:
    from bloesem.rights.guarded.who import Finder
    from bloesem.rights.identify import Who

    (found,) = Finder(connection, plan).find(((Who.parse(said),),))
    return min(found.numbers)


def _now(connection: Connection) -> tuple[Any, Any]:
    row = connection.execute("SELECT bloesem.moment(), bloesem.today()").fetchone()
    assert row is not None
    return row[0], row[1]


def _print(arguments: argparse.Namespace, shown: list[Public]) -> None:
    if arguments.json:
        shared.print_json({"public": [as_dict(one) for one in shown]})
        return
    rows = [
        (
            str(one.id),
            one.purpose,
            f"{one.table} ({', '.join(one.columns)})",
            str(one.withdrawn or "still public"),
            place.name + (" (our page)" if place.ours else ""),
            place.url,
        )
        for one in shown
        for place in one.places
    ]
    print(
        shared.table(rows, ("no", "purpose", "of what", "gone on", "who", "where"))
        if rows
        else "nothing was made public"
    )


def as_dict(one: Public) -> dict[str, Any]:
    return {
        "id": one.id, "purpose": one.purpose, "table": one.table, "columns": list(one.columns), "at": one.at,
        "gone_on": one.withdrawn,
        "places": [
            {"id": it.id, "name": it.name, "url": it.url, "contact": it.contact, "ours": it.ours} for it in one.places
        ],
    }  # fmt: skip
