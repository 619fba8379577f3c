"""Being shown, having set right, frozen, taken along, objected to: each asked, decided, done and answered (P-147 to P-164)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import ssl
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
from tests.bloesem.cases.conftest import World, world  # noqa: F401 - fixture
from tests.bloesem.cases.test_clerk import opened, used
from tests.bloesem.rights.guarded.test_told import given
from tests.bloesem.rights.test_transfer import certificate, supplier
from tests.promises.test_rights import answer, asked, decide, erased, lines, rows

from bloesem.answers import unseal
from bloesem.answers.model import words
from bloesem.plan.quoting import ident
from bloesem.rights import transfer
from bloesem.stores.postgres import connect


def reads(world: World, purpose: str, query: str, *values: object) -> list[Any]:  # noqa: F811
    """What a purpose's role is given by PostgreSQL."""
    plan = world.loaded.plan
    with world.admin.transaction(force_rollback=True):
        world.admin.execute(f"SET LOCAL ROLE {ident(plan.role(purpose))}".encode())
        world.admin.execute(f"SET LOCAL search_path = {ident(plan.purpose(purpose).name)}, bloesem".encode())
        return [row[0] if len(row) == 1 else row for row in world.admin.execute(query.encode(), values)]


def whole(world: World, table: str, person: int) -> int:  # noqa: F811
    """How many rows of a table are the person's."""
    return int(world.one(f"SELECT count(*) FROM data.{table} WHERE person_id = %s", person))


