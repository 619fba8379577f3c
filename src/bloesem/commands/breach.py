"""Breaches of personal data (art. 33, 34 GDPR): the register of all of them, and what is owed, to the minute.

The 72 hours are plain hours from the moment of awareness: nights, weekends and holidays count. Each step is written down and
never changed; what the law does not allow yet is refused, with what is missing. Moments are civil times in Brussels.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.breaches.entries import Contents
    from bloesem.breaches.rules import Breach
    from bloesem.policy.company import Company

EXAMPLES = """\
examples:
  bloesem breach                                             all of them, the most urgent first
  bloesem breach record --what "List sent to the wrong address" --loss confidentiality --discovered 2026-11-20T16:00
      --aware 2026-11-20T17:20                               (a processor told us: --processor nimbus --told MOMENT)
  bloesem breach describe 1 --category contact.email --group customer --people 12 --records 40
      --consequences "Advertising by strangers" --measures "The link is gone"
  bloesem breach judge 1 --risk high --reason "bank accounts"
  bloesem breach notify 1 --told 2026-11-21T10:00 --reference GBA-2026-1      after the hours: --late-reasons "…"
  bloesem breach supplement 1 --told 2026-11-25T10:00 --what "how many people"
  bloesem breach whole 1                                     the officer says that the notification is whole
  bloesem breach tell 1 --words words.yaml --disclosure 12   people are told (or --persons, --recipient, --fact)
  bloesem breach exempt 1 --ground encrypted --reason "the key is ours"
  bloesem breach close 1 --reason "nothing is owed"

