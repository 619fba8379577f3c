"""What stands on the notice beside the text: everything of the model, proofs, versions, search and differences."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from pathlib import Path

import pytest

from bloesem.errors import BloesemError
from bloesem.notice import meaning, render
from bloesem.notice.differences import by_word, differences
from bloesem.notice.model import Notice
from bloesem.notice.search import search
from bloesem.notice.shelf import Shelf
from bloesem.policy.company import load_company

BLOSSOM = Path(__file__).parents[3] / "company" / "blossom"
MINIMAL = BLOSSOM.parent / "minimal"
VERSION = dt.date(2024, 3, 18)
TODAY = dt.date(2026, 11, 26)
LANGUAGES = ("nl", "en", "fr", "de")


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf(BLOSSOM)


@pytest.fixture(scope="module")
def dutch(shelf: Shelf) -> Notice:
    return shelf.notice(VERSION, "nl", TODAY)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The company in a place of its own, to be changed."""
    home = tmp_path / "company"
    shutil.copytree(BLOSSOM, home)
    law = BLOSSOM.parents[1] / "law"
    shutil.copytree(law, tmp_path.parent / "law", dirs_exist_ok=True)
    shutil.copytree(law, tmp_path / "law")
    return home


def second(home: Path, day: str, *, translated: bool = True) -> None:
    """A version of that day: the same, with one sentence that says something else."""
    folder = home / "policy" / day
    shutil.copytree(home / "policy" / "2024-03-18", folder)
    for name in ("policy.yaml",):
        file = folder / name
        file.write_text(file.read_text("utf-8").replace("version: 2024-03-18 ", f"version: {day} "), "utf-8")
    for name in ("text.nl.txt", "sentences.yaml"):
        file = folder / name
        said = file.read_text("utf-8").replace(
            "klaar en duidelijk communiceren", "kort en helder communiceren"
        )
        file.write_text(said, "utf-8")
    gaps = home / "record" / "text_gaps.yaml"  # the same gaps of the text, known in this version too
    said = gaps.read_text("utf-8")
    gaps.write_text(said.replace("versions: [2024-03-18", f"versions: [2024-03-18, {day}"), "utf-8")
    listed = folder / "promises.yaml"
    listed.write_text(listed.read_text("utf-8").replace("klaar en duidelijk", "kort en helder"), "utf-8")
    if not translated:
        (folder / "translations.yaml").unlink()


# ---- all of the model ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_shows_every_purpose_ground_term_recipient_transfer_right_and_source(
    shelf: Shelf, language: str
) -> None:
    notice = shelf.notice(VERSION, language, TODAY)
    it = shelf.sources(VERSION, language, TODAY)
    chapters = {chapter.key: chapter for chapter in notice.chapters}
    parts = {
        part for key in ("m-purposes", "m-law") for entry in chapters[key].entries for part in entry.parts
    }
    assert parts == {part.key for part in it.company.plan.purposes}
    for key in ("m-purposes", "m-law"):
        for entry in chapters[key].entries:
            named = [fact.label for fact in entry.facts]
            assert it.label("ground") in named
            assert it.label("term") in named
            assert it.label("data") in named
            plan = it.company.plan.purpose(entry.parts[0])
            assert (it.label("interest") in named) == (plan.basis == "legitimate-interest"), entry.key
    for chapter, single, keys in (
        ("m-recipients", "recipient", it.policy.recipients),
        ("m-rights", "right", it.policy.rights),
        ("m-sources", "source", it.policy.sources),
        ("m-transfers", "transfer", it.loaded.record.transfers),
    ):
        assert {entry.key for entry in chapters[chapter].entries} == {f"m-{single}-{key}" for key in keys}
    shown = {category for entry in chapters["m-data"].entries for category in entry.categories}
    assert shown == set(it.policy.categories)
    assert {entry.title for entry in chapters["m-cookies"].entries} == {
        one.name for one in it.company.cookies
    }


def test_what_the_text_does_not_say_is_marked(dutch: Notice) -> None:
    entries = {entry.key: entry for chapter in dutch.chapters for entry in chapter.entries}
    undeclared = "Staat niet in de tekst; we zeggen het je hier."
    assert entries["m-recipient-employer"].note == undeclared
    assert entries["m-recipient-installer"].note == ""
    assert "wettelijke verplichting" in entries["m-billing"].note  # the text's ground; it runs on contract
    assert "Uit het register" in entries["m-controller"].note


