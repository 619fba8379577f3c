"""The register of recipients as its files say it now, for the pages and addresses of recipients."""

from __future__ import annotations

import os
from functools import cache

from django.conf import settings

from bloesem.recipients.live import Register


@cache
def register() -> Register:
    """Of the company in BLOESEM_COMPANY; one per process, which reads a file again when it changed."""
    named = getattr(settings, "BLOESEM_COMPANY", None) or os.environ.get("BLOESEM_COMPANY")
    return Register(str(named or "company/blossom"))
