"""console.desk.row_html: rows are rendered once for all who see the same, and for nobody else."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import override

from console.access import CurrentUser
from console.desk import row_html
from console.desk.layout import USUAL
from console.desk.row_html import render_rows
from console.desk.rows import Row
from orders.models import Order
from tests.asking import HTMX, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
URL = "/orders/?status=awaiting"


def render(row: Row, **changes: Any) -> str:
    look: dict[str, Any] = {"has_ticks": True, "way_back_suffix": "", "is_fragment": False}
    return render_rows([row], USUAL, **look | changes)


def row_of(order: Order, user: User) -> Row:
    return Row.of(Order.objects.as_rows().get(pk=order.pk), CurrentUser.of(user))


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_who_only_looks_gets_no_box_of_those_who_decide(bob: User, charlie: User, make_order: MakeOrder) -> None:
    make_order()
    for user, has_box in ((bob, True), (charlie, False), (bob, True)):
        assert ('name="order_id"' in text_of(as_user(user).get(URL))) is has_box


def test_nothing_of_a_person_or_a_session_stands_in_a_row(bob: User, dana: User, make_order: MakeOrder) -> None:
    make_order()
    tables = []
    for user in (bob, dana):
        page = as_user(user).get(URL).content.decode()
        tables.append(re.findall(r"<tr\n.*?</tr>", page, re.DOTALL))
        assert "csrfmiddlewaretoken" not in "".join(tables[-1])
        assert user.username not in "".join(tables[-1])
    assert tables[0] == tables[1]


def test_the_list_that_one_came_from_is_ones_own(bob: User, make_order: MakeOrder) -> None:
    row = row_of(make_order(), bob)
    assert "?from=status%3Dall" in render(row, way_back_suffix="?from=status%3Dall")
    assert "?from=" not in render(row)


def test_a_fragment_is_for_its_place_and_a_page_is_not(bob: User, make_order: MakeOrder) -> None:
    row = row_of(make_order(), bob)
    assert "hx-swap-oob" not in render(row)
    assert "hx-swap-oob" in render(row, is_fragment=True)


def test_times_are_told_as_they_are_now(bob: User, make_order: MakeOrder) -> None:
    order = make_order(deadline_seconds=3 * 3600 + 30)
    row_html._render_look.cache_clear()
    for minutes, age, deadline in ((0, "just now", "in 3 h"), (5, "5 min ago", "in 2 h 55 min")):
        found = Order.objects.as_rows().get(pk=order.pk)
        vars(found)["read_at"] += timedelta(minutes=minutes)
        page = render(Row.of(found, CurrentUser.of(bob)))
        assert f">{age}</time>" in page
        assert f">{deadline}</time>" in page
    assert row_html._render_look.cache_info().misses == 1


def test_a_row_is_kept_for_each_language(bob: User, make_order: MakeOrder) -> None:
    row = row_of(make_order(), bob)
    row_html._render_look.cache_clear()
    for language in ("en", "de", "en"):
        with override(language):
            render(row)
    assert row_html._render_look.cache_info().misses == 2


def test_what_has_changed_is_rendered_again(client: Client, bob: User, make_order: MakeOrder) -> None:
    client.force_login(bob)
    order = make_order()
    poll = client.get(URL).context["poll_url"]
    Order.objects.filter(pk=order.pk).update(version=order.version + 1, customer_name="Zoë <b>")
    assert "Zoë &lt;b&gt;" in text_of(client.get(poll, headers=HTMX))


@pytest.mark.parametrize("name", ["{{ slot }}", "{% now 'Y' %}", "a</tr>", "<script>"])
def test_a_name_is_only_a_name(bob: User, make_order: MakeOrder, name: str) -> None:
    page = render(row_of(make_order(customer_name=name), bob))
    assert page.count("</tr>") == 1
    assert "<script" not in page
    assert page.count("<time") == 2
