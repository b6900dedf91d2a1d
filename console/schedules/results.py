"""What became of the last time that an export was due, in words."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.labels import describe_moment
from orders.labels.schedules import REFUSAL_SENTENCES
from orders.language import write_number
from orders.models import ExportSending, Mail
from orders.states import MailState


@dataclass(frozen=True)
class Result:
    """A sentence, and whether it says that something is wrong, or that more is to come."""

    words: str
    is_wrong: bool = False
    is_pending: bool = False


def describe_result(sending: ExportSending) -> Result:
    """Return what became of it; its export and its e-mail have to be at hand."""
    if sending.state == ExportSending.State.REFUSED:
        return Result(str(REFUSAL_SENTENCES.get(sending.reason, sending.get_reason_display())), is_wrong=True)
    if sending.state == ExportSending.State.MAKING:
        return Result(_("The file is being made."), is_pending=True)
    if sending.mail is None:  # it was removed a moment ago, together with what is older
        return Result(_("Handed to the mail server."))
    return _describe_mail(sending, sending.mail)


def _describe_mail(sending: ExportSending, mail: Mail) -> Result:
    match mail.state:
        case MailState.SENT:
            return Result(_describe_sent(sending, mail))
        case MailState.FAILED:
            return Result(_("Not sent: the mail server refused it (%(why)s).") % {"why": mail.detail}, is_wrong=True)
        case MailState.UNKNOWN:
            words = _("It was interrupted while it was sent, so it may not have arrived. It is not sent again.")
            return Result(words, is_wrong=True)
        case MailState.DROPPED:
            return Result(_("Not sent, because it was no longer needed."), is_wrong=True)
        case MailState.SENDING:
            return Result(_("It is being sent."), is_pending=True)
    if mail.attempts:
        facts = {"why": mail.detail, "moment": describe_moment(mail.due_at)}
        words = _("The mail server put it off (%(why)s). It is tried again at %(moment)s.") % facts
        return Result(words, is_wrong=True)
    return Result(_("The file is ready. It is sent as soon as the mail server takes it."), is_pending=True)


def _describe_sent(sending: ExportSending, mail: Mail) -> str:
    rows = sending.export.rows if sending.export is not None else None
    facts = {"address": mail.recipient}
    if rows is None:
        return _("Sent to %(address)s.") % facts
    orders = ngettext("%(count)s order", "%(count)s orders", rows) % {"count": write_number(rows)}
    if sending.is_attached:
        return _("Sent to %(address)s: %(orders)s.") % {**facts, "orders": orders}
    return _("A link was sent to %(address)s: %(orders)s.") % {**facts, "orders": orders}