exit code: 0; 1 refused, with rule and remedy, or the authority is told too late; 2 wrong call; 3 no database
"""
VERBS = ("record", "describe", "judge", "notify", "supplement", "whole", "tell", "exempt", "close", "reopen")
#: What each verb needs, by option.
NEEDS = {
    "record": ("what", "loss", "discovered", "aware"),
    "judge": ("risk", "reason"),
    "notify": ("told", "reference"),
    "supplement": ("told", "what"),
    "tell": ("words",),
    "exempt": ("ground", "reason"),
    "close": ("reason",),
    "reopen": ("reason",),
}


def configure(parser: argparse.ArgumentParser) -> None:
    from bloesem.breaches.entries import EXEMPTIONS, LOSSES, RISKS

    parser.add_argument("verb", nargs="?", metavar="STEP", help=f"one of: {', '.join(VERBS)}")
    parser.add_argument("number", nargs="?", type=shared.whole(1, 10**9), help="which breach")
    parser.add_argument("--what", metavar="TEXT", help="what happened; of a supplement, what was told")
    parser.add_argument("--loss", action="append", choices=LOSSES, default=[], help="what was lost")
    for name, about in (
        ("discovered", "when it was discovered"),
        ("aware", "when we knew with reasonable certainty: from then the hours run"),
        ("told", "when the authority was told; of `record`, when the processor told us"),
    ):
        parser.add_argument(f"--{name}", type=_moment, metavar="MOMENT", help=about)
    parser.add_argument(
        "--processor", metavar="KEY", help="the recipient of the register that had the breach"
    )
    parser.add_argument(
        "--category", action="append", metavar="KEY", help="a category of data that it is about"
    )
    parser.add_argument("--group", action="append", metavar="KEY", help="a group of people that it is about")
    parser.add_argument("--people", type=shared.whole(0, 10**9), metavar="N", help="about how many people")
    parser.add_argument("--records", type=shared.whole(0, 10**12), metavar="N", help="about how many records")
    parser.add_argument("--consequences", metavar="TEXT", help="what may come of it")
    parser.add_argument("--measures", metavar="TEXT", help="what was done, and is proposed")
    parser.add_argument("--risk", choices=RISKS, help="for people")
    parser.add_argument("--reason", metavar="TEXT", help="why")
    parser.add_argument("--reference", metavar="TEXT", help="under which the authority knows it")
    parser.add_argument("--late-reasons", metavar="TEXT", help="why later than the hours allow")
    parser.add_argument("--ground", choices=EXEMPTIONS, help="why people are not told one by one")
    parser.add_argument("--notice", metavar="WHERE", help="where all can read it instead")
    parser.add_argument(
        "--words", type=shared.path, metavar="FILE", help="what, consequences, measures in four languages"
    )
    parser.add_argument("--persons", type=shared.path, metavar="FILE", help="numbers of people, one a line")
    parser.add_argument("--disclosure", type=shared.whole(1, 10**12), metavar="N", help="whoever was in it")
    parser.add_argument("--recipient", metavar="KEY", help="whoever's data it got")
    parser.add_argument("--since", type=_moment, metavar="MOMENT", help="of --recipient: from then on")
    parser.add_argument("--until", type=_moment, metavar="MOMENT", help="of --recipient: before then")
    parser.add_argument(
        "--fact", metavar="KIND:KEY", help="of whom this fact runs, such as consent:marketing"
    )
    parser.add_argument("--channel", choices=("email", "post"), default="email", help="how people are told")
    parser.add_argument("--by", default="command", metavar="WHO", help="who writes it down")
    parser.add_argument(
        "--home", type=shared.path, metavar="DIR", help="where `bloesem up` keeps its keys (tell)"
    )
    shared.add_store(parser, f"the database (default: {shared.HERE})")
    shared.add_home(parser)
    shared.add_prefix(parser)
    shared.add_json(parser)


def _moment(text: str) -> dt.datetime:
    """A civil time in Brussels, or one with an offset of its own."""
    from bloesem.breaches.rules import BRUSSELS

    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no moment; write it as 2026-11-20T17:20") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=BRUSSELS)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.breaches import store
    from bloesem.breaches.rules import urgent_first
    from bloesem.gate.keeping import keeper
    from bloesem.policy.company import load_company

    _complete(arguments)
    company = load_company(shared.home(arguments))
    with (
        shared.store(arguments.store or shared.HERE) as connection,
        keeper(connection, arguments.prefix),
    ):
        now = store.moment(connection)
        if arguments.verb == "tell":
            found = [_tell(arguments, company, connection, now)]
        elif arguments.verb is not None:
            said = _said(arguments, company)
            made = store.note(connection, company.law, arguments.number, said, actor=arguments.by, now=now)
            found = [made]
        else:
            found = urgent_first(store.breaches(connection, company.law))
    if arguments.json:
        shared.print_json({"now": now, "breaches": [as_dict(one, now) for one in found]})
    else:
        _print(found, now)
    return 1 if any(one.late(now) for one in found) else 0


def _complete(arguments: argparse.Namespace) -> None:
    verb = arguments.verb
    if verb is None:
        return
    if verb not in VERBS:
        raise shared.UsageError(
            f"`{verb}` is no step of a breach",
            f"the steps are {', '.join(VERBS)}",
            "bloesem breach --help has an example of each",
        )
    if (arguments.number is None) != (verb == "record"):
        raise shared.UsageError(
            f"`{verb}` {'needs the number of a breach' if arguments.number is None else 'makes a new breach'}",
            "the register has every breach, by number",
            "bloesem breach lists them",
        )
    lacks = [name for name in NEEDS.get(verb, ()) if not getattr(arguments, name)]
    if lacks:
        raise shared.UsageError(
            f"`{verb}` needs {', '.join(f'--{name}' for name in lacks)}",
            "art. 33, 34: what is written down says what, when and why",
            "bloesem breach --help has an example of each",
        )


def _said(arguments: argparse.Namespace, company: Company) -> Contents:
    from bloesem.breaches import entries

    given = arguments
    match given.verb:
        case "record":
            _known("recipient", given.processor, company.record.recipients)
            losses = tuple(dict.fromkeys(given.loss))
            return entries.Recorded(
                given.what, losses, given.discovered, given.aware, given.processor, given.told
            )
        case "describe":
            policy = company.in_force(shared.today())
            for name in given.category or ():
                _known("category", name, policy.categories)
            for name in given.group or ():
                _known("group", name, policy.groups)
            return entries.Described(
                tuple(given.category) if given.category else None,
                tuple(given.group) if given.group else None,
                given.people,
                given.records,
                given.consequences,
                given.measures,
            )
        case "judge":
            return entries.Judged(given.risk, given.reason)
        case "notify":
            return entries.Notified(given.told, given.reference, given.late_reasons)
        case "supplement":
            return entries.Supplemented(given.told, given.what)
        case "whole":
            return entries.Whole(given.reason or "")
        case "exempt":
            return entries.Exempt(given.ground, given.reason, given.notice)
        case "close":
            return entries.Closed(given.reason)
        case _:
            return entries.Reopened(given.reason)


def _known(what: str, name: str | None, known: Any) -> None:
    from bloesem.source import nearest

    if name is not None and name not in known:
        raise shared.UsageError(
            f"no {what} is called {name}",
            "art. 33(3): in the words of the policy",
            f"use one of: {nearest(name, known)}",
        )


def _tell(arguments: argparse.Namespace, company: Company, connection: Any, now: dt.datetime) -> Breach:
    from bloesem import company as companies
    from bloesem.breaches.letters import Whom, chosen, tell, words
    from bloesem.consent.links import LinkKeys
    from bloesem.consent.suppression import SuppressionKeys
    from bloesem.plan.dates import civil
    from bloesem.running.home import Home
    from bloesem.sending.door import Door
    from bloesem.sending.process import place_of
    from bloesem.sending.ready import rules_of
    from bloesem.sending.templates import load_templates

    said = words(arguments.words)
    whom = Whom(
        people=_numbers(arguments.persons) if arguments.persons else None,
        disclosure=arguments.disclosure,
        recipient=arguments.recipient,
        since=arguments.since,
        until=arguments.until,
        fact=_fact(arguments.fact),
    )
    people = chosen(connection, whom, now)
    loaded = companies.load(shared.home(arguments), on=civil(now), prefix=arguments.prefix, company=company)
    rules = rules_of(loaded)
    if rules is None or company.messages is None:
        raise shared.UsageError(
            "this company sends no messages",
            "what is sent stands in its folder of messages",
            "write to people yourself",
        )
    keys = Home.at(arguments.home, embedded=False).credentials
    door = Door(
        connection,
        rules,
        load_templates(company.messages / "templates", rules, civil(now)),
        LinkKeys.at(keys),
        SuppressionKeys.at(keys),
        place_of(rules, ""),
        {},
    )
    contact = company.in_force(civil(now)).contact.email
    found, _done = tell(
        door,
        company.law,
        arguments.number,
        people,
        said,
        contact=contact,
        channel=arguments.channel,
        actor=arguments.by,
        now=now,
    )
    return found


def _numbers(path: Path) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(int(line) for line in path.read_text(encoding="utf-8").split()))
    except (OSError, ValueError):
        raise shared.UsageError(
            f"{path} is no list of numbers", "people are named by their numbers, one a line", "write it so"
        ) from None


def _fact(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    kind, _, key = text.partition(":")
    if not kind or not key:
        raise shared.UsageError(
            f"`{text}` is no fact", "a fact has a kind and a key", "write it as consent:marketing"
        )
    return kind, key


def as_dict(one: Breach, now: dt.datetime) -> dict[str, Any]:
    """A breach as plain values; `hours_left` is negative when the authority is told too late."""
    from bloesem.breaches.entries import as_json

    left = one.left(now)
    return {
        "number": one.number,
        "state": one.state,
        "due": one.due.isoformat(),
        "hours_left": round(left.total_seconds() / 3600, 2) if left is not None else None,
        "late": one.late(now),
        "owed": list(one.owed),
        "missing": list(one.missing),
        "entries": [
            {"number": e.number, "at": e.at.isoformat(), "kind": e.kind, "by": e.actor, **as_json(e.said)}
            for e in one.entries
        ],
    }


def _print(found: list[Breach], now: dt.datetime) -> None:
    for one in found:
        print(f"breach {one.number}: {one.state}: {shared.short(one.recorded.what, 80)}")
        left = one.left(now)
        if left is not None:
            hours = abs(left) // dt.timedelta(minutes=1)
            clock = f"{hours // 60} h {hours % 60:02d} min"
            said = f"LATE by {clock}" if one.late(now) else f"{clock} left"
            print(f"  the authority by {one.due:%Y-%m-%d %H:%M}: {said}")
        if one.owed:
            print(f"  owed: {', '.join(one.owed)}")
        if one.notified is not None and one.missing:
            print(f"  not said yet: {', '.join(one.missing)}")
    open_ = sum(one.state != "closed" for one in found)
    print(f"{len(found)} in the register, {open_} open" if found else "no breach is on record")
