"""/orders/views/: the saved views of a person, with what each finds, and what may be done with them."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from console.access import ConsoleRequest, needs_view, render_page
from console.accounts.sessions import polled
from console.desk.list_asked import ListAsked
from console.desk.saved_views import count_views, describe_words, read_shelf
from console.forms import LONGEST_QUERY
from orders.errors import ViewInvalid, ViewNotFound
from orders.listing import saved_views
from orders.models.saved_view import LONGEST_NAME

NOT_BY_DEFAULT: Final = gettext_lazy("“%s” no longer opens by default.")


@require_http_methods(["GET", "HEAD", "POST"])
@needs_view
def show_views(request: ConsoleRequest) -> HttpResponse:
    """List the person's views; a POST saves the list of `query` as another one and opens it."""
    if request.method != "POST":
        return _show(request)
    name = request.POST.get("name", "")
    try:
        query = _read_query(request)
        is_default = bool(request.POST.get("is_default"))
        view = saved_views.save_view(query, owner=request.user, name=name, is_default=is_default)
    except ViewInvalid as error:
        return _show(request, new_name=name, query=request.POST.get("query", ""), error=str(error))
    messages.success(request, gettext("Saved as “%s”.") % view.name)
    return _go(request, f"{reverse('order-list')}?view={view.view_id}")


@require_POST
@needs_view
def change_view(request: ConsoleRequest, view_id: str) -> HttpResponse:
    """Rename a view of one's own, replace its list, open it by default or no longer, or delete it."""
    change, owner = request.POST.get("change", ""), request.user
    url = reverse("view-list")
    try:
        if change == "rename":
            view = saved_views.rename_view(view_id, owner=owner, name=request.POST.get("name", ""))
            said = gettext("Renamed to “%s”.") % view.name
        elif change == "replace":
            view = saved_views.replace_query(view_id, _read_query(request), owner=owner)
            said, url = gettext("“%s” was changed.") % view.name, f"{reverse('order-list')}?view={view.view_id}"
        elif change in {"default", "usual"}:
            view = saved_views.choose_default(view_id, owner=owner, is_default=change == "default")
            said = (gettext("“%s” opens by default now.") if view.is_default else NOT_BY_DEFAULT) % view.name
        elif change == "delete":
            said = gettext("“%s” was deleted.") % saved_views.remove_view(view_id, owner=owner).name
        else:
            return HttpResponse(status=400)
    except ViewNotFound as error:
        raise Http404(str(error)) from error
    except ViewInvalid as error:
        return _show(request, renamed=view_id, new_name=request.POST.get("name", ""), error=str(error))
    messages.success(request, said)
    return _go(request, url)


@polled(lambda _request: True)
@require_safe
@needs_view
def show_counts(request: ConsoleRequest) -> HttpResponse:
    """Show how many orders each view of the person has, each for its place in an open list."""
    if not request.htmx:
        return redirect("view-list")
    counts = count_views(read_shelf(request.user).own, request.user)
    return render_page(request, "desk/_view_counts.html", {"counts": counts})


def _read_query(request: ConsoleRequest) -> str:
    """Return the query that was sent, as an address of the list has it. Raises ViewInvalid."""
    asked = ListAsked.read_query(QueryDict(request.POST.get("query", "")[:LONGEST_QUERY]), request.user)
    if asked.notices:  # without one of its filters the list would be a longer one
        raise ViewInvalid(gettext("This list cannot be saved as it is. %s") % asked.notices[0])
    return asked.whole_query


def _show(request: ConsoleRequest, *, error: str = "", **typed: Any) -> HttpResponse:
    own = read_shelf(request.user).own
    counts = count_views(own, request.user)
    views = [(view, describe_words(view.read(request.user)), counts.get(view.view_id, "")) for view in own]
    context = {"views": views, "error": error, "longest_name": LONGEST_NAME, **typed}
    return render_page(request, "desk/view_list.html", context, status=422 if error else 200)


def _go(request: ConsoleRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
