from typing import ClassVar

from django.db import migrations

from charging.links import cut_on_erase


class Migration(migrations.Migration):
    dependencies: ClassVar = [("installation", "0001_initial")]
    operations: ClassVar = [cut_on_erase("installation_photo", "file_id", "installation_file")]
