"""Django's settings for the charging business."""

from __future__ import annotations

import os

from bloesem.gate.settings import PROCESS, database_of, library_of

_HERE = "charging."

SECRET_KEY = os.environ.get("BLOESEM_SECRET_KEY", "only-for-this-machine")
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    _HERE + "people",
    _HERE + "installation",
    _HERE + "stations",
    _HERE + "billing",
    _HERE + "support",
    _HERE + "marketing",
    _HERE + "portal",
    "django_htmx",
    "bloesem.console",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

# Each process serves pages of its own: whoever runs the system (console), and people about themselves (portal).
_IS_PORTAL = os.environ.get(PROCESS) == "portal"
ROOT_URLCONF = "charging.portal.urls" if _IS_PORTAL else "bloesem.console.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "bloesem.console.cookies.DeclaredCookies",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "charging.portal.middleware.InItsLanguage",
    "allauth.account.middleware.AccountMiddleware",
    *(["charging.portal.anyone.HonoursSignal"] if _IS_PORTAL else []),
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "bloesem.console.frame.context",
                "charging.portal.frame.context",
            ],
            "libraries": {"notice": "bloesem.notice.templatetags.notice"},
        },
    }
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
#: A demonstration with invented people: the console then has a date to move, people to follow and free SQL.
BLOESEM_DEMO = os.environ.get("BLOESEM_DEMO") == "1"
#: Where the other process answers; the layout's links lead there.
BLOESEM_CONSOLE = os.environ.get("BLOESEM_CONSOLE", "")
BLOESEM_PORTAL = os.environ.get("BLOESEM_PORTAL", "")

#: Who does what the pages of links ask, and how they look.
BLOESEM_PAGES = "charging.portal.anyone:pages"
BLOESEM_PAGE = "portal/link.html"

# ---- cookies: what is set is declared in the company's cookies.yaml, and nothing else leaves (P-005)
CSRF_COOKIE_NAME = "bloesem_form"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_AGE = None  # until the browser is closed
CSRF_FAILURE_VIEW = "bloesem.console.trouble.forged"
SESSION_COOKIE_NAME = "bloesem_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Elsewhere than on this machine, pages go over TLS and cookies with them.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("BLOESEM_TLS") == "1"

# ---- sign-in: a code by mail or a passkey, never a password
AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal-home"
ACCOUNT_ADAPTER = "charging.portal.signin.Door"
ACCOUNT_FORMS = {
    "request_login_code": "charging.portal.forms.AskForCode",
    "confirm_login_code": "charging.portal.forms.GiveCode",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = int(os.environ.get("BLOESEM_CODE_SECONDS", "600"))
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "20/m/ip,5/10m/key",
    "login": "30/m/ip",
    "reauthenticate": "10/m/user",
    "open_form": "20/m/ip,3/10m/key",
    "open_answer": "10/m/ip",
    "open_link": "60/m/ip",
    "open_transfer": "10/10m/ip",
    "change_email": "20/m/ip,5/10m/user,3/10m/key",
    "change_code": "10/10m/user",
}
#: How often a recipient's program may ask: each token, and whoever has none that is good.
BLOESEM_API_RATES = {"api": "60/m/key", "api_wrong": "30/m/ip"}
MFA_ADAPTER = "charging.portal.signin.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]
MFA_FORMS = {"add_webauthn": "charging.portal.forms.AddPasskey"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = os.environ.get("BLOESEM_TLS") != "1"  # http://localhost is this machine
MFA_TOTP_ISSUER = "Blossom Energy"

# ---- mail: over SMTP where a server is named, else into a folder that nobody but us reads
DEFAULT_FROM_EMAIL = "Blossom Energy <noreply@blossom.example>"
BLOESEM_OUTBOX = os.environ.get("BLOESEM_OUTBOX", "")
EMAIL_HOST = os.environ.get("BLOESEM_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("BLOESEM_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("BLOESEM_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("BLOESEM_SMTP_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("BLOESEM_SMTP_TLS", "1") == "1"
EMAIL_FILE_PATH = BLOESEM_OUTBOX or None
EMAIL_BACKEND = "django.core.mail.backends." + (
    "smtp.EmailBackend"
    if EMAIL_HOST
    else "filebased.EmailBackend"
    if BLOESEM_OUTBOX
    else "dummy.EmailBackend"
)

#: The business tables; Bloesem's own are in schema `bloesem`, each purpose's views in a schema of its own.
DATA_SCHEMA = "data"
#: The tables of the libraries that sign people in.
SIGNIN_SCHEMA = "signin"


# A process that serves people is named by BLOESEM_PROCESS and connects with its own login, through the gate; without
# it this is the administrator's or the owner's connection, for migrations and the installer.
DATABASES = {
    "default": database_of(os.environ, data_schema=DATA_SCHEMA),
    "signin": library_of(os.environ, schema=SIGNIN_SCHEMA),
}
DATABASE_ROUTERS = ["charging.routing.Libraries"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if os.environ.get(PROCESS):
    BLOESEM_GATE = "bloesem.console.load.gate"

USE_TZ = True
TIME_ZONE = "Europe/Brussels"
USE_I18N = True
LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands"), ("en", "English"), ("fr", "Français"), ("de", "Deutsch")]
