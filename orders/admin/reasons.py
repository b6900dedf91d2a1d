"""The lists of reasons in the admin. They may change at any time: what was decided keeps the words that it had."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from orders.admin.filters import OfferedFilters
from orders.models import Decision, Reason
from orders.states import ReasonKind


@admin.register(Reason)
class ReasonAdmin(OfferedFilters, admin.ModelAdmin):  # type: ignore[type-arg]
    """What people choose from when they refund or cancel."""

    list_display = ("words", "kind", "code", "position", "is_active")
    list_editable = ("position", "is_active")
    list_filter = ("kind",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep what programs and old refunds know a reason by."""
        return ("kind", "code") if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody remove what something was cancelled for: it is taken off the list instead."""
        if obj is None or (obj.kind == ReasonKind.CANCEL and _is_used(obj.code)):
            return False
        return super().has_delete_permission(request, obj)


def _is_used(code: str) -> bool:
    """Tell whether an order was cancelled for the reason; what is empty stands for none, and in no index."""
    return Decision.objects.filter(reason_code=code, reason_code__gt="").exists()
