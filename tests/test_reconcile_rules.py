"""orders.reconcile without workers: what it leaves alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders import reconcile, temporal
from orders.errors import OrderError
from orders.models import Order
from tests.making import MakeOrder, submit
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


def test_an_order_that_cannot_be_mended_does_not_keep_others_from_it(
    temporal_server: str, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, mendable = make_order("PAID"), make_order("PAID")
    Order.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    describe_run = temporal.describe_run

    def refuse_one(order_id: str) -> temporal.Run | None:
        if order_id == stuck.order_id:
            raise OrderError("Temporal refused the call.")
        return describe_run(order_id)

    monkeypatch.setattr(temporal, "describe_run", refuse_one)
    assert reconcile.mend_orders() == 1
    assert describe_run(mendable.order_id) is not None
    terminate(temporal_server, mendable.order_id)
