"""Where gateways report what happened to payments."""

import logging
from http import HTTPStatus
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.errors import EventRefused, GatewayMissing
from orders.inbox.receive import receive_event

logger = logging.getLogger(__name__)

# Stripe's largest events have some tens of kilobytes.
MOST_BYTES: Final = 256 * 1024


@csrf_exempt
@login_not_required
@require_POST
def take_event(request: HttpRequest, gateway: str) -> HttpResponse:
    """Write down what a gateway sends, once its signature is verified. The workers deal with it."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The event is too large.")
    try:
        receive_event(gateway, request.body, request.headers)
    except GatewayMissing:
        return _refuse(HTTPStatus.NOT_FOUND, "No gateway of this name sends events here.")
    except EventRefused as error:
        logger.warning("webhook of %s refused: %s", gateway, error)
        return _refuse(HTTPStatus.BAD_REQUEST, str(error))
    return JsonResponse({"received": True})


def _refuse(status: HTTPStatus, sentence: str) -> HttpResponse:
    return JsonResponse({"error": sentence}, status=status)
