"""Importing a file in a real browser: with real workers, and without JavaScript."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from orders.models import Order
from tests.browser.conftest import Visit
from tests.orders.imports.files import make_row, write_csv

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.usefixtures("temporal_server", "workers_running")
@pytest.mark.parametrize("has_javascript", [True, False])
def test_a_file_is_imported(visit: Visit, alice: User, tmp_path: Path, has_javascript: bool) -> None:
    rows = [make_row("A-1", price="9,50"), make_row("A-2", quantity="none"), make_row("A-3", price="1.234,50")]
    file = tmp_path / "orders.csv"
    file.write_bytes(write_csv(*rows, delimiter=";", encoding="cp1252"))
    page = visit("/orders/new/", alice, java_script_enabled=has_javascript)
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label("CSV or Excel file").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("The first price, 9,50, is read as 9.50 EUR.")).to_be_visible()
    page.get_by_label("Decimal mark of prices").select_option(".")
    page.get_by_role("button", name="Update the preview").click()
    expect(page.get_by_text("cannot be read")).to_be_visible()
    page.get_by_label("Decimal mark of prices").select_option(",")
    page.get_by_role("button", name="Check the file").click()
    confirm = page.get_by_role("button", name="Import 2 orders")
    for _ in range(60):
        if has_javascript or confirm.is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(confirm).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Row 3, Quantity: Enter a whole number")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the failed rows").click()
    assert "A-2" in download.value.path().read_text(encoding="utf-8-sig")
    confirm.click()
    done = page.get_by_role("heading", name="Done: 2 of 2")
    for _ in range(60):
        if has_javascript or done.is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(done).to_be_visible(timeout=30_000)
    assert sorted(Order.objects.values_list("shop_order_number", "total")) == [("A-1", 1900), ("A-3", 246900)]
