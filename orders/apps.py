"""The domain application: orders, their payments and shipments, and the Temporal client."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Orders and what happens to them."""

    name = "orders"
    verbose_name = "Orders"
