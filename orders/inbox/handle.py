"""Deals with the events of gateways, in whichever order they come.

An event is never believed: it only has a step that waits for the gateway ask it now, and not half a minute later. The
step then sees what is so at the gateway, writes that, and takes no money that was not asked for before.
"""

import logging
from typing import Final

from django.db.models.functions import Now

from orders.engine import temporal
from orders.errors import OrderError, RunNotFound, TemporalAway
from orders.models import GatewayEvent, Payment, Refund
from orders.payments.attempts import UNDECIDED

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 50
Outcome = GatewayEvent.Outcome


def handle_events() -> int:
    """Deal with the events that came in, and return how many. Raises TemporalAway when the server does not answer."""
    waiting = GatewayEvent.objects.filter(handled_at__isnull=True).order_by("id")
    handled = 0
    for event in waiting.select_related("payment__order")[:MOST_AT_ONCE]:
        try:
            outcome = _handle(event)
        except TemporalAway:
            raise
        except OrderError as error:
            # The step asks again anyway; this would only have been sooner.
            logger.warning("event %s of %s woke nothing: %s", event.event_id, event.gateway, error)
            outcome = Outcome.NOTHING_WAITED
        unhandled = GatewayEvent.objects.filter(pk=event.pk, handled_at__isnull=True)
        handled += unhandled.update(handled_at=Now(), outcome=outcome)
    return handled


def _handle(event: GatewayEvent) -> str:
    """Wake what waits for the event's payment. Raises TemporalAway, OrderError."""
    payment = event.payment
    if payment is None:
        return Outcome.NO_PAYMENT
    order_id = payment.order.order_id
    workflows = [f"refund-{key}" for key in _list_refunds(payment)]
    if payment.status in UNDECIDED or workflows:
        workflows.append(order_id)
    woken = [_wake(workflow_id, order_id) for workflow_id in workflows]
    return Outcome.WOKEN if any(woken) else Outcome.NOTHING_WAITED


def _list_refunds(payment: Payment) -> list[str]:
    return list(payment.refunds.filter(status=Refund.Status.PENDING).values_list("key", flat=True))


def _wake(workflow_id: str, order_id: str) -> bool:
    """Wake a run; there is none where a cancellation gives the money back, or it has ended."""
    try:
        return temporal.wake_steps(workflow_id, order_id=order_id)
    except RunNotFound:
        return False
