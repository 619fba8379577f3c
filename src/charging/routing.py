"""Where each table lies: the business's in one schema, those of the libraries that sign people in in another."""

from __future__ import annotations

from typing import Any

#: What signs people in, and keeps who is signed in.
SIGN_IN = frozenset({"portal", "account", "mfa", "sessions"})
#: Libraries whose code is used and whose tables are not.
NOWHERE = frozenset({"auth", "contenttypes"})


class Libraries:
    """Django's router. A library's models are never read for a purpose, and business models never without."""

    def db_for_read(self, model: type[Any], **hints: object) -> str | None:
        return "signin" if model._meta.app_label in SIGN_IN else None

    def db_for_write(self, model: type[Any], **hints: object) -> str | None:
        return self.db_for_read(model)

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool | None:
        if app_label in NOWHERE:
            return False
        return (db == "signin") == (app_label in SIGN_IN)
