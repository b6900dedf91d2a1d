"""What every response has in common, and what a request that nobody should send costs the log."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory

from console.desk import list_asked
from console.responses import ResponseMiddleware
from tests.asking import HTMX, LOGIN
from tests.making import MakeOrder
from tests.web import ask, web_server

EVIL = {"host": "evil.example"}


def break_down(request: object) -> None:
    raise OperationalError("the database has gone")


class TestErrors:
    """Each kind of error, made in each of the places that make one."""

    @pytest.fixture(autouse=True)
    def _signed_in(self, client: Client, bob: User) -> None:
        client.force_login(bob)
        client.raise_request_exception = False

    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("get", "/nonsense/", 404),
            ("get", "/orders/order-00000000NONE/", 404),
            ("get", "/static/nonsense.css", 404),
            ("get", "/orders/new/", 403),
            ("put", "/orders/", 405),
            ("post", "/health/live/", 405),
        ],
    )
    def test_nobody_keeps_one(
        self, client: Client, method: str, path: str, status: int, headers: dict[str, str]
    ) -> None:
        response = getattr(client, method)(path, headers=headers)
        assert response.status_code == status
        assert response["Cache-Control"] == "no-store"

    def test_nobody_keeps_the_answer_to_a_foreign_host(self, client: Client) -> None:
        response = client.get("/orders/", headers=EVIL)
        assert (response.status_code, response["Cache-Control"]) == (400, "no-store")

    def test_nobody_keeps_the_answer_to_a_forged_form(self, bob: User) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(bob)
        response = strict.post("/orders/bulk/", {})
        assert (response.status_code, response["Cache-Control"]) == (403, "no-store")

    def test_nobody_keeps_what_the_admin_does_not_have(self, client: Client, admin_user: User) -> None:
        client.force_login(admin_user)
        response = client.get("/admin/nonsense/")
        assert (response.status_code, response["Cache-Control"]) == (404, "no-store")

    def test_nobody_keeps_a_fault(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(list_asked.ListAsked, "read_query", break_down)
        response = client.get("/orders/")
        assert (response.status_code, response["Cache-Control"]) == (500, "no-store")

    def test_what_is_no_error_keeps_its_own_rule(self, client: Client) -> None:
        static = client.get("/static/console.css")
        assert (static.status_code, static["Cache-Control"]) == (200, "max-age=60, public")


class TestHead:
    @pytest.mark.parametrize(
        "path", ["/", "/orders/", LOGIN, "/health/live/", "/health/ready/", "/nonsense/", "/static/console.css"]
    )
    def test_it_has_the_headers_of_get_and_no_body(
        self, client: Client, bob: User, make_order: MakeOrder, path: str
    ) -> None:
        make_order()
        client.force_login(bob)
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.getvalue()) == (got.status_code, b"")
        assert head["Content-Type"] == got["Content-Type"]
        assert int(head["Content-Length"]) > 0 or got.status_code == 302

    def test_it_does_not_begin_what_would_be_streamed(self) -> None:
        begun: list[int] = []

        def stream() -> Iterator[bytes]:
            begun.append(1)
            yield b"a row"

        streamed = StreamingHttpResponse(stream(), content_type="text/csv", headers={"X-Kind": "export"})
        response = ResponseMiddleware(lambda request: streamed)(RequestFactory().head("/"))
        assert isinstance(response, StreamingHttpResponse)
        assert (response.getvalue(), response["X-Kind"], begun) == (b"", "export", [])


def test_what_anybody_can_send_costs_one_line_of_the_log(tmp_path: Path) -> None:
    with web_server(tmp_path, WEB_PROCESSES="1") as port:
        assert ask(port, "GET", "/orders/", Host="evil.example") == 400
        assert ask(port, "GET", "/orders/", Host="x" * 2000) == 400
        assert ask(port, "HEAD", "/health/live/") == 200
        assert ask(port, "HEAD", "/nonsense/") == 404
        assert ask(port, "HEAD", "/accounts/login/") == 200
    lines = (tmp_path / "web.log").read_text().splitlines()
    assert len(lines) == 2, lines
    assert re.fullmatch(
        r"\S+ \S+ WARNING django\.security\.DisallowedHost Invalid HTTP_HOST header: 'evil\.example'\. .*", lines[0]
    )
    assert all(len(line) < 400 for line in lines)
