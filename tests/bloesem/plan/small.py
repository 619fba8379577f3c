"""A small company for tests of the compiler: policy, law and map in Python, and its tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from bloesem.datamap.model import DataMap
from bloesem.law.model import Ceiling, LawPurpose
from bloesem.plan.build import compile_plan
from bloesem.plan.model import Bit, Plan
from bloesem.plan.sql import statements
from bloesem.policy.model import Policy, Record

VERSION = dt.date(2024, 3, 18)

EVENTS: dict[str, Any] = {
    "account.opened": {"label": {"en": "account opened"}},
    "account.terminated": {"label": {"en": "account ended"}, "reopened_by": "account.opened"},
    "account.closed": {"label": {"en": "account closed"}, "reopened_by": "account.opened"},
    "customer.started": {"label": {"en": "customer"}},
    "customer.ended": {"label": {"en": "no customer"}, "reopened_by": "customer.started"},
    "interaction": {"label": {"en": "interaction"}},
    "contact": {"label": {"en": "contact"}},
    "consent.given": {"label": {"en": "consent"}},
}

CATEGORIES = ("name", "mail", "iban", "birth", "session", "total", "talk", "segment", "recording")
TAGS = {"recording": ("call-recording",), "total": ("accounting-voucher",)}


def term(period: str, after: str, fallback: Any = None, **more: Any) -> dict[str, Any]:
    return {"for": period, "after": after, **({"fallback": fallback} if fallback else {}), **more}


LAST_CONTACT = term("P1Y", "contact")

PURPOSES: dict[str, Any] = {
    "PUR-1": (
        "contract",
        "none",
        {"support": ["name", "mail", "talk"]},
        term("P1Y", "account.terminated", LAST_CONTACT),
    ),
    "PUR-2": (
        "legitimate-interest",
        "assessed",
        {"identify": ["name", "birth", "mail"]},
        term("P0D", "customer.ended"),
    ),
    "PUR-3": (
        "legal-obligation",
        "none",
        {"archive": ["total"]},
        term("P7Y", "record", **{"from": "end-of-year"}),
    ),
    "PUR-3b": (
        "contract",
        "none",
        {"billing": ["session", "total", "iban", "name"]},
        term("P1Y", "account.terminated"),
    ),
    "PUR-3c": ("legitimate-interest", "none", {"disputes": ["all"]}, "hold"),
    "PUR-4": (
        "legitimate-interest",
        "assessed",
        {"quality": ["talk", "recording"]},
        term("P1Y", "account.closed", LAST_CONTACT),
    ),
    "PUR-5": (
        "legitimate-interest",
        "absolute",
        {"marketing": ["name", "mail", "segment"]},
        term("P1Y", "interaction"),
    ),
    "PUR-6": ("consent", "absolute", {"newsletter": ["name", "mail"]}, term("P1Y", "consent.given")),
    "PUR-7": ("legitimate-interest", "assessed", {"reporting": ["session", "talk"]}, "none"),
}

LAW: list[dict[str, Any]] = [
    {
        "key": "law:tax-archive",
        "label": {"en": "tax"},
        "description": {"en": "tax"},
        "basis": "legal-obligation",
        "article": "VAT Code art. 60",
        "reads": {"is": ["accounting-voucher"]},
        "keep": [
            term("P7Y", "record", **{"from": "end-of-year", "records_until": dt.date(2022, 12, 31)}),
            term("P10Y", "record", **{"from": "end-of-year", "records_from": dt.date(2023, 1, 1)}),
        ],
        "survives": {"erasure": True, "objection": True},
        "checked": {"status": "published", "on": dt.date(2026, 1, 1)},
    },
    {
        "key": "law:claims",
        "label": {"en": "claims"},
        "description": {"en": "claims"},
        "basis": "legitimate-interest",
        "article": "17(3)(e)",
        "reads": {"all": True},
        "keep": {"hold": True},
        "survives": {"erasure": True, "restriction": True, "objection": True},
        "checked": {"status": "published", "on": dt.date(2026, 1, 1)},
    },
]


def ceiling(status: str = "published") -> Ceiling:
    return Ceiling.model_validate(
        {
            "key": "be.recording",
            "label": {"en": "recordings"},
            "is": ["call-recording"],
            "for": "P1M",
            "after": "record",
            "article": "art. 128 WEC",
            "source": "law",
            "checked": {"status": status, "on": dt.date(2026, 1, 1) if status == "published" else None},
        }
    )


#: Declared sources, what their values serve, and which are steps towards a contract (P-053).
SOURCES: dict[str, Any] = {
    "contract": {"label": {"en": "contract"}, "pattern": "^subject:contract$"},
    "employer": {"label": {"en": "employer"}, "pattern": "^employer:.+$", "origin": "received"},
    "seen": {"label": {"en": "seen"}, "pattern": "^seen:(here|there)$", "origin": "observed"},
    "asked": {"label": {"en": "a request"}, "pattern": "^subject:request$"},
}
BY_SOURCE: dict[str, Any] = {
    "contract": {"decided": VERSION, "begins": "account.opened", "asked": ["contract", "employer"]},
}


def by_source(collections: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same map, where each table says where its rows came from: in its column, or once for all."""
    result = []
    for number, one in enumerate(collections):
        has = any(field["name"] == "source" for field in one["fields"])
        says = (
            {"source": "source"} if has else {"default_source": ("subject:request", "seen:here")[number % 2]}
        )
        result.append({**one, "meta": {**one["meta"], **says}})
    return result


