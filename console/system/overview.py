"""The page of the system's own state: Temporal, the workers, what is on its way, the gateway, the database."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.sessions import polled
from console.system.engine import BEHIND_SECONDS
from console.system.health import ask_temporal
from orders.contracts import ORDER_QUEUE, SHIPPING_QUEUE
from orders.engine.relay import find_delay
from orders.engine.worker_health import WorkersHealth, judge_workers
from orders.labels.health import describe_problem
from orders.labels.spans import describe_span
from orders.language import write_number
from orders.models import Order, OutboxMessage, PaymentAttempt
from orders.postgres.clock import database_now, skew_watch

POLL_SECONDS: Final = 5
MOST_COUNTED: Final = 10_000
# The latest calls to the gateway that are judged; the primary key finds them.
LATEST_CALLS: Final = 100
MOST_FAILED_SHARE: Final = 0.2


@dataclass(frozen=True)
class Part:
    """One part of the system: whether it works, and what is known of it, in words."""

    name: str
    is_well: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class ProcessFace:
    """One worker process in words."""

    name: str
    queues: str
    seen_at: datetime
    is_ready: bool
    problems: tuple[str, ...]


@polled(lambda request: "HX-Request" in request.headers)
@require_safe
@needs_view
def show_system(request: ConsoleRequest) -> HttpResponse:
    """Show the state of every part; the page asks for it again every few seconds."""
    health = judge_workers(queues=(ORDER_QUEUE, SHIPPING_QUEUE))
    now = database_now()
    parts = (
        _judge_temporal(),
        _judge_workers(health),
        _judge_outbox(),
        _judge_orders(),
        _judge_gateway(),
        _judge_database(),
    )
    context = {
        "parts": parts,
        "processes": _describe_processes(health, now),
        "is_well": all(part.is_well for part in parts),
        "now": now,
        "poll_seconds": POLL_SECONDS,
        "has_mail_folder": bool(settings.EMAIL_FILE_PATH) and request.user.is_superuser,
    }
    return render_page(request, "system/_system.html" if request.htmx else "system/system.html", context)


def _judge_temporal() -> Part:
    if ask_temporal() == "ok":
        return Part(_("Temporal"), is_well=True, sentences=(_("It answers."),))
    sentence = _("It cannot be reached from the web server. Orders and decisions are saved and take effect later.")
    return Part(_("Temporal"), is_well=False, sentences=(sentence,))


def _judge_workers(health: WorkersHealth) -> Part:
    problems = tuple(dict.fromkeys(describe_problem(problem) for problem in health.problems))
    count = len(health.processes)
    running = ngettext("%(count)d process reports.", "%(count)d processes report.", count) % {"count": count}
    return Part(_("Workers"), is_well=health.is_ready, sentences=(running, *problems) if count else problems)


def _judge_outbox() -> Part:
    pending = OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING).order_by()[:MOST_COUNTED].count()
    refused = OutboxMessage.objects.filter(status=OutboxMessage.Status.REFUSED).order_by()[:MOST_COUNTED].count()
    delay = find_delay()
    sentences = [_("Everything has been delivered.")]
    if pending:
        facts = {"count": _count(pending), "span": describe_span(delay)}
        sentence = ngettext(
            "%(count)s message is on its way, for %(span)s.",
            "%(count)s messages are on their way, the oldest for %(span)s.",
            pending,
        )
        sentences = [sentence % facts]
    if refused:
        sentence = ngettext("Temporal refused %(count)s message.", "Temporal refused %(count)s messages.", refused)
        sentences.append(sentence % {"count": _count(refused)})
    is_well = not refused and delay <= timedelta(seconds=BEHIND_SECONDS)
    return Part(_("Messages to Temporal"), is_well=is_well, sentences=tuple(sentences))


def _judge_orders() -> Part:
    count = Order.objects.in_trouble().count_up_to(MOST_COUNTED)
    if not count:
        return Part(_("Orders"), is_well=True, sentences=(_("No order is in trouble."),))
    sentence = ngettext("%(count)s order is in trouble.", "%(count)s orders are in trouble.", count)
    return Part(_("Orders"), is_well=False, sentences=(sentence % {"count": _count(count)},))


def _judge_gateway() -> Part:
    """Judge the gateways by the latest calls that were made to them."""
    outcomes = PaymentAttempt.objects.order_by("-pk").values_list("outcome", flat=True)[:LATEST_CALLS]
    counts: Mapping[str, int] = Counter(outcomes)
    total = sum(counts.values())
    if not total:
        return Part(_("Payment gateway"), is_well=True, sentences=(_("It has not been called yet."),))
    failed = counts.get(PaymentAttempt.Outcome.FAILED, 0) + counts.get(PaymentAttempt.Outcome.UNKNOWN, 0)
    facts = {
        "total": total,
        "succeeded": counts.get(PaymentAttempt.Outcome.SUCCEEDED, 0),
        "declined": counts.get(PaymentAttempt.Outcome.DECLINED, 0),
        "failed": failed,
    }
    sentence = _(
        "The latest %(total)d calls: %(succeeded)d succeeded, %(declined)d declined, %(failed)d without an answer."
    )
    return Part(_("Payment gateway"), is_well=failed <= MOST_FAILED_SHARE * total, sentences=(sentence % facts,))


def _judge_database() -> Part:
    skew = skew_watch.check()
    return Part(_("Database"), is_well=skew is None, sentences=(_describe_clock(skew),))


def _describe_clock(skew: timedelta | None) -> str:
    """Say that the database answers, or by how much this machine's clock differs from its own."""
    if skew is None:
        return _("It answers.")
    ahead = _("This machine's clock is %(seconds)s s ahead of PostgreSQL's clock.")
    behind = _("This machine's clock is %(seconds)s s behind PostgreSQL's clock.")
    return (ahead if skew > timedelta(0) else behind) % {"seconds": f"{abs(skew.total_seconds()):.0f}"}


def _describe_processes(health: WorkersHealth, now: datetime) -> list[ProcessFace]:
    return [
        ProcessFace(
            name=f"{process.pid}@{process.host}",
            queues=", ".join(process.queues),
            seen_at=now - timedelta(seconds=process.seconds_since_report),
            is_ready=process.is_ready,
            problems=tuple(describe_problem(problem) for problem in process.problems),
        )
        for process in health.processes
    ]


def _count(count: int) -> str:
    return _("more than %(count)s") % {"count": write_number(count)} if count >= MOST_COUNTED else write_number(count)
