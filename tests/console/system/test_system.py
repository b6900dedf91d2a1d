"""/system/: is each part of the system well, and if not, what is wrong with it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from console.system import overview
from orders.lifecycle.troubles import raise_trouble
from orders.models import OutboxMessage, PaymentAttempt
from orders.states import TroubleCode
from tests.asking import HTMX, text_of
from tests.console.system.test_engine import report
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
URL = "/system/"


@pytest.mark.usefixtures("temporal_server")
def test_with_everything_at_work_it_says_so(charlies: Client) -> None:
    report()
    page = text_of(charlies.get(URL))
    assert "Everything works." in page
    assert "1@elsewhere" in page


def test_without_temporal_and_workers_it_says_both(charlies: Client) -> None:
    page = text_of(charlies.get(URL))
    assert "Something needs attention." in page
    assert "It cannot be reached from the web server." in page
    assert "No worker process has reported." in page
    assert "No process serves shipping-tq." in page


def test_a_process_is_shown_with_what_is_wrong_with_it(charlies: Client) -> None:
    report(problems=({"code": "not_polling", "queue": "order-tq"},))
    page = text_of(charlies.get(URL))
    assert "order-tq is not being polled" in page
    assert "not ready" in page


def test_late_and_refused_messages_are_told(make_order: MakeOrder) -> None:
    make_order(is_delivered=False)
    assert overview._judge_outbox().is_well, "a message may take a moment"
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    part = overview._judge_outbox()
    assert (part.is_well, part.sentences) == (
        False,
        ("1 message is on its way, for 3 min.",),
    )
    OutboxMessage.objects.update(status=OutboxMessage.Status.REFUSED)
    part = overview._judge_outbox()
    assert (part.is_well, part.sentences[-1]) == (False, "Temporal refused 1 message.")


def test_orders_in_trouble_are_counted(make_order: MakeOrder) -> None:
    assert overview._judge_orders().is_well
    raise_trouble(make_order(), TroubleCode.RUN_LOST)
    assert overview._judge_orders().sentences == ("1 order is in trouble.",)


def test_the_gateway_is_judged_by_its_latest_calls(make_order: MakeOrder) -> None:
    assert "not been called yet" in overview._judge_gateway().sentences[0]
    payment = make_order("PAID").payment
    assert overview._judge_gateway().is_well
    asked = payment.request_hash
    PaymentAttempt.objects.create(payment=payment, kind="CHARGE", outcome="FAILED", request_hash=asked)
    part = overview._judge_gateway()
    assert not part.is_well
    assert "The latest 2 calls: 1 succeeded, 0 declined, 1 without an answer." in part.sentences[0]


def test_its_poll_brings_the_parts_alone(charlies: Client) -> None:
    page = text_of(charlies.get(URL, headers=HTMX))
    assert "<html" not in page
    assert "Worker" in page
