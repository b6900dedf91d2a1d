"""orders.webhooks.calls: a call ends in time, whatever resolver and receiver do, and goes to the address judged."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from pytest_django import Settings

from orders.postgres.clock import database_now
from orders.webhooks import calls, names
from orders.webhooks.calls import Answer
from tests.certificates import SERVER_NAME, make_certificates, needs_openssl
from tests.orders.webhooks.receiving import receiving

pytestmark = pytest.mark.django_db
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PUBLIC = "93.184.215.14"
getaddrinfo = socket.getaddrinfo


def call(url: str) -> Answer:
    return calls.call_endpoint(url, SECRET, message_id="event-1", at=database_now(), document={"type": "order.paid"})


class Resolver:
    """Answers with one list of addresses after the other, for a name that it alone knows."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def __call__(self, host: Any, *arguments: Any, **options: Any) -> Any:
        if host != "shop.example":
            return getaddrinfo(host, *arguments, **options)
        addresses = self.answers.pop(0)
        return [found for address in addresses for found in getaddrinfo(address, *arguments, **options)]


def connect_nowhere(tried: list[Any]) -> Any:
    def connect(address: Any, **_: Any) -> Any:
        tried.append(address)
        raise ConnectionRefusedError

    return connect


class TestNames:
    def test_a_resolver_that_hangs_holds_no_call_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        is_over = Event()
        monkeypatch.setattr(names, "LOOK_UP_SECONDS", 0.2)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(30) and [])
        began = monotonic()
        answer = call("https://shop.example/hooks")
        assert (answer.status, answer.detail) == (
            None,
            "TimeoutError: shop.example could not be looked up within 0.2 s",
        )
        assert monotonic() - began < 5
        is_over.set()

    def test_there_are_never_many_look_ups_that_hang(self, monkeypatch: pytest.MonkeyPatch) -> None:
        is_over, asked = Event(), []

        def hang(*_: Any, **__: Any) -> Any:
            asked.append(1)
            is_over.wait(30)
            return []

        monkeypatch.setattr(names, "LOOK_UP_SECONDS", 0.01)
        monkeypatch.setattr(socket, "getaddrinfo", hang)
        details = [call("https://shop.example/hooks").detail for _ in range(names.MOST_LOOK_UPS + 2)]
        is_over.set()
        assert len(asked) == names.MOST_LOOK_UPS
        assert details[-1] == "TimeoutError: the resolver does not answer"

    def test_a_name_that_is_not_there_says_so(self) -> None:
        assert call("https://nowhere.invalid/").detail.startswith("OSError: ")


class TestRebinding:
    """A name that answers differently the second time."""

    def test_the_address_that_was_judged_is_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        resolver = Resolver([PUBLIC], ["127.0.0.1"])
        tried: list[Any] = []
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        monkeypatch.setattr(socket, "create_connection", connect_nowhere(tried))
        assert call("https://shop.example/hooks").detail.startswith("ConnectionRefusedError")
        assert (tried, len(resolver.answers)) == ([(PUBLIC, 443)], 1)

    def test_one_private_address_among_several_is_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried: list[Any] = []
        monkeypatch.setattr(socket, "getaddrinfo", Resolver([PUBLIC, "10.0.0.1"]))
        monkeypatch.setattr(socket, "create_connection", connect_nowhere(tried))
        assert "private address" in call("https://shop.example/hooks").detail
        assert tried == []


@contextmanager
def trickling(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Yield the port of a server that answers a byte at a time and never ends."""
    is_over = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            try:
                stream = context.wrap_socket(connection, server_side=True) if context else connection
                stream.recv(65_536)
                stream.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not is_over.wait(0.05):
                    stream.sendall(b"a")
            except OSError:
                return
            finally:
                connection.close()

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        is_over.set()
        thread.join(5)


class TestSlowness:
    def test_who_answers_byte_by_byte_is_cut_off(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.WEBHOOK_ALLOW_PRIVATE = True
        monkeypatch.setattr(calls, "CALL_SECONDS", 0.5)
        began = monotonic()
        with trickling() as port:
            assert call(f"http://127.0.0.1:{port}/").status is None
        assert monotonic() - began < 4

    @needs_openssl
    def test_also_through_tls(self, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        settings.WEBHOOK_ALLOW_PRIVATE = True
        monkeypatch.setattr(calls, "CALL_SECONDS", 0.5)
        make_certificates(tmp_path)
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
        client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        monkeypatch.setattr(ssl, "create_default_context", lambda: client)

        def look_up(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        monkeypatch.setattr(calls, "look_up", look_up)
        began = monotonic()
        with trickling(server) as port:
            answer = call(f"https://{SERVER_NAME}:{port}/")
        assert (answer.status, monotonic() - began < 4) == (None, True), answer

    def test_what_is_well_is_answered(self, settings: Settings) -> None:
        settings.WEBHOOK_ALLOW_PRIVATE = True
        with receiving() as receiver:
            assert call(receiver.url).status == 204
