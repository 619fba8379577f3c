"""What was done: every act leaves one row, in the transaction that it belongs to, and no personal data."""

from bloesem.ledger.acts import Act, acts, record_act

__all__ = ["Act", "acts", "record_act"]
