"""What the console remembers of people beside their accounts."""

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Density(models.TextChoices):
    """How close the rows of lists stand."""

    COMFORTABLE = "", _("Comfortable")
    COMPACT = "compact", _("Compact")


class PersonalSettings(models.Model):
    """How somebody likes to work. Who has changed nothing has no row."""

    account = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    can_undo = models.BooleanField(default=False, db_default=False)
    density = models.CharField(max_length=16, blank=True, default="", db_default="", choices=Density.choices)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text=_("A name of the IANA; empty for the browser's."),
    )
    language = models.CharField(
        max_length=8,
        blank=True,
        default="",
        db_default="",
        help_text=_("Of pages and e-mails; empty for the browser's."),
    )

    class Meta:
        verbose_name_plural = "personal settings"
        constraints = [
            models.CheckConstraint(condition=models.Q(density__in=["", "compact"]), name="density_is_known"),
            models.CheckConstraint(condition=models.Q(language__in=["", "en-gb", "de"]), name="language_is_known"),
        ]

    def __str__(self) -> str:
        return gettext("Settings of account %(number)s") % {"number": self.account_id}
