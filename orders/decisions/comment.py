"""Comments on an order: written at any time, also on one that is final; they decide nothing."""

from uuid import uuid4

from django.db import transaction

from orders import permissions
from orders.errors import OrderInvalid
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.models import Order
from orders.permissions import Actor
from orders.texts import clean_text


def add_comment(order: Order, *, actor: Actor, text: str) -> None:
    """Write a comment into the order's history, which nobody can change. Raises NotAllowed, OrderInvalid."""
    permissions.check_may_view(actor)
    clean = clean_text(text)
    if not clean:
        sentence = "Enter what the comment says."
        raise OrderInvalid(sentence, fields={"text": sentence})
    facts = {"channel": permissions.find_channel(actor).value, "text": clean}
    with transaction.atomic():
        locked = lock_order(order.order_id)
        add_event(locked, EventKind.COMMENTED, facts, key=f"comment:{uuid4()}", actor=actor.get_username())
