"""Who may get personal data today, and who may not, and why; what lapses when.

A recipient is registered in the record under a kind of the policy: with its role, contract, fields, purposes, the countries
from which data can be reached, its sub-processors, and a transfer with an assessment for each country outside the EEA. What
is missing refuses; what lapses refuses from the midnight (Brussels) after its last day on, by itself.
"""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING, Any

from bloesem.commands import calling, giving, shared

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.policy.model import Policy
    from bloesem.recipients.register import Standing

EXAMPLES = """\
examples:
  bloesem recipients                            every recipient, today
  bloesem recipients --on 2027-01-01            and as it will be then, when nobody changes the record
  bloesem recipients nimbus                     one of them, with each condition, transfer and last day
  bloesem recipients --refused --json           what somebody has to do, for a program

  bloesem recipients give klaproos --purpose marketing --assignment winter-2026 --everybody --dry-run
                                                how many, and who is left out and why; without --dry-run it goes
  bloesem recipients give briefwerk --person email=ann@post.example
  bloesem recipients due                        what has to come back, and by when
  bloesem recipients dispatched 12 --proof "bpost 77"
                                                written down, and our copy of the files is removed; so too
                                                returned, destroyed (--certificate FILE)
  bloesem recipients do-not-call list.txt       numbers that nobody calls for advertising: imported whole, or not at
                                                all; without a file it says which list there is

exit code: 0; 1 a recipient that was named gets nothing, something is overdue, or no list is fresh enough to call by;
2 wrong call; 3 the database cannot be reached or used
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="RECIPIENT",
        help="these recipients, in full; or give, due, returned, destroyed, dispatched, do-not-call, as below",
    )
    parser.add_argument("--refused", action="store_true", help="only what is refused")
    shared.add_company(parser)
    shared.add_json(parser)
    giving.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.policy.company import load_company
    from bloesem.recipients.register import standing_of
    from bloesem.source import nearest

    if arguments.names and arguments.names[0] in giving.VERBS:
        return giving.run(arguments)
    if arguments.names and arguments.names[0] == calling.VERB:
        giving.refuse_without_verb(arguments, but=("store",))
        return calling.run(arguments)
    giving.refuse_without_verb(arguments)
    company = load_company(shared.home(arguments))
    on = arguments.on or shared.today()
    policy = company.in_force(on)
    known = company.record.recipients
    for name in arguments.names:
        if name not in known:
            raise shared.UsageError(
                f"no recipient is called {name}",
                "recipients are registered in the record",
                f"use one of: {nearest(name, known) or 'none is registered'}",
            )
    chosen = {key: standing_of(company, policy, key, on) for key in arguments.names or known}
    if arguments.refused:
        chosen = {key: found for key, found in chosen.items() if not any(one.allowed for one in found)}
    if arguments.json:
        shared.print_json(
            {"on": on, "recipients": [as_dict(company, policy, k, f) for k, f in chosen.items()]}
        )
    elif arguments.names:
        print("\n\n".join(_in_full(company, key, found) for key, found in chosen.items()))
    else:
        _print(company, chosen, on)
    named = arguments.names and not all(any(one.allowed for one in found) for found in chosen.values())
    return 1 if named else 0


def as_dict(company: Company, policy: Policy, key: str, found: list[Standing]) -> dict[str, Any]:
    """A recipient as plain values: for programs, and for whoever writes an answer to a person (P-130, P-144)."""
    one = company.record.recipients[key]
    kind = policy.recipients.get(one.kind)
    return {
        "key": key,
        "name": one.name,
        "kind": one.kind,
        "kind_label": dict(kind.label) if kind else None,
        "role": one.role,
        "allowed": any(standing.allowed for standing in found),
        "standings": [
            {
                "purpose": standing.purpose,
                "assignment": standing.assignment,
                "fields": list(standing.fields),
                "allowed": standing.allowed,
                "until": standing.decision.until,
                "reasons": [
                    {"kind": c.kind, "what": str(c), "rule": c.rule, "remedy": c.remedy}
                    for c in standing.reasons
                ],
                "warnings": [str(c) for c in standing.decision.warnings],
            }
            for standing in found
        ],
        "transfers": [
            {
                "to": each.exposure.country,
                "sub_processor": each.exposure.of,
                "ways": list(each.exposure.ways),
                "transfer": each.key,
                "mechanism": each.transfer.mechanism if each.transfer else None,
                "copy": each.transfer.copy_at if each.transfer else None,
            }
            for each in found[0].decision.transfers
        ],
    }


def _print(company: Company, chosen: dict[str, list[Standing]], on: dt.date) -> None:
    rows = []
    for key, found in chosen.items():
        one = company.record.recipients[key]
        allowed = [standing for standing in found if standing.allowed]
        ends = min((s.decision.until for s in allowed if s.decision.until), default=None)
        rows.append(
            (
                key,
                one.kind,
                "✓ allowed" if allowed else "✗ refused",
                str(ends or "") if allowed else "",
                ", ".join(dict.fromkeys(s.purpose for s in allowed)) if allowed else _why(found),
            )
        )
    if rows:
        print(shared.table(rows, ("recipient", "kind", f"on {on}", "through", "for, or why not")))
    good = sum(row[2] == "✓ allowed" for row in rows)
    print(f"\n{good} of {len(rows)} may get something on {on}" if rows else "nobody")


def _why(found: list[Standing]) -> str:
    reasons = dict.fromkeys(str(one) for standing in found for one in standing.reasons)
    return "; ".join(reasons) or "nothing of a database is for it"


def _in_full(company: Company, key: str, found: list[Standing]) -> str:
    one = company.record.recipients[key]
    lines = [f"{key}: {one.name}, {one.kind}, {one.role}  ({company.where('recipients', key)})"]
    for standing in found:
        what = standing.purpose or "nothing of a database"
        what += f" for {standing.assignment}" if standing.assignment else ""
        ends = f" through {standing.decision.until}" if standing.decision.until else ""
        lines.append(f"  {'✓' if standing.allowed else '✗'} {what}{ends}")
        if standing.allowed:
            lines.append(f"      {', '.join(standing.fields)}")
        for reason in standing.reasons:
            lines += [f"      {reason}", f"        rule: {reason.rule}", f"        remedy: {reason.remedy}"]
    for each in found[0].decision.transfers:
        mechanism = f"{each.transfer.mechanism} ({each.key})" if each.transfer else "no transfer on record"
        lines.append(f"  → {each.exposure}: {mechanism}")
    lasts = {
        (c.last, c.thing) for s in found for c in s.decision.conditions if c.holds and c.last is not None
    }
    lines += [f"  {last}  last day of {thing}" for last, thing in sorted(lasts)]
    return "\n".join(lines)
