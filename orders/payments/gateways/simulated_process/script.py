"""What the simulated gateway is told to do wrong: call by call, and with the events that follow."""

import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from orders.payments.gateways.ledgers import Kind

SLOW_SECONDS: Final = 90.0


class Misdeed(StrEnum):
    """In what way a call goes wrong."""

    DOWN = "down"  # it hangs up, and has done nothing
    FAIL_BEFORE = "fail-before"  # 500, and it has done nothing
    FAIL_AFTER = "fail-after"  # 500, and it has done what was asked
    TIME_OUT_AFTER = "time-out-after"  # it does what was asked, and does not answer
    SLOW = "slow"  # it waits, and then does what was asked, whether anybody still listens or not
    WRONG_BODY = "wrong-body"  # it does what was asked, and answers with something else
    TELL_TWICE = "tell-twice"  # it sends the event about it twice at once
    TELL_LATE = "tell-late"  # it sends the event about it late, after those of what was done since


# What goes wrong with an event, and not with the call that it is about. An event knows no more of the call than what
# moved: a capture is a charge.
OF_EVENTS: Final = frozenset({Misdeed.TELL_TWICE, Misdeed.TELL_LATE})
CALL_OF: Final[dict[str, str]] = {
    Kind.AUTHORISE: "authorise",
    Kind.CHARGE: "charge",
    Kind.VOID: "void",
    Kind.REFUND: "refund",
}


@dataclass
class Fault:
    """The next `times` calls of this name, or of any, go wrong; `seconds` is how long what is slow or late takes."""

    misdeed: Misdeed
    call: str = ""
    times: int = 1
    seconds: float = SLOW_SECONDS


def read_fault(asked: dict[str, Any]) -> Fault:
    """Read what an engineer sends. Raises ValueError, TypeError or KeyError."""
    return Fault(
        Misdeed(asked["misdeed"]),
        str(asked.get("call", "")),
        int(asked.get("times", 1)),
        float(asked.get("seconds", SLOW_SECONDS)),
    )


class Script:
    """The faults that are still to come, and how often each misdeed was done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._done: Counter[str] = Counter()
        self._closing = threading.Event()
        self._waiting = 0

    def add(self, fault: Fault) -> None:
        """Have calls go wrong from now on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Have nothing go wrong any more."""
        with self._lock:
            self._faults.clear()

    def take(self, call: str) -> Fault | None:
        """Return what goes wrong with this call, and count it."""
        return self._take(call, is_event=False)

    def take_event(self, kind: str) -> Fault | None:
        """Return what goes wrong with the event about a movement of this kind, and count it."""
        return self._take(CALL_OF[kind], is_event=True)

    def _take(self, call: str, *, is_event: bool) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and fault.call in {"", call} and (fault.misdeed in OF_EVENTS) == is_event:
                    fault.times -= 1
                    self._done[fault.misdeed] += 1
                    return fault
        return None

    def hold(self, seconds: float) -> bool:
        """Keep a call waiting; False where the gateway stopped before."""
        with self._lock:
            self._waiting += 1
        was_stopped = self._closing.wait(seconds)
        with self._lock:
            self._waiting -= 1
        return not was_stopped

    def close(self) -> None:
        """Let go of the calls that wait."""
        self._closing.set()

    def count_done(self) -> dict[str, int]:
        """Return how many calls went wrong, by misdeed."""
        with self._lock:
            return dict(self._done)

    def describe(self) -> dict[str, Any]:
        """Return how many calls went wrong, by misdeed, and how many are kept waiting."""
        return {"done": self.count_done(), "waiting": self._waiting}
