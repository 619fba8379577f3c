"""The example to copy loads, compiles, and has nothing to be reported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bloesem.datamap.model import DataMap
from bloesem.plan.build import compile_plan
from bloesem.plan.model import Bit
from bloesem.policy import load_company
from bloesem.source import read

HOME = Path(__file__).parents[2] / "company" / "minimal"


def test_it_has_two_purposes_and_no_findings() -> None:
    company = load_company(HOME)
    (policy,) = company.versions
    assert list(policy.purposes) == ["SALE", "NEWS"]
    assert company.findings == ()
    assert company.off_in(policy, policy.version) == {}
    assert company.application is None


def test_it_compiles_over_two_tables() -> None:
    company = load_company(HOME)
    (policy,) = company.versions
    law = company.law.valid_on(policy.version)
    bits = [Bit(line.number, line.key, line.first, line.last) for line in company.bits()]
    (folder,) = company.maps
    datamap = read(folder / "shop.yaml", DataMap)
    plan = compile_plan(policy, company.record, law.purposes, law.ceilings, datamap, bits)
    assert [table.name for table in plan.tables] == ["customer", "purchase"]
    assert plan.keys(plan.table("purchase").column("total_cents").purposes) == (
        "orders",
        "law:tax-archive",
        "law:claims",
    )


def test_a_copy_anywhere_finds_the_law_that_comes_along(tmp_path: Path) -> None:
    """With no repository around it, and from any directory: as from an installed package."""
    shop = tmp_path / "shop"
    shutil.copytree(HOME, shop)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("BLOESEM_")},
        "PYTHONPATH": str(HOME.parents[1] / "src"),
    }
    for command, says in (
        (("check", "shop"), "policy and map: nothing wrong"),
        (("plan", "--company", "shop", "--matrix"), "law:tax-archive"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "bloesem.cli", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert says in done.stdout
