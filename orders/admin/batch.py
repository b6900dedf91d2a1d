"""Batches and their results in the admin, to look at."""

from django.contrib import admin

from orders.admin.read_only import ReadOnlyAdmin
from orders.models import Batch, BatchItem


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """One decision on many orders, newest first."""

    list_display = ("batch_id", "kind", "actor", "total", "state", "created_at", "ended_at")
    ordering = ("-id",)


@admin.register(BatchItem)
class BatchItemAdmin(ReadOnlyAdmin):
    """The result of each order of a batch, newest first."""

    list_display = ("batch", "order", "result", "decided_by", "done_at")
    list_select_related = ("batch", "order")
    ordering = ("-id",)
