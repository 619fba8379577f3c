"""The company's policy as data: read strictly, held against its record and the law."""

from bloesem.policy.company import Company, load_bits, load_company
from bloesem.policy.findings import Finding
from bloesem.policy.load import load_policy, load_record
from bloesem.policy.model import Policy, Record

__all__ = [
    "Company",
    "Finding",
    "Policy",
    "Record",
    "load_bits",
    "load_company",
    "load_policy",
    "load_record",
]
