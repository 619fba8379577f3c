"""Installation and maintenance (P-030 to P-033)."""

from __future__ import annotations

from django.db import models

from charging.base import Reference, Sourced, co_person, link
from charging.fields import block, cents, day, flag, number, text


class Installer(Reference):
    """A firm that installs charge points on our order: a legal person."""

    name = models.TextField()
    kbo = models.TextField()

    class Meta:
        db_table = "installer"


class InstallationFile(Sourced):
    """Everything about one installation. Two drivers may share one home: then the file has two owners.

    `job_id` is what an installer's view is limited to. `owns_dwelling` is P-031's question; the financial
    `owns_home` is another table's (P-025).
    """

    co_person = co_person()
    job_id = models.BigIntegerField()
    installer = models.ForeignKey(
        Installer, models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    owns_dwelling = text()
    dwelling_age_years = number()
    place = text()
    grid = text()
    main_fuse_ampere = number()
    digital_meter = flag()
    cable_metres = number()
    preferred_brand = text()
    preferred_model = text()
    preferred_days = text()
    co_preferred_model = text()
    progress = text()
    progress_on = day()
    quote_cents = cents()
    inspected_on = day()

    class Meta:
        db_table = "installation_file"
        indexes = (models.Index(fields=["job_id"], name="installation_file_job"),)


class InstallationPhoto(Sourced):
    """A picture of the place: it says whether position and camera data are out, and whether others are in it (P-032)."""

    file = link("installation.InstallationFile")
    job_id = models.BigIntegerField()
    taken_on = day()
    shows = text()
    metadata_removed = flag()
    others_in_picture = flag()
    image = block()

    class Meta:
        db_table = "installation_photo"
        indexes = (models.Index(fields=["job_id"], name="installation_photo_job"),)
        constraints = [  # noqa: RUF012 - Django's own form
            models.CheckConstraint(
                condition=models.Q(image__isnull=True)
                | models.Q(metadata_removed__isnull=False, others_in_picture__isnull=False),
                name="installation_photo_says",
            )
        ]


__all__ = ["InstallationFile", "InstallationPhoto", "Installer"]
