"""The versions of a company's notice, read from its files, and read again as soon as a file or the day changes.

Nothing here lives as long as the process: what is in force is decided by the day and by what stands in the files now, so
that a version shows on the day on which it begins, and an announced one as soon as it is written.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from bloesem.company import PREFIX, company_of_process, load
from bloesem.console import load as pages
from bloesem.console.company import Company
from bloesem.errors import BloesemError
from bloesem.notice import proofs
from bloesem.notice.build import build
from bloesem.notice.chapters import Sources
from bloesem.notice.model import Notice, Table
from bloesem.notice.text import Text, read_text
from bloesem.policy.company import Company as Loaded
from bloesem.policy.model import Policy
from bloesem.promises import PROMISES_FILE, Promise, load_promises

_log = logging.getLogger(__name__)

#: Notices that are kept ready: a few versions in four languages.
_READY = 24

Stamp = tuple[tuple[str, int, int], ...]


@dataclass
class Shelf:
    """A company's notices. `home`: its directory; `prefix`: of the roles of its database; `tests`: where they stand."""

    home: Path
    prefix: str = PREFIX
    tests: Path = proofs.TESTS
    _lock: Lock = field(default_factory=Lock, repr=False)
    _stamp: Stamp = ()
    _run: Stamp = ()
    _loaded: Loaded | None = None
    _made: OrderedDict[tuple[object, ...], object] = field(default_factory=OrderedDict, repr=False)

    def company(self) -> Loaded:
        """The company as its files say now; while they are wrong, as they last were right.

        Raises what `load_company` raises where they never were right.
        """
        with self._lock:
            stamp = _stamp(self.home)
            if self._loaded is None or stamp != self._stamp:
                self._loaded, self._stamp = self._read(), stamp
            run = _stamp_of([proofs.last_run()])
            if run != self._run:
                self._run = run
                self._made.clear()
            return self._loaded

    def _read(self) -> Loaded:
        try:
            found = company_of_process(self.home)
        except BloesemError as error:
            if self._loaded is None:
                raise
            _log.error("the notice stays as it was: %s", error)
            return self._loaded
        self._made.clear()
        return found

    def in_force(self, today: dt.date) -> Policy:
        """The version in force on a civil day. Raises `PolicyError` where none is."""
        return self.company().in_force(today)

    def version(self, day: dt.date) -> Policy | None:
        """The version of that date; None where there is none."""
        return next((one for one in self.company().versions if one.version == day), None)

    def notice(self, version: dt.date, language: str, today: dt.date) -> Notice:
        """A version's notice as it is to be read on a civil day. Raises KeyError for a version that there is not."""
        self.company()
        key = ("notice", version, language, today)
        found = self._made.get(key)
        if not isinstance(found, Notice):
            found = self._keep(key, self._build(version, language, today))
        assert isinstance(found, Notice)
        return found

    def text(self, version: dt.date) -> Text | None:
        """A version's text, in all its languages. Raises KeyError for a version that there is not."""
        loaded = self.company()
        key = ("text", version)
        if key not in self._made:
            policy = _policy(loaded, version)
            self._keep(key, read_text(_folder(loaded, version), policy, self._promises(loaded, version)))
        found = self._made[key]
        return found if isinstance(found, Text) else None

    def table(self, version: dt.date, today: dt.date) -> Table:
        """Every promise of a version, with its proof."""
        loaded = self.company()
        key = ("table", version, today)
        found = self._made.get(key)
        if not isinstance(found, Table):
            listed = self._promises(loaded, version)
            found = self._keep(key, proofs.table(listed, loaded, version, today, self.tests))
        assert isinstance(found, Table)
        return found

    def rendered(self, key: tuple[object, ...], make: object) -> object:
        """What was made of a notice, kept as long as the notice is. `make`: called where it is not there yet."""
        self.company()
        whole = ("rendered", *key)
        if whole not in self._made:
            assert callable(make)
            self._keep(whole, make())
        return self._made[whole]

    def sources(self, version: dt.date, language: str, today: dt.date) -> Sources:
        """What a version's chapters are made of, and its words for things."""
        loaded = self.company()
        policy = _policy(loaded, version)
        ends = loaded.ends(policy, today)
        day = version if version > today else min(today, ends) if ends else today
        key = ("company", version, day)
        shown = self._made.get(key)
        if not isinstance(shown, Company):
            compiled = load(self.home, on=day, prefix=self.prefix, company=replace(loaded, standing=version))
            shown = Company(
                compiled.plan,
                compiled.policy,
                cookies=pages.cookies(self.home / pages.COOKIES, compiled.plan),
                loaded=loaded,
            )
            self._keep(key, shown)
        assert isinstance(shown, Company)
        return Sources(shown, loaded, day, language)

    def _build(self, version: dt.date, language: str, today: dt.date) -> Notice:
        loaded = self.company()
        it = self.sources(version, language, today)
        made = build(it, self.text(version), self.table(version, today), loaded.ends(it.policy, today))
        state = made.state if loaded.begun(it.policy, today) else "to-come"
        ended = made.ends is not None and made.ends < today
        return replace(made, today=today, state="past" if ended else state)

    def _promises(self, loaded: Loaded, version: dt.date) -> tuple[Promise, ...]:
        folder = _folder(loaded, version)
        return load_promises(folder) if (folder / PROMISES_FILE).exists() else ()

    def _keep(self, key: tuple[object, ...], made: object) -> object:
        self._made[key] = made
        while len(self._made) > _READY * 4:
            self._made.popitem(last=False)
        return made


def _policy(loaded: Loaded, version: dt.date) -> Policy:
    for one in loaded.versions:
        if one.version == version:
            return one
    raise KeyError(version)


def _folder(loaded: Loaded, version: dt.date) -> Path:
    return loaded.policies / version.isoformat()


def _stamp(home: Path) -> Stamp:
    """When each of the company's files changed last, and how long it is: some forty of them, in well under 1 ms."""
    return _stamp_of(_files(home))


def _files(folder: Path) -> Iterator[Path]:
    for here, below, names in os.walk(folder):
        below.sort()
        yield from (Path(here, name) for name in sorted(names) if name.endswith((".yaml", ".txt")))


def _stamp_of(files: Iterator[Path] | list[Path]) -> Stamp:
    found = []
    for file in files:
        try:
            said = file.stat()
        except OSError:
            continue
        found.append((str(file), said.st_mtime_ns, said.st_size))
    return tuple(found)


__all__ = ["Shelf"]
