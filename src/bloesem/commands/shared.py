"""What commands have in common: which company, which day, which database; tables for people, JSON for programs."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.errors import PolicyError, StoreError
from bloesem.errors import UsageError as UsageError

if TYPE_CHECKING:
    from bloesem.company import Loaded
    from bloesem.stores.dsn import Dsn
    from bloesem.stores.postgres import Connection

COMPANY = Path("company/blossom")
HERE = "here"
#: What a command that was stopped says where it committed nothing.
UNCHANGED = "nothing was changed"
#: The database that `bloesem up` makes on the embedded server.
EMBEDDED_DATABASE = "bloesem"


def add_company(parser: argparse.ArgumentParser) -> None:
    """`--company`, `--on`, `--map`, `--prefix`."""
    add_home(parser)
    parser.add_argument(
        "--on",
        type=day,
        metavar="DATE",
        help="the version in force on this day, such as 2026-06-01 (default: today)",
    )
    parser.add_argument(
        "--map",
        type=path,
        action="append",
        default=[],
        metavar="PATH",
        help="a data map instead of the company's own",
    )
    add_prefix(parser)


def add_home(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--company",
        type=path,
        metavar="DIR",
        help=f"the directory that holds bloesem.yaml (default: BLOESEM_COMPANY, or {COMPANY})",
    )


def add_prefix(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prefix",
        type=prefix,
        default="bloesem_",
        metavar="NAME_",
        help="what the cluster's roles begin with (default: bloesem_)",
    )


def add_store(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--store",
        type=store_url,
        metavar="URL",
        help=f"{what}: postgresql://user@host/database, or `{HERE}`: the one that `bloesem up` uses",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs instead of people")


#: The password of a URL (which has one slash less when it was taken for a file), and as a word of libpq's.
_SECRETS = (
    (re.compile(r"(\w[\w+.-]*:/+[^\s:/@]*:)(?:\S*|[^\n/]*?)@"), r"\1***@"),
    (re.compile(r"(\w*password\s*=\s*)(?:'(?:[^'\\]|\\.)*'?|[^\s&]+)", re.IGNORECASE), r"\1***"),
)
_CONNECTION = re.compile(
    r"\s*(?:postgres(?:ql)?:/|(?:\w+\s*=.*\s)?(?:host|hostaddr|dbname|user|password)\s*=)"
)


def hidden(text: str) -> str:
    """The text without the passwords of connection strings in it."""
    for secret, shown in _SECRETS:
        text = secret.sub(shown, text)
    return text


def path(text: str) -> Path:
    """raises: UsageError for a connection string, which is no file's name and may hold a password."""
    if _CONNECTION.match(text) and not Path(text).exists():
        raise UsageError(
            "a connection string stands where a file is expected",
            "a policy, a map and a list of people are files",
            "a connection string belongs to --store (of discover: at the end); name the file here",
        )
    return Path(text)


def day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no date; write it as 2026-06-01") from None


def prefix(text: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,29}", text):
        raise argparse.ArgumentTypeError(
            f"`{text}` begins no role's name; write up to 30 small letters, digits and _, such as bloesem_"
        )
    return text


def store_url(text: str) -> str:
    """raises: StoreError for what is neither a database's URL nor `here`, before anything is read or asked."""
    from bloesem.stores.dsn import Dsn

    if text != HERE:
        Dsn.parse(text)
    return text


def whole(least: int, most: int) -> Callable[[str], int]:
    """For argparse: a whole number between the two."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"`{text}` is no whole number") from None
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{number} is not between {least} and {most}")
        return number

    return read


def today() -> dt.date:
    """The civil date in Brussels: commands are where the real clock is read, and nowhere deeper."""
    from bloesem.plan.dates import civil

    return civil(dt.datetime.now(dt.UTC))


def home(arguments: argparse.Namespace) -> Path:
    """The company's directory: as said, as BLOESEM_COMPANY says, or the one of this repository."""
    given: Path = arguments.company or Path(os.environ.get("BLOESEM_COMPANY") or COMPANY)
    if not given.is_dir():
        raise PolicyError(
            f"{given}: {'is a file' if given.exists() else 'no such directory'}",
            "a company is a directory that holds bloesem.yaml",
            "name one with --company DIR or BLOESEM_COMPANY",
        )
    return given


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
    raises: StoreError, also for what goes wrong inside because the database is not the one that was meant.
    """
    from bloesem.stores.dsn import Dsn, dsn_from
    from bloesem.stores.postgres import admin_dsn, connect

    with ExitStack() as stack:
        if url != HERE:
            address = Dsn.parse(url)
        else:
            admin = stack.enter_context(admin_dsn())
            address = admin if dsn_from(os.environ) else admin.to(EMBEDDED_DATABASE)
        connection = stack.enter_context(
            connect(address, autocommit=True, application="bloesem", oldest=oldest)
        )
        with _of_another_database(address):
            yield connection


def address_of(url: str, connection: Connection) -> Dsn:
    """The address by which acts know a database that `store` opened."""
    from bloesem.stores.dsn import Dsn

    info = connection.info
    return Dsn.parse(url) if url != HERE else Dsn(info.host, info.dbname, port=info.port)


@contextmanager
def _of_another_database(address: Dsn) -> Iterator[None]:
    """What PostgreSQL says when something is not there, not allowed, or gone; its words name objects, never values."""
    import psycopg

    try:
        yield
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.UndefinedFunction,
        psycopg.errors.InvalidSchemaName,
    ) as fault:
        raise StoreError(
            f"the database at {address} lacks something: {fault.diag.message_primary}",
            "a command works with the tables of the data map and with what the plan put there",
            "name the right database; or put the plan in force: bloesem plan --apply --store URL",
        ) from fault
    except psycopg.errors.InsufficientPrivilege as fault:
        raise StoreError(
            f"the login {address.user or 'of the system user'} may not do this: {fault.diag.message_primary}",
            "commands work as administrator of the database",
            "name its owner, or a superuser, in the URL",
        ) from fault
    except psycopg.OperationalError as fault:
        raise StoreError(
            f"the database at {address} ended the connection (PostgreSQL {fault.sqlstate or 'gone'})",
            "what is done is whole: each transaction is done or not at all",
            "see that the server runs, then run the command again",
        ) from fault


def print_json(value: Any) -> None:
    """What JSON has no number for is written as PostgreSQL writes it: NaN, Infinity."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


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
