"""Scheduled exports are sent: once for each time, to their owner alone, with the rights of that moment."""

import io
import signal
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as outbox
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from openpyxl import load_workbook
from pytest_django import Settings

from orders.errors import ScheduleHeld, ScheduleNotFound
from orders.listing import exports, workbook, workbook_exports
from orders.listing.saved_views import remove_view, replace_query, save_view
from orders.listing.workbook_exports import make_workbook
from orders.models import ExportSchedule, ExportSending, ListExport, Mail, Order
from orders.notifications import companion
from orders.notifications.sending import note_interrupted, send_due
from orders.postgres.clock import database_now
from orders.postgres.leases import hold_lease
from orders.schedules import keeping, sending
from orders.schedules.companion import _Rounds
from orders.states import MailState
from orders.zones import find_zone
from tests.forked import run_python
from tests.making import MakeOrder, make_user
from tests.orders.notifications.posting import PostOffice
from tests.orders.schedules.scheduling import make_due, make_files, schedule, work
from tests.reading import read_csv

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sends_mail")]
Reason, State = ExportSending.Reason, ExportSending.State


def attached(letter: Any) -> tuple[str, str, bytes]:
    """Return name, type and content of the one file of an e-mail."""
    (part,) = (part for part in letter.message().walk() if part.get_filename())
    return part.get_filename(), part["Content-Type"], part.get_payload(decode=True)


def reasons() -> list[str]:
    return list(ExportSending.objects.order_by("id").values_list("reason", flat=True))


