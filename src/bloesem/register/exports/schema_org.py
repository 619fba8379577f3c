"""A small block of schema.org for the page of the policy: who publishes it, in which version. There is no type for a privacy
policy there, so nothing deeper is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bloesem.register.words import said

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.register.activities import Register


def block(company: Company, register: Register, language: str) -> dict[str, Any]:
    """What is not written down is left out."""
    identity, policy = register.identity, register.policy
    seat = policy.controller.seat or (company.record.controller.seat if company.record.controller else None)
    organization: dict[str, Any] = {
        "@type": "Organization",
        "name": identity.name,
        "legalName": " ".join(filter(None, (identity.name, identity.legal_form))),
        "contactPoint": {
            "@type": "ContactPoint",
            "contactType": said(identity.officer_function, language),
            "email": identity.email,
            "availableLanguage": list(policy.languages or (policy.language,)),
        },
    }
    if identity.kbo:
        organization["identifier"] = {"@type": "PropertyValue", "propertyID": "KBO", "value": identity.kbo}
    if seat is not None:
        organization["address"] = {
            "@type": "PostalAddress",
            "streetAddress": seat.street,
            "postalCode": seat.postal_code,
            "addressLocality": seat.city,
            "addressCountry": seat.country,
        }
    if identity.telephone:
        organization["telephone"] = identity.telephone
    if identity.website:
        organization["url"] = identity.website
    return {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "inLanguage": language,
        "dateModified": policy.version.isoformat(),
        "version": policy.version.isoformat(),
        "publisher": organization,
    }


__all__ = ["block"]
