"""What people ask about their data, as the privacy officer's desk has it: listed, shown, taken in, let go on.

The list names nobody. `show` has what the officer's page has (words, where the answer goes, steps), and is written down as a
read of whom the case is about, as a page's is. A case goes on by itself while `bloesem up` runs; dates are civil days in
Brussels.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.cases.desk import CaseDesk, Line

EXAMPLES = """\
examples:
  bloesem cases                                              open cases, the most urgent first
  bloesem cases --overdue --json                             for a program that warns
  bloesem cases --state waiting                              what the officer has to decide
  bloesem cases show 2026-1F2A3B4C --by ann                  its steps, its clock, and what is missing
  bloesem cases take --channel letter --received 2026-11-20 --language nl --asked access
      --address zed@mail.example --words letter.txt          a letter of which the answer goes to that address
  bloesem cases take --channel letter --received 2026-11-20 --asked access --words letter.txt
      --post "Zed Peeters; Kerkstraat 1; 2800 Mechelen"      one that is answered by post
  bloesem cases take --channel oral --received 2026-11-20T16:05 --asked erasure --address zed@mail.example --words -
                                                             what somebody said, typed in until Ctrl-D
  bloesem cases take --channel partner --received 2026-11-18 --asked access --address zed@mail.example --words note.txt
                                                             what an installer was told on the 18th, and passed on later
  bloesem cases means 2026-1F2A3B4C --asked erasure          what a mail of the kind `other` asks; its clock runs as before
  bloesem cases means 2026-1F2A3B4C --asked access --about mandate     and for whom a lawyer's mail asks it
  bloesem cases again 2026-1F2A3B4C --by ann                 what did not work goes on from where it stood

`take` needs --site, or BLOESEM_PORTAL: letters lead to the pages there.
--received is when it was delivered, or first said to anybody of the company: from then the month runs (R-005).

