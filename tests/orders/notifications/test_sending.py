"""E-mails: each at most once, whatever fails on the way; to a real mail server, and from a process that is killed."""

import signal
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as outbox
from pytest_django import Settings

from orders.labels.health import describe_problem
from orders.models import Mail, Notice, Order
from orders.notifications import companion, sending
from orders.notifications.mail_to_people import write_due
from orders.notifications.sending import MailServerAway
from orders.postgres.clock import database_now
from orders.states import MailState, NoticeKind
from tests.forked import run_python
from tests.making import MakeOrder
from tests.orders.notifications.posting import PostOffice, posting
from tests.programs import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sends_mail")]
NEEDS = NoticeKind.NEEDS_APPROVAL


def tell(person: User, order: Order | None = None, kind: str = NEEDS, **data: Any) -> Notice:
    """Tell somebody of something, by e-mail too."""
    source = f"test-{Notice.objects.count()}"
    facts: dict[str, Any] = {"account": person, "order": order, "kind": kind, "source": source, "data": data}
    notice: Notice = Notice.objects.create(mail_due_at=database_now(), **facts)
    return notice


def states() -> list[str]:
    return list(Mail.objects.order_by("id").values_list("state", flat=True))


def make_due() -> None:
    """Let the time pass for which an e-mail was put off."""
    Mail.objects.filter(state=MailState.PENDING).update(due_at=database_now())


class TestContent:
    def test_one_notice_is_an_email_of_its_own(self, reader: User, make_order: MakeOrder) -> None:
        order = make_order(customer_name="<Emma> & Sons")
        notice = tell(reader, order)
        assert companion.send_mail() == 1
        letter: Any = outbox.outbox[0]
        assert letter.to == ["bob@example.com"]
        assert letter.subject == f"An order needs your approval {order.order_id}"
        link = f"https://console.example.com/notices/{notice.pk}/"
        assert f"{order.order_id}, <Emma> & Sons, 25.00 EUR" in letter.body
        assert link in letter.body
        html = letter.alternatives[0][0]
        assert "&lt;Emma&gt; &amp; Sons" in html
        assert f'href="{link}"' in html
        assert "https://console.example.com/accounts/notices/" in letter.body
        row = Mail.objects.get()
        assert (row.state, row.recipient, row.subject) == (MailState.SENT, "bob@example.com", letter.subject)

    def test_all_that_is_due_is_one_email(self, reader: User, dana: User, make_order: MakeOrder) -> None:
        tell(reader, make_order())
        tell(reader, kind=NoticeKind.MENTIONED, by="dana", text="Look\nhere")
        later = tell(reader)
        Notice.objects.filter(pk=later.pk).update(mail_due_at=database_now() + timedelta(hours=1))
        companion.send_mail()
        assert [letter.subject for letter in outbox.outbox] == ["2 notices from the order console"]
        assert "dana mentions you in a comment" in str(outbox.outbox[0].body)
        assert Notice.objects.get(mail_due_at__isnull=False) == later

    def test_what_is_read_in_the_meantime_is_not_told(self, reader: User) -> None:
        one, other = tell(reader), tell(reader, kind=NoticeKind.EXPIRING)
        write_due()
        Notice.objects.filter(pk=one.pk).update(read_at=database_now())
        sending.send_due()
        assert [letter.subject for letter in outbox.outbox] == ["An order that needs your approval expires soon"]
        tell(reader)
        write_due()
        Notice.objects.exclude(pk=other.pk).update(read_at=database_now())
        sending.send_due()
        assert (len(outbox.outbox), states()) == (1, [MailState.SENT, MailState.DROPPED])

    @pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}])
    def test_who_has_left_gets_none(self, reader: User, change: dict[str, Any]) -> None:
        tell(reader)
        write_due()
        User.objects.filter(pk=reader.pk).update(**change)
        sending.send_due()
        assert (outbox.outbox, states()) == ([], [MailState.DROPPED])

    def test_a_line_break_makes_no_header(self, reader: User) -> None:
        tell(reader, kind=NoticeKind.MENTIONED, by="eve\r\nBcc: all@example.com", text="x")
        companion.send_mail()
        assert "\n" not in outbox.outbox[0].subject
        assert outbox.outbox[0].recipients() == ["bob@example.com"]


