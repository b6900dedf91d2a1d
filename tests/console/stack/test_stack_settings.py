"""The local stack keeps to what it is told, tells nobody else what it holds, and is found from other terminals."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from console.bind import Bind
from console.stack.environment import LOOPBACK, prepare_environment
from console.stack.errors import StackError
from console.stack.folder import StackFolder
from console.stack.options import check_ports, child_environment, keep_to_embedded, read_options
from tests.stacks import PARTS, RunningStack, clean_environment, get_status, run
from tests.waiting import wait_until

SHOW = "from django.conf import settings as s; print(s.{})"
# Another installation, as the shell of somebody who has one would know it.
ELSEWHERE = {
    "DATABASE_URL": "postgresql://other@127.0.0.1:1/other",
    "SECRET_KEY": "the-key-of-another-installation",
    "DEBUG": "true",
    "ORDER_APPROVAL_TIMEOUT": "5",
    "TEMPORAL_ADDRESS": "127.0.0.1:1",
    "TEMPORAL_NAMESPACE": "other",
    "TEMPORAL_API_KEY": "secret",
    "TEMPORAL_TLS": "true",
    "PGHOST": "127.0.0.1",
    "PGPORT": "1",
    "PGSERVICE": "other",
    "PGOPTIONS": "-c search_path=nowhere",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack that was told much, by a shell that knows other servers too."""
    folder = tmp_path_factory.mktemp("told")
    (folder / ".config" / "temporalio").mkdir(parents=True)
    profile = folder / ".config" / "temporalio" / "temporal.toml"
    profile.write_text('[profile.default]\naddress = "127.0.0.1:1"\n[profile.default.tls]\nserver_name = "cloud"\n')
    shell = {name: value for name, value in ELSEWHERE.items() if name.startswith("PG")} | {
        "HOME": str(folder),
        "TEMPORAL_API_KEY": "x",
        "TEMPORAL_PROFILE": "of-another-installation",
        "TEMPORAL_TLS": "maybe",
        "TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere/client.pem",
    }
    stack = RunningStack(
        folder / "stack",
        "--without",
        "workers",
        BIND="0.0.0.0",  # noqa: S104
        ALLOWED_HOSTS="console.test, .desk.test",
        ORDER_APPROVAL_TIMEOUT="7777",
        STATIC_ROOT=str(folder / "static"),
        TEMPORAL_UI_URL="https://ui.example.com",
        CSRF_TRUSTED_ORIGINS="https://console.test",
        WEB_PROCESSES="1",
        **shell,
    )
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        assert stack.stop() == 0


def test_it_listens_where_it_is_told_to_and_to_whom(stack: RunningStack) -> None:
    # 127.0.0.2 is another address of this machine, on which a server that listens at 127.0.0.1 is not found.
    assert get_status(stack.port, "/health/ready/", address="127.0.0.2", host="console.test") == 200
    assert get_status(stack.port, "/accounts/login/", address="127.0.0.2", host="anna.desk.test") == 200
    assert get_status(stack.port, "/accounts/login/", host="127.0.0.1") == 400
    assert f"http://console.test:{stack.port}/" in stack.output
    assert "Other machines   reach it under console.test, .desk.test, without TLS" in stack.output


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ORDER_APPROVAL_TIMEOUT", "7777"),
        ("TEMPORAL_UI_URL", "https://ui.example.com"),
        ("CSRF_TRUSTED_ORIGINS", "['https://console.test']"),
    ],
)
def test_its_settings_reach_other_terminals(stack: RunningStack, setting: str, value: str) -> None:
    shown = run(clean_environment(stack.folder), "shell", "-v0", "-c", SHOW.format(setting))
    assert shown.stdout == f"{value}\n"


def test_static_files_go_where_it_is_told(stack: RunningStack) -> None:
    assert list((stack.folder.parent / "static").glob("console.*.css"))
    assert not (stack.folder / "static").exists()


