"""What the terminal shows of the logs of web server and workers."""

import pytest

from console.stack.notices import NoticeFilter, simplify

STAMP = "2026-03-04 05:06:07,890"


def pick(*lines: str) -> list[str]:
    """Return what is shown of a program's lines."""
    notices = NoticeFilter()
    return [shown for line in lines if (shown := notices.pick(line)) is not None]


def test_what_goes_well_is_left_to_the_log() -> None:
    assert (
        pick(
            f"{STAMP} INFO workers.attempts [order-7 receive_order attempt 1] done in 0.05 s",
            f"{STAMP} DEBUG temporalio.client more than anybody wants",
            "[2026-03-04 05:06:07 +0000] [4711] [INFO] Booting worker with pid: 4711",
        )
        == []
    )


@pytest.mark.parametrize("level", ["WARNING", "ERROR", "CRITICAL"])
def test_what_people_would_act_on_is_shown(level: str) -> None:
    ours = f"{STAMP} {level} workers.relay a message is set aside"
    gunicorns = f"[2026-03-04 05:06:07 +0000] [4711] [{level}] Worker (pid:4712) was sent SIGKILL!"
    assert pick(ours, gunicorns) == [ours, gunicorns]


def test_a_message_cannot_pass_for_its_level() -> None:
    assert pick(f"{STAMP} INFO workers.attempts refused: {STAMP} ERROR nothing of the kind") == []


def test_a_traceback_goes_with_its_record() -> None:
    below = ["    Traceback (most recent call last):", "      File ...", "    ValueError: no"]
    error, info = f"{STAMP} ERROR workers.companions failed", f"{STAMP} INFO workers.companions again"
    assert pick(info, *below) == []
    assert pick(info, error, *below, info, *below) == [error, *below]


def test_words_that_are_no_record_are_shown() -> None:
    words = ["Settings: LOG_LEVEL is wrong", "Traceback (most recent call last):", "  File x", "ValueError: no"]
    assert pick(f"{STAMP} INFO workers.worker draining", *words) == words


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "waiting for Temporal at 127.0.0.1:7233: Failed client connect: Server connection error: "
            'tonic::transport::Error(Transport, ConnectError(ConnectError("tcp connect error", 127.0.0.1:7233, '
            'Os { code: 111, kind: ConnectionRefused, message: "Connection refused" })))',
            "waiting for Temporal at 127.0.0.1:7233: Failed client connect: Server connection error: "
            "Connection refused",
        ),
        (
            'asked in vain: Status { code: Unavailable, message: "upstream has gone", source: None }',
            "asked in vain: upstream has gone",
        ),
        (
            'Server connection error: tonic::transport::Error(Transport, ConnectError("dns error", Custom { kind: '
            'Uncategorized, error: "failed to lookup address information: Name or service not known" }))',
            "Server connection error: failed to lookup address information: Name or service not known",
        ),
        ("ordinary words, with a message", "ordinary words, with a message"),
        ("KeyError('total') in a traceback", "KeyError('total') in a traceback"),
    ],
)
def test_errors_of_rust_are_told_in_words(line: str, shown: str) -> None:
    assert simplify(line) == shown
