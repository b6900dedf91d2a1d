"""A gateway that breaks."""

from collections.abc import Callable

import pytest

from orders.errors import OutsideWorldFailed
from orders.simulated import fault_injection


@pytest.fixture
def break_next_call(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that makes the next call to the outside world fail, before or after its effect."""

    def break_it(moment: str) -> None:
        def call(name: str, effect: Callable[[], object]) -> object:
            monkeypatch.setattr(
                "orders.payments.gateways.simulated.call_outside_world", fault_injection.call_outside_world
            )
            if moment == "after":
                effect()
            raise OutsideWorldFailed("The payment gateway answered with an internal error.")

        monkeypatch.setattr("orders.payments.gateways.simulated.call_outside_world", call)

    return break_it
