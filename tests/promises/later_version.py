"""Blossom's policy with a later version beside it, in which the credit rating has what 2024-03-18 lacks: a source, a
purpose, a ground and a term; which has a new use on consent; and which states every interest that it relies on, so that nothing is off. Made from the real files, so that nothing else differs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRST, CORRECTED = "2024-03-18", "2027-01-01"

SOURCE = """  credit_agency:
    label: {nl: Van een kredietbureau, en: From a credit agency, fr: D'une agence de crédit, de: Von einer Auskunftei}
    line: 55
    pattern: "^kredietbureau:.+$"
    only: [financial.credit_rating]
    origin: received

"""
PURPOSE = """  PUR-8:
    label: {nl: Kredietwaardigheid, en: Creditworthiness, fr: Solvabilité, de: Bonität}
    description:
      nl: Nagaan of een nieuwe klant de installatie kan betalen.
      en: Seeing whether a new customer can pay for the installation.
    lines: [55]
    basis: legitimate-interest
    interest: {nl: Geen installatie leveren die niet betaald wordt, en: Not delivering an installation that is not paid}
    keep: {for: P3M, after: account.opened, fallback: {for: P3M, after: contact}}
    retention_text: {nl: 3 maanden na opening van je account, en: 3 months after your account was opened}
    objection: assessed
    dpv: [CreditChecking]
    promises: [P-024]
    parts:
      creditworthiness:
        label: {nl: Kredietwaardigheid, en: Creditworthiness, fr: Solvabilité, de: Bonität}
        reads: [financial.credit_rating]
        groups: [customer]
        promises: [P-024]

"""
#: A part that runs on consent and that 2024-03-18 does not have: it reads what was collected for others (P-176).
TIPS = """    parts:
      tips:
        label: {nl: Tips om te besparen, en: Tips on saving, fr: Conseils, de: Tipps}
        reads: [contact.email]
        groups: [customer]
        promises: [P-096]
      consent_marketing:
"""
INTERESTS = {
    "PUR-2": "{nl: Fraude voorkomen en zeker zijn van de juiste persoon, en: Preventing fraud and knowing who it is}",
    "PUR-4": "{nl: Betere producten en diensten, en: Better products and services}",
    "PUR-5": "{nl: Eigen producten aanbieden aan wie ons kent, en: Offering our own products to those who know us}",
    "PUR-7": "{nl: Weten hoe diensten gebruikt worden, en: Knowing how services are used}",
    "invite": "{nl: De werknemer bereiken voor wie de werkgever koos, en: Reaching whom the employer chose for}",
    "disputes": "{nl: Een rechtsvordering onderbouwen, en: Defending a legal claim}",
}
BALANCING = """
  - purpose: creditworthiness
    decided: 2027-01-01
    review: 2030-01-01
    example: true
    interest: {nl: Geen installatie leveren die niet betaald wordt, en: Not delivering an installation that is not paid}
    necessity: {nl: "Enkel de score, één keer", en: "The score only, once"}
    weighing: {nl: Weg na drie maanden, en: Gone after three months}
    safeguards: [{nl: Een mens beslist, en: A person decides}]
    outcome: proceed
"""


def beside(folder: Path) -> Path:
    """Copies the company and the law into `folder` and adds the corrected version. out: the company's directory."""
    shutil.copytree(ROOT / "law", folder / "law")
    company = folder / "company" / "blossom"
    shutil.copytree(ROOT / "company" / "blossom", company)
    for record in (company / "record").glob("*.yaml"):
        _edit(record, (f"versions: [{FIRST}]", f"versions: [{FIRST}, {CORRECTED}]"))
    _append(company / "record" / "balancing.yaml", BALANCING)
    _edit(
        company / "record" / "processes.yaml",
        ("  console:", "  credit: [creditworthiness]\n  advice: [tips]\n  console:"),
    )
    given = re.findall(r"\{number: (\d+)", (company / "bits.yaml").read_text(encoding="utf-8"))
    number = max(map(int, given)) + 1
    for n, key in enumerate(("creditworthiness", "tips"), number):
        _append(company / "bits.yaml", f"  - {{number: {n}, key: {key}, first: {CORRECTED}}}\n")
    version = company / "policy" / CORRECTED
    shutil.copytree(company / "policy" / FIRST, version)
    (version / "sentences.yaml").unlink()  # its text is not written: what is added is held to none
    _edit(
        version / "policy.yaml",
        (f"version: {FIRST}", f"version: {CORRECTED}"),
        ("# The table of 3.4", f"{SOURCE}# The table of 3.4"),
        ("# Chapter 4 (lines", f"{PURPOSE}# Chapter 4 (lines"),
        ("    parts:\n      consent_marketing:\n", TIPS),
    )
    _state_interests(version / "policy.yaml")
    return company


def _state_interests(path: Path) -> None:
    """After the line `PUR-2:` or `invite:`, with the indent of what follows."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        lines.append(line)
        interest = INTERESTS.get(line.strip().removesuffix(":"))
        if interest and line.startswith("  ") and line.endswith(":"):
            lines.append(f"{' ' * (len(line) - len(line.lstrip()) + 2)}interest: {interest}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _edit(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        if old in text:
            text = text.replace(old, new)
        elif path.suffix == ".yaml" and path.parent.name != "record":
            raise AssertionError(f"{path.name} does not say {old!r} any more")
    path.write_text(text, encoding="utf-8")


def _append(path: Path, text: str) -> None:
    path.write_text(
        path.read_text(encoding="utf-8").rstrip("\n") + "\n" + text.lstrip("\n"), encoding="utf-8"
    )
