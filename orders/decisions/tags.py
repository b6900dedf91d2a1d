"""Tags on orders, added and removed by those who decide. To add one that is there already changes nothing."""

import re
import unicodedata
from typing import Final

from django.db import transaction

from orders import permissions
from orders.errors import OrderInvalid
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.models import Order, OrderTag
from orders.models.tag import LONGEST_TAG, TAG_PATTERN
from orders.permissions import Actor
from orders.texts import clean_line

MOST_TAGS: Final = 20
_SPACES: Final = re.compile(r"[\s_]+")


def read_tag(text: str) -> str:
    """Return a tag as it is kept: small letters, hyphens for spaces, no number sign in front. Raises OrderInvalid."""
    typed = unicodedata.normalize("NFKC", clean_line(text, limit=None)).lstrip("#").strip().casefold()
    tag = _SPACES.sub("-", typed).strip("-")
    sentence = ""
    if not tag:
        sentence = "Enter a tag."
    elif len(tag) > LONGEST_TAG:
        sentence = f"A tag can have at most {LONGEST_TAG} characters; this has {len(tag)}."
    elif not re.fullmatch(TAG_PATTERN, tag):
        sentence = "Use letters, digits and hyphens in a tag, such as gift-wrap."
    if sentence:
        raise OrderInvalid(sentence, fields={"tag": sentence})
    return tag


def add_tag(order: Order, *, actor: Actor, text: str) -> str:
    """Add a tag to an order and return it. Raises NotAllowed, OrderInvalid for what is no tag, or one too many."""
    permissions.check_may_tag(actor)
    tag = read_tag(text)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        known = set(locked.tags.values_list("name", flat=True))
        if tag in known:
            return tag
        if len(known) >= MOST_TAGS:
            sentence = f"An order can have at most {MOST_TAGS} tags. Remove one first."
            raise OrderInvalid(sentence, fields={"tag": sentence})
        OrderTag.objects.create(order=locked, name=tag, added_by=actor.get_username())
        _write(locked, EventKind.TAGGED, tag, actor)
    return tag


def remove_tag(order: Order, *, actor: Actor, text: str) -> str:
    """Remove a tag from an order and return it. Raises NotAllowed, OrderInvalid for what is no tag."""
    permissions.check_may_tag(actor)
    tag = read_tag(text)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        removed, _ = OrderTag.objects.filter(order=locked, name=tag).delete()
        if removed:
            _write(locked, EventKind.UNTAGGED, tag, actor)
    return tag


def _write(order: Order, kind: EventKind, tag: str, actor: Actor) -> None:
    """Write the event; the order's version is in its key, because a tag may come and go."""
    facts = {"channel": permissions.find_channel(actor).value, "tag": tag}
    add_event(order, kind, facts, key=f"tag:{order.version}:{tag}", actor=actor.get_username())
