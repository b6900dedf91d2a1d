"""`manage.py simulatedgateway`: the simulated payment gateway as a program of its own."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.payments.gateways.simulated_process.server import GatewayServer


class Command(BaseCommand):
    """Serves the gateway until it is stopped."""

    help = (
        "Runs the simulated payment gateway as a program of its own, with an append-only log of all money it moved. "
        "The console pays with it where PAYMENT_GATEWAYS names "
        "orders.payments.gateways.simulated_process.gateway.SimulatedProcessGateway, at SIMULATED_GATEWAY_URL. "
        "It needs no database. docs/gateways.md says how to have it fail."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--log", type=Path, required=True, metavar="FILE", help="where money that moved is written")
        parser.add_argument("--port", type=int, default=8420, help="on the loopback address (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve. Raises CommandError where the port is taken or the log cannot be read."""
        try:
            server = GatewayServer(("127.0.0.1", options["port"]), options["log"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CommandError(f"The gateway cannot start: {error}") from error
        self.stdout.write(f"The simulated gateway listens on 127.0.0.1:{server.server_port}.")
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()
