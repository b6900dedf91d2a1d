"""The gateway as a program of its own beside the stack, on a line of its own, and its log: what really was charged."""

import http.client
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orders.states import Status
from tests.faults.stack import FaultStack
from tests.programs import free_port
from tests.proxies import Line
from tests.waiting import listens, wait_until

GATEWAY: Final = "simulated-process"
GATEWAYS: Final = (
    "orders.payments.gateways.simulated_process.gateway.SimulatedProcessGateway,"
    "orders.payments.gateways.simulated.SimulatedGateway"
)
SECRET: Final = "what-the-gateway-signs-its-events-with"
START_SECONDS: Final = 60


@dataclass
class Account:
    """What the log says of one order, in minor units."""

    charges: int = 0
    charged: int = 0
    refunds: int = 0
    refunded: int = 0
    is_held: bool = False
    is_released: bool = False


def read_accounts(log: Path) -> dict[str, Account]:
    """Read the log, by nothing but its lines."""
    accounts: dict[str, Account] = {}
    for line in log.read_text().splitlines():
        movement = json.loads(line)
        account = accounts.setdefault(movement["order_id"], Account())
        if movement["kind"] == "CHARGE":
            account.charges += 1
            account.charged += movement["amount"]
        elif movement["kind"] == "REFUND":
            account.refunds += 1
            account.refunded += movement["amount"]
        account.is_held |= movement["kind"] == "AUTH"
        account.is_released |= movement["kind"] == "VOID"
    return accounts


def find_wrong_accounts(accounts: Mapping[str, Account], rows: Mapping[str, tuple[str, int]]) -> list[str]:
    """Return the orders, given with status and total, of which the gateway has other money than it should have."""
    wrong = [f"{order_id} is nobody's order, and was charged" for order_id in accounts.keys() - rows.keys()]
    for order_id, (status, total) in rows.items():
        account = accounts.get(order_id, Account())
        due = total if status == Status.COMPLETED else 0
        if account.charged - account.refunded != due:
            wrong.append(f"{order_id} is {status}, total {total}, and the gateway's log has {account}")
        if status == Status.CANCELLED and account.is_held and not (account.is_released or account.charges):
            wrong.append(f"{order_id} is {status}, and its money is held by the gateway for ever")
    return wrong


class GatewayProgram:
    """`manage.py simulatedgateway`, which workers reach over `line`."""

    def __init__(self, stack: FaultStack) -> None:
        self._port = free_port()
        self.log = stack.folder.path / f"gateway-{self._port}.jsonl"
        self.log.touch()
        # Where the stack's web server takes its events.
        self.webhook = f"http://127.0.0.1:{stack.web_port}/webhooks/{GATEWAY}/"
        self._command = ["manage.py", "simulatedgateway", "--port", str(self._port), "--log", str(self.log)]
        self._stack = stack
        self.server = stack.program("gateway", *self._command)
        self.line = Line(f"127.0.0.1:{self._port}")

    @property
    def settings(self) -> dict[str, str]:
        """What a worker is told that pays there."""
        return {
            "PAYMENT_GATEWAYS": GATEWAYS,
            "SIMULATED_GATEWAY_URL": f"http://{self.line.address}",
            "SIMULATED_GATEWAY_SECRET": SECRET,
        }

    def start(self, *, webhook: str = "") -> None:
        """Start it, and wait until it takes calls; it sends its events to `webhook`."""
        if webhook:
            self.server = self._stack.program("gateway", *self._command, "--webhook", webhook)
        self.server.start(SIMULATED_GATEWAY_SECRET=SECRET)
        wait_until(lambda: listens(self._port), seconds=START_SECONDS, what="the start of the gateway")

    def stop(self) -> None:
        """Stop it, and the line to it."""
        self.line.close()
        self.server.kill()

    def misbehave(self, misdeed: str, **rest: Any) -> None:
        """Have calls go wrong from now on."""
        self._ask("POST", {"misdeed": misdeed, **rest})

    def behave(self) -> None:
        """Have nothing go wrong any more."""
        self._ask("DELETE")

    def count_misdeeds(self) -> int:
        """Return how many calls went wrong so far; 0 where it does not answer."""
        with suppress(OSError):
            return sum(self._ask("GET")["done"].values())
        return 0

    def count_events(self) -> dict[str, int]:
        """Return how many events were made, and how many deliveries of them were taken and are open."""
        events: dict[str, int] = self._ask("GET")["events"]
        return events

    def is_holding_calls(self) -> bool:
        """Tell whether calls still wait there to take effect, or to go without an answer."""
        return bool(self._ask("GET")["waiting"])

    def _ask(self, method: str, fault: Mapping[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, "/faults", json.dumps(fault) if fault else None)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        assert response.status == http.client.OK, text
        return json.loads(text)
