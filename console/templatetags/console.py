"""What templates of the console need beyond Django's own: icons, the mark of a status, times in words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from console import labels
from console.comments.faces import Piece
from console.notices.bell import Bell
from orders.labels.spans import describe_span
from orders.language import write_number
from orders.postgres.clock import database_now
from orders.states import Status

register = template.Library()


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Return a drawing from the sprite; it only goes beside words and is hidden from screen readers."""
    sprite = static("icons.svg")
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>', sprite, name)


@register.inclusion_tag("notices/_bell.html", takes_context=True)
def bell(context: Context) -> dict[str, Any]:
    """Return the link to the person's notices, with how many are unread; it costs no statement."""
    user = getattr(context.get("request"), "user", None)
    return {"bell": Bell.of(user), "place": context.get("place", "")}


@register.simple_tag
def status_mark(status: str, decision: str = "") -> SafeString:
    """Return a status in words, shape and colour; an order that waits and is decided shows its `decision`."""
    return _mark(status, decision, get_language())


@cache
def _mark(status: str, decision: str, language: str | None) -> SafeString:
    """Return the mark in the words of a language; there are few statuses, and a page may show hundreds of marks."""
    tone, shape, label = labels.describe_status(Status(status), decision)
    return format_html('<span class="mark mark-{}">{} {}</span>', tone, icon(shape), label)


@register.filter
def thousands(number: int) -> str:
    """Return a number with its thousands grouped, as the sentences of the domain write it."""
    return write_number(number)


def _now(context: Context) -> datetime:
    """Return the time that the page is made at, by the database's clock."""
    now: datetime | None = context.get("now")
    return now or database_now()


@register.simple_tag(takes_context=True)
def age(context: Context, moment: datetime, words: str = "") -> SafeString:
    """Return how long ago a moment was, with the exact time behind it; the page's script lets it go on.

    `words` are written instead where the template leaves a place for them.
    """
    return _time(moment, "age", words or labels.describe_age(moment, _now(context)))


@register.simple_tag(takes_context=True)
def until(context: Context, deadline: datetime, words: str = "", over: str = "") -> SafeString:
    """Return how far away a moment is, as `age` does; `over` is what the script writes then, instead of "overdue"."""
    return _time(deadline, "until", words or labels.describe_deadline(deadline, _now(context)), over)


@register.simple_tag
def time_words() -> str:
    """Return the words of `age` and `until` for the script that lets them go on, with a # for each number or span."""
    return _time_words(get_language())


@cache
def _time_words(language: str | None) -> str:
    """Return the words in a language; they are taken from those that the server writes, so that both say the same."""
    now, span = datetime(2000, 1, 1, tzinfo=UTC), timedelta(minutes=7)
    words = (
        labels.describe_age(now, now),
        labels.describe_age(now - span, now).replace(describe_span(span), "#"),
        labels.describe_deadline(now + span, now).replace(describe_span(span), "#"),
        labels.describe_deadline(now, now),
    )
    units = (timedelta(days=7), timedelta(hours=7), span, timedelta(seconds=7))
    return "|".join((*words, *(describe_span(unit).replace("7", "#") for unit in units)))


@register.simple_tag
def exact(moment: datetime) -> SafeString:
    """Return the exact time, in UTC; the page's script shows the reader's own time zone."""
    return format_html(
        '<time datetime="{}" data-exact>{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        labels.describe_moment(moment),
    )


def _time(moment: datetime, kind: str, text: str, over: str = "") -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}" data-{}{}>{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        labels.describe_moment(moment),
        kind,
        format_html('="{}"', over) if over else "",
        text,
    )


@register.simple_tag
def comment_text(pieces: Sequence[Piece]) -> SafeString:
    """Return the text of a comment, with its mentions marked; a line break in a template would show in it."""
    marks = {True: '<b class="mention">{}</b>', False: "{}"}
    return mark_safe("".join(format_html(marks[piece.is_mention], piece.text) for piece in pieces))  # noqa: S308


@register.simple_tag
def copy_button(text: str) -> SafeString:
    """Return a button that copies an id; the page's script shows it where the browser can do that."""
    button = (
        '<button class="copy button button-quiet" type="button" data-copy="{}" hidden>{}'
        '<span class="visually-hidden">{}</span></button>'
    )
    words = _("Copy %(text)s") % {"text": text}
    return format_html(button, text, icon("copy"), words) if text else SafeString()
