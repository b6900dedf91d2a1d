"""E-mails: each is claimed before it is sent, so that none is sent twice; and what customers are told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.models.choices import CUSTOMER_MESSAGE_CHOICES, MAIL_STATE_CHOICES
from orders.models.order import Order
from orders.postgres.fields import CodeField
from orders.states import MailState

LANGUAGES = [("en", _("English")), ("de", _("German"))]


class Mail(models.Model):
    """One e-mail, to a person with what they are to be told, or to the customer of an order."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="mails", db_index=False)
    customer_message = CodeField(
        max_length=16, choices=CUSTOMER_MESSAGE_CHOICES, blank=True, help_text=_("What the customer is told.")
    )
    state = CodeField(max_length=16, choices=MAIL_STATE_CHOICES, default=MailState.PENDING.value)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0, help_text=_("How often the mail server put it off."))
    recipient = models.CharField(max_length=254, blank=True, help_text=_("The address that it was sent to."))
    subject = models.CharField(max_length=250, blank=True)
    detail = models.TextField(blank=True, help_text=_("Why it was not sent."))
    created_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True, help_text=_("When somebody began to send it."))

    class Meta:
        verbose_name = "e-mail"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "customer_message"],
                condition=Q(order__isnull=False),
                name="customer_is_told_each_thing_once",
            ),
            models.CheckConstraint(
                condition=Q(order__isnull=True, customer_message="")
                | Q(
                    order__isnull=False,
                    customer_message__in=["CONFIRMATION", "APPROVED", "SHIPPED", "CANCELLED"],
                    account__isnull=True,
                ),
                name="mail_is_for_a_person_or_a_customer",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PENDING", "DROPPED"]) | Q(claimed_at__isnull=False),
                name="mail_is_claimed_before_it_is_sent",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PENDING", "SENDING", "SENT", "FAILED", "UNKNOWN", "DROPPED"]),
                name="mail_state_is_known",
            ),
        ]
        indexes = [
            models.Index("due_at", name="mail_due", condition=Q(state="PENDING")),
            models.Index("claimed_at", name="mail_being_sent", condition=Q(state="SENDING")),
            models.Index("account", name="mail_of_account", condition=Q(account__isnull=False)),
            models.Index("created_at", name="mail_by_age", condition=Q(order__isnull=True)),
        ]

    def __str__(self) -> str:
        return gettext("mail %(number)s %(state)s") % {"number": self.pk, "state": self.state}


class CustomerMessage(models.Model):
    """Something that customers are told by e-mail, once it is switched on."""

    kind = CodeField(max_length=16, choices=CUSTOMER_MESSAGE_CHOICES, unique=True, editable=False)
    is_enabled = models.BooleanField(_("send it to customers"), default=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.get_kind_display()


class CustomerText(models.Model):
    """The text of a message in one language, with names such as $order that are replaced."""

    message = models.ForeignKey(CustomerMessage, on_delete=models.CASCADE, related_name="texts", db_index=False)
    language = CodeField(max_length=2, choices=LANGUAGES)
    subject = models.CharField(max_length=200)
    body = models.TextField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "language"], name="customer_message_has_a_language_once"),
            models.CheckConstraint(condition=Q(language__in=["en", "de"]), name="customer_text_language_is_known"),
        ]

    def __str__(self) -> str:
        return self.get_language_display()
