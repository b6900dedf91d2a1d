"""The words for what stands out about an order, beside the customer's others."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orders.states import CustomerRemark

CUSTOMER_REMARK_LABELS: Final[Mapping[CustomerRemark, Promise]] = {
    CustomerRemark.TWIN: gettext_lazy("Possible duplicate: the same goods were ordered within a day."),
    CustomerRemark.OTHER_ADDRESS: gettext_lazy("The address differs from the one on the previous order."),
    CustomerRemark.UNUSUAL_TOTAL: gettext_lazy("The total is more than three times what this customer usually spends."),
    CustomerRemark.DECLINED_BEFORE: gettext_lazy("A payment of this customer was declined before."),
}

# The same beside an order of many.
CUSTOMER_SHORT_LABELS: Final[Mapping[CustomerRemark, Promise]] = {
    CustomerRemark.TWIN: gettext_lazy("Possible duplicate"),
    CustomerRemark.OTHER_ADDRESS: gettext_lazy("New address"),
    CustomerRemark.UNUSUAL_TOTAL: gettext_lazy("Unusual total"),
    CustomerRemark.DECLINED_BEFORE: gettext_lazy("Payment declined before"),
}