def test_who_we_are_is_never_empty(dutch: Notice) -> None:
    """Name, seat and number stand there, though the text leaves two of the three open (line 29)."""
    said = json.dumps(render.as_json(dutch), ensure_ascii=False)
    assert "0123.456.749" in said
    assert "Liersesteenweg 4, 2800 Mechelen" in said
    assert "Drukpersstraat 35" in said
    assert "https://www.gegevensbeschermingsautoriteit.be" in said


def test_every_link_within_the_page_leads_somewhere(dutch: Notice) -> None:
    page = str(render.body(dutch))
    there = set(re.findall(r'\bid="([^"]+)"', page))
    assert len(there) == len(re.findall(r'\bid="', page)), "an id stands twice"
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= there, links - there
    assert {"s99-3", "s202-1", "m-marketing", "m-PUR-2"} <= there


def test_what_a_person_reads_is_escaped(dutch: Notice) -> None:
    import dataclasses

    first = dataclasses.replace(dutch.sentences[0], words="<script>alert(1)</script>")
    page = str(render.body(dataclasses.replace(dutch, sentences=(first,))))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    named = dataclasses.replace(dutch, company="</script><b>")
    assert "<" not in render.schema_org(named, "https://a.example/1", "https://a.example/")


# ---- proofs ----------------------------------------------------------------------------------------------------------


def test_a_sentence_says_when_its_promise_was_last_proven_and_by_how_many_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_it.py").write_text(
        "import pytest\n\n\n@pytest.mark.promise('P-067')\ndef test_one(): ...\n\n\n"
        "@pytest.mark.promise('P-067')\ndef test_two(): ...\n"
    )
    run = tmp_path / "last-run.json"
    monkeypatch.setenv("BLOESEM_LAST_RUN", str(run))
    shelf = Shelf(BLOSSOM, tests=tests)

    def said(language: str) -> str:
        notice = shelf.notice(VERSION, language, TODAY)
        return next(k.proof for s in notice.sentences for k in s.kept if k.id == "P-067")

    assert said("nl") == "niet bekend: hier is geen verslag van een proef"
    assert shelf.table(VERSION, TODAY).ran is None
    ends = {"outcome": "passed", "at": "2026-11-20T10:00:00+00:00"}
    run.write_text(json.dumps({"tests": {f"tests/test_it.py::test_{n}": ends for n in ("one", "two")}}))
    assert said("nl") == "bewezen op 20 november 2026, door 2 proeven"  # at once: the file changed
    assert said("fr") == "prouvée le 20 novembre 2026, par 2 tests"
    failed = {**ends, "outcome": "failed"}
    run.write_text(
        json.dumps({"tests": {"tests/test_it.py::test_one": ends, "tests/test_it.py::test_two": failed}})
    )
    assert said("nl") == "het bewijs mislukte op 20 november 2026"
    states = [proof.state for proof in shelf.table(VERSION, TODAY).proofs]
    assert len(states) == 184
    assert states.count("failing") == 1
    assert states.count("proven") == 0


def test_without_the_tests_at_hand_the_run_itself_says_what_proves_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "last-run.json"
    ends = {"outcome": "passed", "at": "2026-11-20T10:00:00+00:00", "promises": ["P-067"]}
    run.write_text(json.dumps({"tests": {"tests/test_it.py::test_one": ends}}))
    monkeypatch.setenv("BLOESEM_LAST_RUN", str(run))
    table = Shelf(BLOSSOM, tests=tmp_path / "none").table(VERSION, TODAY)
    assert [p.promise.id for p in table.proofs if p.state == "proven"] == ["P-067"]


# ---- versions --------------------------------------------------------------------------------------------------------


def test_an_old_version_stays_and_a_new_one_shows_on_its_day(copied: Path) -> None:
    shelf = Shelf(copied)
    assert shelf.in_force(TODAY).version == VERSION
    second(copied, "2026-12-01")
    assert (
        shelf.in_force(TODAY).version == VERSION
    )  # the same shelf: it reads what is written while it stands
    assert shelf.in_force(dt.date(2026, 12, 1)).version == dt.date(2026, 12, 1)
    to_come = shelf.notice(dt.date(2026, 12, 1), "nl", TODAY)
    assert to_come.state == "to-come"
    after = dt.date(2026, 12, 2)
    old, new = shelf.notice(VERSION, "nl", after), shelf.notice(dt.date(2026, 12, 1), "nl", after)
    assert (old.state, old.ends, new.state) == ("past", dt.date(2026, 11, 30), "in-force")
    assert "klaar en duidelijk" in render.text(old)
    assert "kort en helder" in render.text(new)
    assert new.versions == (dt.date(2027, 3, 1), dt.date(2026, 12, 1), VERSION)


