"""The orders of a filtered list as a file, read and sent in batches."""

import logging
from collections.abc import Iterator

from django.core.exceptions import BadRequest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view
from console.desk.list_asked import ListAsked
from orders.listing.table import read_table, write_csv

logger = logging.getLogger(__name__)


@require_safe
@needs_view
def export_orders(request: ConsoleRequest) -> HttpResponse:
    """Send a CSV file of exactly what the list's query asks for; a query that cannot be read leads to the list."""
    if request.GET.get("format", "csv") != "csv":
        raise BadRequest("There is no such format.")
    asked = ListAsked.read(request)
    if asked.query.errors:
        return redirect(asked.link())
    logger.info("orders exported by account %s", request.user.pk)
    response: HttpResponseBase = StreamingHttpResponse(
        _encode(write_csv(read_table(*asked.table()))), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="orders-{timezone.localdate()}.csv"'
    return response  # type: ignore[return-value]


def _encode(lines: Iterator[str]) -> Iterator[bytes]:
    """Yield pieces of some kilobytes: each line alone would be a packet."""
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == 200:
            yield "".join(piece).encode()
            piece = []
    yield "".join(piece).encode()
