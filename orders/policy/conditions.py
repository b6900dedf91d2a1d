"""The conditions of a rule: when each is set, when it holds for an order, and what is kept of it with the order.

What is kept is a code with data. `orders.labels` has the words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Final

from orders.models import Order, OrderLine, PolicyRule
from orders.policy.customers import EarlierOrders, read_earlier_orders
from orders.states import ConditionCode

Data = Mapping[str, str | int | list[str] | list[int]]


class Subject:
    """An order as the conditions look at it; of its customer's earlier orders is read only what a rule asks for."""

    def __init__(self, order: Order, lines: Sequence[OrderLine]) -> None:
        self.order = order
        self.skus = frozenset(line.sku.upper() for line in lines)
        self.submitted_at = order.created_at.astimezone(UTC)

    @cached_property
    def earlier(self) -> EarlierOrders:
        """What the customer's earlier orders say."""
        return read_earlier_orders(self.order)


@dataclass(frozen=True)
class Condition:
    """One kind of condition. A rule has it when `is_set`; it is met when `holds`; `keep` are its data for people."""

    code: ConditionCode
    is_set: Callable[[PolicyRule], bool]
    holds: Callable[[PolicyRule, Subject], bool]
    keep: Callable[[PolicyRule], Data]


def _nothing(rule: PolicyRule) -> Data:
    return {}


def _is_in_window(rule: PolicyRule, subject: Subject) -> bool:
    start, end, hour = rule.from_hour or 0, rule.to_hour or 0, subject.submitted_at.hour
    return start <= hour < end if start < end else hour >= start or hour < end


# What an order itself says comes first: the customer's earlier orders are read only for a rule that still may apply.
CONDITIONS: Final[Sequence[Condition]] = (
    Condition(
        ConditionCode.TOTAL_ABOVE,
        lambda rule: rule.total_above is not None,
        lambda rule, subject: subject.order.currency == rule.currency and subject.order.total > (rule.total_above or 0),
        lambda rule: {"amount": rule.total_above or 0, "currency": rule.currency},
    ),
    Condition(
        ConditionCode.CURRENCY,
        lambda rule: bool(rule.currency) and rule.total_above is None,
        lambda rule, subject: subject.order.currency == rule.currency,
        lambda rule: {"currency": rule.currency},
    ),
    Condition(
        ConditionCode.COUNTRY,
        lambda rule: bool(rule.countries),
        lambda rule, subject: subject.order.address_country in rule.countries,
        lambda rule: {"countries": list(rule.countries)},
    ),
    Condition(
        ConditionCode.SKU,
        lambda rule: bool(rule.skus),
        lambda rule, subject: not subject.skus.isdisjoint(sku.upper() for sku in rule.skus),
        lambda rule: {"skus": list(rule.skus)},
    ),
    Condition(
        ConditionCode.WEEKDAY,
        lambda rule: bool(rule.weekdays),
        lambda rule, subject: subject.submitted_at.isoweekday() in rule.weekdays,
        lambda rule: {"weekdays": list(rule.weekdays)},
    ),
    Condition(
        ConditionCode.HOURS,
        lambda rule: rule.from_hour is not None,
        _is_in_window,
        lambda rule: {"from_hour": rule.from_hour or 0, "to_hour": rule.to_hour or 0},
    ),
    Condition(
        ConditionCode.NEW_CUSTOMER,
        lambda rule: rule.is_new_customer,
        lambda rule, subject: not subject.earlier.has_completed,
        _nothing,
    ),
    Condition(
        ConditionCode.NEW_ADDRESS,
        lambda rule: rule.has_new_address,
        lambda rule, subject: subject.earlier.has_other_address,
        _nothing,
    ),
    Condition(
        ConditionCode.ORDERS_IN_A_DAY,
        lambda rule: rule.orders_in_a_day is not None,
        lambda rule, subject: subject.earlier.in_a_day + 1 >= (rule.orders_in_a_day or 0),
        lambda rule: {"count": rule.orders_in_a_day or 0},
    ),
    Condition(
        ConditionCode.SAME_BASKET,
        lambda rule: rule.is_same_basket,
        lambda rule, subject: subject.earlier.has_same_basket,
        _nothing,
    ),
    Condition(
        ConditionCode.DECLINED_BEFORE,
        lambda rule: rule.was_declined,
        lambda rule, subject: subject.earlier.has_declined,
        _nothing,
    ),
)


def applies(rule: PolicyRule, subject: Subject) -> bool:
    """Tell whether all conditions of the rule hold for the order; a rule without any applies to every order."""
    return all(condition.holds(rule, subject) for condition in CONDITIONS if condition.is_set(rule))


def keep_conditions(rule: PolicyRule) -> list[dict[str, object]]:
    """Return the rule's conditions as they are kept with an order: each a code with its data."""
    return [{"code": each.code.value, **each.keep(rule)} for each in CONDITIONS if each.is_set(rule)]
