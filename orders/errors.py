"""The errors of the domain, each with a sentence that a clerk can read, in the language of whoever it is raised for."""

from collections.abc import Mapping
from datetime import datetime

from orders.language import gettext as _
from orders.language import write_moment, write_number
from orders.texts import clean_line


class OrderError(Exception):
    """Something about an order was refused or failed; `str(error)` is a sentence for people.

    It may quote other programs, so it is cleaned here and can go to pages, columns and logs unchanged. `cause` is the
    Cause that is stored when an order is cancelled because of it, so that no sentence has to be.
    """

    def __init__(self, sentence: str = "", *, cause: str = "") -> None:
        super().__init__(clean_line(sentence))
        self.cause = cause


class OrderNotFound(OrderError):
    """There is no order with this order_id."""

    def __init__(self, order_id: str) -> None:
        super().__init__(_("There is no order %(order_id)s.") % {"order_id": order_id})


class BatchNotFound(OrderNotFound):
    """There is no batch with this batch_id."""

    def __init__(self, batch_id: str) -> None:
        OrderError.__init__(self, _("There is no batch %(batch_id)s.") % {"batch_id": batch_id})


class BatchEnded(OrderError):
    """The batch is stopped or done, so that nothing about it changes any more."""

    def __init__(self) -> None:
        super().__init__(_("This batch has ended."))


class ImportNotFound(OrderNotFound):
    """There is no import with this import_id."""

    def __init__(self, import_id: str) -> None:
        OrderError.__init__(self, _("There is no import %(import_id)s.") % {"import_id": import_id})


class ImportMoved(OrderError):
    """The import is no longer where it would have to be for this, such as one that has ended."""

    def __init__(self) -> None:
        super().__init__(_("This import has moved on. Look at where it is now."))


class ExportNotFound(OrderError):
    """The person has no export with this export_id."""

    def __init__(self, export_id: str) -> None:
        super().__init__(_("There is no file %(export_id)s of yours.") % {"export_id": export_id})


class ScheduleNotFound(OrderError):
    """The person has no scheduled export with this schedule_id."""

    def __init__(self, schedule_id: str) -> None:
        super().__init__(_("There is no scheduled export %(schedule_id)s of yours.") % {"schedule_id": schedule_id})


class ScheduleHeld(OrderError):
    """The scheduled export cannot be sent or resumed just now."""


class ViewNotFound(OrderError):
    """The person has no saved view with this view_id."""

    def __init__(self, view_id: str) -> None:
        super().__init__(_("There is no saved view %(view_id)s of yours.") % {"view_id": view_id})


class ViewInvalid(OrderError):
    """A list cannot be saved under this name, or at all."""


class FileRefused(OrderError):
    """A file of orders cannot be read, or not in the way that was chosen."""


class TooManyRows(OrderError):
    """A list is too long for a workbook."""

    def __init__(self, most: int) -> None:
        sentence = _(
            "An Excel file can have at most %(most)s orders, and this list has more. Narrow it by a filter, or "
            "download CSV, which has no limit."
        )
        super().__init__(sentence % {"most": write_number(most)})


class CommentNotFound(OrderNotFound):
    """The order has no such comment."""

    def __init__(self) -> None:
        OrderError.__init__(self, _("The order has no such comment."))


class OrderExists(OrderError):
    """A new order was given an order_id that already exists."""

    def __init__(self, order_id: str) -> None:
        super().__init__(_("Order %(order_id)s already exists.") % {"order_id": order_id})


class NumberUsed(OrderError):
    """The shop has used this number for another order, whose id is `order_id`."""

    def __init__(self, number: str, order_id: str) -> None:
        sentence = _("The shop has used the number %(number)s for order %(order_id)s. Nothing was submitted.")
        super().__init__(sentence % {"number": number, "order_id": order_id})
        self.order_id = order_id


class KeyReused(OrderError):
    """An idempotency key was reused for a different order.

    `order_id` names the order that was made; it is empty for people who may not see it.
    """

    def __init__(self, order_id: str) -> None:
        sentence = _(
            "This idempotency key has already been used by someone else. Nothing was submitted. "
            "Use a new key for each order."
        )
        if order_id:
            sentence = _(
                "This idempotency key has already made %(order_id)s, which is a different order. "
                "Nothing was submitted. Use a new key for each order."
            ) % {"order_id": order_id}
        super().__init__(sentence)
        self.order_id = order_id


