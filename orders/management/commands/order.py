"""`manage.py order`: start, query, signal and audit orders from a terminal, and replay their runs."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from orders.decisions import decide
from orders.decisions.refunds import find_left, request_refund
from orders.engine import temporal, temporal_client
from orders.engine.audit import audit_orders
from orders.engine.live_status import describe_row
from orders.errors import OrderError, OrderInvalid, RunPaused
from orders.intake import submission
from orders.intake.addresses import find_missing, read_country
from orders.intake.documents import read_document
from orders.intake.drafts import LINE_LABELS, LineDraft, OrderDraft, TypedLine, read_line
from orders.intake.numbers import read_amount
from orders.lifecycle.lookup import read_order
from orders.management.extending import add_extend, extend_order
from orders.management.importing import add_import, import_file
from orders.management.terminal import failing_in_sentences, read_file, read_operator
from orders.models import Order, OutboxMessage
from orders.states import DecisionKind

EPILOG = "Exit codes: 0 done, 1 refused or failed (a sentence says why), 2 wrong usage."
# As much as the API takes.
LARGEST_FILE: Final = 10 * 1024 * 1024  # bytes


class Command(BaseCommand):
    """Does at the terminal what the console does in the browser."""

    help = "Starts, queries, signals and audits orders, and replays their runs. " + EPILOG
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="start|query|signal|…")
        start = verbs.add_parser("start", help="submit an order", epilog=EPILOG)
        start.add_argument("--order-id", default="", help="by default a random one")
        start.add_argument("--name", default="Terminal Customer", help="the customer's name")
        start.add_argument("--company", default="", help="the customer's company")
        start.add_argument("--email", default="customer@example.com", help="the customer's e-mail")
        start.add_argument("--phone", default="", help="the customer's telephone number")
        start.add_argument("--address", default="1 Main Street", help="street and number")
        start.add_argument("--address2", default="", help="second line of the address, such as flat or building")
        start.add_argument("--postcode", help="by default 10115, where the country's addresses need one")
        start.add_argument("--city", help="by default Berlin, where the country's addresses need one")
        start.add_argument("--state", default="", help="state or province")
        start.add_argument("--country", default="DE", help="two letters")
        start.add_argument("--payment-method", default="", help="the gateway's id of what the customer pays with")
        start.add_argument("--customer-reference", default="", help="what the shop or the gateway calls the customer")
        start.add_argument("--currency", default=settings.ORDER_CURRENCIES[0], choices=settings.ORDER_CURRENCIES)
        start.add_argument(
            "--line",
            action="append",
            metavar="SKU:QUANTITY:PRICE[:DESCRIPTION]",
            help="a line; may be repeated; by default MUG-1:1:12.50:Mug",
        )
        start.add_argument(
            "--file",
            default="",
            metavar="ORDER.JSON",
            help="an order as the API takes it, - for standard input; instead of the options on customer and lines",
        )
        start.add_argument("--idempotency-key", default="", help="repeating a key does not make a second order")
        query = verbs.add_parser("query", help="query an order's workflow for its status", epilog=EPILOG)
        query.add_argument("order_id")
        signal = verbs.add_parser("signal", help="approve or cancel an order", epilog=EPILOG)
        signal.add_argument("order_id")
        signal.add_argument("decision", choices=[kind.value for kind in DecisionKind])
        signal.add_argument("--reason", default="")
        signal.add_argument(
            "--reason-code",
            default="",
            metavar="CODE",
            help="why it is cancelled: a code of the shop's list, such as CUSTOMER_REQUEST",
        )
        extend = add_extend(verbs, EPILOG)
        refund = _add_refund(verbs)
        imported = add_import(verbs, EPILOG)
        audit = verbs.add_parser(
            "audit", help="compare all orders with the gateway's and carrier's ledgers and with Temporal", epilog=EPILOG
        )
        replay = verbs.add_parser(
            "replay", help="replay live runs against this code, before it is deployed", epilog=EPILOG
        )
        replay.add_argument("--since", help="also closed runs, from this date, or so long ago: 7d, 12h")
        for verb in (start, signal, extend, refund, imported):
            verb.add_argument("--by", default="", help="who decides; by default the shell's user")
        for verb in (start, query, signal, extend, refund, imported, audit, replay):
            verb.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the verb says; every refusal and failure is a sentence."""
        verb = {"start": self._start, "query": self._query, "signal": self._signal, "audit": self._audit}
        verb |= {"refund": self._refund, "replay": self._replay, "import": self._import, "extend": self._extend}
        try:
            with failing_in_sentences():
                verb[options["verb"]](options)
        finally:
            temporal_client.close()

    def _start(self, options: dict[str, Any]) -> None:
        draft = (
            read_document(read_file(options["file"], largest=LARGEST_FILE))
            if options["file"]
            else _read_options(options)
        )
        key = options["idempotency_key"] or str(uuid4())
        order = submission.submit_order(
            draft, actor=read_operator(options["by"]), idempotency_key=key, order_id=options["order_id"]
        )
        is_started = order.outbox_messages.filter(name="start", status=OutboxMessage.Status.DELIVERED).exists()
        self._print(
            options,
            {
                "order_id": order.order_id,
                "payment_id": order.payment_id,
                "total": order.total_money.plain,
                "workflow": "started" if is_started else "on its way",
            },
        )

    def _query(self, options: dict[str, Any]) -> None:
        order = read_order(options["order_id"])
        try:
            answer = asdict(temporal.query_status(order.order_id)) | {"paused": False}
        except RunPaused as error:
            # Programs get an object of the same shape: the row knows what a paused workflow does not say.
            answer = asdict(describe_row(order)) | {"paused": True}
            if not options["json"]:
                self.stderr.write(f"{error} Nothing happens until it is resumed there. The last saved status:")
        except OrderError as error:
            raise CommandError(f"{error} The last saved status: {order.get_status_display().lower()}.") from error
        self._print(options, answer)

    def _signal(self, options: dict[str, Any]) -> None:
        order, kind = read_order(options["order_id"]), DecisionKind(options["decision"])
        actor, reason, code = read_operator(options["by"]), options["reason"], options["reason_code"]
        if kind == DecisionKind.CANCEL:
            message = decide.cancel_order(order, actor=actor, reason=reason, reason_code=code)
        elif code:
            raise CommandError("--reason-code goes with cancel; say with --reason why you approve.")
        else:
            message = decide.approve_order(order, actor=actor, reason=reason)
        sentence = decide.describe_delivery(message)
        is_delivered = message.status == OutboxMessage.Status.DELIVERED
        is_paused = is_delivered and _is_paused(order)
        if is_paused:
            sentence += " The workflow is paused in Temporal. The decision takes effect when it is resumed."
        self._print(
            options,
            {
                "order_id": order.order_id,
                "decision": kind.value,
                "decision_id": message.payload["decision_id"],
                "delivery": "delivered" if is_delivered else "on its way",
                "paused": is_paused,
                "sentence": sentence,
            },
        )

    def _extend(self, options: dict[str, Any]) -> None:
        self._print(options, extend_order(options))

    def _refund(self, options: dict[str, Any]) -> None:
        order = read_order(options["order_id"])
        amount = read_amount(options["amount"], order.currency) if options["amount"] else find_left(order)
        refund = request_refund(
            order,
            actor=read_operator(options["by"]),
            key=options["idempotency_key"] or str(uuid4()),
            amount=amount.minor,
            reason_code=options["reason_code"],
            reason=options["reason"],
        )
        facts = {"order_id": order.order_id, "refund_key": refund.key, "amount": refund.amount_money.plain}
        self._print(options, facts | {"status": refund.status})

    def _import(self, options: dict[str, Any]) -> None:
        report = import_file(options, tell=lambda text: None if options["json"] else self.stderr.write(text))
        self._print(options, asdict(report) if options["json"] else report.counts)
        if report.failed:
            raise CommandError(
                f"{report.failed:,} orders were not submitted. Correct their rows and import them again."
            )

    def _audit(self, options: dict[str, Any]) -> None:
        audit = audit_orders()
        facts = asdict(audit)
        found = facts.pop("discrepancies")
        self._print(options, facts | ({"discrepancies": found} if options["json"] else {}))
        if found and not options["json"]:
            for item in found:
                self.stdout.write(f"{item['order_id']}  {item['status']}  {item['sentence']}")
        if found:
            raise CommandError(f"{len(found)} orders disagree with the ledgers or with Temporal.")

    def _replay(self, options: dict[str, Any]) -> None:
        """Have the command of the workers do it, who know the workflows' code."""
        since = ["--since", options["since"]] if options["since"] else []
        call_command("replay", *since, json=options["json"], stdout=self.stdout)

    def _print(self, options: dict[str, Any], facts: dict[str, Any]) -> None:
        """Print an object for programs, or a table of two columns for people."""
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        width = max(len(name) for name in facts)
        for name, value in facts.items():
            shown = (
                ", ".join(f"{key} {item}" for key, item in value.items() if item) if isinstance(value, dict) else value
            )
            self.stdout.write(f"{name.replace('_', ' '):<{width}}  {'-' if shown in (None, '') else shown}")


