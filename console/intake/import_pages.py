"""Files of orders: uploading one, choosing how it is read, what a check found, and how far the import is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from console.access import ConsoleRequest, needs_submit, render_page
from console.accounts.interruption import take_up
from console.accounts.sessions import polled
from console.fingerprint import fingerprint
from console.intake.import_layout import LayoutForm, Preview, cut
from console.streaming import encode_lines
from orders.errors import FileRefused, ImportMoved, ImportNotFound, OrderError, OrderInvalid
from orders.imports import jobs
from orders.imports.failed_rows import write_failed_rows
from orders.imports.layout import Layout
from orders.imports.reading import CellError
from orders.imports.sheets import LARGEST_FILE, describe_too_large
from orders.imports.wording import word_errors
from orders.labels.imports import IMPORT_RESULT_LABELS, IMPORT_STATE_LABELS
from orders.language import is_english, write_number
from orders.models import ImportedOrder, OrderImport
from orders.reading.pages import Ordering, cut_page
from orders.states import ImportResult, ImportState

PAGE_SIZE: Final = 50
MOST_LISTED: Final = 50
MOST_ERRORS: Final = 20
ITEMS: Final = Ordering("imported", field="id", is_descending=False, is_number=True)


@dataclass(frozen=True)
class Counts:
    """How many orders of the file have come to what."""

    waiting: int = 0
    wrong: int = 0
    created: int = 0
    existing: int = 0
    refused: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Counts":
        return cls(counts.get("", 0), *(counts.get(result, 0) for result in ImportResult))

    @property
    def right(self) -> int:
        """How many are, or were, to be submitted."""
        return self.waiting + self.done

    @property
    def done(self) -> int:
        """How many of those have a result."""
        return self.created + self.existing + self.refused

    @property
    def failed(self) -> int:
        """How many stand in the file of failed rows."""
        return self.wrong + self.refused


@dataclass(frozen=True)
class ItemFace:
    """One order of the file in words: where it stands, what came of it, and what is wrong."""

    row: int
    number: str
    result: str
    words: str
    order_id: str
    errors: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        return self.result in jobs.SUBMITTED

    @property
    def is_failed(self) -> bool:
        return self.result in jobs.FAILED

    @classmethod
    def of(cls, item: ImportedOrder, importing: OrderImport, layout: Layout) -> "ItemFace":
        errors = [_describe_error(error) for error in word_errors(item, layout)[:MOST_ERRORS]]
        if (others := len(item.errors) - MOST_ERRORS) > 0:
            errors.append(_("And %(count)s more.") % {"count": write_number(others)})
        order_id = item.order.order_id if item.order else ""
        number = cut(item.shop_order_number, 64)
        return cls(item.first_row, number, item.result, _describe_item(item, importing), order_id, tuple(errors))


def _describe_error(error: CellError) -> str:
    facts = {"row": error.row, "field": error.label or _("order"), "sentence": error.sentence}
    return _("Row %(row)s, %(field)s: %(sentence)s") % facts


def _describe_item(item: ImportedOrder, importing: OrderImport) -> str:
    if item.result:
        return str(IMPORT_RESULT_LABELS[ImportResult(item.result)])
    if importing.state == ImportState.STOPPED:
        return _("Not submitted")
    if importing.state == ImportState.RUNNING:
        return _("Its turn is still to come")
    return _("Submitted before") if item.is_known else _("Can be imported")


@require_http_methods(["GET", "HEAD", "POST"])
@needs_submit
def show_imports(request: ConsoleRequest) -> HttpResponse:
    """Show the form for a file and the person's own imports, or keep the file that was uploaded."""
    if request.method != "POST":
        take_up(request)
        return _show_imports(request)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise FileRefused(_("Choose a CSV or Excel file."))
        if (upload.size or 0) > LARGEST_FILE:
            raise FileRefused(describe_too_large())
        currency = settings.ORDER_CURRENCIES[0]
        importing = jobs.create_import(upload.name or "", upload.read(), actor=request.user, currency=currency)
    except FileRefused as error:
        return _show_imports(request, complaint=str(error), status=422)
    return redirect("import-detail", importing.import_id)


