"""orders.imports.jobs: a file is uploaded, its layout chosen, checked and confirmed; nothing is submitted before."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from orders.errors import FileRefused, ImportMoved, ImportNotFound, NotAllowed, OrderInvalid
from orders.imports import jobs
from orders.models import ImportedOrder, ImportFile, Order, OrderImport, Shop
from orders.states import ImportState
from tests.making import make_user
from tests.orders.imports.files import carry_out, check, confirmed, make_row, results, upload, write_csv

pytestmark = pytest.mark.django_db


def state_of(importing: OrderImport) -> str:
    importing.refresh_from_db()
    return importing.state


class TestUpload:
    def test_it_keeps_the_file_with_a_guess(self, alice: User) -> None:
        importing = upload(alice, make_row("A-1", price="9,50"), delimiter=";", encoding="utf-16")
        layout = jobs.read_layout(importing)
        assert (layout.encoding, layout.delimiter, layout.decimal_mark) == ("utf-16", ";", ",")
        assert layout.columns["unit_price"] == 10
        assert importing.sample[1][1][0] == "A-1"
        assert (state_of(importing), Order.objects.count()) == ("CHOOSING", 0)

    def test_who_may_not_submit_uploads_nothing(self, bob: User) -> None:
        with pytest.raises(NotAllowed):
            upload(bob, make_row("A-1"))

    def test_what_cannot_be_read_is_refused(self, alice: User) -> None:
        with pytest.raises(FileRefused):
            jobs.create_import("a.csv", b"%PDF-1.7", actor=alice, currency="EUR")
        with pytest.raises(FileRefused, match="larger than 10 MB"):
            jobs.create_import("a.csv", b"a" * (10 * 1024 * 1024 + 1), actor=alice, currency="EUR")
        assert not ImportFile.objects.exists()

    def test_nobody_fills_the_disk(self, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "MOST_OPEN", 1)
        first = upload(alice, make_row("A-1"))
        with pytest.raises(FileRefused, match="have not ended"):
            upload(alice, make_row("A-1"))
        jobs.stop_import(first.import_id, actor=alice)
        upload(alice, make_row("A-1"))

    def test_others_see_nothing_of_it(self, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        with pytest.raises(ImportNotFound):
            jobs.read_import(importing.import_id, actor=make_user("nina", "clerk"))
        jobs.read_import(importing.import_id, actor=make_user("root", is_superuser=True))


class TestLayout:
    def test_another_delimiter_shows_other_columns(self, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        layout = jobs.read_layout(importing)
        reading = {"encoding": "utf-8", "delimiter": ";", "decimal_mark": ",", "currency": "USD"}
        chosen: dict[str, Any] = {"actor": alice, "shop": None, "columns": layout.columns}
        assert not jobs.choose_layout(importing.import_id, reading=reading, **chosen)
        importing.refresh_from_db()
        assert len(importing.sample[0][1]) == 1
        assert (importing.layout["columns"], importing.layout["decimal_mark"]) == ({}, ",")
        with pytest.raises(FileRefused, match="Choose the columns of"):
            jobs.start_check(importing.import_id, actor=alice)
        assert not jobs.choose_layout(importing.import_id, reading=reading | {"delimiter": ","}, **chosen)
        importing.refresh_from_db()
        assert importing.layout["columns"] == layout.columns

    def test_an_encoding_that_does_not_fit_is_refused(self, alice: User) -> None:
        row = make_row("A-1")
        row[1] = "Jürgen"
        importing = upload(alice, row, encoding="cp1252")
        reading = {"encoding": "utf-8", "delimiter": ",", "decimal_mark": ".", "currency": "EUR"}
        with pytest.raises(FileRefused, match="is not UTF-8"):
            jobs.choose_layout(importing.import_id, actor=alice, reading=reading, shop=None, columns={})

    def test_the_orders_of_an_earlier_check_go(self, alice: User) -> None:
        importing = upload(alice, make_row("A-1"), make_row("A-2"))
        check(importing, alice)
        jobs.go_back(importing.import_id, actor=alice)
        assert check(importing, alice) == ImportState.CHECKED
        assert ImportedOrder.objects.count() == 2


class TestConfirm:
    def test_nothing_is_submitted_before(self, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        assert carry_out(importing) == ImportState.CHOOSING
        with pytest.raises(ImportMoved):
            jobs.confirm_import(importing.import_id, actor=alice)
        check(importing, alice)
        assert (carry_out(importing), Order.objects.count()) == (ImportState.CHECKED, 0)

    def test_nothing_is_stopped_before_either(self, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        check(importing, alice)
        User.objects.filter(pk=alice.pk).update(is_active=False)
        assert carry_out(importing) == ImportState.CHECKED

    def test_the_file_goes_once_it_is_confirmed(self, alice: User) -> None:
        importing = confirmed(alice, make_row("A-1"))
        assert (state_of(importing), ImportFile.objects.count()) == ("RUNNING", 0)
        with pytest.raises(ImportMoved):
            jobs.confirm_import(importing.import_id, actor=alice)

    def test_a_file_without_a_right_order_is_not_imported(self, alice: User) -> None:
        importing = upload(alice, make_row("A-1", quantity="none"))
        check(importing, alice)
        with pytest.raises(OrderInvalid, match="no order without errors"):
            jobs.confirm_import(importing.import_id, actor=alice)

    def test_nobody_submits_in_the_name_of_someone_else(self, alice: User) -> None:
        importing = upload(alice, make_row("A-1"))
        check(importing, alice)
        with pytest.raises(OrderInvalid, match="Only alice"):
            jobs.confirm_import(importing.import_id, actor=make_user("root", is_superuser=True))


class TestStop:
    def test_what_was_submitted_stays(self, alice: User) -> None:
        importing = confirmed(alice, make_row("A-1"))
        jobs.stop_import(importing.import_id, actor=alice)
        assert (carry_out(importing), results(importing)) == (ImportState.STOPPED, [""])
        with pytest.raises(ImportMoved):
            jobs.stop_import(importing.import_id, actor=alice)

    def test_forgotten_files_go_after_a_week(self, alice: User) -> None:
        old, new = (upload(alice, make_row("A-1")) for _ in range(2))
        running = confirmed(alice, make_row("A-2"))
        eight_days_ago = Now() - timedelta(days=8)
        OrderImport.objects.exclude(pk=new.pk).update(moved_at=eight_days_ago)
        assert jobs.stop_forgotten() == 1
        assert [state_of(each) for each in (old, new, running)] == ["STOPPED", "CHOOSING", "RUNNING"]
        assert list(ImportFile.objects.values_list("of", flat=True)) == [new.pk]


class TestRules:
    """PostgreSQL's own, whoever writes."""

    def test_a_result_is_written_once(self, alice: User) -> None:
        importing = confirmed(alice, make_row("A-1"))
        carry_out(importing)
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
            importing.orders.update(is_known=True)
        with pytest.raises(DatabaseError, match="never removed"), transaction.atomic():
            importing.orders.all().delete()
        with pytest.raises(DatabaseError, match="has ended"), transaction.atomic():
            OrderImport.objects.update(rows=5)

    def test_none_is_done_before_its_last_order(self, alice: User) -> None:
        importing = confirmed(alice, make_row("A-1"))
        with pytest.raises(DatabaseError, match="is not done"), transaction.atomic():
            OrderImport.objects.filter(pk=importing.pk).update(state="DONE", ended_at=Now())


def test_a_shop_has_numbers_of_its_own(alice: User) -> None:
    shop = Shop.objects.create(name="Corner")
    importing = jobs.create_import("a.csv", write_csv(make_row("A-1")), actor=alice, currency="EUR")
    layout = jobs.read_layout(importing)
    reading = {name: getattr(layout, name) for name in ("encoding", "delimiter", "decimal_mark", "currency")}
    assert jobs.choose_layout(importing.import_id, actor=alice, reading=reading, shop=shop, columns=layout.columns)
    check(importing, alice)
    jobs.confirm_import(importing.import_id, actor=alice)
    assert carry_out(importing) == ImportState.DONE
    assert Order.objects.get().shop == shop
