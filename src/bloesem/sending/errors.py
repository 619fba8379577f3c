"""What the door refuses before it decides about anybody."""

from __future__ import annotations

from bloesem.errors import BloesemError


class SendingError(BloesemError):
    """A message that may not be sent to anyone as it is."""


class CampaignError(SendingError):
    """A campaign that is not counted, released or stopped as it was asked. `key`: one of a closed list, for a page."""

    def __init__(self, key: str, thing: str, rule: str, remedy: str) -> None:
        super().__init__(thing, rule, remedy)
        self.key = key


class TemplateError(SendingError):
    """A template that says what it may not, or does not say what it must."""
