"""What a page tells the server of what it shows, so that a poll without news brings nothing."""

import hashlib
from typing import Final

LENGTH: Final = 16


def fingerprint(shown: object) -> str:
    """Return a short text that changes whenever the `repr` of what a page shows does."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:LENGTH]
