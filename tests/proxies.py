"""A TCP proxy that tests stand between a program and a server, to break the line in different ways."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from typing import Final

CHUNK: Final = 65536
TICK_SECONDS: Final = 0.05


class Line:
    """The line to the server at `target`: whole, cut or silent."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._is_silent = False
        self._loses_replies = False
        self._lost_after: bytes | None = None
        self._is_cut = False
        self._is_closed = False
        self._forgotten: set[tuple[socket.socket, socket.socket]] = set()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = self._listen(0)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._is_cut = True
        self._listener.close()
        for pair in list(self._pairs):
            self._drop(pair)

    def fall_silent(self) -> None:
        """Take everything in and pass nothing on, as a firewall does that forgot the connection."""
        self._is_silent = True

    def forget(self) -> None:
        """Pass nothing on, and never again on the connections of now; after `heal` new ones work."""
        self._forgotten |= self._pairs
        self._is_silent = True

    def lose_replies(self, asked: bytes = b"") -> None:
        """Pass on what is said to the server, and lose what it answers; `heal` breaks the connections of that time.

        With `asked` only what is answered after that was said on a connection.
        """
        self._loses_replies = not asked
        self._lost_after = asked or None

    def heal(self) -> None:
        """Be whole again. What was said into the silence is passed on."""
        self._is_silent = False
        if self._loses_replies or self._lost_after:
            self._loses_replies, self._lost_after = False, None
            for pair in list(self._pairs):
                self._drop(pair)
        if self._is_cut:
            self._is_cut = False
            self._listener = self._listen(int(self.address.rpartition(":")[2]))
            threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End."""
        self._is_closed = True
        self.cut()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        listener.settimeout(TICK_SECONDS)
        return listener

    def _accept(self) -> None:
        listener = self._listener
        while not self._is_closed and listener is self._listener:
            try:
                near, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._target, timeout=5)
        except OSError:
            near.close()
            return None
        pair = (near, far)
        self._pairs.add(pair)
        is_lost = False
        with contextlib.suppress(OSError, ValueError):
            while not self._is_cut:
                if self._is_silent or pair in self._forgotten:
                    threading.Event().wait(TICK_SECONDS)
                    continue
                for ready in select.select(pair, [], [], TICK_SECONDS)[0]:
                    data = ready.recv(CHUNK)
                    if not data:
                        return self._drop(pair)
                    if ready is near and self._lost_after and self._lost_after in data:
                        is_lost = True
                    if ready is near or not (self._loses_replies or is_lost):
                        (far if ready is near else near).sendall(data)
        return self._drop(pair)

    def _drop(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs.discard(pair)
        for end in pair:
            end.close()


@contextlib.contextmanager
def line_to(target: str) -> Iterator[Line]:
    """Stand a proxy before `target` until the end."""
    line = Line(target)
    try:
        yield line
    finally:
        line.close()
