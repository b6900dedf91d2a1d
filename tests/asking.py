"""How tests ask for pages: as a browser does, and as htmx does."""

from typing import Any, Final

HTMX: Final = {"HX-Request": "true"}
LOGIN: Final = "/accounts/login/"


def leads_to_login(path: str) -> str:
    """Return where a stranger who asks for `path` is sent."""
    return f"{LOGIN}?next={path}"


def text_of(response: Any) -> str:
    """Return the text of an answer."""
    text: str = response.content.decode()
    return text
