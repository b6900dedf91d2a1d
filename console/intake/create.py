"""The form for a new order. One address: the page, its rows of lines, its live total, and the submission."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.access import ConsoleRequest, needs_submit, render_page
from console.accounts.interruption import take_up
from console.intake.lines import read_typed_lines
from console.intake.submission import Complaint, Submission
from orders.errors import KeyReused, OrderError, OrderInvalid
from orders.imports.pasting import read_pasted
from orders.intake.drafts import MOST_LINES, TypedLine
from orders.intake.submission import submit_order
from orders.language import write_number
from orders.permissions import may_view
from orders.postgres.clock import database_now

PASTED: Final = gettext_lazy("The pasted rows are lines of the order now. Check them and submit again.")


@require_http_methods(["GET", "HEAD", "POST"])
@needs_submit
def create_order(request: ConsoleRequest) -> HttpResponse:
    """Show the form, or do what the `intent` button says: change rows, update the total, or submit."""
    if request.method != "POST":
        typed = take_up(request)
        if typed is not None:
            return _show(request, Submission.retyped(typed.dict(), read_typed_lines(typed), focus_row=None))
        return _show(request, Submission.blank())
    intent = request.POST.get("intent", "submit")
    if intent == "total":
        return _show_change(request, "intake/_totals.html")
    if intent == "country":
        return _show_change(request, "intake/_address_parts.html")
    if intent == "add" or intent.startswith("remove-"):
        return _show_change(request, "intake/_lines.html", intent=intent)
    if intent == "paste" or request.POST.get("pasted", "").strip():
        return _paste(request, is_submitted=intent != "paste")
    return _submit(request)


def _show_change(request: ConsoleRequest, fragment: str, *, intent: str = "") -> HttpResponse:
    """Show what was typed, with rows added or removed, without validating or storing it."""
    lines, focus_row = _change_lines(read_typed_lines(request.POST), intent)
    submission = Submission.retyped(request.POST.dict(), lines, focus_row=focus_row)
    submission.pasted = request.POST.get("pasted", "")
    if not request.htmx:
        return _show(request, submission)
    submission.order_form.keep_what_is_typed()
    context = {"submission": submission, "most_lines": MOST_LINES, "is_fragment": True}
    return render_page(request, fragment, context)


def _change_lines(lines: tuple[TypedLine, ...], intent: str) -> tuple[tuple[TypedLine, ...], int | None]:
    """Return the changed rows, and the row to focus."""
    blank = TypedLine(quantity="1")
    if intent == "add" and len(lines) < MOST_LINES:
        return (*lines, blank), len(lines)
    row = intent.removeprefix("remove-")
    if intent.startswith("remove-") and row.isascii() and row.isdigit() and int(row) < len(lines):
        left = tuple(line for index, line in enumerate(lines) if index != int(row)) or (blank,)
        return left, min(int(row), len(left) - 1)
    return lines or (blank,), None


def _paste(request: ConsoleRequest, *, is_submitted: bool) -> HttpResponse:
    """Show pasted rows as lines; who submits the form with rows in it looks at them first."""
    lines = tuple(line for line in read_typed_lines(request.POST) if not line.is_blank)
    pasted = request.POST.get("pasted", "")
    complaint, text = str(PASTED) if is_submitted else "", ""
    focus_row: int | None = len(lines)
    try:
        lines += _read_pasted(pasted, len(lines))
    except OrderInvalid as error:
        complaint, text, focus_row = str(error), pasted, None
    submission = Submission.retyped(request.POST.dict(), lines, focus_row=focus_row)
    submission.pasted, submission.paste_complaint = text, complaint
    status = 422 if complaint else 200
    if not request.htmx:
        return _show(request, submission, status=status)
    context = {"submission": submission, "most_lines": MOST_LINES, "is_fragment": True}
    return render_page(request, "intake/_lines.html", context, status=status)


def _read_pasted(text: str, lines: int) -> tuple[TypedLine, ...]:
    """Return the lines of pasted rows. Raises OrderInvalid for none, and for too many beside the others."""
    rows = read_pasted(text)
    if not rows:
        raise OrderInvalid(_("Paste at least one row."))
    if lines + len(rows) > MOST_LINES:
        sentence = _("An order has at most %(most)s lines; with these rows it would have %(lines)s.")
        raise OrderInvalid(sentence % {"most": write_number(MOST_LINES), "lines": write_number(lines + len(rows))})
    return rows


def _submit(request: ConsoleRequest) -> HttpResponse:
    submission, started_at = Submission.sent(request.POST), database_now()
    if not submission.is_valid():
        return _show(request, submission, status=422)
    key = submission.order_form.cleaned_data["idempotency_key"]
    try:
        order = submit_order(submission.draft, actor=request.user, idempotency_key=key)
    except KeyReused as error:
        return _show(request, Submission.refused(request.POST, _describe_reuse(error, request.user)), status=409)
    except OrderError as error:
        submission.order_form.add_error(None, str(error))
        return _show(request, submission, status=422)
    if order.created_at < started_at:
        messages.warning(
            request, _("This form has already been submitted and created this order. No second order was created.")
        )
    else:
        messages.success(request, _("Order %(order_id)s was submitted.") % {"order_id": order.order_id})
    return redirect(order)


def _describe_reuse(error: KeyReused, user: User) -> Complaint:
    """Say that this form has made another order, which one, and what to do; only who may look is led to it."""
    again = _("To create a new order from what you see below, submit it again.")
    if not error.order_id:
        sentence = _("This form was already used by someone else.")
        return Complaint(f"{sentence} {again}")
    sentence = _("This form was already submitted with other contents and created %(order_id)s.")
    return Complaint(
        f"{sentence % {'order_id': error.order_id}} {again}", order_id=error.order_id if may_view(user) else ""
    )


def _show(request: ConsoleRequest, submission: Submission, *, status: int = 200) -> HttpResponse:
    context = {"submission": submission, "most_lines": MOST_LINES}
    return render_page(request, "intake/order_create.html", context, status=status)
