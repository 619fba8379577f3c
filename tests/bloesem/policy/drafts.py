"""A company on disk to spoil: a copy of company/minimal with a small law of its own, changed line by line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bloesem.errors import BloesemError
from bloesem.policy import Company, load_company

ROOT = Path(__file__).parents[3]
VERSION = "2026-01-01"
POLICY = f"policy/{VERSION}/policy.yaml"
RECORD = "record/decisions.yaml"
LAW = "law/law.yaml"

LAW_TEXT = """\
vocabulary:
  accounting-voucher: {label: {en: Voucher of the accounts}}
  consent-proof: {label: {en: Proof of consent}}
  call-recording: {label: {en: Recording of a call}}
purposes:
  - key: law:tax-archive
    label: {en: Tax archive}
    description: {en: Kept for the tax administration}
    basis: legal-obligation
    article: VAT Code art. 60
    reads: {is: [accounting-voucher]}
    keep: {for: P10Y, after: record, from: end-of-year, records_from: 2023-01-01}
    survives: {erasure: true, restriction: true, objection: true}
    checked: {status: published, on: 2026-01-01}
  - key: law:accountability
    label: {en: Accountability}
    description: {en: Proof of consent}
    basis: legal-obligation
    article: GDPR art. 5(2)
    reads: {is: [consent-proof]}
    keep: {for: P5Y, after: record}
    survives: {erasure: true, restriction: true, objection: true}
    checked: {status: published, on: 2026-01-01}
ceilings:
  - key: recordings
    label: {en: Recordings of calls}
    is: [call-recording]
    for: P1M
    after: record
    article: WEC art. 128
    source: the act
    switch: recording_cap
    checked: {status: from-knowledge}
floors:
  - key: vat
    label: {en: Invoices}
    is: [accounting-voucher]
    purpose: law:tax-archive
    keep: {for: P10Y, after: record, from: end-of-year, records_from: 2023-01-01}
    article: VAT Code art. 60
    source: the code
    checked: {status: published, on: 2026-01-01}
"""


class Draft:
    """A company's directory that a test may change. `change` and `add` return it, so that they chain."""

    def __init__(self, home: Path) -> None:
        self.home = home / "company"
        shutil.copytree(ROOT / "company" / "minimal", self.home)
        (self.home / "law").mkdir()
        self.write(LAW, LAW_TEXT)
        self.write(
            RECORD, self.text(RECORD).partition("\nbalancing:")[0]
        )  # of a purpose that this law has not
        self.change("bloesem.yaml", "[bundled]", "[law]")

    def path(self, file: str) -> Path:
        return self.home / file

    def write(self, file: str, text: str) -> Draft:
        self.path(file).parent.mkdir(parents=True, exist_ok=True)
        self.path(file).write_text(text, encoding="utf-8")
        return self

    def text(self, file: str) -> str:
        return self.path(file).read_text(encoding="utf-8")

    def change(self, file: str, old: str, new: str) -> Draft:
        text = self.text(file)
        assert text.count(old) == 1, f"`{old}` stands {text.count(old)} times in {file}"
        return self.write(file, text.replace(old, new))

    def add(self, file: str, text: str) -> Draft:
        """Add text at the end of a file, which may be new."""
        before = self.text(file) if self.path(file).exists() else ""
        return self.write(file, before + text)

    def line(self, file: str, words: str) -> int:
        """The line, from 1, on which `words` first stand."""
        return self.text(file)[: self.text(file).index(words)].count("\n") + 1

    def load(self) -> Company:
        return load_company(self.home)

    def refused(self, kind: type[BloesemError] = BloesemError) -> Refusal:
        """Load it, which must fail."""
        with pytest.raises(kind) as caught:
            self.load()
        return Refusal(self, caught.value)


class Refusal:
    """An error, asked about the four things that it owes its reader."""

    def __init__(self, draft: Draft, error: BloesemError) -> None:
        self.draft, self.error, self.text = draft, error, str(error)

    def says(self, file: str, line: int | str, key: str, *words: str) -> Refusal:
        """It names file and line (or the words that stand there) and key, and says `words`."""
        number = self.draft.line(file, line) if isinstance(line, str) else line
        assert f"{self.draft.path(file)}:{number}: {key}: " in self.text, self.text
        for word in words:
            assert word in self.text, self.text
        return self

    def with_rule(self, rule: str) -> Refusal:
        assert rule in self.text, self.text
        return self
