"""The person's notices: the list, what one of them leads to, that they were read, and what the bell asks for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from console.access import ConsoleRequest, needs_account, render_page
from console.accounts.interruption import take_up
from console.accounts.sessions import polled
from console.notices.bell import Bell
from orders import permissions
from orders.errors import OrderError
from orders.models import Notice
from orders.notifications import unread
from orders.notifications.making import OF_WAITING
from orders.notifications.words import NoticeWords
from orders.postgres.clock import database_now
from orders.reading.pages import Ordering, cut_page
from orders.states import NoticeKind

PAGE_SIZE: Final = 50
NEWEST: Final = Ordering("notices", field="id", is_descending=True, is_number=True)
# A primary key is no larger.
LARGEST: Final = 2**63 - 1


@dataclass(frozen=True)
class NoticeFace:
    """One notice as the list shows it; `deadline` is there while its order still waits for a decision."""

    number: int
    words: NoticeWords
    deadline: datetime | None
    made_at: datetime
    is_unread: bool

    @classmethod
    def of(cls, notice: Notice, *, may_view: bool) -> "NoticeFace":
        words = NoticeWords.of(notice, may_view=may_view)
        is_waiting = notice.kind in OF_WAITING and notice.read_at is None
        deadline = notice.order.approval_deadline if is_waiting and notice.order is not None and may_view else None
        return cls(notice.pk, words, deadline, notice.created_at, is_unread=notice.read_at is None)


@require_safe
@needs_account
def show_notices(request: ConsoleRequest) -> HttpResponse:
    """Show the person's notices, the newest first; with `show=unread` only those."""
    take_up(request)
    return render_page(request, "notices/notice_list.html", _describe(request))


@require_safe
@needs_account
def open_notice(request: ConsoleRequest, number: int) -> HttpResponse:
    """Lead to what a notice is about, and note that it was read; those of others do not exist."""
    notice = unread.find_notice(request.user.pk, number) if number <= LARGEST else None
    if notice is None:
        raise Http404
    if request.method == "GET":
        unread.mark_read(request.user.pk, number)
    return redirect(_find_target(notice, request))


@require_POST
@needs_account
def mark_read(request: ConsoleRequest) -> HttpResponse:
    """Note that one notice was read, or all up to the newest that the page showed."""
    number, upto = _read_number(request.POST.get("number")), _read_number(request.POST.get("upto"))
    if number is not None:
        unread.mark_read(request.user.pk, number)
    elif upto is not None:
        unread.mark_all_read(request.user.pk, upto=upto)
    else:
        return HttpResponse(status=400)
    if not request.htmx:
        return redirect(_address(show=request.POST.get("show", ""), cursor=request.POST.get("cursor", "")))
    vars(request.user)["unread_notices"] = unread.count_unread(request.user.pk)
    context = _describe(request) | {"just_read": number, "is_fragment": True, "bell": Bell.of(request.user)}
    return render_page(request, "notices/_list_changes.html", context)


@polled(lambda request: True)
@require_safe
@needs_account
def show_bell(request: ConsoleRequest) -> HttpResponse:
    """Show the bell to a page that shows another number than `seen`; 204 while the number is the same."""
    if not request.htmx:
        return redirect("notice-list")
    bell = Bell.of(request.user)
    seen = _read_number(request.GET.get("seen"))
    if seen == bell.unread:
        return HttpResponse(status=204)
    has_more = seen is not None and bell.unread > seen
    return render_page(request, "notices/_bell_changes.html", {"bell": bell, "has_more": has_more})


def _describe(request: ConsoleRequest) -> dict[str, Any]:
    asked = request.POST if request.method == "POST" else request.GET
    only_unread = asked.get("show") == "unread"
    show, cursor = "unread" if only_unread else "", asked.get("cursor", "")
    found = unread.list_notices(request.user.pk, is_unread=only_unread)
    try:
        page = cut_page(found, NEWEST, cursor=cursor, size=PAGE_SIZE)
    except OrderError:
        page, cursor = cut_page(found, NEWEST, size=PAGE_SIZE), ""
    may_view = permissions.may_view(request.user)
    faces = [NoticeFace.of(notice, may_view=may_view) for notice in page.rows]
    return {
        "notices": faces,
        "newest": faces[0].number if faces else 0,
        "only_unread": only_unread,
        "has_unread": any(face.is_unread for face in faces),
        "now": database_now(),
        "show": show,
        "cursor": cursor,
        "all_url": _address(),
        "unread_url": _address(show="unread"),
        "next_url": _address(show=show, cursor=page.next) if page.next else "",
        "previous_url": _address(show=show, cursor=page.previous) if page.previous else "",
    }


def _address(**query: str) -> str:
    given = {name: value for name, value in query.items() if value}
    return reverse("notice-list") + (f"?{urlencode(given)}" if given else "")


def _find_target(notice: Notice, request: ConsoleRequest) -> str:
    """Return the address of what a notice is about."""
    if notice.order is not None:
        return notice.order.get_absolute_url()
    if notice.kind == NoticeKind.BATCH_ENDED:
        return reverse("batch-detail", args=[notice.source])
    if notice.kind == NoticeKind.WEBHOOK_PAUSED and request.user.is_superuser:
        return reverse("admin:orders_webhookendpoint_change", args=[notice.data["webhook"]])
    return reverse("notice-list")


def _read_number(text: str | None) -> int | None:
    """Return a number that was sent, or None for anything else."""
    if not text or not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST)):
        return None
    return min(int(text), LARGEST)
