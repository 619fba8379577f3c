"""What a company that sends messages needs in its database, at each start."""

from __future__ import annotations

from bloesem.company import Loaded
from bloesem.consent.rules import Rules, load_rules
from bloesem.consent.texts import Texts, load_texts
from bloesem.sending import tables
from bloesem.stores.postgres import Connection

#: The process that shows people their pages, those of links among them.
PAGES = "portal"


def rules_of(loaded: Loaded) -> Rules | None:
    """What the company decided about messages; None for one that sends none. raises: SourceError, RulesError."""
    folder = loaded.company.messages
    return load_rules(folder / "door.yaml", loaded.plan, loaded.policy) if folder is not None else None


def texts_of(loaded: Loaded, rules: Rules) -> Texts | None:
    """The words to which people agree; None for a company without any. raises: SourceError, RulesError."""
    folder = loaded.company.messages
    file = folder / "consents.yaml" if folder is not None else None
    return load_texts(file, rules) if file is not None and file.is_file() else None


def install(admin: Connection, loaded: Loaded) -> None:
    """The outbox, the lists and their functions; nothing for a company that sends none. in: as superuser."""
    rules = rules_of(loaded)
    if rules is not None:
        pages = (PAGES,) if PAGES in loaded.plan.processes else ()
        tables.install(admin, rules, pages=pages, texts=texts_of(loaded, rules))
