from typing import ClassVar

from django.db import migrations

from charging.links import cut_on_erase


class Migration(migrations.Migration):
    dependencies: ClassVar = [("support", "0001_initial"), ("stations", "0001_initial")]
    operations: ClassVar = [
        cut_on_erase("call_recording", "contact_id", "contact"),
        cut_on_erase("fault", "station_id", "station"),
        cut_on_erase("dispute", "complaint_id", "complaint"),
    ]
