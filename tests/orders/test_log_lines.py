"""The lines of the log: nothing that anybody sends steers a terminal or passes for a line of its own."""

import io
import logging
import logging.config
import re
import socket
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from orders.log_lines import LineFormatter
from tests.programs import ROOT, free_port
from tests.waiting import wait_until
from workers import logs

FORGED = "2026-01-01 00:00:00 INFO workers all is well"
EVIL = f"\x1b[31mred\x07\r\n{FORGED}\n\ud800\u202e\x9b\x00"
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]")


@pytest.fixture(params=["web", "workers"])
def handler(request: pytest.FixtureRequest) -> logging.StreamHandler[io.StringIO]:
    """The handler of the project's own settings, as the web or the workers have it, writing into a text."""
    logger = logging.getLogger(f"tests.{request.param}")
    config: dict[str, Any] = {key: settings.LOGGING[key] for key in ("version", "formatters", "filters", "handlers")}
    loggers = {logger.name: {"handlers": ["stderr"], "propagate": False}}
    logging.config.dictConfig(config | {"disable_existing_loggers": False, "loggers": loggers})
    (handler,) = logger.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(io.StringIO())
    if request.param == "workers":
        handler.addFilter(logs.SubjectFilter())
        handler.setFormatter(LineFormatter(logs.LINE, style="{"))
    return handler


def write(handler: logging.StreamHandler[io.StringIO], **facts: Any) -> list[str]:
    record = logging.LogRecord("tests", logging.ERROR, "", 0, facts.pop("message"), facts.pop("args", ()), None)
    vars(record).update(facts)
    handler.handle(record)
    written = handler.stream.getvalue()
    assert not CONTROLS.search(written)
    lines = written.splitlines()
    assert [line for line in lines if line.startswith(FORGED[:10])] == []
    return lines


def test_a_message_is_one_line(handler: logging.StreamHandler[io.StringIO]) -> None:
    assert len(write(handler, message="decided by %s", args=(EVIL,))) == 1


def test_a_traceback_is_indented_below(handler: logging.StreamHandler[io.StringIO]) -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        lines = write(handler, message="failed", exc_info=sys.exc_info())

    assert lines[1] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in lines[1:])
    assert any("ValueError: " in line for line in lines)


def test_a_traceback_that_another_handler_wrote_before_is_escaped_too(
    handler: logging.StreamHandler[io.StringIO],
) -> None:
    lines = write(handler, message="failed", exc_text=f"Traceback:\n{EVIL}", stack_info=f"Stack:\n{EVIL}")

    assert lines[1] == "    Traceback:"


def test_a_subject_of_the_workers_is_escaped() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(logs.SubjectFilter())
    handler.setFormatter(LineFormatter(logs.LINE, style="{"))
    run = {"workflow_id": f"order-{EVIL}", "workflow_type": "OrderWorkflow"}

    assert len(write(handler, message="started", temporal_workflow=run)) == 1


def test_gunicorns_own_lines_are_escaped() -> None:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:console.gunicorn_conf", "console.wsgi"]
    environment = {
        "PATH": "/usr/bin:/bin",
        "DEBUG": "true",
        "BIND": f"127.0.0.1:{port}",
        "WEB_PROCESSES": "1",
        "GUNICORN_CMD_ARGS": "--access-logfile - --log-level debug",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    }
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _is_there(port), what="the web server")
        for line in ("GET /\x1b[31m HTTP/1.1", "GET /health/live/ HTTP/1.1\r\nUser-Agent: \x9b31mred", "\x1b[31m"):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(f"{line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode("latin-1"))
                while connection.recv(1000):
                    pass
    finally:
        server.terminate()
        written = server.communicate(timeout=20)[0]

    assert b"/health/live/" in written
    assert b"\\x9b31mred" in written
    assert CONTROLS.findall(written.decode()) == []


def _is_there(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
