"""Shops that submit orders through the API, and their keys."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Shop(models.Model):
    """A shop; its own order numbers and its idempotency keys are unique within it."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A key to the API. The key itself is not kept: `digest` is a hash of it, and `prefix` the part that is shown."""

    class Scope(models.TextChoices):
        """What a key may be used for; its account's rights bound it as well."""

        SUBMIT = "submit", _("Submit orders")
        READ = "read", _("Read orders and events")
        DECIDE = "decide", _("Approve, cancel and comment on orders")
        REFUND = "refund", _("Refund payments")

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(
        max_length=100, help_text=_("Which program uses it. It stands in the log beside each call.")
    )
    prefix = models.CharField(max_length=16, unique=True, editable=False, help_text=_("How the key begins."))
    digest = models.CharField(max_length=64, editable=False, help_text=_("The SHA-256 of the whole key, in hex."))
    scopes: "models.Field[list[str], list[str]]" = ArrayField(models.CharField(max_length=16))
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="api_keys",
        help_text=_("The account that the key acts as. What it submits and decides bears this account's name."),
    )
    limit_per_minute = models.PositiveIntegerField(
        default=600, help_text=_("More calls than this are refused with 429.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text=_("Empty for a key that does not expire."))
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    minute_began_at = models.DateTimeField(db_default=Now(), editable=False)
    calls_in_minute = models.PositiveIntegerField(db_default=0, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=["submit", "read", "decide", "refund"]) & Q(scopes__len__gt=0),
                name="api_key_has_known_scopes",
            ),
            models.CheckConstraint(condition=Q(limit_per_minute__gt=0), name="api_key_allows_some_calls"),
        ]
        indexes = [models.Index("shop", F("id").desc(), name="api_key_of_shop")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class IdempotentRequest(models.Model):
    """A request to the API that was carried out, and the answer that is given again to the same request."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255, help_text=_("What the shop sent as Idempotency-Key."))
    digest = models.CharField(max_length=64, help_text=_("The SHA-256 of method, address and contents."))
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "key"], name="idempotency_key_is_used_once_in_a_shop")]
        indexes = [models.Index("created_at", name="idempotent_request_by_age")]

    def __str__(self) -> str:
        return self.key
