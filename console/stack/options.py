"""What can be chosen for the local stack, and the environment that its programs get."""

import errno
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from console.bind import Bind, is_bind, parse_bind
from console.installation import forget_other_servers
from console.stack.environment import OF_THE_EMBEDDED
from console.stack.errors import StackError

FLAKY_RATE: Final = "0.333"
CONNECT_SECONDS: Final = 5.0
NO_WORDS: Final = frozenset({"", "0", "false", "no", "off"})
MAY_BE_LEFT_OUT: Final = ("temporal", "web", "workers")


@dataclass(frozen=True)
class Options:
    """The choices. An empty `database_url` or `temporal_address` means the embedded one."""

    bind: Bind
    temporal_port: int
    temporal_ui_port: int
    demo_password: str
    database_url: str
    temporal_address: str
    is_flaky: bool
    is_verbose: bool
    left_out: frozenset[str]

    def ports(self) -> dict[str, int]:
        """The ports that the stack will listen on, by the variable that changes each."""
        own = {"PORT": self.bind.port} if self.starts("web") and self.bind.port else {}
        if self.starts("temporal"):
            own |= {"TEMPORAL_PORT": self.temporal_port, "TEMPORAL_UI_PORT": self.temporal_ui_port}
        return own

    @property
    def embedded(self) -> list[str]:
        """The servers that are the stack's own, also where one is left to be started by hand."""
        given = {"postgres": self.database_url, "temporal": self.temporal_address}
        return [name for name, address in given.items() if not address]

    def starts(self, part: str) -> bool:
        """Tell whether the stack starts this part itself: postgres, temporal, web or workers."""
        is_given = {"postgres": bool(self.database_url), "temporal": bool(self.temporal_address)}
        return not is_given.get(part, False) and part not in self.left_out


def is_yes(text: str) -> bool:
    """Tell whether a variable such as FLAKY=1 turns something on."""
    return text.lower() not in NO_WORDS


def read_port(name: str, text: str) -> int:
    """Read a port number. Raises StackError."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise StackError(f"{name} is wrong: {text!r} is not a port between 1 and 65535.")
    return int(text)


def read_bind(environment: Mapping[str, str]) -> Bind:
    """Read where the web server is to listen, from BIND and PORT. Raises StackError."""
    port, text = environment.get("PORT", ""), environment.get("BIND", "")
    default_port = read_port("PORT", port or "8000")
    if not text:
        return Bind("127.0.0.1", default_port)
    if complaint := is_bind(text):
        raise StackError(f"BIND is wrong: {complaint}")
    bind = parse_bind(text, default_port=default_port)
    if port and bind.port and bind.port != default_port:
        raise StackError(f"BIND says port {bind.port}, and PORT says {port}. Leave one of them out.")
    return bind


def read_options(environment: Mapping[str, str], *, left_out: Iterable[str] = ()) -> Options:
    """Read the choices from the environment. Raises StackError."""
    return Options(
        bind=read_bind(environment),
        temporal_port=read_port("TEMPORAL_PORT", environment.get("TEMPORAL_PORT", "7233")),
        temporal_ui_port=read_port("TEMPORAL_UI_PORT", environment.get("TEMPORAL_UI_PORT", "8233")),
        demo_password=environment.get("DEMO_PASSWORD", "demo"),
        database_url=environment.get("DATABASE_URL", ""),
        temporal_address=environment.get("TEMPORAL_ADDRESS", ""),
        is_flaky=is_yes(environment.get("FLAKY", "")),
        is_verbose=is_yes(environment.get("VERBOSE", "")),
        left_out=frozenset(left_out),
    )


def check_ports(ports: Mapping[str, int], *, web_host: str = "127.0.0.1") -> None:
    """Raise StackError unless every port is free and none is wanted twice.

    The web server's, PORT, has to be free at `web_host`, every other on the loopback address.
    """
    for name, port in ports.items():
        twin = next((other for other, number in ports.items() if number == port and other != name), "")
        if twin:
            raise StackError(f"{name} and {twin} are both {port}. Change one of them.")
        host = web_host if name == "PORT" else "127.0.0.1"
        problem = bind_problem(port, host)
        if problem == errno.EADDRINUSE:
            other = next(
                free for free in range(port + 1, 65536) if free not in ports.values() and not bind_problem(free, host)
            )
            raise StackError(f"Port {port} is in use by another program. Stop it, or choose {name}={other}.")
        if problem == errno.EADDRNOTAVAIL:
            raise StackError(f"BIND names {host}, which is not an address of this machine. 0.0.0.0 means all of them.")
        if problem:
            raise StackError(f"Port {port} cannot be used ({os.strerror(problem)}). Choose another one with {name}.")


def check_temporal(address: str) -> None:
    """Raise StackError unless somebody listens at the address that was given for Temporal."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise StackError(
            f"Nothing answers at {address} ({error.strerror or error}). Start that Temporal server and run again, "
            "or unset TEMPORAL_ADDRESS to have one started."
        ) from error


def bind_problem(port: int, host: str = "127.0.0.1") -> int:
    """Return the error number of an attempt to bind the port at `host`, 0 when it is free."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((host, port))
        except socket.gaierror:
            return errno.EADDRNOTAVAIL
        except OSError as error:
            return error.errno or errno.EINVAL
    return 0


def keep_to_embedded(options: Options) -> None:
    """Take out of this process's environment, and so of its children's, what leads away from the embedded servers."""
    forget_other_servers(os.environ, embedded=options.embedded, kept=OF_THE_EMBEDDED)


def child_environment(options: Options, own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the stack's Django programs: ours, and `own` over it."""
    # Whoever tries the console out may approve with Temporal's command line as well, and have webhooks on this machine.
    environment = {"ACCEPT_OUTSIDE_DECISIONS": "true", "WEBHOOK_ALLOW_PRIVATE": "true"} | dict(os.environ)
    if options.is_flaky:
        environment = {"FLAKY_FAIL_RATE": FLAKY_RATE, "FLAKY_HANG_RATE": FLAKY_RATE} | environment
    return environment | {"PYTHONUNBUFFERED": "1", "DEMO_PASSWORD": options.demo_password} | dict(own)
