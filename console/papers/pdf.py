"""Asks for PDFs, a few at a time, and says why there is none."""

import logging
import subprocess
import sys
import threading
from typing import Final

from django.conf import settings
from django.utils.translation import gettext

from console.papers.press import UNAVAILABLE
from orders.errors import OrderError

logger = logging.getLogger(__name__)
# Each takes a processor for some seconds.
MOST_AT_ONCE: Final = 2
MOST_SECONDS: Final = 25.0
PROGRAM: Final = (sys.executable, "-m", "console.papers.press")
_places = threading.BoundedSemaphore(MOST_AT_ONCE)


class NoPdf(OrderError):
    """No PDF can be made, at least not now."""


def make_pdf(html: str) -> bytes:
    """Return the PDF of a page of HTML. Raises NoPdf."""
    if not _places.acquire(blocking=False):
        raise NoPdf(gettext("Other PDFs are being made at the moment. Try again in a few seconds."))
    try:
        made = subprocess.run(
            [*PROGRAM, str(settings.BASE_DIR / "static" / "paper.css")],
            cwd=settings.BASE_DIR,
            input=html.encode(),
            capture_output=True,
            timeout=MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoPdf(gettext("Making the PDF took too long. Choose fewer orders.")) from error
    finally:
        _places.release()
    if made.returncode == UNAVAILABLE:
        raise NoPdf(gettext("PDFs cannot be made on this server. Whoever runs the console can install what they need."))
    if made.returncode or not made.stdout.startswith(b"%PDF"):
        logger.error("no PDF was made, exit code %d: %s", made.returncode, made.stderr.decode(errors="replace")[-2000:])
        raise NoPdf(gettext("The PDF could not be made. Tell the team that runs the console."))
    return made.stdout
