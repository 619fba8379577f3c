"""`django-admin token ADDRESS --label WHAT`: a token for a recipient's program, shown once; or --revoke NUMBER, or --list.

Run by whoever administers the database (no BLOESEM_PROCESS), for an account that was invited.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from charging.portal import tokens
from charging.portal.models import User


class Command(BaseCommand):
    help = "Makes a token for a recipient's program, lists those of an account, or takes one back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the account's work address")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--label", help="what the new token is for")
        what.add_argument("--list", action="store_true", help="the account's tokens, without their secrets")
        what.add_argument("--revoke", type=int, metavar="NUMBER", help="takes that one back, at once")
        parser.add_argument(
            "--days", type=int, default=tokens.DAYS, help=f"how long it is good (1 to {tokens.MOST_DAYS})"
        )

    def handle(self, *args: Any, **given: Any) -> None:
        address, at = str(given["email"]).strip().lower(), timezone.now()
        user = User.objects.filter(email=address).first()
        if user is None:
            raise CommandError(f"nobody was invited as {address}: use django-admin invite first")
        if given["list"]:
            for one in user.tokens.order_by("created_at"):
                ended = "taken back" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d %H:%M}"
                self.stdout.write(f"{one.pk}  {ended}  {one.label}")
        elif given["revoke"] is not None:
            if not tokens.revoke(user, given["revoke"], at):
                raise CommandError("this account has no such token that is good: --list shows them")
            self.stdout.write("taken back")
        else:
            try:
                self.stdout.write(tokens.make(user, given["label"], at, given["days"]))
            except tokens.TokenError as error:
                raise CommandError(str(error)) from error
