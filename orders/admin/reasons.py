"""The lists of reasons in the admin. They may change at any time: what was decided keeps the words that it had."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from orders.admin.filters import OfferedFilters
from orders.models import Reason


@admin.register(Reason)
class ReasonAdmin(OfferedFilters, admin.ModelAdmin):  # type: ignore[type-arg]
    """What people choose from when they refund or cancel."""

    list_display = ("words", "kind", "code", "position", "is_active")
    list_editable = ("position", "is_active")
    list_filter = ("kind",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep what programs and old refunds know a reason by."""
        return ("kind", "code") if obj is not None else ()
