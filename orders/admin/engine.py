"""What is on its way to Temporal, and who takes it there, in the admin."""

from django.contrib import admin

from orders.admin.order_search import OrderSearch
from orders.admin.read_only import ReadOnlyAdmin
from orders.models import OutboxMessage, WorkerProcess


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OrderSearch):
    """Messages to Temporal, newest first."""

    list_display = ("order", "name", "status", "attempts", "last_error", "created_at", "delivered_at")
    list_filter = ("status", "name")
    list_select_related = ("order",)
    search_fields = ("order",)
    ordering = ("-id",)


@admin.register(WorkerProcess)
class WorkerProcessAdmin(ReadOnlyAdmin):
    """The worker processes, as they last reported themselves."""

    list_display = ("process_id", "queues", "problems", "started_at", "seen_at")
    ordering = ("host", "pid")
