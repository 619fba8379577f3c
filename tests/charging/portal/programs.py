"""What a recipient's own program does: asks over HTTP, with a token; and a small reader of the JSON schemas that are served."""

from __future__ import annotations

import datetime as dt
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Said:
    status: int
    headers: Mapping[str, str]
    body: Any


def ask(
    url: str,
    token: str | None = None,
    *,
    form: Mapping[str, str] | None = None,
    image: bytes | None = None,
    method: str | None = None,
) -> Said:
    """GET, or POST of a form with a picture."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None
    if form is not None or image is not None:
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in (form or {}).items()
        ]
        if image is not None:
            head = f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
            parts.append(head.encode() + image + b"\r\n")
        data = b"".join([*parts, f"--{mark}--\r\n".encode()])
        headers["Content-Type"] = f"multipart/form-data; boundary={mark}"
    asked = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return _said(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return _said(error.code, error.headers, error.read())


def _said(status: int, headers: Any, body: bytes) -> Said:
    names = {name.lower(): value for name, value in headers.items()}
    return Said(status, names, json.loads(body) if "json" in names.get("content-type", "") else body)


def wrong(value: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any], at: str = "$") -> list[str]:
    """What of a value is not as its schema says; the parts of JSON Schema that the served document uses."""
    if "$ref" in schema:
        return wrong(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, at)
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "boolean": bool,
        "null": type(None),
    }
    named = schema.get("type", [])
    allowed = [named] if isinstance(named, str) else named
    if not any(type(value) is kinds[kind] for kind in allowed):
        return [f"{at} is no {named}"]
    found: list[str] = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at} lacks {name}" for name in schema.get("required", []) if name not in value]
        found += [f"{at} has {name}" for name in value if name not in known]
        for name in value.keys() & known.keys():
            found += wrong(value[name], known[name], schemas, f"{at}.{name}")
    if isinstance(value, list):
        for i, one in enumerate(value):
            found += wrong(one, schema["items"], schemas, f"{at}[{i}]")
    if isinstance(value, int) and value < schema.get("minimum", value):
        found.append(f"{at} is too small")
    if isinstance(value, str) and schema.get("format") in ("date", "date-time"):
        try:
            dt.datetime.fromisoformat(value)
        except ValueError:
            found.append(f"{at} is no {schema['format']}")
    return found
