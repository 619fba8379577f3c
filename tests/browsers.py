"""The system's Chromium, driven by playwright: no browser is ever downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Quiet and offline: a test's browser talks to this machine alone.
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


def find_chromium() -> Path:
    """out: the program's path (BLOESEM_CHROMIUM first). Without one the test fails and says the remedy."""
    named = os.environ.get("BLOESEM_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None or not os.access(found, os.X_OK):
        pytest.fail(
            "no Chromium for the browser tests: install it (Debian, Ubuntu: apt-get install chromium)"
            " or set BLOESEM_CHROMIUM to its path",
            pytrace=False,
        )
    return Path(found)


@contextmanager
def running_browser(program: Path) -> Iterator[Browser]:
    """in: Chromium's path. out: a headless browser, closed at the end."""
    # Chromium refuses its sandbox to root.
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *as_root])
        yield running
        running.close()
