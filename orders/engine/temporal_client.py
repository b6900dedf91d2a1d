"""The one Temporal client of a web process or command; every call to the server goes through it.

The SDK's client is not thread-safe, belongs to the event loop it first connected in and does not survive a fork. So a
process has one client, on one daemon thread with its own loop, connected on first use and replaced when the process
id changes. Callers are synchronous; every call ends within about four seconds, most failures within two. Whatever the
SDK raises leaves as one of our own errors: TemporalAway, RunNotFound, RunPaused, CallRefused or a plain OrderError.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import timedelta
from functools import lru_cache
from typing import Final, TypeVar

from django.utils.translation import gettext as _
from temporalio.client import Client, RetryConfig
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from orders.engine.failures import translate_failure
from orders.engine.options import connect_arguments
from orders.errors import CallFailed, OrderError, TemporalAway

logger = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_SECONDS: Final = 2.0
RPC_TIMEOUT: Final = timedelta(seconds=2)
CALL_SECONDS: Final = 4.0
# After a call has found the server away, the next ones fail at once for this long instead of holding their threads.
COOL_DOWN_SECONDS: Final = 2.0
# Time for the SDK's own threads to end; without it a few of a hundred short processes crash at exit.
EXIT_PAUSE_SECONDS: Final = 0.25
FAST_RETRY: Final = RetryConfig(
    initial_interval_millis=50, max_interval_millis=300, max_elapsed_time_millis=1500, max_retries=5
)


class _TemporalClient:
    """The client of this process, with the thread and the loop that it lives in."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._away_until = 0.0
        self._times_away = 0
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="temporal-client", daemon=True)
        self._thread.start()

    async def client(self) -> Client:
        """Return the connected client. Raises TemporalAway."""
        async with self._connecting:
            if self._client is None:
                try:
                    self._client = await asyncio.wait_for(
                        Client.connect(
                            **connect_arguments(),
                            retry_config=FAST_RETRY,
                            runtime=_runtime_of(self.pid),
                        ),
                        CONNECT_SECONDS,
                    )
                except Exception as error:  # a refused connect is a plain RuntimeError
                    raise TemporalAway(_("The Temporal server cannot be reached.")) from error
            return self._client

    def call(
        self,
        work: Callable[[Client], Awaitable[T]],
        *,
        order_id: str = "",
        is_probe: bool = False,
        seconds: float = CALL_SECONDS,
    ) -> T:
        """Run `work` with the client, on the client's own loop.

        After a call has found the server away, the next ones fail at once for a moment. A probe is made regardless;
        when it fails, the client is discarded, because a connection that broke silently would block later calls too.
        Raises one of our own errors, whatever went wrong.
        """
        if time.monotonic() < self._away_until and not is_probe:
            raise TemporalAway(_("The Temporal server cannot be reached."))
        future = asyncio.run_coroutine_threadsafe(self._work(work, order_id), self._loop)
        try:
            answer = future.result(seconds)
        except (FutureTimeoutError, FutureCancelledError, OrderError) as error:
            future.cancel()
            failure = translate_failure(error, order_id)
            self._note(failure, is_probe=is_probe)
            if failure is error:
                raise
            raise failure from error
        self._times_away = 0
        if is_probe:
            self._away_until = 0.0
        return answer

    def _note(self, failure: OrderError, *, is_probe: bool) -> None:
        """Open the circuit breaker when the server is away.

        One failed call is not enough: the trouble may be in that order's shard alone.
        """
        is_away = isinstance(failure, TemporalAway) and (is_probe or not isinstance(failure, CallFailed))
        self._times_away = self._times_away + 1 if is_away else 0
        if is_away and (is_probe or self._client is None or self._times_away > 1):
            self._away_until = time.monotonic() + COOL_DOWN_SECONDS
        if is_away and is_probe:
            self._client = None

    async def _work(self, work: Callable[[Client], Awaitable[T]], order_id: str) -> T:
        try:
            return await work(await self.client())
        except (KeyboardInterrupt, SystemExit, GeneratorExit):  # the last one closes what is under way at the end
            raise
        except BaseException as error:  # a panic of the SDK's core is no Exception
            raise translate_failure(error, order_id) from error

    def close(self) -> None:
        """Stop the loop and wait for its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=1)
        self._client = None
        time.sleep(EXIT_PAUSE_SECONDS)


@lru_cache(maxsize=1)
def _runtime_of(pid: int) -> Runtime:
    """Return the SDK's runtime of this process; like the client it does not survive a fork."""
    # The console logs every failed call itself. The SDK also writes raw lines to stdout; its errors are enough.
    quiet = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    return Runtime(telemetry=TelemetryConfig(logging=quiet))


_temporal_client: _TemporalClient | None = None


_opening = threading.Lock()


def _get_temporal_client() -> _TemporalClient:
    """Return this process's client; after a fork the parent's is of no use."""
    global _temporal_client  # noqa: PLW0603 - the one object per process that this module is about
    with _opening:
        if _temporal_client is None or _temporal_client.pid != os.getpid():
            _temporal_client = _TemporalClient()
        return _temporal_client


def _renew_lock_after_fork() -> None:
    """Keep a child from inheriting a lock that another thread of its parent held at the fork."""
    global _opening  # noqa: PLW0603
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock_after_fork)


def close() -> None:
    """Close the client of a process that is about to end. Without a client, do nothing."""
    global _temporal_client  # noqa: PLW0603
    with _opening:
        if _temporal_client is not None and _temporal_client.pid == os.getpid():
            _temporal_client.close()
        _temporal_client = None


def call(
    work: Callable[[Client], Awaitable[T]],
    *,
    order_id: str = "",
    seconds: float = CALL_SECONDS,
    is_probe: bool = False,
) -> T:
    """Run `work` with the client within `seconds`; `order_id` names the order when it concerns only one.

    A probe is made even while other calls fail at once.
    Raises TemporalAway, RunNotFound, OrderError.
    """
    return _get_temporal_client().call(work, order_id=order_id, seconds=seconds, is_probe=is_probe)
