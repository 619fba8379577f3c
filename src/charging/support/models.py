"""Communication with customer service, and what goes wrong (P-026, P-027, P-070, P-074)."""

from __future__ import annotations

from django.db import models

from charging.base import Sourced, co_person, link
from charging.fields import block, day, flag, moment, number, text

#: Channels by which people and we reach each other: those of the text, and "…" (P-026).
CHANNELS = ("email", "phone", "chat", "social", "other")
#: Theirs, and ours.
DIRECTIONS = ("inbound", "outbound")


class Contact(Sourced):
    """One contact. `channel`: email, phone, chat, social, other; `direction`: inbound (theirs), outbound
    (ours).
    """

    channel = text()
    direction = models.TextField()
    at = moment()
    about = text()
    content = text()

    class Meta:
        db_table = "contact"
        constraints = [  # noqa: RUF012 - Django's own form
            models.CheckConstraint(
                condition=models.Q(channel__isnull=True) | models.Q(channel__in=CHANNELS),
                name="contact_channel",
            ),
            models.CheckConstraint(
                condition=models.Q(direction__in=DIRECTIONS),
                name="contact_direction",
            ),
            models.CheckConstraint(  # what was said has a channel and a moment: also where some of it was erased
                condition=models.Q(about__isnull=True, content__isnull=True)
                | models.Q(channel__isnull=False, at__isnull=False),
                name="contact_says_how",
            ),
        ]


class CallRecording(Sourced):
    """A recorded call: no sound without the announcement that came first (P-027, P-079). It has its own clock.

    `all_parties_consented`: all who speak agreed that it serves training too; unless that is said
    the law refuses that use (P-003).
    """

    all_parties_consented = flag()
    contact = link("support.Contact")
    announced_at = moment()
    announcement = text()
    began_at = moment()
    seconds = number()
    audio = block()
    recorded_on = models.DateField()

    class Meta:
        db_table = "call_recording"
        constraints = [  # noqa: RUF012 - Django's own form
            models.CheckConstraint(
                condition=models.Q(audio__isnull=True)
                | models.Q(
                    announcement__isnull=False,
                    announced_at__isnull=False,
                    began_at__isnull=False,
                    announced_at__lte=models.F("began_at"),
                ),
                name="call_recording_announced",
            )
        ]


class Fault(Sourced):
    """A fault. `reported_by`: person, or station (it opens one itself)."""

    station = link("stations.Station")
    reported_by = models.TextField()
    reported_at = moment()
    code = text()
    description = text()
    solved_at = moment()

    class Meta:
        db_table = "fault"


class Complaint(Sourced):
    """A complaint; two people of one home may complain together."""

    co_person = co_person()
    case_id = models.BigIntegerField()
    received_at = moment()
    about = text()
    words = text()
    co_words = text()
    answered_at = moment()

    class Meta:
        db_table = "complaint"
        indexes = (models.Index(fields=["case_id"], name="complaint_case"),)


class Dispute(Sourced):
    """An open dispute. The hold that it puts on the items concerned is a fact of its own (P-074)."""

    case_id = models.BigIntegerField()
    complaint = link("support.Complaint")
    opened_at = moment()
    closed_at = moment()
    claim = text()
    review_on = day()

    class Meta:
        db_table = "dispute"
        indexes = (models.Index(fields=["case_id"], name="dispute_case"),)


__all__ = ["CallRecording", "Complaint", "Contact", "Dispute", "Fault"]
