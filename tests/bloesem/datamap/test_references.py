"""What fideslang's references mean where nobody guards the database: the end of a link, and a question whose the row is."""

from __future__ import annotations

from pathlib import Path

from bloesem.datamap.load import read_map
from bloesem.datamap.undecided import foreign_findings
from bloesem.policy.company import load_company

MINIMAL = Path(__file__).resolve().parents[3] / "company" / "minimal"

#: As the example of fideslang's makers has it, in short.
WILD = """
dataset:
  - fides_key: postgres_example_test_dataset
    organization_fides_key: default_organization
    name: Postgres Example Test Dataset
    meta: {META}
    fides_meta: {after: [], namespace: null}
    retention: No retention or erasure policy
    collections:
      - name: address
        fields:
          - {name: id, fides_meta: {primary_key: True}}
          - {name: street, data_categories: [identity.name]}
      - name: customer
        meta: {PEOPLE}
        fides_meta: {after: [postgres_example_test_dataset.address], skip_processing: false}
        fields:
          - {name: id, fides_meta: {primary_key: True}}
          - {name: email, data_categories: [identity.email], fides_meta: {identity: email, data_type: string}}
          - name: address_id
            fides_meta: {references: [{dataset: postgres_example_test_dataset, field: address.id, direction: to}]}
      - name: orders
        meta: {ORDERS}
        fields:
          - {name: id, fides_meta: {primary_key: True}}
          - {name: lines, data_categories: [order.lines]}
          - name: parent_id
            fides_meta: {references: [{dataset: postgres_example_test_dataset, field: orders.id, direction: to}]}
          - name: customer_id
            fides_meta: {references: [{dataset: postgres_example_test_dataset, field: customer.id, direction: from}]}
"""
ADDRESS = "{columns: [address_id], kind: owner, belongs: that}"


def written(folder: Path, **said: str) -> Path:
    text = WILD
    for name in ("META", "PEOPLE", "ORDERS"):
        text = text.replace(f"{{{name}}}", said.get(name.lower(), "null"))
    (folder / "map.yaml").write_text(text, "utf-8")
    return folder / "map.yaml"


def test_a_reference_that_no_link_names_is_a_question(tmp_path: Path) -> None:
    path = written(tmp_path, meta="{guarded: false}", people="{holds: people}")
    policy = load_company(MINIMAL).versions[-1]
    asked = [f for f in foreign_findings(read_map([path]), policy) if f.kind == "undecided"]
    assert [one.thing for one in asked] == [
        "the link of public.customer (address_id) is undecided",
        "the link of public.orders (customer_id) is undecided",
    ]
    assert "{columns: [customer_id], kind: owner}" in asked[1].remedy
    # A link says what it means, and need not say again where it ends; to its own table it is a mere reference.
    path = written(
        tmp_path,
        meta="{guarded: false}",
        people=f"{{holds: people, links: [{ADDRESS}]}}",
        orders="{links: [{columns: [customer_id], kind: owner}]}",
    )
    loaded = read_map([path])
    assert not [f for f in foreign_findings(loaded, policy) if f.severity == "error"]
    links = {c.name: c.meta.links for c in loaded.datamap.dataset[0].collections}
    assert [(one.columns, one.to, one.of, one.kind) for one in links["orders"]] == [
        (("customer_id",), "public.customer", ("id",), "owner"),
        (("parent_id",), "public.orders", ("id",), "reference"),
    ]
    assert [(one.to, one.of, one.belongs) for one in links["customer"]] == [
        ("public.address", ("id",), "that")
    ]


def test_a_guarded_map_is_left_as_it_is(tmp_path: Path) -> None:
    assert not any(c.meta.links for c in read_map([written(tmp_path)]).datamap.dataset[0].collections)
