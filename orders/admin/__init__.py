"""The Django admin: orders and payments to look at, because the workflow owns the facts; the policy to edit."""

from django.contrib import admin

from orders.admin import (
    batch,
    engine,
    imports,
    notices,
    order,
    payment,
    policy,
    reasons,
    schedules,
    shops,
    webhooks,
)

__all__ = [
    "batch",
    "engine",
    "imports",
    "notices",
    "order",
    "payment",
    "policy",
    "reasons",
    "schedules",
    "shops",
    "webhooks",
]

admin.site.site_header = "Order console: tables"
admin.site.site_title = "Order console"
admin.site.index_title = "Tables"
