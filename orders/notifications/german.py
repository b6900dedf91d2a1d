"""The words for customers, in German."""

from collections.abc import Mapping
from typing import Final

from orders.states import DecisionReason, ReasonCode

DECISIONS: Final[Mapping[str, str]] = {
    DecisionReason.CUSTOMER_REQUEST: "Sie haben uns darum gebeten.",
    DecisionReason.DUPLICATE_ORDER: "Sie war dieselbe wie eine andere Ihrer Bestellungen.",
    DecisionReason.WRONG_PRICE: "Ein Preis darin war falsch.",
    DecisionReason.OUT_OF_STOCK: "Ein Artikel ist nicht mehr lieferbar.",
    DecisionReason.WRONG_ADDRESS: "Wir können an die Adresse nicht liefern.",
}
REASONS: Final[Mapping[str, str]] = {
    ReasonCode.APPROVAL_TIMEOUT: "Wir konnten sie nicht rechtzeitig bestätigen.",
    ReasonCode.INVALID: "Wir können sie so nicht ausführen.",
    ReasonCode.PAYMENT_DECLINED: "Ihre Zahlung wurde abgelehnt.",
    ReasonCode.SHIPPING_FAILED: "Wir konnten sie nicht versenden.",
}
REFUNDED: Final = "Wir haben %(money)s erstattet. Bis Ihre Bank das zeigt, können einige Tage vergehen."
NOT_CHARGED: Final = "Wir haben nichts abgebucht."