class TestEmail:
    def test_a_small_file_is_attached(self, reader: User, make_order: MakeOrder) -> None:
        orders = [make_order(customer_name="=Zoë"), make_order()]
        make_order("COMPLETED")
        schedule(reader, "status=awaiting&sort=newest")
        make_due()
        work()
        (letter,) = outbox.outbox
        assert letter.recipients() == ["bob@example.com"]
        assert letter.subject == "Open orders: 2 orders"
        name, content_type, content = attached(letter)
        assert name == f"orders-{timezone.localdate(timezone=find_zone('Europe/Berlin'))}.csv"
        assert content_type == "text/csv; charset=utf-8"
        lines = read_csv(content)
        assert [line["order_id"] for line in lines] == [order.order_id for order in reversed(orders)]
        assert lines[1]["customer_name"] == "'=Zoë"
        assert b"\r\n" in content
        assert "is attached" in str(letter.body)
        assert "https://console.example.com/orders/schedules/" in str(letter.body)
        sent = ExportSending.objects.select_related("mail").get()
        assert sent.mail is not None
        assert (sent.state, sent.is_attached, sent.mail.state) == (State.MAILED, True, MailState.SENT)

    def test_times_are_those_of_the_zone(self, reader: User, make_order: MakeOrder) -> None:
        make_order()
        schedule(reader, time_zone="Asia/Kathmandu")
        make_due()
        work()
        (line,) = read_csv(attached(outbox.outbox[0])[2])
        assert line["submitted_at"].endswith("+05:45")

    def test_a_large_file_is_a_link(self, reader: User, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
        make_order()
        monkeypatch.setattr(sending, "MOST_ATTACHED_BYTES", 100)
        schedule(reader)
        make_due()
        work()
        letter: Any = outbox.outbox[0]
        export = ListExport.objects.get()
        assert export.size == len(b"".join(export.read())) > 100
        assert [part for part in letter.message().walk() if part.get_filename()] == []
        link = f"https://console.example.com/orders/exports/{export.export_id}/"
        assert link in str(letter.body)
        assert f'href="{link}"' in letter.alternatives[0][0]
        assert not ExportSending.objects.get().is_attached

    def test_a_workbook_is_attached(self, reader: User, make_order: MakeOrder) -> None:
        order = make_order(customer_name="=Zoë")
        schedule(reader, file_format="xlsx")
        make_due()
        work()
        name, content_type, content = attached(outbox.outbox[0])
        assert name.endswith(".xlsx")
        assert content_type.endswith("spreadsheetml.sheet")
        sheet = load_workbook(io.BytesIO(content)).active
        assert sheet is not None
        names, row = ([cell.value for cell in line] for line in sheet.iter_rows())
        assert row[names.index("order_id")] == order.order_id
        assert row[names.index("customer_name")] == "=Zoë"
        assert "f" not in {cell.data_type for cell in next(sheet.iter_rows(min_row=2))}
        export = ListExport.objects.get()
        assert (export.rows, export.total, export.percent, export.size) == (1, 1, 100, len(content))

    def test_an_empty_list_is_sent_too(self, reader: User) -> None:
        schedule(reader)
        make_due()
        work()
        assert outbox.outbox[0].subject == "Open orders: 0 orders"
        assert read_csv(attached(outbox.outbox[0])[2]) == []

    def test_a_name_makes_no_header(self, reader: User) -> None:
        schedule(reader, name="Open\r\nBcc: all@example.com")
        make_due()
        work()
        assert outbox.outbox[0].recipients() == ["bob@example.com"]
        assert "\n" not in outbox.outbox[0].subject


class TestList:
    @pytest.mark.parametrize(("zone", "day"), [("Pacific/Auckland", "2026-01-15"), ("America/Lima", "2026-01-14")])
    def test_today_is_the_day_where_its_owner_is(
        self, reader: User, zone: str, day: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2026, 1, 14, 20, tzinfo=UTC))
        schedule(reader, "submitted_from=today&submitted_to=2027-01-01", time_zone=zone)
        make_due()
        assert sending.begin_due()
        assert ListExport.objects.get().query == f"submitted_from={day}&submitted_to=2027-01-01"

    def test_days_are_counted_again_each_time(self, reader: User, monkeypatch: pytest.MonkeyPatch) -> None:
        schedule(reader, "closed_from=6d&q=emma", time_zone="UTC")
        for day in (14, 15):
            monkeypatch.setattr("django.utils.timezone.now", lambda day=day: datetime(2026, 1, day, tzinfo=UTC))
            make_due()
            work()
        queries = ListExport.objects.order_by("id").values_list("query", flat=True)
        assert list(queries) == ["closed_from=2026-01-08&q=emma", "closed_from=2026-01-09&q=emma"]

    def test_a_day_begins_where_its_owner_is(self, reader: User, make_order: MakeOrder) -> None:
        order = make_order()
        zone = find_zone("Pacific/Kiritimati")
        today = timezone.localtime(order.created_at, zone).date()
        for day, count in ((today, 1), (today + timedelta(days=1), 0)):
            schedule(reader, f"submitted_from={day}&submitted_to={day}", time_zone="Pacific/Kiritimati")
            make_due()
            work()
            assert len(read_csv(attached(outbox.outbox[-1])[2])) == count
            ExportSchedule.objects.all().delete()

    def test_a_saved_view_is_followed(self, reader: User, make_order: MakeOrder) -> None:
        make_order(currency="USD")
        view = save_view("currency=EUR", owner=reader, name="Euros")
        schedule(reader, view_id=view.view_id)
        replace_query(view.view_id, "currency=USD", owner=reader)
        make_due()
        work()
        assert outbox.outbox[0].subject == "Open orders: 1 order"

    def test_of_a_view_that_was_deleted_nothing_is_sent(self, reader: User) -> None:
        view = save_view("currency=EUR", owner=reader, name="Euros")
        schedule(reader, view_id=view.view_id)
        remove_view(view.view_id, owner=reader)
        make_due()
        work()
        assert (outbox.outbox, reasons()) == ([], [Reason.VIEW_GONE])

    def test_a_list_that_cannot_be_read_any_more_is_not_sent(self, reader: User) -> None:
        made = schedule(reader, "currency=EUR")
        ExportSchedule.objects.filter(pk=made.pk).update(query="total_min=5")
        make_due()
        work()
        assert (outbox.outbox, reasons()) == ([], [Reason.UNREADABLE])

    def test_a_list_that_is_too_long_for_a_workbook_says_so(
        self, reader: User, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_order(), make_order()
        monkeypatch.setattr(workbook_exports, "MOST_ROWS", 1)
        schedule(reader, file_format="xlsx")
        make_due()
        work()
        assert (outbox.outbox, reasons()) == ([], [Reason.TOO_MANY])

    def test_one_worker_at_a_time_makes_workbooks(self, reader: User, make_order: MakeOrder) -> None:
        schedule(reader, file_format="xlsx")
        make_due()
        sending.begin_due()
        with hold_lease(workbook_exports.LEASE, seconds=60):
            assert not make_workbook()
        assert make_workbook()
        assert not make_workbook()

    def test_a_file_that_is_deleted_while_it_is_made_is_not_kept(
        self, reader: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        schedule(reader, file_format="xlsx")
        make_due()
        sending.begin_due()
        write = workbook.write_workbook

        def write_too_late(*arguments: Any) -> None:
            write(*arguments)
            ListExport.objects.all().delete()

        monkeypatch.setattr(workbook_exports, "write_workbook", write_too_late)
        work()
        assert (outbox.outbox, reasons()) == ([], [Reason.FILE_GONE])


class TestTimes:
    def test_it_is_sent_once_for_a_time(self, reader: User) -> None:
        made = schedule(reader)
        work()
        assert outbox.outbox == []
        make_due()
        for _ in range(3):
            work()
        assert len(outbox.outbox) == 1
        made.refresh_from_db()
        assert made.next_at is not None
        assert made.next_at > database_now()
        assert timezone.localtime(made.next_at, find_zone("Europe/Berlin")).hour == 8

    def test_times_that_were_missed_are_made_up_once(self, reader: User) -> None:
        made = schedule(reader)
        missed = database_now() - timedelta(days=5)
        ExportSchedule.objects.update(next_at=missed)
        for _ in range(3):
            work()
        assert len(outbox.outbox) == 1
        assert ExportSending.objects.get().due_at == missed
        made.refresh_from_db()
        assert made.next_at is not None
        assert database_now() < made.next_at < database_now() + timedelta(days=1, hours=2)

    def test_the_next_time_waits_for_a_file_that_is_being_made(self, reader: User) -> None:
        schedule(reader)
        make_due()
        assert sending.begin_due()
        make_due()
        assert not sending.begin_due()
        work()
        assert len(outbox.outbox) == 1
        work()
        assert len(outbox.outbox) == 2

    def test_the_table_refuses_a_time_that_was_taken(self, reader: User) -> None:
        made = schedule(reader)
        make_due()
        work()
        taken = ExportSending.objects.get()
        with pytest.raises(IntegrityError, match="export_is_sent_once_for_a_time"), transaction.atomic():
            ExportSending.objects.create(schedule=made, due_at=taken.due_at, state=State.MAKING)

    def test_without_a_mail_server_nothing_is_begun(self, reader: User, settings: Settings) -> None:
        made = schedule(reader)
        settings.SENDS_MAIL = False
        make_due()
        work()
        assert not ExportSending.objects.exists()
        with pytest.raises(ScheduleHeld):
            sending.send_now(made.schedule_id, owner=reader)
        settings.SENDS_MAIL = True
        work()
        assert len(outbox.outbox) == 1

    def test_several_are_sent(self, reader: User, dana: User) -> None:
        User.objects.filter(pk=dana.pk).update(email="dana@example.com")
        schedule(reader), schedule(dana)
        make_due()
        work()
        assert sorted(letter.recipients()[0] for letter in outbox.outbox) == ["bob@example.com", "dana@example.com"]

    def test_the_companion_does_it_all(self, reader: User, make_order: MakeOrder) -> None:
        make_order()
        schedule(reader)
        make_due()
        rounds = _Rounds()
        while rounds.make():
            pass
        companion.send_mail()
        assert len(outbox.outbox) == 1

    def test_what_became_of_times_long_ago_is_forgotten(self, reader: User, settings: Settings) -> None:
        schedule(reader)
        make_due()
        work()
        assert sending.forget_old() == 0
        ExportSending.objects.update(created_at=database_now() - timedelta(seconds=settings.NOTICE_LIFETIME + 1))
        assert sending.forget_old() == 1

    def test_a_file_is_kept_for_a_week(self, reader: User) -> None:
        schedule(reader)
        make_due()
        work()
        for days, is_kept in ((6, True), (8, False)):
            ListExport.objects.update(created_at=database_now() - timedelta(days=days))
            exports.forget_old()
            assert ListExport.objects.exists() is is_kept


class TestSendNow:
    def test_it_is_sent_beside_its_times(self, reader: User) -> None:
        made = schedule(reader)
        sending.send_now(made.schedule_id, owner=reader)
        work()
        assert len(outbox.outbox) == 1
        assert ExportSchedule.objects.get().next_at == made.next_at

    def test_a_second_one_waits_for_the_first(self, reader: User) -> None:
        made = schedule(reader)
        sending.send_now(made.schedule_id, owner=reader)
        with pytest.raises(ScheduleHeld, match="already being made"):
            sending.send_now(made.schedule_id, owner=reader)
        work()
        assert len(outbox.outbox) == 1

    def test_one_that_is_paused_is_sent_when_asked_for(self, reader: User) -> None:
        made = schedule(reader)
        keeping.pause_schedule(made.schedule_id, owner=reader)
        sending.send_now(made.schedule_id, owner=reader)
        work()
        assert len(outbox.outbox) == 1

    def test_nobody_sends_those_of_others(self, reader: User, dana: User) -> None:
        made = schedule(reader)
        with pytest.raises(ScheduleNotFound):
            sending.send_now(made.schedule_id, owner=dana)

    def test_it_does_not_count_as_a_file_that_was_asked_for(self, reader: User) -> None:
        for _ in range(exports.MOST_PENDING):
            made = schedule(reader)
            sending.send_now(made.schedule_id, owner=reader)
        assert exports.begin_export("", owner=reader)


class TestRights:
    @pytest.mark.parametrize(
        ("change", "reason"), [({"is_active": False}, Reason.NOT_ALLOWED), ({"email": ""}, Reason.NO_ADDRESS)]
    )
    def test_who_has_left_gets_nothing(self, reader: User, change: dict[str, Any], reason: str) -> None:
        schedule(reader)
        User.objects.filter(pk=reader.pk).update(**change)
        make_due()
        work()
        assert (outbox.outbox, reasons()) == ([], [reason])
        assert not ListExport.objects.exists()

    def test_who_may_not_view_orders_any_more_gets_nothing(self, reader: User) -> None:
        schedule(reader)
        reader.groups.clear()
        make_due()
        work()
        assert (outbox.outbox, reasons()) == ([], [Reason.NOT_ALLOWED])

    @pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}, {"rights": False}])
    def test_rights_are_those_when_it_is_sent(self, reader: User, change: dict[str, Any]) -> None:
        schedule(reader)
        make_due()
        make_files()
        assert sending.hand_over()
        if "rights" in change:
            reader.groups.clear()
        else:
            User.objects.filter(pk=reader.pk).update(**change)
        companion.send_mail()
        assert outbox.outbox == []
        assert reasons() == [Reason.NO_ADDRESS if "email" in change else Reason.NOT_ALLOWED]
        assert Mail.objects.get().state == MailState.DROPPED

    def test_rights_are_those_while_the_file_is_made(self, reader: User) -> None:
        for file_format in ("csv", "xlsx"):
            schedule(reader, file_format=file_format)
        make_due()
        assert sending.begin_due()
        assert sending.begin_due()
        reader.groups.clear()
        work()
        assert (outbox.outbox, reasons()) == ([], [Reason.NOT_ALLOWED] * 2)
        assert not ListExport.objects.filter(state="DONE").exists()

    def test_it_goes_to_the_address_of_that_moment(self, reader: User) -> None:
        schedule(reader)
        make_due()
        make_files()
        sending.hand_over()
        User.objects.filter(pk=reader.pk).update(email="new@example.com")
        companion.send_mail()
        assert outbox.outbox[0].recipients() == ["new@example.com"]

    def test_what_is_paused_before_it_is_sent_is_not_sent(self, reader: User) -> None:
        made = schedule(reader)
        make_due()
        make_files()
        sending.hand_over()
        keeping.pause_schedule(made.schedule_id, owner=reader)
        companion.send_mail()
        assert (outbox.outbox, reasons()) == ([], [Reason.PAUSED])

    @pytest.mark.parametrize("is_handed_over", [False, True])
    def test_what_is_deleted_before_it_is_sent_is_not_sent(self, reader: User, is_handed_over: bool) -> None:
        made = schedule(reader)
        make_due()
        make_files()
        if is_handed_over:
            sending.hand_over()
        keeping.remove_schedule(made.schedule_id, owner=reader)
        work()
        assert outbox.outbox == []

    def test_a_file_that_is_deleted_before_it_is_sent_is_not_sent(self, reader: User) -> None:
        schedule(reader)
        make_due()
        make_files()
        sending.hand_over()
        ListExport.objects.all().delete()
        companion.send_mail()
        assert (outbox.outbox, reasons()) == ([], [Reason.FILE_GONE])


