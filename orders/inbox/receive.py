"""Takes the events of gateways in, each once. Nothing is done about one while the gateway waits for the answer."""

from collections.abc import Mapping

from django.db.models import Q

from orders.errors import GatewayMissing
from orders.models import GatewayEvent, Payment
from orders.payments.gateways.interface import Notice, NotifyingGateway
from orders.payments.gateways.registry import find_gateway
from orders.texts import clean_line


def receive_event(gateway: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Write an event down, unless it was before.

    Raises GatewayMissing where no such gateway sends events, EventRefused where this is none of its.
    """
    sender = find_gateway(gateway)
    if not isinstance(sender, NotifyingGateway):
        raise GatewayMissing(gateway)
    notice = sender.read_event(body, headers)
    event = GatewayEvent(
        gateway=gateway,
        event_id=clean_line(notice.event_id, 255),
        kind=clean_line(notice.kind, 100),
        payment=_find_payment(gateway, notice),
        payload=notice.payload,
    )
    # INSERT ... ON CONFLICT DO NOTHING: gateways send an event again until it is acknowledged, and sometimes after.
    GatewayEvent.objects.bulk_create([event], ignore_conflicts=True)


def _find_payment(gateway: str, notice: Notice) -> Payment | None:
    names = Q(payment_id=notice.payment_id) if notice.payment_id else Q()
    if notice.reference:
        names |= Q(gateway_reference=notice.reference)
    return Payment.objects.filter(names, gateway=gateway).first() if names else None
