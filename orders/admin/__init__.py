"""The Django admin: orders and payments to look at. Everything is read-only, because the workflow owns the facts."""

from django.contrib import admin

from orders.admin import engine, order, payment, shops

__all__ = ["engine", "order", "payment", "shops"]

admin.site.site_header = "Order console: tables"
admin.site.site_title = "Order console"
admin.site.index_title = "Tables"
