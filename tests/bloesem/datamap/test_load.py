"""A data map is read strictly where it is ours, and leniently where it is fideslang's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bloesem.datamap import load_map, read_map
from bloesem.errors import MapError
from bloesem.source import SourceError

REPOSITORY = Path(__file__).resolve().parents[3]

SMALL = """\
dataset:
  - fides_key: shop
    meta: {schema: data}
    collections:
      - name: person
        meta: {holds: people}
        fields:
          - {name: id, fides_meta: {primary_key: true}}
      - name: point
        meta:
          owners: [{column: person_id}]
        fields:
          - {name: id, fides_meta: {primary_key: true}}
          - {name: person_id, fides_meta: {references: [{dataset: shop, field: person.id, direction: to}]}, meta: {key: true}}
          - {name: value, data_categories: [contact.email]}
"""


def written(folder: Path, text: str, name: str = "map.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_map_is_read_with_the_place_of_each_column(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    read = read_map([path])
    assert [c.name for c in read.datamap.dataset[0].collections] == ["person", "point"]
    assert read.where("data", "point", "value") == f"{path}:15"
    assert read.where("data", "point", "gone") == f"{path}:9"
    assert read.where("data", "nothing") == ""


def test_a_directory_holds_several_maps(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    written(tmp_path, SMALL.replace("shop", "crm").replace("data}", "crm}"), "crm.yml")
    assert [d.fides_key for d in load_map([tmp_path]).dataset] == ["crm", "shop"]


@pytest.mark.parametrize(
    ("was", "now", "line", "says"),
    [
        (
            "owners: [{column: person_id}]",
            "owners: [{colum: person_id}]",
            11,
            "accepted here: column, kind, owns",
        ),
        ("owners: [{column: person_id}]", "owners: [{column: persn_id}]", 11, "names column `persn_id`"),
        ("owners: [{column: person_id}]", "record_date: held_on", 11, "names column `held_on`"),
        ("holds: people", "holds: peple", 6, "accepted: people, personal, reference, system"),
        ("field: person.id", "field: person.uid", 14, "points to `person.uid`, which `shop` does not have"),
        ("name: value", "name: id", 15, "column `id` is mapped twice"),
        ("name: point", "name: person", 9, "table `person` is mapped twice"),
        ("{key: true}", "{kye: true}", 14, "unknown key"),
    ],
)
def test_what_our_part_may_not_say_is_refused_with_file_and_line(
    tmp_path: Path, was: str, now: str, line: int, says: str
) -> None:
    assert was in SMALL
    path = written(tmp_path, SMALL.replace(was, now))
    with pytest.raises((SourceError, MapError)) as caught:
        load_map([path])
    assert f"{path}:{line}:" in str(caught.value)
    assert says in str(caught.value)


def test_an_empty_folder_and_no_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="holds no data map"):
        load_map([tmp_path])
    with pytest.raises(MapError, match="no data map was named"):
        load_map([])
    with pytest.raises(SourceError, match="no such file"):
        load_map([tmp_path / "gone.yaml"])


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "dataset:\n  - fides_key: [\n")
    with pytest.raises(SourceError, match="broken YAML"):
        load_map([path])


#: What fideslang's own exports and examples say, and we have no use for.
FOREIGN: dict[str, Any] = {
    "dataset": [
        {
            "fides_key": "mongo_customers",
            "organization_fides_key": "default_organization",
            "tags": None,
            "name": "Customers",
            "description": None,
            "meta": None,
            "data_categories": None,
            "fides_meta": {"resource_id": "a.b", "after": ["other"]},
            "fidesctl_meta": None,
            "collections": [
                {
                    "name": "customer",
                    "description": None,
                    "data_categories": ["user"],
                    "fides_meta": {
                        "after": ["other.thing"],
                        "erase_after": ["other.thing"],
                        "skip_processing": False,
                    },
                    "fields": [
                        {
                            "name": "id",
                            "description": None,
                            "data_categories": None,
                            "fides_meta": {
                                "primary_key": True,
                                "identity": None,
                                "data_type": "integer",
                                "length": None,
                            },
                            "fields": None,
                        },
                        {
                            "name": "email",
                            "data_categories": ["user.contact.email"],
                            "fidesops_meta": {"identity": "email", "data_type": "string", "length": 40},
                        },
                        {
                            "name": "address",
                            "fides_meta": {"data_type": "object"},
                            "fields": [{"name": "city", "data_categories": ["user.contact.address.city"]}],
                        },
                    ],
                }
            ],
        }
    ],
    "system": [{"fides_key": "shop"}],
}


def test_what_fideslang_accepts_is_accepted_here(tmp_path: Path) -> None:
    fideslang = pytest.importorskip("fideslang.models")
    for dataset in FOREIGN["dataset"]:
        fideslang.Dataset.model_validate(dataset)
    found = load_map([written(tmp_path, yaml.safe_dump(FOREIGN))])
    email = found.dataset[0].collections[0].fields[1]
    assert email.fides.identity == "email"
    assert found.dataset[0].collections[0].fields[2].fields[0].name == "city"


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("company/*/datamap/*.yaml")), ids=lambda p: p.name)
def test_fideslang_accepts_our_maps(path: Path) -> None:
    fideslang = pytest.importorskip("fideslang.models")
    for dataset in yaml.safe_load(path.read_text("utf-8"))["dataset"]:
        fideslang.Dataset.model_validate(dataset)
    assert load_map([path]).dataset
