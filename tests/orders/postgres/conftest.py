"""A database in which the programs own nothing, as in production."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.orders.postgres.roles import drop_roles, make_roles


@pytest.fixture(scope="module")
def server(postgres: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tests' server with the roles and the database that Compose makes, migrated by the owner."""
    make_roles(postgres)
    yield postgres
    drop_roles(postgres)