def _add_refund(verbs: Any) -> ArgumentParser:
    """Add the verb that refunds a part of a payment."""
    refund: ArgumentParser = verbs.add_parser("refund", help="refund a part of an order's payment", epilog=EPILOG)
    refund.add_argument("order_id")
    refund.add_argument("--amount", default="", help="such as 12.50; by default all that is left")
    refund.add_argument("--reason", required=True)
    refund.add_argument("--reason-code", default="", metavar="CODE", help="one of the shop's list, by default OTHER")
    refund.add_argument("--idempotency-key", default="", help="repeating a key does not make a second refund")
    return refund


def _read_options(options: dict[str, Any]) -> OrderDraft:
    """Return the order that the options describe. Raises OrderInvalid."""
    return OrderDraft(
        customer_name=options["name"],
        customer_company=options["company"],
        customer_email=options["email"],
        customer_phone=options["phone"],
        address_line=options["address"],
        address_line2=options["address2"],
        **_place(options),
        payment_method=options["payment_method"],
        customer_reference=options["customer_reference"],
        currency=options["currency"],
        lines=tuple(_line(text, options["currency"]) for text in options["line"] or ["MUG-1:1:12.50:Mug"]),
    )


def _is_paused(order: Order) -> bool:
    """Tell whether the order's run is paused; that the decision counts does not hang on the answer."""
    try:
        run = temporal.describe_run(order.order_id)
    except OrderError:
        return False
    return run is not None and run.is_paused


