"""Orders remember what their idempotency key was used for. Those that are there are compared by what they hold."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the column; no row is rewritten."""

    dependencies = [("orders", "0017_decisions_tell_their_channel")]

    operations = [
        migrations.AddField(
            "order",
            "contents_hash",
            models.CharField(
                blank=True,
                db_default="",
                editable=False,
                help_text=("A hash of what the key was used for. Empty for orders from before there were hashes."),
                max_length=80,
            ),
        ),
    ]
