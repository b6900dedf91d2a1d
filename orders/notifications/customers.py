"""E-mails to customers: what they are told of their order, each thing once, in the texts that the shop edits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from re import sub
from string import Template
from typing import Final

from django.db.models import Sum
from django.utils.translation import gettext as _

from orders.errors import OrderInvalid
from orders.events import EventKind
from orders.intake.addresses import write_address
from orders.models import CustomerMessage, CustomerText, FeedEntry, Mail, Order, Refund
from orders.money import Money
from orders.notifications.content import Content
from orders.notifications.customer_words import choose_language, describe_money, describe_reason, describe_refund
from orders.states import CustomerMessageKind, DecisionReason, ReasonCode

# The event that each message follows. An order is approved once its payment is asked for: by then all have approved.
KINDS: Final[Mapping[str, CustomerMessageKind]] = {
    EventKind.SUBMITTED: CustomerMessageKind.CONFIRMATION,
    EventKind.CHARGING: CustomerMessageKind.APPROVED,
    EventKind.DISPATCHED: CustomerMessageKind.SHIPPED,
    EventKind.CANCELLED: CustomerMessageKind.CANCELLED,
}
ADDRESS: Final = ("address_line", "address_line2", "address_postcode", "address_city", "address_state")
# What a text may name.
NAMES: Final = ("order", "customer", "shop", "lines", "total", "address", "carrier", "tracking", "reason", "refund")


@dataclass(frozen=True)
class Letter:
    """A message in one language, filled in."""

    subject: str
    text: str
    html: str


def list_enabled() -> dict[str, CustomerMessageKind]:
    """Return the messages that are switched on, each by the event that it follows; one statement."""
    enabled = set(CustomerMessage.objects.filter(is_enabled=True).values_list("kind", flat=True))
    return {event: kind for event, kind in KINDS.items() if kind in enabled}


def write_mails(entries: Sequence[FeedEntry], enabled: Mapping[str, CustomerMessageKind]) -> None:
    """Write an e-mail for each of these events that customers are told of; one that is there stays as it is."""
    mails = [
        Mail(order_id=entry.event.order_id, customer_message=enabled[entry.event.kind])
        for entry in entries
        if entry.event.kind in enabled
    ]
    Mail.objects.bulk_create(mails, ignore_conflicts=True)


def compose_for_customer(mail: Mail) -> Content | None:
    """Return what the customer is told; None where that has been switched off in the meantime."""
    order = Order.objects.select_related("payment", "shipment", "shop").get(mails=mail)
    texts = CustomerText.objects.filter(message__kind=mail.customer_message, message__is_enabled=True)
    by_language = {text.language: text for text in texts}
    language = choose_language(order, by_language)
    if language is None:
        return None
    facts = describe_facts(order, language)
    letter = fill_in(by_language[language].subject, by_language[language].body, facts)
    return Content(order.customer_email, letter.subject, letter.text, letter.html, language)


def describe_facts(order: Order, language: str) -> dict[str, str]:
    """Return what the names of a text stand for, in the language of the order."""
    shipment, money = getattr(order, "shipment", None), order.total_money
    lines = order.lines.order_by("id").values_list("quantity", "description", "unit_price")
    refunded = Refund.objects.filter(payment__order=order, status=Refund.Status.SUCCEEDED).aggregate(Sum("amount"))
    given = {name: getattr(order, name) for name in ADDRESS}
    return {
        "order": order.shop_order_number or order.order_id,
        "customer": order.customer_name,
        "shop": order.shop.name if order.shop else "",
        "lines": "\n".join(
            f"{quantity} x {words}, {describe_money(Money(quantity * price, order.currency), language)}"
            for quantity, words, price in lines
        ),
        "total": describe_money(money, language),
        "address": "\n".join(write_address(order.address_country, given)),
        "carrier": shipment.carrier if shipment else "",
        "tracking": shipment.tracking_number if shipment else "",
        "reason": _find_told_reason(order) or describe_reason(order.reason_code, order.decision_reason_code, language),
        "refund": describe_refund(Money(refunded["amount__sum"] or 0, order.currency), language),
    }


def _find_told_reason(order: Order) -> str:
    """Return what whoever cancelled the order wrote for the customer; empty where nobody did."""
    if order.reason_code != ReasonCode.STAFF:
        return ""
    told = order.decisions.filter(decision_id=order.decision_id).values_list("customer_text", flat=True)
    return str(told.first() or "")


def check_text(text: str) -> None:
    """Raise OrderInvalid for a text that cannot be filled in: an unknown name, or a $ that begins none."""
    template = Template(text)
    if not template.is_valid():
        raise OrderInvalid(_("Write $$ for a dollar sign that begins no name."))
    unknown = sorted(set(template.get_identifiers()) - set(NAMES))
    if unknown:
        known = ", ".join(f"${name}" for name in NAMES)
        wrong = ", ".join(f"${name}" for name in unknown)
        raise OrderInvalid(_("There is no %(wrong)s. Use %(known)s.") % {"wrong": wrong, "known": known})


def fill_in(subject: str, body: str, facts: Mapping[str, str]) -> Letter:
    """Return a text with what its names stand for. Only names are replaced, and what replaces them is left as it is."""
    text = Template(body).safe_substitute(facts)
    text = sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip()
    paragraphs = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))
    title = " ".join(Template(subject).safe_substitute(facts).split())
    return Letter(title, f"{text}\n", f"<!doctype html><title>{escape(title)}</title>{paragraphs}")


def preview(subject: str, body: str, language: str) -> Letter:
    """Return a text as it would read for a made-up order."""
    mugs, teapot, total = (describe_money(Money(minor, "EUR"), language) for minor in (2500, 4000, 6500))
    facts = {
        "order": "A-1001",
        "customer": "Emma Example",
        "shop": "Example Shop",
        "lines": f"2 x Mug, {mugs}\n1 x Teapot, {teapot}",
        "total": total,
        "address": "Long Street 1\n10115 Berlin\nGermany",
        "carrier": "parcel-one",
        "tracking": "PO1234567890",
        "reason": describe_reason(ReasonCode.STAFF, DecisionReason.OUT_OF_STOCK, language),
        "refund": describe_refund(Money(6500, "EUR"), language),
    }
    return fill_in(subject, body, facts)
