"""/orders/exports/: files of long lists, made in the background: how far they are, and the files themselves."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.sessions import polled
from console.desk.list_asked import ListAsked
from console.desk.saved_views import describe_words
from console.fingerprint import fingerprint
from console.forms import LONGEST_QUERY
from orders.errors import ExportNotFound, OrderInvalid
from orders.listing import exports
from orders.models import ListExport


@polled(lambda request: "seen" in request.GET)
@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def show_exports(request: ConsoleRequest) -> HttpResponse:
    """List the person's files; to the page's own poll only when something has changed. A POST asks for another one."""
    if request.method != "POST":
        return _show(request)
    asked = ListAsked.read_query(QueryDict(request.POST.get("query", "")[:LONGEST_QUERY]), request.user)
    try:
        if asked.notices:  # without one of its filters the list would be a longer one
            raise OrderInvalid(gettext("This list cannot be read as it is. %s") % asked.notices[0])
        exports.begin_export(asked.whole_query, owner=request.user)
    except OrderInvalid as error:
        return _show(request, error=str(error))
    return _go(request)


@require_safe
@needs_view
def send_file(request: ConsoleRequest, export_id: str) -> HttpResponse:
    """Send a file of one's own that is done."""
    export = _find(request, export_id)
    if not export.is_done:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{export.file_name}"'}
    response: HttpResponseBase = StreamingHttpResponse(export.read(), content_type=export.content_type, headers=headers)
    return response  # type: ignore[return-value]


@require_POST
@needs_view
def delete_export(request: ConsoleRequest, export_id: str) -> HttpResponse:
    """Delete a file of one's own, or have it not made any further."""
    _find(request, export_id)
    exports.remove_export(export_id, owner=request.user)
    messages.success(request, gettext("The file was deleted."))
    return _go(request)


def _find(request: ConsoleRequest, export_id: str) -> ListExport:
    try:
        return exports.read_export(export_id, owner=request.user)
    except ExportNotFound as error:
        raise Http404(str(error)) from error


def _show(request: ConsoleRequest, *, error: str = "") -> HttpResponse:
    found = list(ListExport.objects.filter(account=request.user))
    seen = fingerprint([(export.export_id, export.state, export.rows) for export in found])
    if request.htmx and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context: dict[str, Any] = {
        "exports": [(export, describe_words(_read(export, request))) for export in found],
        "is_pending": any(export.is_pending for export in found),
        "seen": seen,
        "error": error,
    }
    template = "desk/_exports.html" if request.htmx and not error else "desk/export_list.html"
    return render_page(request, template, context, status=422 if error else 200)


def _read(export: ListExport, request: ConsoleRequest) -> ListAsked:
    return ListAsked.read_query(QueryDict(export.query), request.user)


def _go(request: ConsoleRequest) -> HttpResponse:
    url = reverse("export-list")
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
