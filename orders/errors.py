"""What can go wrong with an order, each with a sentence that a clerk can read."""

from datetime import datetime

from orders.texts import clean_line


class OrderError(Exception):
    """Something about an order was refused or failed; `str(error)` is a sentence for people.

    It may repeat what other programs said, so it is clean: it goes to pages, columns and logs as it is. `cause` is the
    Cause that is written where an order is cancelled for this, so that no sentence has to be stored.
    """

    def __init__(self, sentence: str = "", *, cause: str = "") -> None:
        super().__init__(clean_line(sentence))
        self.cause = cause


class OrderNotFound(OrderError):
    """There is no order with this order_id."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"There is no order {order_id}.")


class OrderExists(OrderError):
    """A new order was given an order_id that is taken."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"There is an order {order_id} already.")


class KeyReused(OrderError):
    """An idempotency key that made an order came again and asks for another one.

    `order_id` names the order that was made; it is empty for those who may not know of it.
    """

    def __init__(self, order_id: str) -> None:
        made = f"made {order_id}, which is a different order" if order_id else "been used by somebody else"
        super().__init__(
            f"This idempotency key has already {made}. Nothing was submitted. Give each new order a key of its own."
        )
        self.order_id = order_id


class OrderInvalid(OrderError):
    """The order can never be carried out as it is, however often it is tried."""


class IllegalTransition(OrderError):
    """A step was asked for that may not follow the order's present status."""


class OrderClosed(IllegalTransition):
    """A step was asked for on an order that is final; nothing is done to it any more."""

    def __init__(self, status: str) -> None:
        super().__init__(f"The order is {status.lower()}, and nothing is done to it any more.")


class NotAllowed(OrderError):
    """The person may not do this at all."""


class OwnOrder(NotAllowed):
    """Nobody approves an order that they submitted themselves."""

    def __init__(self) -> None:
        super().__init__("You submitted this order yourself, so somebody else has to approve it.")


class ReasonMissing(OrderError):
    """Somebody approves an order that they submitted themselves, and does not say why."""

    def __init__(self) -> None:
        super().__init__("You submitted this order yourself. To approve it all the same, give the reason.")


class DecisionRefused(OrderError):
    """The order has been decided, or has moved on, so the decision has no effect."""


class AlreadyDecided(DecisionRefused):
    """The same decision was taken before."""


class TooLate(DecisionRefused):
    """The decision came after the order had taken its way."""


class PaymentDeclined(OrderError):
    """The gateway refused the charge for good; asking again does not help."""


class ShippingRefused(OrderError):
    """The warehouse or the carrier refused the parcel for good."""


class OutsideWorldFailed(OrderError):
    """A call to the gateway, the warehouse or the carrier failed; whether it had an effect is unknown."""


class GatewayMissing(OutsideWorldFailed):
    """A payment belongs to a gateway that is not set up here; nobody was asked, and no money moved."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The payment belongs to the gateway {clean_line(name) or '?'}, which is not set up here.")


class TemporalAway(OrderError):
    """The Temporal server, or a worker behind it, did not answer in time."""


class CallFailed(TemporalAway):
    """One call to Temporal failed while others may succeed: what it is about is slow, busy or broken there.

    `code` is the gRPC status code's name, such as DEADLINE_EXCEEDED. Who has more to do goes on with the rest.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class CallRefused(OrderError):
    """Temporal refuses the call as it is, so that the same again would be refused again."""


class RunNotFound(OrderError):
    """Temporal knows no open run for the order."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"Temporal has no open run for {order_id}.")


class RunPaused(OrderError):
    """The order's run was paused in Temporal: it takes signals in and does nothing until it is resumed there."""

    def __init__(self, order_id: str, since: datetime | None = None) -> None:
        moment = f" since {since:%d %b %Y %H:%M} UTC" if since else ""
        super().__init__(f"The workflow of {order_id} has been paused in Temporal{moment}.")
        self.since = since
