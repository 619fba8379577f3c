"""What PostgreSQL's programs say when something is in the way, turned into an error with a remedy."""

from __future__ import annotations

from pathlib import Path

from bloesem.errors import StoreError

_KNOWN: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("No space left on device", "Disk quota exceeded"),
        "the disk is full",
        "free some space on the disk of {dir}, or choose another data directory",
    ),
    (
        ("Permission denied", "Operation not permitted", "has wrong ownership", "has invalid permissions"),
        "no permission",
        "see that {dir} and all in it belong to {user} and that its folders can be entered",
    ),
    (("Read-only file system",), "the disk is read-only", "choose a data directory on a writable disk"),
    (
        (
            "could not locate a valid checkpoint record",
            "could not locate required checkpoint record",
            "invalid checkpoint record",
            "not a valid data directory",
            "incorrect checksum in control file",
            "could not open file",
            "could not read file",
            "database files are incompatible",
            "invalid data in file",
            "is not a database cluster directory",
            "contains invalid data",
            "PANIC:",
        ),
        "the data directory is damaged or incomplete",
        "restore {dir} from a backup; do not delete files in it by hand",
    ),
    (
        ("pre-existing shared memory block", "another server might be running"),
        "processes of an earlier server still use it",
        "end the postgres processes of {dir}, then start again",
    ),
    (
        ("could not create shared memory segment", "Cannot allocate memory", "could not map anonymous"),
        "there is not enough memory",
        "free about 1 GB of memory",
    ),
)


def explain(act: str, data_dir: Path, said: str, user: str) -> StoreError:
    """in: what was tried (start, stop, make), the data directory, all output, the server's user.

    out: the error that names the cause when it is a known one, and quotes the last lines otherwise.
    """
    for signs, cause, remedy in _KNOWN:
        if any(sign in said for sign in signs):
            return StoreError(
                f"cannot {act} the embedded PostgreSQL in {data_dir}: {cause}",
                rule=f"PostgreSQL said: {_telling_line(said, signs)}",
                remedy=remedy.format(dir=data_dir, user=user or "its user"),
            )
    last = " | ".join(line.strip() for line in said.strip().splitlines()[-3:]) or "nothing"
    return StoreError(
        f"cannot {act} the embedded PostgreSQL in {data_dir}",
        rule=f"PostgreSQL said: {last}",
        remedy=f"see {data_dir / 'server.log'}",
    )


def _telling_line(said: str, signs: tuple[str, ...]) -> str:
    return next(line.strip() for line in said.splitlines() if any(sign in line for sign in signs))
