"""The pages, attacked: every address of the portal and the console, by every seat, with everybody else's numbers.

What is attacked is read from the URLconf, the seats, the forms as they are served and the sources; what may be shown and
changed from the plan. A page or seat that is new is attacked without a word here; what cannot be filled in fails.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

import pytest
from tests.bloesem.console.stage import build
from tests.charging.portal.attack import (
    BROKEN,
    HOSTILE,
    MARK,
    MARKUP,
    METHODS,
    Oracle,
    Picture,
    addresses,
    counted,
    fillings,
    parameters,
    plant,
)
from tests.charging.portal.client import Answer, Form, Visitor, forms_of, seat
from tests.charging.portal.site import Site, served
from tests.databases import Database

from bloesem.gate.served import targets
from bloesem.stores.postgres import Connection
from charging.portal.seats import PERSON, SEATS

URLS = {"portal": "charging.portal.urls", "console": "bloesem.console.urls"}
#: Tables that a page may write beside rows of its own scope: what signs somebody in, who read whom, what was refused.
LOGS = {
    *(("signin", name) for name in ("django_session", "signin_account", "signin_reach")),
    *(("bloesem", name) for name in ("act", "reading", "console_job", "disclosure", "disclosed")),
    # the helper seals acts every few seconds, and leaves what goes outside of the database
    *(("bloesem", name) for name in ("act_seal", "journal_entry", "journal_mark")),
    *(
        ("bloesem", name) for name in ("request_case", "request_event")
    ),  # anybody asks, about what an address says
}
#: What belongs to no person, and which seat may change it; releasing to many is theirs, too.
OFFICE = {
    "marketing": {("bloesem", name) for name in ("campaign", "campaign_wish", "outbox")},
    **{role: {("signin", "signin_token")} for role in ("hems", "installer")},
    "officer": {  # a step of publishing, which whoever is keeper takes or refuses; a version while it is written
        ("bloesem", "publication_wish"),
        ("bloesem", "publication_paper"),
        ("bloesem", "own_motion"),  # what is stored without a reason is looked for
    },
}
#: What asks for no cookie, and does nothing in the name of whoever is signed in: forms of nobody, links, programs.
WITHOUT_COOKIE = {
    *(
        "portal-news",
        "portal-contest",
        "portal-survey",
        "portal-survey-invited",
        "portal-contact",
        "portal-confirm",
    ),
    *("portal-request", "portal-prove", "portal-answer"),
    *("unsubscribe", "objection", "api-job-report", "opendsr-callbacks"),
}
HOSTILE_KEYS = ("nobody-made-this", "x" * 300)
#: Where the pages fill a number in: a query whose rows are (whose scope, number).
SCOPES = {
    "person": "SELECT id, id FROM data.person WHERE state = 'customer' ORDER BY id",
    "employer": "SELECT employer_id, max(employer_id) FROM data.employer_invoice_line GROUP BY 1 ORDER BY count(*) DESC, 1",
    "product": "SELECT id, id FROM data.product WHERE service = 'hems' ORDER BY id",
    "job": "SELECT job_id, max(job_id) FROM data.installation_file WHERE job_id IS NOT NULL GROUP BY 1 ORDER BY 1",
}


@dataclass
class Field:
    """Where the attack takes place."""

    site: Site
    admin: Connection
    oracle: Oracle
    visitors: dict[str, Visitor]
    known: dict[str, list[object]]
    strangers: list[int]
    accounts: list[object]
    planted: Mapping[tuple[str, str], int]
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    seen: dict[str, set[str]] = field(default_factory=dict)

    def look(self, visitor: Visitor, what: str, answer: Answer) -> Answer:
        """Whatever was asked: no fault of ours, and no value that is another's."""
        self.asked += 1
        if answer.status >= 500:
            self.wrong.append(f"{visitor.name}: {answer.status} {what}")
        if MARKUP in answer.said:
            self.wrong.append(f"{visitor.name}: markup as it was given: {what}")
        if "set-cookie" in answer.headers and "a=b" in answer.headers["set-cookie"]:
            self.wrong.append(f"{visitor.name}: a header of the visitor's own: {what}")
        for mark in {it.group(0) for it in MARK.finditer(answer.said)}:
            self.seen.setdefault(visitor.name, set()).add(mark)
            _, table, column, key = mark.split("-")
            if not self.oracle.may_see(visitor, table, column, int(key)):
                self.wrong.append(f"{visitor.name}: sees {mark}: {what}")
        return answer

    def fail(self) -> None:
        wrong, self.wrong = self.wrong, []
        assert not wrong, f"{len(wrong)} of {self.asked}:\n" + "\n".join(it[:300] for it in wrong[:40])