def test_while_a_file_is_wrong_the_notice_is_what_it_was(copied: Path) -> None:
    """Half a version on the disk takes nothing from whoever reads; mended, it shows at once."""
    shelf = Shelf(copied)
    before = shelf.notice(VERSION, "nl", TODAY)
    folder = copied / "policy" / "2026-11-01"
    folder.mkdir()
    (folder / "policy.yaml").write_text("company: blossom\n", "utf-8")
    assert shelf.in_force(TODAY).version == VERSION
    assert shelf.notice(VERSION, "nl", TODAY) is before
    shutil.rmtree(folder)
    second(copied, "2026-11-01")
    assert shelf.in_force(TODAY).version == dt.date(2026, 11, 1)
    (copied / "record" / "terms.yaml").write_text("terms: 7\n", "utf-8")
    with pytest.raises(BloesemError):
        Shelf(copied).in_force(TODAY)


def test_a_version_without_translations_says_so_and_shows_its_model(copied: Path) -> None:
    second(copied, "2026-12-01", translated=False)
    shelf = Shelf(copied)
    french = shelf.notice(dt.date(2026, 12, 1), "fr", TODAY)
    assert french.sentences == ()
    assert french.text_in == ("nl",)
    assert render.untold(french) in " ".join(render.text(french).split())
    assert "n’est pas encore traduit" in str(render.body(french))
    assert len(french.chapters) == len(shelf.notice(VERSION, "fr", TODAY).chapters)
    assert shelf.notice(dt.date(2026, 12, 1), "nl", TODAY).sentences


def test_a_company_with_no_text_has_a_notice_from_its_model() -> None:
    shelf = Shelf(MINIMAL)
    version = load_company(MINIMAL).versions[0].version
    notice = shelf.notice(version, "en", TODAY)
    assert notice.sentences == ()
    assert "no running text" in render.text(notice)
    assert shelf.table(version, TODAY).proofs == ()
    assert any(chapter.key == "m-purposes" for chapter in notice.chapters)


def test_differences_are_told_sentence_by_sentence_and_word_by_word() -> None:
    old = ["Wij bewaren 1 jaar.", "Dit blijft.", "Dit gaat weg omdat het moet."]
    new = ["Wij bewaren 2 jaar.", "Dit blijft.", "Een zin van heel andere woorden."]
    found, kept = differences(old, new)
    assert kept == 1
    assert [one.kind for one in found] == ["altered", "new", "gone"]
    assert found[0].words == (("same", "Wij bewaren "), ("gone", "1"), ("new", "2"), ("same", " jaar."))
    assert by_word("a b", "a b") == (("same", "a b"),)
    assert differences(new, new) == ((), 3)


def test_versions_are_told_apart_by_what_they_mean_in_every_language(shelf: Shelf) -> None:
    old, new = shelf.version(VERSION), shelf.version(dt.date(2027, 3, 1))
    assert old is not None
    assert new is not None
    assert meaning.differences(old, old, "nl") == ()
    for language in LANGUAGES:
        told = meaning.differences(old, new, language)
        assert len(told) == len(meaning.differences(old, new, "nl")) > 10
        assert all(one.words.strip() for one in told)
        weights = [one.significant for one in told]
        assert weights == sorted(weights, reverse=True)  # what matters most stands first
        assert set(weights) == {True, False}
        assert not any(re.search(r"PUR-\d|m-\w", one.words) for one in told)


# ---- search ----------------------------------------------------------------------------------------------------------


def test_words_are_found_in_text_and_model_whatever_their_case_and_accents(dutch: Notice) -> None:
    hits = search(dutch, "BEEINDIGING account")
    assert "s99-3" in [hit.anchor for hit in hits]
    assert ("beëindiging", True) in next(hit.words for hit in hits if hit.anchor == "s99-3")
    assert "m-recipient-bank" in [hit.anchor for hit in search(dutch, "banken")]
    assert search(dutch, "  ") == ()
    assert search(dutch, "xyzzy") == ()
    for hit in search(dutch, "e"):
        assert any(meant for _, meant in hit.words)


