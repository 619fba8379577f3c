"""The law as dated data: keep at most, keep at least, and the purposes that the law gives itself."""

from bloesem.law.load import BUNDLED, bundled, load_law
from bloesem.law.model import Ceiling, Floor, Law, LawPurpose, Rule

__all__ = ["BUNDLED", "Ceiling", "Floor", "Law", "LawPurpose", "Rule", "bundled", "load_law"]
