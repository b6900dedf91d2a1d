"""/system/mail/: the e-mails that the local stack writes into a folder instead of sending them."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.access import ConsoleRequest, needs, render_page
from orders.errors import NotAllowed
from orders.permissions import Actor

MOST_SHOWN: Final = 50
# As Django's backend writes it after each e-mail of a file.
BETWEEN: Final = b"\n" + b"-" * 79 + b"\n"


def check_may_read_mail(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may read what others are sent."""
    if not actor.is_superuser:
        raise NotAllowed(_("Only administrators may read the e-mails of others."))


@dataclass(frozen=True)
class Letter:
    """One e-mail, as it was written."""

    recipient: str
    subject: str
    date: str
    text: str

    @classmethod
    def of(cls, message: EmailMessage) -> "Letter":
        body = message.get_body(("plain",))
        text = str(body.get_content()) if body is not None else ""
        return cls(str(message["To"] or ""), str(message["Subject"] or ""), str(message["Date"] or ""), text)


@require_safe
@needs(check_may_read_mail)
def show_mail(request: ConsoleRequest) -> HttpResponse:
    """Show the latest e-mails of the folder; where they are sent for good, there is no such page."""
    if not settings.EMAIL_FILE_PATH:
        raise Http404
    letters = list(islice(_read(Path(settings.EMAIL_FILE_PATH)), MOST_SHOWN))
    return render_page(request, "system/mail.html", {"letters": letters, "folder": settings.EMAIL_FILE_PATH})


def _read(folder: Path) -> Iterator[Letter]:
    """Yield the e-mails of a folder, the newest first. The names of the files begin with their time."""
    for path in sorted(folder.glob("*.log"), reverse=True):
        for source in reversed(path.read_bytes().split(BETWEEN)):
            if source.strip():
                message = email.message_from_bytes(source, policy=email.policy.default)
                yield Letter.of(message)
