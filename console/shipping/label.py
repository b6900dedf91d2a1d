"""The label of an order's parcel, as a file."""

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from console.order.facts import NoSuchOrder
from orders.errors import LabelMissing, OrderNotFound, OutsideWorldFailed
from orders.shipping.label import read_label


class NoSuchLabel(NoSuchOrder):
    """The order has no label; the message is for people."""

    def __init__(self, sentence: str) -> None:
        Http404.__init__(self, sentence)


@require_safe
@needs_view
def send_label(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Send the carrier's file; a page with 503 says why the carrier gives none now."""
    try:
        label = read_label(order_id)
    except (OrderNotFound, LabelMissing) as error:
        raise NoSuchLabel(str(error)) from error
    except OutsideWorldFailed as error:
        context = {"order_id": order_id, "sentence": str(error)}
        return render_page(request, "shipping/no_label.html", context, status=503)
    headers = {
        "Content-Disposition": str(content_disposition_header(True, label.file_name)),
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(label.content, content_type=label.media_type, headers=headers)
