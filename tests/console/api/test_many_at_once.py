"""The same submission a hundred times at once: one order, and a hundred equal answers."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from django.db import connection

from orders.models import IdempotentRequest, Order
from tests.console.api.calling import Program

TIMES: Final = 100


@pytest.mark.django_db(transaction=True)
def test_one_order_and_a_hundred_equal_answers() -> None:
    program = Program("submit")

    def submit(_: int) -> tuple[int, bytes]:
        try:
            response = program.submit(key="cart-7")
            return response.status_code, response.content
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=20) as threads:
        answers = set(threads.map(submit, range(TIMES)))
    assert [status for status, _ in answers] == [201]
    assert Order.objects.count() == IdempotentRequest.objects.count() == 1
