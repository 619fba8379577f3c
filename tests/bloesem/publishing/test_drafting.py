"""A version while it is written is judged as strictly as any, and becomes files whole or not at all."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from bloesem.policy.company import Company, load_bits, load_company
from bloesem.publishing import drafting
from bloesem.publishing.errors import PublishingError
from bloesem.publishing.version import digest_of

DAY, TODAY = dt.date(2028, 3, 1), dt.date(2026, 11, 27)
MINIMAL = Path(__file__).parents[3] / "company" / "minimal"


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return load_company(shutil.copytree(MINIMAL, tmp_path / "company"))


def begun(company: Company) -> dict[str, str]:
    return drafting.started(company, company.versions[0], DAY)


def files(company: Company) -> dict[str, bytes]:
    home = company.directory
    return {str(f.relative_to(home)): f.read_bytes() for f in sorted(home.rglob("*")) if f.is_file()}


def test_a_draft_is_judged_beside_the_versions_and_changes_no_file(company: Company) -> None:
    before, papers = files(company), begun(company)
    found = drafting.judge(company, DAY, papers)
    assert found.wrong == ()
    assert found.before == company.versions[-1].version
    assert found.changes == (), "the same but for its day"
    longer = {**papers, "policy.yaml": papers["policy.yaml"].replace("for: P2Y", "for: P9Y", 1)}
    assert longer != papers
    changes = drafting.judge(company, DAY, longer).changes
    assert [(it.kind, it.how, it.significant) for it in changes] == [("retention", "longer", True)]
    assert set(changes[0].why) == {"nl", "en", "fr", "de"}
    broken = {**papers, "policy.yaml": papers["policy.yaml"].replace("company:", "compny:", 1)}
    wrong = drafting.judge(company, DAY, broken).wrong
    assert any("compny: unknown key" in it.what for it in wrong)
    assert all(it.what.startswith(f"{DAY}/policy.yaml:") for it in wrong), "no directory of ours is told"
    assert files(company) == before


def test_what_is_written_is_a_version_with_its_bits_and_is_refused_whole(company: Company) -> None:
    papers = begun(company)
    part = next(iter(next(iter(company.versions[0].purposes.values())).parts))
    renamed = {**papers, "policy.yaml": papers["policy.yaml"].replace(f"{part}:", "newly:", 1)}
    before = files(company)
    for wrong, day in (
        ({**papers, "../../bits.yaml": "bits: []"}, DAY),
        ({**papers, "policy.yaml": papers["policy.yaml"] + "\nmore: 1\n"}, DAY),
        ({"text.nl.txt": "iets"}, DAY),
        (papers, TODAY),
    ):
        with pytest.raises(PublishingError):
            drafting.write(company, day, wrong, TODAY)
        assert files(company) == before, "nothing is half written"
    found = drafting.judge(company, DAY, renamed)
    drafting.write(company, DAY, papers, TODAY)
    written = load_company(company.directory)
    assert written.versions[-1].version == DAY
    assert digest_of(written, DAY) == drafting.judge(written, DAY, papers).digest
    assert not [f for f in written.policies.iterdir() if f.name.startswith(".")]
    with pytest.raises(PublishingError):
        drafting.started(written, written.versions[0], DAY)
    assert [it.key for it in found.bits] == ["newly"]
    drafting.write(written, DAY, renamed, TODAY)
    line = next(it for it in load_bits(written.bits_file) if it.key == "newly")
    assert line.first == DAY
