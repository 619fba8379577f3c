"""A seeded sample of requests against the addresses for programs, as their own description has them, and against it.

Run as a process of the portal (`python -m tests.charging.portal.fuzz`), which calls the WSGI application itself: no server,
no socket but the database's. in, as JSON on stdin: `tokens` (role → token), `numbers` (jobs that there are), `examples`
(how many requests per address, role and kind). out: one line of JSON: `asked`, how often each status was the answer per
address; `wrong`, what is not as described, each with the request that shows it.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

KINDS = ("positive", "negative")
DESCRIBED = "/api/v1/openapi.json"
_pages: list[Any] = []


def main() -> None:
    import django

    django.setup(set_prefix=False)
    from django.conf import settings

    logging.disable(logging.CRITICAL)  # what is wrong is in the answer
    wanted = json.load(sys.stdin)
    settings.BLOESEM_API_RATES = {"api": "100000/m/key", "api_wrong": "100000/m/ip"}
    asked: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    _sample(wanted, asked, wrong)
    _odd(wanted, asked, wrong)
    print(json.dumps({"asked": asked, "wrong": wrong}))


def served(environ: dict[str, Any], start: Any) -> Any:
    """The pages, and from where it comes, as the server in front of them says it."""
    from django.core.handlers.wsgi import WSGIHandler

    if not _pages:
        _pages.append(WSGIHandler())
    return _pages[0]({**environ, "REMOTE_ADDR": "127.0.0.1"}, start)


def _sample(wanted: dict[str, Any], asked: Counter[str], wrong: dict[str, str]) -> None:
    """Each role with its token, and nobody without one, on every address."""
    import schemathesis
    from schemathesis.core.failures import FailureGroup
    from schemathesis.core.result import Ok

    described = schemathesis.openapi.from_wsgi(DESCRIBED, served)
    for found in described.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        for role, token in (*wanted["tokens"].items(), ("nobody", "")):
            for kind in KINDS if token else KINDS[:1]:
                try:
                    _asker(operation, role, token, kind, wanted, asked)()
                except (Exception, FailureGroup) as error:
                    name = f"{role} {kind} {operation.method.upper()} {operation.path}"
                    wrong.setdefault(name, str(error)[:2000])


def _odd(wanted: dict[str, Any], asked: Counter[str], wrong: dict[str, str]) -> None:
    """What no description asks for: bodies that are none, methods and addresses that are not there."""
    from werkzeug.test import Client

    client = Client(served)
    told = json.loads(client.get(DESCRIBED).data)["paths"]["/api/v1/installer/jobs/{number}/report"]["post"]
    known = {int(status) for status in told["responses"]} | {405}
    report = f"/api/v1/installer/jobs/{wanted['numbers'][0]}/report"
    form = "application/x-www-form-urlencoded"
    for what, method, path, kind, body in (
        ("too large", "POST", report, form, b"grid=" + b"x" * 3_000_000),
        ("too many fields", "POST", report, form, b"&".join(b"f%d=1" % n for n in range(1_500))),
        ("no boundary", "POST", report, "multipart/form-data", b"--x"),
        (
            "cut off",
            "POST",
            report,
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; nam",
        ),
        ("no such charset", "POST", report, f"{form}; charset=klingon", b"grid=%ff%fe"),
        ("bytes", "POST", report, "application/octet-stream", bytes(range(256))),
        ("a huge number", "GET", f"/api/v1/installer/jobs/{10**40}", "", b""),
        ("another address", "POST", "/api/v1/nothing", form, b"a=b"),
        ("another method", "DELETE", report, "", b""),
        ("the description", "POST", DESCRIBED, form, b"a=b"),
        ("a line in the token", "GET", "/api/v1/installer/jobs", "", b""),
    ):
        token = "a\tb" if what == "a line in the token" else wanted["tokens"]["installer"]
        headers = {"Authorization": f"Bearer {token}", **({"Content-Type": kind} if kind else {})}
        answer = client.open(path, method=method, data=body, headers=headers)
        asked[f"odd {what} {answer.status_code}"] += 1
        if answer.status_code not in known or answer.mimetype not in ("application/problem+json", ""):
            wrong[f"odd {what}"] = f"{answer.status} {answer.mimetype} {answer.data[:300]!r}"


def _asker(
    operation: Any, role: str, token: str, kind: str, wanted: dict[str, Any], asked: Counter[str]
) -> Callable[[], None]:
    import schemathesis
    from hypothesis import HealthCheck, given, seed
    from hypothesis import settings as limits
    from hypothesis import strategies as st
    from schemathesis.specs.openapi import checks

    held = [
        schemathesis.checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    @seed(20260601)
    @limits(
        max_examples=wanted["examples"],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(
        case=operation.as_strategy(schemathesis.GenerationMode(kind)),
        number=st.sampled_from([None, *wanted["numbers"]]),
    )
    def ask(case: Any, number: int | None) -> None:
        if number is not None and "number" in (case.path_parameters or {}):
            case.path_parameters["number"] = number
        response = case.call(headers=headers)
        asked[f"{role} {operation.method.upper()} {operation.path} {response.status_code}"] += 1
        case.validate_response(response, checks=held)

    return ask


if __name__ == "__main__":
    main()
