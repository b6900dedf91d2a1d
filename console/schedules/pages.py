"""/orders/schedules/: the exports that a person gets by e-mail, with what became of each, and how they are changed."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.interruption import take_up
from console.accounts.personal_settings import read_settings
from console.accounts.sessions import polled
from console.desk.list_asked import ListAsked
from console.desk.saved_views import GONE, Shelf, describe_words, is_explicit, read_shelf
from console.fingerprint import fingerprint
from console.schedules.form import ScheduleForm
from console.schedules.results import describe_result
from orders.errors import OrderInvalid, ScheduleHeld, ScheduleNotFound
from orders.labels.schedules import describe_times
from orders.models import ExportSchedule, ExportSending, SavedView
from orders.schedules import keeping, sending


@polled(lambda request: "seen" in request.GET)
@require_safe
@needs_view
def show_schedules(request: ConsoleRequest) -> HttpResponse:
    """List the person's scheduled exports; to the page's own poll only when something has changed."""
    return _show(request)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def create_schedule(request: ConsoleRequest) -> HttpResponse:
    """Schedule the list of the address: its filters as they stand there, or the saved view that it names."""
    named = request.GET.get("view", "")
    shelf = read_shelf(request.user, named) if named else Shelf(())
    if shelf.is_missing:
        raise Http404(str(GONE))
    asked = ListAsked.read_query(shelf.expand(request.GET), request.user)
    # A list that was changed since its view was opened is no longer the view's.
    view = None if shelf.is_changed(asked) and is_explicit(request.GET) else shelf.current
    if asked.notices:  # without one of its filters the list would be a longer one
        return redirect(asked.link())
    data = request.POST if request.method == "POST" else take_up(request)
    words = describe_words(asked)
    zone = read_settings(request.user).time_zone
    form = ScheduleForm.of_new(data, name=view.name if view else words, time_zone=zone)
    if request.method == "POST" and form.is_valid():
        try:
            schedule = keeping.add_schedule(
                form.read(), owner=request.user, query=asked.whole_query, view_id=view.view_id if view else ""
            )
        except OrderInvalid as error:
            form.complain(error)
        else:
            messages.success(request, _("“%s” was scheduled.") % schedule.name)
            return _go(request)
    return _show_form(request, form, words, view_name=view.name if view else "", list_url=asked.link())


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def edit_schedule(request: ConsoleRequest, schedule_id: str) -> HttpResponse:
    """Change the name, the kind of file and the times of a scheduled export of one's own."""
    schedule = _find(request, schedule_id)
    data = request.POST if request.method == "POST" else take_up(request)
    form = ScheduleForm.of(schedule, data if data is not None and "name" in data else None)
    if request.method == "POST" and form.is_valid():
        try:
            keeping.change_schedule(schedule_id, form.read(), owner=request.user)
        except OrderInvalid as error:
            form.complain(error)
        else:
            messages.success(request, _("“%s” was changed.") % form.cleaned_data["name"])
            return _go(request)
    found = _read_list(schedule, _read_views([schedule]), request)
    return _show_form(request, form, schedule=schedule, **found)


@require_POST
@needs_view
def change_schedule(request: ConsoleRequest, schedule_id: str) -> HttpResponse:
    """Send a scheduled export of one's own now, pause it, resume it, or delete it."""
    change, owner = request.POST.get("change", ""), request.user
    try:
        if change == "send":
            sending.send_now(schedule_id, owner=owner)
            said = _("The file is being made. It is sent when it is ready.")
        elif change == "pause":
            said = _("“%s” is paused.") % keeping.pause_schedule(schedule_id, owner=owner).name
        elif change == "resume":
            said = _("“%s” is sent again.") % keeping.resume_schedule(schedule_id, owner=owner).name
        elif change == "delete":
            said = _("“%s” was deleted.") % keeping.remove_schedule(schedule_id, owner=owner).name
        else:
            return HttpResponse(status=400)
    except ScheduleNotFound as error:
        raise Http404(str(error)) from error
    except ScheduleHeld as error:
        return _show(request, error=str(error))
    messages.success(request, said)
    return _go(request)


