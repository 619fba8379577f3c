"""Versions of the policy as the officer sees them: what differs by meaning, what the linter says, what a version would do,
who was told, and which step may be taken now. Pure: what the database says is given (`publication_board`).

A step that may not be taken says why, in words; one that a page may not take at all names its command.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from bloesem.console import language as words
from bloesem.console.company import Company, said
from bloesem.console.language import say
from bloesem.errors import PolicyError
from bloesem.policy.company import Company as Loaded
from bloesem.policy.diff import Change
from bloesem.policy.lint import LintFinding
from bloesem.policy.model import Policy
from bloesem.publishing.errors import PublishingError
from bloesem.publishing.steps import Told
from bloesem.publishing.version import Version, version_of
from bloesem.publishing.weighing import FACTORS

#: The longest reason, and the longest address, that a form takes.
LONGEST, LONGEST_URL = 2000, 300


@dataclass(frozen=True)
class Board:
    """What the database has of publishing: per version its row and its dry run, what was asked, newest first, which
    version is installed, and which are being written (by whom last, and when)."""

    installed: dt.date | None
    publications: Mapping[dt.date, Mapping[str, Any]] = field(hash=False)
    drafts: Mapping[dt.date, Mapping[str, Any]] = field(hash=False)
    wishes: Sequence[Mapping[str, Any]] = field(hash=False)
    papers: Mapping[dt.date, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Board:
        """in: what `publication_board` answers."""
        by = {
            name: {dt.date.fromisoformat(one["version"]): _timed(one) for one in told[name]}
            for name in ("publications", "drafts", "papers")
        }
        wishes = [{**_timed(one), "version": dt.date.fromisoformat(one["version"])} for one in told["wishes"]]
        installed = told["in_force"]
        return cls(
            dt.date.fromisoformat(installed) if installed else None,
            by["publications"],
            by["drafts"],
            wishes,
            by["papers"],
        )

    def asked(self, version: dt.date) -> list[Mapping[str, Any]]:
        return [one for one in self.wishes if one["version"] == version]


def _timed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same, its moments as such."""
    moments = ("decided_at", "announced_at", "activated_at", "at", "asked_at", "ended_at", "saved_at")
    return {k: dt.datetime.fromisoformat(v) if v and k in moments else v for k, v in row.items()}


# ---- how far a version is ----------------------------------------------------------------------------------------------


def state_of(files: Loaded, policy: Policy, board: Board, version: Version | None, today: dt.date) -> str:
    """past, in-force, active (put in force by somebody, on its day), announced, decided, stale (its files changed since it
    was decided about) or written."""
    try:
        now = files.in_force(today).version
    except PolicyError:
        now = None
    if now is not None and policy.version < now:
        return "past"
    known = board.publications.get(policy.version)
    if policy.version == now and (board.installed == now or known is None):
        return "in-force"
    if known is None:
        return "written"
    if known["activated_at"]:
        return "active"
    if version is not None and known["digest"] != version.digest:
        return "stale"
    return "announced" if known["announced_at"] else "decided"


def compared(files: Loaded, policy: Policy) -> Version | None:
    """The version beside the one before it; None for the first, which changes nothing."""
    try:
        return version_of(files, policy.version)
    except PublishingError:
        return None


def listing(
    files: Loaded, board: Board, lints: Mapping[dt.date, Sequence[LintFinding]], today: dt.date, language: str
) -> dict[str, Any]:
    """Every version, the newest first."""
    lines = []
    for policy in reversed(files.versions):
        version = compared(files, policy)
        state = state_of(files, policy, board, version, today)
        found = lints[policy.version]
        lines.append(
            {
                "day": policy.version,
                "key": policy.version.isoformat(),
                "state": state,
                "says": say(f"versions.state.{state}", language),
                "changes": len(version.changes) if version else None,
                "significant": sum(one.significant for one in version.changes) if version else 0,
                "errors": sum(one.severity == "error" for one in found),
                "others": sum(one.severity != "error" for one in found),
            }
        )
    papers = [{"day": day, "key": day.isoformat(), **of} for day, of in board.papers.items()]
    return {"versions": lines, "differs": _differs(files, board, today), "papers": papers}


