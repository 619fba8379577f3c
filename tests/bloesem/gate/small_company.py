"""The small company of the compiler's tests, with roles, a writer, and processes: what the gate needs of a plan."""

from __future__ import annotations

from typing import Any

from tests.bloesem.plan import small

from bloesem.plan.model import Plan

RECORD: dict[str, Any] = {
    "processes": {
        "console": ["support", "identify", "quality", "archive", "disputes", "law:claims", "law:tax-archive"],
        "portal": ["subject", "fleet"],
        "stations": ["intake"],
        "worker": ["billing", "marketing", "newsletter", "reporting"],
    },
    "roles": {
        "subject": {
            "decided": small.VERSION,
            "scope": "person",
            "restricted_too": True,
            "reads": ["name", "mail", "birth", "session", "total", "talk", "segment"],
        },
        "fleet": {"decided": small.VERSION, "scope": "employer", "purpose": "billing", "reads": ["total"]},
    },
    "writers": {
        "intake": {
            "decided": small.VERSION,
            "purpose": "billing",
            "tables": {"session": ["id", "person_id", "recorded_at", "place", "held_on"]},
        }
    },
}


def collections() -> list[dict[str, Any]]:
    """Sessions belong to an employer's fleet too; an address identifies."""
    found = []
    for one in small.COLLECTIONS:
        if one["name"] == "session":
            one = {
                **one,
                "fields": [*one["fields"], small.column("employer_id", key=True)],
                "meta": {**one["meta"], "scopes": {"employer": "employer_id"}},
            }
        if one["name"] == "point":
            fields = [
                {**f, "fides_meta": {"identity": "email"}} if f["name"] == "value" else f
                for f in one["fields"]
            ]
            one = {**one, "fields": fields}
        found.append(one)
    return found


def plan(prefix: str, **more: Any) -> Plan:
    return small.plan(prefix, record=RECORD, collections=collections(), **more)


def create_tables(connection: Any, made: Plan) -> None:
    small.create_tables(connection, made)
    connection.execute("ALTER TABLE data.session ALTER employer_id TYPE bigint USING employer_id::bigint")
    # A table of parts: what names a part is judged by the part alone.
    connection.execute(
        "DROP TABLE data.recording; CREATE TABLE data.recording (id bigint, recorded_at timestamptz, person_id bigint,"
        " sound text, made_on date) PARTITION BY RANGE (made_on);"
        "CREATE TABLE data.recording_old PARTITION OF data.recording FOR VALUES FROM (MINVALUE) TO ('2024-01-01');"
        "CREATE TABLE data.recording_rest PARTITION OF data.recording DEFAULT"
    )
