"""The system's Chromium, driven by playwright: no browser is ever downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

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

#: What axe looks for.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: All that axe judges by but the words and how many there are of a kind: the width, the steps of the headings, and each
#: kind of element, in what it stands, with how it is named and whether anything is in it.
_SHAPE = """() => {
    const kind = e => e === null ? "" : [
        e.tagName, e.getAttribute("class"), e.getAttribute("role"), e.getAttribute("type"), e.getAttribute("autocomplete"),
        (e.id || "").replace(/[0-9]+/g, "0"), e.hasAttribute("for"), Boolean(e.getAttribute("aria-label")), e.hasAttribute("alt"),
        Boolean(e.textContent.trim()), e.hasAttribute("open"), e.hasAttribute("hidden"), e.getAttribute("tabindex"),
        Array.from(e.attributes, a => a.name).filter(n => n.startsWith("aria-") && n !== "aria-current").join(),
    ].join("|");
    const all = Array.from(document.querySelectorAll("*"));
    const kinds = new Set(all.map(e => kind(e.parentElement) + ">" + kind(e)));
    const steps = all.filter(e => /^H[1-6]$/.test(e.tagName)).map(e => e.tagName).filter((h, i, those) => h !== those[i - 1]);
    const twice = all.map(e => e.id).filter((id, i, ids) => id && ids.indexOf(id) !== i);
    return [innerWidth, steps.join(), twice.join(), ...Array.from(kinds).sort()].join();
}"""
_looked: set[int] = set()


def violations(page: Page) -> list[tuple[str, object, str]]:
    """What axe finds on a page: rule, where, and what to do. A page of the same shape at the same width is looked at once
    in a run: another language changes nothing of it."""
    shape = hash(page.evaluate(_SHAPE))
    if shape in _looked:
        return []
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    said = [(v["id"], node["target"], node["failureSummary"]) for v in found for node in v["nodes"]]
    if not said:
        _looked.add(shape)
    return said


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
