"""Asks the web server in this container whether it lives: `python -m console.probe`; exit code 1 when it does not.

The Host header has to be one that the settings allow, which an address such as 127.0.0.1 seldom is.
"""

import http.client
import os
import sys
from collections.abc import Mapping
from typing import Final

PATH: Final = "/health/live/"
SECONDS: Final = 3.0


def host_header(environment: Mapping[str, str]) -> str:
    """Return a host name that ALLOWED_HOSTS allows."""
    first = environment.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    return "localhost" if first in {"", "*"} else first.lstrip(".")


def main() -> None:
    """Ask, and end with exit code 1 unless the answer is fine."""
    port = int(os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", PATH, headers={"Host": host_header(os.environ)})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"The web server does not answer: {error}")
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        sys.exit(f"The web server answers with status {status}.")


if __name__ == "__main__":
    main()
