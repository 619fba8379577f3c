"""Django's settings for the charging business."""

from __future__ import annotations

import os

from bloesem.gate.settings import database_of

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
    "django_htmx",
    "bloesem.console",
]

ROOT_URLCONF = "bloesem.console.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
#: A demonstration with invented people: the console then has a date to move, people to follow and free SQL.
BLOESEM_DEMO = os.environ.get("BLOESEM_DEMO") == "1"

#: The business tables; Bloesem's own are in schema `bloesem`, each purpose's views in a schema of its own.
DATA_SCHEMA = "data"


# A process that serves people is named by BLOESEM_PROCESS and connects with its own login, through the gate; without
# it this is the administrator's or the owner's connection, for migrations and the installer.
DATABASES = {"default": database_of(os.environ, data_schema=DATA_SCHEMA)}

USE_TZ = True
TIME_ZONE = "Europe/Brussels"
USE_I18N = True
LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands"), ("en", "English"), ("fr", "Français"), ("de", "Deutsch")]
