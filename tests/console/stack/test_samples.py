"""The sample orders of the local stack: made once, and left as they are by later starts."""

import pytest

from console.stack.accounts import MARK
from console.stack.samples import KEY_PREFIX, SAMPLES, submit_samples
from orders.models import Order
from tests.database import past_the_rules
from tests.making import make_user

pytestmark = pytest.mark.django_db


def test_a_later_release_with_other_samples_leaves_those_that_are_there() -> None:
    for name, role in (("clerk", "clerk"), ("approver", "approver")):
        user = make_user(name, role)
        user.email = f"{name}{MARK}"
        user.save()
    assert submit_samples().startswith(f"{len(SAMPLES)} submitted")
    former = Order.objects.filter(idempotency_key=f"{KEY_PREFIX}1")
    with past_the_rules():
        former.update(customer_name="Former Sample", contents_hash="")
    assert submit_samples() == "unchanged"
    assert former.get().customer_name == "Former Sample"