exit code: 0; 1 refused, with rule and remedy, or an open case of the list is late; 2 wrong call; 3 no database
"""
VERBS = ("list", "show", "take", "means", "again")
#: How long ago a letter may have come that is taken in now.
OLDEST = dt.timedelta(days=730)
#: What a case waits for, as `bloesem.cases.desk.missing` names it.
MISSING = {
    "message": "the person wrote more: it stands below, among the steps",
    "days": "its days are not counted yet: the clerk does that while `bloesem up` runs",
    "clock": "the person was asked something, and the clock stands until they answer",
    "who": "who it is: the clerk looks for the address",
    "proof": "that whoever wrote has that mailbox: they were sent a link",
    "clerk": "the clerk takes it up by itself",
    "which": "the person said two things that do not go together, and was asked which; refuse one, or wait",
    "elsewhere": "processors, paper or back-ups have yet to answer; the officer's page of the case says which",
    "copy": "a copy that the same person asked for comes first",
    "known": "who it is: at the officer's desk, by two things that the company holds (customer number, telephone, address)",
    "mandate": "whether they may ask for somebody else: at the officer's desk, with the reason",
    "failed": "it did not work; mend what is in the way, then: bloesem cases again",
    "decision": "the officer's decision",
    "answer": "it is carried out; the answer is being made",
}


def configure(parser: argparse.ArgumentParser) -> None:
    from bloesem.cases.model import KINDS, LANGUAGES, RIGHTS, STATES, TAKEN_IN
    from bloesem.cases.standing import FOR_WHOM

    parser.add_argument("verb", nargs="?", default="list", metavar="STEP", help=f"one of: {', '.join(VERBS)}")
    parser.add_argument("number", nargs="?", help="which case, such as 2026-1F2A3B4C")
    parser.add_argument(
        "--state", action="append", choices=STATES, default=[], help="list: only in this state"
    )
    parser.add_argument("--overdue", action="store_true", help="list: only what should have been answered")
    parser.add_argument("--all", action="store_true", help="list: what has ended too")
    parser.add_argument("--channel", choices=TAKEN_IN, help="how it came")
    parser.add_argument("--received", type=_when, metavar="WHEN", help="take: a day, or a moment in Brussels")
    parser.add_argument("--language", choices=LANGUAGES, default="nl", help="in which it is answered (nl)")
    parser.add_argument("--kind", choices=KINDS, default="request", help="what it is (request)")
    parser.add_argument("--asked", choices=RIGHTS, help="take, means: what is asked (other: to be decided)")
    parser.add_argument(
        "--about",
        choices=FOR_WHOM,
        help="take, means: for whom it is asked (self), a child or whoever gave a mandate",
    )
    parser.add_argument("--address", metavar="ADDRESS", help="take: where the answer's link goes, by mail")
    parser.add_argument(
        "--post", metavar="LINES", help="take: where the answer goes by post instead: name; street; place"
    )
    parser.add_argument(
        "--words", metavar="FILE", help="take: what was written or said; - reads it from stdin"
    )
    parser.add_argument(
        "--site",
        default=os.environ.get("BLOESEM_PORTAL", ""),
        metavar="URL",
        help="take: where links in letters lead: the address of the portal (default: BLOESEM_PORTAL)",
    )
    parser.add_argument(
        "--keys",
        type=shared.path,
        metavar="DIR",
        help="the directory of rights.keys, which opens the words (default: that of `bloesem up`)",
    )
    parser.add_argument("--by", metavar="WHO", help="who does it (default: your name on this machine)")
    shared.add_store(parser, f"the database (default: {shared.HERE})")
    shared.add_home(parser)
    shared.add_prefix(parser)
    shared.add_json(parser)


def _when(text: str) -> dt.datetime:
    """A civil day or moment in Brussels, or a moment with an offset of its own."""
    from bloesem.plan.dates import ZONE

    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"`{text}` is no day and no moment; write 2026-11-20 or 2026-11-20T16:05"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=ZONE)


def run(arguments: argparse.Namespace) -> int:
    _complete(arguments)
    words = _words(arguments.words) if arguments.verb == "take" else ""
    with _desk(arguments) as desk:
        match arguments.verb:
            case "show":
                return _show(arguments, desk)
            case "take":
                return _take(arguments, desk, words)
            case "means":
                return _means(arguments, desk)
            case "again":
                return _again(arguments, desk)
            case _:
                return _list(arguments, desk)


def _complete(arguments: argparse.Namespace) -> None:
    """raises: UsageError for a step that is none, and for one that lacks what it needs."""
    verb = arguments.verb
    if verb not in VERBS:
        raise shared.UsageError(
            f"`{verb}` is no step of a case",
            f"the steps are {', '.join(VERBS)}; decisions are made at the officer's desk",
            "bloesem cases --help has an example of each",
        )
    if (arguments.number is None) == (verb in ("show", "means", "again")):
        raise shared.UsageError(
            f"`{verb}` {'needs the number of a case' if arguments.number is None else 'takes no number'}",
            "a case is known by its number",
            "bloesem cases lists them",
        )
    needed = ("channel", "received", "words", "site")
    lacks = [f"--{name}" for name in needed if verb == "take" and not getattr(arguments, name)]
    if verb == "take" and not (arguments.address or arguments.post):
        lacks.append("--address or --post")
    if lacks:
        raise shared.UsageError(
            f"`take` needs {', '.join(lacks)}",
            "R-005, R-013: by any road, from the first receipt on, in the words of who asks",
            "bloesem cases --help has an example",
        )
    if verb == "means" and not arguments.asked:
        raise shared.UsageError(
            "`means` needs --asked",
            "whoever reads a mail says which right it asks for",
            "bloesem cases --help lists them",
        )
    if verb == "take" and arguments.post and (arguments.address or not _postal(arguments.post)):
        raise shared.UsageError(
            "--post is no postal address, or stands beside --address",
            "an answer goes to one place: by mail, or by post",
            "write it like: --post 'Zed Peeters; Kerkstraat 1; 2800 Mechelen'",
        )
    if verb == "take" and not arguments.post and not _is_address(arguments.address):
        raise shared.UsageError(
            "--address is no address of a mailbox",
            "the link to the answer goes there, and it tells who it is",
            "write it like zed@mail.example",
        )


def _is_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local) and "." in domain.strip(".") and "@" not in domain and not any(map(str.isspace, text))


def _postal(text: str) -> str:
    """The lines of a postal address; nothing for what is none: two lines at least, and no mailbox."""
    lines = [" ".join(line.split()) for line in text.split(";")]
    lines = [line for line in lines if line]
    said = "\n".join(lines)
    return said if len(lines) >= 2 and "@" not in said and len(said) <= 254 else ""


def _words(name: str) -> str:
    """raises: UsageError for a file that cannot be read, or that says nothing."""
    try:
        said = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise shared.UsageError(
            f"{name} cannot be read as text",
            "the words of who asks are kept with the case",
            "name a text file (UTF-8), or -",
        ) from None
    if not said.strip():
        raise shared.UsageError(
            "the words are empty", "the words of who asks are kept with the case", "write what was asked"
        )
    return said.strip()


@contextmanager
def _desk(arguments: argparse.Namespace) -> Iterator[CaseDesk]:
    """The desk's own functions, as keeper, on a connection that commits each statement by itself."""
    from psycopg import sql

    from bloesem import company
    from bloesem.cases.desk import CaseDesk
    from bloesem.cases.words import Words
    from bloesem.gate.keeping import keeper
    from bloesem.gate.oversight import Oversight
    from bloesem.stores.embedded import default_data_dir

    loaded = company.load(shared.home(arguments), on=shared.today(), prefix=arguments.prefix)
    with shared.store(arguments.store or shared.HERE) as connection:
        with keeper(connection, arguments.prefix):
            pass  # a login that may not be keeper is refused here, in words
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(arguments.prefix + "keeper")))
        keys = arguments.keys or default_data_dir().parent / "credentials"
        yield CaseDesk(Oversight(connection, loaded.plan), Words.at(keys))


