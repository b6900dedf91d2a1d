"""Who looks at the pages of the system."""

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def charlies(client: Client, charlie: User) -> Client:
    """The browser of somebody who may only look."""
    client.force_login(charlie)
    return client
