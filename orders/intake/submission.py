"""Submits an order: writes it and has its workflow started."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from orders import contracts, permissions
from orders.engine import outbox
from orders.errors import (
    KeyReused,
    NumberUsed,
    OrderExists,
    OrderInvalid,
)
from orders.identifiers import is_order_id, new_identifier
from orders.intake.drafts import OrderDraft, tidy_draft
from orders.intake.idempotency import asks_for, hash_contents
from orders.lifecycle.history import begin_history
from orders.models import Order, OrderLine, Shop
from orders.payments.authorise import check_payment_method
from orders.permissions import Actor
from orders.texts import clean_id


def submit_order(
    draft: OrderDraft,
    *,
    actor: Actor,
    idempotency_key: str,
    order_id: str = "",
    shop: Shop | None = None,
    sends_now: bool = True,
) -> Order:
    """Submit an order and have its workflow started; the same order with the same `idempotency_key` is returned.

    Without `sends_now` the relay starts the workflow, so that nobody waits for Temporal.

    Raises NotAllowed, OrderInvalid for a draft that can never be an order, OrderExists for an `order_id` that is taken,
    NumberUsed for a number that the shop has used for another order, KeyReused for a key that has made an order with
    other contents, another `order_id`, or one that `actor` may not see.
    """
    permissions.check_may_submit(actor)
    draft, idempotency_key = tidy_draft(draft), clean_id(idempotency_key)
    if order_id and not is_order_id(order_id):
        sentence = _("%(typed)s is not an order id. It must be `order-` followed by up to 58 letters, digits, - or _.")
        raise OrderInvalid(sentence % {"typed": repr(order_id)})
    facts = asdict(draft)
    facts.pop("lines")
    facts |= {"order_id": order_id or new_identifier("order"), "payment_id": new_identifier("pay")}
    facts |= {
        "total": draft.total.minor,
        "contents_hash": hash_contents(draft),
        "submitted_by": actor.get_username(),
        "submitter_account_id": actor.pk,
        "shop": shop,
    }
    lines = [OrderLine(position=position, **asdict(line)) for position, line in enumerate(draft.lines, start=1)]
    facts |= _find_words(facts, lines)
    for _attempt in range(2):
        # Whoever used the key, the id or the number a moment ago is seen by the second try.
        with suppress(IntegrityError):
            keys = {"idempotency_key": idempotency_key, "order_id": order_id}
            return _write_order(draft, facts, lines, actor=actor, sends_now=sends_now, **keys)
    raise OrderExists(facts["order_id"])


@transaction.atomic
def _write_order(
    draft: OrderDraft,
    facts: dict[str, Any],
    lines: Sequence[OrderLine],
    *,
    actor: Actor,
    idempotency_key: str,
    order_id: str,
    sends_now: bool,
) -> Order:
    """Write a new order and have its workflow started, or return the one that the key has made.

    Raises OrderExists, NumberUsed, KeyReused; IntegrityError where another request writes the same at the same time.
    """
    taken = Q(idempotency_key=idempotency_key) | Q(order_id=facts["order_id"])
    if facts["shop"] and draft.shop_order_number:
        taken |= Q(shop=facts["shop"], shop_order_number=draft.shop_order_number)
    known = Order.objects.filter(taken)
    for order in sorted(known, key=lambda order: order.idempotency_key == idempotency_key):
        if order.order_id == facts["order_id"] and order.idempotency_key != idempotency_key:
            raise OrderExists(facts["order_id"])
        if order.idempotency_key != idempotency_key:
            raise NumberUsed(draft.shop_order_number, order.order_id)
        _check_is_repeated(order, draft, actor=actor, order_id=order_id)
        return order
    check_payment_method(draft.payment_method, draft.total)
    order = Order.objects.create(idempotency_key=idempotency_key, **facts)
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)
    start = contracts.OrderInput(
        order.order_id,
        order.payment_id,
        settings.ORDER_APPROVAL_TIMEOUT,
        total=order.total,
        currency=order.currency,
    )
    _sent, message = outbox.prepare(
        order,
        key=f"start:{order.order_id}",
        name=outbox.START,
        payload=asdict(start),
        sends_now=sends_now,
        is_alone=True,
    )
    begin_history(order, actor=actor.get_username(), parts=[message])
    return order


def _find_words(facts: Mapping[str, Any], lines: Sequence[OrderLine]) -> dict[str, str]:
    """Return what the search finds an order by in its lines, as PostgreSQL's trigger would write it.

    The trigger has nothing left to do then, which saves writing the row again, into all its indexes. Were this wrong,
    it would put it right.
    """
    skus = [line.sku for line in lines]
    number = [facts["shop_order_number"]] if facts.get("shop_order_number") else []
    return {
        "search_lines": "\n".join([*skus, *(line.description for line in lines)]),
        "search_codes": "\n".join([*number, *skus]),
    }


def _check_is_repeated(order: Order, draft: OrderDraft, *, actor: Actor, order_id: str) -> None:
    """Raise KeyReused unless the key's order is what is asked for again, by somebody who may know of it.

    Who may not is refused in the same words whatever they ask for, or they could find out what the order holds.
    """
    if not permissions.may_know_of(actor, order):
        raise KeyReused("")
    if not asks_for(draft, order) or order_id not in {"", order.order_id}:
        raise KeyReused(order.order_id)
