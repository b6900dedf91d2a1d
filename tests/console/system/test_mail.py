"""/system/mail/: the e-mails that the local stack writes into a folder, for an administrator to read."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client
from pytest_django import Settings

from console.system import mail
from tests.asking import leads_to_login, text_of
from tests.making import make_user

pytestmark = pytest.mark.django_db
URL = "/system/mail/"


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def send(*subjects: str, text: str = "Hello") -> None:
    """Write e-mails as the workers do, over one connection."""
    backend = "django.core.mail.backends.filebased.EmailBackend"
    with get_connection(backend) as connection:
        for subject in subjects:
            letter = EmailMultiAlternatives(subject, text, to=["zoë@example.com"], connection=connection)
            letter.attach_alternative("<p>As HTML</p>", "text/html")
            letter.send()


@pytest.fixture
def admins(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def test_the_latest_stand_first(admins: Client, folder: Path) -> None:
    send("One", "Two", text="Grüße <b>an</b> Zoë\nhttps://console.example.com/notices/1/")
    page = text_of(admins.get(URL))
    assert page.index("Two") < page.index("One")
    assert "Grüße &lt;b&gt;an&lt;/b&gt; Zoë" in page
    assert 'href="https://console.example.com/notices/1/"' in page
    assert "zo" in page
    assert "As HTML" not in page


def test_not_too_many_are_shown(admins: Client, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_SHOWN", 2)
    send("One", "Two", "Three")
    assert text_of(admins.get(URL)).count("<article") == 2


def test_there_may_be_none(admins: Client, folder: Path) -> None:
    assert "None yet." in text_of(admins.get(URL))


def test_the_page_of_the_system_leads_there(admins: Client, folder: Path) -> None:
    assert f'href="{URL}"' in text_of(admins.get("/system/"))


def test_where_emails_are_sent_there_is_no_such_page(admins: Client) -> None:
    assert admins.get(URL).status_code == 404
    assert f'href="{URL}"' not in text_of(admins.get("/system/"))


@pytest.mark.parametrize("role", ["viewer", "clerk", "approver", ""])
def test_nobody_else_reads_them(client: Client, folder: Path, role: str) -> None:
    client.force_login(make_user("pat", role))
    assert client.get(URL).status_code == 403


def test_a_stranger_signs_in_first(client: Client, folder: Path) -> None:
    assert client.get(URL)["Location"] == leads_to_login(URL)


def test_a_post_is_refused(admins: Client, folder: Path) -> None:
    assert admins.post(URL).status_code == 405