@pytest.fixture(scope="module")
def ground(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """Both processes as they serve real people: no demonstration, whose pages show invented ones to anybody near."""
    stage = build(module_database, tmp_path_factory.mktemp("doors"), 80, everybody=True)
    stage = replace(stage, loaded=None)  # no clerk: what a request leads to is not what a page did
    with (
        served(stage, tmp_path_factory.mktemp("site"), BLOESEM_DEMO="0") as site,
        stage.database.connect(autocommit=True) as admin,
    ):
        plan = stage.company.plan
        planted = plant(admin, plan)
        visitors = _visitors(admin, site)
        people = [n for n, _ in admin.execute(SCOPES["person"]).fetchall()]
        jobs = [n for n, _ in admin.execute(SCOPES["job"]).fetchall()]
        keys = [row[0] for row in admin.execute("SELECT id FROM signin.signin_account").fetchall()]
        own = [n for v in visitors.values() for n in v.numbers]
        numbers: list[object] = [*dict.fromkeys([*own, *people[:3], *jobs[:3], *keys[:3], 0, 1, 2**62])]
        tables = [t.name for t in plan.tables]
        today = dt.datetime.now(dt.UTC).date()
        known: dict[str, list[object]] = {
            "language": ["nl", "fr"],
            "number": numbers,
            "pk": numbers,
            "table": [*tables, "signin_account", "reading", "pg_authid"],
            "job": ["00000000-0000-0000-0000-000000000000"],
            "campaign": ["spring", *HOSTILE_KEYS],
            "case": [*site.numbers, "nobody"],
            # a month of an employer's statement; a recipient, contest or survey; a link; what the programs' address has not
            "year": [today.year, 1, 9999],
            "month": [today.month, 13],
            "form": ["csv", "xlsx", "exe"],
            "key": ["voltwacht", "zonnewijs", "home-charging", *HOSTILE_KEYS],
            "token": ["x", "bm9ib2R5.c2lnbmVk", "x" * 300],
            "rest": ["v1/hems", "v2/installer/jobs"],
            "which": ["access", "marketing", "other", *HOSTILE_KEYS],
            # a version of the notice, or one that is to come
            "date": ["2027-03-01", "2024-03-18", "0001-01-01", *HOSTILE_KEYS],
            "ballot": ["x", "x" * 300],
            "paper": ["policy", "text-nl", *HOSTILE_KEYS],
            "transfer": ["nimbus-us", *HOSTILE_KEYS],
        }
        yield Field(site, admin, Oracle(admin, plan), visitors, known, people, keys, planted)
        for visitor in visitors.values():
            visitor.close()


def _visitors(admin: Connection, site: Site) -> dict[str, Visitor]:
    """Two of every seat with numbers of their own, one of every seat without; of staff also one who gave no second
    factor; and nobody."""
    found = {"nobody": Visitor(site.portal, "nobody")}
    roles = targets(site.stage.company.plan)
    used: dict[str, int] = {}
    for key, it in SEATS.items():
        scope = roles[it.opens].scope if it.opens else None
        assert scope is None or scope in SCOPES, f"seat {key}: say in SCOPES whose numbers `{scope}` has"
        numbers = [n for n, _ in admin.execute(SCOPES[scope]).fetchall()] if scope else []
        each = 1 if scope == "person" or scope == "employer" else 2
        if scope == "person":  # who has most to show
            numbers = [site.numbers["ann"], *(n for n in site.numbers.values() if n != site.numbers["ann"])]
        for letter in ("a", "b") if scope else ("a",):
            at = used.get(scope or "", 0)
            mine = numbers[at : at + each] if scope else []
            used[scope or ""] = at + each
            found[f"{key}-{letter}"] = seat(admin, site.portal, f"{key}-{letter}", key, mine)
        if it.staff:
            mine = list(found[f"{key}-a"].numbers)
            found[f"{key}-half"] = seat(admin, site.portal, f"{key}-half", key, mine, proofs=("code",))
    return found


def paths(ground: Field, process: str, visitor: Visitor | None = None) -> Iterator[str]:
    """Every address with everybody's numbers; `visitor`: with theirs, those of one stranger of each kind, and of nobody."""
    known = dict(ground.known)
    if visitor is not None:
        others = (v for v in ground.visitors.values() if v.role != visitor.role)
        alike = (v for v in ground.visitors.values() if v.role == visitor.role and v is not visitor)
        strange = {v.role: v.numbers[0] for v in [*others, *alike] if v.numbers}
        known["number"] = known["pk"] = list(
            dict.fromkeys([*visitor.numbers, *strange.values(), ground.accounts[-1], 0, 2**62])
        )
    for address in addresses(URLS[process]):
        for values in fillings(address, known):
            yield address.filled(values)


def every_form(ground: Field, visitor: Visitor) -> list[Form]:
    """The forms that a seat is served on any page, once each."""
    found: dict[object, Form] = {}
    for path in paths(ground, "portal"):
        for form in forms_of(path, visitor.get(path).text):
            found.setdefault((form.target, form.method, tuple(form.names), form.buttons), form)
    return list(found.values())


# ---- nothing is left out ---------------------------------------------------------------------------------------------


def test_every_pattern_is_known_and_every_seat_sits(ground: Field) -> None:
    for process, urlconf in URLS.items():
        found = addresses(urlconf)
        assert len(found) >= counted(urlconf) - 2, process  # one address has two names
        for address in found:
            fillings(address, ground.known)
    assert {v.role for v in ground.visitors.values()} == {"", *SEATS}
    assert len(ground.planted) > 40
    assert {"next"} <= set(parameters())


def test_a_pattern_that_nobody_can_fill_fails() -> None:
    from tests.charging.portal.attack import Address

    with pytest.raises(AssertionError, match="does not know"):
        fillings(Address("nl/x/%(colour)s", ("colour",), ""), {"number": [1]})


# ---- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["some", pytest.param("everybodys", marks=pytest.mark.thorough)])
def test_every_page_by_every_seat_with_the_numbers_of_others(ground: Field, whose: str) -> None:
    """Also what each staff read leaves: who, and whom, for that person to see."""
    before = Picture.of(ground.admin)
    for visitor in ground.visitors.values():
        some = visitor if whose == "some" else None
        for path in paths(ground, "portal", some):
            since = _last_act(ground.admin)
            answer = ground.look(visitor, path, visitor.get(path))
            shown = {(t, int(k)) for t, _, k in MARK.findall(answer.text)}
            if shown and SEATS[visitor.role].staff:
                whom = set().union(*(ground.oracle.owners(t, k) for t, k in shown))
                log = _readings(ground.admin, since)
                by = {actor for actor, person in log if person in whom}
                if not whom <= {person for _, person in log} or by != {f"{visitor.role}:{visitor.account}"}:
                    ground.wrong.append(f"{visitor.name}: unlogged read: {path}")
        for path in paths(ground, "console", some):
            near = Visitor(ground.site.console, visitor.name, cookies=dict(visitor.cookies))
            ground.look(near, f"console {path}", near.get(path))
            near.close()
    unchanged(ground, before, ground.visitors["nobody"])
    ground.fail()
    assert ground.seen.get("person-a"), "a person sees their own"
    assert ground.seen.get("person-b")
    assert ground.seen["person-a"].isdisjoint(ground.seen["person-b"])
    assert ground.seen.get("fleet-a")
    assert ground.seen.get("installer-a")
    assert not [name for name in ground.seen if name.endswith("-half") or name == "nobody"]


def _last_act(admin: Connection) -> int:
    row = admin.execute("SELECT COALESCE(max(act_id), 0) FROM bloesem.reading").fetchone()
    assert row is not None
    return int(row[0])


def _readings(admin: Connection, since: int) -> set[tuple[str, int]]:
    query = "SELECT actor, person_id FROM bloesem.reading WHERE act_id > %s"
    return {(row[0], row[1]) for row in admin.execute(query, [since]).fetchall()}


def test_that_test_can_fail(ground: Field) -> None:
    """A value of another's on a page would be seen."""
    b = ground.visitors["person-b"]
    mark = next(iter(ground.seen["person-a"]))
    ground.look(b, "a page of another", Answer(200, {}, f"<p>{mark}</p>"))
    ground.look(b, "a fault", Answer(500, {}, ""))
    with pytest.raises(AssertionError, match="2 of"):
        ground.fail()


@pytest.mark.thorough
def test_no_query_parameter_opens_anything(ground: Field) -> None:
    before = Picture.of(ground.admin)
    hostile = (HOSTILE[2], HOSTILE[3], HOSTILE[7], HOSTILE[9], HOSTILE[12], HOSTILE[17])
    values = itertools.cycle(quote(one.encode("utf-8", "surrogateescape"))[:600] for one in hostile)
    for visitor in ground.visitors.values():
        if visitor.name.endswith("-b"):
            continue
        alien = [n for v in ground.visitors.values() if v.role != visitor.role for n in v.numbers][:2]
        for address in addresses(URLS["portal"]):
            path = address.filled(fillings(address, ground.known)[0])
            query = "&".join(f"{name}={n}" for name in [*parameters(), "person", "id", "user"] for n in alien)
            ground.look(visitor, f"{path}?{query}", visitor.get(f"{path}?{query}"))
            for _ in range(2):  # each name is given another value, and others at each address
                query = "&".join(f"{name}={next(values)}" for name in parameters())
                ground.look(visitor, f"{path}?{query[:60]}", visitor.get(f"{path}?{query}"))
    unchanged(ground, before, ground.visitors["nobody"])
    ground.fail()


@pytest.mark.thorough
def test_no_broken_address_and_no_other_method_is_a_fault_or_a_way_in(ground: Field) -> None:
    """Nobody and the officer try all of it; of the others each the next of them at each address, so that all are tried."""
    before = Picture.of(ground.admin)
    methods, spoilt = itertools.cycle(METHODS), itertools.cycle(BROKEN)
    for visitor in (v for v in ground.visitors.values() if not v.name.endswith("-b")):
        all_of_it = visitor.name in ("nobody", "officer-a")
        for address in addresses(URLS["portal"]):
            path = address.filled(fillings(address, ground.known)[0])
            for method in METHODS if all_of_it else itertools.islice(methods, 2):
                answer = ground.look(visitor, f"{method} {path}", visitor.send(method, path))
                if method not in ("HEAD", "OPTIONS") and answer.status < 300:
                    ground.wrong.append(f"{visitor.name}: {method} {path} is {answer.status}")
        for address in addresses(URLS["portal"]):
            if not address.asks:
                continue
            for broken in BROKEN if all_of_it else itertools.islice(spoilt, 3):
                path = "/" + address.template % dict.fromkeys(address.asks, broken)
                ground.look(visitor, path, visitor.get(path))
    unchanged(ground, before, ground.visitors["nobody"])
    ground.fail()


# ---- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_nothing_is_sent_without_a_token_or_with_a_forged_one(ground: Field) -> None:
    """Every address, not only those of forms."""
    before = Picture.of(ground.admin)
    open_to_all = {"site-cookie-choice"}  # asks the browser's own word on the origin instead
    nothing, forged = [("a", "b")], [("csrfmiddlewaretoken", "x" * 64), ("do", "release")]
    for visitor in (v for v in ground.visitors.values() if not v.name.endswith("-b")):
        for address in addresses(URLS["portal"]):
            if address.name in open_to_all:
                continue
            path = address.filled(fillings(address, ground.known)[0])
            for fields, origin in (
                (nothing, None),
                (forged, None),
                (forged, "https://elsewhere.example"),
                (nothing, "null"),
            ):
                headers = {"Origin": origin} if origin else {}
                answer = ground.look(visitor, f"POST {path}", visitor.post(path, fields, headers=headers))
                refused = (
                    (400, 401, 403, 404, 405, 429) if address.name in WITHOUT_COOKIE else (403, 404, 405)
                )
                if answer.status not in refused:
                    ground.wrong.append(f"{visitor.name}: POST {path} without a token: {answer.status}")
    unchanged(ground, before, ground.visitors["nobody"])
    ground.fail()


@pytest.mark.thorough
def test_every_form_replayed_by_everybody_else(ground: Field) -> None:
    """Hidden fields and all, with the other's own token and the numbers of whoever was served it."""
    forms = {v.name: every_form(ground, v) for v in ground.visitors.values() if not v.name.endswith("-b")}
    assert sum(len(found) for found in forms.values()) > 10
    for thief in ground.visitors.values():
        before = Picture.of(ground.admin)
        sent = set()  # what several are served alike is replayed once
        for served_to, found in forms.items():
            if served_to == thief.name:
                continue
            for form in found:
                if _ends_it(form):
                    continue
                for button in form.buttons or (None,):
                    fields = [(k, v) for k, v in form.fields if k != "csrfmiddlewaretoken"]
                    fields += [button] if button else []
                    if (form.target, tuple(fields)) not in sent:
                        sent.add((form.target, tuple(fields)))
                        _submit(ground, thief, form, fields)
        unchanged(ground, before, thief)
    ground.fail()


@pytest.mark.thorough
def test_every_field_of_every_form_with_what_nobody_means(ground: Field) -> None:
    tried: Counter[object] = Counter()  # what many are served, two of them fill in
    for visitor in (v for v in ground.visitors.values() if not v.name.endswith("-b")):
        before = Picture.of(ground.admin)
        alien = [str(n) for v in ground.visitors.values() if v.name != visitor.name for n in v.numbers][:3]
        for form in every_form(ground, visitor):
            tried[form.target, tuple(form.names)] += 1
            if _ends_it(form) or tried[form.target, tuple(form.names)] > 2:
                continue
            for name in form.names:
                if name == "csrfmiddlewaretoken":
                    continue
                for value in (*alien, *HOSTILE):
                    fields = [(k, v) for k, v in form.fields if k not in ("csrfmiddlewaretoken", name)]
                    _submit(ground, visitor, form, [*fields, (name, value)])
            _submit(ground, visitor, form, [(f"f{i}", "") for i in range(1_500)])
            for kind in (
                "application/json",
                "multipart/form-data; boundary=x",
                "text/plain; charset=nonsense",
            ):
                for body in (b"\xff\xfe\x00", b"{" * 9_999, b"--x\r\n" * 999, b""):
                    answer = visitor.send("POST", form.target, body, kind, _token(visitor, form))
                    ground.look(visitor, f"POST {form.target} {kind}", answer)
        unchanged(ground, before, visitor)
    ground.fail()


def _submit(ground: Field, visitor: Visitor, form: Form, fields: list[tuple[str, str]]) -> None:
    what = f"{form.method} {form.target} {str(fields)[:120]}"
    if form.method != "post":
        query = "&".join(f"{quote(k)}={quote(v.encode('utf-8', 'surrogateescape'))}" for k, v in fields)
        path = urlsplit(form.target).path
        ground.look(visitor, what, visitor.get(f"{path}?{query[:6_000]}"))
        return
    ground.look(visitor, what, visitor.post(form.target, fields, headers=_token(visitor, form)))


def _token(visitor: Visitor, form: Form) -> dict[str, str]:
    """The visitor's own token, fetched where a page gives them one."""
    if "bloesem_form" not in visitor.cookies:
        visitor.get("/nl/account" if visitor.role else "/nl/signin")
    return {"X-CSRFToken": visitor.cookies.get("bloesem_form", "")}


def _ends_it(form: Form) -> bool:
    """Signing out would end the attack; that everybody may do for themselves."""
    return form.target.endswith("/signout")


def unchanged(ground: Field, before: Picture, by: Visitor) -> None:
    """What is not within the visitor's own scope is as it was."""
    plan = ground.site.stage.company.plan
    for schema, name, text in Picture.of(ground.admin).since(before):
        if (schema, name) in LOGS or (schema, name) in OFFICE.get(by.role, ()):
            continue
        row = json.loads(text)
        table = plan.by_name.get(name) if schema == "data" else None
        owned = table is not None and ground.oracle.own(by, table, row)
        if not owned and not (
            schema == "bloesem" and row.get("person_id") in by.numbers and by.role == PERSON
        ):
            ground.wrong.append(
                f"{by.name}: {schema}.{name} changed: {re.sub(r'[^,]{80,}', '…', text)[:160]}"
            )
