"""A Temporal server reached by TLS alone, with a client certificate and an API key: nginx before a dev server."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import Certificates
from tests.programs import free_port
from tests.waiting import listens, wait_until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx, as .ci/run does")
API_KEY = "the-key-of-the-tests"
CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    log_format calls "$ssl_protocol|$ssl_client_s_dn|$http_authorization|$request_uri";
    access_log {folder}/calls.log calls;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {certificates}/server.pem;
        ssl_certificate_key {certificates}/server.key;
        ssl_client_certificate {certificates}/ca.pem;
        ssl_verify_client on;
        client_max_body_size 0;
        grpc_read_timeout 300s;
        location / {{
            if ($http_authorization != "Bearer {api_key}") {{ return 401; }}
            grpc_pass grpc://{upstream};
        }}
    }}
}}
"""


@dataclass(frozen=True)
class SecureTemporal:
    """The server as clients see it."""

    address: str
    log: Path

    @property
    def calls(self) -> list[list[str]]:
        """What each call came with: TLS version, the client's subject, the Authorization header, the method."""
        return [line.split("|") for line in self.log.read_text().splitlines()]


@contextmanager
def started_tls(upstream: str, certificates: Certificates, folder: Path) -> Iterator[SecureTemporal]:
    """Start nginx before the Temporal server at `upstream`, and stop it."""
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder, port=port, certificates=certificates.folder, upstream=upstream, api_key=API_KEY
        )
    )
    assert NGINX is not None
    with (folder / "errors.log").open("w") as errors:
        process = subprocess.Popen([NGINX, "-e", "stderr", "-c", str(configuration)], stderr=errors)
    try:
        wait_until(lambda: process.poll() is not None or listens(port), what="the start of nginx")
        assert process.poll() is None, (folder / "errors.log").read_text()
        yield SecureTemporal(f"127.0.0.1:{port}", folder / "calls.log")
    finally:
        process.terminate()
        process.wait(60)
