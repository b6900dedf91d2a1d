"""Where the web server listens, as BIND says it: read here for gunicorn, for the probe and for the local stack.

Standard library alone: the probe runs every few seconds, and wants neither Django nor the settings.
"""

import http.client
import socket
from dataclasses import dataclass
from typing import Final

DEFAULT: Final = "127.0.0.1:8000"
DEFAULT_PORT: Final = 8000
# What stands for every address of the machine, and the address by which the machine itself then reaches it.
EVERY_ADDRESS: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@dataclass(frozen=True)
class Bind:
    """A host and a port, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        """The text that gunicorn reads."""
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_every_address(self) -> bool:
        """Tell whether it stands for every address of the machine."""
        return not self.path and self.host in EVERY_ADDRESS

    @property
    def is_loopback(self) -> bool:
        """Tell whether nobody but this machine reaches it."""
        return bool(self.path) or self.host in {"localhost", "::1"} or self.host.startswith("127.")

    @property
    def near_host(self) -> str:
        """The host by which this machine reaches it."""
        return EVERY_ADDRESS.get(self.host, self.host)

    def connection(self, *, seconds: float) -> http.client.HTTPConnection:
        """Return a connection for a probe from this machine; it is opened by the first request."""
        if self.path:
            return _UnixConnection(self.path, seconds)
        return http.client.HTTPConnection(self.near_host, self.port, timeout=seconds)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def parse_bind(text: str, *, default_port: int = DEFAULT_PORT) -> Bind:
    """Read `host:port`, `host`, `[IPv6]:port` or `unix:path`. Raises ValueError with what is wrong."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.strip("/"):
            raise ValueError(f"{text!r} has no path.")
        return Bind(path=f"/{path.lstrip('/')}" if path.startswith("//") else path)
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        is_fine = bool(bracket) and bool(host) and (not rest or rest.startswith(":"))
        port = rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
        is_fine = bool(text) and not any(mark in host for mark in "/ ,")
    if not is_fine or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise ValueError(f"{text!r} is not host:port.")
    return Bind(host=host, port=int(port) if port else default_port)


def is_bind(text: str) -> str:
    """Complain unless `text` says where to listen."""
    try:
        parse_bind(text)
    except ValueError as error:
        return str(error)
    return ""


def allowed_host_header(allowed_hosts: str) -> str:
    """Return a Host header that the settings allow, from the text of ALLOWED_HOSTS."""
    names = [name.strip() for name in allowed_hosts.split(",") if name.strip()]
    first = names[0] if names else "localhost"
    return "localhost" if first == "*" else first.removeprefix(".")
