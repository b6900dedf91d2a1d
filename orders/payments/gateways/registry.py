"""The gateways, each under the name that its payments carry."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from orders.errors import GatewayMissing
from orders.payments.gateways.interface import PaymentGateway
from orders.payments.gateways.simulated import SimulatedGateway

# The gateway of payments that are opened from now on; those that exist stay with their own.
FOR_NEW_PAYMENTS: Final = SimulatedGateway.name
GATEWAYS: Final[Mapping[str, PaymentGateway]] = MappingProxyType({SimulatedGateway.name: SimulatedGateway()})


def find_gateway(name: str) -> PaymentGateway:
    """Return the gateway of this name. Raises GatewayMissing, so that no other one moves the money."""
    if name not in GATEWAYS:
        raise GatewayMissing(name)
    return GATEWAYS[name]
