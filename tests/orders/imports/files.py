"""Files of orders for tests, and an import carried out as its workflow does."""

import csv
import io
from typing import Any

from django.contrib.auth.models import User

from orders import contracts
from orders.imports import checking, chunks, jobs
from orders.models import OrderImport

HEADER = ["Order number", "Name", "E-mail", "Street", "Postcode", "City", "Country", "SKU", "Product", "Qty", "Price"]


def make_row(number: str, sku: str = "CUP", quantity: str = "2", price: str = "9.50") -> list[str]:
    return [number, "Emma", "emma@example.com", "Long Street 1", "10115", "Berlin", "DE", sku, "Cup", quantity, price]


def write_csv(*rows: list[str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADER, *rows])
    return text.getvalue().encode(encoding)


def upload(actor: User, *rows: list[str], **options: Any) -> OrderImport:
    """Upload a file of these rows."""
    return jobs.create_import("orders.csv", write_csv(*rows, **options), actor=actor, currency="EUR")


def check(importing: OrderImport, actor: User) -> str:
    """Have the file checked, and return the state after it."""
    jobs.start_check(importing.import_id, actor=actor)
    return carry_on_check(importing)


def carry_on_check(importing: OrderImport) -> str:
    """Make an attempt of the check."""
    command = contracts.CheckImport(importing.import_id)
    return checking.check_import(command, beat=lambda: None).state


def carry_out(importing: OrderImport) -> str:
    """Submit one chunk, as the workflow does."""
    return chunks.import_chunk(contracts.ImportChunk(importing.import_id)).state


def confirmed(actor: User, *rows: list[str]) -> OrderImport:
    """Upload a file, have it checked and confirm it."""
    importing = upload(actor, *rows)
    check(importing, actor)
    jobs.confirm_import(importing.import_id, actor=actor)
    return importing


def results(importing: OrderImport) -> list[str]:
    return list(importing.orders.order_by("id").values_list("result", flat=True))
