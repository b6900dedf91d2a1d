"""What is stored, sent or printed while a German reader's page is made is what it is in English."""

import csv
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import get_language, override

from orders.decisions.reasons import fill_in
from orders.engine import outbox, temporal
from orders.engine.sending import try_to_send
from orders.errors import CallRefused, OrderError, PaymentDeclined
from orders.feed.documents import describe_event, read_document
from orders.intake.drafts import LineDraft
from orders.labels import describe_event as describe_in_words
from orders.labels import stored
from orders.listing.table import COLUMNS
from orders.models import ApprovalLimit, Order, OutboxMessage, PolicyChange
from orders.money import Money
from orders.payments.attempts import describe_payment, find_mismatch
from orders.payments.gateways.stripe.amounts import to_stripe
from orders.policy import changes
from orders.webhooks.chat import describe_for_chat
from tests.asking import text_of
from tests.making import MakeOrder
from tests.orders.policy.asking import ADMIN

pytestmark = pytest.mark.django_db
LINES = (LineDraft(sku="POT-1", description="Teapot", quantity=1, unit_price=123450),)


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    """An order of 1,234.50 EUR that was shipped and paid."""
    return make_order("COMPLETED", lines=LINES)


def _refuse_amount() -> str:
    with pytest.raises(PaymentDeclined) as refusal:
        to_stripe(Money(1234567, "KWD"))
    return str(refusal.value)


WRITTEN: dict[str, Callable[[Order], object]] = {
    "the document of webhooks and the API": read_document,
    "an event of those": lambda order: [describe_event(event, order.order_id) for event in order.events.order_by("id")],
    "a row of an export": lambda order: [read(order) for read in COLUMNS.values()],
    "what a gateway is asked": lambda order: describe_payment(order, order.payment).hash,
    "what a customer is told": lambda order: fill_in("{customer}: {total}", order),
    "why an authorisation does not fit": lambda order: find_mismatch(Money(100000, "EUR"), order.total_money),
    "why Stripe cannot charge": lambda order: _refuse_amount(),
    "a message to a chat": lambda order: describe_for_chat(order.events.get(kind="payment.charged"), order),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
def test_it_is_the_same_for_a_german_reader(order: Order, written: Callable[[Order], object]) -> None:
    english = written(order)
    with override("de"):
        assert written(order) == english


def test_a_page_shows_what_is_stored_in_the_readers_way(order: Order) -> None:
    charged = order.events.get(kind="payment.charged")
    assert "1,234.50 EUR" in describe_in_words(charged.kind, charged.data)[0]
    with override("de"):
        assert "1.234,50 EUR" in describe_in_words(charged.kind, charged.data)[0]


def test_the_name_of_a_limit_is_kept_in_english(alice: User) -> None:
    with override("de"):
        limit = changes.save_limit(ApprovalLimit(account=alice, amount=123450, currency="EUR"), actor=ADMIN)
    assert PolicyChange.objects.get(subject_id=limit.pk).name == "alice: 1,234.50 EUR"


def test_why_a_message_was_not_sent_is_kept_in_english(make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise CallRefused(f"in {get_language()}")

    monkeypatch.setattr(temporal, "signal_decision", refuse)
    message = outbox.enqueue(make_order(), key="message", name="approve", payload=_approval(), sends_now=False)
    with override("de"):
        failure = try_to_send(OutboxMessage.objects.select_related("order").get(pk=message.pk))
    assert isinstance(failure, OrderError)
    assert str(failure) == "in en-gb"


def _approval() -> dict[str, str]:
    return {"decision_id": "1", "actor": "bob", "reason": ""}


def test_a_report_is_read_in_german_and_downloaded_in_english(order: Order, client: Client, charlie: User) -> None:
    client.force_login(charlie)
    with override("de"):
        page = text_of(client.get("/reports/", headers={"accept-language": "de"}))
        table = client.get("/reports/?format=csv&table=money", headers={"accept-language": "de"})
    assert "1.234,50 EUR" in page
    head, row = csv.reader(table.content.decode().splitlines())
    assert (head[2], row[2]) == ("Total", "1,234.50 EUR")


def test_a_stored_sentence_is_said_in_the_readers_language_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"It did not answer.": "Es hat nicht geantwortet."}
    monkeypatch.setattr(stored, "gettext", lambda sentence: known.get(sentence, sentence))
    failed = {"activity": "charge_payment", "attempt": 1, "error": "It did not answer."}
    assert describe_in_words("step.failed", failed)[1] == "Es hat nicht geantwortet."
    assert describe_in_words("step.failed", failed | {"error": "Own words."})[1] == "Own words."
    commented = {"channel": "CONSOLE", "text": "It did not answer.", "account_id": 1}
    assert describe_in_words("order.commented", commented)[1] == "It did not answer.", "people's words stay theirs"
