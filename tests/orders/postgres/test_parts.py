"""orders.postgres.parts: rows are written by texts that are put together once, alone or with others."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from orders.models import Payment, PaymentAttempt
from orders.payments.attempts import describe_payment
from orders.postgres.parts import execute, insert, update
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def payment_of(make_order: MakeOrder) -> Payment:
    order = make_order()
    payment = Payment(
        payment_id=order.payment_id, order=order, amount=order.total, currency=order.currency, gateway="simulated"
    )
    payment.request_hash = describe_payment(order, payment).hash
    return payment


def test_a_row_gets_its_key_and_what_the_table_gives_it(make_order: MakeOrder) -> None:
    payment = payment_of(make_order)
    execute(insert(payment, unless_known=True))
    attempt = PaymentAttempt(payment=payment, kind=PaymentAttempt.Kind.CHARGE, request_hash=payment.request_hash)
    execute(insert(attempt))

    found = PaymentAttempt.objects.get(pk=attempt.pk)
    assert (found.kind, found.outcome, found.payment_id) == ("CHARGE", "UNKNOWN", payment.payment_id)
    assert found.started_at is not None


def test_a_row_that_is_there_is_left_alone_where_that_is_asked_for(make_order: MakeOrder) -> None:
    payment = payment_of(make_order)
    execute(insert(payment))
    payment.gateway = "another"

    execute(insert(payment, unless_known=True))
    assert Payment.objects.get(pk=payment.pk).gateway == "simulated"
    with pytest.raises(IntegrityError), transaction.atomic():
        execute(insert(payment))


def test_rows_are_changed_where_each_column_is_as_asked_for(make_order: MakeOrder) -> None:
    payment = payment_of(make_order)
    execute(insert(payment))
    declined = {"status": Payment.Status.DECLINED, "updated_at": Now()}

    execute(update(Payment, declined, payment_id=payment.payment_id, status=("CHARGED", "UNKNOWN")))
    assert Payment.objects.get(pk=payment.pk).status == Payment.Status.PENDING
    execute(update(Payment, declined, payment_id=payment.payment_id, status=("PENDING", "UNKNOWN")))
    assert Payment.objects.get(pk=payment.pk).status == Payment.Status.DECLINED
