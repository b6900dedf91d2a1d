"""What tests of several rooms need: somebody with an e-mail address, and a mail server."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tests.orders.notifications.posting import PostOffice, posting


@pytest.fixture
def sends_mail(settings: Settings) -> None:
    """Have the console send e-mails, with links to it."""
    settings.SENDS_MAIL = True
    settings.CONSOLE_URL = "https://console.example.com"


@pytest.fixture
def reader(bob: User) -> User:
    """Bob, who has an address."""
    bob.email = "bob@example.com"
    bob.save()
    return bob


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[PostOffice]:
    """Have e-mails go to a real mail server."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with posting() as office:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
        yield office