class OrderInvalid(OrderError):
    """The order is invalid; trying again does not help. `fields` has a sentence for each field that is wrong."""

    def __init__(self, sentence: str = "", *, cause: str = "", fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence, cause=cause)
        self.fields = dict(fields or {})


class IllegalTransition(OrderError):
    """The transition is not legal from the order's current status."""


class OrderClosed(IllegalTransition):
    """The order is final, so nothing more may be done to it."""

    def __init__(self, status: str) -> None:
        super().__init__(_("The order is %(status)s and can no longer be changed.") % {"status": status})


class NotAllowed(OrderError):
    """The person may not do this at all."""


class OwnOrder(NotAllowed):
    """Nobody approves an order that they submitted themselves."""

    def __init__(self) -> None:
        super().__init__(_("You submitted this order, so someone else has to approve it."))


class ReasonMissing(OrderError):
    """Someone approves their own order without giving a reason."""

    def __init__(self) -> None:
        super().__init__(_("You submitted this order. To approve it yourself, give a reason."))


class KeyRefused(OrderError):
    """A call to the API brought no key, or none that is valid."""


class TooManyCalls(OrderError):
    """An API key was used more often than its limit allows; `retry_seconds` says when it may be used again."""

    def __init__(self, limit: int, retry_seconds: float, *, key_name: str = "") -> None:
        super().__init__(_("This API key allows %(limit)s calls a minute.") % {"limit": write_number(limit)})
        self.key_name = key_name
        self.retry_seconds = retry_seconds


class DecisionRefused(OrderError):
    """The order has been decided, or has moved on, so the decision has no effect."""


class AddressKept(OrderError):
    """The address of an order stays as it is: the package is prepared, or somebody else was faster."""


class LabelMissing(OrderError):
    """No carrier has booked a parcel of the order, or the one that has makes no labels."""


class AlreadyDecided(DecisionRefused):
    """The same decision was taken before."""


class TooLate(DecisionRefused):
    """The decision came after the order had moved on."""


class PolicyInvalid(OrderError):
    """A rule or a limit cannot be meant as it is."""


class ApprovalRefused(DecisionRefused):
    """The policy has somebody else approve the order: above the person's limit, or not at their level."""


class PaymentDeclined(OrderError):
    """The gateway declined the charge; trying again does not help. `code` is its own for why, where it gives one."""

    def __init__(self, sentence: str, *, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code


class RefundRefused(OrderError):
    """The order's payment, as it stands, cannot be refunded so."""


class PaymentUndecided(OrderError):
    """The gateway does not know yet, or waits for the customer; it is asked again later."""


class ShippingRefused(OrderError):
    """The warehouse or the carrier refused the parcel for good."""


class OutsideWorldFailed(OrderError):
    """A call to the gateway, warehouse or carrier failed, and whether it took effect is unknown."""


class EventRefused(OrderError):
    """What was sent as a gateway's event is not one, or not from the gateway."""


class GatewayMissing(OutsideWorldFailed):
    """The payment's gateway is not configured here; no call was made and no money moved."""

    def __init__(self, name: str) -> None:
        sentence = _("The payment uses the gateway %(gateway)s, which is not configured here.")
        super().__init__(sentence % {"gateway": clean_line(name) or "?"})


class TemporalAway(OrderError):
    """The Temporal server, or a worker behind it, did not answer in time."""


class CallFailed(TemporalAway):
    """One call to Temporal failed while others may succeed: its workflow is slow, busy or broken.

    `code` is the gRPC status code's name, such as DEADLINE_EXCEEDED. Callers continue with the next call.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class CallRefused(OrderError):
    """Temporal refused the call and would refuse it again."""


class RunNotFound(OrderError):
    """Temporal knows no open run for the order."""

    def __init__(self, order_id: str) -> None:
        super().__init__(_("Temporal has no open run for %(order_id)s.") % {"order_id": order_id})


class StepNotPending(OrderError):
    """The step is not being retried: it has succeeded by now, was given up, or never began."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence or _("The step is no longer being retried, so there was nothing to change."))


class RunPaused(OrderError):
    """The order's run is paused in Temporal: it accepts signals but does nothing until it is resumed."""

    def __init__(self, order_id: str, since: datetime | None = None) -> None:
        sentence = _("The workflow of %(order_id)s has been paused in Temporal.")
        if since:
            sentence = _("The workflow of %(order_id)s has been paused in Temporal since %(since)s.")
        super().__init__(sentence % {"order_id": order_id, "since": since and write_moment(since, is_padded=True)})
        self.since = since
