"""How tests ask for pages: as a browser does, and as htmx does."""

import re
from typing import Any, Final

HTMX: Final = {"HX-Request": "true"}
LOGIN: Final = "/accounts/login/"


def leads_to_login(path: str) -> str:
    """Return where a stranger who asks for `path` is sent."""
    return f"{LOGIN}?next={path}"


def text_of(response: Any) -> str:
    """Return the text of an answer, in which a line break is a space, as it is to a browser."""
    text: str = response.content.decode()
    return re.sub(r"[ \n]+", " ", text)
