"""One decision on many orders: how soon the request answers, and when all of them are decided in the background."""

import time
from typing import Final
from urllib.parse import urlencode

from orders.models import Batch
from orders.states import BatchState, DecisionKind
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.web.site import started_site, submit_orders
from tests.benchmark.web.visitor import Visitor, make_approvers
from tests.waiting import wait_until

SIZES: Final = (50, 500, 5_000)
# The answer for 50 and the end of 500 are what people wait for.
TARGETS: Final[dict[int, tuple[str, str]]] = {50: ("≤ 300", ""), 500: ("≤ 200", "≤ 10")}
PREVIEWS: Final = 5


def measure(scale: Scale) -> list[Figure]:
    """Cancel batches of each size, on a console with all its servers and workers."""
    figures: list[Figure] = []
    with started_site(web_processes=1) as site:
        user = make_approvers(1)[0]
        for size in (size for size in SIZES if size <= scale.orders):
            submit_orders(size)
            figures += _decide(Visitor(site.port, user), size)
    return figures


def _decide(visitor: Visitor, size: int) -> list[Figure]:
    chosen = {"csrfmiddlewaretoken": visitor.get("/orders/").token, "query": "status=awaiting"}
    previews = sorted(_post(visitor, chosen | {"ask_all": DecisionKind.CANCEL.value})[0] for _ in range(PREVIEWS))
    confirmed = {"scope": "all", "confirmed": str(size), "kind": DecisionKind.CANCEL.value, "reason": "Stock was lost"}
    began = time.perf_counter()
    milliseconds, url = _post(visitor, chosen | confirmed)
    batches = Batch.objects.filter(batch_id=url.partition("?")[0].strip("/").rpartition("/")[2])
    assert batches.get().total == size
    wait_until(batches.filter(state=BatchState.DONE).exists, seconds=60 + size / 10, what="the end of the batch")
    seconds = time.perf_counter() - began
    answered, decided = TARGETS.get(size, ("", ""))
    return [
        Figure(f"bulk of {size:,}: the preview", previews[PREVIEWS // 2], "ms"),
        Figure(f"bulk of {size:,}: the answer", milliseconds, "ms", target=answered),
        Figure(f"bulk of {size:,}: all decided", seconds, "s", target=decided),
        Figure(f"bulk of {size:,}: orders decided", size / seconds, "a second"),
    ]


def _post(visitor: Visitor, fields: dict[str, str]) -> tuple[float, str]:
    """Send the form; return the milliseconds until the answer, and where it leads to."""
    begin = time.perf_counter()
    answer = visitor.post("/orders/bulk/", urlencode(fields))
    assert answer.status == 200, answer.text
    return (time.perf_counter() - begin) * 1000, answer.headers.get("HX-Redirect", "")
