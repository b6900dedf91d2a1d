"""What an e-mail says, before it is sent."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Content:
    """An e-mail to one address: as plain text, and the same as HTML."""

    recipient: str
    subject: str
    text: str
    html: str
    language: str = "en"