def manage(stack: RunningStack, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run `.stack/manage` in a shell that knows another installation."""
    environment = {"PATH": "/nowhere:/bin:/usr/bin", **ELSEWHERE, **changes}
    script = str(stack.folder / "manage")
    return subprocess.run([script, *arguments], cwd="/", env=environment, capture_output=True, text=True, timeout=120)


def test_the_shell_does_not_send_its_manage_to_another_installation(stack: RunningStack) -> None:
    names = ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "DEBUG", "ORDER_APPROVAL_TIMEOUT")
    shown = manage(stack, "shell", "-v0", "-c", "\n".join(SHOW.format(name) for name in names))
    told = [f"127.0.0.1:{stack.temporal_port}", "default", "False", "7777"]
    assert shown.stdout.splitlines() == told, shown.stderr
    left = "import os; print(*sorted(n for n in os.environ if n.startswith(('PG', 'TEMPORAL_'))))"
    assert manage(stack, "shell", "-v0", "-c", left).stdout.split() == [
        "TEMPORAL_ADDRESS",
        "TEMPORAL_CONFIG_FILE",
        "TEMPORAL_UI_URL",
    ]


def test_its_manage_reaches_its_own_temporal(stack: RunningStack) -> None:
    order_id = manage(stack, "shell", "-v0", "-c", "from orders.models import Order; print(Order.objects.first())")
    asked = manage(stack, "order", "query", order_id.stdout.strip())
    assert "127.0.0.1:1" not in asked.stdout + asked.stderr
    # There is a run, and no worker in this stack to answer for it.
    assert asked.returncode in {0, 1}
    assert "Traceback" not in asked.stderr


def test_its_temporal_reaches_its_own_server_and_no_other(stack: RunningStack) -> None:
    command = [str(stack.folder / "temporal"), "workflow", "count"]
    counted = subprocess.run(
        command,
        cwd="/",
        env={"PATH": "/bin:/usr/bin", "HOME": "/", **ELSEWHERE},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (counted.returncode, counted.stdout) == (0, "Total: 10\n"), counted.stderr


def test_a_shell_that_knows_another_temporal_finds_the_stack_as_a_whole(stack: RunningStack) -> None:
    environment = clean_environment(stack.folder) | {"TEMPORAL_ADDRESS": "127.0.0.1:1", "TEMPORAL_TLS": "true"}
    shown = run(environment, "shell", "-v0", "-c", SHOW.format("TEMPORAL_ADDRESS"))
    assert shown.stdout == f"127.0.0.1:{stack.temporal_port}\n"


@pytest.mark.parametrize("way", ["script", "manage.py"])
def test_dbshell_opens_the_embedded_database(stack: RunningStack, way: str) -> None:
    query = ["dbshell", "--", "--no-psqlrc", "--tuples-only", "--no-align", "-c", "SELECT count(*) FROM orders_order"]
    if way == "script":
        answer = manage(stack, *query)
    else:
        answer = run(clean_environment(stack.folder) | {"PATH": "/bin", "PGHOST": "127.0.0.1"}, *query)
    assert (answer.returncode, answer.stdout) == (0, "10\n"), answer.stderr


def test_nobody_else_can_read_what_is_in_its_folder(stack: RunningStack) -> None:
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in [stack.folder, *stack.folder.rglob("*")]}
    assert len(modes) > 1000, "PostgreSQL's data folder is looked at too"
    # Root's PostgreSQL runs as another user, whose group passes through the folder and reads nothing in it.
    passing = stat.S_IXGRP if os.geteuid() == 0 else 0
    assert modes.pop(stack.folder) & 0o077 == passing
    assert {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    folder = StackFolder({"STACK_FOLDER": str(tmp_path / "stack")})
    (tmp_path / "stack" / "logs").mkdir(parents=True)
    for name in ("lock", "temporal.db", "temporal.db-wal", "logs/web.log", "manage"):
        (tmp_path / "stack" / name).touch()
        (tmp_path / "stack" / name).chmod(0o755)
    (tmp_path / "stack").chmod(0o755)
    folder.make()
    folder.close_to_others()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [folder.path, *folder.path.rglob("*")]}
    assert {path.name: oct(mode) for path, mode in modes.items() if mode & 0o077 and path != folder.path} == {}
    assert modes[folder.path] & 0o067 == 0


def test_a_folder_of_somebody_else_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch(mode=0o644)
    tmp_path.chmod(0o755)
    StackFolder({"STACK_FOLDER": str(tmp_path)}).make()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "letter.txt").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700


CUSTOMER = "Ottilie Vandersluis"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO customer (id, name) VALUES (1, %(name)s)",
        "INSERT INTO customer (id, name) VALUES (2, %(name)s)",
        "INSERT INTO customer (id, name, age) VALUES (3, %(name)s, -1)",
        "INSERT INTO customer (id, name, friend) VALUES (4, %(name)s, 99)",
        "INSERT INTO customer (name) VALUES (%(name)s)",
        "SELECT nothing FROM customer WHERE name = %(name)s",
        "SELECT 1 / (length(name) - length(%(name)s)) FROM customer WHERE name = %(name)s",
        "DO $$ BEGIN UPDATE customer SET age = -1 WHERE name = 'Ottilie Vandersluis'; END $$",
    ],
    ids=["key", "unique", "check", "foreign", "null", "column", "arithmetic", "context"],
)
@pytest.mark.parametrize("cursor", [psycopg.Cursor, psycopg.ClientCursor], ids=["server-side", "client-side"])
def test_the_log_of_postgresql_holds_no_rows(
    postgres: dict[str, str], statement: str, cursor: type[psycopg.Cursor[psycopg.rows.TupleRow]]
) -> None:
    log = Path(postgres["HOST"]).parent / "logs" / "postgres.log"
    before = log.stat().st_size
    with psycopg.connect(
        host=postgres["HOST"], port=postgres["PORT"], user="postgres", dbname="postgres", cursor_factory=cursor
    ) as connection:
        connection.execute(
            "CREATE TEMPORARY TABLE customer (id integer PRIMARY KEY, name text UNIQUE, "
            "age integer CONSTRAINT age_is_positive CHECK (age > 0), friend integer REFERENCES customer)"
        )
        connection.execute("INSERT INTO customer (id, name) VALUES (1, %s)", [CUSTOMER])
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement, {"name": CUSTOMER})
        connection.rollback()
    connection.close()
    error = f"ERROR:  {refused.value.diag.message_primary}"
    wait_until(lambda: error in log.read_bytes()[before:].decode(), what="the line of the log")
    assert CUSTOMER not in log.read_bytes()[before:].decode()


class TestBind:
    @pytest.mark.parametrize(
        ("given", "bind"),
        [
            ({}, Bind("127.0.0.1", 8000)),
            ({"PORT": "8001"}, Bind("127.0.0.1", 8001)),
            ({"BIND": "0.0.0.0"}, Bind("0.0.0.0", 8000)),  # noqa: S104
            ({"BIND": "0.0.0.0", "PORT": "8001"}, Bind("0.0.0.0", 8001)),  # noqa: S104
            ({"BIND": "0.0.0.0:8001"}, Bind("0.0.0.0", 8001)),  # noqa: S104
            ({"BIND": "[::]:8001", "PORT": "8001"}, Bind("::", 8001)),
            ({"BIND": "unix:/run/console.sock", "PORT": "8001"}, Bind(path="/run/console.sock")),
        ],
    )
    def test_it_is_told_by_bind_and_port(self, given: dict[str, str], bind: Bind) -> None:
        assert read_options(given).bind == bind
        assert read_options(given).ports().get("PORT", 0) == bind.port

    def test_two_that_contradict_each_other_are_refused(self) -> None:
        with pytest.raises(StackError, match="BIND says port 9000, and PORT says 8001"):
            read_options({"BIND": "0.0.0.0:9000", "PORT": "8001"})

    def test_nonsense_is_refused(self) -> None:
        with pytest.raises(StackError, match="BIND is wrong: 'here:there' is not host:port"):
            read_options({"BIND": "here:there"})

    def test_an_address_of_another_machine_is_a_sentence(self) -> None:
        with pytest.raises(StackError, match=r"BIND names 192\.0\.2\.1, which is not an address of this machine"):
            check_ports({"PORT": 8123}, web_host="192.0.2.1")

    @pytest.mark.parametrize(
        ("bind", "more"),
        [("", []), ("127.0.0.1:9000", []), ("192.0.2.7:9000", ["192.0.2.7"]), ("[2001:db8::1]", ["[2001:db8::1]"])],
    )
    def test_its_own_address_is_allowed_unless_hosts_are_named(
        self, bind: str, more: list[str], tmp_path: Path
    ) -> None:
        environment = {"STACK_FOLDER": str(tmp_path), "BIND": bind}
        prepare_environment(environment)
        assert environment["ALLOWED_HOSTS"] == ",".join([LOOPBACK, *more])
        named = {"STACK_FOLDER": str(tmp_path), "BIND": bind, "ALLOWED_HOSTS": "console.test"}
        prepare_environment(named)
        assert named["ALLOWED_HOSTS"] == "console.test"


def test_servers_of_ones_own_keep_the_variables_that_lead_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PGPASSWORD", "p"), ("TEMPORAL_API_KEY", "k"), ("TEMPORAL_NAMESPACE", "n")):
        monkeypatch.setenv(name, value)
    own = {"DATABASE_URL": "postgresql://db/console", "TEMPORAL_ADDRESS": "temporal:7233"}
    keep_to_embedded(read_options(own))
    given = child_environment(read_options(own), {})
    assert (given["PGPASSWORD"], given["TEMPORAL_API_KEY"], given["TEMPORAL_NAMESPACE"]) == ("p", "k", "n")
    keep_to_embedded(read_options({}))
    embedded = child_environment(read_options({}), {})
    assert {"PGPASSWORD", "TEMPORAL_API_KEY"} & embedded.keys() == set()
    assert embedded["TEMPORAL_NAMESPACE"] == "n"


def test_hosts_that_stand_for_all_are_refused_at_once(tmp_path: Path) -> None:
    refused = run(clean_environment(tmp_path) | {"ALLOWED_HOSTS": "*"}, "runstack")
    assert refused.returncode == 1
    assert re.fullmatch(
        r"Settings: ALLOWED_HOSTS is wrong: \* accepts every Host header, even a forged one\. .*\n", refused.stderr
    )


def test_the_line_that_starts_temporal_by_hand_keeps_its_data_private(tmp_path: Path) -> None:
    stack = RunningStack(tmp_path / "stack", *PARTS, "--without", "temporal")
    try:
        stack.wait_until_ready()
        assert f"    (umask 077 && cd {stack.folder} && exec {sys.executable.removesuffix('python')}" in stack.output
    finally:
        assert stack.stop() == 0
