"""A person's own notices: how many are unread, which there are, and that they were read."""

from typing import Final

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from orders.models import Notice

# More are not counted.
MOST_COUNTED: Final = 100
# How many are unread, for a statement that reads an account anyway; by the index notice_unread.
COUNT_UNREAD: Final = f"""
SELECT count(*) FROM (
    SELECT FROM orders_notice WHERE account_id = {{account}} AND read_at IS NULL LIMIT {MOST_COUNTED}
) AS unread
"""  # noqa: S608 - put together from numbers


def count_unread(account_id: int) -> int:
    """Return how many notices of an account are unread, at most MOST_COUNTED; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UNREAD.format(account="%s"), [account_id])
        (count,) = cursor.fetchone()
    return int(count)


def list_notices(account_id: int, *, is_unread: bool = False) -> QuerySet[Notice]:
    """Return the notices of an account, with what is shown of their orders."""
    found = Notice.objects.filter(account_id=account_id).select_related("order")
    found = found.only(
        *("kind", "source", "data", "created_at", "read_at", "order__order_id", "order__total", "order__currency"),
        *("order__customer_name", "order__approval_deadline", "order__status"),
    )
    return found.filter(read_at__isnull=True) if is_unread else found


def find_notice(account_id: int, number: int) -> Notice | None:
    """Return a notice of an account, or None: those of others are nobody's business."""
    return list_notices(account_id).filter(pk=number).first()


def mark_read(account_id: int, number: int) -> int:
    """Note that a person has read one of their notices; it is not told by e-mail any more. Return how many changed."""
    return _mark(Notice.objects.filter(account_id=account_id, pk=number))


def mark_all_read(account_id: int, *, upto: int) -> int:
    """Note that a person has read all that they have been shown: those up to the number `upto`."""
    return _mark(Notice.objects.filter(account_id=account_id, pk__lte=upto))


def _mark(notices: QuerySet[Notice]) -> int:
    return notices.filter(read_at__isnull=True).update(read_at=Now(), mail_due_at=None)
