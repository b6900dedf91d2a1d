"""console.system.outages: what a person gets while the database is at fault, and what is kept of what they typed."""

import logging
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, InterfaceError, OperationalError, ProgrammingError
from django.middleware.csrf import CsrfViewMiddleware
from django.test import Client
from psycopg import errors

from console.desk import list_asked
from console.order import decisions
from orders.postgres.faults import Fault, ServerSilent, find_fault
from tests.asking import HTMX, LOGIN, text_of
from tests.making import MakeOrder


def broken(cause: psycopg.Error, kind: type[Exception] = OperationalError) -> Exception:
    """Return an error as Django raises it for `cause`."""
    error = kind("the password is hunter2")
    error.__cause__ = cause
    return error


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise error

    return fail


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    client.force_login(bob)
    client.raise_request_exception = False
    return client


class TestFaults:
    @pytest.mark.parametrize(
        ("error", "fault"),
        [
            (broken(errors.LockNotAvailable()), Fault.BUSY),
            (broken(errors.DeadlockDetected()), Fault.BUSY),
            (broken(errors.QueryCanceled()), Fault.SLOW),
            (broken(errors.DiskFull()), Fault.NOT_WRITABLE),
            (broken(errors.ReadOnlySqlTransaction()), Fault.NOT_WRITABLE),
            (broken(errors.IoError()), Fault.NOT_WRITABLE),
            (broken(errors.AdminShutdown()), Fault.AWAY),
            (broken(errors.CannotConnectNow()), Fault.AWAY),
            (broken(errors.IdleInTransactionSessionTimeout()), Fault.AWAY),
            (broken(errors.ConnectionFailure()), Fault.AWAY),
            (broken(errors.InvalidPassword()), Fault.AWAY),
            (broken(psycopg.OperationalError("server closed the connection unexpectedly")), Fault.AWAY),
            (broken(psycopg.InterfaceError(), InterfaceError), Fault.AWAY),
            (InterfaceError("connection already closed"), Fault.AWAY),
            (broken(ServerSilent()), Fault.SILENT),
            (broken(errors.ConnectionTimeout()), Fault.SILENT),
            (psycopg.OperationalError("couldn't get a connection after 4.00 sec"), Fault.AWAY),
        ],
    )
    def test_an_outage_is_known_by_its_code(self, error: Exception, fault: Fault) -> None:
        assert find_fault(error) == fault

    @pytest.mark.parametrize(
        "error",
        [
            broken(errors.UniqueViolation(), IntegrityError),
            broken(errors.UndefinedTable(), ProgrammingError),
            broken(errors.InsufficientPrivilege(), ProgrammingError),
            broken(errors.ProgrammingError(), ProgrammingError),
            ValueError("connection refused"),
        ],
    )
    def test_a_mistake_of_ours_is_no_outage(self, error: Exception) -> None:
        assert find_fault(error) is None


