"""`manage.py simulatedgateway`: the simulated payment gateway as a program of its own."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders.payments.gateways.simulated_process.sender import EventSender
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
        parser.add_argument(
            "--webhook",
            default="",
            metavar="URL",
            help="where the console takes its events, signed with SIMULATED_GATEWAY_SECRET; by default it sends none",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve. Raises CommandError where the port is taken, the log cannot be read, or events cannot be signed."""
        url, secret = options["webhook"], settings.SIMULATED_GATEWAY_SECRET
        if url and not (url.startswith("http://") and secret):
            raise CommandError("--webhook is an address that begins with http://, and needs SIMULATED_GATEWAY_SECRET.")
        try:
            sender = EventSender(url, secret) if url else None
            server = GatewayServer(("127.0.0.1", options["port"]), options["log"], sender)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CommandError(f"The gateway cannot start: {error}") from error
        self.stdout.write(f"The simulated gateway listens on 127.0.0.1:{server.server_port}.")
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()
