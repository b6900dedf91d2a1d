"""Comments as the timeline shows them: the newest version, with the earlier ones behind it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.auth.models import User

from orders.decisions.comment import may_edit
from orders.events import EventKind
from orders.models import OrderEvent

COMMENTS = frozenset({EventKind.COMMENTED, EventKind.COMMENT_EDITED})


@dataclass(frozen=True)
class Piece:
    """A piece of a text; a mention is shown as one."""

    text: str
    is_mention: bool = False


@dataclass(frozen=True)
class Version:
    """What a comment said before, and until when."""

    text: str
    until: datetime


@dataclass(frozen=True)
class CommentFace:
    """A comment: its newest text in pieces, and what it said before, newest first. `number` is its event's."""

    number: int
    pieces: tuple[Piece, ...]
    earlier: tuple[Version, ...] = ()
    edited_at: datetime | None = None
    may_edit: bool = False


def gather_comments(events: Sequence[OrderEvent], reader: User | None) -> dict[int | None, CommentFace]:
    """Return the comments among events that are given newest first, by the events' numbers.

    An edit stands with its comment; where that is too old to be among the events, it stands for itself.
    """
    there = {event.pk for event in events if event.kind == EventKind.COMMENTED}
    versions: dict[int, list[OrderEvent]] = {}
    for event in reversed(events):
        if event.kind == EventKind.COMMENTED:
            versions[event.pk] = [event]
        elif event.kind == EventKind.COMMENT_EDITED:
            comment = event.data["comment"]
            versions.setdefault(comment if comment in there else event.pk, []).append(event)
    return {number: _describe(number, found, reader) for number, found in versions.items()}


def _describe(number: int, versions: list[OrderEvent], reader: User | None) -> CommentFace:
    first, last = versions[0], versions[-1]
    is_whole = first.kind == EventKind.COMMENTED
    pairs = list(pairwise(versions))
    mentioned = {name for version in versions for name in version.data.get("mentioned", ())}
    return CommentFace(
        number=number,
        pieces=_cut(last.data, mentioned),
        earlier=tuple(Version(each.data["text"], following.at) for each, following in pairs)[::-1],
        edited_at=last.at if len(versions) > 1 or not is_whole else None,
        may_edit=is_whole and reader is not None and may_edit(reader, first),
    )


def _cut(data: Mapping[str, Any], mentioned: set[str]) -> tuple[Piece, ...]:
    """Return the text with the names of people who were told of it apart from the rest."""
    text = str(data["text"])
    if not mentioned:
        return (Piece(text),)
    names = "|".join(re.escape(name) for name in sorted(mentioned, key=len, reverse=True))
    pieces = re.split(rf"((?<![\w@.+-])@(?:{names})(?![\w@]))", text, flags=re.IGNORECASE)
    return tuple(Piece(piece, is_mention=bool(place % 2)) for place, piece in enumerate(pieces) if piece)
