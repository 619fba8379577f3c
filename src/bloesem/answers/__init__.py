"""What a person is answered: per item, in words, as a page, a tagged PDF and files behind a link (docs/answers.md)."""

from bloesem.answers.compose import Asked, Composer
from bloesem.answers.made import cdrs, new_token, packed, pdf, seal, token_hash, unseal
from bloesem.answers.model import Answer, AnswerError, Item, Section, say

__all__ = [
    "Answer",
    "AnswerError",
    "Asked",
    "Composer",
    "Item",
    "Section",
    "cdrs",
    "new_token",
    "packed",
    "pdf",
    "say",
    "seal",
    "token_hash",
    "unseal",
]
