"""orders.reconcile without workers: what it leaves alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders import reconcile
from orders.models import Order
from tests.making import submit
from tests.programs import terminate

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_order_that_runs_is_left_alone(temporal_server: str) -> None:
    order = submit()
    Order.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    assert reconcile.mend_orders() == 0
    assert order.events.count() == 1


def test_an_order_whose_start_is_still_in_the_outbox_is_left_to_the_relay(temporal_server: str) -> None:
    order = submit()
    order.outbox_messages.update(status="PENDING")
    Order.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    terminate(temporal_server, order.order_id)
    assert reconcile.mend_orders() == 0
