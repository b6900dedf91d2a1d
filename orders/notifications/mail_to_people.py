"""E-mails to people: all notices that are due for somebody in one e-mail."""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from orders import permissions
from orders.models import Mail, Notice
from orders.notifications.content import Content, link_to
from orders.notifications.unread import list_notices
from orders.notifications.words import NoticeWords

# People in a round, and notices in an e-mail; what is more comes with the next.
ROUND: Final = 100
MOST_NOTICES: Final = 200


@dataclass(frozen=True)
class Line:
    """One notice of an e-mail, with where it leads."""

    words: NoticeWords
    url: str


def write_due() -> int:
    """Write an e-mail for everybody for whom notices are due, and return how many."""
    due = Notice.objects.filter(mail_due_at__lte=Now())
    account_ids = list(due.order_by("account_id").values_list("account_id", flat=True).distinct()[:ROUND])
    return sum(_write(account_id) for account_id in account_ids)


@transaction.atomic
def _write(account_id: int) -> bool:
    """Put what is due for an account into one e-mail; False where another process does so."""
    due = Notice.objects.filter(account_id=account_id, mail_due_at__lte=Now()).order_by("id")
    pks = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:MOST_NOTICES])
    if not pks:
        return False
    mail = Mail.objects.create(account_id=account_id)
    Notice.objects.filter(pk__in=pks).update(mail=mail, mail_due_at=None)
    return True


def compose_for_person(mail: Mail) -> Content | None:
    """Return what the e-mail says: those of its notices that are still unread; None where none is."""
    account = mail.account
    if account is None or not account.is_active or not account.email:
        return None
    may_view = permissions.may_view(account)
    notices = list_notices(account.pk, is_unread=True).filter(mail=mail).order_by("id")
    lines = [Line(NoticeWords.of(notice, may_view=may_view), link_to("notice-open", notice.pk)) for notice in notices]
    if not lines:
        return None
    first = lines[0].words
    subject = " ".join(filter(None, [first.title, first.order_id]))
    if len(lines) > 1:
        words = ngettext(
            "%(count)s notice from the order console", "%(count)s notices from the order console", len(lines)
        )
        subject = words % {"count": len(lines)}
    context = {"lines": lines, "username": account.get_username(), "choices_url": link_to("notice-choices")}
    return Content(
        recipient=account.email,
        subject=subject,
        text=render_to_string("notices/mail/notices.txt", context),
        html=render_to_string("notices/mail/notices.html", context | {"subject": subject}),
    )
