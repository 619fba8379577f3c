"""Requests, complaints and questions of people: received by any road, and answered in time (docs/cases.md)."""

from bloesem.cases.clerk import Clerk
from bloesem.cases.model import KINDS, RIGHTS, Dues, dues
from bloesem.cases.tables import install

__all__ = ["KINDS", "RIGHTS", "Clerk", "Dues", "dues", "install"]
