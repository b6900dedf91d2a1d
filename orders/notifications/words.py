"""A notice in words, for the console and for e-mails alike."""

from dataclasses import dataclass

from orders.labels.notices import describe_notice
from orders.models import Notice


@dataclass(frozen=True)
class NoticeWords:
    """What a notice says. `about` is its order in one line; without an order, that and `order_id` are empty."""

    title: str
    detail: str
    order_id: str
    about: str

    @classmethod
    def of(cls, notice: Notice, *, may_view: bool) -> "NoticeWords":
        """Return the words for somebody who may view orders, or may do so no longer: then nothing is told of one."""
        title, detail = describe_notice(notice.kind, notice.data)
        order = notice.order
        if order is not None and not may_view:
            return cls(title, "", "", "")
        if order is None:
            return cls(title, detail, "", "")
        return cls(title, detail, order.order_id, f"{order.customer_name}, {order.total_money}")
