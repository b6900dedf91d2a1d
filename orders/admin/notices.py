"""E-mails, to look at."""

from django.contrib import admin

from orders.admin.read_only import ReadOnlyAdmin
from orders.models import Mail


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """E-mails, and what became of them."""

    list_display = ("id", "recipient", "subject", "state", "due_at", "claimed_at", "attempts", "order")
    list_select_related = ("order",)
    fields = (
        *("account", "order", "customer_message", "state", "recipient", "subject", "detail"),
        *("due_at", "claimed_at", "attempts", "created_at"),
    )
