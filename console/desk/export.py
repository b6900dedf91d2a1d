"""The orders of a filtered list as a file: CSV is sent while it is read, a workbook once it is whole."""

import logging
import tempfile
from contextlib import ExitStack
from typing import Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from console.desk.list_asked import ListAsked
from console.desk.saved_views import GONE, Shelf, read_shelf
from console.streaming import encode_lines
from orders.errors import TooManyRows
from orders.listing import workbook
from orders.listing.table import read_table, write_csv
from orders.models.list_export import CONTENT_TYPES, FileFormat

logger = logging.getLogger(__name__)
# More orders take a while, so that people may have the file made in the background.
MOST_AT_ONCE: Final = 10_000


@require_safe
@needs_view
def export_orders(request: ConsoleRequest) -> HttpResponse:
    """Send a file of exactly what the list's query asks for; a query that cannot be read leads to the list.

    Of a long list a page offers to have the file made in the background. With `now` it is sent at once.
    """
    file_format = request.GET.get("format", "csv")
    if file_format not in FileFormat.values:
        raise BadRequest("There is no such format.")
    shelf = read_shelf(request.user, named) if (named := request.GET.get("view", "")) else Shelf(())
    asked = ListAsked.read_query(shelf.expand(request.GET), request.user)
    if shelf.is_missing:
        raise Http404(str(GONE))
    if asked.query.errors:
        return redirect(asked.link())
    if file_format == "csv" and "now" not in request.GET and len(asked.find_all(MOST_AT_ONCE + 1)) > MOST_AT_ONCE:
        return render_page(request, "desk/export_long.html", {"asked": asked, "most": MOST_AT_ONCE})
    logger.info("orders exported by account %s", request.user.pk)
    try:
        response = _answer_csv(asked) if file_format == "csv" else _answer_workbook(asked)
    except TooManyRows as error:
        messages.warning(request, str(error))
        return redirect(asked.link())
    response["Content-Disposition"] = f'attachment; filename="orders-{timezone.localdate()}.{file_format}"'
    return response  # type: ignore[return-value]


def _answer_csv(asked: ListAsked) -> HttpResponseBase:
    rows = write_csv(read_table(*asked.table()))
    return StreamingHttpResponse(encode_lines(rows), content_type=CONTENT_TYPES[FileFormat.CSV])


def _answer_workbook(asked: ListAsked) -> HttpResponseBase:
    if len(asked.find_all(workbook.MOST_ROWS + 1)) > workbook.MOST_ROWS:
        raise TooManyRows(workbook.MOST_ROWS)
    with ExitStack() as if_it_fails:
        file = if_it_fails.enter_context(tempfile.TemporaryFile())
        workbook.write_workbook(read_table(*asked.table()), file)
        file.seek(0)
        if_it_fails.pop_all()  # from here on the response closes it
    return FileResponse(file, content_type=CONTENT_TYPES[FileFormat.XLSX])
