"""Idempotency-Key: one deed and one answer, whatever is sent again, when, and by whom."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from console.api import idempotency
from orders.models import IdempotentRequest, Order
from orders.postgres.clock import database_now
from tests.console.api.calling import ORDERS, Program, make_body

pytestmark = pytest.mark.django_db


def test_the_same_request_gets_the_same_answer() -> None:
    program = Program("submit")
    first, second = program.submit(key="1"), program.submit(key="1")
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert (second["ETag"], second["Location"]) == (first["ETag"], first["Location"])
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Order.objects.count() == 1


def test_spaces_and_the_order_of_names_make_no_other_request() -> None:
    program = Program("submit")
    first = program.submit(key="1")
    again = dict(reversed(make_body().items()))
    assert program.post(ORDERS, again, key="1").content == first.content


def test_other_contents_under_the_same_key_are_refused() -> None:
    program = Program("submit")
    program.submit(key="1")
    response = program.submit(key="1", shop_order_number="1001")
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_keys_belong_to_the_shop() -> None:
    berlin, bern = Program("submit"), Program("submit", name="other", shop="Bern")
    assert berlin.submit(key="1").json()["order_id"] != bern.submit(key="1").json()["order_id"]


def test_another_key_of_the_shop_gets_the_same_answer() -> None:
    one, other = Program("submit", name="one"), Program("submit", name="other")
    assert one.submit(key="1").content == other.submit(key="1").content


def test_what_was_refused_may_be_corrected_under_the_same_key() -> None:
    program = Program("submit")
    assert program.submit(key="1", currency="XXX").status_code == 422
    assert program.submit(key="1").status_code == 201


@pytest.mark.parametrize("key", ["", "é", "a\tb", "x" * 256])
def test_a_post_without_a_usable_key_is_refused(key: str) -> None:
    program = Program("submit")
    headers = {"Idempotency-Key": key} if key else {}
    response = program.client.post(ORDERS, make_body(), content_type="application/json", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


def test_a_crash_before_the_answer_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program("submit")
    with monkeypatch.context() as broken:
        broken.setattr("console.api.entrance.write_line", lambda *_, **__: 1 / 0)
        assert program.submit(key="1").status_code == 500
    made = Order.objects.get()
    assert program.submit(key="1").json()["order_id"] == made.order_id


def test_an_order_without_its_answer_cannot_be() -> None:
    program = Program("submit")
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(IdempotentRequest.objects, "create", lambda **_: 1 / 0)
        assert program.submit(key="1").status_code == 500
    assert not Order.objects.exists()


def test_a_request_that_is_being_carried_out_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(name: str) -> None:
        raise idempotency._TurnTooLong

    monkeypatch.setattr(idempotency, "_wait_for_turn", wait)
    response = Program("submit").submit()
    assert (response.status_code, response.json()["code"]) == (409, "request_in_progress")
    assert response["Retry-After"] == "1"


def test_answers_are_kept_for_a_time(settings: Settings) -> None:
    program = Program("submit")
    first = program.submit(key="1")
    settings.IDEMPOTENCY_KEY_LIFETIME = 60
    IdempotentRequest.objects.update(created_at=database_now() - timedelta(seconds=61))
    again = program.submit(key="1")
    assert again.json()["order_id"] == first.json()["order_id"]  # the order's own key lasts
    assert "Idempotency-Replayed" not in again
    assert IdempotentRequest.objects.count() == 1


def test_old_answers_go_as_new_ones_come() -> None:
    program = Program("submit")
    for key in "123":
        program.submit(key=key)
    IdempotentRequest.objects.update(created_at=database_now() - timedelta(days=8))
    program.submit(key="4")
    assert list(IdempotentRequest.objects.values_list("key", flat=True)) == ["4"]