class TestAnswers:
    @pytest.mark.parametrize(
        ("cause", "sentence"),
        [
            (psycopg.OperationalError("connection refused"), "The database cannot be reached."),
            (ServerSilent(), "The database is not responding."),
            (errors.LockNotAvailable(), "Someone else is changing this order"),
            (errors.QueryCanceled(), "This took the database too long"),
            (errors.DiskFull(), "The database cannot save changes"),
        ],
    )
    def test_a_page_and_a_fragment_get_a_sentence_without_secrets(
        self, bobs: Client, monkeypatch: pytest.MonkeyPatch, cause: psycopg.Error, sentence: str
    ) -> None:
        monkeypatch.setattr(list_asked.ListAsked, "read_query", raising(broken(cause)))
        page, fragment = bobs.get("/orders/?q=emma"), bobs.get("/orders/?q=emma", headers=HTMX)
        for answer in (page, fragment):
            assert answer.status_code == 503
            assert sentence in text_of(answer)
            assert "hunter2" not in text_of(answer)
            assert answer["Retry-After"] == "5"
            assert "no-store" in answer["Cache-Control"]
        assert 'href="/orders/?q=emma">Try again</a>' in text_of(page)
        assert fragment["Content-Type"].startswith("text/plain")
        assert "<" not in text_of(fragment)

    def test_it_is_logged_in_one_line_without_customers_data(
        self, bobs: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(list_asked.ListAsked, "read_query", raising(broken(errors.DiskFull("emma@example.com"))))
        with caplog.at_level(logging.WARNING):
            bobs.get("/orders/")
        assert [record.getMessage() for record in caplog.records] == [
            "GET /orders/: the database is not_writable (DiskFull)"
        ]
        assert caplog.records[0].exc_info is None

    def test_a_session_that_cannot_be_read_is_an_outage_too(
        self, bobs: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outage = raising(broken(ServerSilent()))
        monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore._get_session_from_db", outage)
        assert bobs.get("/orders/").status_code == 503
        assert bobs.get("/admin/").status_code == 503
        assert bobs.get("/orders/", headers=HTMX)["Content-Type"].startswith("text/plain")

    def test_any_other_error_is_still_a_500(self, bobs: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            list_asked.ListAsked, "read_query", raising(broken(errors.UniqueViolation(), IntegrityError))
        )
        assert bobs.get("/orders/").status_code == 500


class TestWhatWasTyped:
    @pytest.fixture(autouse=True)
    def _outage(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(decisions, "find_order", raising(broken(ServerSilent())))
        monkeypatch.setattr("django.contrib.auth.authenticate", raising(broken(ServerSilent())))

    def test_it_is_kept_to_be_sent_again(self, bobs: Client, make_order: MakeOrder) -> None:
        path = f"/orders/{make_order().order_id}/cancel/"
        answer = bobs.post(path, {"reason": 'Says "no" & <b>leaves</b>', "tag": ["one", "two"]})
        page = text_of(answer)
        assert answer.status_code == 503
        assert f'action="{path}"' in page
        assert '<input type="hidden" name="reason" value="Says &quot;no&quot; &amp; &lt;b&gt;leaves&lt;/b&gt;">' in page
        assert '<input type="hidden" name="tag" value="one">' in page
        assert '<input type="hidden" name="tag" value="two">' in page
        assert page.count('name="csrfmiddlewaretoken"') == 1
        assert "<dt>Reason</dt>" in page

    @pytest.mark.django_db
    def test_a_password_is_not_shown(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        client.raise_request_exception = False
        monkeypatch.setattr("django.contrib.auth.forms.authenticate", raising(broken(ServerSilent())))
        answer = client.post(LOGIN, {"username": "bob", "password": "correct-horse"})
        assert answer.status_code == 503
        assert "correct-horse" not in text_of(answer)
        assert "<form" not in text_of(answer)
        assert "Go back in your browser" in text_of(answer)

    def test_a_file_cannot_be_kept(self, bobs: Client, make_order: MakeOrder) -> None:
        answer = bobs.post(
            f"/orders/{make_order().order_id}/cancel/", {"file": SimpleUploadedFile("orders.csv", b"a,b"), "note": "x"}
        )
        assert answer.status_code == 503
        assert "<form" not in text_of(answer)

    def test_a_form_that_was_not_proven_ours_yet_is_not_offered_again(
        self, bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(CsrfViewMiddleware, "process_view", raising(broken(ServerSilent())))
        answer = bobs.post(f"/orders/{make_order().order_id}/cancel/", {"reason": "Click here"})
        assert answer.status_code == 503
        assert "Click here" not in text_of(answer)
        assert "<form" not in text_of(answer)

    def test_a_form_of_somebody_else_is_refused_and_not_offered_again(self, bob: User, make_order: MakeOrder) -> None:
        stranger = Client(enforce_csrf_checks=True, raise_request_exception=False)
        stranger.force_login(bob)
        answer = stranger.post(f"/orders/{make_order().order_id}/cancel/", {"reason": "Click here"})
        assert answer.status_code == 403
        assert "Click here" not in text_of(answer)
