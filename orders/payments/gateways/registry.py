"""The gateways that the settings name, each under the name that its payments carry."""

from collections.abc import Mapping

from django.conf import settings

from orders.errors import GatewayMissing
from orders.payments.gateways.interface import PaymentGateway
from orders.plugins import load_plugins


def list_gateways() -> Mapping[str, PaymentGateway]:
    """Return the gateways by name, that of new payments first. Raises ImproperlyConfigured."""
    return load_plugins("PAYMENT_GATEWAYS", tuple(settings.PAYMENT_GATEWAYS))


def find_gateway(name: str) -> PaymentGateway:
    """Return the gateway of this name. Raises GatewayMissing, so that no other one moves the money."""
    gateways = list_gateways()
    if name not in gateways:
        raise GatewayMissing(name)
    return gateways[name]


def gateway_of_new_payments() -> PaymentGateway:
    """Return the gateway of payments that are opened from now on; those that exist stay with their own."""
    return next(iter(list_gateways().values()))
