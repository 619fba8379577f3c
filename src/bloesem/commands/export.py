"""What a person may take along (art. 20), from the database that `bloesem up` uses or from one of any design: what they
gave or what was observed of them, held on consent or on a contract. JSON on the output; with --csv also a file per table."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

from bloesem.commands import people, shared

EXAMPLES = f"""\
examples:
  bloesem export --person email=ann@mail.example --csv ann/  from the database that `bloesem up` uses
  bloesem export --store postgresql://me@db.example/shop --map map.yaml --person email=a@b.example --json > ann.json
  bloesem export … --csv ann/                                a file per table, and what its columns hold

{people.EXIT}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser)
    parser.add_argument(
        "--csv",
        type=shared.path,
        metavar="DIR",
        help="write a CSV file per table there, for nobody else to read",
    )


def run(arguments: argparse.Namespace) -> int:
    with people.case(arguments) as case:
        found = case.desk.portable(case.wanted)
    if arguments.csv:
        _write(arguments.csv, found)
    if arguments.json:
        shared.print_json(found)
        return 0
    for name, rows in found["tables"].items():
        print(f"{name}: {len(rows):,} rows, {', '.join(found['columns'][name])}")
    for name, columns in found["left_out"].items():
        for column, reason in columns.items():
            print(f"not taken along: {name}.{column}: {reason}")
    print(f"written to {arguments.csv}" if arguments.csv else "--json or --csv DIR gives the data")
    return 0


def _write(folder: Path, found: dict[str, Any]) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, rows in found["tables"].items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            file = folder / f"{name}.csv"
            file.touch(mode=0o600)
            with file.open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, columns)
                writer.writeheader()
                writer.writerows({c: _cell(v) for c, v in row.items()} for row in rows)
        about = folder / "columns.json"
        about.touch(mode=0o600)
        about.write_text(
            json.dumps({k: found[k] for k in ("columns", "left_out")}, indent=2, ensure_ascii=False), "utf-8"
        )
    except OSError as fault:
        raise shared.UsageError(
            f"{folder} cannot be written: {fault.strerror}", "an export is files", "name another directory"
        ) from None


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value
