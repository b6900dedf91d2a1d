"""Asks the web server in this container whether it lives: `python -m console.probe`; exit code 1 when it does not.

The Host header has to be one that the settings allow, which an address such as 127.0.0.1 seldom is.
"""

import http.client
import os
import sys
from typing import Final

from console.bind import DEFAULT, allowed_host_header, parse_bind

PATH: Final = "/health/live/"
SECONDS: Final = 3.0


def main() -> None:
    """Ask, and end with exit code 1 unless the answer is fine."""
    try:
        bind = parse_bind(os.environ.get("BIND") or DEFAULT)
    except ValueError as error:
        sys.exit(f"BIND is wrong: {error}")
    connection = bind.connection(seconds=SECONDS)
    try:
        host = allowed_host_header(os.environ.get("ALLOWED_HOSTS", ""))
        connection.request("GET", PATH, headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"The web server does not answer: {error}")
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        sys.exit(f"The web server answers with status {status}.")


if __name__ == "__main__":
    main()
