"""The gateways that the settings name, each under the name that its payments carry."""

from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orders.errors import GatewayMissing
from orders.payments.gateways.interface import AuthorisingGateway, PaymentGateway
from orders.plugins import load_plugins

# How new orders are paid for, by the setting PAYMENT_CAPTURE: their payment method is charged once they are approved,
# or what the customer authorised at the checkout is captured.
CHARGE: Final = "charge"
AUTHORISED: Final = "authorised"


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


def find_holder(payment_method: str) -> AuthorisingGateway | None:
    """Return the gateway that holds the money of an authorisation; None for a payment method that is none."""
    for gateway in list_gateways().values():
        if isinstance(gateway, AuthorisingGateway) and gateway.names_authorisation(payment_method):
            return gateway
    return None


def check_capture() -> None:
    """Raise ImproperlyConfigured where new orders have to bring an authorisation that no gateway would take."""
    gateway = gateway_of_new_payments()
    if settings.PAYMENT_CAPTURE == AUTHORISED and not isinstance(gateway, AuthorisingGateway):
        raise ImproperlyConfigured(
            f"PAYMENT_CAPTURE is {AUTHORISED}, and the first of PAYMENT_GATEWAYS, {gateway.name}, takes no "
            f"authorisations. Put one that does first, or set PAYMENT_CAPTURE to {CHARGE}."
        )
