"""What tests stand on: a real PostgreSQL, a real Temporal server, real workers, and people with names."""

import gc
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker, Settings

from console.desk import live_rows, tabs
from console.order import glance
from console.system import engine
from orders.engine import live_status, temporal_client
from orders.listing import known_reasons, known_rules
from orders.plugins import load_plugins
from orders.postgres import faults
from orders.reading import known_words
from tests import emptying
from tests.database import migrated_data, started_postgres
from tests.forked import Program, run_python
from tests.making import MakeOrder, build_order, make_user
from tests.orders.payments.stripe_account import GATEWAY, KEY, SECRET, Account, started_stripe
from tests.programs import end_open_runs, free_port, started_temporal, started_workers
from tests.proxies import Line, line_to

# Files that wait long for servers. They begin first, so that a run does not end with one of them alone.
LONG: Final = (
    *("tests/browser/", "tests/console/stack/", "tests/workers/test_runworkers.py", "tests/orders/postgres/"),
    *("tests/orders/engine/test_stuck_runs.py", "tests/orders/engine/test_faults.py", "tests/project/test_faults.py"),
)

# The same examples in each run, and as much time for one as a busy machine needs.
hypothesis_settings.register_profile("suite", deadline=None, derandomize=True, database=None)
hypothesis_settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; all else stays in the order that chance has given it."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: looking through it took a tenth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def migrated_folder(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Path:
    """A data folder of PostgreSQL in which the test database has its tables."""
    with django_db_blocker.unblock():
        return migrated_data(_create_test_database)


@pytest.fixture(scope="session")
def postgres(migrated_folder: Path) -> Iterator[dict[str, Any]]:
    """Start a PostgreSQL of the tests' own, and yield what Django needs to know of it."""
    with started_postgres(migrated_folder) as database:
        yield database


def _create_test_database(database: dict[str, str]) -> None:
    connection = connections["default"]
    connection.settings_dict.update(database)
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Use the test database that is there already."""
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Set the test database up, and have the tables emptied in a way of our own after each test that commits."""
    with django_db_blocker.unblock():
        written = emptying.read_written_rows()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: emptying.empty_tables(written))
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: dict[str, Any]) -> None:
    """Let Django make its test database on that PostgreSQL."""
    connections["default"].settings_dict.update(postgres)


@pytest.fixture(scope="session")
def database_url(django_db_setup: None, postgres: dict[str, Any]) -> str:
    """Return the test database's address, for programs that tests start."""
    return f"postgresql://postgres@/{connections['default'].settings_dict['NAME']}?host={postgres['HOST']}"


@pytest.fixture(scope="session")
def temporal_address() -> Iterator[str]:
    """Start a Temporal dev server of the tests' own, and yield its address."""
    with started_temporal(free_port()) as address:
        yield address


@pytest.fixture
def temporal_server(temporal_address: str, settings: Settings) -> Iterator[str]:
    """Have the project's own client connect to the tests' Temporal server."""
    temporal_client.close()
    settings.TEMPORAL_ADDRESS = temporal_address
    yield temporal_address
    temporal_client.close()


@pytest.fixture(scope="session")
def pausing_address() -> Iterator[str]:
    """Start a Temporal dev server that lets runs be paused, which an ordinary one does not yet."""
    with started_temporal(free_port(), "--dynamic-config-value", "frontend.WorkflowPauseEnabled=true") as address:
        yield address


@pytest.fixture
def pausing_server(pausing_address: str, settings: Settings) -> Iterator[str]:
    """Have the project's own client connect to the server on which runs can be paused."""
    temporal_client.close()
    settings.TEMPORAL_ADDRESS = pausing_address
    yield pausing_address
    temporal_client.close()


@pytest.fixture(scope="session")
def program_environment(database_url: str, temporal_address: str) -> dict[str, str]:
    """Return the environment for `manage.py` commands that tests start as processes."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal_address,
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture(scope="session")
def run_command(program_environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs `manage.py` with arguments, as a process, to its end."""
    return partial(_run_command, program_environment)


def _run_command(environment: dict[str, str], *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return run_python(("manage.py", *arguments), environment | changes)


@pytest.fixture(scope="module")
def _workers(program_environment: dict[str, str]) -> Iterator[Program]:
    with started_workers(program_environment) as process:
        yield process


@pytest.fixture
def workers_running(transactional_db: None, temporal_server: str, _workers: Program) -> Iterator[Program]:
    """Have both workers at work on committed rows; orders that a test leaves open are ended after it.

    They stay for the module, relay included: a test of what happens without them belongs to another file.
    """
    assert _workers.poll() is None, "the workers have ended"
    yield _workers
    end_open_runs(temporal_server)


@pytest.fixture(scope="session")
def stripe_address() -> Iterator[str]:
    """Start localstripe once for all tests that pay with Stripe, and yield its address."""
    with started_stripe() as address:
        yield address


@pytest.fixture
def line_to_stripe(stripe_address: str) -> Iterator[Line]:
    """The line on which the console reaches Stripe; whole, until a test breaks it."""
    with line_to(stripe_address) as line:
        yield line


@pytest.fixture
def stripe_account(stripe_address: str, line_to_stripe: Line, settings: Settings) -> Iterator[Account]:
    """An empty Stripe account, and the console charging through it."""
    account = Account(stripe_address)
    account.clear()
    settings.DEBUG = True
    settings.STRIPE = {
        "STRIPE_API_KEY": KEY,
        "STRIPE_API_BASE": f"http://{line_to_stripe.address}",
        "STRIPE_WEBHOOK_SECRET": SECRET,
    }
    settings.PAYMENT_GATEWAYS = [GATEWAY, *settings.PAYMENT_GATEWAYS]
    # The gateway holds on to the address that it was made with.
    load_plugins.cache_clear()
    yield account
    load_plugins.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test see the answers, or the failures, that another one met."""
    monkeypatch.setattr(temporal_client, "EXIT_PAUSE_SECONDS", 0)
    monkeypatch.setattr(faults._Refusals, "at", float("-inf"))
    temporal_client.close()
    live_status.forget()
    engine.forget()
    live_rows.forget()
    tabs.forget()
    known_words.forget()
    known_reasons.forget()
    known_rules.forget()
    glance.forget()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a space in its path, and longer than the path of a socket may be."""
    with tempfile.TemporaryDirectory(prefix="console-stack-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / ("a long way down " * 6).strip()
        path.mkdir()
        yield path


@pytest.fixture
def alice(db: None) -> User:
    """A clerk."""
    return make_user("alice", "clerk")


@pytest.fixture
def bob(db: None) -> User:
    """An approver."""
    return make_user("bob", "approver")


@pytest.fixture
def dana(db: None) -> User:
    """Another approver."""
    return make_user("dana", "approver")


@pytest.fixture
def charlie(db: None) -> User:
    """A viewer, who may only look."""
    return make_user("charlie", "viewer")


@pytest.fixture
def admin_user(db: None) -> User:
    """A superuser."""
    return make_user("admin", is_superuser=True)


@pytest.fixture
def make_order(db: None) -> MakeOrder:
    """Return the function that makes orders in any status; see `tests.making.build_order`."""
    return build_order


def pytest_unconfigure() -> None:
    """Give the Temporal SDK's threads the moment to end that a short process owes them."""
    temporal_client.close()
