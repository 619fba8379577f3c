"""Django's settings for the charging business."""

from __future__ import annotations

import os
from urllib.parse import parse_qs, unquote, urlsplit

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
]

#: The business tables; Bloesem's own are in schema `bloesem`, each purpose's views in a schema of its own.
DATA_SCHEMA = "data"


def database(url: str) -> dict[str, object]:
    """Django's entry for a PostgreSQL URL (`postgresql://user:password@host:port/name?host=/socket/dir`)."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or query.get("dbname", "postgres"),
        "USER": unquote(parts.username or query.get("user", "")),
        "PASSWORD": unquote(parts.password or query.get("password", "")),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": str(parts.port or query.get("port", "")),
        # One statement per call: a second one hidden in a value never runs (design, processes).
        "OPTIONS": {"options": f"-c search_path={DATA_SCHEMA}", "server_side_binding": True},
    }


DATABASES = {"default": database(os.environ.get("BLOESEM_DATABASE_URL", "postgresql:///bloesem"))}

USE_TZ = True
TIME_ZONE = "Europe/Brussels"
USE_I18N = True
LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands"), ("en", "English"), ("fr", "Français"), ("de", "Deutsch")]
