"""/keys/: what single keys do. A dialog by htmx, a page without."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page


@require_safe
@needs_view
def show_keys(request: ConsoleRequest) -> HttpResponse:
    """List the keys that the person who asks may use."""
    return render_page(request, "system/_keys_dialog.html" if request.htmx else "system/keys.html")
