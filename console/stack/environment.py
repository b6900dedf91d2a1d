"""What every local installation shares, settled before the settings are read."""

import os
import socket
from collections.abc import MutableMapping, Sequence
from hashlib import sha256
from typing import Final

from console.bind import parse_bind
from console.installation import STACK_IS_MEANT, forget_other_servers
from console.stack.folder import StackFolder

LOOPBACK: Final = "127.0.0.1,localhost,[::1]"
# What a person may still say of an embedded Temporal.
OF_THE_EMBEDDED: Final = ("TEMPORAL_NAMESPACE", "TEMPORAL_UI_URL")
OF_THE_START: Final = (*OF_THE_EMBEDDED, "TEMPORAL_PORT", "TEMPORAL_UI_PORT")
# The person's own file of profiles leads to other servers.
NO_PROFILE: Final = {"TEMPORAL_CONFIG_FILE": os.devnull}


def prepare_environment(environment: MutableMapping[str, str], *, arguments: Sequence[str] = ()) -> None:
    """Fill in what `runstack` with its `arguments` needs of the environment. Raises StackError."""
    environment.pop(STACK_IS_MEANT, None)
    for name in [name for name, value in environment.items() if not value]:
        del environment[name]
    # What the shell says of another Temporal may be wrong, and must not keep the embedded one from starting.
    if not environment.get("TEMPORAL_ADDRESS") and not any(text.startswith("--temporal-a") for text in arguments):
        forget_other_servers(environment, embedded=["temporal"], kept=OF_THE_START)
        environment.update(NO_PROFILE)
    environment.setdefault("SECRET_KEY", StackFolder(environment).secret_key())
    # The simulated carrier signs with it.
    environment.setdefault(
        "CARRIER_WEBHOOK_SECRET", sha256(f"carrier {environment['SECRET_KEY']}".encode()).hexdigest()
    )
    environment.setdefault("ALLOWED_HOSTS", ",".join([LOOPBACK, *own_names(environment.get("BIND", ""))]))


def own_names(bind: str) -> list[str]:
    """Return the names, beside the loopback's, under which a web server that listens at `bind` is reached."""
    try:
        parsed = parse_bind(bind)
    except ValueError:  # the options say so
        return []
    if parsed.is_every_address:
        return [name for name in [socket.gethostname()] if name and name != "localhost"]
    return [] if parsed.is_loopback else [f"[{parsed.host}]" if ":" in parsed.host else parsed.host]
