"""orders.simulated.fault_injection: an outside world that fails and hangs as often as the settings say."""

import pytest
from pytest_django import Settings

from orders.errors import OutsideWorldFailed
from orders.simulated import fault_injection


class Effects:
    """Counts how often a call had its effect."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return "done"


def outcomes(calls: int, effects: Effects) -> list[str]:
    """Make calls, and return what each answered or how it failed."""
    found = []
    for _ in range(calls):
        try:
            found.append(fault_injection.call_outside_world("gateway", effects))
        except OutsideWorldFailed as error:
            found.append(str(error))
    return found


def test_it_is_reliable_unless_told_otherwise() -> None:
    effects = Effects()
    assert set(outcomes(50, effects)) == {"done"}
    assert effects.count == 50


def test_a_failure_may_come_before_or_after_the_effect(settings: Settings) -> None:
    settings.FLAKY_FAIL_RATE = 1.0
    effects = Effects()
    assert set(outcomes(200, effects)) == {"The gateway answered with an internal error."}
    assert 50 < effects.count < 150


def test_a_call_that_hangs_gives_its_thread_back_soon_after_its_caller_gave_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("orders.simulated.fault_injection.time.sleep", slept.append)
    settings.FLAKY_HANG_RATE = 1.0
    assert set(outcomes(20, Effects())) == {"The gateway did not answer in 5.5 s."}
    assert slept == [fault_injection.HANG_SECONDS] * 20
    assert 5 < fault_injection.HANG_SECONDS < 7


def test_the_rates_are_shares_of_the_calls(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.simulated.fault_injection.time.sleep", lambda seconds: None)
    settings.FLAKY_FAIL_RATE = settings.FLAKY_HANG_RATE = 1 / 3
    found = outcomes(3000, Effects())
    for sentence in set(found):
        assert 800 < found.count(sentence) < 1200, sentence
    assert len(set(found)) == 3
