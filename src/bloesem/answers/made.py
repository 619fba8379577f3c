"""What leaves: the PDF, the file with the data, and both sealed so that the link alone opens them.

sealed = AES-256-GCM under a key that is derived from the link's own token (HKDF-SHA256): the database holds its hash
"""

from __future__ import annotations

import csv
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
def _compiler() -> typst.Compiler:
    return typst.Compiler(str(_HERE / "answer.typ"), font_paths=[str(_FONTS)], ignore_system_fonts=True)


def pdf(answer: Answer) -> bytes:
    """The answer as a tagged PDF in its language (PDF/UA-1)."""
    language = answer.language
    said = {
        **answer.json(),
        "reason_title": say("reason", language),
        "items_title": say("items", language),
        "remedies_title": say("remedies", language),
        "page": say("page", language),
        **table(answer),
    }
    with _ALONE:  # the compiler serves one thread at a time
        made = _compiler().compile(
            sys_inputs={"answer": json.dumps(said, ensure_ascii=False)}, format="pdf", pdf_standards=["ua-1"]
        )
    assert isinstance(made, bytes)
    return made


def table(answer: Answer) -> dict[str, Any]:
    """The items as rows: what is empty in all of them is no column. out: `columns`, their titles, and `rows`."""
    rows = [(f"{i.what} ({i.many})", i.outcome, i.why, i.source, i.until) for i in merged(answer.items)]
    filled = [n for n in range(len(answer.columns)) if any(row[n] for row in rows)]
    return {
        "columns": [answer.columns[n] for n in filled],
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


def packed(found: Mapping[str, Any], columns: Mapping[str, Mapping[str, str]]) -> bytes:
    """A zip of somebody's data: `data.json`, a CSV per table, `README.txt` that says what each column holds.

    in: what the engine found (`tables`: table → rows); `columns`: table → column → what it holds.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(
            archive, "data.json", json.dumps(found, ensure_ascii=False, indent=1, default=str, sort_keys=True)
        )
        for name, rows in found["tables"].items():
            _put(archive, f"{name.rpartition('.')[2]}.csv", _as_csv(rows))
        _put(archive, "README.txt", _legend(found["tables"], columns))
        sessions = cdrs(found["tables"].get("data.session", ()))
        if sessions:
            _put(archive, "ocpi-cdrs.json", json.dumps(sessions, ensure_ascii=False, indent=1, default=str))
    return out.getvalue()


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


def _legend(tables: Mapping[str, Any], columns: Mapping[str, Mapping[str, str]]) -> str:
    lines = [
        "data.json: everything, as JSON. One CSV per table: UTF-8, commas, first line the names of the columns.",
        "",
    ]
    for name in tables:
        lines.append(f"{name.rpartition('.')[2]}.csv")
        lines += [f"  {column}: {holds}" for column, holds in columns.get(name, {}).items()]
    return "\r\n".join(lines) + "\r\n"


def cdrs(sessions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Charging sessions under the names of OCPI's CDR, so that another supplier reads them (P-162, S-22)."""
    made = []
    for row in sessions:
        energy = row.get("energy_wh")
        made.append(
            {
                "id": str(row.get("id")),
                "start_date_time": row.get("started_at"),
                "end_date_time": row.get("ended_at"),
                "total_energy": None if energy is None else int(energy) / 1000,
                "currency": "EUR",
            }
        )
    return made


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


__all__ = ["cdrs", "merged", "new_token", "packed", "pdf", "seal", "table", "token_hash", "unseal"]
