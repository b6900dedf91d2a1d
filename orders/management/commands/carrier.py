"""`manage.py carrier`: has the simulated carrier tell the console what became of a parcel, over its webhook."""

import json
from argparse import ArgumentParser
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from orders.lifecycle.lookup import read_order
from orders.management.terminal import failing_in_sentences
from orders.models import Shipment
from orders.postgres.clock import database_now
from orders.shipping.notices import DELIVERIES, sign_body

SECONDS = 10


class Command(BaseCommand):
    """The simulated carrier's side of the webhook."""

    help = "Sends what the carrier tells of a parcel. Exit codes: 0 done, 1 refused or failed, 2 wrong usage."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("order_id")
        parser.add_argument("status", choices=sorted(DELIVERIES))
        parser.add_argument("--url", default=settings.STACK_ADDRESS, help="where the console is (%(default)s)")
        parser.add_argument("--event-id", default="", help="by default a new one; a repeated one changes nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sign the event and send it; every refusal and failure is a sentence."""
        with failing_in_sentences():
            shipment = (
                Shipment.objects.filter(order=read_order(options["order_id"])).exclude(tracking_number="").first()
            )
        if shipment is None:
            raise CommandError("The order has not been handed to a carrier.")
        event = {
            "id": options["event_id"] or f"evt_{uuid4().hex}",
            "object": "Event",
            "description": "tracker.updated",
            "result": {
                "object": "Tracker",
                "tracking_code": shipment.tracking_number,
                "status": options["status"],
                "updated_at": database_now().isoformat(),
            },
        }
        body = json.dumps(event).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Hmac-Signature": sign_body(body, settings.CARRIER_WEBHOOK_SECRET),
        }
        url = f"{options['url'].rstrip('/')}/webhooks/carriers/{slugify(shipment.carrier)}/"
        if not url.startswith(("http://", "https://")):
            raise CommandError("--url begins with http:// or https://.")
        try:
            with urlopen(Request(url, body, headers), timeout=SECONDS) as answer:  # noqa: S310 - checked above
                self.stdout.write(answer.read().decode())
        except HTTPError as error:
            raise CommandError(f"{error.code}: {error.read().decode(errors='replace')[:500]}") from error
        except (URLError, OSError) as error:
            raise CommandError(f"The console at {url} does not answer: {error}") from error
