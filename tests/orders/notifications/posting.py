"""A mail server that tests start: real SMTP, which keeps what it takes and can be told to fail."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread


class PostOffice(ThreadingTCPServer):
    """Keeps e-mails. `answers` are given instead of "250" to the commands that they name; "" hangs up."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.letters: list[EmailMessage] = []
        self.answers: dict[str, str] = {}

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Conversation(StreamRequestHandler):
    server: PostOffice

    def handle(self) -> None:
        self._say("220 post office")
        while line := self.rfile.readline():
            verb = line.split()[0].decode().upper() if line.strip() else ""
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb == "DATA" and verb not in self.server.answers:
                self._say("354 go on")
                source = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(email.message_from_bytes(source, policy=email.policy.default))
                verb = "TAKEN"
            answer = self.server.answers.get(verb, "250 fine")
            if not answer:
                return
            self._say(answer)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def posting() -> Iterator[PostOffice]:
    with PostOffice() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
