"""/orders/batches/: how far a batch is, and what somebody may do with it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.desk import batches as pages
from orders import contracts
from orders.decisions import batches, chunks
from orders.models import Batch
from orders.states import DecisionKind
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


@pytest.fixture
def batch(bob: User, make_order: MakeOrder) -> Batch:
    """A batch of bob's with one order that he can approve and his own."""
    pks = [make_order().pk, make_order(submitted_by="bob").pk]
    return batches.create_batch(pks, DecisionKind.APPROVE, actor=bob)


def url(batch: Batch) -> str:
    return f"/orders/batches/{batch.batch_id}/"


def carry_out(batch: Batch) -> None:
    chunks.decide_chunk(contracts.DecideChunk(batch.batch_id))


class TestPage:
    def test_it_says_how_far_it_is(self, bobs: Client, batch: Batch) -> None:
        page = text_of(bobs.get(url(batch)))
        assert "Running: 0 of 2" in page
        assert page.count("Its turn is still to come") == 2
        carry_out(batch)
        page = text_of(bobs.get(url(batch)))
        assert "Done: 2 of 2" in page
        assert "Own order; someone else has to approve it: 1" in page
        assert "hx-get" not in page.partition('id="batch"')[2].partition("</main>")[0], "it polls no longer"

    def test_a_poll_is_answered_when_something_changed(self, bobs: Client, batch: Batch) -> None:
        seen = bobs.get(url(batch)).context["seen"]
        assert bobs.get(url(batch), {"seen": seen}, headers=HTMX).status_code == 204
        carry_out(batch)
        response = bobs.get(url(batch), {"seen": seen}, headers=HTMX)
        assert response.status_code == 286
        assert "Done: 2 of 2" in text_of(response)
        assert "<html" not in text_of(response)
        assert bobs.get(url(batch), {"seen": response.context["seen"]}, headers=HTMX).status_code == 286

    def test_results_have_pages(self, bobs: Client, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "PAGE_SIZE", 1)
        first = bobs.get(url(batch))
        second = bobs.get(first.context["next_url"])
        names = [item.order_id for page in (first, second) for item in page.context["items"]]
        assert len(set(names)) == 2
        assert bobs.get(url(batch), {"cursor": "nonsense"}).status_code == 200

    def test_it_shows_those_alone_that_failed(self, bobs: Client, batch: Batch) -> None:
        carry_out(batch)
        (item,) = bobs.get(url(batch), {"show": "failed"}).context["items"]
        assert item.result == "OWN_ORDER"

    def test_an_unknown_batch_is_not_found(self, bobs: Client) -> None:
        assert bobs.get("/orders/batches/batch-000000000000/").status_code == 404
        assert bobs.post("/orders/batches/batch-000000000000/change/", {"change": "stop"}).status_code == 404

    def test_the_list_names_own_ones_and_those_under_way(self, bobs: Client, batch: Batch, dana: User) -> None:
        assert batch.batch_id in text_of(bobs.get("/orders/batches/"))
        bobs.force_login(dana)
        assert "Under way, by other people" in text_of(bobs.get("/orders/batches/"))
        carry_out(batch)
        assert batch.batch_id not in text_of(bobs.get("/orders/batches/"))


class TestChange:
    def test_pause_resume_and_stop(self, bobs: Client, batch: Batch) -> None:
        for change, state in (("pause", "PAUSED"), ("resume", "RUNNING"), ("stop", "STOPPED"), ("pause", "STOPPED")):
            assert bobs.post(f"{url(batch)}change/", {"change": change})["Location"] == url(batch)
            batch.refresh_from_db()
            assert batch.state == state

    def test_somebody_else_does_not_resume_it(self, bobs: Client, batch: Batch, dana: User) -> None:
        bobs.force_login(dana)
        bobs.post(f"{url(batch)}change/", {"change": "pause"})
        assert 'value="resume"' not in text_of(bobs.get(url(batch)))
        assert bobs.post(f"{url(batch)}change/", {"change": "resume"}).status_code == 403

    def test_those_that_failed_are_tried_again(self, bobs: Client, batch: Batch) -> None:
        carry_out(batch)
        response = bobs.post(f"{url(batch)}change/", {"change": "retry"})
        again = Batch.objects.latest("id")
        assert response["Location"] == url(again) != url(batch)
        assert again.total == 1

    def test_a_made_up_change_is_refused(self, bobs: Client, batch: Batch) -> None:
        assert bobs.post(f"{url(batch)}change/", {"change": "burn"}).status_code == 400


class TestAccess:
    def test_who_may_not_decide_sees_none(self, client: Client, batch: Batch, alice: User, charlie: User) -> None:
        for person in (alice, charlie):
            client.force_login(person)
            assert client.get(url(batch)).status_code == 403
            assert client.get("/orders/batches/").status_code == 403
            assert client.post(f"{url(batch)}change/", {"change": "stop"}).status_code == 403

    def test_a_stranger_has_to_sign_in(self, client: Client, batch: Batch) -> None:
        assert client.get(url(batch))["Location"] == leads_to_login(url(batch))
        assert client.get(url(batch), headers=HTMX).status_code == 401

    def test_other_methods_are_refused(self, bobs: Client, batch: Batch) -> None:
        assert bobs.post(url(batch)).status_code == 405
        assert bobs.post("/orders/batches/").status_code == 405
        assert bobs.get(f"{url(batch)}change/").status_code == 405
