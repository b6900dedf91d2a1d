"""Fault injection: calls to the simulated systems fail or hang at configured rates, before or after taking effect."""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from django.conf import settings

from orders.errors import OutsideWorldFailed

T = TypeVar("T")

# A little longer than the 5 s of an activity attempt: the caller times out, and the thread is free again soon after.
HANG_SECONDS: Final = 5.5

# What makes a call be refused for good, for trying out and for tests; the README tells of it.
DECLINED_MARK: Final = "+declined"
SOLD_OUT_PREFIX: Final = "SOLDOUT"
UNREACHABLE_POSTCODE: Final = "00000"
# Payment methods whose charge the customer has to confirm, or of which the gateway knows only later.
ACTION_METHOD: Final = "sim_requires_action"
PENDING_METHOD: Final = "sim_pending"
# An authorisation as the simulated checkout gives it: sim_auth_2500_EUR holds 25.00 EUR, sim_auth_2500_EUR_expired did.
AUTHORISATION_PREFIX: Final = "sim_auth_"
EXPIRED_MARK: Final = "expired"

_dice = random.SystemRandom()


def call_outside_world(name: str, effect: Callable[[], T]) -> T:
    """Carry out `effect` as a system that is not ours would, by the rates in the settings.

    Raises OutsideWorldFailed at once (FLAKY_FAIL_RATE) or after HANG_SECONDS (FLAKY_HANG_RATE); in both cases half
    of the calls had their effect before, so the caller cannot know.
    """
    draw = _dice.random()
    fails = draw < settings.FLAKY_FAIL_RATE
    hangs = not fails and draw < settings.FLAKY_FAIL_RATE + settings.FLAKY_HANG_RATE
    if not (fails or hangs):
        return effect()
    if _dice.random() < 0.5:
        effect()
    if hangs:
        time.sleep(HANG_SECONDS)
        raise OutsideWorldFailed(f"The {name} did not answer in {HANG_SECONDS:g} s.")
    raise OutsideWorldFailed(f"The {name} answered with an internal error.")
