"""Answers for probes: public, without a session, and without secrets."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders import contracts, temporal
from orders.clock import describe_skew, skew_watch
from orders.errors import OrderError
from orders.worker_health import judge_workers

TEMPORAL_SECONDS: Final = 0.5
_asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")


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
    """Tell whether pages can be served: 503 without the database.

    Without Temporal pages open and decisions are kept, so that it is reported and does not count.
    """
    database, temporal_server = _check_database(), _check_temporal()
    clock = _check_clock() if database == "ok" else "unknown"
    is_ready = database == "ok"
    facts = {
        "status": "ready" if is_ready else "not ready",
        "database": database,
        "temporal": temporal_server,
        "clock": clock,
        "workers": _check_workers() if database == "ok" else "unknown",
    }
    return JsonResponse(facts, status=200 if is_ready else 503)


def _check_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "away"
    return "ok"


def _check_clock() -> str:
    """Tell how far this machine's clock is off; nothing is decided by it, so that it does not count."""
    try:
        skew = skew_watch.check()
    except Error:
        return "unknown"
    return "ok" if skew is None else describe_skew(skew)


def _check_workers() -> str:
    """Tell what the worker processes report of themselves: ready, degraded, not ready. Pages do not need them."""
    try:
        return judge_workers(queues=(contracts.ORDER_QUEUE, contracts.SHIPPING_QUEUE)).status
    except Error:
        return "unknown"


def _check_temporal() -> str:
    """Ask in another thread: a server that hangs must not make a probe take the web for broken.

    A question that waits behind one that hangs is taken back, so that none pile up.
    """
    question = _asker.submit(temporal.check_server)
    try:
        question.result(TEMPORAL_SECONDS)
    except OrderError:
        return "away"
    except TimeoutError:
        question.cancel()
        return "away"
    return "ok"
