"""The simulated gateway's HTTP server: POST /v1/CALL moves money, GET /v1/books lists it, /faults is the script."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from orders.errors import OutsideWorldFailed
from orders.money import Money
from orders.order_facts import Address, Customer
from orders.payments.gateways.interface import Charge, PaymentRequest, RefundRequest
from orders.payments.gateways.ledgers import Movement
from orders.payments.gateways.simulated import SimulatedGateway
from orders.payments.gateways.simulated_process.log import LogLedger
from orders.payments.gateways.simulated_process.script import Misdeed, Script, read_fault
from orders.payments.gateways.simulated_process.sender import EventSender

# What it says in place of an answer, by turns.
WRONG_BODIES: Final = (
    b"<html><body>Bad gateway</body></html>",
    b'{"outcome": "CHAR',
    b"{}",
    b'{"idempotency_key": "of-somebody-else", "outcome": "DECLINED", "code": "lost_card"}',
)
NOWHERE: Final = Address("", "", "", "", "", "")


def read_payment(asked: Mapping[str, Any]) -> PaymentRequest:
    """Read what the console asks for with a payment. Raises KeyError, TypeError, ValueError."""
    money = Money(int(asked["amount"]), asked["currency"])
    customer = Customer("", asked["email"])
    return PaymentRequest(
        asked["idempotency_key"], asked["order_id"], money, customer, NOWHERE, asked["payment_method"]
    )


def read_refund(asked: Mapping[str, Any]) -> RefundRequest:
    """Read what the console asks for with a refund. Raises KeyError, TypeError, ValueError."""
    money = Money(int(asked["amount"]), asked["currency"])
    reference = asked["charge_reference"]
    return RefundRequest(asked["refund_key"], asked["idempotency_key"], asked["order_id"], money, reference)


class GatewayServer(ThreadingHTTPServer):
    """Serves one log, and tells `sender` of what moved. `close` lets go of the calls that are kept waiting."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], log: Path, sender: EventSender | None = None) -> None:
        super().__init__(address, _Handler)
        self.script = Script()
        self._sender = sender
        gateway = SimulatedGateway(LogLedger(log, told=self._tell))
        self.gateway = gateway
        self.calls: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "find": lambda asked: _answer(asked, gateway.find(read_payment(asked), "")),
            "charge": lambda asked: _answer(asked, gateway.charge(read_payment(asked), "")),
            "authorise": lambda asked: _answer(asked, gateway.authorise(read_payment(asked), "")),
            "accept": lambda asked: _answer(asked, gateway.accept(read_payment(asked), "")),
            "capture": lambda asked: _answer(asked, gateway.capture(read_payment(asked), "")),
            "void": lambda asked: _answer(asked, gateway.void(read_payment(asked), "")),
            "refund": lambda asked: {"refund_key": asked["refund_key"], **asdict(gateway.refund(read_refund(asked)))},
        }

    def close(self) -> None:
        """Stop serving."""
        self.script.close()
        if self._sender is not None:
            self._sender.close()
        self.shutdown()
        self.server_close()

    def describe(self) -> dict[str, Any]:
        """Return what went wrong so far, and what became of the events."""
        events = {} if self._sender is None else {"events": self._sender.describe()}
        return {**self.script.describe(), **events}

    def _tell(self, movement: Movement) -> None:
        """Have the event about a movement sent, in the way that the script has for it."""
        if self._sender is None:
            return
        fault = self.script.take_event(movement.kind)
        if fault is None:
            self._sender.send(movement)
        elif fault.misdeed == Misdeed.TELL_TWICE:
            self._sender.send(movement, copies=2)
        else:
            self._sender.send(movement, after_seconds=fault.seconds)


def _answer(asked: Mapping[str, Any], charge: Charge | None) -> dict[str, Any]:
    facts: dict[str, Any] = asdict(charge) if charge is not None else {"outcome": None}
    if charge is not None and charge.held_until is not None:
        facts["held_until"] = charge.held_until.isoformat()
    return {"idempotency_key": asked["idempotency_key"], **facts}


class _Handler(BaseHTTPRequestHandler):
    server: GatewayServer

    def do_GET(self) -> None:
        if self.path == "/v1/books":
            entries = [asdict(entry) for entry in self.server.gateway.read_books()]
            self._send(HTTPStatus.OK, {"orders": entries})
        elif self.path == "/faults":
            self._send(HTTPStatus.OK, self.server.describe())
        else:
            self._send(HTTPStatus.NOT_FOUND, {})

    def do_DELETE(self) -> None:
        self.server.script.clear()
        self._send(HTTPStatus.OK, {})

    def do_POST(self) -> None:
        try:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/faults":
                self.server.script.add(read_fault(asked))
                self._send(HTTPStatus.OK, {})
            elif (name := self.path.removeprefix("/v1/")) in self.server.calls:
                self._act(name, asked)
            else:
                self._send(HTTPStatus.NOT_FOUND, {})
        except (KeyError, TypeError, ValueError) as error:
            self._send(HTTPStatus.BAD_REQUEST, {"error": f"{type(error).__name__}: {error}"})

    def _act(self, name: str, asked: Mapping[str, Any]) -> None:
        """Do what is asked, in the way that the script has for it."""
        fault = self.server.script.take(name)
        if fault is None:
            self._carry_out(name, asked, self._send_answer)
        elif fault.misdeed == Misdeed.FAIL_BEFORE:
            self._fail({})
        elif fault.misdeed == Misdeed.SLOW and self.server.script.hold(fault.seconds):
            self._carry_out(name, asked, self._send_answer)
        elif fault.misdeed == Misdeed.FAIL_AFTER:
            self._carry_out(name, asked, self._fail)
        elif fault.misdeed == Misdeed.TIME_OUT_AFTER:
            self._carry_out(name, asked, lambda _: self.server.script.hold(fault.seconds))
        elif fault.misdeed == Misdeed.WRONG_BODY:
            self._carry_out(name, asked, self._send_nonsense)

    def _carry_out(self, name: str, asked: Mapping[str, Any], tell: Callable[[Mapping[str, Any]], object]) -> None:
        try:
            answer = self.server.calls[name](asked)
        except OutsideWorldFailed as error:  # by the rates of the settings
            self._fail({"error": str(error)})
        else:
            tell(answer)

    def _send_answer(self, answer: Mapping[str, Any]) -> None:
        self._send(HTTPStatus.OK, answer)

    def _send_nonsense(self, _: Mapping[str, Any]) -> None:
        number = self.server.script.count_done()[Misdeed.WRONG_BODY]
        self._send_bytes(HTTPStatus.OK, WRONG_BODIES[number % len(WRONG_BODIES)])

    def _fail(self, answer: Mapping[str, Any]) -> None:
        self._send(HTTPStatus.INTERNAL_SERVER_ERROR, answer)

    def _send(self, status: HTTPStatus, answer: Mapping[str, Any]) -> None:
        self._send_bytes(status, json.dumps(answer).encode())

    def _send_bytes(self, status: HTTPStatus, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # nobody listens any more

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as the class above calls it
        """Say nothing: the log of movements is what counts."""
