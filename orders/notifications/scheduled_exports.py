"""E-mails with a scheduled export: the file, or a link to it, to its owner and nobody else."""

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import ngettext

from orders import permissions
from orders.errors import ExportNotFound
from orders.language import write_number
from orders.models import ExportSending, ListExport, Mail
from orders.models.list_export import KEPT_FOR_MAIL
from orders.notifications.content import Attachment, Content, link_to
from orders.zones import find_zone

Reason = ExportSending.Reason


def find_sending(mail: Mail) -> ExportSending | None:
    """Return the scheduled export that the e-mail is for, None for another e-mail."""
    sendings = ExportSending.objects.select_related("schedule__account", "export")
    return sendings.filter(mail=mail).first()


def compose_for_schedule(sending: ExportSending) -> Content | None:
    """Return what the e-mail says; None where its owner is to get nothing by now, and then the schedule says why."""
    export = sending.export
    reason = _find_refusal(sending)
    if not reason and export is not None:
        try:
            attachment = _attach(export) if sending.is_attached else None
        except ExportNotFound:
            reason = Reason.FILE_GONE
        else:
            return _compose(sending, export, attachment)
    ExportSending.objects.filter(pk=sending.pk).update(
        state=ExportSending.State.REFUSED, reason=reason or Reason.FILE_GONE
    )
    return None


def _find_refusal(sending: ExportSending) -> str:
    """Return why nothing is sent, as the account and its rights are now; empty where it may be sent."""
    owner = sending.schedule.account
    if not permissions.may_view(owner):
        return Reason.NOT_ALLOWED
    if not owner.email:
        return Reason.NO_ADDRESS
    if sending.schedule.is_paused and not sending.is_asked_for:
        return Reason.PAUSED
    return ""


def _attach(export: ListExport) -> Attachment:
    return Attachment(export.file_name, b"".join(export.read()), export.content_type)


def _compose(sending: ExportSending, export: ListExport, attachment: Attachment | None) -> Content:
    schedule = sending.schedule
    count = ngettext("%(count)s order", "%(count)s orders", export.rows) % {"count": write_number(export.rows)}
    subject = f"{schedule.name}: {count}"
    context = {
        "subject": subject,
        "username": schedule.account.get_username(),
        "name": schedule.name,
        "count": count,
        "file_name": export.file_name,
        "is_attached": attachment is not None,
        "file_url": link_to("export-file", export.export_id),
        "days": KEPT_FOR_MAIL.days,
        "schedules_url": link_to("schedule-list"),
    }
    with timezone.override(find_zone(schedule.time_zone)):
        context["made_at"] = f"{timezone.localtime(export.created_at):%Y-%m-%d %H:%M} {schedule.time_zone}"
        text = render_to_string("schedules/mail/export.txt", context)
        html = render_to_string("schedules/mail/export.html", context)
    return Content(schedule.account.email, subject, text, html, attachment=attachment)
