"""What the register may not say is refused when it is read: with file, line, key, rule, and what would be accepted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.bloesem.recipients.changed import HOME

from bloesem.errors import BloesemError, PolicyError
from bloesem.policy.company import load_company
from bloesem.source import SourceError

Change = Callable[[str, str, str], str]


@pytest.fixture
def refused(tmp_path: Path) -> Change:
    """Changes one place of a file of the record, and says how that is refused."""
    home = tmp_path / "company" / "blossom"
    shutil.copytree(HOME, home)
    shutil.copytree(HOME.parents[1] / "law", tmp_path / "law")

    def change(file: str, old: str, new: str) -> str:
        path = home / "record" / file if file != "law" else tmp_path / "law" / "adequacy.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        line = text[: text.index(old)].count("\n") + 1
        with pytest.raises(BloesemError) as fault:
            load_company(home)
        assert isinstance(fault.value, PolicyError | SourceError)
        said = str(fault.value)
        assert path.name in said
        assert f"{path.name}:{line}" in said or new.count("\n") != old.count("\n") or "\n" in old, said
        return said

    return change


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("recipients.yaml", "locations: [BE, NL]", "locations: [BE, XX]", "unknown country `XX`"),
        ("recipients.yaml", "locations: [BE, NL]", "locations: [BE, Belgium]", "`Belgium` is no country"),
        ("recipients.yaml", "locations: [BE, NL]", "locations: []", "at least 1"),
        ("recipients.yaml", "remote_access: [GB]", "remote_access: [UK]", "unknown country `UK`"),
        (
            "recipients.yaml",
            "name: Liberty Global, country: GB",
            "name: Liberty Global, country: QQ",
            "unknown country",
        ),
        ("recipients.yaml", "kind: hems", "kind: hemz", "did you mean `hems`?"),
        ("recipients.yaml", "purposes: [quality]", "purposes: [qualitee]", "unknown purpose `qualitee`"),
        (
            "recipients.yaml",
            "fields: [communication.survey]",
            "fields: [survey]",
            "unknown category `survey`",
        ),
        ("recipients.yaml", "statute: vat-code-60", "statute: vat-code-61", "unknown statute `vat-code-61`"),
        ("recipients.yaml", "alone: fleet,", "alone: fleets,", "did you mean `fleet`?"),
        ("recipients.yaml", "store: business", "store: crm", "unknown database `crm`"),
        ("recipients.yaml", "parent: null", "parents: null", "accepted here: "),
        ("recipients.yaml", "role: joint-controller", "role: friend", "accepted: processor, controller"),
        ("recipients.yaml", "provider: nimbus,", "provider: cirrus,", "unknown recipient `cirrus`"),
        ("recipients.yaml", "kind: job, starts", "kind: deal, starts", "write `deal` where the kind is deal"),
        ("recipients.yaml", "ends: 2027-01-31", "ends: 2025-01-31", "before it starts"),
        ("transfers.yaml", "recipient: meta_audiences", "recipient: meta", "unknown recipient `meta`"),
        ("transfers.yaml", "country: IN", "country: ZZ", "unknown country `ZZ`"),
        ("transfers.yaml", "Nimbus Support India (example)\n", "Nimbus (example)\n", "unknown sub-processor"),
        ("transfers.yaml", "edition: 2021/914", "edition: 2016/1", "accepted: 2021/914"),
        ("transfers.yaml", "mechanism: scc", "mechanism: trust", "accepted: adequacy, scc, bcr"),
        ("transfers.yaml", "know: ", "knows: ", "accepted: know, tool"),
    ],
)
def test_what_cannot_be_meant_is_refused(refused: Change, file: str, old: str, new: str, says: str) -> None:
    assert says in refused(file, old, new)


@pytest.mark.parametrize("key", ["locations", "remote_access", "parent", "sub_processors"])
def test_places_that_are_left_out_are_missing_and_not_none(refused: Change, key: str) -> None:
    empty = {"parent": "parent: null", "locations": "locations: [BE]"}.get(key, f"{key}: []")
    assert "is missing" in refused("recipients.yaml", f"    {empty}\n", "")


def test_rules_that_nobody_decided_are_asked_for(refused: Change) -> None:
    assert "does not say `recipient_rules`" in refused("recipients.yaml", *_without_rules())


def _without_rules() -> tuple[str, str]:
    text = (HOME / "record" / "recipients.yaml").read_text()
    start = text.index("recipient_rules:")
    return text[start : text.index("stores:")], ""


def test_a_country_of_the_list_is_one_that_there_is(refused: Change) -> None:
    assert "no country" in refused("law", "country: AD", "country: Andorra")


def test_a_scope_says_what_it_asks(refused: Change) -> None:
    said = refused("law", "scope: limited\n    condition: commercial\n", "scope: limited\n")
    assert "write `condition` and `limit`" in said