def _find(request: ConsoleRequest, schedule_id: str) -> ExportSchedule:
    try:
        return keeping.read_schedule(schedule_id, owner=request.user)
    except ScheduleNotFound as error:
        raise Http404(str(error)) from error


def _show(request: ConsoleRequest, *, error: str = "") -> HttpResponse:
    schedules = list(ExportSchedule.objects.filter(account=request.user))
    latest = _read_latest(schedules)
    views = _read_views(schedules)
    results = {pk: describe_result(each) for pk, each in latest.items()}
    seen = fingerprint([(each.pk, each.next_at, each.pause, results.get(each.pk)) for each in schedules])
    if request.htmx and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    cards = [
        {
            "schedule": each,
            "times": describe_times(each.weekdays, each.hour, each.time_zone),
            "latest": latest.get(each.pk),
            "result": results.get(each.pk),
            **_read_list(each, views, request),
        }
        for each in schedules
    ]
    is_pending = any(result.is_pending for result in results.values())
    context = {**_describe_mail(request), "cards": cards, "is_pending": is_pending, "seen": seen, "error": error}
    template = "schedules/_schedules.html" if request.htmx and not error else "schedules/schedule_list.html"
    return render_page(request, template, context, status=422 if error else 200)


def _show_form(
    request: ConsoleRequest,
    form: ScheduleForm,
    words: str,
    *,
    view_name: str = "",
    list_url: str = "",
    schedule: ExportSchedule | None = None,
) -> HttpResponse:
    context = {
        **_describe_mail(request),
        "form": form,
        "words": words,
        "view_name": view_name,
        "list_url": list_url,
        "schedule": schedule,
    }
    status = 422 if request.method == "POST" else 200
    return render_page(request, "schedules/schedule_form.html", context, status=status)


def _describe_mail(request: ConsoleRequest) -> dict[str, Any]:
    """Return whether and where e-mail is sent, and up to which size a file is in it."""
    megabytes = sending.MOST_ATTACHED_BYTES // 1_000_000
    return {"has_mail": settings.SENDS_MAIL, "address": request.user.email, "most_megabytes": megabytes}


def _read_latest(schedules: Sequence[ExportSchedule]) -> dict[int, ExportSending]:
    """Return the latest time of each schedule that was due at all; one statement."""
    found = ExportSending.objects.filter(schedule__in=schedules).order_by("schedule_id", "-id").distinct("schedule_id")
    return {each.schedule_id: each for each in found.select_related("export", "mail")} if schedules else {}


def _read_views(schedules: Sequence[ExportSchedule]) -> dict[str, SavedView]:
    """Return the saved views that schedules follow, by their ids."""
    view_ids = {each.view_id for each in schedules if each.view_id}
    return {view.view_id: view for view in SavedView.objects.filter(view_id__in=view_ids)} if view_ids else {}


def _read_list(schedule: ExportSchedule, views: dict[str, SavedView], request: ConsoleRequest) -> dict[str, Any]:
    """Return the list of a schedule in words, and where it is; nothing of a view that was deleted."""
    view = views.get(schedule.view_id)
    if schedule.view_id and view is None:
        return {"words": "", "view_name": "", "list_url": ""}
    if view is not None:
        asked = ListAsked.read_query(QueryDict(view.query), request.user)
        url = f"{reverse('order-list')}?view={view.view_id}"
        return {"words": describe_words(asked), "view_name": view.name, "list_url": url}
    asked = ListAsked.read_query(QueryDict(schedule.query), request.user)
    return {"words": describe_words(asked), "view_name": "", "list_url": asked.link()}


def _go(request: ConsoleRequest) -> HttpResponse:
    url = reverse("schedule-list")
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
