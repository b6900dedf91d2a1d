"""A client that a generator makes of the served schema submits, reads and approves, against the real server."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from tests.asking import text_of
from tests.console.api.calling import Program, make_body

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "generated_console_client"


@pytest.fixture
def generated(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the modules of the client by their names."""
    (tmp_path / "schema.json").write_text(client.get("/api/v1/openapi.json").content.decode())
    (tmp_path / "options.yml").write_text(json.dumps({"package_name_override": NAME, "post_hooks": []}))
    paths = ["--path", "schema.json", "--config", "options.yml", "--meta", "none", "--output-path", NAME]
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", *paths]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    yield lambda module: importlib.import_module(f"{NAME}.{module}")
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def test_it_submits_reads_and_approves(generated: Any, live_server: LiveServer) -> None:
    shop, approver = Program("submit", "read"), Program("decide")
    clients = {
        each: generated("client").AuthenticatedClient(base_url=live_server.url, token=each.text)
        for each in (shop, approver)
    }
    body = make_body(shop_order_number="A-1")
    body["lines"].append(body["lines"][0] | {"weight_grams": 350})
    new_order = generated("models.new_order").NewOrder.from_dict(body)
    submit, read = generated("api.orders.submit"), generated("api.orders.read")
    first, again = (submit.sync(client=clients[shop], body=new_order, idempotency_key="k-1") for _ in range(2))
    order_id = Order.objects.get().order_id
    assert first == again
    assert (first.order_id, first.total, first.lines[0].sku) == (order_id, 5000, "MUG-1")
    assert [line.weight_grams for line in first.lines] == [None, 350]

    approval = generated("models.new_approval").NewApproval(reason="Known customer")
    approve = generated("api.decisions.approve")
    approve.sync(order_id, client=clients[approver], body=approval, idempotency_key="k-2")
    found = read.sync(order_id, client=clients[shop])
    assert [(each.kind, each.actor, each.reason) for each in found.decisions] == [
        ("approve", "api-decide", "Known customer")
    ]
    problem = approve.sync(order_id, client=clients[shop], body=approval, idempotency_key="k-3")
    assert (problem.status, problem.code) == (403, "scope_missing")


def test_the_calls_have_names_of_their_own(client: Any) -> None:
    assert '"operationId": "list_orders"' in text_of(client.get("/api/v1/openapi.json"))
