from typing import ClassVar

from django.db import migrations

from charging.links import cut_on_erase


class Migration(migrations.Migration):
    dependencies: ClassVar = [("people", "0001_initial")]
    operations: ClassVar = [cut_on_erase("product_ownership", "contract_id", "contract")]
