"""A browser for the parts about pages: signed in, on one connection that stays open, and with an eye on the bytes."""

import gzip
import html
import http.client
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from django.contrib.auth.models import User
from django.test import Client

from tests.making import make_user

HTMX: Final = {"HX-Request": "true"}
POLL: Final = re.compile(r'hx-get="([^"]*(?:live=1|/status/\?)[^"]*)"')
FILES: Final = re.compile(r'(?:src|href)="(/static/[^"#]+)')
TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
IMPORTS: Final = re.compile(r'(?:from |import )"(\./[^"]+)"')


@dataclass(frozen=True)
class Answer:
    """What came back: `received` are the bytes of its head and of its body as they came, compressed or not."""

    status: int
    headers: dict[str, str]
    text: str
    body: int
    received: int

    @property
    def poll(self) -> str:
        """The address that the page, or the fragment, will ask for again; empty where there is none."""
        found = POLL.search(self.text)
        return html.unescape(found[1]) if found else ""

    @property
    def token(self) -> str:
        """What a form of the page brings along as the proof that it is ours. Raises ValueError where there is none."""
        found = TOKEN.search(self.text)
        if found is None:
            raise ValueError("the page has no form")
        return found[1]


class Visitor:
    """Somebody who looks at pages; without a name, somebody who has not signed in."""

    def __init__(self, port: int, user: User | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies: dict[str, str] = {}
        self.sent = 0
        if user is not None:
            self._cookies["sessionid"] = sign_in(user)

    def get(self, path: str, *, is_htmx: bool = False) -> Answer:
        """Ask for a page, or for a fragment of it."""
        return self._ask("GET", path, "", HTMX if is_htmx else {})

    def post(self, path: str, body: str) -> Answer:
        """Send a form by htmx."""
        return self._ask("POST", path, body, HTMX | {"Content-Type": "application/x-www-form-urlencoded"})

    def get_with_files(self, path: str) -> tuple[Answer, list[Answer]]:
        """Ask for a page and for every file that it loads."""
        page = self.get(path)
        names, files = list(dict.fromkeys(FILES.findall(page.text))), []
        for name in names:
            files.append(self.get(name))
            names += [url for found in IMPORTS.findall(files[-1].text) if (url := urljoin(name, found)) not in names]
        return page, files

    def _ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Host": "localhost", "Cookie": cookie, "Accept-Encoding": "gzip", **headers}
        self.sent += len(path) + sum(len(name) + len(value) + 4 for name, value in headers.items())
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        for name, value in answer.getheaders():
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.partition(";")[0]
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        is_packed = answer.getheader("Content-Encoding") == "gzip"
        text = (gzip.decompress(content) if is_packed else content).decode()
        return Answer(answer.status, dict(answer.getheaders()), text, len(content), len(content) + head)


def sign_in(user: User) -> str:
    """Return the key of a session of the user."""
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def make_approvers(count: int) -> list[User]:
    """Return so many people who may decide."""
    return [make_user(f"approver-{number}", "approver") for number in range(count)]