class TestServer:
    def test_a_real_server_takes_it(self, reader: User, mail_server: PostOffice, make_order: MakeOrder) -> None:
        order = make_order(customer_name="Zoë Zimmer")
        schedule(reader)
        make_due()
        work()
        (letter,) = mail_server.letters
        (part,) = letter.iter_attachments()
        content: Any = part.get_payload(decode=True)
        assert [line["order_id"] for line in read_csv(content)] == [order.order_id]

    def test_what_it_puts_off_is_sent_later_once(self, reader: User, mail_server: PostOffice) -> None:
        schedule(reader)
        make_due()
        mail_server.answers["RCPT"] = "451 greylisted"
        work()
        waiting = Mail.objects.get()
        assert (waiting.state, waiting.attempts, waiting.detail) == (MailState.PENDING, 1, "451 greylisted")
        assert waiting.due_at > database_now()
        del mail_server.answers["RCPT"]
        work()
        assert mail_server.letters == []
        Mail.objects.update(due_at=database_now())
        work()
        work()
        assert len(mail_server.letters) == 1


# Where a worker dies: before what it did is committed, after it, and while the mail server has the e-mail.
KILLED = """
import os, signal
from django.conf import settings
settings.SENDS_MAIL = True
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", {port}
from django.core.mail.backends.smtp import EmailBackend
from orders.listing import exports
from orders.models import ExportSchedule, ExportSending, Mail
from orders.notifications import companion
from orders.schedules import sending
def die_after(owner, name):
    do = getattr(owner, name)
    def deed(*arguments, **named):
        do(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, deed)
die_after({point})
sending.begin_due()
while exports.make_piece():
    pass
sending.hand_over()
companion.send_mail()
"""
POINTS = {
    "while a time is taken": "sending, '_begin'",
    "after a time was taken": "sending, 'begin_due'",
    "while a piece is written": "exports, '_add_piece'",
    "after the file was made": "exports, 'make_piece'",
    "while it is handed over": "Mail.objects, 'create'",
    "after it was handed over": "sending, 'hand_over'",
    "after it was sent": "EmailBackend, 'send_messages'",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_a_worker_that_dies_neither_loses_nor_doubles_it(
    reader: User, mail_server: PostOffice, program_environment: dict[str, str], point: str, make_order: MakeOrder
) -> None:
    make_order()
    schedule(reader)
    make_due()
    code = KILLED.format(port=mail_server.port, point=point)
    result = run_python(("manage.py", "shell", "-v0", "-c", code), program_environment)
    assert result.returncode == -signal.SIGKILL, result.stderr
    for _ in range(3):
        work()
        note_interrupted()
    assert len(mail_server.letters) == 1
    assert ExportSending.objects.count() == 1
    assert Order.objects.count() == ListExport.objects.get().rows


@pytest.mark.django_db(transaction=True)
def test_several_workers_send_it_once(mail_server: PostOffice) -> None:
    reader = make_user("bob", "approver")
    User.objects.filter(pk=reader.pk).update(email="bob@example.com")
    schedule(reader)
    make_due()
    start, workers = Barrier(4), 4

    def be_a_worker() -> None:
        start.wait()
        try:
            for _ in range(3):
                work()
        finally:
            connection.close()

    threads = [Thread(target=be_a_worker) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send_due()
    assert len(mail_server.letters) == 1
    assert ExportSending.objects.count() == 1
