"""Addresses of recipients of the register: pages in four languages, and an API in none."""

from __future__ import annotations

from django.urls import path

from charging.portal import api, callbacks, outside

pages = [
    path("jobs", outside.jobs, name="portal-jobs"),
    path("jobs/<int:number>", outside.job, name="portal-job"),
    path("fleet", outside.fleet, name="portal-fleet"),
    path("fleet/<int:year>-<int:month>.<slug:form>", outside.fleet_file, name="portal-fleet-file"),
    path("tokens", outside.token_list, name="portal-tokens"),
    path("tokens/<int:number>/revoke", outside.token_revoke, name="portal-token-revoke"),
]
programs = [
    path("api/v1/openapi.json", api.openapi, name="api-openapi"),
    path("api/v1/installer/jobs", api.job_list, name="api-jobs"),
    path("api/v1/installer/jobs/<int:number>", api.job, name="api-job"),
    path("api/v1/installer/jobs/<int:number>/report", api.job_report, name="api-job-report"),
    path("api/v1/hems/sessions", api.hems_sessions, name="api-hems-sessions"),
    path("api/v1/hems/customers", api.hems_customers, name="api-hems-customers"),
    path("opendsr/callbacks", callbacks.opendsr, name="opendsr-callbacks"),
    path("api/<path:rest>", api.nothing),
]
