"""Events as sentences for a chat: the JSON that incoming webhooks of Slack and Mattermost take.

Signs that a chat would read as its own are disarmed: neither a comment nor an article may call everybody in a channel.
Of the customer nothing is told, because a chat is read by more people than the console.
"""

from typing import Any, Final

from django.conf import settings

from orders.labels import describe_actor, describe_event
from orders.models import Order, OrderEvent
from orders.translation import in_english

LONGEST_DETAIL: Final = 500
# Slack reads <…> as commands and wants these three escaped. Mattermost reads @all; a space without width ends the name.
_DISARMED: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u200b"})


def describe_for_chat(event: OrderEvent, order: Order) -> dict[str, Any]:
    """Return what is sent of an event: what happened, by whom, and where the order is found."""
    with in_english():
        title, detail = describe_event(event.kind, event.data)
        who = describe_actor(event.actor, event.data.get("channel", ""), event.data.get("terminal_user", ""))
    said = " · ".join(filter(None, [title, who, order.total_money.plain]))
    lines = [f"{order.order_id}: {said}", detail[:LONGEST_DETAIL]]
    told = "\n".join(line for line in lines if line).translate(_DISARMED)
    return {"text": f"{told}\n{settings.CONSOLE_URL}{order.get_absolute_url()}"}


def describe_test_for_chat() -> dict[str, Any]:
    """Return what is sent to see whether a chat takes it."""
    return {"text": "This is a test of the order console. Nothing has happened to any order."}
