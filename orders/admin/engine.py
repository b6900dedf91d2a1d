"""What is on its way to Temporal, and who takes it there, in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import pgettext_lazy

from orders.admin.order_search import OrderSearch
from orders.admin.read_only import ReadOnlyAdmin
from orders.contracts import SIGNALS
from orders.engine.sending import REFUND, START
from orders.models import OutboxMessage, WorkerProcess


class NameFilter(admin.SimpleListFilter):
    """The names that messages have, without reading all messages for theirs."""

    title = pgettext_lazy("column", "name")
    parameter_name = "name__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the start of an order, the signals and the start of a refund."""
        return [(name, name) for name in (START, *SIGNALS.values(), REFUND)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the messages of the chosen name."""
        return queryset.filter(name=self.value()) if self.value() else queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OrderSearch):
    """Messages to Temporal, newest first."""

    list_display = ("order", "name", "status", "attempts", "last_error", "created_at", "delivered_at")
    list_filter = ("status", NameFilter)
    list_select_related = ("order",)
    search_fields = ("order",)
    ordering = ("-id",)


@admin.register(WorkerProcess)
class WorkerProcessAdmin(ReadOnlyAdmin):
    """The worker processes, as they last reported themselves."""

    sortable_by = ("process_id", "started_at", "seen_at")
    list_display = ("process_id", "queues", "problems", "started_at", "seen_at")
    ordering = ("host", "pid")
