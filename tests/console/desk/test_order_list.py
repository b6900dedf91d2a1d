"""/orders/: the list, its tabs, search, pages and live rows."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.asserts import assertTemplateUsed

from console.desk import list_asked, tabs
from orders.models import Order, OutboxMessage, Trouble
from orders.states import Status, TroubleCode
from tests.asking import HTMX, leads_to_login, text_of
from tests.database import past_the_rules
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
URL = "/orders/"


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def shown(response: Any) -> list[str]:
    """Return the order ids of the rows, from top to bottom."""
    return [row.order.order_id for row in response.context["rows"]]


class TestPage:
    def test_it_shows_what_a_clerk_wants_to_know(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order(customer_name="Zoë <b>Smith", deadline_seconds=3 * 3600 + 20 * 60 + 30)
        page = text_of(bobs.get(URL))
        for piece in (order.order_id, "Zoë &lt;b&gt;Smith", "emma@example.com", "Awaiting approval", "25.00 EUR"):
            assert piece in page
        assert "in 3 h 20 min" in page
        assert "just now" in page

    def test_all_orders_come_newest_first(self, bobs: Client, make_order: MakeOrder) -> None:
        orders = [make_order(), make_order("COMPLETED"), make_order("CANCELLED")]
        assert shown(bobs.get(URL)) == [order.order_id for order in reversed(orders)]

    @pytest.mark.parametrize(
        ("tab", "statuses"),
        [
            ("awaiting", {"PENDING_MANUAL_APPROVAL"}),
            ("in-motion", {"CREATED", "PAID", "CANCELLING"}),
            ("completed", {"COMPLETED"}),
            ("cancelled", {"CANCELLED"}),
        ],
    )
    def test_a_tab_shows_its_statuses(self, bobs: Client, make_order: MakeOrder, tab: str, statuses: set[str]) -> None:
        made = [
            make_order(status)
            for status in ("CREATED", "PENDING_MANUAL_APPROVAL", "PAID", "COMPLETED", "CANCELLING", "CANCELLED")
        ]
        response = bobs.get(URL, {"status": tab})
        assert set(shown(response)) == {order.order_id for order in made if order.status in statuses}
        assert {tab.label: tab.count for tab in response.context["tabs"]} == {
            "Awaiting approval": "1",
            "In progress": "3",
            "Completed": "1",
            "Cancelled": "1",
            "All": "",
        }

    def test_the_approver_sees_the_next_to_expire_first(self, bobs: Client, make_order: MakeOrder) -> None:
        late, soon = make_order(deadline_seconds=7200), make_order(deadline_seconds=60)
        newest = make_order(deadline_seconds=3600)
        waiting = [soon.order_id, newest.order_id, late.order_id]
        assert shown(bobs.get(URL, {"status": "awaiting"})) == waiting
        by_age = [newest.order_id, soon.order_id, late.order_id]
        assert shown(bobs.get(URL, {"status": "awaiting", "sort": "newest"})) == by_age

    def test_counts_stop_at_99(self, bobs: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tabs, "MOST_COUNTED", 2)
        for _ in range(3):
            make_order()
        counts = [tab.count for tab in bobs.get(URL).context["tabs"]]
        assert counts == ["1+", "0", "0", "0", ""]

    def test_a_message_on_its_way_is_shown(self, bobs: Client, make_order: MakeOrder) -> None:
        make_order(is_delivered=False)
        assert "on its way" in text_of(bobs.get(URL))

    def test_a_viewer_is_offered_no_decision(self, client: Client, charlie: User, make_order: MakeOrder) -> None:
        make_order()
        client.force_login(charlie)
        page = text_of(client.get(URL))
        assert "Approve" not in page
        assert 'name="order_id"' not in page
        assert "New order" not in page

    def test_a_clerk_is_offered_a_new_order(self, client: Client, alice: User) -> None:
        client.force_login(alice)
        assert 'href="/orders/new/"' in text_of(client.get(URL))

    def test_only_what_can_be_decided_can_be_ticked(self, bobs: Client, make_order: MakeOrder) -> None:
        statuses = ["PENDING_MANUAL_APPROVAL", "PAID", "COMPLETED", "CANCELLING", "CANCELLED"]
        made = {status: make_order(status).order_id for status in statuses}
        rows = {row.order.order_id: row.is_tickable for row in bobs.get(URL).context["rows"]}
        assert [status for status, order_id in made.items() if rows[order_id]] == ["PENDING_MANUAL_APPROVAL", "PAID"]

    def test_it_reads_no_more_for_more_rows(
        self, bobs: Client, make_order: MakeOrder, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for status in ("PENDING_MANUAL_APPROVAL", "PAID", "COMPLETED", "CANCELLED") * 3:
            make_order(status)
        # session, person, two of permissions, five counts, one page of rows, the newest, and now and then the workers
        with django_assert_max_num_queries(15):
            assert len(shown(bobs.get(URL))) == 12

    @pytest.mark.parametrize("status", ["", "awaiting", "in-motion", "completed", "cancelled"])
    def test_an_empty_list_says_what_that_means(self, bobs: Client, status: str) -> None:
        said = {
            "": "There are no orders yet",
            "awaiting": "No orders awaiting approval",
            "in-motion": "No orders in progress",
            "completed": "No completed orders yet",
            "cancelled": "No cancelled orders",
        }
        assert said[status] in text_of(bobs.get(URL, {"status": status}))

    def test_it_is_kept_by_no_cache(self, bobs: Client) -> None:
        response = bobs.get(URL)
        assert "no-store" in response["Cache-Control"]
        assert "HX-Request" in response["Vary"]


class TestSearch:
    def test_it_looks_in_all_orders(self, bobs: Client, make_order: MakeOrder) -> None:
        found = make_order("COMPLETED", customer_name="Zoë Smith", customer_email="zoe@example.org")
        make_order()
        for text in ("zoë", "smi zo", "zoe@example.org", found.order_id[:12]):
            assert shown(bobs.get(URL, {"q": text, "status": "completed"})) == [found.order_id]
            assert found.order_id in shown(bobs.get(URL, {"q": text}))

    def test_a_whole_order_id_leads_to_the_order(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        for text in (order.order_id, order.order_id.lower(), f" {order.order_id[6:]} "):
            assert bobs.get(URL, {"q": text})["Location"] == order.get_absolute_url()

    def test_while_typing_only_the_list_comes(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        response = bobs.get(URL, {"q": order.order_id}, headers=HTMX)
        assert shown(response) == [order.order_id]
        assertTemplateUsed(response, "desk/_list.html")
        assert "1 order found" in text_of(response), "said to those who do not see the list"
        assert "<html" not in text_of(response)

    def test_nothing_found_says_where_to_look(self, bobs: Client, make_order: MakeOrder) -> None:
        make_order()
        assert "No order found for “nobody”" in text_of(bobs.get(URL, {"q": "nobody"}))
        page = text_of(bobs.get(URL, {"q": "emma", "status": "completed"}))
        assert 'href="/orders/?q=emma"' in page

    @pytest.mark.parametrize("text", ["\x00", "'", "& | !", "\\", "x" * 300, "🦀", "%", "<script>"])
    def test_any_text_is_answered(self, bobs: Client, make_order: MakeOrder, text: str) -> None:
        make_order()
        assert bobs.get(URL, {"q": text}).status_code == 200

    @pytest.mark.parametrize("text", ["&", "…", "order-", "\u200b-"])
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_a_search_without_any_word_says_so(
        self, bobs: Client, make_order: MakeOrder, text: str, headers: dict[str, str]
    ) -> None:
        order = make_order()
        response = bobs.get(URL, {"q": text}, headers=headers)
        assert "has nothing to search for" in text_of(response)
        assert shown(response) == [order.order_id]
        assert "No order found" not in text_of(bobs.get(URL, {"q": text, "status": "completed"}))
        assert response.context["tabs"][0].count == "1", "the list is that of no search"

    @pytest.mark.parametrize(
        "text", ["http://127.0.0.1:8000/orders/{}/", "http://localhost/namespaces/default/workflows/{}/run/history"]
    )
    def test_a_pasted_address_leads_to_the_order(self, bobs: Client, make_order: MakeOrder, text: str) -> None:
        order = make_order()
        make_order()
        pasted = text.format(order.order_id)
        assert bobs.get(URL, {"q": pasted})["Location"] == order.get_absolute_url()
        assert shown(bobs.get(URL, {"q": pasted}, headers=HTMX)) == [order.order_id]

    def test_the_last_four_characters_find_the_order(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order(order_id="order-QQQQQQQQ7K9O")
        make_order(order_id="order-7K90QQQQQQQQX")
        assert shown(bobs.get(URL, {"q": "7k90"}))[-1] == order.order_id
        assert shown(bobs.get(URL, {"q": "qq7k90"})) == [order.order_id]

    def test_tabs_keep_the_search_and_count_nothing(self, bobs: Client) -> None:
        tabs = bobs.get(URL, {"q": "emma"}).context["tabs"]
        assert all("q=emma" in tab.url and not tab.count for tab in tabs)


class TestPages:
    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(list_asked, "PAGE_SIZE", 2)

    @pytest.mark.parametrize(
        "query", [{}, {"status": "awaiting"}, {"status": "awaiting", "sort": "newest"}, {"q": "emma"}]
    )
    def test_one_turns_pages_forward_and_back(self, bobs: Client, make_order: MakeOrder, query: dict[str, str]) -> None:
        for _ in range(5):
            make_order()
        response = bobs.get(URL, query)
        pages = [shown(response)]
        while response.context["next_url"]:
            response = bobs.get(response.context["next_url"])
            pages.append(shown(response))
        assert [len(page) for page in pages] == [2, 2, 1]
        assert len({order_id for page in pages for order_id in page}) == 5
        assert shown(bobs.get(response.context["previous_url"])) == pages[1]

    @pytest.mark.parametrize("cursor", ["x", "A" * 301, "\x00", "bm9uc2Vuc2U"])
    def test_a_broken_cursor_gives_the_first_page_and_says_so(
        self, bobs: Client, make_order: MakeOrder, cursor: str
    ) -> None:
        order = make_order()
        response = bobs.get(URL, {"cursor": cursor})
        assert response.status_code == 200
        assert shown(response) == [order.order_id]
        assert response.context["notices"]

    @pytest.mark.parametrize(
        "query",
        [{"status": "awaiting"}, {"status": "awaiting", "sort": "newest"}, {"status": "awaiting", "q": "emma"}],
    )
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_an_emptied_last_page_gives_the_one_before(
        self, bobs: Client, make_order: MakeOrder, query: dict[str, str], headers: dict[str, str]
    ) -> None:
        for _ in range(5):
            make_order()
        first = bobs.get(URL, query)
        second = bobs.get(first.context["next_url"])
        last_url = second.context["next_url"]
        with past_the_rules():
            Order.objects.filter(order_id__in=shown(bobs.get(last_url))).update(status=Status.CHARGING_PAYMENT)
        response = bobs.get(last_url, headers=headers)
        assert shown(response) == shown(second)
        assert "You are all caught up" not in text_of(response)
        assert "That page has no orders left" in text_of(response)
        assert shown(bobs.get(response.context["previous_url"])) == shown(first)
        assert not response.context["next_url"]
        with past_the_rules():
            Order.objects.filter(order_id__in=shown(second)).update(status=Status.CHARGING_PAYMENT)
        response = bobs.get(last_url, headers=headers)
        assert shown(response) == shown(first)
        assert not response.context["previous_url"]

    def test_an_emptied_list_is_empty_also_behind_a_cursor(self, bobs: Client, make_order: MakeOrder) -> None:
        for _ in range(3):
            make_order()
        next_url = bobs.get(URL, {"status": "awaiting"}).context["next_url"]
        with past_the_rules():
            Order.objects.update(status=Status.CHARGING_PAYMENT)
        response = bobs.get(next_url)
        assert "You are all caught up" in text_of(response)
        assert "That page has no orders left" not in text_of(response)

    def test_a_cursor_of_another_ordering_is_not_misread(self, bobs: Client, make_order: MakeOrder) -> None:
        for _ in range(3):
            make_order()
        cursor = parse_qs(urlsplit(bobs.get(URL).context["next_url"]).query)["cursor"][0]
        response = bobs.get(URL, {"status": "awaiting", "cursor": cursor})
        assert len(shown(response)) == 2
        assert response.context["notices"]

    @pytest.mark.parametrize("query", [{"status": "nonsense"}, {"sort": "nonsense"}])
    def test_a_filter_that_makes_no_sense_is_left_out_and_said(self, bobs: Client, query: dict[str, str]) -> None:
        response = bobs.get(URL, query)
        assert response.status_code == 200
        assert "ignored." in text_of(response)


class TestLiveRows:
    def ask(self, client: Client, response: Any) -> Any:
        """Ask what has changed, as the page does that `response` brought."""
        return client.get(response.context["poll_url"], headers=HTMX)

    def test_nothing_is_sent_while_nothing_changed(self, bobs: Client, make_order: MakeOrder) -> None:
        make_order()
        response = self.ask(bobs, bobs.get(URL))
        assert response.status_code == 204
        assert not response.content

    def test_a_changed_row_stays_in_its_place(self, bobs: Client, make_order: MakeOrder) -> None:
        first, second = make_order(), make_order()
        page = bobs.get(URL, {"status": "awaiting"})
        with past_the_rules():
            Order.objects.filter(pk=first.pk).update(status=Status.CHARGING_PAYMENT, version=99)
        response = self.ask(bobs, page)
        assert shown(response) == [first.order_id]
        text = text_of(response)
        assert "Charging payment" in text
        assert second.order_id not in text.partition('id="order-poll"')[0], "what has not changed is not sent again"
        assert text.count("hx-swap-oob") == 5
        assert self.ask(bobs, response).status_code == 204

    def test_new_orders_are_offered_and_do_not_push_in(self, bobs: Client, make_order: MakeOrder) -> None:
        make_order()
        page = bobs.get(URL, {"status": "awaiting"})
        make_order()
        response = self.ask(bobs, page)
        assert shown(response) == []
        assert "<table" not in text_of(response)
        assert "1 new order here. Show it" in text_of(response)
        assert self.ask(bobs, response).status_code == 204

    def test_an_empty_list_notices_the_first_order(self, bobs: Client, make_order: MakeOrder) -> None:
        page = bobs.get(URL, {"status": "awaiting"})
        assert self.ask(bobs, page).status_code == 204
        make_order()
        response = self.ask(bobs, page)
        assert "1 new order here" in text_of(response)
        assert "<table" not in text_of(response)
        assert "You are all caught up" not in text_of(response)
        assert 'id="order-table"' in text_of(response), "the next poll finds its target"

    def test_an_empty_list_notices_an_order_that_only_now_waits(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order("VALIDATED")
        page = bobs.get(URL, {"status": "awaiting"})
        assert "You are all caught up" in text_of(page)
        with past_the_rules():
            Order.objects.filter(pk=order.pk).update(
                status=Status.PENDING_MANUAL_APPROVAL, approval_deadline=timezone.now() + timedelta(hours=1)
            )
        response = self.ask(bobs, page)
        assert "There is 1 order here now" in text_of(response)
        assert "You are all caught up" not in text_of(response)

    def test_time_that_passes_is_no_change(self, bobs: Client, make_order: MakeOrder) -> None:
        """The browser counts on its own, from the times that it got."""
        make_order()
        page = bobs.get(URL)
        assert " data-age>just now</time>" in text_of(page)
        with past_the_rules():
            Order.objects.update(created_at=timezone.now() - timedelta(minutes=5))
        assert self.ask(bobs, page).status_code == 204
        assert " data-age>5 min ago</time>" in text_of(bobs.get(URL))

    @pytest.mark.parametrize(("minutes", "said"), [(59, "soon"), (-1, "overdue")])
    def test_a_deadline_that_comes_near_or_passes_is_a_change(
        self, bobs: Client, make_order: MakeOrder, minutes: int, said: str
    ) -> None:
        order = make_order(deadline_seconds=7200 if said == "soon" else 60)
        page = bobs.get(URL, {"status": "awaiting"})
        with past_the_rules():
            Order.objects.update(approval_deadline=timezone.now() + timedelta(minutes=minutes))
        response = self.ask(bobs, page)
        assert shown(response) == [order.order_id]
        assert said in text_of(response)
        assert self.ask(bobs, response).status_code == 204

    @pytest.mark.parametrize("what", ["message", "trouble"])
    def test_what_changes_no_version_is_a_change_all_the_same(
        self, bobs: Client, make_order: MakeOrder, what: str
    ) -> None:
        order = make_order(is_delivered=False)
        page = bobs.get(URL)
        if what == "message":
            order.outbox_messages.update(status=OutboxMessage.Status.DELIVERED)
        else:
            Trouble.objects.create(order=order, code=TroubleCode.RUN_FAILING)
        assert shown(self.ask(bobs, page)) == [order.order_id]

    def test_what_one_poll_has_read_serves_others_and_nobody_twice(
        self, bobs: Client, dana: User, make_order: MakeOrder, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        danas = Client()
        danas.force_login(dana)
        make_order()
        page, danas_page = bobs.get(URL), danas.get(URL)
        assert self.ask(bobs, page).status_code == 204
        with django_assert_num_queries(1):
            assert self.ask(danas, danas_page).status_code == 204
        make_order()
        for client, seen in ((bobs, page), (danas, danas_page)):
            assert "1 new order here" in text_of(self.ask(client, seen))

    def test_after_an_own_decision_nobody_elses_answer_is_used(
        self, bobs: Client, dana: User, make_order: MakeOrder
    ) -> None:
        danas = Client()
        danas.force_login(dana)
        order = make_order()
        page = danas.get(URL)
        self.ask(bobs, bobs.get(URL))
        with past_the_rules():
            Order.objects.filter(pk=order.pk).update(version=99)
        response = danas.get(f"{page.context['poll_url']}&fresh=1", headers=HTMX)
        assert shown(response) == [order.order_id]

    def test_other_rights_want_another_page(self, client: Client, charlie: User, make_order: MakeOrder) -> None:
        client.force_login(charlie)
        make_order()
        page = client.get(URL)
        make_user("charlie", "approver")
        response = self.ask(client, page)
        assert response["HX-Refresh"] == "true"
        assert self.ask(client, client.get(URL)).status_code == 204

    def test_one_poll_reads_little(
        self, bobs: Client, make_order: MakeOrder, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(10):
            make_order()
        page = bobs.get(URL)
        with django_assert_max_num_queries(12):
            self.ask(bobs, page)

    def test_ids_that_are_none_are_left_out(self, bobs: Client, make_order: MakeOrder) -> None:
        order = make_order()
        query = {"live": "1", "rows": f"nonsense,{order.order_id},order-NOPE,';--", "seen": "x"}
        assert shown(bobs.get(URL, query, headers=HTMX)) == [order.order_id]

    def test_the_most_rows_fit_into_an_address(self, bobs: Client, make_order: MakeOrder) -> None:
        for number in range(50):
            make_order("CREATED", order_id=f"order-{number:058}")
        poll_url = bobs.get(URL).context["poll_url"]
        assert len(f"GET {poll_url} HTTP/1.1") < 4094, "gunicorn takes no longer line"
        assert bobs.get(poll_url, headers=HTMX).status_code == 204


class TestAccess:
    def test_a_stranger_has_to_sign_in(self, client: Client) -> None:
        assert client.get(URL)["Location"] == leads_to_login(URL)

    def test_a_strangers_fragment_is_refused_with_a_sentence(self, client: Client) -> None:
        response = client.get(URL, headers=HTMX)
        assert response.status_code == 401
        assert "You are signed out." in text_of(response)

    def test_somebody_without_a_role_is_refused(self, client: Client) -> None:
        client.force_login(make_user("nobody"))
        assert client.get(URL).status_code == 403

    def test_it_cannot_be_posted_to(self, bobs: Client) -> None:
        assert bobs.post(URL)["Allow"] == "GET, HEAD"
