"""orders.imports.chunks: each order of a confirmed import is submitted once, whatever dies in between."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import DataError, OperationalError

from orders import contracts
from orders.errors import ImportNotFound
from orders.imports import chunks, jobs
from orders.imports.submission import submit_once
from orders.models import Order, OutboxMessage
from orders.states import ImportState
from tests.orders.imports.files import carry_out, check, confirmed, make_row, results, upload

pytestmark = pytest.mark.django_db


def test_each_order_is_submitted_as_from_the_form(alice: User) -> None:
    rows = [make_row("A-1"), make_row("A-1", sku="POT"), make_row("A-2", quantity="0"), make_row("A-3")]
    importing = confirmed(alice, *rows)
    assert carry_out(importing) == ImportState.DONE
    assert results(importing) == ["CREATED", "WRONG", "CREATED"]
    order = Order.objects.get(shop_order_number="A-1")
    assert (order.submitted_by, order.submitter_account_id, order.total) == ("alice", alice.pk, 3800)
    assert OutboxMessage.objects.get(order=order).status == "PENDING"
    item = importing.orders.get(order=order)
    assert (item.rows, item.first_row) == ([], 2), "the order holds them from now on"
    assert importing.orders.get(result="WRONG").rows != []


def test_the_same_file_again_submits_nothing(alice: User) -> None:
    for result in ("CREATED", "EXISTING"):
        importing = confirmed(alice, make_row("A-1"), make_row("A-2"))
        assert (carry_out(importing), results(importing)) == (ImportState.DONE, [result] * 2)
    assert Order.objects.count() == 2


def test_a_chunk_that_is_repeated_submits_nothing_twice(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MOST_OF_AN_ATTEMPT", 2)
    importing = confirmed(alice, *(make_row(f"A-{number}") for number in range(3)))
    assert carry_out(importing) == ImportState.RUNNING
    assert results(importing) == ["CREATED", "CREATED", ""]
    assert [carry_out(importing) for _ in range(2)] == [ImportState.DONE] * 2
    assert Order.objects.count() == 3


def test_a_worker_that_dies_between_order_and_result_leaves_neither(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = confirmed(alice, make_row("A-1"))

    def die(*_: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(chunks, "_write_result", die)
        patch.setattr(chunks, "find_fault", lambda _: "away")
        with pytest.raises(OperationalError):
            carry_out(importing)
    assert (Order.objects.count(), results(importing)) == (0, [""])
    assert carry_out(importing) == ImportState.DONE


def test_an_order_that_the_database_refuses_holds_up_no_other(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    importing = confirmed(alice, make_row("A-1"), make_row("A-2"))

    def refuse_first(found: Any, **options: Any) -> Any:
        if found.rows[0][1][0] == "A-1":
            raise DataError
        return submit_once(found, **options)

    monkeypatch.setattr(chunks, "submit_once", refuse_first)
    assert carry_out(importing) == ImportState.DONE
    assert results(importing) == ["REFUSED", "CREATED"]


def test_what_became_wrong_since_the_check_is_refused(alice: User) -> None:
    carry_out(confirmed(alice, make_row("A-1")))
    importing, other = (upload(alice, make_row(number, quantity="5")) for number in ("A-2", "A-2"))
    check(importing, alice)
    jobs.confirm_import(importing.import_id, actor=alice)
    other = upload(alice, make_row("A-2"))
    check(other, alice)
    jobs.confirm_import(other.import_id, actor=alice)
    assert carry_out(other) == ImportState.DONE
    assert (carry_out(importing), results(importing)) == (ImportState.DONE, ["REFUSED"])
    item = importing.orders.get()
    assert item.errors[0]["row"] == 2
    assert "idempotency" not in item.errors[0]["sentence"], "that is a word for programs"
    assert item.rows != [], "they have to be corrected"


@pytest.mark.parametrize("loss", ["the role", "the account"])
def test_who_lost_the_right_submits_nothing_more(alice: User, loss: str) -> None:
    importing = confirmed(alice, make_row("A-1"))
    if loss == "the role":
        alice.groups.remove(Group.objects.get(name="clerk"))
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    assert carry_out(importing) == ImportState.STOPPED
    importing.refresh_from_db()
    assert (importing.is_right_lost, Order.objects.count()) == (True, 0)


def test_an_import_that_is_stopped_in_between_submits_nothing_more(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = confirmed(alice, make_row("A-1"), make_row("A-2"))

    def stop_after(found: Any, **options: Any) -> Any:
        answer = submit_once(found, **options)
        jobs.stop_import(importing.import_id, actor=alice)
        return answer

    monkeypatch.setattr(chunks, "submit_once", stop_after)
    assert (carry_out(importing), results(importing)) == (ImportState.STOPPED, ["CREATED", ""])


def test_an_unknown_import_is_no_import() -> None:
    with pytest.raises(ImportNotFound):
        chunks.import_chunk(contracts.ImportChunk("import-000000000000"))
