"""The proxy of Compose: the very file that it mounts, run by the machine's own nginx on the loopback address."""

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic

import pytest

from tests.programs import ROOT, free_port
from tests.waiting import wait_until
from tests.web import HOST, ask, web_server

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")), reason="nginx or openssl is not installed: apt-get install nginx openssl"
)
FILE = ROOT / "proxy" / "nginx.conf"
LOGIN = "/accounts/login/"
# More than the threads of a web server: 2 processes of 8.
MANY = 40
# A page that waits for nothing comes in a fraction of this.
SOON = 15.0


class Proxy:
    """A running proxy with a certificate of its own."""

    def __init__(self, port: int, plain_port: int, certificate: Path) -> None:
        self.port = port
        self.plain_port = plain_port
        self._trust = ssl.create_default_context(cafile=certificate)

    def connect(self) -> ssl.SSLSocket:
        """Open a connection on which nothing has been said yet."""
        return self._trust.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), timeout=10), server_hostname=HOST
        )

    def ask(self, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a whole request and return the answer with its body."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=SOON, context=self._trust)
        connection.sock = self.connect()  # it asks for the name of the certificate, at the loopback address
        connection.sock.settimeout(SOON)
        connection.request(method, path, headers={"Host": HOST} | headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    def status(self, path: str, **headers: str) -> int:
        """Return the status of a page."""
        return self.ask("GET", path, **headers)[0].status


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key, side by side."""
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "key.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-days", "2", *subject, *key, "-out", str(folder / "certificate.pem")],
        check=True,
        capture_output=True,
    )
    return folder / "certificate.pem"


@contextmanager
def running_proxy(upstream_port: int, certificate: Path, folder: Path) -> Iterator[Proxy]:
    """Run nginx with the file of Compose; only its ports, its files and the web server's name are this test's own."""
    port, plain_port = free_port(), free_port()
    text = FILE.read_text().replace(" /tmp/", f" {folder}/")
    for theirs, ours in {
        "listen 8080 default_server": f"listen 127.0.0.1:{plain_port} default_server",
        "listen 8443 ssl default_server": f"listen 127.0.0.1:{port} ssl default_server",
        "http://web:8000": f"http://127.0.0.1:{upstream_port}",
        "/run/secrets/tls_certificate": str(certificate),
        "/run/secrets/tls_key": str(certificate.with_name("key.pem")),
    }.items():
        assert text.count(theirs) == 1, theirs
        text = text.replace(theirs, ours)
    folder.chmod(0o755)  # where root starts it, its processes are somebody else's
    (folder / "nginx.conf").write_text(text)
    assert NGINX is not None
    command = [NGINX, "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with (folder / "nginx.log").open("w") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or ask(plain_port, "GET", "/proxy/live") == 204, what="the proxy")
        assert process.poll() is None, (folder / "nginx.log").read_text()
        yield Proxy(port, plain_port, certificate)
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def pages(certificate: Path) -> Iterator[tuple[Proxy, int]]:
    """The console's web server behind the proxy, and the web server's own port."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(temporary_folder()))
        port = stack.enter_context(web_server(folder, HTTPS="true"))
        yield stack.enter_context(running_proxy(port, certificate, folder)), port


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Make a folder whose parents everybody may pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="console-proxy-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield folder


HALF_HEADER = f"GET {LOGIN} HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode()
HALF_BODY = f"POST {LOGIN} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\nusername=".encode()


def send_halves(connect: Callable[[], socket.socket], half: bytes) -> list[socket.socket]:
    """Open many connections, and say half of something on each."""
    connections = [connect() for _ in range(MANY)]
    for connection in connections:
        connection.sendall(half)
    return connections


@pytest.mark.parametrize("half", [HALF_HEADER, HALF_BODY], ids=["header", "body"])
def test_halves_of_requests_do_not_stop_the_console(pages: tuple[Proxy, int], half: bytes) -> None:
    proxy = pages[0]
    assert proxy.status(LOGIN) == 200
    for connection in (held := send_halves(proxy.connect, half)):
        connection.settimeout(0.01)
    began = monotonic()
    assert [proxy.status(LOGIN) for _ in range(20)] == [200] * 20
    assert monotonic() - began < SOON
    assert any(is_open(connection) for connection in held), "they were held while pages were asked for"
    for connection in held:
        connection.close()


@pytest.mark.parametrize("half", [HALF_HEADER, HALF_BODY], ids=["header", "body"])
def test_without_the_proxy_they_do(pages: tuple[Proxy, int], half: bytes) -> None:
    """What the proxy is there for. Should this fail, the web server has learned to wait without a thread."""
    web_port = pages[1]
    held = send_halves(lambda: socket.create_connection(("127.0.0.1", web_port), timeout=10), half)
    forwarded = {"X-Forwarded-Proto": "https"}
    wait_until(lambda: ask(web_port, "GET", LOGIN, seconds=1, **forwarded) == 0, what="the end of its answers")
    for connection in held:
        connection.close()
    wait_until(lambda: ask(web_port, "GET", LOGIN, seconds=1, **forwarded) == 200, what="the web server's recovery")


def is_open(connection: socket.socket) -> bool:
    """Tell whether the other side still waits for more."""
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_who_says_nothing_more_is_hung_up_on(pages: tuple[Proxy, int]) -> None:
    with pages[0].connect() as connection:
        connection.sendall(HALF_HEADER)
        connection.settimeout(45)
        began = monotonic()
        with suppress(ConnectionResetError):
            connection.recv(1000)
        assert 8 < monotonic() - began < 40


class Echo(BaseHTTPRequestHandler):
    """An upstream that writes down what it is asked, and answers at length."""

    protocol_version = "HTTP/1.1"
    begun: list[str] = []
    asked: list[dict[str, str]] = []
    answer = b"x"
    has_answered = threading.Event()

    def do_POST(self) -> None:
        """Read everything, and answer."""
        type(self).begun.append(self.path)
        length = int(self.headers.get("Content-Length", 0))
        type(self).asked.append({**dict(self.headers.items()), "body": self.rfile.read(length).decode()})
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)
        self.wfile.flush()
        type(self).has_answered.set()

    do_GET = do_POST  # noqa: N815 - the standard library's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def echo(certificate: Path) -> Iterator[tuple[Proxy, type[Echo]]]:
    """The proxy before an upstream that tells what reaches it."""
    handler = type("FreshEcho", (Echo,), {"begun": [], "asked": [], "has_answered": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with temporary_folder() as folder, running_proxy(server.server_port, certificate, Path(folder)) as proxy:
        yield proxy, handler
    server.shutdown()
    server.server_close()


def test_what_a_client_claims_of_itself_does_not_count(echo: tuple[Proxy, type[Echo]]) -> None:
    proxy, upstream = echo
    forged = {
        "X-Forwarded-For": "10.0.0.1, 10.0.0.2",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=10.0.0.1;proto=http;host=evil.example",
    }
    assert proxy.status("/orders/?q=a%20b", Host=f"{HOST}:8443", **forged) == 200
    assert upstream.asked == [
        {
            "Host": f"{HOST}:8443",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "127.0.0.1",
            "Accept-Encoding": "identity",
            "body": "",
        }
    ]


def test_the_web_server_is_asked_once_a_request_is_whole(echo: tuple[Proxy, type[Echo]]) -> None:
    proxy, upstream = echo
    with proxy.connect() as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 6\r\n\r\nabc".encode())
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert upstream.begun == []
        connection.sendall(b"def")
        connection.settimeout(SOON)
        assert connection.recv(20).startswith(b"HTTP/1.1 200")
    assert [each["body"] for each in upstream.asked] == ["abcdef"]


def test_the_web_server_is_rid_of_an_answer_that_nobody_reads(echo: tuple[Proxy, type[Echo]]) -> None:
    proxy, upstream = echo
    upstream.answer = b"x" * 30_000_000  # more than the sockets between hold
    with proxy.connect() as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert upstream.has_answered.wait(60), "the upstream waits for a client that reads nothing"


def test_plain_http_leads_to_https(pages: tuple[Proxy, int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", pages[0].plain_port, timeout=SOON)
    connection.request("POST", "/orders/new/?a=b", headers={"Host": HOST})
    response = connection.getresponse()
    assert (response.status, response.headers["Location"]) == (308, f"https://{HOST}/orders/new/?a=b")


def test_pages_come_with_secure_cookies_and_hsts(pages: tuple[Proxy, int]) -> None:
    response, _ = pages[0].ask("GET", LOGIN)
    assert "; Secure" in response.headers["Set-Cookie"]
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert re.search(r"nginx/|gunicorn/\d", str(response.headers)) is None


def test_a_foreign_host_is_refused(pages: tuple[Proxy, int]) -> None:
    assert pages[0].status(LOGIN, Host="evil.example") == 400


def test_a_web_server_that_is_away_is_told_of(certificate: Path) -> None:
    with temporary_folder() as folder, running_proxy(free_port(), certificate, Path(folder)) as proxy:
        response, body = proxy.ask("GET", "/orders/")
        assert (response.status, response.headers["Cache-Control"], response.headers["Retry-After"]) == (
            503,
            "no-store",
            "5",
        )
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert b"The order console is not there at the moment" in body


def test_a_body_that_is_too_large_is_refused(echo: tuple[Proxy, type[Echo]]) -> None:
    proxy, upstream = echo
    with proxy.connect() as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 21000000\r\n\r\n".encode())
        assert connection.recv(20).startswith(b"HTTP/1.1 413")
    assert upstream.begun == []
