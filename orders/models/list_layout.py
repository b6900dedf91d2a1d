"""Which columns somebody wants in lists of orders."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ListLayout(models.Model):
    """The columns of one person's lists. Who has none sees the usual ones."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    columns = models.CharField(max_length=200, blank=True, help_text=_("Their names, with spaces between."))

    def __str__(self) -> str:
        return self.columns
