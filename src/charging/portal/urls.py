"""Addresses of the portal: in four languages, and without a person's number in any of them."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from django.conf.urls.i18n import i18n_patterns
from django.urls import path
from django.views.generic import RedirectView

from bloesem.console import site
from bloesem.sending import web
from charging.portal import (
    campaigns,
    details_views,
    notice_views,
    open_pages,
    outside_urls,
    privacy_views,
    requests,
    safeguards_views,
    subscription,
    views,
)
from charging.portal.access import fresh, signed_in
from charging.portal.officer import urls as officer

handler400 = "bloesem.console.trouble.unread"
handler403 = "bloesem.console.trouble.denied"
handler404 = "bloesem.console.trouble.missing"
handler500 = "bloesem.console.trouble.broken"

_to_account = RedirectView.as_view(pattern_name="mfa_index")
_to_signin = RedirectView.as_view(pattern_name="account_login")

urlpatterns = [
    path("", views.start),
    *site.urlpatterns,
    *web.urlpatterns,  # where links lead, the page by address, and what the site says of browsers' signals
    *outside_urls.programs,
    *i18n_patterns(
        *open_pages.urlpatterns,  # for whoever has no account
        *requests.urlpatterns,
        path("", views.home, name="portal-home"),
        path("signin", account.request_login_code, name="account_login"),
        path("signin", account.request_login_code, name="account_request_login_code"),
        path("signin/code", account.confirm_login_code, name="account_confirm_login_code"),
        path("signin/factor", factors.authenticate, name="mfa_authenticate"),
        path("signin/passkey", passkeys.login_webauthn, name="mfa_login_webauthn"),
        path(
            "signin/new", _to_signin, name="account_signup"
        ),  # an account comes with a contract, not from here
        path("signin/closed", account.account_inactive, name="account_inactive"),
        path("signout", account.logout, name="account_logout"),
        path("account", views.account, name="mfa_index"),
        path("account/keys", _to_account, name="mfa_list_webauthn"),
        path("account/app", fresh(app.activate_totp), name="mfa_activate_totp"),
        path("account/app/remove", fresh(app.deactivate_totp), name="mfa_deactivate_totp"),
        path("account/passkey", fresh(passkeys.add_webauthn), name="mfa_add_webauthn"),
        path("account/passkey/<int:pk>/remove", fresh(passkeys.remove_webauthn), name="mfa_remove_webauthn"),
        path("account/again", signed_in(factors.reauthenticate), name="mfa_reauthenticate"),
        path(
            "account/again/passkey",
            signed_in(passkeys.reauthenticate_webauthn),
            name="mfa_reauthenticate_webauthn",
        ),
        path("me", views.me, name="portal-me"),
        *privacy_views.urlpatterns,
        *notice_views.urlpatterns,
        *safeguards_views.urlpatterns,
        *details_views.urlpatterns,
        *subscription.urlpatterns,
        path("me/time", views.me_life, name="portal-life"),
        path("me/<slug:table>", views.me_kind, name="portal-me-kind"),
        *outside_urls.pages,
        *officer.urlpatterns,
        *campaigns.urlpatterns,
        path("outbox", views.outbox, name="portal-outbox"),
    ),
]
