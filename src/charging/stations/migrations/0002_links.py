from typing import ClassVar

from django.db import migrations

from charging.links import cut_on_erase


class Migration(migrations.Migration):
    dependencies: ClassVar = [("stations", "0001_initial"), ("installation", "0001_initial")]
    operations: ClassVar = [
        cut_on_erase("station", "file_id", "installation_file"),
        cut_on_erase("session", "station_id", "station"),
        cut_on_erase("session", "card_id", "card"),
    ]
