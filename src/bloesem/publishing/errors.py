"""What keeps a version from being published."""

from __future__ import annotations

from bloesem.errors import BloesemError


class PublishingError(BloesemError):
    """A step of publishing that may not be taken as things are; nothing was changed."""
