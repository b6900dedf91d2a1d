"""Temporal with TLS, a client certificate and an API key: web, workers and commands, and never in the clear."""

import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_django import Settings

from orders.engine import temporal, temporal_client
from orders.engine.options import read_options
from orders.errors import OrderError, TemporalAway
from orders.models import Order
from orders.states import Status
from tests.certificates import Certificates, make_certificates, needs_openssl
from tests.forked import Program
from tests.programs import end_open_runs, started_workers
from tests.temporal_behind_tls import API_KEY, SecureTemporal, needs_nginx, started_tls
from tests.waiting import wait_for_status, wait_until

pytestmark = [needs_nginx, needs_openssl, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure(temporal_address: str, certificates: Certificates) -> Iterator[SecureTemporal]:
    # Where root starts nginx, its processes are somebody else's, who cannot pass through pytest's own folders.
    with tempfile.TemporaryDirectory(prefix="console-tls-", dir="/tmp") as path:
        Path(path).chmod(0o777)
        with started_tls(temporal_address, certificates, Path(path)) as server:
            yield server


@pytest.fixture
def variables(secure: SecureTemporal, certificates: Certificates) -> dict[str, str]:
    """What a client needs to be let in."""
    return {"TEMPORAL_ADDRESS": secure.address, "TEMPORAL_API_KEY": API_KEY, **certificates.client()}


@pytest.fixture
def use(settings: Settings) -> Iterator[Callable[[dict[str, str]], None]]:
    """Return a function that has this process, as a web server would, go by variables."""

    def go_by(variables: dict[str, str]) -> None:
        options = read_options({"TEMPORAL_CONFIG_FILE": os.devnull} | variables)
        settings.TEMPORAL_ADDRESS, settings.TEMPORAL_NAMESPACE = options.address, options.namespace
        settings.TEMPORAL_SECRETS = options.secrets
        temporal_client.close()

    yield go_by
    temporal_client.close()


def test_the_web_shows_its_certificate_and_its_key(
    secure: SecureTemporal, variables: dict[str, str], use: Callable[[dict[str, str]], None]
) -> None:
    use(variables)
    temporal.check_server()
    version, subject, authorization, _ = secure.calls[-1]
    assert (version.startswith("TLSv1."), subject, authorization) == (True, "CN=client", f"Bearer {API_KEY}")


@pytest.mark.parametrize(
    "change",
    [
        {"TEMPORAL_API_KEY": "another-key"},
        {"TEMPORAL_TLS_CLIENT_CERT_PATH": "", "TEMPORAL_TLS_CLIENT_KEY_PATH": ""},
        {"stranger": ""},
        {"TEMPORAL_TLS_SERVER_NAME": "another.test"},
        {"TEMPORAL_TLS_SERVER_CA_CERT_PATH": ""},
        {"TEMPORAL_TLS": "false", "TEMPORAL_API_KEY": ""},
    ],
    ids=["wrong key", "no certificate", "a stranger's certificate", "another server", "unknown authority", "clear"],
)
def test_without_one_of_them_nobody_gets_in(
    secure: SecureTemporal,
    variables: dict[str, str],
    certificates: Certificates,
    use: Callable[[dict[str, str]], None],
    change: dict[str, str],
) -> None:
    if "stranger" in change:
        change = certificates.client("stranger")
    if change.get("TEMPORAL_TLS") == "false":
        variables = {"TEMPORAL_ADDRESS": secure.address}
    use(variables | change)
    with pytest.raises(OrderError):
        temporal.check_server()


def test_an_order_is_carried_by_workers_and_commands_that_speak_tls(
    secure: SecureTemporal,
    variables: dict[str, str],
    temporal_address: str,
    program_environment: dict[str, str],
    run_command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    before = len(secure.calls)
    try:
        with started_workers(program_environment | variables):
            started = run_command("order", "start", "--order-id", "order-TLS", "--json", **variables)
            assert started.returncode == 0, started.stderr
            order = Order.objects.get(order_id="order-TLS")
            wait_for_status(order, Status.PENDING_MANUAL_APPROVAL, seconds=60)
            run_command("order", "signal", order.order_id, "approve", "--by", "bob", **variables)
            wait_for_status(order, Status.COMPLETED, seconds=60)
    finally:
        end_open_runs(temporal_address)
    calls = secure.calls[before:]
    assert {(subject, authorization) for _, subject, authorization, _ in calls} == {("CN=client", f"Bearer {API_KEY}")}
    methods = {method.rpartition("/")[2] for *_, method in calls}
    assert {"StartWorkflowExecution", "SignalWorkflowExecution", "RespondActivityTaskCompleted"} <= methods


def test_a_profile_of_a_file_does_as_well(
    secure: SecureTemporal,
    certificates: Certificates,
    tmp_path: Path,
    run_command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    folder, file = certificates.folder, tmp_path / "temporal.toml"
    file.write_text(
        f'[profile.desk]\naddress = "{secure.address}"\napi_key = "{API_KEY}"\n'
        f'[profile.desk.tls]\nserver_name = "temporal.test"\nserver_ca_cert_path = "{folder}/ca.pem"\n'
        f'client_cert_path = "{folder}/client.pem"\nclient_key_path = "{folder}/client.key"\n'
    )
    profile = {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "desk", "TEMPORAL_ADDRESS": ""}
    asked = run_command("order", "start", "--order-id", "order-PROFILE", "--json", **profile)
    assert '"workflow": "started"' in asked.stdout, asked.stderr


@contextmanager
def eavesdropper() -> Iterator[tuple[str, list[bytes]]]:
    """Listen where a Temporal server should be, answer nothing, and keep what each client said first."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hear() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    said = connection.recv(64)
                    if said:  # a program that is stopped hangs up without a word
                        heard.append(said)

        threading.Thread(target=hear, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", heard


WAYS = {
    "tls": {"TEMPORAL_TLS": "true"},
    "key": {"TEMPORAL_API_KEY": API_KEY},
    "name": {"TEMPORAL_TLS_SERVER_NAME": "temporal.test"},
}


@pytest.mark.parametrize("way", [*WAYS, "certificate", "file"])
@pytest.mark.parametrize("program", ["web", "workers", "command"])
def test_nothing_is_said_in_the_clear_where_tls_was_asked_for(
    program: str,
    way: str,
    certificates: Certificates,
    tmp_path: Path,
    use: Callable[[dict[str, str]], None],
    program_environment: dict[str, str],
    run_command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(f'[profile.default]\napi_key = "{API_KEY}"\n')
    ways = WAYS | {"certificate": certificates.client(), "file": {"TEMPORAL_CONFIG_FILE": str(file)}}
    with eavesdropper() as (address, heard):
        variables = {"TEMPORAL_ADDRESS": address, **ways[way]}
        if program == "web":
            use(variables)
            with pytest.raises(TemporalAway):
                temporal.check_server()
        elif program == "command":
            run_command("order", "start", "--order-id", f"order-{way}", **variables)
        else:
            workers = Program(("manage.py", "runworkers"), program_environment | variables)
            try:
                wait_until(lambda: len(heard) > 0, what="a worker's first words")
            finally:
                workers.kill()
                workers.wait()
        assert heard
        # A TLS record of the handshake; in the clear it would be "PRI * HTTP/2.0".
        assert {said[:2] for said in heard} == {b"\x16\x03"}


def test_an_eavesdropper_hears_what_is_said_in_the_clear(use: Callable[[dict[str, str]], None]) -> None:
    with eavesdropper() as (address, heard):
        use({"TEMPORAL_ADDRESS": address})
        with pytest.raises(TemporalAway):
            temporal.check_server()
        assert heard[0].startswith(b"PRI * HTTP/2.0")