def _by(arguments: argparse.Namespace) -> str:
    """Who does it: what the case and the log of reads have."""
    import getpass

    if arguments.by:
        return str(arguments.by)[:200]
    try:
        return f"{getpass.getuser()} (command)"
    except (OSError, KeyError):  # a user without a name
        return "command"


# ---- the list ------------------------------------------------------------------------------------------------------------


def _list(arguments: argparse.Namespace, desk: CaseDesk) -> int:
    from bloesem.plan.dates import civil

    today = desk.ask.today()
    states = set(arguments.state)
    lines = [
        one
        for one in desk.inbox(today)
        if (not states or one.state in states)
        and (not arguments.overdue or one.urgency == "late")
        and (arguments.all or states or not one.ended)
    ]
    if arguments.json:
        shared.print_json({"today": today, "cases": [_plain(one, today) for one in lines]})
    elif not lines:
        print("no such case")
    else:
        rows = [
            (one.number, _asks(one.kind, one.asked), one.channel, one.state + (", new mail" if one.message else ""),
             str(civil(one.received_at)),
             str(one.due or "-"), _left(one, today))
            for one in lines
        ]  # fmt: skip
        print(shared.table(rows, ("number", "asked", "by", "state", "received", "due", "clock")))
    return 1 if any(one.urgency == "late" for one in lines) else 0


def _asks(kind: str, asked: str) -> str:
    return asked if kind == "request" else kind if asked == "other" else f"{kind}: {asked}"


def _plain(one: Line, today: dt.date) -> dict[str, Any]:
    """A line of the list as plain values. `days_left` is negative when it is late."""
    return {
        "number": one.number, "kind": one.kind, "asked": one.asked, "channel": one.channel, "state": one.state,
        "received": one.received_at.isoformat(), "due": one.due, "urgency": one.urgency, "outcome": one.outcome,
        "message": one.message,
        "days_left": (one.due - today).days if one.due and not one.ended else None,
    }  # fmt: skip


def _left(one: Line, today: dt.date) -> str:
    from bloesem.terms import counted

    if one.urgency == "ended":
        return one.outcome or "ended"
    if one.due is None:
        return "not counted yet"
    days = (one.due - today).days
    said = f"LATE by {counted(-days, 'day', 'days')}" if days < 0 else f"{counted(days, 'day', 'days')} left"
    more = {"still": "the clock stands", "escalate": "escalate", "warn": "hurry"}.get(one.urgency)
    return f"{said}, {more}" if more else said


# ---- one case ------------------------------------------------------------------------------------------------------------


def _show(arguments: argparse.Namespace, desk: CaseDesk) -> int:
    from bloesem.cases.desk import missing

    found = desk.one(_by(arguments), arguments.number[:40])
    if found is None:
        raise _unknown(arguments.number)
    lacks = missing(found)
    if arguments.json:
        shared.print_json({**found, "missing": lacks})
        return 0
    print(f"{found['number']}: {_asks(found['kind'], found['asked'])}, {found['state']}")
    for name, said in _pairs(found):
        print(f"  {name:<12} {said}")
    for code in lacks:
        print(f"  missing      {MISSING[code]}")
    if (why := found["params"].get("failed")) is not None:
        print(f"  failed       {why}")
    if found["unread"]:
        print("  words        sealed under keys that are not here; --keys says where they are")
    for name in ("words", "reason"):
        if found[name]:
            print(f"\n{name}:\n" + "\n".join(f"  {line}" for line in found[name].splitlines()))
    preview = (found["preview"] or {}).get("items", ()) if found["state"] == "waiting" else ()
    if preview:
        print("\nwhat it would do:")
        rows = [
            (f"{one['what']} ({one['many']})", one["outcome"], one["until"] or "", one["why"] or "")
            for one in preview
        ]
        print(shared.table(rows, ("what", "outcome", "until", "why")))
    print("\nsteps:")
    for event in found["events"] or ():
        said = f": {shared.short(event['said'], 300)}" if event["said"] else ""
        print(f"  {_civil(event['at'])}  {event['what']} ({event['by']}){said}")
    return 0


