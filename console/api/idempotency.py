"""Carries out a request once for each idempotency key of a shop, and gives its answer again to the same request.

Answer and deed are written in one transaction, so that a crash leaves both or neither: a client that never heard the
answer sends the request again and gets it. Of requests with one key at the same time the first is carried out; the
others wait for it a moment and get its answer, or 409 when it takes longer than that.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django.http import HttpResponse
from ninja import Header

from console.api.keys import ApiRequest
from console.api.problems import Problem
from orders.models import IdempotentRequest, Shop
from orders.postgres.faults import Fault, find_fault

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="Chosen by the client, another one for each request that is not a repetition.",
    ),
]
KEPT_HEADERS: Final = ("Content-Type", "ETag", "Location")
REPLAYED: Final = "Idempotency-Replayed"
# With each answer that is kept, an old one of the same key goes and a few more, so that the table does not grow without
# end.
FORGET: Final = """
DELETE FROM orders_idempotentrequest WHERE id IN (
    SELECT id FROM orders_idempotentrequest WHERE shop_id = %s AND key = %s
    UNION ALL
    SELECT id FROM (
        SELECT id FROM orders_idempotentrequest WHERE created_at < statement_timestamp() - %s
        ORDER BY created_at LIMIT 3 FOR UPDATE SKIP LOCKED
    ) AS old
)
"""


def answer_once(request: ApiRequest, key: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Return what `act` answers, or what it answered to the same request before.

    What `act` raises leaves nothing behind, so that the request may be corrected and sent with the same key.
    Raises Problem for a key that was used for another request, or whose request is still being carried out.
    """
    shop, digest = request.auth.shop, _digest(request)
    kept = _find_kept(shop, key)
    if kept is None:
        try:
            return _carry_out(shop, key, digest, act)
        except _TurnTooLong as error:
            # Of many that waited, the first may have ended in time for all.
            kept = _find_kept(shop, key)
            if kept is None:
                sentence = "A request with this idempotency key is being carried out. Ask again in a moment."
                raise Problem(HTTPStatus.CONFLICT, "request_in_progress", sentence, {"Retry-After": "1"}) from error
    return _repeat(kept, digest)


class _TurnTooLong(Exception):
    """Another request with the key takes longer than one waits."""


def _carry_out(shop: Shop, key: str, digest: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Act and keep the answer, unless another request with the key has done so by now."""
    with transaction.atomic():
        _wait_for_turn(f"{shop.pk}:{key}")
        kept = _find_kept(shop, key)
        if kept is not None:
            return _repeat(kept, digest)
        response = act()
        values: list[Any] = [shop.pk, key, _lifetime()]
        with connection.cursor() as cursor:
            cursor.execute(FORGET, values)
        IdempotentRequest.objects.create(
            shop=shop,
            key=key,
            digest=digest,
            status=response.status_code,
            headers={name: response[name] for name in KEPT_HEADERS if name in response},
            body=response.content.decode(),
        )
    return response


def _find_kept(shop: Shop, key: str) -> IdempotentRequest | None:
    return IdempotentRequest.objects.filter(shop=shop, key=key, created_at__gt=Now() - _lifetime()).first()


def _lifetime() -> timedelta:
    return timedelta(seconds=settings.IDEMPOTENCY_KEY_LIFETIME)


def _wait_for_turn(name: str) -> None:
    """Wait until no other request with the key is being carried out; the lock ends with the transaction."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"idempotency:{name}"])
    except OperationalError as error:
        if find_fault(error) is not Fault.BUSY:
            raise
        raise _TurnTooLong from error


def _repeat(kept: IdempotentRequest, digest: str) -> HttpResponse:
    if kept.digest != digest:
        sentence = "This idempotency key was used for another request. Use a new key for each request."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", sentence)
    return HttpResponse(kept.body, status=kept.status, headers=kept.headers | {REPLAYED: "true"})


def _digest(request: ApiRequest) -> str:
    """Return a hash of what is asked: spaces in the JSON and the order of its names make no other request."""
    contents = json.dumps(json.loads(request.body or b"null"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method} {request.path}\n{contents}".encode()).hexdigest()
