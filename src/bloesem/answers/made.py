"""What leaves: the PDF, the file with the data, and both sealed so that the link alone opens them.

sealed = AES-256-GCM under a key that is derived from the link's own token (HKDF-SHA256): the database holds its hash
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import typst
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bloesem.answers.model import Answer, Item, say

_HERE = Path(__file__).parent
_FONTS = _HERE.parent / "recipients" / "fonts"
#: A file of one's own data has one moment: nothing in it tells when it was packed.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_NONCE = 12
_USE = b"bloesem answers"
_ALONE = Lock()


@cache
def _compiler(name: str) -> typst.Compiler:
    return typst.Compiler(str(_HERE / name), font_paths=[str(_FONTS)], ignore_system_fonts=True)


def pdf(answer: Answer) -> bytes:
    """The answer as a tagged PDF in its language (PDF/UA-1)."""
    return _compiled("answer", _said(answer))


def letter(
    sender: str,
    address: Sequence[str],
    subject: str,
    lines: Sequence[str],
    language: str,
    answer: Answer | None,
    pages: Mapping[str, Any] | None = None,
) -> bytes:
    """A letter for the post, as a tagged PDF: whose it is, to whom, its words, and the answer where it has one; `pages`: the
    data themselves (`annex`)."""
    said = {
        "sender": sender,
        "address": list(address),
        "subject": subject,
        "lines": list(lines),
        "language": language,
    }
    return _compiled(
        "letter", {**said, "answer": None if answer is None else _said(answer), "annex": pages or None}
    )


def _said(answer: Answer) -> dict[str, Any]:
    language = answer.language
    return {
        **answer.json(),
        "reason_title": say("reason", language),
        "items_title": say("items", language),
        "remedies_title": say("remedies", language),
        "page": say("page", language),
        **table(answer),
    }


def _compiled(name: str, said: Mapping[str, Any]) -> bytes:
    with _ALONE:  # the compiler serves one thread at a time
        made = _compiler(f"{name}.typ").compile(
            sys_inputs={name: json.dumps(said, ensure_ascii=False)}, format="pdf", pdf_standards=["ua-1"]
        )
    assert isinstance(made, bytes)
    return made


#: What, what became of it, for what, from whom, until when: each as wide as its words are long.
_WIDTHS = (2.4, 1.4, 2.8, 1.6, 1.3)


def table(answer: Answer) -> dict[str, Any]:
    """The items as rows: what is empty in all of them is no column. out: `columns`, their titles; `widths`, their shares of
    a page; and `rows`."""
    rows = [(f"{i.what} ({i.many})", i.outcome, i.why, i.source, i.until) for i in merged(answer.items)]
    filled = [n for n in range(len(answer.columns)) if any(row[n] for row in rows)]
    return {
        "columns": [answer.columns[n] for n in filled],
        "widths": [_WIDTHS[n] for n in filled],
        "rows": [[row[n] for n in filled] for row in rows],
    }


def merged(items: Sequence[Item]) -> list[Item]:
    """What is said alike is said once, with its sum; what stays first, as that is what somebody asks about."""
    found: dict[tuple[str, ...], Item] = {}
    for one in items:
        key = (one.what, one.outcome, one.why, one.source, one.until)
        before = found.get(key)
        found[key] = replace(one, many=one.many + (before.many if before else 0))
    return sorted(found.values(), key=lambda one: (not one.until, one.what))


def packed(
    found: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, str]],
    language: str = "en",
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """A zip of somebody's data: `data.json`, a CSV per table, `README.txt` that says what each column holds.

    in: what the engine found (`tables`: table → rows); `columns`: table → column → what it holds, in words of
    `language`; `more`: files that others delivered, by their name.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(
            archive, "data.json", json.dumps(found, ensure_ascii=False, indent=1, default=str, sort_keys=True)
        )
        for name, rows in found["tables"].items():
            _put(archive, f"{name.rpartition('.')[2]}.csv", _as_csv(rows))
        for name, content in (more or {}).items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
        if found.get("columns"):
            _put(
                archive,
                "schema.json",
                json.dumps(schema(found["columns"], columns), ensure_ascii=False, indent=1),
            )
        sessions = cdrs(found["tables"].get("data.session", ()))
        if sessions:
            _put(archive, "ocpi-cdrs.json", json.dumps(sessions, ensure_ascii=False, indent=1, default=str))
        besides = [key for key, there in (("schema", found.get("columns")), ("cdrs", sessions)) if there]
        _put(archive, "README.txt", _legend(found["tables"], columns, besides, language))
    return out.getvalue()


#: PostgreSQL's types, as JSON has them; every other is text.
_TYPES = {
    **dict.fromkeys(("smallint", "integer", "bigint"), "integer"),
    **dict.fromkeys(("numeric", "real", "double precision"), "number"),
    "boolean": "boolean",
}
_FORMATS = {"date": "date", "timestamp with time zone": "date-time"}