def _differs(files: Loaded, board: Board, today: dt.date) -> dt.date | None:
    """What the database has in force, where the files say another; None: they agree."""
    try:
        now = files.in_force(today).version
    except PolicyError:
        return board.installed
    return board.installed if board.installed is not None and board.installed != now else None


# ---- one version -------------------------------------------------------------------------------------------------------


def one(
    company: Company,
    files: Loaded,
    policy: Policy,
    board: Board,
    lint: Sequence[LintFinding],
    today: dt.date,
    language: str,
) -> dict[str, Any]:
    version = compared(files, policy)
    state = state_of(files, policy, board, version, today)
    known, asked = board.publications.get(policy.version), board.asked(policy.version)
    stands = next((it for it in asked if "stands" in it["said"]), None)
    errors = [it for it in lint if it.severity == "error"]
    coming = state not in ("past", "in-force", "active")
    return {
        "day": policy.version,
        "title": say(
            "versions.called",
            language,
            day=words.day(policy.version, language).replace(" ", "\N{NO-BREAK SPACE}"),
        ),
        "key": policy.version.isoformat(),
        "state": state,
        "says": say(f"versions.state.{state}", language),
        "before": version.old.version if version else None,
        "changes": grouped(version.changes, language) if version else [],
        "significant": sum(it.significant for it in version.changes) if version else 0,
        "counts": [(name, sum(it.severity == name for it in lint)) for name in ("error", "warning", "info")],
        "publication": known,
        "notice": _notice(version),
        "draft": _draft(company, files, policy, board.drafts.get(policy.version), version, language),
        "stands": stands,
        "outdated": bool(stands and version and stands["said"]["stands"]["digest"] != version.digest),
        "told": _told(stands),
        "waiting": [it for it in asked if it["state"] == "waiting"],
        "last": next(
            ({**it, "saying": f"versions.did.{it['act']}"} for it in asked if it["state"] != "waiting"), None
        ),
        "coming": coming,
        "decide": _decide(version, known, coming, errors, language),
        "announce": _announce(version, known, coming, today, language),
        "count": {"may": coming and version is not None},
        "activate": _activate(version, known, coming, today, language),
    }


def grouped(every: Sequence[Change], language: str) -> list[dict[str, Any]]:
    """By kind, what is significant first."""
    kinds: dict[str, list[Change]] = defaultdict(list)
    for change in every:
        kinds[change.kind].append(change)
    found = [
        {
            "kind": say(f"versions.kind.{kind}", language),
            "significant": any(it.significant for it in changes),
            "lines": [
                {"words": it.words[language], "significant": it.significant, "rule": it.why[language]}
                for it in sorted(changes, key=lambda it: not it.significant)
            ],
        }
        for kind, changes in kinds.items()
    ]
    return sorted(found, key=lambda it: not it["significant"])


def _notice(version: Version | None) -> dict[str, Any] | None:
    """How long before people are told, and the last day for it; None where the record does not say."""
    if version is None:
        return None
    try:
        return {"period": version.notice(), "last": version.last_day_of_notice()}
    except PublishingError:
        return None


def _told(stands: Mapping[str, Any] | None) -> list[tuple[str, int]]:
    """How many of those concerned, by what became of their message."""
    told = stands["said"]["stands"]["told"] if stands else None
    return [(f"versions.told.{one.name}", told[one.name]) for one in fields(Told)] if told else []


