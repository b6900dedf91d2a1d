"""Saved views: lists of orders that somebody keeps under a name."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

LONGEST_NAME: Final = 60
LONGEST_QUERY: Final = 4000


class SavedView(models.Model):
    """A list under a name. Whoever may view orders and has its `view_id` can open it; its owner alone changes it."""

    view_id = models.CharField(max_length=64, unique=True, help_text=_("It stands in addresses, as in view=view-…."))
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.CharField(
        max_length=LONGEST_QUERY, blank=True, help_text=_("The list's query string: tab, filters, sort and search.")
    )
    is_default = models.BooleanField(default=False, help_text=_("The list that “Orders” opens for its owner."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("account", Upper("name"), name="saved_view_has_its_name_once_an_account"),
            models.UniqueConstraint(
                fields=["account"], condition=Q(is_default=True), name="account_has_one_default_view"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
