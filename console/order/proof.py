"""The proof of an order's payment: a page, and the same as a JSON file that can be checked later."""

from django.http import HttpResponse, JsonResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs_view, render_page
from console.order.facts import find_order
from orders.models import PaymentAttempt, Refund
from orders.money import Money
from orders.proof.labels import describe_verdict
from orders.proof.payment import read_proof
from orders.proof.verdict import SOUND, Verdict, VerdictCode


@require_safe
@needs_view
def show_proof(request: ConsoleRequest, order_id: str) -> HttpResponse:
    """Show what the console and the gateway wrote about the payment; with `format=json` as a file."""
    order = find_order(order_id)
    proof = read_proof(order)
    if request.GET.get("format") == "json":
        file = JsonResponse(proof, json_dumps_params={"indent": 1})
        file["Content-Disposition"] = f'attachment; filename="{order.order_id}-payment.json"'
        return file
    verdict = Verdict(**proof["verdict"])
    context = {
        "order": order,
        "proof": proof,
        "verdict": describe_verdict(verdict, order.currency),
        "is_sound": verdict.code in SOUND,
        "is_known": verdict.code not in {VerdictCode.UNKNOWN, VerdictCode.NO_ANSWER},
        "records": [
            {"what": _name_record(record["kind"]), "money": Money(record["amount"], record["currency"]), **record}
            | {"at": parse_datetime(record["at"]) if "at" in record else None}
            for record in proof["gateway_records"] or []
        ],
        "attempts": PaymentAttempt.objects.filter(payment=order.payment_id).order_by("id"),
        "refunds": Refund.objects.filter(payment=order.payment_id).order_by("id"),
    }
    return render_page(request, "order/payment_proof.html", context)


def _name_record(kind: str) -> str:
    """Return what the gateway did, in the words for what is asked of it."""
    is_known = kind in PaymentAttempt.Kind.values
    return str(PaymentAttempt.Kind(kind).label) if is_known else kind.capitalize()
