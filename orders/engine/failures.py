"""Turns every failure of the Temporal SDK into one of the domain's own errors, so that callers see nothing else.

The SDK raises more than RPCError: plain RuntimeErrors for a refused connection, ValueErrors for what a newer server
says, TypeErrors for payloads that do not fit, and, out of its core, what is no Exception at all.
"""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import CancelledError as FutureCancelledError
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.service import RPCError, RPCStatusCode

from orders.errors import CallFailed, CallRefused, OrderError, RunNotFound, TemporalAway

logger = logging.getLogger(__name__)

# The server, or the way to it: whatever is asked next will most likely fare no better.
AWAY: Final[Mapping[RPCStatusCode, Promise]] = {
    RPCStatusCode.UNAVAILABLE: gettext_lazy("The Temporal server cannot be reached: %(answer)s."),
    RPCStatusCode.UNKNOWN: gettext_lazy("The connection to the Temporal server failed: %(answer)s."),
    RPCStatusCode.CANCELLED: gettext_lazy("The call to the Temporal server was interrupted: %(answer)s."),
    RPCStatusCode.UNAUTHENTICATED: gettext_lazy("The Temporal server denied the console access: %(answer)s."),
    RPCStatusCode.PERMISSION_DENIED: gettext_lazy("The Temporal server denied the console access: %(answer)s."),
    RPCStatusCode.UNIMPLEMENTED: gettext_lazy("The Temporal server does not support the call: %(answer)s."),
}
REFUSED: Final = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.ALREADY_EXISTS})


def translate_failure(error: BaseException, order_id: str = "") -> OrderError:
    """Return the error of ours that says what `error` means for a call about `order_id`, if about an order.

    What nobody thought of is logged with its traceback.
    """
    if isinstance(error, OrderError):
        return error
    if isinstance(error, RPCError):
        return _translate_rpc(error, order_id)
    if isinstance(error, TimeoutError):
        return TemporalAway(_("The Temporal server did not answer in time."))
    if isinstance(error, asyncio.CancelledError | FutureCancelledError):
        return TemporalAway(_("The call to the Temporal server was interrupted."))
    logger.error("unexpected failure of a call to Temporal%s", f" about {order_id}" if order_id else "", exc_info=error)
    return OrderError(
        _("Temporal's answer could not be read: %(answer)s") % {"answer": f"{type(error).__name__}: {error}"}
    )


def _translate_rpc(error: RPCError, order_id: str) -> OrderError:
    """Tell what concerns the server from what concerns this one call."""
    said = {"answer": error.message.rstrip(".")}
    if error.status in AWAY:
        return TemporalAway(str(AWAY[error.status]) % said)
    if error.status == RPCStatusCode.NOT_FOUND:
        if any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details):
            return TemporalAway(_("The Temporal server does not have the console's namespace: %(answer)s.") % said)
        return RunNotFound(order_id) if order_id else OrderError(_("Temporal did not find it: %(answer)s.") % said)
    if error.status in REFUSED:
        return CallRefused(_("Temporal refused the call: %(answer)s.") % said)
    return CallFailed(error.status.name, _("Temporal did not answer: %(answer)s.") % said)
