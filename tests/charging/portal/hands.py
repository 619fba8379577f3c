"""Somebody at a page: who has no mouse, or whose browser runs no script. Each sees the same page and does the same things."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Page

#: So many stops of the keyboard a page has at most, from its top.
STOPS = 150


class Hand(Protocol):
    """`press`: the link or button with these words; `put`: into the field of this id; `choose`: the value of a choice; `tick`: a box."""

    page: Page

    def press(self, words: str) -> None: ...
    def put(self, field: str, words: str) -> None: ...
    def choose(self, field: str, value: str) -> None: ...
    def tick(self, name: str) -> None: ...


class Keyboard:
    """Everything by keys: what Tab does not come to, is not there."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def _until(self, what: str, wanted: str) -> None:
        """Tabs until what has the focus is this. `wanted`: an expression over `e`, the element, and `what`."""
        for _ in range(STOPS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(f"what => (e => {wanted})(document.activeElement)", what):
                return
        raise AssertionError(f"{what}: the keyboard does not come there ({self.page.url})")

    def press(self, words: str) -> None:
        self._until(words, "['A', 'BUTTON'].includes(e.tagName) && e.innerText.includes(what)")
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def put(self, field: str, words: str) -> None:
        self._until(field, "e.id === what")
        self.page.keyboard.type(words)

    def choose(self, field: str, value: str) -> None:
        self._until(field, "e.id === what")
        for _ in range(20):
            if self.page.evaluate("document.activeElement.value") == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{field} cannot be {value}")

    def tick(self, name: str) -> None:
        self._until(name, "e.name === what")
        self.page.keyboard.press("Space")


class Scriptless:
    """A pointer, in a browser that runs no script."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, words: str) -> None:
        with self.page.expect_navigation():
            self.page.locator("main a, main button").filter(has_text=words).first.click()

    def put(self, field: str, words: str) -> None:
        self.page.fill(f"#{field}", words)

    def choose(self, field: str, value: str) -> None:
        self.page.select_option(f"#{field}", value)

    def tick(self, name: str) -> None:
        self.page.locator(f"[name={name}]").first.check()


__all__ = ["Hand", "Keyboard", "Scriptless"]
