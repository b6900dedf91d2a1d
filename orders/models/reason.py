"""The reasons that a shop has people choose from. Whatever is decided keeps the code and the words of its time."""

from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.models.choices import REASON_KIND_CHOICES
from orders.postgres.fields import CodeField
from orders.states import WITHDRAWN, ReasonKind

LONGEST_WORDS = 100
# No longer than a person may write.
LONGEST_CUSTOMER_TEXT: Final = 500
CODE_PATTERN = "^[A-Z][A-Z0-9_]{1,31}$"


class Reason(models.Model):
    """One reason of the list for its `kind`. It is taken off the list by `is_active`, and what used it stays true."""

    kind = CodeField(max_length=16, choices=REASON_KIND_CHOICES)
    code = models.CharField(
        max_length=32,
        validators=[
            RegexValidator(CODE_PATTERN, _("Use capital letters, digits and underscores, such as LATE_PARCEL."))
        ],
        help_text=_("What programs know it by, such as LATE_PARCEL."),
    )
    words = models.CharField(max_length=LONGEST_WORDS, help_text=_("What people read."))
    customer_text = models.TextField(
        _("text for the customer"),
        blank=True,
        db_default="",
        max_length=LONGEST_CUSTOMER_TEXT,
        help_text=_(
            "What the form for cancelling proposes to tell the customer. {customer}, {order} and {total} stand for the "
            "customer's name, the order's number and its total. Only for cancelling."
        ),
    )
    is_active = models.BooleanField(_("on the list"), default=True)
    position = models.PositiveSmallIntegerField(default=100, help_text=_("The lowest number comes first."))

    class Meta:
        ordering = ["kind", "position", "id"]
        constraints = [
            models.UniqueConstraint(F("kind"), F("code"), name="reason_has_its_code_once"),
            models.CheckConstraint(condition=Q(kind__in=["CANCEL", "REFUND"]), name="reason_kind_is_known"),
            models.CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name="reason_code_is_in_capitals"),
            models.CheckConstraint(condition=Q(words__gt=""), name="reason_has_words"),
            models.CheckConstraint(
                condition=~Q(code=WITHDRAWN),
                name="reason_is_not_that_of_withdrawing",
                violation_error_message=_("WITHDRAWN is kept for orders that their submitter withdraws."),
            ),
        ]

    def __str__(self) -> str:
        return self.words

    def clean(self) -> None:
        """Refuse a text for customers where nobody would see it."""
        if self.customer_text and self.kind != ReasonKind.CANCEL:
            raise ValidationError(
                {"customer_text": gettext("Only reasons for cancelling propose a text for the customer.")}
            )
