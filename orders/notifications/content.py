"""What an e-mail says, before it is sent."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse


@dataclass(frozen=True)
class Attachment:
    """A file in an e-mail."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Content:
    """An e-mail to one address: as plain text, and the same as HTML."""

    recipient: str
    subject: str
    text: str
    html: str
    language: str = "en"
    attachment: Attachment | None = None


def link_to(name: str, *arguments: object) -> str:
    """Return the address of a page of the console for somebody who reads an e-mail."""
    return f"{settings.CONSOLE_URL}{reverse(name, args=arguments)}"