def policy(
    purposes: Mapping[str, Any] = PURPOSES,
    version: dt.date = VERSION,
    sources: Mapping[str, Any] | None = None,
) -> Policy:
    label = {"en": "x"}
    return Policy.model_validate(
        {
            "company": "Small",
            "version": version,
            "controller": {"name": "Small"},
            "events": EVENTS,
            "types": {"user": {"label": label}},
            "categories": {c: {"label": label, "type": "user", "is": TAGS.get(c, ())} for c in CATEGORIES},
            "sources": sources or {},
            "purposes": {
                key: {
                    "label": label,
                    "description": label,
                    "lines": [1],
                    "basis": basis,
                    "statute": "a law",
                    "keep": keep,
                    "objection": objection,
                    "parts": {part: {"label": label, "reads": reads} for part, reads in parts.items()},
                }
                for key, (basis, objection, parts, keep) in purposes.items()
            },
            "contact": {
                "function": label,
                "email": "p@small.example",
                "post": {"street": "", "postal_code": "", "city": ""},
            },
        }
    )


def column(name: str, category: str | None = None, **meta: Any) -> dict[str, Any]:
    if meta.get("key") and category is None:
        meta = {"why": "of the small company", **meta}
    return {"name": name, "data_categories": [category] if category else [], "meta": meta}


def keyed() -> list[dict[str, Any]]:
    return [{"name": "id", "fides_meta": {"primary_key": True}}, column("recorded_at", key=True)]


def collection(name: str, columns: Sequence[dict[str, Any]], **meta: Any) -> dict[str, Any]:
    meta.setdefault("owners", [{"column": "person_id"}])
    owners = [column(o["column"], key=True) for o in meta["owners"]]
    return {
        "name": name,
        "fields": [*keyed(), *owners, *columns],
        "meta": {"recorded": "recorded_at", **meta},
    }


PERSON: dict[str, Any] = {
    "name": "person",
    "fields": [*keyed(), column("language", key=True)],
    "meta": {
        "holds": "people",
        "recorded": "recorded_at",
        "events": [{"event": "contact", "at": "recorded_at"}],
    },
}

