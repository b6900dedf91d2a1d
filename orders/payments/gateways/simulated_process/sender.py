"""Sends the events of the simulated gateway's program to the console: each until it is taken, or the program ends."""

import heapq
import http.client
import itertools
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from orders.identifiers import new_identifier
from orders.payments.gateways.ledgers import Movement
from orders.payments.gateways.simulated_process.events import sign_event, write_event

AT_ONCE: Final = 4
ANSWER_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, order=True)
class _Delivery:
    """An event that is to be sent at a time of the monotonic clock."""

    due: float
    number: int
    event_id: str = field(compare=False)
    body: str = field(compare=False)


class EventSender:
    """Sends to one address. What was not taken when the program ends is lost, as the console has to bear."""

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._secret = urlsplit(url), secret
        self._changed = threading.Condition()
        self._waiting: list[_Delivery] = []
        self._numbers = itertools.count()
        self._is_closing = False
        self._made, self._open, self._taken = 0, 0, 0
        for _ in range(AT_ONCE):
            threading.Thread(target=self._work, daemon=True).start()

    def send(self, movement: Movement, *, copies: int = 1, after_seconds: float = 0.0) -> None:
        """Have the event about a movement sent, so many times at once; nobody waits for that."""
        event_id, body = new_identifier("evt"), write_event(movement)
        with self._changed:
            self._made += 1
            for _ in range(copies):
                self._open += 1
                self._put(event_id, body, after_seconds)

    def close(self) -> None:
        """Send nothing more."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()

    def describe(self) -> dict[str, Any]:
        """Return how many events there were, how many deliveries of them were taken, and how many are still to come."""
        with self._changed:
            return {"made": self._made, "taken": self._taken, "open": self._open}

    def _put(self, event_id: str, body: str, after_seconds: float) -> None:
        heapq.heappush(self._waiting, _Delivery(time.monotonic() + after_seconds, next(self._numbers), event_id, body))
        self._changed.notify_all()

    def _work(self) -> None:
        while (delivery := self._take()) is not None:
            was_taken = self._deliver(delivery)
            with self._changed:
                if was_taken:
                    self._taken += 1
                    self._open -= 1
                else:
                    self._put(delivery.event_id, delivery.body, AGAIN_SECONDS)

    def _take(self) -> _Delivery | None:
        """Return the next delivery once it is due; None at the end."""
        with self._changed:
            while not self._is_closing:
                wait = self._waiting[0].due - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._waiting)
                self._changed.wait(wait)
        return None

    def _deliver(self, delivery: _Delivery) -> bool:
        """Send it, signed now, and tell whether the console took it."""
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=ANSWER_SECONDS)
        headers = sign_event(delivery.event_id, delivery.body, self._secret, at=datetime.now(UTC))
        try:
            connection.request("POST", self._url.path or "/", delivery.body.encode(), headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return status == http.client.OK
