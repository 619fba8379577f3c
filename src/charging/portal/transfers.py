"""The files of an answer sent to another supplier, where the person asks it on the answer's page (art. 20(2)): they name an
address, see where it leads, confirm, and get a receipt. What was sent, where and when is in the case; the address itself,
which may hold a secret of theirs, is nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest

from bloesem.rights import transfer
from charging.portal.anyone import asked

#: Steps of the answer's page.
ASK, GO = "transfer", "transfer-go"


def step(
    request: HttpRequest, token: str, files: bytes, send: Callable[..., transfer.Sent] = transfer.send
) -> dict[str, Any]:
    """What the page shows after a step. in: the answer's link, already opened; its files."""
    address = request.POST.get("address", "").strip()[: transfer.LONGEST + 1]
    shown: dict[str, Any] = {
        "address": address,
        "digest": hashlib.sha256(files).hexdigest(),
        "kilobytes": max(1, len(files) // 1000),
    }
    if not ratelimit.consume(request, action="open_transfer"):
        return {**shown, "wrong": "signin.toomany"}
    try:
        to = transfer.receiver(address)
        transfer.open_addresses(to.host)
        shown["host"] = to.host
        if request.POST.get("do") == ASK:
            return {**shown, "confirm": True}
        if request.POST.get("sure") != "yes":
            return {**shown, "confirm": True, "wrong": "transfer.wrong.sure"}
        case = _note(token, "transfer-begun", f"{to.host} sha256:{shown['digest']}")
        if case is None:
            return {**shown, "wrong": "transfer.wrong.often"}
        try:
            done = send(to, files, case=case)
        except transfer.TransferError:
            _note(token, "transfer-refused", f"{to.host} nothing was sent")
            raise
    except transfer.TransferError as no:
        return {**shown, "wrong": f"transfer.wrong.{no.key}"}
    what = "transfer-taken" if done.taken else "transfer-refused"
    _note(token, what, f"{done.host} sha256:{done.digest} status:{done.status or '-'}")
    return {**shown, "done": True, "taken": done.taken, "status": done.status, "case": case, "at": _now()}


def _note(token: str, what: str, said: str) -> str | None:
    found = asked("SELECT bloesem.case_transfer(%s, %s, %s)", token, what, said)
    return str(found) if found else None


def _now() -> Any:
    return asked("SELECT bloesem.moment()")


__all__ = ["ASK", "GO", "step"]
