"""What customers are told: switched off at first, each thing once for an order, in its language, and no secrets."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as outbox
from django.test import Client
from pytest_django import Settings

from orders import contracts
from orders.decisions import closing, decide
from orders.errors import OrderInvalid
from orders.feed.positions import place_events
from orders.models import CustomerMessage, CustomerText, Mail, NoticeMark, Order, Shop
from orders.money import Money
from orders.notifications import companion, customers, making
from orders.notifications.customer_words import describe_money, describe_reason
from orders.payments import refund
from orders.states import CustomerMessageKind, DecisionKind, DecisionReason, MailState, ReasonCode
from tests.asking import text_of
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
ADMIN = "/admin/orders/customermessage/"


@pytest.fixture(autouse=True)
def _sends_mail(settings: Settings) -> None:
    settings.SENDS_MAIL = True


def switch_on(*kinds: str) -> None:
    CustomerMessage.objects.filter(kind__in=kinds or [kind.value for kind in CustomerMessageKind]).update(
        is_enabled=True
    )


def tell_all() -> list[Any]:
    """Do what the workers do, and return the e-mails."""
    while place_events():
        pass
    while making.make_from_events():
        pass
    while companion.send_mail():
        pass
    return list(outbox.outbox)


def test_nothing_is_told_unless_it_is_switched_on(make_order: MakeOrder) -> None:
    make_order("COMPLETED")
    make_order("CANCELLED")
    assert tell_all() == []
    assert not Mail.objects.exists()


def test_an_order_that_is_carried_out(make_order: MakeOrder) -> None:
    switch_on()
    order = make_order("COMPLETED", address_country="GB", address_postcode="SW1A 1AA", address_city="London")
    letters = tell_all()
    assert [letter.subject for letter in letters] == [
        f"We have received your order {order.order_id}",
        f"Your order {order.order_id} has been approved",
        f"Your order {order.order_id} is on its way",
    ]
    assert {letter.to[0] for letter in letters} == {"emma@example.com"}
    assert "2 x Mug, €25.00\nTotal: €25.00" in letters[0].body
    assert "Long Street 1" in letters[0].body
    assert order.shipment.tracking_number in letters[2].body
    assert "$" not in "".join(letter.body for letter in letters)


def test_each_thing_is_told_once(make_order: MakeOrder) -> None:
    switch_on()
    make_order("COMPLETED")
    count = len(tell_all())
    NoticeMark.objects.update(position=0)
    assert len(tell_all()) == count == Mail.objects.filter(state=MailState.SENT).count() == 3


def test_only_what_is_switched_on(make_order: MakeOrder) -> None:
    switch_on("SHIPPED")
    make_order("COMPLETED")
    assert len(tell_all()) == 1


def test_what_is_switched_off_before_it_is_sent_is_not_sent(make_order: MakeOrder) -> None:
    switch_on("CONFIRMATION")
    make_order()
    while place_events():
        pass
    making.make_from_events()
    CustomerMessage.objects.update(is_enabled=False)
    companion.send_mail()
    assert (outbox.outbox, Mail.objects.get().state) == ([], MailState.DROPPED)


def test_one_of_two_approvals_tells_the_customer_nothing(make_order: MakeOrder, bob: User) -> None:
    switch_on("APPROVED")
    make_order("PENDING_MANUAL_APPROVAL")
    assert tell_all() == []


@pytest.mark.parametrize(
    ("status", "refund"), [("PAID", "We have given back €25.00."), ("PENDING_MANUAL_APPROVAL", "not been charged")]
)
def test_a_cancellation_says_why_and_what_became_of_the_money(make_order: MakeOrder, status: str, refund: str) -> None:
    switch_on("CANCELLED")
    make_order(
        "CANCELLED",
        cancelled_from=status,
        reason="Looks like a fraudster",
        address_country="GB",
        address_postcode="SW1A 1AA",
        address_city="London",
    )
    (letter,) = tell_all()
    assert refund in letter.body
    assert "fraud" not in letter.body, "what staff write is not for the customer"


def test_what_was_written_for_the_customer_is_the_reason(make_order: MakeOrder, bob: User) -> None:
    switch_on("CANCELLED")
    order = make_order()
    told = {"reason": "Odd", "reason_code": "OTHER", "customer_text": "We are sorry. Call us."}
    decide.take_decision(order, DecisionKind.CANCEL, actor=bob, sends_now=False, **told)
    facts: dict[str, Any] = {"order_id": order.order_id, "reason_code": ReasonCode.STAFF, "reason": "Odd"}
    refund.refund_payment(contracts.RefundPayment(payment_id=order.payment_id, **facts))
    closing.process_cancellation(contracts.ProcessCancellation(**facts))
    (letter,) = tell_all()
    assert "We are sorry. Call us." in letter.body
    assert "Odd" not in letter.body


@pytest.mark.parametrize(
    ("code", "decision", "english"),
    [
        (ReasonCode.STAFF, DecisionReason.OUT_OF_STOCK, "An article is no longer available."),
        (ReasonCode.STAFF, DecisionReason.SUSPECTED_FRAUD, ""),
        (ReasonCode.STAFF, DecisionReason.OTHER, ""),
        (ReasonCode.STAFF, "", ""),
        (ReasonCode.STAFF, "OF_THE_SHOP", ""),
        (ReasonCode.PAYMENT_DECLINED, "", "Your payment was declined."),
        (ReasonCode.APPROVAL_TIMEOUT, "", "We could not confirm it in time."),
        (ReasonCode.INVALID, "", "We cannot carry it out as it is."),
        (ReasonCode.SHIPPING_FAILED, "", "We could not ship it."),
    ],
)
def test_reasons_for_customers(code: str, decision: str, english: str) -> None:
    assert describe_reason(code, decision, "en") == english
    assert bool(describe_reason(code, decision, "de")) is bool(english)


@pytest.mark.parametrize(
    ("facts", "language"),
    [
        ({"address_country": "DE"}, "de"),
        ({"address_country": "GB"}, "en"),
        ({"address_country": "DE", "metadata": {"language": "en-US"}}, "en"),
        ({"address_country": "GB", "metadata": {"language": "de"}}, "de"),
        ({"address_country": "DE", "metadata": {"language": "fr"}}, "de"),
        ({"address_country": "GB", "metadata": {"language": {"odd": 1}}}, "en"),
    ],
)
def test_the_language_is_the_orders(make_order: MakeOrder, facts: dict[str, Any], language: str) -> None:
    switch_on("CONFIRMATION")
    order = make_order()
    with past_the_rules():
        Order.objects.filter(pk=order.pk).update(**facts)
    (letter,) = tell_all()
    assert ("haben Ihre Bestellung" in letter.subject) is (language == "de")
    assert letter.extra_headers["Content-Language"] == language


def test_the_shops_own_number_is_what_the_customer_knows(make_order: MakeOrder) -> None:
    switch_on("CONFIRMATION")
    order = make_order()
    Order.objects.filter(pk=order.pk).update(shop=Shop.objects.create(name="Berlin"), shop_order_number="A-77")
    assert "A-77" in tell_all()[0].subject


def test_what_a_customer_typed_is_text_and_nothing_else(make_order: MakeOrder) -> None:
    switch_on("CONFIRMATION")
    make_order(customer_name="$total <b>${order}</b> {{ x }}", address_country="GB", address_postcode="SW1A 1AA")
    (letter,) = tell_all()
    assert "Dear $total <b>${order}</b> {{ x }}," in letter.body
    assert "Dear $total &lt;b&gt;${order}&lt;/b&gt; {{ x }}," in letter.alternatives[0][0]


@pytest.mark.parametrize(
    ("money", "english", "german"),
    [
        (Money(123456, "EUR"), "€1,234.56", "1.234,56\xa0€"),
        (Money(1234, "JPY"), "JP¥1,234", "1.234\xa0¥"),
        (Money(1234, "BHD"), "BHD1.234", "1,234\xa0BHD"),
    ],
)
def test_amounts_are_written_as_the_language_does(money: Money, english: str, german: str) -> None:
    assert (describe_money(money, "en"), describe_money(money, "de")) == (english, german)


class TestTexts:
    @pytest.mark.parametrize("text", ["Hello", "Dear $customer", "${order}s", "5 $$"])
    def test_what_can_be_filled_in(self, text: str) -> None:
        customers.check_text(text)

    @pytest.mark.parametrize("text", ["5 $", "$customer_password", "${order.secret}", "$Order"])
    def test_what_cannot(self, text: str) -> None:
        with pytest.raises(OrderInvalid):
            customers.check_text(text)

    def test_the_first_texts_can_be_filled_in(self) -> None:
        texts = CustomerText.objects.all()
        assert len(texts) == 2 * len(CustomerMessageKind)
        for text in texts:
            customers.check_text(text.subject)
            customers.check_text(text.body)
            assert "$" not in customers.preview(text.subject, text.body, text.language).text


class TestAdmin:
    @pytest.fixture
    def admins(self, client: Client, admin_user: User) -> Client:
        client.force_login(admin_user)
        client.post("/admin/auth/user/add/", {"confirm_password": "demo", "confirm_method": "GET"})
        return client

    def send(self, admins: Client, **changes: str) -> Any:
        message = CustomerMessage.objects.get(kind="SHIPPED")
        data = {"texts-TOTAL_FORMS": "2", "texts-INITIAL_FORMS": "2", "is_enabled": "on"}
        for place, text in enumerate(message.texts.order_by("id")):
            data |= {f"texts-{place}-{name}": str(getattr(text, name)) for name in ("id", "subject", "body")}
            data[f"texts-{place}-message"] = str(message.pk)
        return admins.post(f"{ADMIN}{message.pk}/change/", data | changes)

    def test_a_message_is_shown_with_its_texts_as_they_read(self, admins: Client) -> None:
        page = text_of(admins.get(f"{ADMIN}{CustomerMessage.objects.get(kind='SHIPPED').pk}/change/"))
        assert "Your order A-1001 is on its way" in page
        assert "Guten Tag Emma Example" in page
        assert "$tracking" in page

    def test_a_preview_is_in_its_language(self, admins: Client) -> None:
        page = text_of(admins.get(f"{ADMIN}{CustomerMessage.objects.get(kind='CANCELLED').pk}/change/"))
        assert "An article is no longer available." in page
        assert "nicht mehr lieferbar." in page

    def test_it_is_switched_on_and_edited(self, admins: Client) -> None:
        response = self.send(admins, **{"texts-0-subject": "Off it goes: $order"})
        assert response.status_code == 302
        message = CustomerMessage.objects.get(kind="SHIPPED")
        assert message.is_enabled
        assert message.texts.get(language="en").subject == "Off it goes: $order"

    def test_a_text_that_cannot_be_filled_in_is_refused(self, admins: Client) -> None:
        page = text_of(self.send(admins, **{"texts-1-body": "Hello $nobody"}))
        assert "There is no $nobody. Use $order, $customer" in page
        assert not CustomerMessage.objects.get(kind="SHIPPED").is_enabled

    def test_nobody_else_edits_them(self, client: Client, bob: User) -> None:
        bob.is_staff = True
        bob.save()
        client.force_login(bob)
        message = CustomerMessage.objects.get(kind="SHIPPED")
        assert client.get(f"{ADMIN}{message.pk}/change/").status_code == 403