def _show_imports(request: ConsoleRequest, *, complaint: str = "", status: int = 200) -> HttpResponse:
    own = OrderImport.objects.filter(actor_account_id=request.user.pk).defer("layout", "sample")[:MOST_LISTED]
    named = [(importing, IMPORT_STATE_LABELS[ImportState(importing.state)]) for importing in own]
    context = {"imports": named, "complaint": complaint, "largest": LARGEST_FILE // 1024 // 1024}
    return render_page(request, "intake/import_list.html", context, status=status)


@polled(lambda request: "seen" in request.GET)
@require_safe
@needs_submit
def show_import(request: ConsoleRequest, import_id: str) -> HttpResponse:
    """Show an import; to the page's own poll only when something has changed, and 286 once nothing is under way."""
    importing = _read(request, import_id)
    if not request.htmx:
        take_up(request)
        return render_page(request, "intake/import_detail.html", _describe(request, importing))
    context = _describe(request, importing)
    is_over = importing.state not in jobs.UNDER_WAY
    if request.GET.get("seen") == context["seen"]:
        return HttpResponseStopPolling() if is_over else HttpResponse(status=204)
    response = render_page(request, "intake/_import.html", context)
    if is_over:
        response.status_code = HttpResponseStopPolling.status_code
    return response


@require_POST
@needs_submit
def change_import(request: ConsoleRequest, import_id: str) -> HttpResponse:
    """Do what the `change` button says, then show where that leads."""
    importing, change = _read(request, import_id), request.POST.get("change", "")
    deeds: dict[str, Callable[[], Any]] = {
        "back": partial(jobs.go_back, import_id, actor=request.user),
        "confirm": partial(jobs.confirm_import, import_id, actor=request.user),
        "stop": partial(jobs.stop_import, import_id, actor=request.user),
    }
    try:
        if change in {"preview", "check"}:
            return _choose(request, importing, is_check=change == "check")
        if change not in deeds:
            return HttpResponse(status=400)
        deeds[change]()
    except ImportMoved as error:
        messages.warning(request, str(error))
    except (FileRefused, OrderInvalid) as error:
        context = _describe(request, _read(request, import_id), complaint=str(error))
        return render_page(request, "intake/import_detail.html", context, status=422)
    return redirect("import-detail", import_id)


def _choose(request: ConsoleRequest, importing: OrderImport, *, is_check: bool) -> HttpResponse:
    """Take the form on how the file is read, and begin the check if that is asked for. Raises OrderError."""
    form = LayoutForm(importing, request.POST)
    if not form.is_valid():
        context = _describe(request, importing, form=form, complaint=_("Some choices are not offered. Choose again."))
        return render_page(request, "intake/import_detail.html", context, status=422)
    stands = jobs.choose_layout(
        importing.import_id, actor=request.user, reading=form.reading, shop=form.chosen_shop, columns=form.columns
    )
    if not stands:
        messages.warning(request, _("Read in this way, the file has other columns. Check which column holds what."))
    elif is_check:
        jobs.start_check(importing.import_id, actor=request.user)
    return redirect("import-detail", importing.import_id)


@require_safe
@needs_submit
def download_failed(request: ConsoleRequest, import_id: str) -> HttpResponse:
    """Send the rows that were not submitted as a file to correct."""
    importing = _read(request, import_id)
    response = StreamingHttpResponse(encode_lines(write_failed_rows(importing)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="failed-rows-{importing.import_id}.csv"'
    return response  # type: ignore[return-value]


def _read(request: ConsoleRequest, import_id: str) -> OrderImport:
    try:
        return jobs.read_import(import_id, actor=request.user)
    except ImportNotFound as error:
        raise Http404(str(error)) from error


def _describe(
    request: ConsoleRequest, importing: OrderImport, *, form: LayoutForm | None = None, complaint: str = ""
) -> dict[str, Any]:
    state = ImportState(importing.state)
    context: dict[str, Any] = {
        "importing": importing,
        "state_label": IMPORT_STATE_LABELS[state],
        "complaint": complaint,
        "is_under_way": state in jobs.UNDER_WAY,
        "is_own": importing.actor_account_id == request.user.pk,
    }
    if state == ImportState.CHOOSING:
        seen = fingerprint((state, importing.trouble))
        return context | {"form": form or LayoutForm(importing), "preview": Preview.of(importing), "seen": seen}
    return context | _describe_results(request, importing)


def _describe_results(request: ConsoleRequest, importing: OrderImport) -> dict[str, Any]:
    """Return what the check or the import has come to, a page of its orders, and the links to others."""
    counts = Counts.of(jobs.count_results(importing))
    is_checked = importing.state == ImportState.CHECKED
    items = ImportedOrder.objects.filter(of=importing).select_related("order")
    known = items.filter(is_known=True).count() if is_checked else 0
    show = request.GET.get("show", "failed" if is_checked and counts.wrong else "all")
    if show == "failed":
        items = items.filter(result__in=jobs.FAILED)
    cursor = request.GET.get("cursor", "")
    names = ["first_row", "shop_order_number", "result", "is_known", "errors", "order__order_id"]
    items = items.only(*names) if is_english() else items.only(*names, "rows")
    try:
        page = cut_page(items, ITEMS, cursor=cursor, size=PAGE_SIZE)
    except OrderError:
        page, cursor = cut_page(items, ITEMS, size=PAGE_SIZE), ""
    layout = jobs.read_layout(importing)
    faces = [ItemFace.of(item, importing, layout) for item in page.rows]
    seen = fingerprint((importing.state, importing.rows, counts, faces))

    def link(**query: str) -> str:
        return f"{request.path}?{urlencode({name: value for name, value in query.items() if value})}"

    return {
        "counts": counts,
        "known": known,
        "items": faces,
        "show": show,
        "all_url": link(show="all"),
        "failed_url": link(show="failed"),
        "next_url": link(show=show, cursor=page.next) if page.next else "",
        "previous_url": link(show=show, cursor=page.previous) if page.previous else "",
        "poll_url": link(show=show, cursor=cursor, seen=seen),
        "seen": seen,
    }
