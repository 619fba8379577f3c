"""Marketing, contests and surveys (P-034, P-043, P-044, P-084 to P-100)."""

from __future__ import annotations

from django.db import models

from charging.base import Personal, Reference, Sourced
from charging.fields import moment, text


class Consent(Sourced):
    """The proof of a consent: for which part, when, how, to which words (P-057). ISO/IEC TS 27560's record (S-03).

    `kinds`: of offer, newsletter, event, webinar, contest, with commas (P-097); `channel`: where it may be used, with
    commas too. `record_id`: what one act gave; what is left of it after a part was withdrawn keeps it. `words_version`,
    `words_digest`, `language`: which text was shown, and that it was exactly this; `notice_version`: of the policy.
    `action`: what the person did (ticked, said, signed); `how`: where, in words; `proof`: what shows it; `withdrawn_how`;
    `given_by`: self, or the parent of a child (R-057).
    `bloesem.consent` writes and withdraws it.
    """

    part = models.TextField()
    kinds = text()
    channel = text()
    given_at = moment()
    withdrawn_at = moment()
    given_on = models.DateField()
    how = text()
    words_version = text()
    record_id = text()
    words_digest = text()
    notice_version = text()
    language = text()
    action = text()
    proof = text()
    withdrawn_how = text()
    given_by = text()

    class Meta:
        db_table = "consent"


class MarketingInteraction(Personal):
    """A message that we sent, and what came of it. A click is an act of the person, an opened mail is not
    (P-093).
    """

    campaign = text()
    channel = text()
    basis = text()
    sent_at = moment()
    opened_at = moment()
    clicked_at = moment()

    class Meta:
        db_table = "marketing_interaction"


class Contest(Reference):
    key = models.TextField()
    label_nl = models.TextField()
    label_en = models.TextField()
    label_fr = text()
    label_de = text()
    opens_on = models.DateField()
    closes_on = models.DateField()

    class Meta:
        db_table = "contest"


class ContestEntry(Sourced):
    """Valid with or without the marketing box (P-096): the box is a consent of its own."""

    contest = models.ForeignKey(Contest, models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    entered_at = moment()
    answer = text()

    class Meta:
        db_table = "contest_entry"


class Survey(Reference):
    key = models.TextField()
    label_nl = models.TextField()
    label_en = models.TextField()
    label_fr = text()
    label_de = text()
    opens_on = models.DateField()
    closes_on = models.DateField()

    class Meta:
        db_table = "survey"


class SurveyAnswer(Sourced):
    survey = models.ForeignKey(Survey, models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    answered_at = moment()
    score = models.IntegerField(null=True, blank=True)
    words = text()

    class Meta:
        db_table = "survey_answer"


class Segment(Sourced):
    """A derived value: never without what it was made of, by which version of which logic, for which purpose and when
    (P-034, P-086).
    """

    segment = text()
    inputs = text()
    logic_version = text()
    made_for = text()
    made_at = moment()

    class Meta:
        db_table = "segment"
        constraints = [  # noqa: RUF012 - Django's own form
            models.CheckConstraint(
                condition=models.Q(segment__isnull=True)
                | models.Q(
                    inputs__isnull=False,
                    logic_version__isnull=False,
                    made_for__isnull=False,
                    made_at__isnull=False,
                ),
                name="segment_says_how",
            )
        ]


__all__ = [
    "Consent",
    "Contest",
    "ContestEntry",
    "MarketingInteraction",
    "Segment",
    "Survey",
    "SurveyAnswer",
]
