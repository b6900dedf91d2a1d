"""The gateways that there are."""

from typing import Final

from orders.payments.gateways.interface import PaymentGateway
from orders.payments.gateways.simulated import SimulatedGateway

gateway: Final[PaymentGateway] = SimulatedGateway()
