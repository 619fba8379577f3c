"""The forms of signing in, where allauth asks for ours."""

from __future__ import annotations

import re
from typing import Any

from allauth.account.forms import ConfirmLoginCodeForm, RequestLoginCodeForm
from allauth.core import context, ratelimit
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from charging.portal.signin import is_code, who_signs_in, wrong

#: What may be an address. Names have accents, and so have addresses (RFC 6531): Django's own check would lock people out.
ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f,;<>\"]+@[^@\s\x00-\x1f\x7f,;<>\"]+\.[^@\s\x00-\x1f\x7f,;<>\"]+")


class AskForCode(RequestLoginCodeForm):  # type: ignore[misc]
    """An address. Whether it is somebody's changes nothing that is seen: not the page, and not whether a message goes."""

    email = forms.CharField(max_length=254)

    def clean_email(self) -> str:
        address: str = self.cleaned_data["email"]
        if not ADDRESS.fullmatch(address):
            raise wrong("signin.email.wrong")
        if not ratelimit.consume(context.request, action="request_login_code", key=address.strip().lower()):
            raise wrong("signin.toomany")
        self._user = who_signs_in(address)
        return address


class GiveCode(ConfirmLoginCodeForm):  # type: ignore[misc]
    """The code of the message, against the hash that is stored (P-047)."""

    code = forms.CharField(max_length=40)

    def clean_code(self) -> str:
        given: str = self.cleaned_data["code"]
        if not is_code(str(self.expected_code or ""), given):
            raise wrong("signin.code.wrong")
        return given


class AddPasskey(AddWebAuthnForm):  # type: ignore[misc]
    """A passkey signs in by itself: what unlocks it (a finger, a face, a PIN) is asked of the device."""

    passwordless = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)

    def clean_credential(self) -> dict[str, Any]:
        """A credential is an object. To allauth 0 and false are none, and no credential is nothing to check: it would keep
        them as a key that opens nothing, and every page about keys would break on it."""
        given = self.cleaned_data["credential"]
        if not isinstance(given, dict) or not given:
            raise wrong("signin.code.wrong")
        return given

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        return dict(super().clean())
