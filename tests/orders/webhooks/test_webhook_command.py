"""`manage.py webhook`, and the receiver of the documentation, run as it stands."""

import json
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from orders.models import WebhookEndpoint
from orders.webhooks.companion import make_round
from tests.making import MakeOrder
from tests.programs import ROOT, free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("webhook", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def answers(number: str) -> bool:
    try:
        return run("test", number).startswith("Answered 204")
    except CommandError:
        return False


def test_the_receiver_of_the_documentation_gets_what_happens(make_order: MakeOrder, settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    port = free_port()
    added = json.loads(run("add", f"http://127.0.0.1:{port}/", "--event", "order.submitted", "--json"))
    command = [sys.executable, "docs/webhook_receiver.py", str(port), added["secret"]]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as receiver:
        try:
            wait_until(lambda: answers(str(added["id"])), what="the receiver")
            order = make_order()
            while make_round():
                pass
            assert receiver.stdout is not None
            assert json.loads(receiver.stdout.readline()) == ["webhook.test", None, None]
            assert json.loads(receiver.stdout.readline()) == ["order.submitted", order.order_id, order.status]
        finally:
            receiver.terminate()
    assert "204" in run("log", str(added["id"]))
    assert run("replay", str(added["id"]), "--since", "2020-01-01") == "1 events are told again."
    assert added["secret"] not in run("list")


def test_an_endpoint_is_paused_and_resumed(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    number = str(json.loads(run("add", "http://127.0.0.1:1/", "--json"))["id"])
    run("pause", number)
    assert json.loads(run("list", "--json"))[0]["paused"] == "PERSON"
    run("resume", number)
    assert "well" in run("list")
    with pytest.raises(CommandError, match="The test failed: no answer"):
        run("test", number)
    with pytest.raises(CommandError, match="There is no webhook"):
        run("pause", "0")


def test_an_endpoint_of_a_chat(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    number = json.loads(run("add", "http://127.0.0.1:1/", "--chat", "--json"))["id"]
    assert WebhookEndpoint.objects.get(pk=number).body == WebhookEndpoint.Body.CHAT
