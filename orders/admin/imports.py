"""Imports and their results in the admin, to look at."""

from django.contrib import admin

from orders.admin.read_only import ReadOnlyAdmin
from orders.models import ImportedOrder, OrderImport


@admin.register(OrderImport)
class OrderImportAdmin(ReadOnlyAdmin):
    """Files of orders, newest first."""

    list_display = ("import_id", "file_name", "actor", "state", "rows", "created_at", "ended_at")
    ordering = ("-id",)


@admin.register(ImportedOrder)
class ImportedOrderAdmin(ReadOnlyAdmin):
    """What came of each order of a file, newest first."""

    list_display = ("of", "first_row", "shop_order_number", "result", "order")
    list_select_related = ("of", "order")
    ordering = ("-id",)
