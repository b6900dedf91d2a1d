"""The tables: what the console remembers of orders, and the simulated outside world's own books.

Amounts are integers in the currency's minor unit. What can be a constraint is one, named as a sentence.
"""

from orders.models.batch import Batch, BatchItem
from orders.models.engine import OutboxMessage, WorkerProcess
from orders.models.export_schedule import ExportSchedule, ExportSending
from orders.models.feed import FeedEntry, FeedMark
from orders.models.gateway_event import GatewayEvent
from orders.models.history import Decision, OrderEvent, Trouble
from orders.models.imports import ImportedOrder, ImportFile, OrderImport
from orders.models.line import OrderLine
from orders.models.list_export import ListExport, ListExportPiece
from orders.models.list_layout import ListLayout
from orders.models.mail import CustomerMessage, CustomerText, Mail
from orders.models.notice import Notice, NoticeMark, NoticeSettings
from orders.models.order import Order
from orders.models.payment import Payment, PaymentAttempt, Refund, RefundFollowUp
from orders.models.policy import ApprovalLimit, PolicyChange, PolicyRule
from orders.models.presence import Presence
from orders.models.reason import Reason
from orders.models.saved_view import SavedView
from orders.models.shipment import CarrierNotice, Shipment
from orders.models.shop import ApiKey, IdempotentRequest, Shop
from orders.models.tag import OrderTag
from orders.models.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from orders.postgres.database_check import WriteProbe
from orders.postgres.leases import Lease
from orders.simulated.ledger import CarrierBooking, GatewayMovement

__all__ = [
    "ApiKey",
    "ApprovalLimit",
    "Batch",
    "BatchItem",
    "CarrierBooking",
    "CarrierNotice",
    "CustomerMessage",
    "CustomerText",
    "Decision",
    "ExportSchedule",
    "ExportSending",
    "FeedEntry",
    "FeedMark",
    "GatewayEvent",
    "GatewayMovement",
    "IdempotentRequest",
    "ImportFile",
    "ImportedOrder",
    "Lease",
    "ListExport",
    "ListExportPiece",
    "ListLayout",
    "Mail",
    "Notice",
    "NoticeMark",
    "NoticeSettings",
    "Order",
    "OrderEvent",
    "OrderImport",
    "OrderLine",
    "OrderTag",
    "OutboxMessage",
    "Payment",
    "PaymentAttempt",
    "PolicyChange",
    "PolicyRule",
    "Presence",
    "Reason",
    "Refund",
    "RefundFollowUp",
    "SavedView",
    "Shipment",
    "Shop",
    "Trouble",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WorkerProcess",
    "WriteProbe",
]
