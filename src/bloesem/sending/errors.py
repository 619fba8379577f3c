"""What the door refuses before it decides about anybody."""

from __future__ import annotations

from bloesem.errors import BloesemError


class SendingError(BloesemError):
    """A message that may not be sent to anyone as it is."""


class TemplateError(SendingError):
    """A template that says what it may not, or does not say what it must."""
