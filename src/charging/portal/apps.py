"""The portal as a Django application."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "charging.portal"
    label = "portal"

    def ready(self) -> None:
        from bloesem.console import words

        words.add(Path(__file__).with_name("words.yaml"))
        words.add(Path(__file__).with_name("words_outside.yaml"))
