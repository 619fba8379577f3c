"""`django-admin invite ADDRESS --name NAME --role fleet --number 12`: an account for a member of staff.

Run by whoever administers the database (no BLOESEM_PROCESS): a web process invites nobody. Who is invited signs in with a
code to that address, and sets up a second factor before any page opens.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from bloesem.plan.dates import civil
from charging.portal.models import Reach, User
from charging.portal.seats import OUTSIDE, SEATS

#: Until a first sign-in.
INVITED = dt.timedelta(days=30)


class Command(BaseCommand):
    help = "Invites a member of staff, or takes the account away (--remove)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the work address to which codes go")
        parser.add_argument("--name", default="", help="how the log of readings calls them")
        parser.add_argument("--role", choices=sorted(key for key, seat in SEATS.items() if seat.staff))
        parser.add_argument(
            "--number",
            type=int,
            action="append",
            default=[],
            help="of the role's scope: employer, job or product; repeat it",
        )
        parser.add_argument(
            "--recipient", default="", help="of an outside party: its key in record/recipients.yaml"
        )
        parser.add_argument(
            "--until", type=dt.date.fromisoformat, help="of jobs: the last day for which they are assigned"
        )
        parser.add_argument(
            "--remove", action="store_true", help="ends the account, its passkeys and its sessions"
        )

    def handle(self, *args: Any, **given: Any) -> None:
        address = str(given["email"]).strip().lower()
        if given["remove"]:
            gone, _ = User.objects.filter(email=address).delete()
            self.stdout.write(f"{address}: {'gone' if gone else 'there was no such account'}")
            return
        role, numbers = given["role"], sorted(set(given["number"]))
        if role is None or not given["name"].strip():
            raise CommandError("say --role and --name: whoever reads is named in the log")
        if SEATS[role].opens is None and numbers:
            raise CommandError(f"{role} reads by no number: leave --number out")
        if SEATS[role].opens is not None and not numbers:
            raise CommandError(f"{role} sees the rows of a number alone: say --number")
        until = given["until"]
        if role == "installer" and until is None:
            raise CommandError("a job is assigned until a day (P-114): say --until YYYY-MM-DD")
        if role in OUTSIDE and not given["recipient"]:
            raise CommandError("whoever gets data is registered (P-112): say --recipient")
        with transaction.atomic(using="signin"):
            user, _ = User.objects.update_or_create(
                email=address,
                defaults={
                    "name": given["name"].strip(),
                    "role": role,
                    "recipient": given["recipient"],
                    "expires_at": timezone.now() + INVITED,
                },
            )
            user.reaches.all().delete()
            for number in numbers:
                Reach.objects.create(
                    user=user, number=number, since=civil(timezone.now()) if until else None, until=until
                )
        self.stdout.write(f"{address} may sign in as {role} within {INVITED.days} days")
