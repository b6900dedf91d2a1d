"""Tags on orders, added and removed by those who decide. To add one that is there already changes nothing."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from orders import permissions
from orders.errors import OrderInvalid
from orders.events import EventKind
from orders.language import write_number
from orders.lifecycle.history import Event, prepare_events, send_writings, write_events
from orders.lifecycle.lookup import Question, lock_order, lock_orders_and_ask
from orders.models import Order, OrderTag
from orders.models.tag import LONGEST_TAG, TAG_PATTERN
from orders.permissions import Actor
from orders.postgres.parts import Part, insert
from orders.texts import clean_line

MOST_TAGS: Final = 20
# Somebody waits for the answer, about a millisecond for each.
MOST_ORDERS: Final = 5_000
# The orders of one transaction, which holds their rows for some 0.1 s.
CHUNK: Final = 100
TAGS_OF: Final = Question("ARRAY(SELECT name FROM orders_ordertag AS tag WHERE tag.order_id = orders_order.id)")
REMOVE: Final = "DELETE FROM orders_ordertag WHERE order_id = %s AND name = %s"
_SPACES: Final = re.compile(r"[\s_]+")


def read_tag(text: str) -> str:
    """Return a tag as it is kept: small letters, hyphens for spaces, no number sign in front. Raises OrderInvalid."""
    typed = unicodedata.normalize("NFKC", clean_line(text, limit=None)).lstrip("#").strip().casefold()
    tag = _SPACES.sub("-", typed).strip("-")
    sentence = ""
    if not tag:
        sentence = _("Enter a tag.")
    elif len(tag) > LONGEST_TAG:
        facts = {"most": LONGEST_TAG, "count": len(tag)}
        sentence = _("A tag can have at most %(most)s characters; this has %(count)s.") % facts
    elif not re.fullmatch(TAG_PATTERN, tag):
        sentence = _("Use letters, digits and hyphens in a tag, such as gift-wrap.")
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
            sentence = _("An order can have at most %(most)s tags. Remove one first.") % {"most": MOST_TAGS}
            raise OrderInvalid(sentence, fields={"tag": sentence})
        OrderTag.objects.create(order=locked, name=tag, added_by=actor.get_username())
        write_events(locked, [_event(locked, EventKind.TAGGED, tag, actor)])
    return tag


def remove_tag(order: Order, *, actor: Actor, text: str) -> str:
    """Remove a tag from an order and return it. Raises NotAllowed, OrderInvalid for what is no tag."""
    permissions.check_may_tag(actor)
    tag = read_tag(text)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        removed, _rows = OrderTag.objects.filter(order=locked, name=tag).delete()
        if removed:
            write_events(locked, [_event(locked, EventKind.UNTAGGED, tag, actor)])
    return tag


@dataclass(frozen=True)
class Tagged:
    """What came of one tag for `total` orders: how many changed, and the ids of those that have no room for it."""

    tag: str
    total: int
    changed: int
    full: tuple[str, ...] = ()


def tag_orders(pks: Sequence[int], *, actor: Actor, text: str) -> Tagged:
    """Add a tag to orders, as `add_tag` does to one; those that have too many tags stay as they are.

    Each chunk of them is a transaction, so that nobody waits long for one of the orders. After a failure the same can
    be asked for again. Raises NotAllowed, OrderInvalid for what is no tag, or for too many orders.
    """
    return _change_several(pks, EventKind.TAGGED, actor, text)


def untag_orders(pks: Sequence[int], *, actor: Actor, text: str) -> Tagged:
    """Remove a tag from orders, as `remove_tag` does from one, and otherwise as `tag_orders`."""
    return _change_several(pks, EventKind.UNTAGGED, actor, text)


def _change_several(pks: Sequence[int], kind: EventKind, actor: Actor, text: str) -> Tagged:
    permissions.check_may_tag(actor)
    tag = read_tag(text)
    if len(pks) > MOST_ORDERS:
        raise OrderInvalid(_("Select at most %(most)s orders at a time.") % {"most": write_number(MOST_ORDERS)})
    adds, ordered, changed, full = kind == EventKind.TAGGED, sorted(pks), 0, []
    for start in range(0, len(ordered), CHUNK):
        with transaction.atomic():
            writings = []
            for order, (known,) in lock_orders_and_ask(ordered[start : start + CHUNK], TAGS_OF):
                if (tag in known) == adds:
                    continue
                if adds and len(known) >= MOST_TAGS:
                    full.append(order.order_id)
                    continue
                row = OrderTag(order=order, name=tag, added_by=actor.get_username())
                part = insert(row) if adds else Part(REMOVE, (order.pk, tag))
                writings.append(prepare_events(order, [_event(order, kind, tag, actor)], parts=[part]))
            changed += send_writings(writings)
    return Tagged(tag, len(pks), changed, tuple(full))


def _event(order: Order, kind: EventKind, tag: str, actor: Actor) -> Event:
    """Return the event; the order's version is in its key, because a tag may come and go."""
    facts = {"channel": permissions.find_channel(actor).value, "tag": tag}
    return Event(kind, f"tag:{order.version}:{tag}", facts, actor.get_username())
