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

#: What a page consists of, as far as axe judges it. Each kind of element: its own names and attributes, in what it stands,
#: and whether anything is in it; not the words, nor how many there are of a kind.
_KINDS = """
    const kind = e => e === null ? "" : [
        e.tagName, e.getAttribute("class"), e.getAttribute("role"), e.getAttribute("type"), e.getAttribute("autocomplete"),
        (e.id || "").replace(/[0-9]+/g, "0"), e.hasAttribute("for"), Boolean(e.getAttribute("aria-label")), e.hasAttribute("alt"),
        Boolean(e.textContent.trim()), e.hasAttribute("open"), e.hasAttribute("hidden"), e.getAttribute("tabindex"),
        Array.from(e.attributes, a => a.name).filter(n => n.startsWith("aria-") && n !== "aria-current").join(),
    ].join("|");
    const kinds = (those, whole) => Array.from(new Set(those.map(e => kind(e === whole ? null : e.parentElement) + ">" + kind(e)))).sort();
"""

#: The page as one value: the width, the steps of the headings, what is named twice, and each kind of element.
_SHAPE = f"""() => {{ {_KINDS}
    const all = Array.from(document.querySelectorAll("*"));
    const steps = all.filter(e => /^H[1-6]$/.test(e.tagName)).map(e => e.tagName).filter((h, i, those) => h !== those[i - 1]);
    const ids = all.map(e => e.id).filter(Boolean);
    const twice = ids.length === new Set(ids).size ? "" : ids.sort().filter((id, i, those) => id === those[i - 1]);
    return [innerWidth, steps.join(), twice, ...kinds(all, null)].join();
}}"""

#: Of rows, entries and sections that consist of the same kinds, three stay to be looked at (a stripe is every second one).
_SHOW_FEW = f"""() => {{ {_KINDS}
    const few = parent => {{
        const seen = new Map();
        for (const child of Array.from(parent.children)) {{
            if (/^H[1-6]$/.test(child.tagName) || child.tagName === "LABEL" || child.tagName === "LEGEND") continue;
            const shape = kinds([child, ...child.querySelectorAll("*")], child).join();
            seen.set(shape, (seen.get(shape) || 0) + 1);
            if (child.childElementCount && seen.get(shape) > 3) {{
                child.setAttribute("data-not-again", "");
                child.style.setProperty("display", "none", "important");
            }} else few(child);
        }}
    }};
    few(document.body);
}}"""
_SHOW_ALL = """() => { for (const e of document.querySelectorAll("[data-not-again]")) {
    e.style.removeProperty("display");
    if (!e.getAttribute("style")) e.removeAttribute("style");
    e.removeAttribute("data-not-again");
} }"""
_looked: set[int] = set()


def violations(page: Page) -> list[tuple[str, object, str]]:
    """What axe finds on a page: rule, where, and what to do. A page of the same shape at the same width is looked at once
    in a run (another language changes nothing of it), and on a page the first three of each kind of row."""
    shape = hash(page.evaluate(_SHAPE))
    if shape in _looked:
        return []
    page.evaluate(_SHOW_FEW)
    try:
        found = (
            Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
        )
    finally:
        page.evaluate(_SHOW_ALL)
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