def _pairs(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    due = found["extended_due"] if found["extended_why"] else found["due"]
    clock = [f"due {due}" if due else "no day yet"]
    if found["raw_due"] and found["raw_due"] != due:
        clock.append(f"without stops and extension {found['raw_due']}")
    if found["warn_on"]:
        clock.append(f"warn {found['warn_on']}, escalate {found['escalate_on']}")
    if found["stopped"]:
        clock.append(f"stands since {_civil(found['stopped_at'])}")
    pairs = [
        ("received", f"{_civil(found['received_at'])} by {found['channel']}"),
        ("clock", "; ".join(clock)),
        ("language", found["language"]),
        ("person", "known" if found["known"] else "not known yet"),
    ]
    behalf = found["params"].get("on_behalf")
    more = [
        ("extended", found["extended_why"]),
        ("answers to", found["address"]),
        ("on behalf", behalf if behalf != "self" else None),
        ("follows", found["params"].get("follows")),
        ("outcome", found["outcome"] and f"{found['outcome']} ({found['decided_by'] or 'by itself'})"),
        ("answered", found["answered_at"] and _civil(found["answered_at"])),
    ]
    return [*pairs, *((name, said) for name, said in more if said)]


def _civil(text: str) -> str:
    from bloesem.plan.dates import ZONE

    return f"{dt.datetime.fromisoformat(text).astimezone(ZONE):%Y-%m-%d %H:%M}"


def _unknown(number: str) -> shared.UsageError:
    return shared.UsageError(
        f"no case has the number {shared.short(number, 40)}",
        "a case is known by its number",
        "bloesem cases --all lists them",
    )


# ---- taking one in, and letting one go on ----------------------------------------------------------------------------


def _take(arguments: argparse.Namespace, desk: CaseDesk, words: str) -> int:
    now: dt.datetime = desk.ask.rows("SELECT {s}.moment()")[0][0]
    received: dt.datetime = arguments.received
    if not now - OLDEST <= received <= now:
        raise shared.UsageError(
            f"it cannot have been received on {received:%Y-%m-%d %H:%M}",
            "R-005: the month runs from the first receipt, whoever it reached",
            "give the day or the moment at which it came, within the last two years and not ahead",
        )
    number = desk.register(
        _by(arguments), arguments.kind, arguments.asked or "other", arguments.channel, arguments.language,
        arguments.address or _postal(arguments.post), words, received, arguments.site, arguments.about or "self",
    )  # fmt: skip
    _said(arguments, number, "recorded", f"it is case {number}: `bloesem cases show {number}` has its clock")
    return 0


def _again(arguments: argparse.Namespace, desk: CaseDesk) -> int:
    number = arguments.number[:40]
    if number not in _numbers(desk.inbox(desk.ask.today())):
        raise _unknown(number)
    done = desk.again(_by(arguments), number)
    _said(
        arguments,
        number,
        done,
        "it goes on from where it stood" if done == "recorded" else "nothing of it failed",
    )
    return 0 if done == "recorded" else 1


def _means(arguments: argparse.Namespace, desk: CaseDesk) -> int:
    number = arguments.number[:40]
    if number not in _numbers(desk.inbox(desk.ask.today())):
        raise _unknown(number)
    done = desk.means(_by(arguments), number, arguments.kind, arguments.asked, arguments.about or "")
    said = {
        "recorded": f"it asks {_asks(arguments.kind, arguments.asked)}, and is due when it was",
        "already": "it asks that already",
    }
    _said(arguments, number, done, said.get(done, "it was decided, or has ended"))
    return 0 if done in said else 1


def _numbers(lines: Sequence[Line]) -> set[str]:
    return {one.number for one in lines}


def _said(arguments: argparse.Namespace, number: str, done: str, words: str) -> None:
    if arguments.json:
        shared.print_json({"number": number, "done": done})
    else:
        print(f"{number}: {words}")
