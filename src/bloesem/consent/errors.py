"""What consent, the list and links refuse."""

from __future__ import annotations

from typing import ClassVar

from bloesem.errors import BloesemError


class ConsentError(BloesemError):
    """What is no valid consent, or no withdrawal of one."""


class LinkError(BloesemError):
    """A link that is not ours, is too old, or has done what it does."""


class ListError(BloesemError):
    """A list that cannot be trusted: cut off, too old, in another encoding, or none at all."""

    exit_code: ClassVar[int] = 2


class RulesError(BloesemError):
    """What the company wrote about messages contradicts its policy, or itself."""

    exit_code: ClassVar[int] = 2
