"""The roles in which somebody signs in: which role of the record each opens, and whether it is staff's.

A seat without pages is not here: nobody can be given it.
"""

from __future__ import annotations

from dataclasses import dataclass

#: The seat of a person of the business.
PERSON = "person"


@dataclass(frozen=True)
class Seat:
    """`opens`: a scoped role of the record (roles.yaml), by whose scope the account's numbers are read; none: this seat
    reads nobody. `staff`: a second factor is asked before any page. `home`: the name of its first page; `says`: what the
    menu calls it."""

    key: str
    opens: str | None
    staff: bool
    home: str
    says: str


SEATS = {
    seat.key: seat
    for seat in (
        Seat(PERSON, "subject", staff=False, home="portal-me", says="me.nav"),
        Seat("fleet", "fleet", staff=True, home="portal-fleet", says="fleet.title"),
        Seat("hems", "hems", staff=True, home="portal-tokens", says="tokens.title"),
        Seat("installer", "installer", staff=True, home="portal-jobs", says="jobs.title"),
        Seat("marketing", None, staff=True, home="portal-campaigns", says="campaigns.title"),
        Seat("officer", None, staff=True, home="portal-officer", says="officer.nav"),
    )
}

#: Seats of outside parties: what they are shown is a disclosure to a recipient of the register.
OUTSIDE = ("fleet", "hems", "installer")
