"""The gateway's events, sent twice or late, while its answers are lost; judged from its log and from the inbox."""

import time
from collections.abc import Callable
from typing import Final

from orders.models import GatewayEvent
from tests.faults.gateway_program import GATEWAY, GatewayProgram
from tests.faults.of_gateway import LEAST_MISDEEDS, paying_there
from tests.faults.stage import Fault, Stage
from tests.waiting import wait_until

LATE_SECONDS: Final = 8.0
# Answers that are lost, so that events are the first to tell of what was taken.
LOST: Final = 3


def tell(misdeed: str, **rest: float) -> Callable[[Stage], None]:
    """Return the fault of a gateway that tells of all it does in this way, and does not answer some calls."""

    def act(stage: Stage) -> None:
        before = GatewayEvent.objects.count()
        with paying_there(stage, with_events=True) as (program, _):
            program.misbehave(misdeed, call="charge", times=10 * stage.orders, **rest)
            program.misbehave("time-out-after", call="charge", times=LOST)
            wait_until(
                lambda: program.count_misdeeds() >= LOST + LEAST_MISDEEDS,
                seconds=90,
                what=f"{LEAST_MISDEEDS} × {misdeed}",
            )
        stage.healed_at = time.monotonic()
        stage.wait_until_settled()
        _check_inbox(program, before)
        if misdeed == "tell-late":
            assert _count_disordered(), "every event came in its order"

    return act


def _count_disordered() -> int:
    """Return of how many payments the refund was told before the charge."""
    told = GatewayEvent.objects.filter(gateway=GATEWAY).order_by("id").values_list("payment_id", "kind")
    seen: dict[str | None, list[str]] = {}
    for payment_id, kind in told:
        seen.setdefault(payment_id, []).append(kind)
    return sum(kinds[0] == "payment.refunded" for kinds in seen.values())


def _check_inbox(program: GatewayProgram, before: int) -> None:
    """Wait until all events are taken and dealt with; each is there once."""
    wait_until(lambda: program.count_events()["open"] == 0, seconds=90, what="the end of what the gateway sends")
    made = program.count_events()["made"]
    taken = GatewayEvent.objects.filter(gateway=GATEWAY)
    wait_until(lambda: not taken.filter(handled_at=None).exists(), seconds=90, what="an answer to each event")
    count = GatewayEvent.objects.count() - before
    assert count == made, f"the gateway made {made} events, and {count} were written down"
    strangers = taken.filter(outcome=GatewayEvent.Outcome.NO_PAYMENT).count()
    assert not strangers, f"{strangers} events found no payment"


OF_EVENTS: Final = (
    Fault("gateway-tells-twice", "The gateway sends each event twice at once", tell("tell-twice")),
    Fault(
        "gateway-tells-late",
        "The gateway's events come late, and in another order",
        tell("tell-late", seconds=LATE_SECONDS),
    ),
)
