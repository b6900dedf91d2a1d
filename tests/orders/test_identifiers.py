"""orders.identifiers: names that can be read out on the telephone."""

import pytest

from orders.identifiers import CROCKFORD, is_order_id, new_identifier


def test_a_new_identifier_has_its_prefix_and_no_sign_that_looks_like_another() -> None:
    prefix, _, signs = new_identifier("order").partition("-")
    assert prefix == "order"
    assert len(signs) == 12
    assert set(signs) <= set(CROCKFORD)
    assert not set("ILOU") & set(CROCKFORD)


def test_identifiers_differ() -> None:
    assert len({new_identifier("pay") for _ in range(1000)}) == 1000


def test_a_new_order_id_is_an_order_id() -> None:
    assert is_order_id(new_identifier("order"))


@pytest.mark.parametrize(
    "text", ["", "order-", "ORDER-1", "order-a b", "order-a\n", "order-é", "order-" + "x" * 59, "x"]
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_order_id(text)
