"""The 184 promises of the text of 18 March 2024: none missing, none invented, each on its line."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bloesem.policy.quotes import find, fold

VERSION = Path(__file__).parents[2] / "company" / "blossom" / "policy" / "2024-03-18"
TEXT = (VERSION / "text.nl.txt").read_bytes()
PROMISES: list[dict[str, Any]] = yaml.safe_load((VERSION / "promises.yaml").read_text("utf-8"))["promises"]

#: The text as it was published: a version that people were told of never changes (P-173).
PUBLISHED = "df4e069ad5bd6143e6bb5e08ab57cbd48e8525319db292bd717a5c6a0d016b93"

KEYS = {"id", "certainty", "line", "quote", "claim", "articles", "keeps", "kind"}
ROWS = {f"PUR-{number}" for number in range(1, 8)}
MODULES = {
    *(
        f"bloesem.{name}"
        for name in ("policy", "law", "datamap", "plan", "gate", "clock", "stores", "rights")
    ),
    *(f"bloesem.{name}" for name in ("consent", "recipients", "ledger", "reports", "notice", "console")),
    *(f"charging.{name}" for name in ("people", "installation", "stations", "billing", "support")),
    *(f"charging.{name}" for name in ("marketing", "portal")),
}


def test_the_text_is_the_one_that_was_published() -> None:
    assert hashlib.sha256(TEXT).hexdigest() == PUBLISHED


def test_every_promise_stands_there_once_and_in_order() -> None:
    assert [promise["id"] for promise in PROMISES] == [f"P-{number:03}" for number in range(1, 185)]


def test_no_two_promises_claim_the_same() -> None:
    for language in ("nl", "en"):
        claims = [fold(promise["claim"][language]) for promise in PROMISES]
        assert len(set(claims)) == len(claims)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: str(promise["id"]))
class TestEachPromise:
    def test_quotes_the_text_on_the_line_named(self, promise: dict[str, Any]) -> None:
        assert find(promise["quote"], TEXT.decode("utf-8")) == promise["line"]

    def test_says_all_it_has_to_and_nothing_unknown(self, promise: dict[str, Any]) -> None:
        assert set(promise) - {"purposes"} == KEYS
        assert promise["certainty"] in {"explicit", "implied", "ambiguous"}
        assert promise["kind"] in {"test", "record"}
        assert promise["articles"]
        assert all(isinstance(article, str) and article.strip() for article in promise["articles"])

    def test_claims_one_thing_in_dutch_and_in_english(self, promise: dict[str, Any]) -> None:
        assert set(promise["claim"]) >= {"nl", "en"}
        for claim in promise["claim"].values():
            assert claim.endswith(".")
            assert fold(claim) != fold(promise["quote"])

    def test_is_kept_by_modules_that_exist_and_for_rows_of_the_table(self, promise: dict[str, Any]) -> None:
        assert promise["keeps"]
        assert set(promise["keeps"]) <= MODULES
        assert len(set(promise["keeps"])) == len(promise["keeps"])
        assert set(promise.get("purposes", ROWS)) <= ROWS
        assert promise.get("purposes", True)
