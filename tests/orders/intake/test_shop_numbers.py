"""A shop's own number names one order of that shop, whoever submits at the same time."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.errors import NumberUsed, OrderInvalid
from orders.intake import submission
from orders.models import Order, Shop
from tests.making import make_draft

pytestmark = pytest.mark.django_db


def submit(alice: User, key: str, shop: Shop | None, **changes: Any) -> Order:
    draft = make_draft(shop_order_number="1001", **changes)
    return submission.submit_order(draft, actor=alice, idempotency_key=key, shop=shop)


def test_a_number_is_used_once_in_a_shop(alice: User) -> None:
    berlin, bern = Shop.objects.create(name="Berlin"), Shop.objects.create(name="Bern")
    made = submit(alice, "1", berlin)
    with pytest.raises(NumberUsed, match=made.order_id) as refused:
        submit(alice, "2", berlin)
    assert refused.value.order_id == made.order_id
    assert submit(alice, "3", bern) != made
    assert submit(alice, "1", berlin) == made


def test_orders_without_a_shop_may_share_a_number(alice: User) -> None:
    assert submit(alice, "1", None) != submit(alice, "2", None)


def test_metadata_and_payment_method_are_kept(alice: User) -> None:
    order = submit(alice, "1", None, metadata={" cart ": "7\u200b"}, payment_method="pm_card_visa")
    order.refresh_from_db()
    assert (order.metadata, order.payment_method) == ({"cart": "7"}, "pm_card_visa")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"metadata": {str(number): "" for number in range(51)}}, "metadata"),
        ({"metadata": {"cart": "x" * 501}}, "metadata/cart"),
        ({"metadata": {"x" * 41: ""}}, "metadata"),
        ({"payment_method": "x" * 256}, "payment_method"),
        ({"customer_email": "nowhere"}, "customer_email"),
        ({"currency": "XXX"}, "currency"),
        ({"lines": ()}, "lines"),
    ],
)
def test_what_is_wrong_is_told_by_field(alice: User, changes: dict[str, Any], path: str) -> None:
    with pytest.raises(OrderInvalid) as refused:
        submit(alice, "1", None, **changes)
    assert path in refused.value.fields