def test_a_command_prints_it_in_three_forms(capsys: pytest.CaptureFixture[str]) -> None:
    from bloesem.cli import main

    where = ["--company", str(BLOSSOM)]
    assert main(["notice", *where, "--lang", "fr"]) == 0
    assert "Politique de confidentialité" in capsys.readouterr().out
    assert main(["notice", *where, "--format", "html", "--lang", "de"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("<!doctype html>")
    assert 'lang="de"' in page
    assert main(["notice", *where, "--format", "json", "--version", "2024-03-18"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "2024-03-18"
    assert main(["notice", *where, "--version", "2020-01-01"]) != 0
    assert "there are: 2024-03-18" in capsys.readouterr().err


def test_reading_again_costs_no_more_than_looking_at_the_files(shelf: Shelf) -> None:
    """The same object, until a file changes: then another one."""
    one = shelf.notice(VERSION, "nl", TODAY)
    assert shelf.notice(VERSION, "nl", TODAY) is one
    assert shelf.notice(VERSION, "nl", TODAY + dt.timedelta(days=1)) is not one


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_on_the_notice_is_in_another_language(shelf: Shelf, language: str) -> None:
    """Not a label of the model, not what a promise comes to: a person reads in their own language (P-002)."""
    notice = shelf.notice(VERSION, language, TODAY)
    claims = [kept.claim for one in notice.sentences for kept in one.kept]
    entries = [entry for chapter in notice.chapters for entry in chapter.entries]
    says = [entry.says for entry in entries if entry.says]
    facts = [value for entry in entries for fact in entry.facts for value in fact.values]
    assert [one.text for one in (*claims, *says, *facts) if one.language != language] == []


# ---- references and periods ------------------------------------------------------------------------------------------


@pytest.mark.promise("P-016")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reference_to_retention_periods_leads_to_the_table(shelf: Shelf, language: str) -> None:
    """Line 41 names chapter 6, which has no period; line 153 the table. Both lead to the table, and to all terms."""
    notice = shelf.notice(VERSION, language, TODAY)
    page = str(render.body(notice))
    table = page.index('<table class="n-table"')
    for place in ("41.3", "153.1"):
        one = next(one for one in notice.sentences if one.place == place)
        (words, anchor), *more = one.rule
        title = next(it for it in notice.sentences if it.anchor == anchor)
        assert title.words == words
        assert title.place == "92.1"  # 3.4, the title of the table
        assert page.index(f'id="{anchor}"') < table < page.index('id="s111-1"')
        assert "m-retention" in [where for _, where in more]
    referring = [one.place for one in notice.sentences if ("m-retention" in [w for _, w in one.rule[1:2]])]
    assert {"41.3", "153.1"} <= set(referring)


@pytest.mark.promise("P-106")
def test_periods_stand_once_in_the_model_and_every_chapter_says_the_same(shelf: Shelf) -> None:
    import dataclasses

    from bloesem.notice.chapters import chapters

    it = shelf.sources(VERSION, "nl", TODAY)
    five = [
        one for one in shelf.notice(VERSION, "nl", TODAY).sentences if one.place.startswith(("151.", "153."))
    ]
    assert re.findall(r"\d+", " ".join(one.words for one in five)) == [
        "5",
        "3",
        "4",
    ]  # its number, and "tabel 3.4"

    def terms(sources: object) -> tuple[dict[str, str], dict[str, str]]:
        made = {chapter.key: chapter for chapter in chapters(sources)}  # type: ignore[arg-type]
        (all_,) = made["m-retention"].entries
        apart = {
            entry.title: next(fact.values[0].text for fact in entry.facts if fact.label == "Hoe lang")
            for key in ("m-purposes", "m-law")
            for entry in made[key].entries
        }
        return {fact.label: fact.values[0].text for fact in all_.facts}, apart

    together, apart = terms(it)
    assert together == apart
    assert together["Kwaliteit"] == "1 jaar na “Account afgesloten”"
    quality = it.company.plan.purpose("quality")
    longer = dataclasses.replace(
        quality, clocks=tuple(dataclasses.replace(clock, period="P3Y") for clock in quality.clocks)
    )
    plan = dataclasses.replace(
        it.company.plan, purposes=tuple(longer if p is quality else p for p in it.company.plan.purposes)
    )
    together, apart = terms(dataclasses.replace(it, company=dataclasses.replace(it.company, plan=plan)))
    assert together == apart
    assert together["Kwaliteit"] == "3 jaar na “Account afgesloten”"
