"""The companions that make notices and send e-mails: in the workers, beside the relay.

They are two, because a mail server may keep one waiting. The webhooks' companion gives events their places.
"""

import logging
import threading
from time import monotonic
from typing import Final

from django.conf import settings

from orders.engine.alarms import is_alarming
from orders.engine.companions import Seldom, report, run_companion
from orders.notifications import making, sending
from orders.notifications.mail_to_people import write_due

logger = logging.getLogger(__name__)

# How often is done what need not be done in each round.
SELDOM_SECONDS: Final = 30.0
LONGEST_PAUSE_SECONDS: Final = 60.0


def run_notices(stop: threading.Event, *, interval_seconds: float = 2.0) -> None:
    """Make notices until `stop` is set."""
    looking = Seldom(_look_around, SELDOM_SECONDS)
    run_companion("notices", _make_notices, stop, interval_seconds=interval_seconds, seldom=looking)


def run_mail(stop: threading.Event, *, interval_seconds: float = 2.0) -> None:
    """Send e-mails until `stop` is set."""
    tidying = Seldom(_tidy_mail, SELDOM_SECONDS)
    run_companion("mailer", _PatientPostman().send, stop, interval_seconds=interval_seconds, seldom=tidying)


def send_mail() -> int:
    """Write and send the e-mails that are due, and return how many were dealt with. Raises MailServerAway."""
    if not settings.SENDS_MAIL:
        return 0
    write_due()
    return sending.send_due()


class _PatientPostman:
    """Asks a mail server that is away, or lets nobody in, less and less often, while the workers stay ready."""

    def __init__(self) -> None:
        self._trouble = ""
        self._failures = 0
        self._again_at = 0.0

    def send(self) -> bool:
        """Send what is due, unless the server needs a pause, and tell whether there may be more.

        While the server is away, that is reported.
        """
        count = 0
        if monotonic() >= self._again_at:
            try:
                count = send_mail()
            except sending.MailServerAway as error:
                self._note(str(error))
            else:
                if self._failures:
                    logger.info("the mail server takes e-mails again")
                self._trouble, self._failures = "", 0
        if self._trouble:
            report("mail_server_away", detail=self._trouble)
        return count > 0

    def _note(self, trouble: str) -> None:
        self._trouble, self._failures = trouble, self._failures + 1
        self._again_at = monotonic() + min(2.0**self._failures, LONGEST_PAUSE_SECONDS)
        if self._failures == 1:
            logger.warning("%s; e-mails wait", trouble)
        elif is_alarming(self._failures):
            logger.error("%s; e-mails have been waiting for %d attempts", trouble, self._failures)


def _make_notices() -> bool:
    """Make the notices of what has happened; what happens while it does may wait for the next round."""
    return making.make_from_events() >= making.ROUND


def _look_around() -> None:
    making.make_from_tables()
    making.forget_old()


def _tidy_mail() -> None:
    sending.note_interrupted()
    sending.forget_old()
