"""Batches for the tests of decisions on many orders."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from orders.decisions import batches
from orders.models import Batch, Order
from orders.states import DecisionKind


@pytest.fixture
def create(bob: User) -> Callable[..., Batch]:
    """Return a function that creates a batch of bob's."""

    def create_batch(*orders: Order, kind: DecisionKind = DecisionKind.APPROVE, reason: str = "") -> Batch:
        return batches.create_batch([order.pk for order in orders], kind, actor=bob, reason=reason)

    return create_batch
