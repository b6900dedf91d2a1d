"""orders.imports.checking: the dry run tells exactly what is wrong, and goes on where it was interrupted."""

import pytest
from django.contrib.auth.models import User

from orders import contracts
from orders.errors import ImportNotFound
from orders.imports import checking, jobs
from orders.models import ImportedOrder, Order, OrderImport
from orders.states import ImportState
from tests.orders.imports.files import carry_on_check, carry_out, check, confirmed, make_row, upload

pytestmark = pytest.mark.django_db


def errors_of(importing: OrderImport) -> list[tuple[int, str]]:
    found = importing.orders.filter(result="WRONG").order_by("id").values_list("errors", flat=True)
    return [(error["row"], error["field"]) for errors in found for error in errors]


def test_exactly_the_wrong_rows_are_told_and_nothing_is_submitted(alice: User) -> None:
    rows = [make_row(f"A-{number}") for number in range(1000)]
    wrong = range(7, 1000, 33)
    for place in wrong:
        rows[place][9] = "none"
    importing = upload(alice, *rows)
    assert check(importing, alice) == ImportState.CHECKED
    importing.refresh_from_db()
    assert errors_of(importing) == [(place + 2, "quantity") for place in wrong]
    assert (importing.rows, jobs.count_results(importing)) == (1000, {"": 1000 - len(wrong), "WRONG": len(wrong)})
    assert not Order.objects.exists()


def test_an_attempt_that_died_is_continued(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHUNK", 2)
    importing = upload(alice, *(make_row(f"A-{number}") for number in range(7)))
    beats = iter([None, None])
    jobs.start_check(importing.import_id, actor=alice)
    with pytest.raises(StopIteration):
        checking.check_import(contracts.CheckImport(importing.import_id), beat=lambda: next(beats))
    assert ImportedOrder.objects.count() == 4
    assert carry_on_check(importing) == ImportState.CHECKED
    importing.refresh_from_db()
    numbers = list(importing.orders.values_list("shop_order_number", flat=True))
    assert (numbers, importing.rows) == ([f"A-{number}" for number in range(7)], 7)


def test_an_attempt_of_an_earlier_check_writes_nothing_more(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hung while its check was over, the columns were changed and another check had begun."""
    monkeypatch.setattr(checking, "CHUNK", 1)
    importing = upload(alice, make_row("A-1"), make_row("A-2"))
    jobs.start_check(importing.import_id, actor=alice)

    def begin_another() -> None:
        OrderImport.objects.update(checks=2)

    checking.check_import(contracts.CheckImport(importing.import_id), beat=begin_another)
    importing.refresh_from_db()
    assert (ImportedOrder.objects.count(), importing.state) == (0, "CHECKING")


def test_a_file_that_cannot_be_read_to_its_end_says_where(alice: User) -> None:
    rows = [make_row(f"A-{number}") for number in range(300)]
    rows[250][1] = "Jürgen"
    importing = upload(alice, *rows, encoding="cp1252")
    reading = {"encoding": "utf-8", "delimiter": ",", "decimal_mark": ".", "currency": "EUR"}
    OrderImport.objects.update(layout=importing.layout | reading)
    assert check(importing, alice) == ImportState.CHOOSING
    importing.refresh_from_db()
    assert "is not UTF-8" in importing.trouble


def test_orders_that_were_submitted_before_are_known(alice: User) -> None:
    carry_out(confirmed(alice, make_row("A-1"), make_row("A-2")))
    importing = upload(alice, make_row("A-1"), make_row("A-2", quantity="3"), make_row("A-3"))
    check(importing, alice)
    found = list(importing.orders.order_by("id").values_list("is_known", "result"))
    assert found == [(True, ""), (False, "WRONG"), (False, "")]
    assert errors_of(importing) == [(3, "shop_order_number")]


def test_a_stopped_import_is_not_read(alice: User) -> None:
    importing = upload(alice, make_row("A-1"))
    jobs.start_check(importing.import_id, actor=alice)
    jobs.stop_import(importing.import_id, actor=alice)
    assert carry_on_check(importing) == ImportState.STOPPED
    with pytest.raises(ImportNotFound):
        checking.check_import(contracts.CheckImport("import-000000000000"), beat=lambda: None)
