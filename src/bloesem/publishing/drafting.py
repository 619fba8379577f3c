"""A version of the policy while it is written: what would be wrong with it, what it changes, and its way among the versions.

A draft is a handful of texts, by the names that a version's files have. It is judged as if it lay among the company's
versions, in a directory of links that goes again; nothing of it is in force, shown or decided about before its files are
written, all at once.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bloesem.company import load
from bloesem.errors import BloesemError
from bloesem.policy.company import BitLine, Company, load_company
from bloesem.policy.diff import Change
from bloesem.policy.lint import LintFinding, lint
from bloesem.policy.lint.reading import notice_of
from bloesem.policy.load import POLICY_FILE
from bloesem.policy.model import Policy
from bloesem.publishing.errors import PublishingError, refusal
from bloesem.publishing.version import digest_of, version_of
from bloesem.source import REMEDY, RULE

NAME = re.compile(r"(policy|sentences|promises|translations)\.yaml|text\.(nl|en|fr|de)\.txt")
#: Of one file, in characters; the worked example's longest has some 140,000.
LONGEST = 1_000_000
Papers = Mapping[str, str]


@dataclass(frozen=True)
class Wrong:
    """Why it could not be a version: what, with file and line where that is known; by which rule; what helps."""

    what: str
    rule: str
    remedy: str


@dataclass(frozen=True)
class Judged:
    """`before`: the version that it follows, none where something is wrong or it would be the first. `bits`: what it needs
    in the registry of bits. `digest`: as its files would have when written."""

    wrong: tuple[Wrong, ...] = ()
    findings: tuple[LintFinding, ...] = ()
    changes: tuple[Change, ...] = ()
    before: dt.date | None = None
    bits: tuple[BitLine, ...] = ()
    digest: str = ""


def started(company: Company, like: Policy, day: dt.date) -> dict[str, str]:
    """The texts of a version that is there, to write one of another day from; the day itself is changed.

    raises: PublishingError for a day on which a version begins already."""
    _free(company, day)
    folder = company.policies / like.version.isoformat()
    texts = {f.name: f.read_text("utf-8") for f in sorted(folder.iterdir()) if NAME.fullmatch(f.name)}
    texts[POLICY_FILE] = re.sub(
        rf"^(version:\s*){like.version}\b", rf"\g<1>{day}", texts[POLICY_FILE], count=1, flags=re.MULTILINE
    )
    return texts


def judge(company: Company, day: dt.date, papers: Papers) -> Judged:
    """What they would be as the version of a civil day: read as strictly as any, compiled, linted and compared.

    in: the company as its files are. out: what is wrong, or all the rest."""
    try:
        _named(papers)
        with _among(company, day, papers) as policies:
            try:
                return _judged(load_company(company.directory, policies=policies), day)
            except BloesemError as no:
                return Judged(_wrong(no, policies))
    except PublishingError as no:
        return Judged((Wrong(no.thing, no.rule, no.remedy),))


def _judged(company: Company, day: dt.date) -> Judged:
    policy = next((one for one in company.versions if one.version == day), None)
    if policy is None:
        raise PublishingError(
            f"{POLICY_FILE} says another version than {day}",
            "P-173: a version is named by the day on which it begins",
            f"write `version: {day}`",
        )
    bits = _bits(company, policy)
    with tempfile.TemporaryDirectory() as folder:
        registry = Path(folder) / "bits.yaml"
        registry.write_text(_with_bits(company.bits_file.read_text("utf-8"), bits), "utf-8")
        load(company.directory, on=day, company=replace(company, bits_file=registry))
    version = version_of(company, day)
    found = lint(notice_of(company, policy, day))
    return Judged((), tuple(found), version.changes, version.old.version, bits, digest_of(company, day))


def write(company: Company, day: dt.date, papers: Papers, today: dt.date) -> Judged:
    """Puts them among the company's versions: all files at once, or none. What needs a bit gets one before, which harms
    nobody when no version follows.

    raises: PublishingError for what is wrong with them, and for a day that is not ahead: what was in force never changes."""
    if day <= today:
        raise refusal("not-ahead", day=day, today=today)
    found = judge(company, day, papers)
    for wrong in found.wrong:
        raise PublishingError(wrong.what, wrong.rule, wrong.remedy)
    if found.bits:
        _put(company.bits_file, _with_bits(company.bits_file.read_text("utf-8"), found.bits))
    folder = company.policies / day.isoformat()
    made = Path(tempfile.mkdtemp(prefix=f".{day}-", dir=company.policies))
    try:
        for name, text in papers.items():
            _put(made / name, text)
        made.chmod(0o755)
        old = company.policies / f"{made.name}-old"
        if folder.exists():
            folder.rename(old)
        made.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return found


# ---- inside ------------------------------------------------------------------------------------------------------------


def _named(papers: Papers) -> None:
    for name, text in papers.items():
        if not NAME.fullmatch(name) or len(text) > LONGEST or "\0" in text:
            raise PublishingError(
                f"a version has no file `{name[:40]}` like this",
                "P-173: a version is its policy, its text and what holds them together",
                f"policy.yaml, sentences.yaml, promises.yaml, translations.yaml, text.nl.txt; at most {LONGEST} signs",
            )
    if POLICY_FILE not in papers:
        raise PublishingError(f"there is no {POLICY_FILE}", "P-173", "every version has one")


def _free(company: Company, day: dt.date) -> None:
    if any(one.version == day for one in company.versions):
        raise PublishingError(
            f"the version of {day} is there already",
            "P-173: one version begins on a day",
            "take another day",
        )


@contextlib.contextmanager
def _among(company: Company, day: dt.date, papers: Papers) -> Iterator[Path]:
    """A directory of the company's versions, by links, and of these texts; gone afterwards."""
    with tempfile.TemporaryDirectory() as made:
        for folder in company.policies.iterdir():
            if folder.is_dir() and folder.name != day.isoformat() and not folder.name.startswith("."):
                (Path(made) / folder.name).symlink_to(folder.absolute())
        here = Path(made) / day.isoformat()
        here.mkdir()
        for name, text in papers.items():
            (here / name).write_text(text, "utf-8")
        yield Path(made)


