"""One call to an endpoint: signed, bounded in time and size, without redirects, and to no private address.

The name is looked up once, and the address that was judged is the one that is called.
"""

import http.client
import ipaddress
import json
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Timer
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from standardwebhooks import Webhook

from orders.errors import OrderError
from orders.texts import clean_line
from orders.webhooks.names import look_up

STEP_SECONDS: Final = 5.0
CALL_SECONDS: Final = 15.0
MOST_BYTES: Final = 2000
PORTS: Final = {"http": 80, "https": 443}


class EndpointRefused(OrderError):
    """An address that is not called."""


@dataclass(frozen=True)
class Answer:
    """What came of a call: a status with how the answer began, or why there was no answer."""

    status: int | None
    detail: str
    milliseconds: int

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def check_url(url: str) -> None:
    """Raise EndpointRefused for what is no address of a receiver."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointRefused(_("This is not a URL.")) from error
    if parts.scheme not in PORTS or not parts.hostname or port == 0 or not url.isascii() or not url.isprintable():
        raise EndpointRefused(_("Enter a URL such as https://shop.example.com/webhooks."))
    if parts.scheme == "http" and not settings.WEBHOOK_ALLOW_PRIVATE:
        raise EndpointRefused(_("Use https, so that nobody on the way can read the events."))
    if parts.username or parts.password or parts.fragment:
        raise EndpointRefused(_("The URL must not hold a name, a password or a fragment."))


def call_endpoint(url: str, secret: str, *, message_id: str, at: datetime, document: dict[str, Any]) -> Answer:
    """Send a document, and return what came of it; nothing that the other side does is raised."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "order-console-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body),
    }
    began = monotonic()
    try:
        status, detail = _post(url, body.encode(), headers)
    except (OrderError, OSError, http.client.HTTPException, ValueError) as error:
        status, detail = None, f"{type(error).__name__}: {error}"
    return Answer(status, clean_line(detail, 500), round((monotonic() - began) * 1000))


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    check_url(url)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    sock = socket.create_connection((_find_address(host, port), port), timeout=STEP_SECONDS)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        sock = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    # Whoever answers byte by byte does not hold us longer than this. It has to be this socket: the one without TLS is
    # of no use any more.
    is_cut = Event()
    watch = Timer(CALL_SECONDS, _cut, [sock, is_cut])
    watch.daemon = True
    watch.start()
    try:
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection = http.client.HTTPConnection(host, port)
        connection.sock = sock
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection.request("POST", path, body, headers | {"Host": parts.netloc})
        response = connection.getresponse()
        status, began = response.status, response.read(MOST_BYTES)
        # To the library, a connection that ends is the end of the answer.
        if is_cut.is_set():
            raise TimeoutError(f"no whole answer within {CALL_SECONDS:g} s")
        return status, began.decode("utf-8", "replace")
    finally:
        watch.cancel()
        sock.close()


def _cut(sock: socket.socket, is_cut: Event) -> None:
    """End a connection, whoever waits for it in another thread."""
    is_cut.set()
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _find_address(host: str, port: int) -> str:
    """Return the address to call. Raises EndpointRefused where one of the host's addresses is not public."""
    found = look_up(host, port)
    if not settings.WEBHOOK_ALLOW_PRIVATE and not all(map(is_public, found)):
        raise EndpointRefused(_("%(host)s has a private address, which is not called.") % {"host": host})
    return found[0]


def is_public(text: str) -> bool:
    """Tell whether an address is one of the public Internet, whichever way it is written."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            address = inner
        elif address in ipaddress.ip_network("64:ff9b::/96"):
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.is_global and not address.is_multicast
