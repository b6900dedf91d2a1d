"""Writing comments on an order, and editing one's own."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import retarget

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.interruption import take_up
from console.comments.forms import CommentForm
from console.desk.way_back import WayBack
from console.order.facts import find_order, read_page_facts
from console.order.page import render_order
from orders.decisions.comment import add_comment, check_may_edit, edit_comment, list_versions
from orders.errors import CommentNotFound, OrderInvalid
from orders.models import Order, OrderEvent
from orders.permissions import check_may_comment


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def add(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Add a comment: 403 for who may only look, 422 for none or one that is too long. One form adds it once."""
    order = find_order(order_id)
    if request.method != "POST":
        return _lead_to(request, order)
    check_may_comment(request.user)
    form = CommentForm(request.POST)
    form.is_valid()
    try:
        text = form.cleaned_data.get("text", "")
        written = add_comment(order, actor=request.user, text=text, key=request.POST.get("key", ""))
    except OrderInvalid as error:
        return _show(request, order, form.again(str(error)))
    return _show_done(request, order, _describe(written, _("Comment added.")))


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def edit(request: ConsoleRequest, order_id: str, number: int) -> HttpResponse:
    """Edit an own comment: 403 for another's, 404 for none, 422 for what no comment can be."""
    order = find_order(order_id)
    try:
        versions = list_versions(order, number)
        check_may_edit(request.user, versions[0])
        if request.method != "POST":
            typed = take_up(request)
            text = typed.get("text", "") if typed is not None else versions[-1].data["text"]
            return _show(request, order, CommentForm(text=text, number=number), status=200)
        form = CommentForm(request.POST, number=number)
        form.is_valid()
        text = form.cleaned_data.get("text", "")
        key = request.POST.get("key", "")
        written = edit_comment(order, number, actor=request.user, text=text, key=key)
    except CommentNotFound as error:
        raise Http404(str(error)) from error
    except OrderInvalid as error:
        return _show(request, order, form.again(str(error)))
    return _show_done(request, order, _describe(written, _("Comment saved.")))


def _describe(written: OrderEvent, done: str) -> str:
    """Say that a comment is kept, and who is mentioned in it."""
    names = ", ".join(written.data.get("mentioned", ()))
    return _("%(done)s It mentions %(names)s.") % {"done": done, "names": names} if names else done


def _show(request: ConsoleRequest, order: Order, form: CommentForm, *, status: int = 422) -> HttpResponse:
    """Show the form on the order's page or, with htmx, the form alone in its place."""
    if request.htmx:
        context = {"order": order, "comment_form": form, "way_back": WayBack.read(request)}
        return render_page(request, "comments/_form.html", context, status=status)
    facts = read_page_facts(order, request.user, live=None, is_whole=True)
    return render_order(request, facts, comment_form=form, status=status)


def _show_done(request: ConsoleRequest, order: Order, sentence: str) -> HttpResponse:
    """Show the comment in the timeline, and an empty form for the next."""
    if not request.htmx:
        messages.success(request, sentence)
        return _lead_to(request, order)
    facts = read_page_facts(find_order(order.order_id), request.user, live=None, is_whole=False)
    response = render_order(request, facts, keeps_feedback=True, comment_form=CommentForm(), comment_feedback=sentence)
    return retarget(response, "#order-status")


def _lead_to(request: ConsoleRequest, order: Order) -> HttpResponse:
    """Redirect to the order's page, keeping the link back to the list."""
    return redirect(order.get_absolute_url() + WayBack.read(request).suffix)
