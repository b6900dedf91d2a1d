"""/orders/stuck/: open orders by what keeps them from moving, and what helps."""

import re

import pytest
from django.test import Client

from console.labels import STATUS_SENTENCES, TROUBLE_ADVICE
from console.system import stuck
from orders.lifecycle import attempts
from orders.lifecycle.troubles import raise_trouble
from orders.overview.stuck import StuckCause, StuckGroup
from orders.postgres.clock import database_now
from orders.states import Status, TroubleCode
from tests.asking import HTMX, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
URL = "/orders/stuck/"


def test_it_says_that_everything_moves(charlies: Client) -> None:
    assert "Every open order is moving." in text_of(charlies.get(URL))


def test_each_group_has_a_title_what_helps_and_links(charlies: Client, make_order: MakeOrder) -> None:
    retried, paused = make_order(Status.CHARGING_PAYMENT), make_order()
    attempts.record_failed_attempt(retried.order_id, "charge_payment", 2, "the gateway said <503>")
    raise_trouble(paused, TroubleCode.RUN_PAUSED)
    page = text_of(charlies.get(URL))
    assert "Retrying: Charge the payment" in page
    assert "the gateway said &lt;503&gt;" in page
    assert f'href="/orders/{retried.order_id}/"' in page
    assert str(TROUBLE_ADVICE[TroubleCode.RUN_PAUSED]) in page


def test_every_cause_has_words() -> None:
    assert set(stuck.CAUSE_LABELS) == set(stuck.CAUSE_ADVICE) == set(StuckCause)


@pytest.mark.parametrize("cause", [*StuckCause, *TroubleCode])
def test_every_cause_leads_on(charlies: Client, cause: str) -> None:
    face = stuck.describe_group(StuckGroup(cause, Status.PAID, 1, database_now(), ()))
    if cause == StuckCause.MESSAGE_REFUSED:
        assert "Open the order" in face.advice
        return
    assert face.deeds or face.action
    if face.action:
        page = charlies.get(face.action_url)
        assert page.status_code == 200


def test_an_order_that_stands_still_is_told_by_what_it_waits_for() -> None:
    group = StuckGroup(StuckCause.NOT_MOVING, Status.PAID, 12, database_now(), ())
    face = stuck.describe_group(group)
    assert face.advice.startswith(str(STATUS_SENTENCES[Status.PAID]))
    assert face.unnamed == 12


def test_its_poll_brings_the_groups_only_when_they_changed(charlies: Client, make_order: MakeOrder) -> None:
    order = make_order(deadline_seconds=-60)
    page = charlies.get(URL, headers=HTMX)
    assert "<html" not in text_of(page)
    [seen] = re.findall(r"seen=(\w+)", text_of(page))
    assert charlies.get(URL, {"seen": seen}, headers=HTMX).status_code == 204
    raise_trouble(order, TroubleCode.RUN_LOST)
    assert charlies.get(URL, {"seen": seen}, headers=HTMX).status_code == 200
