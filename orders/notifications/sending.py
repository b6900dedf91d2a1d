"""Sends e-mails, each at most once.

An e-mail is claimed, and that is committed, before it is handed to the mail server. Whoever dies in between has perhaps
sent it, and nobody can tell: so it is not sent again, but marked as UNKNOWN after a while and told to the log. What the
server itself refuses was not sent: for a while it is tried again. While the server cannot be reached, nothing is
claimed at all.
"""

import logging
import smtplib
from datetime import timedelta
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation

from orders.engine.companions import beat
from orders.errors import OrderError
from orders.models import Mail
from orders.notifications.content import Attachment, Content, find_language
from orders.notifications.customers import compose_for_customer
from orders.notifications.mail_to_people import compose_for_person
from orders.notifications.scheduled_exports import compose_for_schedule, find_sending
from orders.postgres.clock import database_now
from orders.states import MailState
from orders.texts import clean_line

logger = logging.getLogger(__name__)

# In a round, over one connection.
MOST_OF_A_ROUND: Final = 50
# A server that puts an e-mail off is asked again after these times; then it counts as refused.
BACK_OFF: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 720))
# An e-mail takes seconds; whoever claimed it this long ago is gone.
INTERRUPTED_AFTER: Final = timedelta(minutes=10)
KEPT_LINES: Final = 500
TEMPORARY: Final = range(400, 500)


class MailServerAway(OrderError):
    """The mail server cannot be reached, or lets nobody in."""


def send_due() -> int:
    """Send what is due, and return how many e-mails were dealt with. Raises MailServerAway, when none was claimed."""
    due = Mail.objects.filter(state=MailState.PENDING, due_at__lte=Now())
    if not settings.SENDS_MAIL or not due.exists():
        return 0
    connection: Any = get_connection()
    _open(connection)
    try:
        for count in range(MOST_OF_A_ROUND):
            mail = _claim()
            if mail is None:
                return count
            beat()
            _send(mail, connection)
        return MOST_OF_A_ROUND
    finally:
        _close(connection)


def note_interrupted() -> int:
    """Mark e-mails of which nobody can tell whether they were sent, and return how many."""
    lost = Mail.objects.filter(state=MailState.SENDING, claimed_at__lt=Now() - INTERRUPTED_AFTER)
    pks = list(lost.values_list("pk", flat=True)[:1000])
    for pk in pks:
        logger.error("mail %s: it was being sent when that was interrupted, and is not sent again", pk)
    return lost.filter(pk__in=pks).update(state=MailState.UNKNOWN, detail="Interrupted while it was being sent.")


def forget_old() -> int:
    """Remove e-mails to people whose time is over; what customers were told stays, so that it is never told again."""
    old = Mail.objects.filter(order__isnull=True, created_at__lt=Now() - timedelta(seconds=settings.NOTICE_LIFETIME))
    pks = list(old.exclude(state=MailState.SENDING).order_by("created_at").values_list("pk", flat=True)[:1000])
    return Mail.objects.filter(pk__in=pks).delete()[0] if pks else 0


def compose(mail: Mail) -> Content | None:
    """Return what the e-mail says, or None where nobody needs it any more."""
    if mail.order_id is not None:
        return compose_for_customer(mail)
    sending = find_sending(mail)
    account = sending.schedule.account if sending is not None else mail.account
    with translation.override(find_language(account)):
        return compose_for_schedule(sending) if sending is not None else compose_for_person(mail)


def _open(connection: Any) -> None:
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise MailServerAway(f"The mail server cannot be used ({type(error).__name__}: {error}).") from error


def _close(connection: Any) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):  # it was done with us anyway
        logger.debug("the mail server did not say goodbye", exc_info=True)


@transaction.atomic
def _claim() -> Mail | None:
    """Return the e-mail that is due longest, which from now on is nobody else's to send."""
    due = Mail.objects.filter(state=MailState.PENDING, due_at__lte=Now()).order_by("due_at")
    mail: Mail | None = due.select_for_update(skip_locked=True).first()
    if mail is not None:
        Mail.objects.filter(pk=mail.pk).update(state=MailState.SENDING, claimed_at=Now())
    return mail


def _send(mail: Mail, connection: Any) -> None:
    """Send one claimed e-mail, and write down what came of it."""
    content = compose(mail)
    if content is None:
        _note(mail, MailState.DROPPED)
        return
    mail.recipient, mail.subject = content.recipient, clean_line(content.subject, 250)
    try:
        connection.send_messages([_build(mail, content, connection)])
    except ValueError as error:  # an address or a header that no e-mail may have
        _note(mail, MailState.FAILED, f"{type(error).__name__}: {error}")
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        _note_refusal(mail, error)
        _open_again(connection)
    except (OSError, smtplib.SMTPException) as error:
        logger.exception("mail %s: nobody knows whether it was sent", mail.pk)
        _note(mail, MailState.UNKNOWN, f"{type(error).__name__}: {error}")
        _open_again(connection)
    else:
        _note(mail, MailState.SENT)


def _build(mail: Mail, content: Content, connection: Any) -> EmailMultiAlternatives:
    sender = settings.DEFAULT_FROM_EMAIL
    host = sender.rpartition("@")[2].rstrip("> ") or "localhost"
    message = EmailMultiAlternatives(
        subject=" ".join(content.subject.split()),
        body=content.text,
        to=[content.recipient],
        connection=connection,
        headers={
            "Message-ID": f"<order-console-mail-{mail.pk}@{host}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": content.language,
        },
    )
    message.attach_alternative(content.html, "text/html")
    if content.attachment is not None:
        message.attach(_build_attachment(content.attachment))
    return message


def _build_attachment(attachment: Attachment) -> MIMEBase:
    """Return the file for an e-mail, byte for byte as it is; Django would take a text apart."""
    part = MIMEBase("application", "octet-stream")
    part.replace_header("Content-Type", attachment.content_type)
    part.add_header("Content-Disposition", "attachment", filename=attachment.name)
    part.set_payload(attachment.content)
    encode_base64(part)
    return part


def _note_refusal(mail: Mail, error: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> None:
    """Write down that the server refused it; it is tried again where that is said to help."""
    code: int
    said: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
        code, said = answers[0] if answers else (500, b"")
    else:
        code, said = error.smtp_code, error.smtp_error
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    detail = f"{code} {words}"
    if code in TEMPORARY and mail.attempts < len(BACK_OFF):
        Mail.objects.filter(pk=mail.pk).update(
            state=MailState.PENDING,
            claimed_at=None,
            attempts=mail.attempts + 1,
            due_at=database_now() + BACK_OFF[mail.attempts],
            detail=clean_line(detail, KEPT_LINES),
        )
        return
    _note(mail, MailState.FAILED, detail)


def _note(mail: Mail, state: MailState, detail: str = "") -> None:
    Mail.objects.filter(pk=mail.pk).update(
        state=state, recipient=mail.recipient, subject=mail.subject, detail=clean_line(detail, KEPT_LINES)
    )


def _open_again(connection: Any) -> None:
    """Connect again to a server whose connection may be in the middle of something. Raises MailServerAway."""
    _close(connection)
    _open(connection)
