"""What crosses Temporal about packages and parcels; used as `orders.contracts`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ShippingInput:
    """The argument of ShippingWorkflow."""

    order_id: str


@dataclass(frozen=True)
class PreparePackage:
    """The argument of prepare_package."""

    order_id: str


@dataclass(frozen=True)
class PackagePrepared:
    """The answer of prepare_package."""

    shipment_id: str
    package_reference: str


@dataclass(frozen=True)
class DispatchCarrier:
    """The argument of dispatch_carrier."""

    order_id: str
    shipment_id: str


@dataclass(frozen=True)
class CarrierDispatched:
    """The answer of dispatch_carrier, and of ShippingWorkflow."""

    shipment_id: str
    carrier: str
    tracking_number: str
