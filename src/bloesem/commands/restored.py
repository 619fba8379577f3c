"""After a back-up of the database was put back: what people asked since then is done again, and said.

Erasures, restrictions, objections, holds, withdrawn consents and addresses that want no advertising stand in a file outside
of the database (docs/restoring.md). `bloesem up` does the same by itself before it shows its first page. What is there
already is not done twice.
"""

from __future__ import annotations

import argparse

from bloesem.commands import shared

EXAMPLES = """\
examples:
  bloesem restored --dry-run                    what would be done again, on the database that `bloesem up` uses
  bloesem restored
  bloesem restored --all                        also what the database says that it knows
  bloesem restored --store postgresql://keeper@db.example/crm --journal /srv/bloesem/journal --keys /srv/bloesem/credentials

exit code: 0 the database knows all that the file says; 1 lines of the file are lost, the file was changed, or the seals of
acts are not those that it has;
3 the database cannot be reached
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    parser.add_argument(
        "--all", action="store_true", help="from the first line on, whatever the database knows"
    )
    parser.add_argument(
        "--journal", type=shared.path, metavar="DIR", help="where the files are (default: of `bloesem up`)"
    )
    parser.add_argument(
        "--keys", type=shared.path, metavar="DIR", help="the directory of rights.keys, which opens them"
    )
    shared.add_store(parser, f"the database that was put back (default: {shared.HERE})")
    shared.add_company(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.errors import LedgerError
    from bloesem.ledger import restored
    from bloesem.ledger.journal import Journal
    from bloesem.rights.keys import FILE, Keys
    from bloesem.stores.embedded import default_data_dir

    loaded = shared.load(arguments)
    home = default_data_dir().parent
    keys = arguments.keys or home / "credentials"
    if not (keys / FILE).exists():
        raise LedgerError(
            f"there is no {FILE} in {keys}",
            "P-107: what is written outside of the database is sealed",
            "say with --keys where the keys are, or restore them from their own back-up",
        )
    journal = Journal.at(arguments.journal or home / "journal", loaded.plan.company, Keys.at(keys))
    with shared.store(arguments.store or shared.HERE) as connection:
        if not restored.there(connection, loaded.plan):
            raise LedgerError(
                "this database keeps no journal",
                "P-107: what is done again is what it wrote down",
                "put its plan in force first: `bloesem up` does, and `bloesem plan --apply`",
            )
        done = restored.found(
            connection, loaded.plan, journal, every=arguments.all, dry_run=arguments.dry_run
        )
        broken = restored.broken(connection, loaded.plan, journal)
    if arguments.json:
        shared.print_json({**done.counts(), "dry_run": arguments.dry_run, "broken_seals": broken})
    else:
        print("\n".join([*done.lines(dry_run=arguments.dry_run), *restored.told(broken)]))
    return 1 if done.lost or broken else 0
