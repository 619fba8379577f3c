"""The company's policy as data: read strictly, held against its record and the law."""

from bloesem.policy.load import load_policy, load_record
from bloesem.policy.model import Policy, Record

__all__ = ["Policy", "Record", "load_policy", "load_record"]