def _wrong(no: BloesemError, policies: Path) -> tuple[Wrong, ...]:
    """One per problem that a loader lists, or line of what it says, without the directory that nobody knows."""
    listed = [
        (f"{it.path}:{it.line}: {it.key}: {it.message}", it.rule or RULE, it.remedy or REMEDY)
        for it in no.problems
    ] or [(line, no.rule, no.remedy) for line in no.thing.split("\n")]
    return tuple(Wrong(what.replace(f"{policies}/", ""), *rest) for what, *rest in listed)


def _bits(company: Company, policy: Policy) -> tuple[BitLine, ...]:
    known = company.bits()
    keys, numbers = {line.key for line in known}, {line.number for line in known}
    free = iter(n for n in range(60) if n not in numbers)
    new = [key for row in policy.purposes.values() for key in row.parts if key not in keys]
    return tuple(BitLine(number=next(free, 60), key=key, first=policy.version) for key in new)


def _with_bits(text: str, bits: tuple[BitLine, ...]) -> str:
    lines = [f'  - {{number: {it.number}, key: "{it.key}", first: {it.first}}}' for it in bits]
    return "\n".join([text.rstrip("\n"), *lines, ""])


def _put(file: Path, text: str) -> None:
    """The whole file or the one before it, whatever happens meanwhile."""
    handle, name = tempfile.mkstemp(prefix=".", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(name).chmod(0o644)
        Path(name).rename(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


__all__ = ["LONGEST", "NAME", "Judged", "Papers", "Wrong", "judge", "started", "write"]
