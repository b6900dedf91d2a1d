"""/reports/: the figures of a period, as tables, charts and CSV."""

import csv
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from console.system.charts import HEIGHT, draw_days
from orders.overview.reports import DayFigures
from tests.asking import text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
URL = "/reports/"


def test_without_a_period_it_tells_of_the_last_thirty_days(charlies: Client, make_order: MakeOrder) -> None:
    make_order("COMPLETED")
    page = text_of(charlies.get(URL))
    today = timezone.now().date()
    assert f'value="{today - timedelta(days=29)}"' in page
    assert f'value="{today}"' in page
    assert '<rect class="bar bar-completed"' in page
    assert "25.00 EUR" in page


def test_a_period_without_orders_says_so(charlies: Client) -> None:
    page = text_of(charlies.get(URL, {"first": "2020-01-01", "last": "2020-01-31"}))
    assert "No orders were submitted on these days." in page
    assert "<rect" not in page


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"first": "yesterday"}, "Enter a valid date."),
        ({"first": "2026-02-01", "last": "2026-01-01"}, "The first day is after the last."),
        ({"first": "2020-01-01", "last": "2026-01-01"}, "Choose at most 366 days."),
        ({"last": "0001-01-01"}, "greater than or equal to 2000-01-01."),
        ({"last": "9999-12-31"}, "less than or equal to 2999-12-31."),
    ],
)
def test_what_is_no_period_is_refused_and_kept(charlies: Client, asked: dict[str, str], sentence: str) -> None:
    response = charlies.get(URL, asked)
    assert response.status_code == 422
    assert sentence in text_of(response)
    for value in asked.values():
        assert f'value="{value}"' in text_of(response)


def test_a_table_comes_as_csv(charlies: Client, make_order: MakeOrder) -> None:
    make_order("COMPLETED", decided_by="=HYPERLINK(1)")
    response = charlies.get(URL, {"format": "csv", "table": "decisions"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="decisions-')
    head, everybody, someone = csv.reader(response.content.decode().splitlines())
    assert head[0] == "Who"
    assert everybody[:3] == ["Everybody", "1", "0"]
    assert someone[0] == "'=HYPERLINK(1)", "a spreadsheet would run it"


def test_a_table_that_there_is_not_is_not_found(charlies: Client) -> None:
    assert charlies.get(URL, {"format": "csv", "table": "nonsense"}).status_code == 404


def test_bars_stand_on_each_other_up_to_the_top() -> None:
    days = [DayFigures(date(2026, 3, 1), completed=3, open=1), DayFigures(date(2026, 3, 2), cancelled=2)]
    chart = draw_days(days)
    assert chart is not None
    first, second, third = chart.bars
    assert (first.kind, first.y, first.height) == ("completed", HEIGHT / 4, HEIGHT * 3 / 4)
    assert (second.kind, second.y, second.height) == ("open", 0, HEIGHT / 4)
    assert (third.y, third.height) == (HEIGHT / 2, HEIGHT / 2)
    assert chart.most == 4


def test_without_orders_there_is_no_chart() -> None:
    assert draw_days([DayFigures(date(2026, 3, 1))]) is None
