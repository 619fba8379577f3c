"""Who may sign in, and for what: no password, and of people of the business no address either.

A person's address is the business's own row (`email_address`); here stands only that somebody signs in, as which role of
the record, and for which number of its scope. These tables are of the libraries' schema: no purpose reads them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from bloesem.gate.ids import new_id


class UserManager(BaseUserManager["User"]):
    """Users by the address with which staff sign in."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=username)


class User(AbstractBaseUser):
    """Somebody who signs in. `role`: what they may open, a key of `charging.portal.seats`. `email`, `name`: of members of
    staff and of those who work for a client; a person of the business has them in rows of their own.

    `recipient`: of an outside party the key in the register of recipients: what it may see is decided about that.
    `expires_at`: when the row goes with its passkeys, as the policy's term for sign-in data says; each sign-in moves it.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id)
    password = None  # type: ignore[assignment]  # nobody has one
    email = models.TextField(unique=True, null=True, blank=True)
    name = models.TextField(blank=True, default="")
    role = models.TextField()
    recipient = models.TextField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    expires_at = models.DateTimeField()

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "signin_account"

    def __str__(self) -> str:
        return self.name or self.email or f"account {self.pk}"

    def has_usable_password(self) -> bool:
        return False

    def check_password(self, raw_password: str | None) -> bool:
        return False

    def set_unusable_password(self) -> None:
        """There is none to make unusable."""

    def get_session_auth_hash(self) -> str:
        """Sessions end when the role changes."""
        return salted_hmac(
            "charging.portal.session", f"{self.pk} {self.role}", algorithm="sha256"
        ).hexdigest()

    def get_session_auth_fallback_hash(self) -> Any:
        return iter(())

    @property
    def numbers(self) -> list[int]:
        """Of the role's scope: the person, the employer, the jobs."""
        return list(self.reaches.order_by("number").values_list("number", flat=True))

    def lasts(self, until: dt.datetime) -> None:
        self.expires_at = until
        self.save(update_fields=["expires_at"])


class Reach(models.Model):
    """A number of the scope that an account's role may open. `since`, `until`: of a job, the first and the last day for
    which it was assigned (P-114); a job without a last day is assigned to nobody."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, models.CASCADE, related_name="reaches")
    number = models.BigIntegerField(db_index=True)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "signin_reach"
        constraints = (models.UniqueConstraint(fields=["user", "number"], name="reach_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.number}"


class Token(models.Model):
    """What a recipient's own program signs in with, for the address of one role. Stored is the hash of it; the token itself
    is shown once. It ends with its account, on its day, or when somebody takes it back."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    label = models.TextField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "signin_token"

    def __str__(self) -> str:
        return f"token {self.pk}"


__all__ = ["Reach", "Token", "User"]
