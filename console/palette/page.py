"""/palette/: the command palette, which leads to anything by a few letters. A dialog by htmx, a page without."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from console.palette.choices import list_choices
from orders.identifiers import is_order_id
from orders.reading.search import LONGEST_SEARCH
from orders.texts import clean_line


@require_safe
@needs_view
def show_palette(request: ConsoleRequest) -> HttpResponse:
    """Show what the text `q` leads to, and what may be done with the order of the page that asks."""
    typed = clean_line(request.GET.get("q", ""), limit=None)[:LONGEST_SEARCH]
    order_id = request.GET.get("order", "")
    order_id = order_id if is_order_id(order_id) else ""
    groups = list_choices(typed, user=request.user, order_id=order_id)
    context = {
        "groups": groups,
        "typed": typed,
        "order_id": order_id,
        "longest": LONGEST_SEARCH,
        "count": sum(len(group.choices) for group in groups),
    }
    return render_page(request, "palette/_found.html" if request.htmx else "palette/palette.html", context)
