"""What goes to a recipient goes through the gate: its fields, of rows that may be used, whole and recorded, or not at all."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.bloesem.recipients.changed import DAY, HOME, blossom, changed
from tests.bloesem.recipients.store import blossom_store, files, invoiced, manifest, on_the_day, unblocked  # noqa: F401
from tests.databases import Database
from tests.promises.business import Business
from tests.promises.test_gate import has_home_charger

from bloesem.company import load
from bloesem.errors import GateError
from bloesem.gate.secrets import Credentials
from bloesem.gate.served import Gate
from bloesem.plan.dates import midnight
from bloesem.policy.company import Company
from bloesem.recipients import disclose as module
from bloesem.recipients import outbox
from bloesem.recipients.disclose import Disclosed, DisclosureError, disclose, settle
from bloesem.recipients.export import pieces

Store = Business


@pytest.fixture
def store(blossom_store: Business) -> Iterator[Business]:  # noqa: F811
    LAST["id"] = _last(blossom_store)
    yield blossom_store
    blossom_store.world.admin.execute("UPDATE data.product SET service = 'home_charger'")


#: The last disclosure before a test began.
LAST = {"id": 0}


def _last(store: Business) -> int:
    found = store.world.admin.execute("SELECT coalesce(max(id), 0) FROM bloesem.disclosure").fetchone()
    assert found is not None
    return int(found[0])


def give(
    store: Store, people: list[int], to: Path, name: str = "briefwerk", for_: str = "billing", **more: Any
) -> Disclosed:
    company: Callable[[], Company] = more.pop("company", blossom)
    clock = more.pop("clock", lambda: midnight(DAY) + dt.timedelta(hours=12))
    using = store.world.alias(store.world.login(for_))
    return disclose(company, name, for_, people, to=to, clock=clock, using=using, **more)


def recorded(store: Store) -> list[tuple[Any, ...]]:
    return store.world.admin.execute(
        "SELECT d.recipient, d.purpose, g.person_id, g.table_name, g.columns FROM bloesem.disclosure d"
        " JOIN bloesem.disclosed g ON g.disclosure_id = d.id WHERE d.id > %s ORDER BY g.person_id, g.table_name",
        [LAST["id"]],
    ).fetchall()


def nothing(store: Store, to: Path) -> bool:
    """Nothing is recorded, and nothing is there, hidden things neither."""
    return (
        _last(store) == LAST["id"] and recorded(store) == [] and (not to.exists() or list(to.iterdir()) == [])
    )


@pytest.mark.promise("P-125")
def test_a_recipient_gets_the_fields_on_its_list_and_a_manifest_is_kept_of_what_went(
    store: Store, tmp_path: Path
) -> None:
    ann, bea, cis = (invoiced(store, name) for name in ("Aerts", "Baert", "Claes"))
    store.fact(bea, "restriction", "accuracy")
    done = give(store, [ann, bea], tmp_path)
    assert done.people == {ann}, "not the one who is restricted, nor another's customer"
    text = files(done.directory)
    assert set(text) == {"address.csv", "invoice.csv", "manifest.json", "person_name.csv"}
    whole = "".join(text.values())
    assert "Aerts" in whole
    for kept in ("Baert", "Claes", "+32", "470 00", "BE71", str(ann), str(cis)):
        assert kept not in whole, "dropped: not on the list, not of these people, or a number of ours"
    (row,) = csv.DictReader(io.StringIO(text["invoice.csv"]))
    assert (row["description"], row["issued_on"], row["amount_cents"]) == (
        "laadsessies",
        DAY.isoformat(),
        "1210",
    )

    said = manifest(done.directory)
    assert (said["recipient"], said["kind"], said["purpose"], said["people"], said["rows"]) == (
        *("briefwerk", "print_mail", "billing"),
        *(1, 3),
    )
    assert said["ground"].startswith("contract, art. 6(1)(b)")
    assert (said["policy"], said["decided_on"], said["contract"]) == (
        "2024-03-18",
        "2026-11-26",
        "DPA-2026-017",
    )
    for file in said["files"]:
        whole_file = (done.directory / file["file"]).read_bytes()
        assert hashlib.sha256(whole_file).hexdigest() == file["sha256"]
        if "letters" in file:
            continue  # test_delivery reads them
        head = next(csv.reader(io.StringIO(text[file["file"]])))
        assert head == ["person", *(column["name"] for column in file["columns"])]
        assert all(column["meaning"][0]["nl"] for column in file["columns"])

    assert [(r[0], r[1], r[2], r[3]) for r in recorded(store)] == [
        ("briefwerk", "billing", ann, table) for table in ("address", "invoice", "person_name")
    ]
    given = {r[3]: r[4] for r in recorded(store)}
    assert set(given["address"]) == {"street", "postal_code", "city", "country"}, "what is printed"
    row_kept = store.world.admin.execute(
        "SELECT manifest, policy, recipient, name, login FROM bloesem.disclosure WHERE id = %s", [done.number]
    ).fetchone()
    assert row_kept is not None
    assert row_kept[0] == hashlib.sha256(text["manifest.json"].encode()).digest()
    assert row_kept[1:4] == (dt.date(2024, 3, 18), "briefwerk", "Briefwerk NV (example)")


def test_as_json_where_the_recipient_takes_that(store: Store, tmp_path: Path) -> None:
    person = invoiced(store)
    done = give(store, [person], tmp_path, "factuurpunt")
    import json

    (row,) = json.loads(files(done.directory)["person_name.json"])
    assert (row["person"], row["family_name"]) == (1, "Aerts")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (("contact.phone",), "not on its list"),
        (("identification.name", "contact.phone"), "not on its list"),
        (("identification",), "not on its list"),
        ((), "are none"),
        (("no.such",), "does not have"),
    ],
)
def test_a_field_that_is_not_on_the_list_is_refused_and_nothing_goes(
    store: Store, tmp_path: Path, fields: tuple[str, ...], says: str
) -> None:
    person = invoiced(store)
    with pytest.raises(DisclosureError, match=says):
        give(store, [person], tmp_path, fields=fields)
    assert nothing(store, tmp_path)


def test_what_is_refused_is_refused_before_anything_is_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = invoiced(store)
    monkeypatch.setattr(module, "purpose", None)
    for company, says in (
        (changed("briefwerk", contract=None), "is not on record"),
        (changed("briefwerk", locations=("US",)), "transfer to US"),
    ):
        with pytest.raises(DisclosureError, match=says):
            give(store, [person], tmp_path, company=lambda c=company: c)
    assert nothing(store, tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"contract": None}, "contract with `briefwerk` is not on record"),
        ({"fields": ("identification.name",)}, "register changed"),
        ({"remote_access": ("US",)}, "transfer to US"),
        ({"contract": {"valid_until": dt.date(2026, 12, 31)}}, "register changed"),
    ],
)
def test_a_register_that_changes_while_it_is_read_refuses_the_whole(
    store: Store, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    person = invoiced(store)
    real = outbox.write_rows
    now = [blossom()]

    def write(*given: Any) -> Any:
        now[0] = changed("briefwerk", **change)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "write_rows", write)
        with pytest.raises(DisclosureError, match=says):
            give(store, [person], tmp_path, company=lambda: now[0])
    assert nothing(store, tmp_path)


@pytest.mark.parametrize("last", [DAY, None])
def test_an_export_that_crosses_midnight_delivers_nothing(
    store: Store, tmp_path: Path, last: dt.date | None
) -> None:
    """Whether the decision ended with the day or not: what was read was for that day."""
    person = invoiced(store)
    company = changed("briefwerk", contract={"valid_until": last})
    clock = iter([midnight(DAY + dt.timedelta(days=1)) - dt.timedelta(microseconds=1)])

    def tick() -> dt.datetime:
        return next(clock, midnight(DAY + dt.timedelta(days=1)))

    says = "ended on 2026-11-26" if last else "the day or the register changed"
    with pytest.raises(DisclosureError, match=says):
        give(store, [person], tmp_path, company=lambda: company, clock=tick)
    assert nothing(store, tmp_path)
    assert give(store, [person], tmp_path, company=lambda: company).people == {person}


def test_the_database_refuses_a_day_that_is_over_whatever_the_process_says(store: Store) -> None:
    login = store.world.login("billing")
    with store.world.raw(login) as raw, pytest.raises(psycopg.errors.CheckViolation, match="is over"):
        raw.execute(
            "SELECT bloesem.record_disclosure('billing', %s::jsonb, %s, %s)",
            [
                '{"recipient": "x", "name": "x", "kind": "x", "ground": "x", "transfers": []}',
                b"0" * 32,
                dt.date(2026, 11, 25),
            ],
        )


class Crash(BaseException):
    """The process is gone: nothing of it runs any more."""


@pytest.mark.parametrize("where", ["write_rows", "write_manifest", "record", "commit", "name"])
def test_after_a_crash_anywhere_the_export_is_whole_and_recorded_or_neither(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    person = invoiced(store)
    using = store.world.alias(store.world.login("billing"))

    def crash(*given: Any, **more: Any) -> Any:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "drop", lambda part: None)  # a process that is gone tidies nothing
        if where == "record":
            patch.setattr(module, "write_down", crash)
        elif where == "commit":
            from bloesem.gate import opening

            patch.setattr(opening, "_leave", crash)
        else:
            patch.setattr(outbox, where, crash)
        with pytest.raises(Crash):
            give(store, [person], tmp_path)
    settled = settle(tmp_path, using=using)
    if where == "name":
        (directory,) = settled
        assert manifest(directory)["people"] == 1
        assert {row[2] for row in recorded(store)} == {person}
        assert [path.name for path in tmp_path.iterdir()] == [directory.name]
    else:
        assert settled == []
        assert nothing(store, tmp_path)
    assert settle(tmp_path, using=using) == [], "again without harm"


def test_an_export_that_is_being_made_is_settled_by_nobody_else(store: Store, tmp_path: Path) -> None:
    using = store.world.alias(store.world.login("billing"))
    with outbox.begun(tmp_path, "x") as part:
        assert settle(tmp_path, using=using) == []
        assert part.is_dir()
    settle(tmp_path, using=using)
    assert list(tmp_path.iterdir()) == []


def test_nobodys_facts_change_between_two_reads_of_an_export(store: Store, tmp_path: Path) -> None:
    """A restriction that comes meanwhile waits, and counts for the next one."""
    person = invoiced(store)
    waited = []

    def company() -> Company:
        if store.world.admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        ).fetchone() != (0,):
            store.world.admin.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                store.fact(person, "restriction", "accuracy")
            store.world.admin.execute("RESET lock_timeout")
            waited.append(True)
        return blossom()

    assert give(store, [person], tmp_path, company=company).people == {person}
    assert waited
    store.fact(person, "restriction", "accuracy")
    assert give(store, [person], tmp_path).people == frozenset()


def test_energy_management_gets_data_of_people_who_have_that_service_alone(
    store: Store, tmp_path: Path
) -> None:
    with_, without = store.customer(), store.customer()
    has_home_charger(store.world, with_)
    store.world.admin.execute("UPDATE data.product SET service = 'hems'")
    using = store.world.alias(store.world.login("service"))
    from bloesem.gate.opening import purpose

    with purpose("service", using=using) as opened:
        assert module._hold_still(opened, "service", [with_, without], "hems") == [with_]
        assert module._hold_still(opened, "service", [with_, without], None) == sorted([with_, without])


def test_an_archive_is_given_by_two_for_a_case_and_the_reading_is_logged(
    store: Store, tmp_path: Path
) -> None:
    person = invoiced(store)
    with pytest.raises(DisclosureError, match="one person alone decides"):
        give(
            store,
            [person],
            tmp_path,
            "tax_inspection",
            "archive",
            assignment="audit-2026-07",
            actor="staff:bo",
        )
    two = {"actor": "staff:bo", "second": "staff:cy"}
    with pytest.raises(GateError):
        give(store, [person], tmp_path, "tax_inspection", "archive", assignment="audit-2026-07", **two)
    with pytest.raises(DisclosureError, match="is about 1 person, and 2 are asked for"):
        give(store, [person, 5], tmp_path, "tax_inspection", "archive", assignment="audit-2026-07")
    done = give(
        store,
        [person],
        tmp_path,
        "tax_inspection",
        "archive",
        assignment="audit-2026-07",
        actor="staff:bo",
        case=7,
        second="staff:cy",
    )
    assert done.people == {person}
    assert set(files(done.directory)) == {"invoice.csv", "manifest.json"}
    (logged,) = store.world.admin.execute(
        "SELECT actor, person_id FROM bloesem.reading WHERE person_id = %s", [person]
    ).fetchall()
    assert logged == ("staff:bo", person)
    row = store.world.admin.execute(
        "SELECT recipient, assignment FROM bloesem.disclosure WHERE id = %s", [done.number]
    ).fetchone()
    assert row == ("tax_inspection", "audit-2026-07")


def test_a_disclosure_is_append_only_and_nobody_adds_people_to_one_that_is_committed(
    store: Store, tmp_path: Path
) -> None:
    person = invoiced(store)
    done = give(store, [person], tmp_path)
    for statement in (
        "UPDATE bloesem.disclosure SET recipient = 'x'",
        "DELETE FROM bloesem.disclosure",
        "TRUNCATE bloesem.disclosed",
        "UPDATE bloesem.disclosed SET person_id = 1",
        "DELETE FROM bloesem.disclosed",
        "DELETE FROM bloesem.notice",
    ):
        with pytest.raises(psycopg.errors.IntegrityError, match="append-only"):
            store.world.admin.execute(statement)
    with (
        store.world.raw(store.world.login("billing")) as raw,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="not of this transaction"),
    ):
        raw.execute("SELECT bloesem.record_disclosed(%s, 'invoice', '{number}', '{1}', '{1}')", [done.number])
    with (
        store.world.raw(store.world.login("support")) as raw,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        raw.execute("SELECT bloesem.record_disclosure('billing', '{}', %s, NULL)", [b"0" * 32])


def test_it_goes_when_the_law_no_longer_asks_to_show_it(fresh_database: Database, tmp_path: Path) -> None:
    """Five years after it was given, through the last day, as with who read whom (P-104)."""
    with on_the_day(fresh_database) as store:
        LAST["id"] = 0
        person = invoiced(store)
        give(store, [person], tmp_path)
        store.world.admin.execute("ALTER TABLE bloesem.disclosed DISABLE TRIGGER append_only")
        store.world.admin.execute(
            "UPDATE bloesem.disclosed SET at = %s", [midnight(DAY) + dt.timedelta(hours=23)]
        )
        store.world.admin.execute("ALTER TABLE bloesem.disclosed ENABLE TRIGGER append_only")
        store.on("2031-11-26")
        assert recorded(store)
        store.on("2031-11-27")
        assert recorded(store) == []
        assert _last(store), "what names nobody stays"


def test_of_a_row_of_several_people_each_gives_their_own_columns() -> None:
    plan = load(HOME, on=DAY, prefix="x_").plan
    gate = Gate(plan, Credentials.new("worker"))
    target = gate.resolve("service")
    readable = {table.name: gate.grants(target, table.name).read for table in plan.tables}
    shared = [one for one in pieces(plan, ("all",), readable) if len(one.table.owners) > 1]
    assert shared
    for one in shared:
        number = one.table.owners.index(one.owner)
        assert all(one.table.column(name).owner == number for name in one.columns)
    everything = [(one.table.name, name) for one in pieces(plan, ("all",), readable) for name in one.columns]
    assert len(everything) == len(set(everything))
    assert "person" not in {one.table.name for one in pieces(plan, ("all",), readable)}
