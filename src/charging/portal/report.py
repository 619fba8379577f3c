"""What an installer reports of a job: how far it is, what the meter is, and pictures. For page and API, one form."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from bloesem.plan.dates import civil
from bloesem.recipients.live import door
from charging.installation.models import InstallationFile, InstallationPhoto
from charging.portal.jobs import asked
from charging.portal.models import User
from charging.portal.pictures import MOST, PictureError, cleaned
from charging.portal.register import register
from charging.portal.signin import told

#: How far an installer can say that a job is. Closing it is not theirs: that ends what they see.
PROGRESS = ("planned", "installed", "inspected")
GRIDS = ("1x230", "3x230", "3x400+N")
SHOWS = ("report", "fuse board", "spot", "route")


class Report(forms.Form):
    """Each field may be left out; something is said."""

    progress = forms.ChoiceField(required=False, choices=[("", ""), *((one, one) for one in PROGRESS)])
    progress_on = forms.DateField(required=False)
    grid = forms.ChoiceField(required=False, choices=[("", ""), *((one, one) for one in GRIDS)])
    main_fuse_ampere = forms.IntegerField(required=False, min_value=6, max_value=400)
    digital_meter = forms.ChoiceField(required=False, choices=[("", ""), ("yes", "yes"), ("no", "no")])
    image = forms.FileField(required=False)
    shows = forms.ChoiceField(required=False, choices=[("", ""), *((one, one) for one in SHOWS)])
    others_in_picture = forms.ChoiceField(required=False, choices=[("", ""), ("yes", "yes"), ("no", "no")])

    def __init__(self, *given: Any, today: dt.date, **more: Any) -> None:
        super().__init__(*given, **more)
        self.today = today
        for field in self.fields.values():
            field.error_messages |= {"invalid": told("report.wrong"), "invalid_choice": told("report.wrong")}

    def clean_progress_on(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["progress_on"]
        if day is not None and day > self.today:
            raise ValidationError(told("report.future"))
        return day

    def clean_image(self) -> bytes | None:
        sent = self.cleaned_data["image"]
        if sent is None:
            return None
        if sent.size > MOST:
            raise ValidationError(told("report.picture.large"))
        try:
            return cleaned(sent.read())
        except PictureError as error:
            raise ValidationError(told("report.picture.wrong")) from error

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors:
            if said["image"] is not None and not (said["shows"] and said["others_in_picture"]):
                raise ValidationError(told("report.picture.says"))
            if not any(value not in (None, "") for value in said.values()):
                raise ValidationError(told("report.nothing"))
        return dict(said)

    def changes(self) -> dict[str, Any]:
        """The columns of the file that were said."""
        said = self.cleaned_data
        found: dict[str, Any] = {
            name: said[name] for name in ("progress", "grid", "main_fuse_ampere") if said[name]
        }
        if said["progress"]:
            found["progress_on"] = said["progress_on"] or self.today
        if said["digital_meter"]:
            found["digital_meter"] = said["digital_meter"] == "yes"
        return found


def write(user: User, number: int, report: Report) -> bool:
    """Writes down a valid report, all or nothing. out: whether there is such a job. Raises `DisclosureError`: who may not
    see a job says nothing of it either; `PurposeDenied` where its person is restricted."""
    reach = user.reaches.filter(number=number).first()
    if reach is None:
        return False
    with door("installer", number, asked(user, reach, photos=True), company=register()) as opened:
        files = InstallationFile.objects.filter(job_id=number).order_by("-recorded_at")
        file = files.values("id", "person_id").first()
        if file is None:
            return False
        changes = report.changes()
        if changes:
            InstallationFile.objects.filter(pk=file["id"]).update(**changes)
        image = report.cleaned_data["image"]
        if image is not None:
            InstallationPhoto.objects.create(
                person_id=file["person_id"],
                recorded_at=opened.now,
                source=f"observed:verwerker:{user.recipient}",
                file_id=file["id"],
                job_id=number,
                taken_on=civil(opened.now),
                shows=report.cleaned_data["shows"],
                metadata_removed=True,
                others_in_picture=report.cleaned_data["others_in_picture"] == "yes",
                image=image,
            )
    return True


__all__ = ["GRIDS", "PROGRESS", "SHOWS", "Report", "write"]
