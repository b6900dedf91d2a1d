"""/orders/layout/: a person chooses the columns of their lists."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from console.access import ConsoleRequest, needs_view
from console.desk.layout import Layout
from console.desk.way_back import WayBack
from orders.models import ListLayout


@require_POST
@needs_view
def change_layout(request: ConsoleRequest) -> HttpResponse:
    """Keep what was chosen, or forget it with `usual`, and go back to the list."""
    chosen = Layout.of(request.POST.getlist("column"))
    if request.POST.get("usual") or chosen == Layout():
        ListLayout.objects.filter(account=request.user).delete()
    else:
        facts = {"columns": " ".join(chosen.names)}
        ListLayout.objects.update_or_create(account=request.user, defaults=facts)
    url = WayBack.read(request).url
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
