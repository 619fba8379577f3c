"""A folder in which a mail server leaves what came back: a maildir, or a file per mail. Each mail is read once.

What `inbound` believed goes; the rest is left to whoever reads the mailbox: in `cur` of a maildir, in `read` of a folder. A
mail that was read when the process died is read again, which changes nothing: what it says is done once.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from bloesem.consent.links import LinkKeys
from bloesem.consent.rules import Rules
from bloesem.sending.inbound import receive
from bloesem.stores.postgres import Connection

#: What settled a mail: nobody has to read it any more.
SETTLED = ("bounce", "delayed", "automatic", "unsubscribe")
#: A larger one is no report of a mail server and no click: it is left unread.
LARGEST = 5_000_000
MOST = 200
_log = logging.getLogger(__name__)


def read(connection: Connection, rules: Rules, links: LinkKeys, folder: Path) -> Mapping[str, int]:
    """in: as keeper. out: how many mails of each kind; nothing where there is no such folder."""
    seen: Counter[str] = Counter()
    for file, over in _waiting(folder):
        try:
            raw = file.read_bytes() if file.stat().st_size <= LARGEST else None
        except OSError as fault:
            _log.warning("a mail cannot be read: %s", fault.strerror)
            continue
        kind = receive(connection, rules, links, raw).kind if raw is not None else "other"
        if kind in SETTLED:
            file.unlink(missing_ok=True)
        else:
            over.mkdir(mode=0o700, exist_ok=True)
            file.rename(over / (file.name + (":2," if over.name == "cur" else "")))
        seen[kind] += 1
    return seen


def _waiting(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Each mail that is there whole, with the place of what is left to people. A name with a dot first is being written."""
    new = folder / "new"
    home, over = (new, folder / "cur") if new.is_dir() else (folder, folder / "read")
    if not home.is_dir():
        return
    found = sorted(one for one in home.iterdir() if one.is_file() and not one.name.startswith("."))
    for file in found[:MOST]:
        yield file, over
