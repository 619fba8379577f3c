"""Where recipients answer that they did what a notice asked (OpenDSR 8): who signs with the register's key is heard.

Nothing is believed, parsed or recorded before the signature holds. An answer says nothing of any notice of ours.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.core.ratelimit import consume
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bloesem.consent.tables import DOOR
from bloesem.errors import RightsError
from bloesem.recipients.opendsr import Callback, read_callback
from charging.portal.anyone import asked
from charging.portal.notice_views import shelf

LONGEST = 20_000


@csrf_exempt  # a program answers, and its signature is the proof
@require_POST
def opendsr(request: HttpRequest) -> HttpResponse:
    """202: heard; 400: not signed by a recipient, or no callback; 413, 429: too much."""
    if int(request.headers.get("Content-Length") or 0) > LONGEST:
        return HttpResponse(status=413)
    if not consume(request, action="open_answer"):
        return HttpResponse(status=429)
    domain = request.headers.get("X-OpenDSR-Processor-Domain", "")
    signature = request.headers.get("X-OpenDSR-Signature", "")
    heard = False
    for key, recipient in shelf().company().record.recipients.items():
        if recipient.certificate and urlsplit(recipient.notices or "").hostname == domain:
            said = _read(request.body, domain, signature, recipient.certificate)
            heard = heard or said is not None
            if said is not None and said.status == "completed":
                asked(f"SELECT {DOOR}.notice_done(%s, %s, %s)", said.request, key, said.proof)
    return HttpResponse(status=202 if heard else 400)


def _read(body: bytes, domain: str, signature: str, certificate: str) -> Callback | None:
    try:
        return read_callback(
            body,
            url=f"{settings.BLOESEM_PORTAL}/opendsr/callbacks",
            domain=domain,
            signature=signature,
            certificate=certificate.encode(),
        )
    except RightsError:
        return None