def schema(
    typed: Mapping[str, Mapping[str, Mapping[str, Any]]], columns: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The JSON Schema of `data.json`, so that another supplier's program reads it (P-161, art. 20(1)).

    in: table → column → its type; table → column → what it holds.
    """
    tables = {
        name: {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    column: _property(str(one.get("type", "")), columns.get(name, {}).get(column, ""))
                    for column, one in said.items()
                },
            },
        }
        for name, said in typed.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What a person takes along",
        "type": "object",
        "required": ["tables"],
        "properties": {"tables": {"type": "object", "properties": tables, "additionalProperties": False}},
    }


def _property(kind: str, holds: str) -> dict[str, Any]:
    of = kind.partition("(")[0]
    if of in ("json", "jsonb") or of.endswith("[]"):
        return {"description": holds}
    form = {"format": _FORMATS[of]} if of in _FORMATS else {}
    return {"type": [_TYPES.get(of, "string"), "null"], **form, "description": holds}


def _put(archive: zipfile.ZipFile, name: str, text: str) -> None:
    archive.writestr(zipfile.ZipInfo(name, _MOMENT), text.encode(), zipfile.ZIP_DEFLATED)


def _as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(names)
    lines.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return "\ufeff" + out.getvalue()


def _cell(value: Any) -> str:
    """A spreadsheet runs what begins with these signs: it is shown as text instead."""
    text = (
        ""
        if value is None
        else json.dumps(value, default=str)
        if isinstance(value, dict | list)
        else str(value)
    )
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdecimal()


def _legend(
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    columns: Mapping[str, Mapping[str, str]],
    besides: Sequence[str],
    language: str,
) -> str:
    """What each file is, and each column that is there."""
    lines = [say(f"legend.file.{key}", language) for key in ("data", *besides)]
    for name, rows in tables.items():
        there = {column for row in rows for column in row}
        lines += ["", f"{name.rpartition('.')[2]}.csv"]
        lines += [
            f"  {column}: {holds}" for column, holds in columns.get(name, {}).items() if column in there
        ]
    return "\r\n".join(lines) + "\r\n"


def cdrs(sessions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Charging sessions that are over under the names of OCPI 2.2.1, so that another supplier reads them (P-162, S-22):
    moments in UTC, `total_energy` in kWh, `total_time` in hours, `total_cost` in euro. A session that still runs is no CDR;
    it stands in `data.json`."""
    made = []
    for row in sessions:
        begun, over = _at(row.get("started_at")), _at(row.get("stopped_at"))
        if begun is None or over is None:
            continue
        energy, cents = row.get("energy_wh"), row.get("amount_cents")
        kwh = None if energy is None else int(energy) / 1000
        one = {
            "id": str(row.get("id")),
            "session_id": row.get("transaction_key"),
            "start_date_time": _utc(begun),
            "end_date_time": _utc(over),
            "cdr_location": {"name": row["place"]} if row.get("place") else None,
            "currency": "EUR",
            "charging_periods": None
            if kwh is None
            else [{"start_date_time": _utc(begun), "dimensions": [{"type": "ENERGY", "volume": kwh}]}],
            "total_cost": None if cents is None else {"excl_vat": int(cents) / 100},
            "total_energy": kwh,
            "total_time": round((over - begun).total_seconds() / 3600, 4),
        }
        made.append({key: value for key, value in one.items() if value is not None})
    return made


def _at(value: Any) -> dt.datetime | None:
    found = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if isinstance(found, dt.datetime) and found.tzinfo is not None else None


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- sealed ------------------------------------------------------------------------------------------------------------


def new_token() -> str:
    """What a link holds: nobody guesses it, and mail programs leave it whole."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What the database knows of a link."""
    return hashlib.sha256(token.encode()).digest()


def seal(token: str, contents: Mapping[str, bytes]) -> bytes:
    """in: names and bytes. out: one sealed piece that only this token opens."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), content)
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key(token)).encrypt(nonce, out.getvalue(), _USE)


def unseal(token: str, sealed: bytes) -> dict[str, bytes] | None:
    """out: names and bytes; None when the token does not open it."""
    try:
        bare = AESGCM(_key(token)).decrypt(sealed[:_NONCE], sealed[_NONCE:], _USE)
    except (InvalidTag, ValueError):
        return None
    with zipfile.ZipFile(io.BytesIO(bare)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _key(token: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_USE).derive(token.encode())


__all__ = [
    "cdrs",
    "letter",
    "merged",
    "new_token",
    "packed",
    "pdf",
    "schema",
    "seal",
    "table",
    "token_hash",
    "unseal",
]