def _draft(
    company: Company,
    files: Loaded,
    policy: Policy,
    found: Mapping[str, Any] | None,
    version: Version | None,
    language: str,
) -> dict[str, Any] | None:
    """What the version would do, per purpose: people and rows that it reads now, and would. `stale`: of other files."""
    if found is None:
        return None
    counted = found["counted"]
    uses: dict[str, dict[str, list[int]]] = defaultdict(lambda: {"people": [0, 0], "rows": [0, 0]})
    for use in counted["uses"]:
        of = uses[use["purpose"]]["people" if use["of"] == "people" else "rows"]
        of[0] += use["before"]
        of[1] += use["after"]
    lines: list[dict[str, Any]] = [
        {
            "label": _part(company, files, policy, key, language),
            "people": counts["people"],
            "rows": counts["rows"],
            "more": counts["rows"][1] > counts["rows"][0],
        }
        for key, counts in uses.items()
    ]
    most = max((n for it in lines for n in it["rows"]), default=0)
    for it in lines:
        it["shares"] = [round(100 * n / most, 2) if most else 0 for n in it["rows"]]
    return {
        "at": found["at"],
        "stale": version is not None and found["digest"] != version.digest,
        "people": counted["people"],
        "lines": sorted(lines, key=lambda it: it["rows"][1] - it["rows"][0]),
        "gone": sorted(counted["gone"].items(), key=lambda it: -it[1]),
        "erased": sorted(counted["erased"].items(), key=lambda it: -it[1]),
        "due": sum(counted["gone"].values()),
        "values": sum(counted["erased"].values()),
    }


def _part(company: Company, files: Loaded, policy: Policy, key: str, language: str) -> str:
    """What either version calls a part."""
    for one_of in (policy, *reversed(files.versions)):
        for row in one_of.purposes.values():
            if key in row.parts and row.parts[key].label:
                return said(row.parts[key].label, language)
    return company.part(key, language)


# ---- what may be done --------------------------------------------------------------------------------------------------


def _decide(
    version: Version | None,
    known: Mapping[str, Any] | None,
    coming: bool,
    errors: list[LintFinding],
    language: str,
) -> dict[str, Any]:
    """The form, or why there is none. `forced`: differences that make it significant, whatever anybody thinks."""
    why = _never(version, known, coming, language)
    if not why and errors:
        why.append(say("versions.no.errors", language, n=words.number(len(errors), language)))
    forced = bool(version and version.significant)
    further = version.further() if version is not None and not why else ()
    before = known["weighed"] if known is not None else {}
    weigh = [
        {
            "part": one.part,
            "label": one.name[language],
            "categories": [said[language] for said in one.categories.values()],
            "factors": [
                {
                    "name": f"{one.part}-{factor}",
                    "label": say(f"versions.weigh.{factor}", language),
                    "said": before.get(one.part, {}).get(factor, ""),
                }
                for factor in FACTORS
            ],
        }
        for one in further
    ]
    return {"may": not why, "why": why, "forced": forced, "again": known is not None, "weigh": weigh}


def _announce(
    version: Version | None, known: Mapping[str, Any] | None, coming: bool, today: dt.date, language: str
) -> dict[str, Any]:
    why = _never(version, known, coming, language)
    if not why and version is not None:
        if known is None or known["digest"] != version.digest:
            why.append(say("versions.no.undecided", language))
        elif not known["significant"]:
            why.append(say("versions.no.insignificant", language))
        elif version.company.messages is None:
            why.append(say("versions.no.door", language))
        elif not known["announced_at"]:
            told = _notice(version)
            if told is None:
                why.append(say("versions.no.period", language))
            elif today > told["last"]:
                why.append(say("versions.no.late", language, day=words.day(told["last"], language)))
    return {"may": not why, "why": why, "again": bool(known and known["announced_at"])}


def _activate(
    version: Version | None, known: Mapping[str, Any] | None, coming: bool, today: dt.date, language: str
) -> dict[str, Any]:
    """What the page knows to be in the way; whoever puts it in force looks at everything again (`steps.blocks`)."""
    why = _never(version, known, coming, language)
    if not why and version is not None:
        if known is None or known["digest"] != version.digest:
            why.append(say("versions.no.undecided", language))
        elif known["significant"] and not known["announced_at"]:
            why.append(say("versions.no.untold", language))
        if today < version.new.version:
            why.append(say("versions.no.day", language, day=words.day(version.new.version, language)))
    return {"may": not why, "why": why}


def _never(
    version: Version | None, known: Mapping[str, Any] | None, coming: bool, language: str
) -> list[str]:
    if version is None:
        return [say("versions.no.first", language)]
    if known is not None and known["activated_at"]:
        return [say("versions.no.active", language)]
    return [] if coming else [say("versions.no.over", language)]


__all__ = ["LONGEST", "LONGEST_URL", "Board", "compared", "grouped", "listing", "one", "state_of"]