class TestServer:
    def test_a_real_server_takes_it(self, reader: User, mail_server: PostOffice, make_order: MakeOrder) -> None:
        tell(reader, make_order(customer_name="Zoë Zimmer"))
        tell(reader, kind=NoticeKind.EXPIRING)
        companion.send_mail()
        companion.send_mail()
        (letter,) = mail_server.letters
        assert letter["To"] == "bob@example.com"
        assert letter["Message-ID"] == f"<order-console-mail-{Mail.objects.get().pk}@localhost>"
        assert letter["Auto-Submitted"] == "auto-generated"
        text, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
        assert text is not None
        assert html is not None
        assert "Zoë Zimmer" in text.get_content()
        assert "Zoë Zimmer" in html.get_content()

    @pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "TAKEN"])
    def test_what_it_puts_off_is_sent_later_once(self, reader: User, mail_server: PostOffice, command: str) -> None:
        tell(reader)
        mail_server.answers[command] = "451 try later"
        companion.send_mail()
        mail_server.letters.clear()  # it said that it did not take it
        row = Mail.objects.get()
        assert (row.state, row.attempts, row.detail) == (MailState.PENDING, 1, "451 try later")
        mail_server.answers.clear()
        companion.send_mail()
        assert mail_server.letters == []
        make_due()
        companion.send_mail()
        assert (len(mail_server.letters), states()) == (1, [MailState.SENT])

    def test_it_is_not_put_off_for_ever(self, reader: User, mail_server: PostOffice) -> None:
        tell(reader)
        mail_server.answers["RCPT"] = "451 try later"
        for _ in range(len(sending.BACK_OFF) + 2):
            companion.send_mail()
            make_due()
        assert states() == [MailState.FAILED]

    @pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "TAKEN"])
    def test_what_it_refuses_is_not_tried_again_and_the_next_is_sent(
        self, reader: User, dana: User, mail_server: PostOffice, command: str
    ) -> None:
        tell(reader)
        mail_server.answers[command] = "550 no such person"
        companion.send_mail()
        mail_server.answers.clear()
        mail_server.letters.clear()
        dana.email = "dana@example.com"
        dana.save()
        tell(dana)
        companion.send_mail()
        assert states() == [MailState.FAILED, MailState.SENT]
        assert [letter["To"] for letter in mail_server.letters] == ["dana@example.com"]

    @pytest.mark.parametrize("command", ["DATA", "TAKEN"])
    def test_what_may_have_been_taken_is_not_sent_again(
        self, reader: User, mail_server: PostOffice, command: str
    ) -> None:
        tell(reader)
        mail_server.answers[command] = ""
        companion.send_mail()
        mail_server.answers.clear()
        make_due()
        companion.send_mail()
        assert states() == [MailState.UNKNOWN]
        assert len(mail_server.letters) == (1 if command == "TAKEN" else 0)

    def test_while_it_is_away_nothing_is_claimed(self, reader: User, settings: Settings) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
        tell(reader)
        with pytest.raises(MailServerAway):
            companion.send_mail()
        assert states() == [MailState.PENDING]
        with posting() as office:
            settings.EMAIL_PORT = office.port
            companion.send_mail()
            assert len(office.letters) == 1

    def test_a_server_that_is_away_is_asked_less_and_less_often(
        self, reader: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        open_it = sending._open
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
        tell(reader)
        now, asked = [1000.0], list[float]()
        postman = companion._PatientPostman()
        monkeypatch.setattr(companion, "monotonic", lambda: now[0])

        def count(connection: Any) -> None:
            asked.append(now[0])
            open_it(connection)

        monkeypatch.setattr(sending, "_open", count)
        told: list[dict[str, object]] = []
        monkeypatch.setattr(companion, "report", lambda code, **data: told.append({"code": code, **data}))
        for _ in range(120):
            postman.send()
            now[0] += 1
        assert [later - sooner for sooner, later in pairwise(asked)] == [2, 4, 8, 16, 32]
        assert len(told) == 120
        assert describe_problem(told[0]).startswith("The mail server cannot be used (ConnectionRefusedError")
        with posting() as office:
            settings.EMAIL_PORT = office.port
            now[0] += 60
            postman.send()
            assert len(office.letters) == 1
        assert len(told) == 120

    def test_an_address_that_cannot_be_is_refused(self, reader: User, mail_server: PostOffice) -> None:
        User.objects.filter(pk=reader.pk).update(email="bob@exa mple\n.com")
        tell(reader)
        companion.send_mail()
        assert (mail_server.letters, states()) == ([], [MailState.FAILED])


KILLED = """
import os, signal
from django.conf import settings
settings.SENDS_MAIL = True
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", {port}
from django.core.mail.backends.smtp import EmailBackend
send = EmailBackend.send_messages
def die(self, messages):
    if {after}:
        send(self, messages)
    os.kill(os.getpid(), signal.SIGKILL)
EmailBackend.send_messages = die
from orders.notifications.companion import send_mail
send_mail()
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [False, True], ids=["before the server has it", "after the server took it"])
def test_who_is_killed_while_sending_sends_nothing_twice(
    reader: User, mail_server: PostOffice, program_environment: dict[str, str], after: bool
) -> None:
    tell(reader)
    code = KILLED.format(port=mail_server.port, after=after)
    result = run_python(("manage.py", "shell", "-v0", "-c", code), program_environment)
    assert result.returncode == -signal.SIGKILL, result.stderr
    assert states() == [MailState.SENDING]
    for _ in range(3):
        companion.send_mail()
        sending.note_interrupted()
    assert len(mail_server.letters) == int(after)
    Mail.objects.update(claimed_at=database_now() - sending.INTERRUPTED_AFTER - timedelta(seconds=1))
    assert sending.note_interrupted() == 1
    companion.send_mail()
    assert (len(mail_server.letters), states()) == (int(after), [MailState.UNKNOWN])


def test_without_a_mail_server_nothing_is_written(reader: User, settings: Settings) -> None:
    settings.SENDS_MAIL = False
    tell(reader)
    assert companion.send_mail() == 0
    assert not Mail.objects.exists()


def test_old_emails_to_people_are_forgotten(reader: User, settings: Settings, make_order: MakeOrder) -> None:
    tell(reader)
    companion.send_mail()
    kept = Mail.objects.create(order=make_order(), customer_message="SHIPPED")
    settings.NOTICE_LIFETIME = 3600
    Mail.objects.update(created_at=database_now() - timedelta(hours=2))
    assert sending.forget_old() >= 1
    assert list(Mail.objects.all()) == [kept]
    assert Notice.objects.get().mail is None
