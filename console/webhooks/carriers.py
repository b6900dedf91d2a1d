"""The carriers' webhook: signed news of parcels, taken without a session."""

import logging
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.errors import OrderInvalid, OrderNotFound
from orders.shipping.notices import find_carrier_name, is_signed, read_notice, take_notice

logger = logging.getLogger(__name__)


@csrf_exempt
@login_not_required
@require_POST
@never_cache
def receive_news(request: HttpRequest, carrier: str) -> JsonResponse:
    """Take one event: 401 unless it is signed, 400 for what is none, 404 for a parcel that is not known (yet)."""
    try:
        name = find_carrier_name(carrier)
        if not is_signed(request.body, request.headers.get("X-Hmac-Signature", "")):
            logger.warning("carrier %s: an event without a valid signature was refused", carrier)
            return JsonResponse({"error": "The signature is missing or wrong."}, status=HTTPStatus.UNAUTHORIZED)
        is_news = take_notice(name, read_notice(request.body))
    except OrderNotFound:
        return JsonResponse({"error": "There is no such carrier or parcel."}, status=HTTPStatus.NOT_FOUND)
    except OrderInvalid as error:
        return JsonResponse({"error": str(error)}, status=HTTPStatus.BAD_REQUEST)
    return JsonResponse({"taken": is_news})
