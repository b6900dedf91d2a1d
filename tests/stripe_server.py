"""Runs localstripe, a stand-in for Stripe with a ledger of its own: `python -m tests.stripe_server PORT`.

It ignores idempotency keys, checks few things and knows an older API. What it is taught here is what Stripe does: which
kinds of payment method are allowed is said by `allowed_payment_method_types`, and no longer by `payment_method_types`.
It also leaves out the copy of its store that it writes to /tmp after each request.
"""

import sys
from typing import Any

from aiohttp import web
from localstripe import resources, server
from localstripe.errors import UserError

create = resources.PaymentIntent._api_create.__func__


def create_intent(kind: type[resources.PaymentIntent], /, **wanted: Any) -> resources.PaymentIntent:
    """Create a PaymentIntent as this version of Stripe's API does."""
    if "payment_method_types" in wanted:
        raise UserError(400, "Gone.", {"code": "payment_method_types_no_longer_supported"})
    wanted.pop("allowed_payment_method_types", None)
    return create(kind, **wanted)


def main() -> None:
    """Serve until the process is ended."""
    resources.PaymentIntent._api_create = classmethod(create_intent)
    resources.Store.dump_to_disk = lambda store: None
    web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


if __name__ == "__main__":
    main()