def files(world: World, number: str) -> Mapping[str, bytes]:  # noqa: F811
    with zipfile.ZipFile(io.BytesIO(opened(world, number)["data.zip"])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# ---- access ------------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-130")
@pytest.mark.promise("P-147")
@pytest.mark.promise("R-022")
def test_the_overview_is_grouped_as_the_policy_groups_and_says_all_that_the_law_adds(world: World) -> None:  # noqa: F811
    person, policy = world.people["ann"], world.loaded.policy
    gave = world.one(
        "INSERT INTO bloesem.disclosure (as_of, recipient, name, kind, purpose, ground, manifest, policy, transfers) VALUES"
        " (bloesem.moment(), 'briefwerk', 'Briefwerk NV', 'print_mail', 'billing', 'contract', sha256('x'), '2024-03-18', %s)"
        " RETURNING id",
        json.dumps([{"country": "GB", "mechanism": "adequacy"}]),
    )
    world.admin.execute(
        "INSERT INTO bloesem.disclosed (disclosure_id, person_id, reference, table_name, columns)"
        " VALUES (%s, %s, 3, 'person_name', '{given_name}')",
        [gave, person],
    )
    number = world.file("access", person=person)
    world.clerk.run()
    said = answer(world, number)
    assert said["outcome"] == "granted", "that there is something of them"
    headings = {key: c.label["nl"] for key, c in policy.categories.items() if "." not in key}
    groups = [one["what"].split(": ")[0] for one in said["items"]]
    order = [list(headings.values()).index(name) for name in groups]
    assert order == sorted(order), "in the policy's own order, each kind together"
    assert sum(one["many"] for one in said["items"]) == len(rows(world, person).items), "(15(3)) all of it"
    names = {label.label["nl"] for label in policy.categories.values()}
    for one in said["items"]:
        for group in one["what"].split("; "):
            heading, _, kinds = group.partition(": ")
            assert heading in headings.values(), "(b) categories"
            assert set(kinds.split(", ")) <= names
        assert one["why"], "(a) purposes"
        assert one["until"], "(d) until when"
    parts = {part.label["nl"] for row in policy.purposes.values() for part in row.parts.values()}
    laws = {one.label["nl"] for one in world.loaded.company.law.purposes}
    assert all(set(one["why"].split(", ")) <= parts | laws for one in said["items"]), "in plain words"
    assert any(one["source"] for one in said["items"]), "(g) from whom"
    told = lines(said)
    assert "Briefwerk NV" in told, "(c) who really got something"
    others = {one.name for key, one in world.loaded.company.record.recipients.items() if key != "briefwerk"}
    holders = {one.name for one in world.clerk.bench.composer().holders}
    got = world.admin.execute(
        "SELECT DISTINCT d.name FROM bloesem.disclosure d JOIN bloesem.disclosed o ON o.disclosure_id = d.id"
        " WHERE o.person_id = %s", [person]
    ).fetchall()  # fmt: skip
    assert len(others - holders - {name for (name,) in got}) > 5
    assert not [one for one in others - holders - {name for (name,) in got} if one in told], "and nobody else"
    kinds = {one.label["nl"] for one in policy.recipients.values()}
    (section,) = [one for one in said["sections"] if one["title"] == words()["recipients"]["nl"]]
    assert not [line for line in section["lines"] if line in kinds], "by name, and not by a kind"
    assert "Verenigd Koninkrijk" in told
    assert "adequaatheidsbesluit" in told, "(2) on which safeguard"
    for word in ("Verbeteren", "wissen", "beperken", "meenemen", "bezwaar"):
        assert word in told, "(e) what else can be asked"
    assert "Gegevensbeschermingsautoriteit" in " ".join(said["remedies"]), "(f) where to complain"
    assert "geen machine alleen" in told, "(h) automated decisions"
    data = json.loads(files(world, number)["data.json"])
    for name, found in data["tables"].items():
        table = world.loaded.plan.table(name.split(".")[1])
        where = " OR ".join(f"{owner} = {person}" for owner in table.owners)
        assert len(found) == world.one(f"SELECT count(*) FROM {name} WHERE {where}"), "a faithful copy"


# ---- rectification ---------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-148")
@pytest.mark.promise("R-025")
def test_what_is_wrong_incomplete_unfitting_or_old_is_set_right_and_its_history_is_shut_away(
    world: World,  # noqa: F811
) -> None:
    person = world.people["customer"]
    given(
        world.admin,
        person,
        "briefwerk",
        address=["street", "region"],
        contact=["about"],
        phone_number=["value"],
    )

    def first(table: str) -> int:
        return int(world.one(f"SELECT min(id) FROM data.{table} WHERE person_id = %s", person))

    world.admin.execute("UPDATE data.address SET region = NULL WHERE person_id = %s", [person])
    grounds = {
        "wrong": ("address", "street", "Kerkstraat 7"),
        "incomplete": ("address", "region", "Vlaanderen"),
        "outdated": ("phone_number", "value", "0475 00 00 07"),
        "inappropriate": ("contact", "about", None),
    }
    policy = {one.key: one.label["en"] for one in world.loaded.policy.rights["rectification"].conditions}
    assert set(grounds) == set(policy), "the four grounds of the text"
    for ground, (table, column, value) in grounds.items():
        row = first(table)
        now = f"SELECT {column} FROM data.{table} WHERE id = %s"
        was = world.one(now, row)
        wrong = [{"table": table, "column": column, "value": value, "row": [str(row)]}]
        asked_for = {"ground": ground}
        number = world.file(
            "rectification", person=person, language="en", words=f"{ground}!", params=asked_for
        )
        world.clerk.run()
        assert world.one(now, row) == was, "nothing is written before it is accepted"
        assert (
            decide(world, number, "granted", "Seen: a letter of the town.", corrections=wrong) == "recorded"
        )
        world.clerk.run()
        said = answer(world, number)
        assert world.one(now, row) == value
        assert [(one["outcome"], one["why"]) for one in said["items"]] == [("corrected", policy[ground])]
        assert "Briefwerk NV" in lines(said), "who got the old value is told, and that is told"
        kept = "SELECT ground, was, given_by FROM bloesem.correction WHERE person_id = %s ORDER BY id DESC LIMIT 1"
        assert world.admin.execute(kept.encode(), [person]).fetchone() == (
            ground,
            was,
            "Seen: a letter of the town.",
        )
    notices = "SELECT array_agg(DISTINCT given::text) FROM bloesem.notice WHERE person_id = %s AND change = 'rectification'"
    assert len(world.one(notices, person)) == 4

    said = asked(
        world, "rectification", person, params={"ground": "incomplete"},
        statement="I was told otherwise on the phone.", items=[f"contact[{first('contact')}]"],
    )  # fmt: skip
    assert "I was told otherwise on the phone." in lines(said)
    found = world.clerk.bench.desk(world.clerk.bench.one(1)).access(
        world.clerk.bench.wanted(world.clerk.bench.one(_id(world, person)))
    )
    assert [one["statement"] for one in found["corrections"]][-1] == "I was told otherwise on the phone."
    for login in ("portal", "worker", "console"):
        with (
            connect(world.stage.dsn(login), autocommit=True) as page,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            page.execute("SELECT FROM bloesem.correction")
    before = world.one("SELECT array_agg(value) FROM data.phone_number WHERE person_id = %s", person)
    refused = asked(world, "rectification", person, "refused", "That is somebody else's number.")
    assert refused["outcome"] == "refused"
    assert world.one("SELECT array_agg(value) FROM data.phone_number WHERE person_id = %s", person) == before
    erased(world, person, "a")
    assert world.one("SELECT count(*) FROM bloesem.correction WHERE person_id = %s", person) == 0


def _id(world: World, person: int) -> int:  # noqa: F811
    """A case of the person's."""
    return int(world.one("SELECT max(id) FROM bloesem.request_case WHERE person_id = %s", person))


# ---- restriction --------------------------------------------------------------------------------------------------------------------


SEEN = "SELECT count(*) FROM address WHERE id = %s"
HELD_BACK = "SELECT rows FROM held_back(%s) WHERE table_name = 'address' AND reason = 'restricted'"


@pytest.mark.promise("R-025")
@pytest.mark.promise("P-158")
@pytest.mark.promise("R-029")
def test_a_disputed_item_is_frozen_and_marked_and_the_person_is_told_before_that_ends(world: World) -> None:  # noqa: F811
    person = world.people["objection_assessed"]
    row = int(world.one("SELECT min(id) FROM data.address WHERE person_id = %s", person))
    other = "SELECT count(*) FROM email_address WHERE person_id = %s"
    assert reads(world, "billing", SEEN, row) == [1]
    number = world.file(
        "restriction", person=person, language="en", params={"ground": "a"}, words="I never lived there."
    )
    world.clerk.run()
    assert decide(world, number, items=[f"address[{row}]"]) == "recorded"
    world.clerk.run()
    said = answer(world, number)
    assert "Address" in lines(said)
    assert "before we lift" in lines(said)
    readers = [p.key for p in world.loaded.plan.purposes if p.active and not p.survives_restriction]
    address = world.loaded.plan.table("address")
    for key in readers:
        if address.bits & world.loaded.plan.purpose(key).mask:
            assert reads(world, key, SEEN, row) == [0], key
    assert world.one("SELECT street IS NOT NULL FROM data.address WHERE id = %s", row), "stored all the same"
    assert reads(world, "support", other, person) == [1], "the rest is used"
    assert reads(world, "billing", HELD_BACK, person) == [1], (
        "and a desk sees that something is held back, and why"
    )

    lift = "SELECT bloesem.case_lift('officer:1', %s, %s, %s)"
    assert world.one(lift, number, " ", None) == "why"
    assert world.one(lift, number, "The town confirmed the address.", None) == "recorded"
    assert world.one(lift, number, "Again.", None) == "already"
    for _ in range(3):
        world.clerk.run()
    letters = [(template, to) for template, to, _ in world.letters(number) if template == "restriction-lifts"]
    assert letters == [("restriction-lifts", world.mail(person))], "told, once"
    assert reads(world, "billing", SEEN, row) == [0], "and not lifted while the letter waits"
    sent = "UPDATE bloesem.outbox SET state = 'sent', ended_at = bloesem.moment() - interval '{}' WHERE template = %s"
    world.admin.execute(sent.format("1 hour").encode(), ["restriction-lifts"])
    world.clerk.run()
    assert reads(world, "billing", SEEN, row) == [0], "nor before there was time to say something"
    world.admin.execute(
        b"UPDATE bloesem.outbox SET ended_at = bloesem.moment() - interval '4 days' WHERE template = 'restriction-lifts'"
    )
    world.clerk.run()
    assert reads(world, "billing", SEEN, row) == [1]
    events = world.events(number)
    assert events.index("lifts") < events.index("lifted")
    assert reads(world, "billing", HELD_BACK, person) == []


@pytest.mark.promise("P-160")
@pytest.mark.promise("R-029")
def test_the_other_grounds_the_person_prefers_it_to_erasure_or_objects(world: World) -> None:  # noqa: F811
    plan = world.loaded.plan
    person = world.people["clicked"]
    before = rows(world, person)
    said = asked(world, "restriction", person, params={"ground": "b"})
    assert "do not use" in lines(said)
    after = rows(world, person)
    assert after.items.keys() == before.items.keys(), "it is not erased"
    free = plan.mask(lambda p: p.survives_restriction)
    claims = {p.key for p in plan.purposes if p.hold}
    duties = {"law:security", "law:accountability", "law:tax-archive"}
    assert set(plan.keys(free)) == claims | duties, (
        "legal claims, and what protects others or the law itself asks"
    )
    for item, _ in after.mine():
        assert item.used & ~free == 0, "store only"
        assert item.kept == before.items[item.ref].kept
    frozen = "SELECT frozen_ground FROM data.person WHERE id = %s AND frozen_since IS NOT NULL"
    assert world.one(frozen, person) == "unlawful", "and whoever opens the person sees it"

    person = world.people["consent_renewed"]
    assert used(world, person, "quality")
    number = world.file("objection", person=person, language="en", params={"purposes": ["quality"]})
    world.clerk.run()
    assert not used(world, person, "quality"), "while it is weighed"
    kept = world.one(
        "SELECT kept & %s FROM bloesem.state WHERE person_id = %s", plan.purpose("quality").mask, person
    )
    assert kept, "and stored"
    assert decide(world, number, "refused", "A danger to others.") == "recorded"
    world.clerk.run()
    assert used(world, person, "quality"), "decided, it ends by the answer"
    assert answer(world, number)["reason"] == "A danger to others."


# ---- to take along ----------------------------------------------------------------------------------------------------------------------


def taken(world: World, person: int) -> tuple[Mapping[str, bytes], Mapping[str, Any]]:  # noqa: F811
    number = world.file("portability", person=person, language="en")
    world.clerk.run()
    return files(world, number), answer(world, number)


@pytest.mark.promise("R-031")
@pytest.mark.promise("P-161")
def test_the_file_is_documented_read_by_machines_and_sent_straight_to_another_supplier(
    world: World,  # noqa: F811
    tmp_path: Path,
) -> None:
    """JSON with its schema, and CSV; over https to where the person says; and it stands in the way of no other right."""
    person = world.people["co_user"]
    number = world.file("portability", person=person, language="en")
    erasing = world.file("erasure", person=person, language="en", params={"ground": "a"})
    there = rows(world, person).items.keys()
    for _ in range(2):
        world.clerk.run()
    found, said = files(world, number), answer(world, number)
    assert rows(world, person).items.keys() == there, "what was taken along is still here"
    data, schema = json.loads(found["data.json"]), json.loads(found["schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    assert data["tables"]
    wrong = {"tables": {**data["tables"], "data.email_address": [{"value": 7}]}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)
    legend = found["README.txt"].decode()
    for name, table in data["tables"].items():
        short = name.split(".")[1]
        lines_of = list(csv.DictReader(io.StringIO(found[f"{short}.csv"].decode("utf-8-sig"))))
        assert [set(one) for one in lines_of] == [set().union(*table)] * len(table)
        assert f"{short}.csv" in legend, "and it says what each column holds"
        for column in set().union(*table):
            assert re.search(rf"^  {column}: \S", legend.partition(f"{short}.csv")[2], re.MULTILINE), (
                short,
                column,
            )

    trusted, token = certificate(tmp_path, "anders.example"), world.token(number, "case-answered")
    packed = unseal(token, bytes(world.one("SELECT bloesem.case_open(%s)", token)))
    assert packed is not None
    with supplier(trusted, 201) as (port, took):
        assert (
            world.one("SELECT bloesem.case_transfer(%s, 'transfer-begun', 'anders.example')", token) == number
        )
        done = transfer.send(
            transfer.Receiver("anders.example", "/in"), packed["data.zip"], case=number, port=port,
            context=ssl.create_default_context(cafile=str(trusted)), allowed=lambda *_: ("127.0.0.1",),
        )  # fmt: skip
    assert done.taken
    ((_, _, body),) = took
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert json.loads(archive.read("data.json")) == data
    assert "transfer-begun" in world.events(number)

    assert said["outcome"] == "granted"
    assert world.case(erasing)["state"] == "waiting", (
        "taken along first, then erased: it is in the way of nothing"
    )
    assert decide(world, erasing) == "recorded"
    world.clerk.run()
    assert answer(world, erasing)["outcome"] in ("granted", "partly")


@pytest.mark.promise("P-162")
@pytest.mark.promise("P-163")
@pytest.mark.promise("R-031")
def test_it_holds_what_was_given_or_observed_on_contract_or_consent_and_access_has_the_rest(
    world: World,  # noqa: F811
) -> None:
    person, plan = world.people["recorded"], world.loaded.plan
    found, said = taken(world, person)
    data = json.loads(found["data.json"])
    bases = plan.mask(lambda p: p.active and p.basis in ("contract", "consent"))
    scope = world.loaded.policy.rights["portability"].purposes
    named = {
        k
        for row in world.loaded.policy.purposes
        for k in world.loaded.policy.purposes[row].parts
        if row in scope
    }
    assert plan.mask(lambda p: p.key in scope or p.key in named) == bases, (
        "PUR-1, the contract's part of PUR-3, PUR-6"
    )
    held = rows(world, person).items
    for name, table in data["tables"].items():
        for row in table:
            item = held[name, tuple(row[key] for key in plan.table(name.split(".")[1]).key)]
            for column in (c for c in item.table.columns if not c.key and c.name in row):
                assert plan.origin(item.table, column, item.source) in ("provided", "observed"), (
                    name,
                    column.name,
                )
                assert (item.used | item.kept) & column.purposes & bases, (name, column.name)
    assert data["tables"]["data.session"], "what their use produced"
    over = {str(row["id"]): row for row in data["tables"]["data.session"] if row["stopped_at"]}
    cdrs = {one["id"]: one for one in json.loads(found["ocpi-cdrs.json"])}
    assert cdrs.keys() == over.keys() != set(), "what is over, and nothing that still runs"
    for key, cdr in cdrs.items():
        for name, ours in (("start_date_time", "started_at"), ("end_date_time", "stopped_at")):
            assert cdr[name].endswith("Z"), "OCPI's moments are in UTC"
            assert dt.datetime.fromisoformat(cdr[name]) == dt.datetime.fromisoformat(over[key][ours]).replace(
                microsecond=0
            )
        assert cdr["total_time"] > 0
        if over[key].get("energy_wh") is not None:
            assert cdr["total_energy"] == over[key]["energy_wh"] / 1000
            assert cdr["charging_periods"][0]["dimensions"] == [
                {"type": "ENERGY", "volume": cdr["total_energy"]}
            ]
    assert "customer_number" not in data["tables"].get("data.person", [{}])[0], (
        "what we gave them is not theirs to take"
    )
    assert "data.segment" not in data["tables"], "nor what we derived"
    assert "data.birth_date" not in data["tables"], "nor what runs on our interest"
    assert "data.marketing_interaction" not in data["tables"]
    left = [one for one in said["items"] if one["outcome"] == "not in the file"]
    assert left
    assert all(one["why"] for one in left), "each with the reason"
    number = world.file("access", person=person)
    world.clerk.run()
    shown = json.loads(files(world, number)["data.json"])["tables"]
    assert {"data.segment", "data.birth_date"} <= shown.keys(), "access has it all"
    bench, archived = world.clerk.bench, world.people["held_after_all_else"]
    number = world.file("portability", person=archived)
    case = bench.one(int(world.case(number)["id"]))
    assert rows(world, archived).items
    assert not bench.desk(case).portable(bench.wanted(case))["tables"], (
        "what only law and claims keep is not taken along"
    )


# ---- objection ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-164")
def test_an_objection_is_taken_up_for_every_purpose_but_contract_and_law(world: World) -> None:  # noqa: F811
    person, policy = world.people["consent_near_expiry"], world.loaded.policy
    plan = world.loaded.plan
    parts_ = [plan.purpose(key) for row in policy.purposes.values() for key in row.parts]
    free = [p.key for p in parts_ if p.basis in ("legitimate-interest", "consent") and not p.hold]
    bound = [p.key for p in parts_ if p.basis in ("contract", "legal-obligation")]
    assert {"identify", "quality", "training", "marketing", "consent_marketing", "reporting"} <= set(free)
    assert {"sales", "after_sales", "support", "service", "billing", "archive"} <= set(bound)
    keys = [*free, *bound]
    runs = [key for key in bound if used(world, person, key)]
    assert used(world, person, "consent_marketing")
    number = world.file("objection", person=person, language="en", params={"purposes": keys})
    world.clerk.run()
    assert not any(used(world, person, key) for key in free), "none is used while it is weighed, or any more"
    assert decide(world, number, "granted", "We can do without.") == "recorded"
    world.clerk.run()
    said = answer(world, number)
    objected = (
        "SELECT array_agg(key ORDER BY key) FROM bloesem.fact WHERE person_id = %s AND kind = 'objection'"
    )
    assert {"identify", "quality", "reporting", "marketing"} <= set(world.one(objected, person))
    consent = "SELECT count(*) FROM data.consent WHERE person_id = %s AND part = 'consent_marketing' AND withdrawn_at IS NULL"
    assert world.one(consent, person) == 0, "an objection to what runs on consent is a withdrawal"
    assert {"service", "support"} <= set(runs)
    assert all(used(world, person, key) for key in runs), "contract and law go on"
    assert said["outcome"] == "partly"
    parts = {key: part.label["en"] for row in policy.purposes.values() for key, part in row.parts.items()}
    assert [key for key in bound if parts[key] not in said["reason"]] == []
    assert "your contract needs it" in said["reason"]
    assert "the law asks it" in said["reason"]
    assert parts["consent_marketing"] in lines(said)
    alone = asked(world, "objection", person, "refused", "See below.", {"purposes": ["billing"]})
    assert alone["outcome"] == "refused"
    assert parts["billing"] in alone["reason"]
    assert len(alone["remedies"]) == 4


# ---- what moves the date: last ---------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-159")
@pytest.mark.promise("R-029")
def test_what_somebody_needs_for_a_claim_outlives_every_clock_unread_until_it_is_lifted(world: World) -> None:  # noqa: F811
    from bloesem.clock import moment, sweep
    from bloesem.clock.demonstration import advance

    person, plan = world.people["former_recent"], world.loaded.plan
    contact = int(world.one("SELECT min(id) FROM data.contact WHERE person_id = %s", person))
    number = world.file("restriction", person=person, language="en", params={"ground": "c"})
    world.clerk.run()
    assert decide(world, number, items=[f"contact[{contact}]"]) == "recorded"
    world.clerk.run()
    assert "legal claim" in lines(answer(world, number))
    hold = "SELECT held_by, reason, review_on > bloesem.today() FROM bloesem.fact WHERE person_id = %s AND kind = 'hold'"
    assert world.admin.execute(hold.encode(), [person]).fetchone() == ("officer:1", f"case {number}", True)
    today = world.one("SELECT bloesem.today()")
    advance(world.admin, plan, today.replace(year=today.year + 12, day=1))
    assert sweep(world.admin, plan, moment(world.admin, plan)).complete
    left = rows(world, person)
    assert list(left.items) == [("data.contact", (contact,))], "every clock is over: it alone is left"
    claims = plan.purpose("law:claims").mask
    (item,) = left.items.values()
    assert item.kept == item.used == claims, "stored; read for the claim and for nothing else"
    assert world.one("SELECT content IS NOT NULL FROM data.contact WHERE id = %s", contact) is not None
    assert (
        world.one("SELECT bloesem.case_lift('officer:1', %s, 'The case is over.', bloesem.today())", number)
        == "recorded"
    )
    world.clerk.run()
    assert not rows(world, person).items, "lifted, it goes at once"
