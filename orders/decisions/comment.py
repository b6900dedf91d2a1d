"""Comments on an order: written at any time, also on one that is final; they decide nothing.

A comment is an event of the order's history, and so is each later version of it: nothing that was written is lost.
"""

import re
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from orders import permissions
from orders.errors import CommentNotFound, NotAllowed, OrderInvalid
from orders.events import EventKind, Fact
from orders.language import write_number
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.models import Order, OrderEvent
from orders.permissions import Actor
from orders.texts import LONGEST_NAME, LONGEST_TEXT, clean_line, clean_text

LONGEST_KEY: Final = 50
# More people are not told of one comment.
MOST_MENTIONS: Final = 20
# What may stand in a name; an e-mail address is no mention, and a full stop may end the sentence.
_MENTION: Final = re.compile(r"(?<![\w@.+-])@([A-Za-z0-9][A-Za-z0-9@.+_-]*)")
_AT_THE_END: Final = "@.+-_"


def add_comment(order: Order, *, actor: Actor, text: str, key: str = "") -> OrderEvent:
    """Write a comment into the order's history; the same `key` writes once. Raises NotAllowed, OrderInvalid."""
    permissions.check_may_comment(actor)
    facts = _read(actor, text)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        return _write(locked, EventKind.COMMENTED, facts, key=f"comment:{_check_key(key)}", actor=actor)


def edit_comment(order: Order, number: int, *, actor: Actor, text: str, key: str = "") -> OrderEvent:
    """Write another version of an own comment, `number` being its event's; the same text changes nothing.

    Raises NotAllowed, CommentNotFound, OrderInvalid.
    """
    permissions.check_may_comment(actor)
    facts = _read(actor, text)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        versions = list_versions(locked, number)
        check_may_edit(actor, versions[0])
        if facts["text"] == versions[-1].data["text"]:
            return versions[-1]
        told: set[int] = {pk for version in versions for pk in version.data.get("mentions", ())}
        facts |= {"comment": number, "mentions": [pk for pk in _numbers(facts) if pk not in told]}
        key = f"comment-edit:{number}:{_check_key(key)}"
        return _write(locked, EventKind.COMMENT_EDITED, facts, key=key, actor=actor)


def list_versions(order: Order, number: int) -> list[OrderEvent]:
    """Return a comment and what it was changed to, oldest first. Raises CommentNotFound."""
    found = list(order.events.filter(pk=number, kind=EventKind.COMMENTED))
    if not found:
        raise CommentNotFound
    edits = order.events.filter(kind=EventKind.COMMENT_EDITED, data__comment=number)
    return [*found, *edits.order_by("id")]


def may_edit(actor: Actor, comment: OrderEvent) -> bool:
    """Tell whether the comment is somebody's own; one of a program is nobody's."""
    is_own = actor.pk is not None and comment.data.get("account_id") == actor.pk
    return is_own and permissions.may_comment(actor) and comment.data["channel"] == permissions.find_channel(actor)


def check_may_edit(actor: Actor, comment: OrderEvent) -> None:
    """Raise NotAllowed unless the comment is somebody's own."""
    if not may_edit(actor, comment):
        raise NotAllowed(_("Only whoever wrote a comment may edit it."))


def find_mentioned(text: str) -> Sequence[User]:
    """Return the people whom a text mentions as @name, in their order; of an unknown name nobody."""
    names = dict.fromkeys(name for found in _MENTION.findall(text) for name in (found, found.rstrip(_AT_THE_END)))
    folded = [name.casefold() for name in names][: 2 * MOST_MENTIONS]
    if not folded:
        return ()
    people = User.objects.annotate(folded=Lower("username")).filter(folded__in=folded, is_active=True)
    known = sorted(people, key=lambda person: folded.index(person.get_username().casefold()))
    return [person for person in known if permissions.may_view(person)][:MOST_MENTIONS]


def _read(actor: Actor, text: str) -> dict[str, Fact]:
    """Return the facts of a comment. Raises OrderInvalid for none, or one that is too long: it is never cut."""
    clean = clean_text(text, limit=None)
    sentence = ""
    if not clean:
        sentence = _("Enter a comment.")
    elif len(clean) > LONGEST_TEXT:
        sentence = _("A comment can have at most %(most)s characters; this has %(count)s.") % {
            "most": write_number(LONGEST_TEXT),
            "count": write_number(len(clean)),
        }
    if sentence:
        raise OrderInvalid(sentence, fields={"text": sentence})
    facts: dict[str, Fact] = {"channel": permissions.find_channel(actor).value, "text": clean}
    if actor.pk is not None:
        facts["account_id"] = actor.pk
    people = find_mentioned(clean)
    if people:
        facts |= {"mentions": [person.pk for person in people], "mentioned": [str(person) for person in people]}
    return facts


def _numbers(facts: dict[str, Fact]) -> list[int]:
    found = facts.get("mentions")
    return [pk for pk in found if isinstance(pk, int)] if isinstance(found, list) else []


def _write(order: Order, kind: EventKind, facts: dict[str, Fact], *, key: str, actor: Actor) -> OrderEvent:
    """Write the event of a locked order once, and return it. Raises OrderInvalid when the key wrote another text."""
    name = actor.get_username()
    add_event(order, kind, facts, key=key, actor=name)
    written: OrderEvent = order.events.get(key=key)
    if (written.data["text"], written.actor) != (facts["text"], clean_line(name, LONGEST_NAME)):
        sentence = _("This form has already added another comment. Send it again to add this one.")
        raise OrderInvalid(sentence, fields={"text": sentence})
    return written


def _check_key(key: str) -> str:
    if len(key) > LONGEST_KEY or clean_line(key) != key:
        raise OrderInvalid(_("The key of a comment is a short line of text."))
    return key or str(uuid4())
