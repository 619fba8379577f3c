"""What commands have in common: which company, which day, which database; tables for people, JSON for programs."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.errors import BloesemError, PolicyError

if TYPE_CHECKING:
    from bloesem.company import Loaded
    from bloesem.stores.postgres import Connection

COMPANY = Path("company/blossom")
HERE = "here"
#: The database that `bloesem up` makes on the embedded server.
EMBEDDED_DATABASE = "bloesem"


class UsageError(BloesemError):
    """What was typed cannot be meant."""

    exit_code = 2


def add_company(parser: argparse.ArgumentParser) -> None:
    """`--company`, `--on`, `--map`, `--prefix`."""
    parser.add_argument(
        "--company",
        type=Path,
        metavar="DIR",
        help=f"the directory that holds bloesem.yaml (default: BLOESEM_COMPANY, or {COMPANY})",
    )
    parser.add_argument(
        "--on",
        type=day,
        metavar="DATE",
        help="the version in force on this day, such as 2026-06-01 (default: today)",
    )
    parser.add_argument(
        "--map",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="a data map instead of the company's own",
    )
    parser.add_argument(
        "--prefix", default="bloesem_", help="what the cluster's roles begin with (default: bloesem_)"
    )


def add_store(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--store",
        metavar="URL",
        help=f"{what}: postgresql://user@host/database, or `{HERE}`: the one that `bloesem up` uses",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs instead of people")


def day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no date; write it as 2026-06-01") from None


def today() -> dt.date:
    """The civil date in Brussels: commands are where the real clock is read, and nowhere deeper."""
    from bloesem.plan.dates import civil

    return civil(dt.datetime.now(dt.UTC))


def home(arguments: argparse.Namespace) -> Path:
    """The company's directory: as said, as BLOESEM_COMPANY says, or the one of this repository."""
    return arguments.company or Path(os.environ.get("BLOESEM_COMPANY") or COMPANY)


def load(arguments: argparse.Namespace) -> Loaded:
    """The company, policy, maps and plan that the options name."""
    from bloesem import company

    return company.load(
        home(arguments), on=arguments.on or today(), prefix=arguments.prefix, maps=arguments.map
    )


def version_of(path: Path) -> tuple[Path, dt.date | None]:
    """in: a company's directory, a version's directory or its policy.yaml. out: the company's directory, and the
    version's date when one version was named."""
    from bloesem.policy.company import COMPANY_FILE

    start = path.parent if path.is_file() else path
    if not path.exists():
        raise PolicyError(
            f"{path}: no such file or directory", "a policy is read from files", "name one that exists"
        )
    for folder in (start, *start.resolve().parents):
        if (folder / COMPANY_FILE).exists():
            one = (start / "policy.yaml").exists()
            try:
                return folder, dt.date.fromisoformat(start.resolve().name) if one else None
            except ValueError:
                raise PolicyError(
                    f"{start}: a version's directory is named by its date",
                    "P-173",
                    "rename it, such as 2024-03-18",
                ) from None
    raise PolicyError(
        f"{path}: neither it nor a directory above holds {COMPANY_FILE}",
        "a company's directory says where its policy, record, law and maps are",
        f"name a directory with {COMPANY_FILE}; company/minimal shows the smallest one",
    )


@contextmanager
def store(url: str, oldest: int | None = None) -> Iterator[Connection]:
    """A connection as administrator, each statement its own transaction. `here`: what `bloesem up` uses.

    `oldest`: the oldest server that will do, where nothing is installed on it.
    """
    from bloesem.stores.dsn import Dsn, dsn_from
    from bloesem.stores.postgres import admin_dsn, connect

    if url != HERE:
        with connect(Dsn.parse(url), autocommit=True, application="bloesem", oldest=oldest) as connection:
            yield connection
        return
    with admin_dsn() as dsn:
        own = dsn if dsn_from(os.environ) else dsn.to(EMBEDDED_DATABASE)
        with connect(own, autocommit=True, application="bloesem") as connection:
            yield connection


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(rows: Sequence[Sequence[str]], head: Sequence[str], *, widest: int | None = None) -> str:
    """Columns beside each other; the last one is cut at the terminal's edge."""
    all_ = [list(head), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in all_) for i in range(len(head))]
    room = widest or max(60, shutil.get_terminal_size((120, 40)).columns)
    left = sum(widths[:-1]) + 2 * (len(widths) - 1)
    widths[-1] = max(12, min(widths[-1], room - left))
    lines = []
    for row in all_:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        lines.append("  ".join([*cells, short(row[-1], widths[-1])]).rstrip())
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)


def short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)].rstrip() + "…"
