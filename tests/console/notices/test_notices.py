"""/notices/: what a person is told of, that they read it, and the bell on every page."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from console.notices import notices
from orders.models import Mail, Notice, Order, WebhookEndpoint
from orders.notifications.unread import mark_read
from orders.states import NoticeKind
from tests.asking import HTMX, leads_to_login, text_of
from tests.console.accounts.test_interruption import sign_in_again
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
LIST, READ, BELL = "/notices/", "/notices/read/", "/notices/bell/"
TITLE = "An order needs your approval"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


def tell(
    person: User, order: Order | None = None, about: str = NoticeKind.NEEDS_APPROVAL, *, source: str = "", **data: Any
) -> Notice:
    """Tell somebody of something."""
    source = source or f"test-{Notice.objects.count()}"
    notice: Notice = Notice.objects.create(account=person, order=order, kind=about, source=source, data=data)
    return notice


def unread(person: User) -> set[int]:
    return set(Notice.objects.filter(account=person, read_at__isnull=True).values_list("pk", flat=True))


class TestList:
    def test_it_shows_ones_own_the_newest_first(self, bobs: Client, bob: User, dana: User, order: Order) -> None:
        tell(bob, order)
        tell(bob, order, NoticeKind.MENTIONED, by="dana", text="@bob <b>look</b>\nhere")
        tell(dana, order, NoticeKind.MENTIONED, by="carol", text="Not for bob")
        page = text_of(bobs.get(LIST))
        assert page.index("dana mentions you in a comment") < page.index(TITLE)
        assert "@bob &lt;b&gt;look&lt;/b&gt;" in page
        assert order.order_id in page
        assert "Emma Example, 25.00 EUR" in page
        assert "carol" not in page

    @pytest.mark.parametrize(
        ("kind", "data", "words"),
        [
            (NoticeKind.EXPIRING, {}, ["An order that needs your approval expires soon"]),
            (NoticeKind.ESCALATED, {}, ["An order was escalated to you"]),
            (
                NoticeKind.BATCH_ENDED,
                {"kind": "approve", "state": "DONE", "decided": 2, "total": 3},
                ["Your batch is done", "2 of 3 orders approved"],
            ),
            (
                NoticeKind.BATCH_ENDED,
                {"kind": "cancel", "state": "STOPPED", "decided": 0, "total": 1},
                ["Your batch has ended: stopped", "0 of 1 order cancelled"],
            ),
            (
                NoticeKind.REFUND_FAILED,
                {"amount": 500, "currency": "EUR", "code": "exceeds_charge"},
                ["A refund of 5.00 EUR needs a person", "The refund is more than is left of the charge."],
            ),
            (NoticeKind.REFUND_FAILED, {"error": "503 from the gateway"}, ["A refund needs a person", "503 from the"]),
            (
                NoticeKind.WEBHOOK_PAUSED,
                {"webhook": 1, "url": "https://a.example/", "reason": "GONE"},
                ["The webhook https://a.example/ was paused", "The receiver answered that it is gone (410)."],
            ),
        ],
    )
    def test_each_kind_has_its_words(
        self, bobs: Client, bob: User, kind: str, data: dict[str, Any], words: list[str]
    ) -> None:
        tell(bob, None, kind, **data)
        page = text_of(bobs.get(LIST))
        assert [each for each in words if each not in page] == []

    def test_who_may_no_longer_view_orders_is_told_nothing_of_them(self, client: Client, order: Order) -> None:
        eve = make_user("eve")
        tell(eve, order, NoticeKind.MENTIONED, by="dana", text="A secret")
        client.force_login(eve)
        page = text_of(client.get(LIST))
        assert "dana mentions you" in page
        assert not any(words in page for words in ("A secret", order.order_id, "Emma"))

    def test_it_goes_on_page_by_page(self, bobs: Client, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(notices, "PAGE_SIZE", 2)
        made = [tell(bob).pk for _ in range(5)]
        page = bobs.get(LIST)
        seen = [face.number for face in page.context["notices"]]
        while next_url := page.context["next_url"]:
            page = bobs.get(next_url)
            seen += [face.number for face in page.context["notices"]]
        assert seen == made[::-1]
        assert bobs.get(page.context["previous_url"]).context["notices"][-1].number == made[1]

    def test_unread_ones_alone(self, bobs: Client, bob: User) -> None:
        read, new = tell(bob), tell(bob)
        mark_read(bob.pk, read.pk)
        faces = bobs.get(LIST, {"show": "unread"}).context["notices"]
        assert [face.number for face in faces] == [new.pk]

    def test_it_costs_as_many_statements_for_many_as_for_one(
        self, bobs: Client, bob: User, order: Order, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(20):
            tell(bob, order)
        bobs.get(LIST)
        with django_assert_num_queries(3):  # the session, the notices, the time
            page = text_of(bobs.get(LIST))
        assert page.count("decide <time") == 20

    def test_there_may_be_none(self, bobs: Client) -> None:
        assert "Nothing yet." in text_of(bobs.get(LIST))
        assert "You have read everything." in text_of(bobs.get(LIST, {"show": "unread"}))

    def test_a_cursor_that_was_altered_shows_the_first_page(self, bobs: Client, bob: User) -> None:
        tell(bob)
        assert len(bobs.get(LIST, {"cursor": "nonsense"}).context["notices"]) == 1

    @pytest.mark.parametrize("role", ["viewer", "clerk", "approver", ""])
    def test_everybody_has_one(self, client: Client, role: str) -> None:
        client.force_login(make_user("pat", role))
        assert client.get(LIST).status_code == 200

    def test_a_stranger_signs_in_first(self, client: Client) -> None:
        response = client.get(LIST)
        assert (response.status_code, response["Location"]) == (302, leads_to_login(LIST))

    def test_a_post_is_refused(self, bobs: Client) -> None:
        assert bobs.post(LIST).status_code == 405


class TestOpen:
    def test_it_leads_to_the_order_and_counts_as_read(self, bobs: Client, bob: User, order: Order) -> None:
        notice, other = tell(bob, order), tell(bob, order)
        response = bobs.get(f"/notices/{notice.pk}/")
        assert (response.status_code, response["Location"]) == (302, order.get_absolute_url())
        assert unread(bob) == {other.pk}

    def test_a_batch_leads_to_its_page(self, bobs: Client, bob: User) -> None:
        notice = tell(bob, None, NoticeKind.BATCH_ENDED, source="batch-0123456789AB")
        assert bobs.get(f"/notices/{notice.pk}/")["Location"] == "/orders/batches/batch-0123456789AB/"

    def test_a_webhook_leads_an_administrator_to_the_admin(self, client: Client, admin_user: User) -> None:
        client.force_login(admin_user)
        endpoint = WebhookEndpoint.objects.create(url="https://a.example/", position=0)
        notice = tell(admin_user, None, NoticeKind.WEBHOOK_PAUSED, webhook=endpoint.pk, url="", reason="GONE")
        assert client.get(f"/notices/{notice.pk}/", follow=True).status_code == 200

    def test_to_ask_for_the_head_reads_nothing(self, bobs: Client, bob: User, order: Order) -> None:
        notice = tell(bob, order)
        assert bobs.head(f"/notices/{notice.pk}/").status_code == 302
        assert unread(bob) == {notice.pk}

    @pytest.mark.parametrize("number", [0, 10**25])
    def test_what_is_not_there(self, bobs: Client, number: int) -> None:
        assert bobs.get(f"/notices/{number}/").status_code == 404

    def test_those_of_others_do_not_exist(self, bobs: Client, dana: User, order: Order) -> None:
        notice = tell(dana, order)
        assert bobs.get(f"/notices/{notice.pk}/").status_code == 404
        assert unread(dana) == {notice.pk}

    def test_a_stranger_signs_in_first(self, client: Client) -> None:
        assert client.get("/notices/1/")["Location"] == leads_to_login("/notices/1/")

    def test_a_post_is_refused(self, bobs: Client) -> None:
        assert bobs.post("/notices/1/").status_code == 405


class TestRead:
    def test_one(self, bobs: Client, bob: User) -> None:
        one, other = tell(bob), tell(bob)
        response = bobs.post(READ, {"number": one.pk, "show": "unread"})
        assert (response.status_code, response["Location"]) == (302, "/notices/?show=unread")
        assert unread(bob) == {other.pk}

    def test_all_that_the_page_showed(self, bobs: Client, bob: User, dana: User) -> None:
        shown, hers = tell(bob), tell(dana)
        upto = bobs.get(LIST).context["newest"]
        later = tell(bob)
        bobs.post(READ, {"upto": upto})
        assert shown.pk not in unread(bob) == {later.pk}
        assert unread(dana) == {hers.pk}

    def test_nobody_reads_those_of_others(self, bobs: Client, dana: User) -> None:
        hers = tell(dana)
        bobs.post(READ, {"number": hers.pk})
        assert unread(dana) == {hers.pk}

    def test_htmx_gets_the_list_and_the_bell(self, bobs: Client, bob: User) -> None:
        one, _ = tell(bob), tell(bob)
        page = text_of(bobs.post(READ, {"number": one.pk}, headers=HTMX))
        assert page.count("Mark as read") == 1
        assert re.search(r'id="bell-count" hx-swap-oob="true"> 1<', page)
        assert "seen=1" in page
        assert "<html" not in page

    def test_what_is_read_is_not_told_by_email(self, bobs: Client, bob: User) -> None:
        notice = tell(bob)
        Notice.objects.update(mail_due_at=notice.created_at)
        bobs.post(READ, {"number": notice.pk})
        notice.refresh_from_db()
        assert notice.mail_due_at is None

    @pytest.mark.parametrize("sent", [{}, {"number": "x"}, {"upto": "-1"}, {"number": "1" * 40}])
    def test_what_no_form_sends_is_refused(self, bobs: Client, sent: dict[str, str]) -> None:
        assert bobs.post(READ, sent).status_code == 400

    def test_a_get_is_refused(self, bobs: Client) -> None:
        assert bobs.get(READ).status_code == 405

    def test_a_stranger_signs_in_and_is_told_that_nothing_was_saved(self, client: Client, bob: User) -> None:
        notice = tell(bob)
        page = sign_in_again(client, "bob", client.post(READ, {"number": notice.pk}))
        assert page.redirect_chain[-1][0] == LIST
        assert "what you sent was not saved" in text_of(page)
        assert unread(bob) == {notice.pk}

    def test_a_stranger_with_htmx_gets_401(self, client: Client) -> None:
        assert client.post(READ, {"number": 1}, headers=HTMX).status_code == 401


class TestBell:
    def test_every_page_has_it(self, bobs: Client, bob: User, order: Order) -> None:
        tell(bob)
        tell(bob)
        for path in ("/", "/orders/", order.get_absolute_url(), "/system/", "/accounts/password/", "/nonsense/"):
            assert re.search(r'id="bell-count"> 2<span', text_of(bobs.get(path))), path

    def test_it_stops_counting(self, bobs: Client, bob: User) -> None:
        Notice.objects.bulk_create(
            [Notice(account=bob, kind=NoticeKind.EXPIRING, source=str(number)) for number in range(120)]
        )
        assert 'id="bell-count"> 99+<' in text_of(bobs.get("/orders/"))

    def test_it_costs_no_statement(
        self, bobs: Client, bob: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        tell(bob)
        bobs.get(BELL, {"seen": "1"}, headers=HTMX)
        with django_assert_num_queries(1):  # the session's
            assert bobs.get(BELL, {"seen": "1"}, headers=HTMX).status_code == 204

    def test_a_new_one_is_announced(self, bobs: Client, bob: User) -> None:
        tell(bob)
        page = text_of(bobs.get(BELL, {"seen": "0"}, headers=HTMX))
        assert "You have a new notice. 1 unread." in page
        assert 'id="bell-count" hx-swap-oob="true"> 1<' in page

    def test_what_was_read_elsewhere_is_not(self, bobs: Client) -> None:
        page = text_of(bobs.get(BELL, {"seen": "3"}, headers=HTMX))
        assert "new notice" not in page
        assert "seen=0" in page

    @pytest.mark.parametrize("seen", ["", "x", "9" * 30])
    def test_what_was_altered_gets_the_bell(self, bobs: Client, seen: str) -> None:
        assert bobs.get(BELL, {"seen": seen}, headers=HTMX).status_code == 200

    def test_without_htmx_it_leads_to_the_list(self, bobs: Client) -> None:
        assert bobs.get(BELL)["Location"] == LIST

    def test_it_keeps_no_session_alive(self) -> None:
        assert notices.show_bell.is_poll(None)  # type: ignore[attr-defined]

    def test_a_stranger_gets_401(self, client: Client) -> None:
        assert client.get(BELL, headers=HTMX).status_code == 401

    def test_a_post_is_refused(self, bobs: Client) -> None:
        assert bobs.post(BELL).status_code == 405


def test_an_account_can_be_removed_with_its_notices(client: Client, admin_user: User, bob: User) -> None:
    tell(bob)
    Mail.objects.create(account=bob)
    client.force_login(admin_user)
    sent = {"post": "yes", "confirm_password": "demo"}
    assert client.post(f"/admin/auth/user/{bob.pk}/delete/", sent).status_code == 302
    assert not Notice.objects.exists()
    assert Mail.objects.get().account is None
