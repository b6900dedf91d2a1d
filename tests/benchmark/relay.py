"""The relay after an outage of Temporal: how many messages a second it delivers."""

import os
import time

from django.conf import settings

from orders.engine import outbox, temporal_client
from orders.intake import submission
from orders.models import OutboxMessage
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.machine import cpu_milliseconds
from tests.making import Colleague, make_draft
from tests.programs import free_port, started_temporal

MESSAGES = 1_000


def measure(scale: Scale) -> list[Figure]:
    """Submit orders while Temporal is away, then start it and deliver what waits."""
    port = free_port()
    settings.TEMPORAL_ADDRESS = f"127.0.0.1:{port}"
    clerk = Colleague("alice", pk=None)
    for number in range(MESSAGES):
        submission.submit_order(make_draft(), actor=clerk, idempotency_key=f"relay-{number}")
    with started_temporal(port):
        temporal_client.close()
        outbox.wake_all()
        begin, used = time.monotonic(), cpu_milliseconds([os.getpid()])
        sent = 0
        while OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING).exists():
            sent += outbox.deliver_pending()
        seconds, used = time.monotonic() - begin, cpu_milliseconds([os.getpid()]) - used
        temporal_client.close()
    return [
        Figure("messages delivered after an outage", sent / seconds, "a second", target="≥ 60"),
        Figure("CPU time of the relay for a message", used / sent, "ms"),
        Figure("messages", sent),
    ]
