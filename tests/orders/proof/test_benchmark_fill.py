"""The tables that the benchmark fills hold what the rules ask for."""

import pytest

from orders.models import Order
from tests.benchmark.figures import Scale
from tests.benchmark.verify import measure

pytestmark = pytest.mark.django_db


def test_every_rule_holds_in_what_the_benchmark_verifies() -> None:
    figures = measure(Scale(orders=100, rounds=1))  # raises where a rule is broken

    assert Order.objects.count() == 100
    assert [figure.name for figure in figures] == ["all rules over 100 orders"]
