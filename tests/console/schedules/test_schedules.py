"""/orders/schedules/: the exports that a person gets by e-mail."""

from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from console.models import PersonalSettings
from orders.listing.saved_views import remove_view, save_view
from orders.models import ExportSchedule, ExportSending, ListExport, Mail
from orders.postgres.clock import database_now
from orders.schedules import keeping, sending
from orders.states import MailState
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder
from tests.orders.schedules.scheduling import make_due, schedule, work

pytestmark = pytest.mark.django_db
URL: Final = "/orders/schedules/"
NEW: Final = f"{URL}new/"
UNKNOWN: Final = f"{URL}schedule-000000000000/"
ASKED: Final[dict[str, Any]] = {
    "name": "Mornings",
    "file_format": "csv",
    "weekdays": ["1", "4"],
    "hour": "8",
    "time_zone": "Europe/Berlin",
}


@pytest.fixture(autouse=True)
def _sends_mail(settings: Settings) -> None:
    settings.SENDS_MAIL = True


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser; he has an address."""
    bob.email = "bob@example.com"
    bob.save()
    client.force_login(bob)
    return client


def change(client: Client, made: ExportSchedule, what: str, **options: Any) -> Any:
    return client.post(f"{URL}{made.schedule_id}/change/", {"change": what}, **options)


class TestNew:
    def test_the_list_leads_to_it(self, bobs: Client, make_order: MakeOrder) -> None:
        make_order()
        page = text_of(bobs.get("/orders/?status=awaiting&currency=EUR"))
        assert f'href="{NEW}?status=awaiting&amp;currency=EUR"' in page

    def test_the_form_tells_the_list_and_the_address(self, bobs: Client) -> None:
        page = text_of(bobs.get(f"{NEW}?status=awaiting&currency=EUR"))
        assert "Awaiting approval · Currency: EUR" in page
        assert "bob@example.com" in page
        assert "Files of up to 5 MB are attached" in page
        assert page.count('name="weekdays"') == page.count(" checked") - 1 == 7
        assert '<option value="8" selected>08:00</option>' in page

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_the_list_is_scheduled(self, bobs: Client, bob: User, headers: dict[str, str]) -> None:
        response = bobs.post(f"{NEW}?status=awaiting&submitted_from=6d", ASKED, headers=headers)
        assert response["HX-Redirect" if headers else "Location"] == URL
        made = ExportSchedule.objects.get()
        assert (made.account, made.query, made.view_id) == (bob, "status=awaiting&submitted_from=6d", "")
        assert (made.name, made.weekdays, made.hour, made.time_zone) == ("Mornings", "14", 8, "Europe/Berlin")
        page = text_of(bobs.get(URL))
        assert "“Mornings” was scheduled." in page
        assert "CSV · Monday, Thursday at 08:00, Europe/Berlin" in page
        assert "Submitted from: 6 days ago" in page

    def test_it_begins_with_the_zone_of_ones_settings(self, bobs: Client, bob: User) -> None:
        PersonalSettings.objects.create(account=bob, time_zone="Asia/Tokyo")
        assert '<option value="Asia/Tokyo" selected>' in text_of(bobs.get(NEW))

    def test_a_saved_view_is_followed(self, bobs: Client, bob: User, dana: User) -> None:
        for owner in (bob, dana):
            view = save_view("currency=EUR", owner=owner, name="Euros")
            assert f"{NEW}?view={view.view_id}" in text_of(bobs.get("/orders/views/")) or owner == dana
            page = text_of(bobs.get(f"{NEW}?view={view.view_id}"))
            assert f'href="/orders/?currency=EUR&amp;view={view.view_id}"' in page
            assert 'value="Euros"' in page
            bobs.post(f"{NEW}?view={view.view_id}", ASKED)
            made = ExportSchedule.objects.latest("id")
            assert (made.view_id, made.query) == (view.view_id, "")
        assert text_of(bobs.get(URL)).count("Saved view <a") == 2

    def test_the_list_of_a_view_follows_it_until_it_is_changed(
        self, bobs: Client, bob: User, make_order: MakeOrder
    ) -> None:
        make_order(), make_order("PAID")
        view = save_view("currency=EUR", owner=bob, name="Euros")
        for query, is_view in (("", True), ("currency=EUR&status=paid", False)):
            page = bobs.get(f"/orders/?view={view.view_id}&{query}")
            bobs.post(page.context["asked"].schedule_url, ASKED)
            made = ExportSchedule.objects.latest("id")
            assert (made.view_id, bool(made.query)) == ((view.view_id, False) if is_view else ("", True))

    @pytest.mark.parametrize("headers", [{}, HTMX])
    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"name": ""}, "Enter a name."),
            ({"name": " \u200b"}, "Enter a name."),
            ({"weekdays": []}, "Choose at least one day."),
            ({"weekdays": ["8"]}, "Select a valid choice"),
            ({"hour": "24"}, "Select a valid choice"),
            ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
            ({"file_format": "pdf"}, "Select a valid choice"),
        ],
    )
    def test_what_is_wrong_keeps_what_was_typed(
        self, bobs: Client, wrong: dict[str, Any], sentence: str, headers: dict[str, str]
    ) -> None:
        response = bobs.post(f"{NEW}?currency=EUR", {**ASKED, **wrong}, headers=headers)
        page = text_of(response)
        assert response.status_code == 422
        assert sentence in page
        assert "Currency: EUR" in page
        assert "name" in wrong or 'value="Mornings"' in page
        assert "time_zone" in wrong or '<option value="Europe/Berlin" selected>' in page
        assert not ExportSchedule.objects.exists()

    def test_there_are_only_so_many(self, bobs: Client, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeping, "MOST_SCHEDULES", 1)
        schedule(bob)
        response = bobs.post(NEW, ASKED)
        assert response.status_code == 422
        assert "You have 1 scheduled exports" in text_of(response)
        assert 'value="Mornings"' in text_of(response)

    def test_a_list_that_cannot_be_read_leads_to_the_list(self, bobs: Client) -> None:
        for response in (bobs.get(f"{NEW}?total_min=5"), bobs.post(f"{NEW}?total_min=5", ASKED)):
            assert response["Location"].startswith("/orders/?")
        assert not ExportSchedule.objects.exists()

    def test_a_view_that_is_gone_is_not_found(self, bobs: Client) -> None:
        assert bobs.get(f"{NEW}?view=view-000000000000").status_code == 404

    def test_who_was_signed_out_finds_what_they_typed(self, client: Client, bobs: Client, bob: User) -> None:
        bobs.logout()
        response = client.post(f"{NEW}?currency=EUR", ASKED)
        assert response["Location"].startswith("/accounts/login/")
        page = text_of(client.post(response["Location"], {"username": "bob", "password": "demo"}, follow=True))
        assert "nothing was scheduled" in page
        assert 'value="Mornings"' in page
        assert "Currency: EUR" in page
        assert not ExportSchedule.objects.exists()

    def test_it_says_where_no_mail_is_sent(self, bobs: Client, bob: User, settings: Settings) -> None:
        User.objects.filter(pk=bob.pk).update(email="")
        assert "Your account has no e-mail address." in text_of(bobs.get(NEW))
        settings.SENDS_MAIL = False
        assert "does not send e-mail at present" in text_of(bobs.get(NEW))


class TestEdit:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_it_is_changed(self, bobs: Client, bob: User, headers: dict[str, str]) -> None:
        made = schedule(bob, "currency=EUR", weekdays="35")
        page = text_of(bobs.get(f"{URL}{made.schedule_id}/"))
        assert 'value="Open orders"' in page
        assert "Currency: EUR" in page
        assert page.count('name="weekdays"') == 7
        assert page.count(" checked") == 3
        response = bobs.post(f"{URL}{made.schedule_id}/", {**ASKED, "file_format": "xlsx"}, headers=headers)
        assert response["HX-Redirect" if headers else "Location"] == URL
        made.refresh_from_db()
        assert (made.name, made.file_format, made.weekdays, made.query) == ("Mornings", "xlsx", "14", "currency=EUR")

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_what_is_wrong_keeps_what_was_typed(self, bobs: Client, bob: User, headers: dict[str, str]) -> None:
        made = schedule(bob)
        response = bobs.post(f"{URL}{made.schedule_id}/", {**ASKED, "weekdays": []}, headers=headers)
        assert response.status_code == 422
        assert 'value="Mornings"' in text_of(response)
        assert ExportSchedule.objects.get().name == "Open orders"
        assert bobs.post(f"{URL}{made.schedule_id}/", {**ASKED, "name": "\u200b"}).status_code == 422

    def test_who_was_signed_out_comes_back_to_it(self, client: Client, bobs: Client, bob: User) -> None:
        made = schedule(bob)
        for path, sent in (("", ASKED), ("change/", {"change": "delete"})):
            bobs.logout()
            response = client.post(f"{URL}{made.schedule_id}/{path}", sent)
            page = text_of(client.post(response["Location"], {"username": "bob", "password": "demo"}, follow=True))
            assert "You were signed out" in page
            assert f'value="{"Open orders" if path else "Mornings"}"' in page
        assert ExportSchedule.objects.get().name == "Open orders"


class TestChange:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_it_is_paused_resumed_and_deleted(self, bobs: Client, bob: User, headers: dict[str, str]) -> None:
        made = schedule(bob)
        place = "HX-Redirect" if headers else "Location"
        assert change(bobs, made, "pause", headers=headers)[place] == URL
        page = text_of(bobs.get(URL))
        assert ">Paused<" in page
        assert "Next:" not in page
        assert change(bobs, made, "resume", headers=headers)[place] == URL
        assert "Next:" in text_of(bobs.get(URL))
        assert change(bobs, made, "delete", headers=headers)[place] == URL
        assert "Nothing scheduled" in text_of(bobs.get(URL))

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_it_is_sent_now(self, bobs: Client, bob: User, headers: dict[str, str]) -> None:
        made = schedule(bob)
        assert change(bobs, made, "send", headers=headers).status_code == (200 if headers else 302)
        assert ExportSending.objects.get().is_asked_for
        again = change(bobs, made, "send", headers=headers)
        assert again.status_code == 422
        assert "already being made" in text_of(again)
        assert ExportSending.objects.count() == 1

    def test_what_an_administrator_paused_is_neither_resumed_nor_sent(self, bobs: Client, bob: User) -> None:
        made = schedule(bob)
        keeping.pause_for_admin(made.pk)
        assert ">Paused by an administrator<" in text_of(bobs.get(URL))
        for what in ("resume", "send"):
            response = change(bobs, made, what)
            assert response.status_code == 422
            assert "An administrator paused this export." in text_of(response)
        assert not ExportSending.objects.exists()

    def test_anything_else_is_refused(self, bobs: Client, bob: User) -> None:
        assert change(bobs, schedule(bob), "explode").status_code == 400


class TestList:
    def test_it_tells_of_the_last_time(self, bobs: Client, bob: User, make_order: MakeOrder) -> None:
        make_order()
        schedule(bob)
        assert "Last: not yet" in text_of(bobs.get(URL))
        make_due()
        work()
        assert "Sent to bob@example.com: 1 order." in text_of(bobs.get(URL))
        ExportSending.objects.update(is_attached=False)
        assert "A link was sent to bob@example.com: 1 order." in text_of(bobs.get(URL))

    @pytest.mark.parametrize("reason", ExportSending.Reason.values)
    def test_it_tells_why_nothing_was_sent(self, bobs: Client, bob: User, reason: str) -> None:
        facts: dict[str, Any] = {"due_at": database_now(), "state": "REFUSED", "reason": reason}
        ExportSending.objects.create(schedule=schedule(bob), **facts)
        assert "Not sent: " in text_of(bobs.get(URL))

    @pytest.mark.parametrize(
        ("mail", "sentence", "is_polled"),
        [
            ({"state": MailState.PENDING}, "It is sent as soon as the mail server takes it.", True),
            (
                {"attempts": 2, "detail": "451 later"},
                "The mail server put it off (451 later). It is tried again",
                False,
            ),
            ({"state": MailState.SENDING}, "It is being sent.", True),
            ({"state": MailState.FAILED, "detail": "550 no"}, "Not sent: the mail server refused it (550 no).", False),
            ({"state": MailState.UNKNOWN}, "it may not have arrived", False),
            ({"state": MailState.DROPPED}, "it was no longer needed", False),
            ({"state": MailState.SENT, "recipient": "bob@x.example"}, "Sent to bob@x.example.", False),
        ],
    )
    def test_it_tells_what_became_of_the_email(
        self, bobs: Client, bob: User, mail: dict[str, Any], sentence: str, is_polled: bool
    ) -> None:
        made = Mail.objects.create(account=bob, claimed_at=database_now(), **mail)
        facts: dict[str, Any] = {"due_at": database_now(), "state": "MAILED", "mail": made}
        ExportSending.objects.create(schedule=schedule(bob), **facts)
        page = text_of(bobs.get(URL))
        assert sentence in page
        assert (f'hx-get="{URL}' in page) is is_polled

    def test_its_page_asks_until_it_is_sent(self, bobs: Client, bob: User) -> None:
        made = schedule(bob)
        sending.send_now(made.schedule_id, owner=bob)
        page = bobs.get(URL)
        assert "The file is being made." in text_of(page)
        poll = f"{URL}?seen={page.context['seen']}"
        assert f'hx-get="{poll}"' in text_of(page)
        assert bobs.get(poll, headers=HTMX).status_code == 204
        work()
        answer = text_of(bobs.get(poll, headers=HTMX))
        assert "Sent to bob@example.com" in answer
        assert "hx-get" not in answer
        assert "<html" not in answer
        for deed in ("send", "pause", "edit", "delete"):
            assert f'id="{deed}-{made.schedule_id}"' in answer, "htmx gives the focus back to what has an id"

    def test_a_view_that_was_deleted_is_told(self, bobs: Client, bob: User) -> None:
        view = save_view("currency=EUR", owner=bob, name="Euros")
        made = schedule(bob, view_id=view.view_id)
        remove_view(view.view_id, owner=bob)
        for url in (URL, f"{URL}{made.schedule_id}/"):
            assert "A saved view that was deleted" in text_of(bobs.get(url))

    def test_the_file_is_in_the_list_of_files(self, bobs: Client, bob: User, make_order: MakeOrder) -> None:
        make_order()
        schedule(bob, file_format="xlsx")
        make_due()
        work()
        assert "Download Excel" in text_of(bobs.get("/orders/exports/"))
        export = ListExport.objects.get()
        response: Any = bobs.get(f"/orders/exports/{export.export_id}/")
        assert response["Content-Type"].endswith("spreadsheetml.sheet")
        assert response["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
        assert b"".join(response.streaming_content).startswith(b"PK")

    def test_more_of_them_need_no_more_statements(
        self, bobs: Client, bob: User, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        view = save_view("currency=EUR", owner=bob, name="Euros")
        for _ in range(3):
            schedule(bob), schedule(bob, view_id=view.view_id)
        make_due()
        work()
        bobs.get(URL)
        with django_assert_max_num_queries(6):
            bobs.get(URL)


class TestAccess:
    @pytest.mark.parametrize("url", [URL, NEW, UNKNOWN])
    def test_a_stranger_has_to_sign_in(self, client: Client, url: str) -> None:
        assert client.get(url)["Location"] == leads_to_login(url)
        assert client.get(url, headers=HTMX).status_code == 401

    def test_a_stranger_changes_nothing(self, client: Client, bob: User) -> None:
        made = schedule(bob)
        assert change(client, made, "delete")["Location"].startswith("/accounts/login/")
        assert change(client, made, "delete", headers=HTMX).status_code == 401
        assert ExportSchedule.objects.exists()

    def test_who_may_not_look_schedules_nothing(self, client: Client) -> None:
        client.force_login(User.objects.create_user("erin"))
        for url in (URL, NEW, UNKNOWN):
            assert client.get(url).status_code == 403
        assert client.post(NEW, ASKED).status_code == 403
        assert client.post(UNKNOWN, ASKED).status_code == 403
        assert client.post(f"{UNKNOWN}change/", {"change": "send"}).status_code == 403

    def test_a_viewer_may(self, client: Client, charlie: User) -> None:
        client.force_login(charlie)
        assert client.post(NEW, ASKED)["Location"] == URL

    def test_those_of_others_do_not_exist(self, bobs: Client, dana: User) -> None:
        made = schedule(dana, name="Hers")
        assert "Hers" not in text_of(bobs.get(URL))
        assert bobs.get(f"{URL}{made.schedule_id}/").status_code == 404
        assert bobs.post(f"{URL}{made.schedule_id}/", ASKED).status_code == 404
        for what in ("send", "pause", "resume", "delete"):
            assert change(bobs, made, what).status_code == 404
        assert ExportSchedule.objects.get().name == "Hers"
        assert not ExportSending.objects.exists()

    def test_other_methods_are_refused(self, bobs: Client) -> None:
        assert bobs.post(URL).status_code == 405
        assert bobs.put(NEW).status_code == 405
        assert bobs.put(UNKNOWN).status_code == 405
        assert bobs.get(f"{UNKNOWN}change/").status_code == 405

    def test_an_unknown_one_is_not_found(self, bobs: Client) -> None:
        assert bobs.get(UNKNOWN).status_code == 404
        assert bobs.post(f"{UNKNOWN}change/", {"change": "send"}).status_code == 404
