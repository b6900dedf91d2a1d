"""The receiver that other tests listen with."""

import socket

from tests.orders.webhooks.receiving import receiving


def test_a_call_whose_caller_died_in_the_middle_is_none() -> None:
    with receiving() as receiver, socket.create_connection(("127.0.0.1", receiver.server_port)) as connection:
        connection.sendall(b"POST /hooks HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b"", "it is not answered"
    assert receiver.calls == []
