"""The reasons that people choose from: the shop edits the list, and what was decided keeps its words."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from orders.decisions.reasons import find_reason, list_reasons
from orders.decisions.refunds import request_refund
from orders.errors import OrderInvalid
from orders.models import Reason
from orders.states import DecisionReason, ReasonKind
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def test_the_first_lists_are_there() -> None:
    refunding = [reason.code for reason in list_reasons(ReasonKind.REFUND)]
    assert (refunding[0], refunding[-1]) == ("CUSTOMER_REQUEST", "OTHER")
    assert [reason.code for reason in list_reasons(ReasonKind.CANCEL)] == list(DecisionReason)


def test_the_shop_writes_its_own(client: Client, admin_user: User, bob: User, make_order: MakeOrder) -> None:
    client.force_login(admin_user)
    client.post("/admin/orders/reason/add/", {"confirm_password": "demo", "confirm_method": "GET"})
    typed = {"kind": "REFUND", "code": "PRICE_MATCH", "words": "Cheaper elsewhere", "is_active": "on", "position": "1"}
    assert client.post("/admin/orders/reason/add/", typed).status_code == 302
    assert list_reasons(ReasonKind.REFUND)[0].code == "PRICE_MATCH"
    order = make_order("COMPLETED")
    refund = request_refund(order, actor=bob, key="1", amount=100, reason_code="PRICE_MATCH", reason="By 1 EUR")
    reason = Reason.objects.get(code="PRICE_MATCH")
    path = f"/admin/orders/reason/{reason.pk}/change/"
    assert client.post(path, {"code": "OTHER_CODE", "words": "Found cheaper", "position": "1"}).status_code == 302
    reason.refresh_from_db()
    assert (reason.code, reason.words, reason.is_active) == ("PRICE_MATCH", "Found cheaper", False)
    refund.refresh_from_db()
    assert refund.explanation == "Cheaper elsewhere: By 1 EUR"
    assert order.events.last().detail == "Cheaper elsewhere: By 1 EUR"  # type: ignore[union-attr]
    with pytest.raises(OrderInvalid, match=r"^The reason code must be one of CUSTOMER_REQUEST, "):
        request_refund(order, actor=bob, key="2", amount=100, reason_code="PRICE_MATCH")


def test_other_can_always_be_chosen() -> None:
    Reason.objects.all().delete()
    assert find_reason(ReasonKind.REFUND, "").words == "Other"
    assert find_reason(ReasonKind.REFUND, "OTHER").code == "OTHER"


@pytest.mark.parametrize(
    "wrong", [{"kind": "MOOD"}, {"code": "two words"}, {"code": "CUSTOMER_REQUEST"}, {"words": ""}]
)
def test_what_no_reason_can_be(wrong: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Reason.objects.create(**{"kind": "REFUND", "code": "NEW", "words": "New"} | wrong)
