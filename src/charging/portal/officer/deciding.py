"""The buttons of a case's page: each asks the desk, which says what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from bloesem.cases.desk import CaseDesk
from bloesem.cases.scans import Scans
from bloesem.cases.sealing import KNOWN_BY
from bloesem.console.company import current
from bloesem.errors import RightsError
from bloesem.rights.amend import Correction
from charging.portal.officer import steps
from charging.portal.officer.scans import kept
from charging.portal.officer.typed import MOST, arrived, day_of, number_of, typed


def press(request: HttpRequest, desk: CaseDesk, who: str, number: str) -> str:
    """Does what the button asks. out: the key of what is said of it; `not-now` for a button that there is not."""
    act = ACTS.get(request.POST.get("do", ""))
    return "not-now" if act is None else act(Pressed(request, desk, who, number))


@dataclass(frozen=True)
class Pressed:
    request: HttpRequest
    desk: CaseDesk
    who: str
    number: str

    def __getitem__(self, name: str) -> str:
        """A choice of the form, as it was sent: the desk looks whether it is one."""
        return str(self.request.POST.get(name, ""))

    @property
    def why(self) -> str:
        return typed(self.request, "why")


def _decide(by: Pressed) -> str:
    try:
        params = decided(by.request)
    except RightsError:
        return "unread"
    return by.desk.decide(by.who, by.number, by["outcome"], by.why, params)


def _lift(by: Pressed) -> str:
    told = arrived(by["told"], by.desk.ask.today())
    return by.desk.lift(by.who, by.number, by.why, told.date() if told else None)


def _known(by: Pressed) -> str:
    return by.desk.known(by.who, by.number, {one: typed(by.request, one, 254) for one in KNOWN_BY})


def _mandate(by: Pressed) -> str:
    return by.desk.mandate(by.who, by.number, by["verdict"], by["authority"], day_of(by["born"]), by.why)


#: By the value of the button `do`.
ACTS: Mapping[str, Callable[[Pressed], str]] = {
    "decide": _decide,
    "extend": lambda by: by.desk.extend(by.who, by.number, by.why),
    "stop": lambda by: by.desk.stop(by.who, by.number, by["what"], by.why),
    "resume": lambda by: by.desk.resume(by.who, by.number, by.why),
    "lift": _lift,
    "again": lambda by: by.desk.again(by.who, by.number),
    "means": lambda by: by.desk.means(by.who, by.number, by["kind"], by["asked"], by["about"]),
    "known": _known,
    "fits": lambda by: by.desk.fits(by.who, by.number, True),
    "fits-not": lambda by: by.desk.fits(by.who, by.number, False),
    "holds": lambda by: steps.holds(by.request, by.desk, by.who, by.number),
    "mandate": _mandate,
    "scan": lambda by: kept(by.request, by.desk.ask, by.who, by.number),
    "scan-drop": lambda by: Scans(by.desk.ask).drop(by.who, by.number, number_of(by["scan"])),
}


def decided(request: HttpRequest) -> dict[str, Any]:
    """What the officer said besides. raises: RightsError for a correction that is none."""
    params: dict[str, Any] = _corrections(typed(request, "corrections"))
    items = [line.strip() for line in typed(request, "items", 2000).splitlines() if line.strip()]
    tables = {table.name for table in current().plan.tables}
    items += [one for one in request.POST.getlist("table") if one in tables and one not in items]
    if items:
        params["items"] = items[:200]
    for name, most in (("statute", 200), ("statement", MOST)):
        if typed(request, name, most):
            params[name] = typed(request, name, most)
    if re.fullmatch("[a-z]{1,20}", request.POST.get("ground", "")):
        params["ground"] = request.POST["ground"]
    spared = [key for key in request.POST.getlist("spared") if key in current().plan.by_key]
    return params | ({"spared": spared} if spared else {})


def _corrections(text: str) -> dict[str, Any]:
    """`table.column=value` a line. raises: RightsError for a line that is none."""
    made = [Correction.parse(line) for line in text.splitlines() if line.strip()]
    if not made:
        return {}
    return {
        "corrections": [
            {"table": c.table, "column": c.column, "value": c.value, "row": list(c.row)} for c in made
        ]
    }


__all__ = ["press"]
