"""Addresses of the privacy officer's pages, below `officer`. No address names a person."""

from __future__ import annotations

from django.urls import path

from charging.portal.officer import (
    breaches,
    calendar,
    cases,
    drafts,
    elsewhere,
    linter,
    taking_in,
    versions,
    views,
)

urlpatterns = [
    path("officer", views.start, name="portal-officer"),
    path("officer/cases", cases.inbox, name="portal-officer-cases"),
    path("officer/cases/new", taking_in.register, name="portal-officer-case-new"),
    path("officer/cases/<slug:number>", cases.case, name="portal-officer-case"),
    path("officer/cases/<slug:number>/elsewhere", elsewhere.elsewhere, name="portal-officer-elsewhere"),
    path("officer/calendar", calendar.month, name="portal-officer-calendar"),
    path("officer/versions", versions.versions, name="portal-officer-versions"),
    path("officer/versions/<slug:date>", versions.version, name="portal-officer-version"),
    path("officer/drafts/<slug:date>", drafts.draft, name="portal-officer-draft"),
    path("officer/drafts/<slug:date>/<slug:paper>", drafts.paper, name="portal-officer-paper"),
    path("officer/linter", linter.linter, name="portal-officer-linter"),
    path("officer/recipients", views.recipients, name="portal-officer-recipients"),
    path("officer/recipients/<slug:key>", views.recipient, name="portal-officer-recipient"),
    path("officer/transfers", views.transfers, name="portal-officer-transfers"),
    path("officer/consents", views.consents, name="portal-officer-consents"),
    path("officer/disclosures", views.disclosures, name="portal-officer-disclosures"),
    path("officer/matrix", views.matrix, name="portal-officer-matrix"),
    path("officer/readers", views.readers, name="portal-officer-readers"),
    path("officer/register", views.register, name="portal-officer-register"),
    path("officer/register/<slug:form>", views.register_file, name="portal-officer-register-file"),
    path("officer/dpia", views.dpia, name="portal-officer-dpia"),
    path("officer/breaches", breaches.register, name="portal-officer-breaches"),
    path("officer/breaches/<int:number>", breaches.one, name="portal-officer-breach"),
]
