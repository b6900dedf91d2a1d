"""Lets people choose the language of pages and e-mails."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("console", "0002_personal_settings")]

    operations = [
        migrations.AddField(
            model_name="personalsettings",
            name="language",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of pages and e-mails; empty for the browser's.",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="personalsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(language__in=["", "en-gb", "de"]), name="language_is_known"
            ),
        ),
    ]
