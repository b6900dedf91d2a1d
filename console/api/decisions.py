"""What is done to an order: approve, cancel, extend, refund, comment. The verbs are those of the console."""

import hashlib
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from django.http import HttpResponse
from ninja import Router

from console.api.answers import IfMatch, answer_order, check_version, problems
from console.api.idempotency import IdempotencyKey, answer_once
from console.api.keys import ApiRequest, BearerKey
from console.api.refusals import answer_refusal
from console.api.schemas import Order as OrderSchema
from console.api.taken import NewApproval, NewCancellation, NewComment, NewDeadline, NewRefund
from orders import permissions
from orders.deadlines.extend import extend_deadline, read_until
from orders.decisions.comment import add_comment
from orders.decisions.decide import take_decision
from orders.decisions.refunds import request_refund
from orders.errors import DecisionRefused, RefundRefused
from orders.feed.documents import read_document
from orders.lifecycle.lookup import lock_order
from orders.models import ApiKey, Order
from orders.states import DecisionKind

router = Router(tags=["decisions"])
DECIDE = BearerKey(ApiKey.Scope.DECIDE)
ANSWERS = {202: OrderSchema, **problems()}


@router.post("/orders/{order_id}/approve", response=ANSWERS, auth=DECIDE)
def approve(
    request: ApiRequest,
    order_id: str,
    body: NewApproval,
    idempotency_key: IdempotencyKey,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Approve the order. 409 says who decided before, or that it is too late."""
    act = partial(take_decision, kind=DecisionKind.APPROVE, actor=request.auth, reason=body.reason, sends_now=False)
    return answer_once(request, idempotency_key, partial(_act_on, request, order_id, if_match, act))


@router.post("/orders/{order_id}/cancel", response=ANSWERS, auth=DECIDE)
def cancel(
    request: ApiRequest,
    order_id: str,
    body: NewCancellation,
    idempotency_key: IdempotencyKey,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Have the order cancelled, and its money refunded if any was taken."""
    act = partial(
        take_decision,
        kind=DecisionKind.CANCEL,
        actor=request.auth,
        reason=body.reason,
        reason_code=body.reason_code,
        customer_text=body.customer_text,
        sends_now=False,
    )
    return answer_once(request, idempotency_key, partial(_act_on, request, order_id, if_match, act))


@router.post("/orders/{order_id}/extend", response=ANSWERS, auth=DECIDE)
def extend(
    request: ApiRequest,
    order_id: str,
    body: NewDeadline,
    idempotency_key: IdempotencyKey,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Have the order wait longer for its decision: by `hours`, or `until` a time."""
    act = partial(_extend, actor=request.auth, body=body)
    return answer_once(request, idempotency_key, partial(_act_on, request, order_id, if_match, act))


def _extend(order: Order, *, actor: permissions.Actor, body: NewDeadline) -> None:
    until = read_until(body.until) if body.until else None
    extend_deadline(order, actor=actor, reason=body.reason, hours=body.hours, until=until, sends_now=False)


@router.post("/orders/{order_id}/refunds", response=ANSWERS, auth=BearerKey(ApiKey.Scope.REFUND))
def refund(
    request: ApiRequest,
    order_id: str,
    body: NewRefund,
    idempotency_key: IdempotencyKey,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Have a part of the payment refunded, or all of it once the order is completed."""
    # The refund's own key outlives the answer that is kept.
    own_key = f"{request.auth.shop.pk}:{hashlib.sha256(idempotency_key.encode()).hexdigest()[:30]}"
    act = partial(
        request_refund,
        actor=request.auth,
        key=own_key,
        amount=body.amount,
        reason_code=body.reason_code,
        reason=body.reason,
        sends_now=False,
    )
    return answer_once(request, idempotency_key, partial(_act_on, request, order_id, if_match, act))


@router.post("/orders/{order_id}/comments", response=ANSWERS, auth=BearerKey(ApiKey.Scope.DECIDE, ApiKey.Scope.SUBMIT))
def comment(request: ApiRequest, order_id: str, body: NewComment, idempotency_key: IdempotencyKey) -> HttpResponse:
    """Write a comment into the order's history."""
    act = partial(add_comment, actor=request.auth, text=body.text)
    return answer_once(request, idempotency_key, partial(_act_on, request, order_id, None, act))


def _act_on(request: ApiRequest, order_id: str, if_match: str | None, act: Callable[[Order], object]) -> HttpResponse:
    """Do it to the locked order, if that is as the caller knows it, and answer with the order as it is then."""
    permissions.check_may_view(request.auth)
    order = lock_order(order_id)
    check_version(order, if_match)
    try:
        act(order)
    except (DecisionRefused, RefundRefused) as error:
        return answer_refusal(error, order)
    return answer_order(read_document(order), status=HTTPStatus.ACCEPTED)
