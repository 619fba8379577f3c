"""Keys in a file, outside every database: each line its number and 32 random bytes in hexadecimal; 0600.

The last key is in use; earlier ones stay, so that what was recorded under them is still found. Such a file belongs in a
backup of its own, never in the database's.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from bloesem.errors import GateError
from bloesem.gate.secrets import KEY_BYTES


def at(file: Path) -> list[tuple[int, bytes]]:
    """Those on disk, in order, made on the first call. raises: GateError when the file is damaged or open to others."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(file, f"1 {secrets.token_hex(KEY_BYTES)}\n")
    return _read(file)


def rotate(file: Path) -> list[tuple[int, bytes]]:
    """A new key for all that is recorded from now on. out, raises: as `at`."""
    before = at(file)
    lines = [f"{number} {secret.hex()}" for number, secret in before]
    lines.append(f"{before[-1][0] + 1} {secrets.token_hex(KEY_BYTES)}")
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    _write(part, "\n".join(lines) + "\n")
    part.replace(file)
    return at(file)


def _create(file: Path, text: str) -> None:
    """Whole, by whoever comes first: two processes that start together end up with one file."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    _write(part, text)
    try:
        os.link(part, file)
    except FileExistsError:
        pass
    finally:
        part.unlink()


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _read(file: Path) -> list[tuple[int, bytes]]:
    try:
        closed = not file.stat().st_mode & 0o077
        lines = file.read_text().split("\n")
    except OSError as error:
        raise GateError(
            f"{file} cannot be read: {error.strerror}",
            "only whoever installs Bloesem reads it",
            "run the command as the user who owns it",
        ) from error
    if not closed:
        raise GateError(f"{file} is open to other users", "keys are 0600", f"chmod 600 {file}")
    try:
        found = [
            (int(number), bytes.fromhex(secret)) for number, secret in (x.split(" ") for x in lines if x)
        ]
    except ValueError:
        found = []
    if not found or any(len(secret) != KEY_BYTES for _, secret in found):
        raise GateError(
            f"{file} is damaged", "each line is a number and 32 bytes", "restore it from its backup"
        )
    return sorted(found)
