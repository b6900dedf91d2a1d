"""The console's side of the simulated gateway that runs on its own."""

import http.client
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from orders.errors import OutsideWorldFailed
from orders.money import Money
from orders.payments.gateways.interface import (
    BookEntry,
    Charge,
    Notice,
    Outcome,
    PaymentRequest,
    RefundAnswer,
    RefundRequest,
)
from orders.payments.gateways.simulated_process.events import read_event
from orders.simulated.fault_injection import AUTHORISATION_PREFIX

# An attempt of five seconds looks a payment up and then moves money; both have to fit.
LOOK_SECONDS: Final = 1.5
MOVE_SECONDS: Final = 3.0
BOOKS_SECONDS: Final = 30.0


class SimulatedProcessGateway:
    """Asks the program that `manage.py simulatedgateway` starts; what it does not clearly answer is unknown."""

    name: Final = "simulated-process"
    authorisation_lasts: Final = timedelta(days=7)

    def open(self, request: PaymentRequest) -> str:
        """Return nothing: this gateway gives a payment its id with the charge."""
        return ""

    def find(self, request: PaymentRequest, reference: str) -> Charge | None:
        """Return what its log says."""
        return self._ask_for_payment("find", request, seconds=LOOK_SECONDS)

    def charge(self, request: PaymentRequest, reference: str) -> Charge:
        """Take the money once."""
        return self._move("charge", request)

    def authorise(self, request: PaymentRequest, reference: str) -> Charge:
        """Hold the money once."""
        return self._move("authorise", request)

    def names_authorisation(self, payment_method: str) -> bool:
        """Tell whether it looks like one of the simulated checkout."""
        return payment_method.startswith(AUTHORISATION_PREFIX)

    def accept(self, request: PaymentRequest, reference: str) -> Charge:
        """Have the program note that what the checkout authorised is held under the key."""
        return self._ask_for_one("accept", request, seconds=LOOK_SECONDS)

    def capture(self, request: PaymentRequest, reference: str) -> Charge:
        """Take what is held, once."""
        return self._move("capture", request)

    def void(self, request: PaymentRequest, reference: str) -> Charge:
        """Close the key, or hear that money was taken."""
        return self._move("void", request)

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give back a charge or a part of it, once for each refund_key."""
        asked = {
            "refund_key": request.refund_key,
            "idempotency_key": request.idempotency_key,
            "order_id": request.order_id,
            "amount": request.money.minor,
            "currency": request.money.currency,
            "charge_reference": request.charge_reference,
        }
        answer = _call("POST", "/v1/refund", asked, seconds=MOVE_SECONDS)
        try:
            _check_key(answer, "refund_key", request.refund_key)
            if not isinstance(answer["is_done"], bool):
                raise TypeError("is_done")
            return RefundAnswer(answer["is_done"], str(answer["reference"]), str(answer["code"]), str(answer["text"]))
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable() from error

    def read_books(self) -> Iterator[BookEntry]:
        """Return what its log says of each order."""
        answer = _call("GET", "/v1/books", None, seconds=BOOKS_SECONDS)
        try:
            return iter([BookEntry(**entry) for entry in answer["orders"]])
        except (KeyError, TypeError) as error:
            raise _unreadable() from error

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Return an event that the program sent."""
        return read_event(body, headers)

    def _move(self, call: str, request: PaymentRequest) -> Charge:
        return self._ask_for_one(call, request, seconds=MOVE_SECONDS)

    def _ask_for_one(self, call: str, request: PaymentRequest, *, seconds: float) -> Charge:
        charge = self._ask_for_payment(call, request, seconds=seconds)
        if charge is None:
            raise _unreadable()
        return charge

    def _ask_for_payment(self, call: str, request: PaymentRequest, *, seconds: float) -> Charge | None:
        asked = {
            "idempotency_key": request.idempotency_key,
            "order_id": request.order_id,
            "amount": request.money.minor,
            "currency": request.money.currency,
            "email": request.customer.email,
            "payment_method": request.payment_method,
        }
        answer = _call("POST", f"/v1/{call}", asked, seconds=seconds)
        try:
            _check_key(answer, "idempotency_key", request.idempotency_key)
            if answer["outcome"] is None:
                return None
            return Charge(
                Outcome(answer["outcome"]),
                reference=str(answer["reference"]),
                code=str(answer["code"]),
                text=str(answer["text"]),
                charged=int(answer["charged"]),
                refunded=int(answer["refunded"]),
                held=Money(int(answer["held"]["minor"]), str(answer["held"]["currency"])) if answer["held"] else None,
                held_until=datetime.fromisoformat(answer["held_until"]) if answer["held_until"] else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable() from error


def _call(method: str, path: str, asked: Mapping[str, Any] | None, *, seconds: float) -> Mapping[str, Any]:
    """Return what the gateway answers. Raises OutsideWorldFailed for everything but an object of JSON."""
    address = urlsplit(settings.SIMULATED_GATEWAY_URL)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=seconds)
    body = None if asked is None else json.dumps(asked)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        status, text = response.status, response.read()
    except TimeoutError as error:
        sentence = _("The payment gateway did not answer in %(seconds)s s.")
        raise OutsideWorldFailed(sentence % {"seconds": f"{seconds:g}"}) from error
    except (OSError, http.client.HTTPException) as error:
        raise OutsideWorldFailed(_("The payment gateway cannot be reached.")) from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise OutsideWorldFailed(_("The payment gateway answered with status %(status)s.") % {"status": status})
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise _unreadable() from error
    if not isinstance(answer, dict):
        raise _unreadable()
    return answer


def _check_key(answer: Mapping[str, Any], name: str, expected: str) -> None:
    """Raise ValueError where the answer is one to somebody else's question."""
    if answer[name] != expected:
        raise ValueError(f"an answer for another {name}")


def _unreadable() -> OutsideWorldFailed:
    return OutsideWorldFailed(_("The payment gateway's answer cannot be read."))
