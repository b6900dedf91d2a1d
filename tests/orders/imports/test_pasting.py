"""orders.imports.pasting: rows copied from a spreadsheet, as texts for the form's own readers."""

import pytest

from orders.errors import OrderInvalid
from orders.imports.pasting import read_pasted
from orders.intake.drafts import TypedLine


def test_rows_come_in_the_order_of_the_form() -> None:
    assert read_pasted("A-1\tApple\t3\t12,50\r\n\r\nA-2\tPear\t1\t2\r\n") == (
        TypedLine("A-1", "Apple", "3", "12,50"),
        TypedLine("A-2", "Pear", "1", "2"),
    )


def test_a_first_row_may_name_the_columns() -> None:
    text = "Price\tBrand\tSKU\tQty\tProduct\n9.50\tAcme\tA-1\t2\tCup"
    assert read_pasted(text) == (TypedLine("A-1", "Cup", "2", "9.50"),)


def test_what_a_row_does_not_have_stays_empty_and_is_one_piece() -> None:
    assert read_pasted("A-1\nA-2\tPear") == (TypedLine("A-1", quantity="1"), TypedLine("A-2", "Pear", quantity="1"))


def test_a_cell_with_a_line_break_is_one_cell() -> None:
    assert read_pasted('A-1\t"Red\napple"\t3\t1') == (TypedLine("A-1", "Red apple", "3", "1"),)
    assert read_pasted('A-1\t15" screen\t3\t1') == (TypedLine("A-1", '15" screen', "3", "1"),)


def test_columns_that_nobody_named_are_refused() -> None:
    with pytest.raises(OrderInvalid, match="Row 2 has 5 columns"):
        read_pasted("A-1\tApple\t3\t1\nA-2\tPear\t1\t2\t99")


@pytest.mark.parametrize("text", ["", " \t \n", "SKU\tQty\n"])
def test_nothing_is_no_line(text: str) -> None:
    assert read_pasted(text) == ()
