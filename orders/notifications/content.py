"""What an e-mail says, before it is sent."""

from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language


@dataclass(frozen=True)
class Attachment:
    """A file in an e-mail."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Content:
    """An e-mail to one address: as plain text, and the same as HTML; its language is the one in which it was made."""

    recipient: str
    subject: str
    text: str
    html: str
    language: str = field(default_factory=get_language)
    attachment: Attachment | None = None


def link_to(name: str, *arguments: object) -> str:
    """Return the address of a page of the console for somebody who reads an e-mail."""
    return f"{settings.CONSOLE_URL}{reverse(name, args=arguments)}"


def find_language(account: User | None) -> str:
    """Return the language in which to write to somebody, which the console knows."""
    language: str = import_string(settings.LANGUAGE_OF_ACCOUNT)(account) if account else settings.LANGUAGE_CODE
    return language
