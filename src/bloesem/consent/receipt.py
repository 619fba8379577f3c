"""The receipt of a consent, for the person who gave it: ISO/IEC TS 27560:2023 in JSON-LD, after DPV's guide (S-03).

It says what the record proves and nothing else: who answers, for what, to which words, when, how long, how to take it back.
DPV keeps the term of storage apart from the validity of the consent; both stand here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from bloesem.consent.errors import ConsentError
from bloesem.consent.rules import CONSENT_COLUMNS, Rules
from bloesem.consent.texts import Texts
from bloesem.plan.dates import civil, last_day
from bloesem.policy.controller import particulars
from bloesem.policy.model import RecordedController
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

CONTEXT: Mapping[str, str] = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "loc": "https://w3id.org/dpv/loc#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
RECORD_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#record"
RECEIPT_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#receipt"


def receipt(
    connection: Connection,
    rules: Rules,
    texts: Texts,
    controller: RecordedController,
    record: str,
    language: str,
) -> str:
    """The receipt of a record, as the text of a `.jsonld` file. in: as keeper; `record`: what `give` returned.

    raises: ConsentError when there is no such record.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, CONSENT_COLUMNS))
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            sql.SQL("SELECT {} FROM {} WHERE record_id = %s ORDER BY id").format(
                columns, sql.Identifier(rules.consents.schema, rules.consents.name)
            ),
            [record],
        ).fetchall()
    if not rows:
        raise ConsentError(
            "there is no such record of consent",
            "a receipt is of a record",
            "use the id that giving it returned",
        )
    now = moment(connection, rules.plan)
    made = document(rules, texts, controller, rows, now, language)
    return json.dumps(made, ensure_ascii=False, indent=2)


def document(
    rules: Rules,
    texts: Texts,
    controller: RecordedController,
    rows: Sequence[Mapping[str, Any]],
    now: dt.datetime,
    language: str,
) -> dict[str, Any]:
    """The receipt as JSON-LD. in: the rows of one record: as it was given, and what is left of it. Pure."""
    first = rows[0]
    record = str(first["record_id"])
    text = texts.named(str(first["words_version"]))
    shown = str(first["language"])
    given: dt.datetime = first["given_at"]
    until = last_day(civil(given), rules.consent_term(rules.plan.purpose(text.purpose)))
    body = {
        "@id": f"urn:uuid:{record}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": record,
        "dct:conformsTo": RECORD_SCHEMA,
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": str(first["person_id"])},
        "dpv:hasDataController": _controller(rules, controller),
        "dpv:hasJurisdiction": ["loc:BE"],
        "dpv:hasApplicableLaw": "eu-gdpr:GDPR",
        "dpv:hasNotice": {
            "@type": "dpv:ConsentNotice",
            "dct:identifier": text.name,
            "dct:language": shown,
            "dct:description": text.words[shown],
            "schema:sha256": first["words_digest"],
            "dct:isPartOf": {"@type": "dpv:PrivacyNotice", "dct:hasVersion": first["notice_version"]},
        },
        "dpv:hasProcess": _process(rules, text.purpose, rows, language),
        "dpv:hasLegalBasis": "eu-gdpr:A6-1-a",
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dct:description": text.withdraw[language],
        },
        "dpv:hasRight": [f"eu-gdpr:A{a}" for a in ("7-3", "15", "16", "17", "18", "20", "77")],
        "dpv:hasConsentStatus": _events(rows, now, until),
    }
    return {
        "@context": dict(CONTEXT),
        "@id": f"urn:uuid:{record}#receipt",
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": f"{record}-receipt",
        "dct:conformsTo": RECEIPT_SCHEMA,
        "dct:created": now.isoformat(),
        "dct:publisher": controller.name,
        "schema:recipient": "dpv:DataSubject",
        "dpv:hasRecordOfActivity": body,
    }


def _controller(rules: Rules, controller: RecordedController) -> dict[str, Any]:
    who = particulars(rules.policy.controller, controller)
    if who is None:
        raise ConsentError(
            "nobody is known to whom consent was given",
            "P-007: a receipt names who is responsible, with seat and number",
            "write name, legal form, seat and number under `controller` in the record",
        )
    return {
        "@type": "dpv:DataController",
        "dct:identifier": who.kbo,
        "dpv:hasName": who.name,
        "dpv:hasAddress": who.seat,
        "dpv:hasContact": rules.policy.contact.email,
    }


def _process(rules: Rules, purpose: str, rows: Sequence[Mapping[str, Any]], language: str) -> dict[str, Any]:
    part = rules.plan.purpose(purpose)
    row = next(row for row in rules.policy.purposes.values() if purpose in row.parts)
    return {
        "@type": "dpv:Process",
        "dct:title": part.label.get(language, purpose),
        "dpv:hasPurpose": [f"dpv:{term}" for term in row.dpv],
        "dct:subject": sorted({kind for one in rows for kind in (one["kinds"] or "").split(",") if kind}),
        "dpv:hasTechnicalMeasure": sorted(
            {by for one in rows for by in (one["channel"] or "").split(",") if by}
        ),
        "dpv:hasPersonalData": sorted(part.reads),
        "dpv:hasDataSource": "dpv:DataSubject",
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageDuration",
            "dpv:hasDuration": rules.consent_term(part),
            "dpv:hasLocation": "loc:BE",
        },
    }


def _events(rows: Sequence[Mapping[str, Any]], now: dt.datetime, until: dt.date) -> list[dict[str, Any]]:
    """Given, and what became of each part of it."""
    first = rows[0]
    given: dt.datetime = first["given_at"]
    events = [
        {
            "@type": "dpv:ConsentGiven",
            "dct:date": given.isoformat(),
            "dct:valid": until.isoformat(),
            "dpv:isIndicatedBy": "dpv:ParentOfDataSubject"
            if first["given_by"] == "parent"
            else "dpv:DataSubject",
            "dpv:hasIndicationMethod": {"action": first["action"], "where": first["how"]},
        }
    ]
    for row in rows:
        if row["withdrawn_at"] is not None:
            events.append(
                {
                    "@type": "dpv:ConsentWithdrawn",
                    "dct:date": row["withdrawn_at"].isoformat(),
                    "dct:subject": row["kinds"],
                    "dpv:hasIndicationMethod": {"where": row["withdrawn_how"]},
                }
            )
    if until < civil(now):
        events.append({"@type": "dpv:ConsentExpired", "dct:date": until.isoformat()})
    return events
