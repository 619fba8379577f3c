"""What the addresses of recipients take and give, in OpenAPI 3.1: served, and held against real answers by a test."""

from __future__ import annotations

from functools import cache
from typing import Any

from charging.portal.hems import MOST, SOME
from charging.portal.report import GRIDS, PROGRESS, SHOWS

VERSION = "1.0.0"


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


_TEXT: dict[str, Any] = {"type": "string"}
_DAY: dict[str, Any] = {"type": ["string", "null"], "format": "date"}
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_YES: dict[str, Any] = {"type": "boolean"}

_JOB: dict[str, Any] = {
    "number": {**_WHOLE, "description": "the job's number, in addresses too"},
    "address": _object([], street=_TEXT, postal_code=_TEXT, city=_TEXT, country=_TEXT),
    "phone": {**_TEXT, "description": "to make an appointment; empty where there is none"},
    "place": {**_TEXT, "description": "where on the premises"},
    "when": {**_TEXT, "description": "when somebody may come"},
    "progress": _TEXT,
    "progress_on": _DAY,
    "install": _object(
        [],
        preferred_brand=_TEXT,
        preferred_model=_TEXT,
        grid=_TEXT,
        main_fuse_ampere=_WHOLE,
        digital_meter=_YES,
        cable_metres=_WHOLE,
    ),
    "assigned_until": {**_DAY, "description": "the last day of the assignment; a closed job is gone before"},
}
_PHOTO = _object(["taken_on", "shows"], taken_on=_DAY, shows=_TEXT)

SCHEMAS: dict[str, Any] = {
    "Job": _object(list(_JOB), **_JOB),
    "JobWithPhotos": _object([*_JOB, "photos"], **_JOB, photos={"type": "array", "items": _PHOTO}),
    "Jobs": _object(["jobs"], jobs={"type": "array", "items": {"$ref": "#/components/schemas/Job"}}),
    "Report": {
        "type": "object",
        "description": "something is said; a picture says what it shows, and whether others are in it",
        "properties": {
            "progress": {"type": "string", "enum": list(PROGRESS)},
            "progress_on": {"type": "string", "format": "date"},
            "grid": {"type": "string", "enum": list(GRIDS)},
            "main_fuse_ampere": {"type": "integer", "minimum": 6, "maximum": 400},
            "digital_meter": {"type": "string", "enum": ["yes", "no"]},
            "image": {"type": "string", "contentMediaType": "image/jpeg, image/png"},
            "shows": {"type": "string", "enum": list(SHOWS)},
            "others_in_picture": {"type": "string", "enum": ["yes", "no"]},
        },
    },
    "Session": _object(
        ["customer", "session", "revision", "withdrawn", "quarters"],
        customer={**_TEXT, "description": "the customer's number, this recipient's alone"},
        session={**_TEXT, "description": "the same for each revision of one session"},
        revision={**_WHOLE, "description": "the highest counts, and replaces all before"},
        withdrawn={**_YES, "description": "it counts no longer: forget its quarter hours"},
        quarters={
            "type": "array",
            "items": _object(["start", "wh"], start=_MOMENT, wh={**_WHOLE, "minimum": 0}),
        },
    ),
    "Feed": _object(
        ["sessions", "next", "more"],
        sessions={"type": "array", "items": {"$ref": "#/components/schemas/Session"}},
        next={**_TEXT, "description": "where to go on: send it as `after`"},
        more={**_YES, "description": "whether there is more now"},
    ),
    "Customers": _object(
        ["customers"],
        customers={
            "type": "array",
            "description": "whoever is not here any more has ended the service: erase what you have of them",
            "items": _object(
                ["customer", "charge_point"],
                customer=_TEXT,
                charge_point=_object([], brand=_TEXT, model=_TEXT),
            ),
        },
    ),
    "Problem": _object(
        ["type", "title", "status"],
        type=_TEXT,
        title=_TEXT,
        status=_WHOLE,
        detail=_TEXT,
        rule=_TEXT,
        remedy=_TEXT,
    ),
}

_NUMBER = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}


def _problems(*more: tuple[str, str]) -> dict[str, Any]:
    said = [
        ("401", "no token, or none that is good: missing, unknown, expired, revoked"),
        (
            "403",
            "contract, clause, diligence, transfer or assignment is missing or has lapsed: detail, rule, remedy",
        ),
        ("404", "no such thing for this token"),
        ("429", "asked too often: wait as Retry-After says"),
        *more,
    ]
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in sorted(said)}


def _get(
    name: str, summary: str, schema: str, parameters: list[Any], *more: tuple[str, str]
) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": parameters,
            "responses": {"200": {"description": summary, "content": content}, **_problems(*more)},
        }
    }


@cache
def document() -> dict[str, Any]:
    body = {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/Report"}}}
    after = {"name": "after", "in": "query", "schema": _TEXT, "description": "`next` of the answer before"}
    limit = {
        "name": "limit",
        "in": "query",
        "schema": {**_WHOLE, "minimum": 1, "maximum": MOST, "default": SOME},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Blossom Energy for recipients",
            "version": VERSION,
            "description": "What an installer's or an energy partner's own program reads. Every answer is decided about"
            " on its day, and recorded. There are no redirects and no cookies.",
        },
        "security": [{"token": []}],
        "paths": {
            "/api/v1/installer/jobs": _get("jobs", "open jobs that are assigned to you", "Jobs", []),
            "/api/v1/installer/jobs/{number}": _get(
                "job", "one of them, with its pictures", "JobWithPhotos", [_NUMBER]
            ),
            "/api/v1/installer/jobs/{number}/report": {
                "post": {
                    "operationId": "report",
                    "summary": "how far a job is, what the meter is, and pictures",
                    "parameters": [_NUMBER],
                    "requestBody": {"required": True, "content": body},
                    "responses": {
                        "204": {"description": "written down"},
                        **_problems(
                            ("400", "what was sent is no form that can be read"),
                            ("409", "its person is restricted: nothing is written now"),
                            ("413", "what was sent is too large"),
                            ("422", "the report is not whole"),
                        ),
                    },
                }
            },
            "/api/v1/hems/sessions": _get(
                "sessions",
                "quarter hours that are new or were corrected, in an order that misses nothing",
                "Feed",
                [after, limit],
                ("400", "no cursor of this feed, or no such limit"),
            ),
            "/api/v1/hems/customers": _get("customers", "who has the service now", "Customers", []),
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


__all__ = ["SCHEMAS", "document"]
