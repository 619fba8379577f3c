"""The portal as a Django application."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "charging.portal"
    label = "portal"

    def ready(self) -> None:
        from bloesem.console import words

        names = (
            "words",
            "privacy",
            "words_campaigns",
            "words_open",
            "words_outside",
            "words_details",
            "words_elsewhere",
            "words_safeguards",
            "words_subscription",
            "words_life",
            "requests",
        )
        for name in names:
            words.add(Path(__file__).with_name(f"{name}.yaml"))
