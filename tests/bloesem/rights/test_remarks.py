"""What a map that holds together may do otherwise than was meant is a warning of `bloesem check --store`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bloesem.cli.world import call
from tests.bloesem.rights import shop
from tests.databases import Database

WHOLE = {"event-without-column", "purpose-without-column"}  # nobody agrees to anything in this shop
EMAIL = "{columns: [recipient], person: email, kind: owner}"
INVOICE = "          - {name: invoice_number, data_categories: [order.invoice]}\n"
NAME = "meta: {erased: gone}}"

#: What is altered in the database and in its map; the kind of finding, and words of it.
CASES = {
    "a name of nobody": ("", (EMAIL, EMAIL.replace("email", "emial")), "link-to-nobody", "names people by `emial`"),
    "what the law keeps": (
        "",
        (INVOICE, INVOICE.replace("order.invoice", "order.lines")),
        "purpose-without-column",
        "`law:tax-archive` keeps order.invoice",
    ),
    "what may not be empty": ("", (NAME, "meta: {}}"), "not-erasable", "public.customer.name may not be empty"),
    "what is unique besides": (
        "ALTER TABLE customer ADD UNIQUE (name)", (NAME, "meta: {}}"), "not-erasable", "write on_erase: redact",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_map_may_do_otherwise_is_said(case: str, fresh_database: Database, tmp_path: Path) -> None:
    sql, (before, after), kind, words = CASES[case]
    shop.make(fresh_database)
    store = fresh_database.dsn.url()

    def findings(text: str) -> dict[str, str]:
        said = call("check", "--store", store, shop.MINIMAL, shop.map_file(tmp_path, text), "--json")
        assert said.code == 0, said.out
        return {f"{one['thing']} {one['remedy']}": one["kind"] for one in said.json["findings"]}

    assert set(findings(shop.MAP).values()) == WHOLE
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute(sql.encode() or b"SELECT 1")
    assert before in shop.MAP
    found = findings(shop.MAP.replace(before, after, 1))
    assert [k for said, k in found.items() if words in said] == [kind]
