"""How allauth signs people in here: by a code or a passkey, as an account of the business or of staff."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import lazy
from django.utils.translation import get_language

from bloesem.console.language import say
from bloesem.gate import identified, purpose
from charging.people.models import LoginCredential
from charging.portal.models import Reach, User
from charging.portal.seats import PERSON, SEATS

#: No vowel and nothing that looks like another sign: a code is read aloud, and says no word.
LETTERS = "BCDFGHJKMNPQRTVWXY346789"
CODE_LENGTH = 8
#: Until a first sign-in, and after each, as long as the policy's term for sign-in data (law:security, a year).
FIRST = dt.timedelta(hours=1)
TERM = dt.timedelta(days=365)


def _told(key: str) -> str:
    return say(key, get_language() or "nl")


told = lazy(_told, str)


class Code(str):
    """What is stored of a code: a salted, keyed hash (P-047). `plain` is for the message alone, and is stored nowhere."""

    plain: str

    @classmethod
    def new(cls) -> Code:
        plain = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        salt = secrets.token_hex(8)
        made = cls(f"{salt}${_hash(salt, plain)}")
        made.plain = f"{plain[:4]}-{plain[4:]}"
        return made


def _hash(salt: str, plain: str) -> str:
    return salted_hmac(f"charging.portal.code.{salt}", plain, algorithm="sha256").hexdigest()


def is_code(stored: str, given: str) -> bool:
    """Whether this is the code whose hash is stored; spaces, dashes and small letters do not matter."""
    salt, _, expected = stored.partition("$")
    plain = "".join(sign for sign in given.upper() if sign.isalnum())
    return bool(expected) and hmac.compare_digest(_hash(salt, plain), expected)


def who_signs_in(address: str) -> User | None:
    """The account of whoever this address is: a member of staff, or the one person of the business who gave it and has
    something to sign in with (`login_credential`). Nobody learns which, and nothing is proved yet."""
    normal = address.strip().lower()
    staff = User.objects.filter(email=normal, is_active=True).first()
    person = identified("email", normal)
    with purpose("subject", person=person or 0):
        known = LoginCredential.objects.exists()
    if staff is not None:
        return staff
    return account_of(person) if person is not None and known else None


def account_of(person: int) -> User:
    """The account of a person, made when they first ask; it goes within the hour unless they prove to be them."""
    found = User.objects.filter(role=PERSON, is_active=True, reaches__number=person).first()
    if found is None:
        found = User.objects.create(role=PERSON, expires_at=timezone.now() + FIRST)
        Reach.objects.create(user=found, number=person)
    return found


class Door(DefaultAccountAdapter):  # type: ignore[misc]
    """What allauth asks of us: accounts come from elsewhere, codes are hashed, and words are ours."""

    error_messages = {  # noqa: RUF012 - allauth's own form
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": told("signin.code.wrong"),
        "too_many_login_attempts": told("signin.toomany"),
        "rate_limited": told("signin.toomany"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def generate_login_code(self) -> str:
        return Code.new()

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A code in plain is in the message, and in nothing that is stored."""
        context = {**context, "language": get_language() or "nl"}
        code = context.get("code")
        if isinstance(code, Code):
            context = {**context, "code": code.plain, "minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60}
        super().send_mail(template_prefix, email, context)

    def format_email_subject(self, subject: str) -> str:
        return subject

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **more: Any) -> None:
        """Of a factor that was added or removed: to staff, whose address is here."""
        if user.email:
            super().send_notification_mail("account/email/factors_changed", user, email=user.email)

    def add_message(
        self, request: HttpRequest, level: int, message_template: Any = None, *args: Any, **more: Any
    ) -> None:
        """Pages say themselves what happened; only what is wrong is a message."""
        if more.get("message"):
            super().add_message(request, level, message=more["message"])

    def post_login(self, request: HttpRequest, user: User, **more: Any) -> Any:
        user.lasts(timezone.now() + TERM)
        return super().post_login(request, user, **more)

    def get_login_stages(self) -> list[str]:
        own = {"allauth.mfa.stages.AuthenticateStage": "charging.portal.signin.SecondFactor"}
        return [own.get(stage, stage) for stage in super().get_login_stages()]

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Of a person of the business `charging.portal.views.fresh` asks it: a code is their only other proof."""
        from allauth.core import context

        user = getattr(context.request, "user", None)
        if user is not None and user.is_authenticated and user.role == PERSON:
            return False
        return bool(super().is_reauthentication_required(app=app, **more))


class SecondFactor(AuthenticateStage):  # type: ignore[misc]
    """Asked of staff. To a person of the business a passkey is another way in, and a lost one locks nobody out."""

    def _should_handle(self, request: HttpRequest) -> bool:
        user = self.login.user
        return bool(user is not None and SEATS[user.role].staff and super()._should_handle(request))


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """Names and words of second factors; the secret of an app is encrypted where it lies."""

    error_messages = {  # noqa: RUF012 - allauth's own form
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": told("signin.code.wrong"),
        "unverified_email": told("signin.toomany"),
    }

    def get_totp_label(self, user: User) -> str:
        return str(user)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        from allauth.core import context

        return {"id": context.request.get_host().partition(":")[0], "name": settings.MFA_TOTP_ISSUER}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """What lies in the person's own device: a number of ours, and no address."""
        name = user.name or settings.MFA_TOTP_ISSUER
        return {"id": user_pk_to_url_str(user).encode(), "display_name": name, "name": name}

    def generate_authenticator_name(self, user: User, type: Any) -> str:
        from allauth.mfa.models import Authenticator

        have = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"{_told('factor.key')} {have + 1}"

    def encrypt(self, text: str) -> str:
        return str(_box().encrypt(text.encode()).decode())

    def decrypt(self, encrypted_text: str) -> str:
        return str(_box().decrypt(encrypted_text.encode()).decode())


def _box() -> Any:
    import base64

    from cryptography.fernet import Fernet

    key = salted_hmac("charging.portal.totp", settings.SECRET_KEY, algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))


def wrong(key: str) -> ValidationError:
    return ValidationError(_told(key), code=key)
