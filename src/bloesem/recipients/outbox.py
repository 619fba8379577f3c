"""A directory of exports in which nothing half-made is ever found: complete and recorded, or not there.

An export is made in a hidden directory, whole, and on disk; then its disclosure is committed; then the directory gets its
name. Whoever dies in between leaves a hidden directory, of which the database says whether it was committed: `settle`.
"""

from __future__ import annotations

import base64
import csv
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
_PART = ".part-"
_LOCK = ".lock"


@contextmanager
def begun(directory: Path, nonce: str) -> Iterator[Path]:
    """A hidden directory that is this process's while the block lasts: nobody settles it meanwhile."""
    directory.mkdir(parents=True, exist_ok=True)
    part = directory / f"{_PART}{nonce}"
    part.mkdir(mode=0o700)
    descriptor = os.open(directory / f"{_LOCK}-{nonce}", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield part
    finally:
        os.close(descriptor)
        if not part.exists():
            (directory / f"{_LOCK}-{nonce}").unlink(missing_ok=True)


def drop(part: Path) -> None:
    """What nobody was told of goes, whole."""
    shutil.rmtree(part, ignore_errors=True)


def name(part: Path, final: str) -> Path:
    """The hidden directory gets its name; on disk when this returns."""
    target = part.parent / final
    part.rename(target)
    _sync(part.parent)
    return target


def settle(directory: Path, committed: Callable[[bytes], str | None]) -> list[Path]:
    """What an earlier process left: named where its disclosure was committed, gone where it was not.

    in: `committed`, from the hash of a manifest to the final name, or None. out: what got its name now.
    """
    named = []
    for part in sorted(directory.glob(f"{_PART}*")) if directory.is_dir() else []:
        lock = directory / f"{_LOCK}-{part.name.removeprefix(_PART)}"
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # somebody is making it
        else:
            manifest = part / MANIFEST
            final = committed(hashlib.sha256(manifest.read_bytes()).digest()) if manifest.is_file() else None
            if final is None:
                drop(part)
            else:
                named.append(name(part, final))
            lock.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
    return named


# ---- files ---------------------------------------------------------------------------------------------------------


def write_rows(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]], form: str) -> tuple[str, int]:
    """Writes a table as CSV or JSON. out: the SHA-256 of the file, in hexadecimal, and how many rows it has."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        if form == "csv":
            writer = csv.writer(file)
            writer.writerow(head)
            for row in rows:
                writer.writerow(["" if value is None else _plain(value) for value in row])
                count += 1
        else:
            file.write("[")
            for row in rows:
                file.write(",\n" if count else "\n")
                said = dict(zip(head, row, strict=True))
                json.dump(said, file, ensure_ascii=False, default=_plain)
                count += 1
            file.write("\n]\n")
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(path.read_bytes()).hexdigest(), count


def write_manifest(part: Path, said: dict[str, Any]) -> bytes:
    """Writes the manifest last. out: its SHA-256."""
    text = json.dumps(said, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    path = part / MANIFEST
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _sync(part)
    _sync(part.parent)
    return hashlib.sha256(text.encode()).digest()


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return _said(bytes(value))
    return value if isinstance(value, str | int | float | bool) else str(value)


def _said(value: bytes) -> str:
    """Text where the bytes are text, and base64 of any others: what is here reads them without knowing us."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ["MANIFEST", "begun", "drop", "name", "settle", "write_manifest", "write_rows"]
