"""The browser tests have a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser


@pytest.mark.browser
def test_a_page_is_shown(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<h1>Bloesem</h1>")
    assert page.get_by_role("heading").inner_text() == "Bloesem"
    page.close()
