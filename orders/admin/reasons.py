"""The lists of reasons in the admin. They may change at any time: what was decided keeps the words that it had."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from orders.admin.filters import OfferedFilters
from orders.models import Decision, Reason
from orders.states import ReasonKind


class ReasonRow(forms.ModelForm):  # type: ignore[type-arg]
    """What can be changed of a reason in the list, where a field has no label but the head of its column."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label}: {self.instance}"


@admin.register(Reason)
class ReasonAdmin(OfferedFilters, admin.ModelAdmin):  # type: ignore[type-arg]
    """What people choose from when they refund or cancel."""

    list_display = ("words", "kind", "code", "position", "is_active")
    list_editable = ("position", "is_active")
    list_filter = ("kind",)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Name each field of the list by its row too."""
        return super().get_changelist_form(request, form=ReasonRow, **kwargs)

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
