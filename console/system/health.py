"""Answers for probes: public, without a session, and without secrets."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders import contracts
from orders.engine import temporal
from orders.engine.worker_health import judge_workers
from orders.errors import OrderError
from orders.postgres.clock import describe_skew, skew_watch
from orders.postgres.database_check import DatabaseState, database_check

logger = logging.getLogger(__name__)
T = TypeVar("T")

DATABASE_SECONDS: Final = 2.0
TEMPORAL_SECONDS: Final = 0.5
_database_asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health-database")
_told = DatabaseState.OK
_temporal_asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health-temporal")


@login_not_required
@never_cache
@require_safe
def show_live(request: HttpRequest) -> JsonResponse:
    """Tell that this process answers."""
    return JsonResponse({"status": "live"})


@login_not_required
@never_cache
@require_safe
def show_ready(request: HttpRequest) -> JsonResponse:
    """Tell whether pages can be served and decisions kept: 503 without a database that answers and can be written to.

    Without Temporal pages open and decisions are kept, so that it is reported and does not count.
    """
    database_question, temporal_question = _ask(_database_asker, _look), _ask(_temporal_asker, temporal.check_server)
    seen = _hear_database(database_question)
    is_ready = seen.database == DatabaseState.OK
    facts = {
        "status": "ready" if is_ready else "not ready",
        "database": seen.database,
        "temporal": _hear_temporal(temporal_question),
        "clock": seen.clock,
        "workers": seen.workers,
    }
    _tell_change(seen.database)
    response = JsonResponse(facts, status=200 if is_ready else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # or Django tells of every single probe
    return response


def ask_temporal() -> str:
    """Return how Temporal is, "ok" or "away", within half a second."""
    return _hear_temporal(_ask(_temporal_asker, temporal.check_server))


def _tell_change(database: DatabaseState) -> None:
    """Log when the database turns from well to unwell, or back."""
    global _told  # noqa: PLW0603 - what this process logged last
    if database != _told:
        logger.log(
            logging.INFO if database == DatabaseState.OK else logging.WARNING,
            "readiness: the database is: %s",
            database,
        )
    _told = database


@dataclass(frozen=True)
class _Seen:
    """How the database is, and what it tells of this machine's clock and of the workers: of these nothing depends."""

    database: DatabaseState
    clock: str = "unknown"
    workers: str = "unknown"


def _look() -> _Seen:
    """Look at the database with a connection of this thread's own, which is closed again."""
    database = DatabaseState.AWAY
    try:
        database = database_check.look()
        if database != DatabaseState.OK:
            return _Seen(database)
        skew = skew_watch.check()
        workers = judge_workers(queues=(contracts.ORDER_QUEUE, contracts.SHIPPING_QUEUE)).status
    except Error:
        logger.exception("the database could not be checked")
        return _Seen(database)
    finally:
        connection.close()
    return _Seen(database, "ok" if skew is None else describe_skew(skew), workers)


def _ask(asker: ThreadPoolExecutor, ask: Callable[[], T]) -> "Future[T]":
    """Ask in another thread: a server that hangs must not hold the probe, or its answer comes when nobody waits."""
    return asker.submit(ask)


def _hear_database(question: "Future[_Seen]") -> _Seen:
    try:
        return question.result(DATABASE_SECONDS)
    except TimeoutError:
        question.cancel()
        return _Seen(DatabaseState.SILENT)


def _hear_temporal(question: "Future[None]") -> str:
    """Return how Temporal is. A question that waits behind one that hangs is taken back, so that none pile up."""
    try:
        question.result(TEMPORAL_SECONDS)
    except OrderError:
        return "away"
    except TimeoutError:
        question.cancel()
        return "away"
    return "ok"
