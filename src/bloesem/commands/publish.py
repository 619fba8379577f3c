"""A new version of the policy, from its files to everybody: what differs, what it would do, who decided, who was told, and
the day on which it begins.

A version with an error in its text is not published. A significant change begins when everybody concerned was told long
enough before (`policy_notice` of the record), and what needs consent when a text asks for it. Activation compiles the policy
into the database in the same step; it is whole or not begun.
"""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.company import Loaded
    from bloesem.publishing.version import Version
    from bloesem.stores.postgres import Connection

STEPS = ("diff", "draft", "decide", "announce", "activate", "status")

EXAMPLES = """\
examples:
  bloesem publish diff 2027-03-01                          what differs from the version before, and what is significant
  bloesem publish draft 2027-03-01 --store here            what it would do to that database, taken back
  bloesem publish decide 2027-03-01 --store here --by "Mira Claes" --reason "other periods" --significant
  bloesem publish announce 2027-03-01 --store here --by "Mira Claes" --url https://www.blossom.be/nl/privacy
  bloesem publish status 2027-03-01 --store here           who was told, and what is in the way
  bloesem publish activate 2027-03-01 --store here --by "Mira Claes"

exit code: 0 done, or nothing in the way; 1 refused, with rule and remedy, or something is in the way; 2 wrong call;
3 the database cannot be reached or used
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("step", choices=STEPS, metavar="STEP", help=f"one of: {', '.join(STEPS)}")
    parser.add_argument("version", type=shared.day, metavar="DATE", help="the version, by its first day")
    shared.add_home(parser)
    shared.add_prefix(parser)
    shared.add_store(parser, "the database")
    who = parser.add_argument_group("deciding, announcing, activating")
    who.add_argument("--by", default="", metavar="NAME", help="who does it")
    who.add_argument("--reason", default="", metavar="WHY", help="with decide")
    kind = who.add_mutually_exclusive_group()
    kind.add_argument("--significant", action="store_true", help="with decide: people are told beforehand")
    kind.add_argument("--not-significant", action="store_true", help="with decide: nobody is told")
    who.add_argument(
        "--weighed",
        type=shared.path,
        metavar="FILE",
        help="with decide: the answers of art. 6(4), by part (link, context, nature, consequences, safeguards, compatible)",
    )
    who.add_argument("--url", default="", metavar="URL", help="with announce: where the coming text stands")
    who.add_argument(
        "--credentials", metavar="DIR", help="of the logins and links (default: those of `bloesem up`)"
    )
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.policy.company import load_company
    from bloesem.publishing.version import version_of

    _fits(arguments)
    company = load_company(shared.home(arguments))
    version = version_of(company, arguments.version)
    if arguments.step == "diff":
        return _diff(version, arguments.json)
    with shared.store(arguments.store) as connection:
        return _step(arguments, connection, version)


def _fits(arguments: argparse.Namespace) -> None:
    if arguments.step != "diff" and not arguments.store:
        raise shared.UsageError(
            "no database was named", "this asks or changes one", "add --store URL, or --store here"
        )
    if arguments.step == "decide" and not (arguments.significant or arguments.not_significant):
        raise shared.UsageError(
            "decide what?",
            "P-175: somebody says whether it is significant",
            "add --significant or --not-significant",
        )


def _diff(version: Version, as_json: bool) -> int:
    if as_json:
        shared.print_json(version.told())
        return 0
    print(f"{version.new.version} beside {version.old.version}: {len(version.changes)} differences")
    for change in version.changes:
        print(f"{'!' if change.significant else ' '} {change.words['en']}\n    {change.rule}")
    print("\n! significant: told beforehand" if version.significant else "\nnone is significant by itself")
    return 0


def _step(arguments: argparse.Namespace, connection: Connection, version: Version) -> int:
    from bloesem import company as companies
    from bloesem.plan.dates import civil
    from bloesem.publishing import steps, tables
    from bloesem.sending.ready import rules_of, texts_of
    from bloesem.stores.facts import moment

    def loaded(day: dt.date) -> Loaded:
        return companies.load(
            version.company.directory, on=day, prefix=arguments.prefix, company=version.company
        )

    old = loaded(version.new.version - dt.timedelta(days=1))
    plan = old.plan
    tables.install(connection, plan)
    step = arguments.step
    if step == "draft":
        after = loaded(version.new.version).plan
        return _draft(connection, version, plan, after, as_json=arguments.json)
    if step == "decide":
        done = steps.decide(
            connection,
            plan,
            version,
            by=arguments.by,
            reason=arguments.reason,
            significant=arguments.significant,
            weighed=_weighed(arguments.weighed),
        )
        return _say(arguments, {"significant": done.significant, "decided_by": done.decided_by})
    if step == "announce":
        told = steps.announce(
            _door(arguments, connection, old), version, by=arguments.by, shown_at=arguments.url
        )
        return _say(arguments, asdict(told))
    coming = loaded(max(civil(moment(connection, plan)), version.new.version))
    rules = rules_of(coming)
    texts = texts_of(coming, rules) if rules is not None else None
    if step == "activate":
        from bloesem.gate.secrets import CredentialsDirectory

        given = CredentialsDirectory(Path(arguments.credentials)) if arguments.credentials else None
        installed = steps.activate(
            connection, plan, coming, version, texts, by=arguments.by, credentials=given
        )
        return _say(arguments, {"in_force": str(version.new.version), "people": installed.people})
    found = steps.blocks(connection, plan, version, texts)
    publication = steps.read(connection, plan, version.new.version)
    active = publication is not None and publication.activated_at is not None
    if arguments.json:
        shared.print_json(
            {
                "publication": asdict(publication) if publication else None,
                "told": asdict(steps.told(connection, plan, version)),
                "blocks": [] if active else [asdict(block) for block in found],
            }
        )
        return 0 if active or not found else 1
    if active:
        print(f"in force since {publication.activated_at:%Y-%m-%d}, by {publication.activated_by}")  # type: ignore[union-attr]
        return 0
    if publication is not None and publication.announced_at is not None:
        print(
            ", ".join(
                f"{many} {name}" for name, many in asdict(steps.told(connection, plan, version)).items()
            )
        )
    for block in found:
        print(f"in the way: {block.what}\n  rule: {block.rule}\n  remedy: {block.remedy}")
    if not found:
        print("nothing is in the way")
    return 1 if found else 0


def _weighed(file: Path | None) -> dict[str, Any]:
    """The answers of a file, by part."""
    from bloesem.source import parse

    found = parse(file).data if file is not None else {}
    if not isinstance(found, dict):
        raise shared.UsageError(
            f"{file} has no parts",
            "art. 6(4): each part is weighed by itself",
            "write `part: {link: …, compatible: true}`",
        )
    return found


def _draft(connection: Connection, version: Version, before: Any, after: Any, *, as_json: bool) -> int:
    from bloesem.publishing.draft import draft, keep

    found = draft(connection, before, after)
    keep(connection, before, version, found)
    if as_json:
        shared.print_json(asdict(found))
        return 0
    rows = [(use.purpose, use.of, str(use.before), str(use.after)) for use in found.uses]
    print(shared.table(rows, ("purpose", "of", "may read now", "would read")))
    for what, by in (("rows due", found.gone), ("values due", found.erased)):
        print(f"{what}: {', '.join(f'{name} {many}' for name, many in by.items()) or 'none'}")
    print(f"{found.people} people looked at; nothing was changed")
    return 0


def _door(arguments: argparse.Namespace, connection: Connection, loaded: Loaded) -> Any:
    """A door that decides and records; what sends is the door's own process."""
    from bloesem.consent.links import LinkKeys
    from bloesem.consent.suppression import SuppressionKeys
    from bloesem.plan.dates import civil
    from bloesem.running.home import Home
    from bloesem.sending import tables
    from bloesem.sending.door import Door
    from bloesem.sending.process import place_of
    from bloesem.sending.ready import rules_of
    from bloesem.sending.templates import load_templates
    from bloesem.stores.facts import moment

    rules = rules_of(loaded)
    folder = loaded.company.messages
    if rules is None or folder is None:
        raise shared.UsageError(
            "this company sends no messages",
            "P-175: people are told through the door",
            "name a folder in bloesem.yaml: `messages: messages`",
        )
    tables.install(connection, rules)
    keys = Path(arguments.credentials) if arguments.credentials else Home.at(None).credentials
    templates = load_templates(folder / "templates", rules, civil(moment(connection, rules.plan)))
    return Door(
        connection,
        rules,
        templates,
        LinkKeys.at(keys),
        SuppressionKeys.at(keys),
        place_of(rules, ""),
        {},
    )


def _say(arguments: argparse.Namespace, what: dict[str, Any]) -> int:
    if arguments.json:
        shared.print_json(what)
    else:
        print(", ".join(f"{name}: {value}" for name, value in what.items()))
    return 0
