"""A handful of sample orders in several states, which take their way through the real workflows."""

import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import Error as DatabaseError

from console.stack.accounts import ACCOUNTS, MARK
from orders.decisions import decide
from orders.engine import temporal_client
from orders.errors import DecisionRefused, KeyReused, OrderError
from orders.intake import submission
from orders.intake.drafts import LineDraft, OrderDraft
from orders.models import Order
from orders.payments.gateways.registry import AUTHORISED
from orders.permissions import Actor
from orders.simulated.fault_injection import AUTHORISATION_PREFIX, DECLINED_MARK, SOLD_OUT_PREFIX, UNREACHABLE_POSTCODE

KEY_PREFIX: Final = "sample-"


@dataclass(frozen=True)
class Sample:
    """An order to submit, and what is decided on it: approve, cancel or nothing yet; prices in minor units."""

    name: str
    email: str
    address: tuple[str, str, str, str]  # street, postcode, city, country
    lines: tuple[LineDraft, ...]
    currency: str = "EUR"
    decision: str = ""
    reason: str = ""
    state: str = ""
    line2: str = ""
    company: str = ""
    phone: str = ""

    @property
    def draft(self) -> OrderDraft:
        """The order as the form would make it, with an authorisation where the settings ask for one."""
        line, postcode, city, country = self.address
        draft = OrderDraft(
            customer_name=self.name,
            customer_email=self.email,
            customer_company=self.company,
            customer_phone=self.phone,
            address_line=line,
            address_line2=self.line2,
            address_state=self.state,
            address_postcode=postcode,
            address_city=city,
            address_country=country,
            currency=self.currency,
            lines=self.lines,
        )
        if settings.PAYMENT_CAPTURE != AUTHORISED:
            return draft
        return replace(draft, payment_method=f"{AUTHORISATION_PREFIX}{draft.total.minor}_{self.currency}")


DESK: Final = LineDraft("DESK-OAK-160", "Standing desk, oak, 160 cm", 1, 64900)
CHAIR: Final = LineDraft("CHAIR-ERGO-2", "Office chair with head rest", 2, 28950)
LAMP: Final = LineDraft("LAMP-LED-7", "Desk lamp, warm white", 3, 3995)
TEAPOT: Final = LineDraft("TEA-POT-1", "Cast iron teapot", 1, 7800)

SAMPLES: Final = (
    Sample(
        "Amélie Laurent",
        "amelie.laurent@example.com",
        ("12 rue des Lilas", "75011", "Paris", "FR"),
        (DESK,),
        decision="approve",
    ),
    Sample(
        "Henrik Lindqvist",
        "henrik@example.org",
        ("Storgatan 5", "41138", "Göteborg", "SE"),
        (CHAIR, LAMP),
        decision="approve",
        reason="Regular customer",
    ),
    Sample(
        "Yuki Tanaka",
        "yuki.tanaka@example.com",
        ("1-7-2 Otemachi, Chiyoda-ku", "100-0004", "", "JP"),
        (TEAPOT,),
        "JPY",
        state="Tokyo",
        decision="approve",
    ),
    Sample(
        "Declan Byrne",
        f"declan.byrne{DECLINED_MARK}@example.com",
        ("4 Quay Street", "D02 XY45", "Dublin", "IE"),
        (LAMP,),
        decision="approve",
    ),
    Sample(
        "Petra Novak",
        "petra.novak@example.com",
        ("Trg slobode 1", UNREACHABLE_POSTCODE, "Nowhere", "HR"),
        (CHAIR,),
        decision="approve",
    ),
    Sample(
        "Sam Okafor",
        "sam.okafor@example.com",
        ("88 Deansgate", "M3 2ER", "Manchester", "GB"),
        (DESK, LAMP),
        "GBP",
        decision="cancel",
        reason="Ordered twice by mistake",
    ),
    Sample(
        "Lucía Fernández",
        "lucia@example.net",
        ("Calle Mayor 21", "28013", "Madrid", "ES"),
        (LineDraft(f"{SOLD_OUT_PREFIX}-SHELF", "Wall shelf, walnut", 1, 11900),),
    ),
    Sample("Marta Kowalska", "marta.kowalska@example.com", ("ul. Długa 14", "00-238", "Warszawa", "PL"), (DESK, CHAIR)),
    Sample(
        "Noah Williams",
        "noah.williams@example.com",
        ("220 King Street", "98104", "Seattle", "US"),
        (LAMP, TEAPOT),
        "USD",
        state="Washington",
        line2="Suite 900",
        company="Puget Sound Interiors",
        phone="+1 206 555 0142",
    ),
    Sample("Ursina Caflisch", "ursina@example.org", ("Bahnhofstrasse 3", "7000", "Chur", "CH"), (CHAIR,), "CHF"),
)


def main() -> None:
    """Submit the samples as the clerk and decide as the approver; write a line that says what was done."""
    try:
        sys.stdout.write(f"Sample orders: {submit_samples()}\n")
    except (OrderError, DatabaseError) as error:
        sys.exit(f"Sample orders: {error}")
    finally:
        temporal_client.close()


def submit_samples() -> str:
    """Submit and decide what has not been. An installation with other orders, or without our accounts, gets none."""
    if Order.objects.exclude(idempotency_key__startswith=KEY_PREFIX).exists():
        return "none, because there are orders already"
    people: dict[str, Actor] = {
        person.username: person
        for person in get_user_model().objects.filter(username__in=ACCOUNTS, email__endswith=MARK)
    }
    if not {"clerk", "approver"} <= people.keys():
        return "none, because the demo accounts do not exist"
    before = Order.objects.count()
    for number, sample in enumerate(SAMPLES, start=1):
        order = _submit(sample, actor=people["clerk"], key=f"{KEY_PREFIX}{number}")
        take = {"approve": decide.approve_order, "cancel": decide.cancel_order}.get(sample.decision)
        if take is not None:
            with suppress(DecisionRefused):  # an earlier start has come this far
                take(order, actor=people["approver"], reason=sample.reason)
    made = Order.objects.count() - before
    return f"{made} submitted, now being processed" if made else "unchanged"


def _submit(sample: Sample, *, actor: Actor, key: str) -> Order:
    """Return the sample's order; an earlier release may have made it with other contents, which it keeps."""
    try:
        return submission.submit_order(sample.draft, actor=actor, idempotency_key=key)
    except KeyReused as reused:
        order: Order = Order.objects.get(order_id=reused.order_id)
        return order
