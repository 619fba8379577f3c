"""Addresses of the console. None holds personal data: a person is followed by the key of an example."""

from __future__ import annotations

from django.urls import path, re_path

from bloesem.console import site, views

_L = site.LANGUAGE

handler400 = "bloesem.console.trouble.unread"
handler403 = "bloesem.console.trouble.denied"
handler404 = "bloesem.console.trouble.missing"
handler500 = "bloesem.console.trouble.broken"

urlpatterns = [
    path("", views.start, name="console-start"),
    re_path(_L + r"$", views.now, name="console-now"),
    re_path(_L + r"count$", views.count, name="console-count"),
    re_path(_L + r"date$", views.date, name="console-date"),
    re_path(_L + r"date/(?P<job>[0-9a-f-]{36})$", views.date_answer, name="console-date-answer"),
    re_path(_L + r"person$", views.people, name="console-people"),
    re_path(_L + r"person/(?P<case>[a-z0-9_-]{1,60})$", views.person, name="console-person"),
    re_path(_L + r"try$", views.attempt, name="console-try"),
    *site.urlpatterns,
]