def _place(options: dict[str, Any]) -> dict[str, Any]:
    """Return postcode, city, state and country; a sample stands for what the country needs and nobody gave."""
    place = {f"address_{name}": options[name] or "" for name in ("postcode", "city", "state")}
    country = read_country(options["country"])
    samples = {"address_postcode": ("postcode", "10115"), "address_city": ("city", "Berlin")}
    for part in find_missing(country, place):
        option, sample = samples.get(part, ("state", ""))
        if options[option] is None:
            place[part] = sample
    return place | {"address_country": country}


def _line(text: str, currency: str) -> LineDraft:
    """Read SKU:QUANTITY:PRICE[:DESCRIPTION]. Raises OrderInvalid."""
    parts = text.split(":", 3)
    if len(parts) < 3:
        raise OrderInvalid(f"{text!r} is not a line. Write it as SKU:QUANTITY:PRICE[:DESCRIPTION].")
    sku, quantity, price = parts[:3]
    reading = read_line(TypedLine(sku, parts[3] if len(parts) > 3 else sku, quantity, price), currency)
    if reading.draft is None:
        wrong = " ".join(f"{LINE_LABELS[name]}: {sentence}" for name, sentence in reading.errors.items())
        raise OrderInvalid(f"{text!r} is not a valid line. {wrong}")
    return reading.draft