COLLECTIONS: list[dict[str, Any]] = [
    PERSON,
    collection("identity", [column("name", "name"), column("birth", "birth")]),
    collection(
        "point",
        [column("value", "mail"), column("source", key=True)],
        narrow=[
            {
                "when": {"column": "source", "starts_with": "employer:"},
                "but": ["marketing", "newsletter"],
                "why": "the employer gave it",
            }
        ],
    ),
    collection(
        "account",
        [column("opened_at", key=True), column("terminated_at", key=True), column("iban", "iban")],
        events=[
            {"event": "account.opened", "at": "opened_at"},
            {"event": "account.terminated", "at": "terminated_at"},
        ],
    ),
    collection(
        "session",
        [
            column("place", "session"),
            column("total", "total"),
            column("co_name", "name"),
            column("held_on", key=True),
        ],
        owners=[{"column": "person_id"}, {"column": "co_person_id", "owns": ["co_name"]}],
        record_date="held_on",
    ),
    collection(
        "talk",
        [column("said", "talk"), column("at", key=True)],
        events=[{"event": "interaction", "at": "at"}],
    ),
    collection(
        "recording", [column("sound", "recording"), column("made_on", key=True)], record_date="made_on"
    ),
    collection("segment", [column("name", "segment")]),
    collection(
        "consent",
        [column("text", "talk"), column("given_at", key=True), column("withdrawn_at", key=True)],
        consents=[{"purpose": "newsletter", "given": "given_at", "withdrawn": "withdrawn_at"}],
    ),
]

DATES = {"held_on", "made_on"}
MOMENTS = {"recorded_at", "opened_at", "terminated_at", "at", "given_at", "withdrawn_at"}


def datamap(collections: Sequence[dict[str, Any]] = tuple(COLLECTIONS)) -> DataMap:
    return DataMap.model_validate(
        {"dataset": [{"fides_key": "small", "meta": {"schema": "data"}, "collections": list(collections)}]}
    )


RECORD: dict[str, Any] = {
    "returns": {"decided": VERSION, "event": "account.opened", "after": "account.terminated", "within": "P1Y"}
}


def bits(*policies: Policy) -> list[Bit]:
    seen: dict[str, dt.date] = {}
    for one in policies or (policy(),):
        for purpose in one.purposes.values():
            for part in purpose.parts:
                seen.setdefault(part, one.version)
    for law in LAW:
        seen.setdefault(str(law["key"]), VERSION)
    return [Bit(number, key, first) for number, (key, first) in enumerate(seen.items())]


def plan(
    prefix: str = "small_",
    *,
    of: Policy | None = None,
    record: Mapping[str, Any] | None = None,
    collections: Sequence[dict[str, Any]] = tuple(COLLECTIONS),
    registry: Sequence[Bit] | None = None,
    ceilings: Sequence[Ceiling] | None = None,
    off: Mapping[str, str] | None = None,
) -> Plan:
    of = of or policy()
    return compile_plan(
        of,
        Record.model_validate({**RECORD, **(record or {})}),
        [LawPurpose.model_validate(p) for p in LAW],
        [ceiling()] if ceilings is None else ceilings,
        datamap(collections),
        registry or bits(of),
        off=off,
        prefix=prefix,
        first_version=VERSION,
    )


def create_tables(connection: psycopg.Connection[Any], made: Plan) -> None:
    """The bare tables, as an application's migrations would have made them."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS data")
    for table in made.tables:
        columns = []
        for c in table.columns:
            kind = "text"
            if c.name in table.key or c.name in table.owners:
                kind = "bigint"
            elif c.name in DATES:
                kind = "date"
            elif c.name in MOMENTS:
                kind = "timestamptz"
            columns.append(f'"{c.name}" {kind}' + (" PRIMARY KEY" if c.name in table.key else ""))
        connection.execute(f"CREATE TABLE data.{table.name} ({', '.join(columns)})")


def install(connection: psycopg.Connection[Any], made: Plan) -> None:
    for statement in statements(made):
        try:
            connection.execute(statement.sql)
        except psycopg.Error as fault:
            raise AssertionError(f"{statement.about}: {fault}\n{statement.sql}") from fault
