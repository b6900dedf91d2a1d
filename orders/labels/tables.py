"""The words for tables, and how these and the words for columns are translated: migrations know nothing of it.

Django makes both from the names in the code. Were each written down in its model, all would stand in a migration.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Model
from django.utils.translation import pgettext_lazy

from orders.labels import Label

# Both the one and the many, so that translators find them.
TABLES: Final[tuple[Label, ...]] = (
    pgettext_lazy("table", "API key"),
    pgettext_lazy("table", "API keys"),
    pgettext_lazy("table", "approval limit"),
    pgettext_lazy("table", "approval limits"),
    pgettext_lazy("table", "batch"),
    pgettext_lazy("table", "batch item"),
    pgettext_lazy("table", "batch items"),
    pgettext_lazy("table", "batches"),
    pgettext_lazy("table", "carrier booking"),
    pgettext_lazy("table", "carrier bookings"),
    pgettext_lazy("table", "carrier notice"),
    pgettext_lazy("table", "carrier notices"),
    pgettext_lazy("table", "customer message"),
    pgettext_lazy("table", "customer messages"),
    pgettext_lazy("table", "customer text"),
    pgettext_lazy("table", "customer texts"),
    pgettext_lazy("table", "decision"),
    pgettext_lazy("table", "decisions"),
    pgettext_lazy("table", "e-mail"),
    pgettext_lazy("table", "e-mails"),
    pgettext_lazy("table", "export schedule"),
    pgettext_lazy("table", "export schedules"),
    pgettext_lazy("table", "export sending"),
    pgettext_lazy("table", "export sendings"),
    pgettext_lazy("table", "feed entries"),
    pgettext_lazy("table", "feed entry"),
    pgettext_lazy("table", "feed mark"),
    pgettext_lazy("table", "feed marks"),
    pgettext_lazy("table", "gateway event"),
    pgettext_lazy("table", "gateway events"),
    pgettext_lazy("table", "gateway movement"),
    pgettext_lazy("table", "gateway movements"),
    pgettext_lazy("table", "idempotent request"),
    pgettext_lazy("table", "idempotent requests"),
    pgettext_lazy("table", "import"),
    pgettext_lazy("table", "import file"),
    pgettext_lazy("table", "import files"),
    pgettext_lazy("table", "imported order"),
    pgettext_lazy("table", "imported orders"),
    pgettext_lazy("table", "imports"),
    pgettext_lazy("table", "lease"),
    pgettext_lazy("table", "leases"),
    pgettext_lazy("table", "list export"),
    pgettext_lazy("table", "list export piece"),
    pgettext_lazy("table", "list export pieces"),
    pgettext_lazy("table", "list exports"),
    pgettext_lazy("table", "list layout"),
    pgettext_lazy("table", "list layouts"),
    pgettext_lazy("table", "notice"),
    pgettext_lazy("table", "notice mark"),
    pgettext_lazy("table", "notice marks"),
    pgettext_lazy("table", "notice settings"),
    pgettext_lazy("table", "notices"),
    pgettext_lazy("table", "order"),
    pgettext_lazy("table", "order event"),
    pgettext_lazy("table", "order events"),
    pgettext_lazy("table", "order line"),
    pgettext_lazy("table", "order lines"),
    pgettext_lazy("table", "order tag"),
    pgettext_lazy("table", "order tags"),
    pgettext_lazy("table", "orders"),
    pgettext_lazy("table", "outbox message"),
    pgettext_lazy("table", "outbox messages"),
    pgettext_lazy("table", "payment"),
    pgettext_lazy("table", "payment attempt"),
    pgettext_lazy("table", "payment attempts"),
    pgettext_lazy("table", "payments"),
    pgettext_lazy("table", "personal settings"),
    pgettext_lazy("table", "policy change"),
    pgettext_lazy("table", "policy changes"),
    pgettext_lazy("table", "policy rule"),
    pgettext_lazy("table", "policy rules"),
    pgettext_lazy("table", "presence"),
    pgettext_lazy("table", "presences"),
    pgettext_lazy("table", "reason"),
    pgettext_lazy("table", "reasons"),
    pgettext_lazy("table", "refund"),
    pgettext_lazy("table", "refund follow up"),
    pgettext_lazy("table", "refund follow ups"),
    pgettext_lazy("table", "refunds"),
    pgettext_lazy("table", "saved view"),
    pgettext_lazy("table", "saved views"),
    pgettext_lazy("table", "shipment"),
    pgettext_lazy("table", "shipments"),
    pgettext_lazy("table", "shop"),
    pgettext_lazy("table", "shops"),
    pgettext_lazy("table", "trouble"),
    pgettext_lazy("table", "troubles"),
    pgettext_lazy("table", "webhook attempt"),
    pgettext_lazy("table", "webhook attempts"),
    pgettext_lazy("table", "webhook deliveries"),
    pgettext_lazy("table", "webhook delivery"),
    pgettext_lazy("table", "webhook endpoint"),
    pgettext_lazy("table", "webhook endpoints"),
    pgettext_lazy("table", "worker process"),
    pgettext_lazy("table", "worker processes"),
    pgettext_lazy("table", "write probe"),
    pgettext_lazy("table", "write probes"),
)


def translate_names(models: Iterable[type[Model]]) -> None:
    """Have the names of tables, and of those columns that were given none, translated when they are shown.

    Migrations read what was written in the model, and so does `clone`, which leaves this out.
    """
    for model in models:
        options: Any = model._meta
        options.verbose_name = pgettext_lazy("table", str(options.verbose_name))
        options.verbose_name_plural = pgettext_lazy("table", str(options.verbose_name_plural))
        for column in options.local_fields:
            if column._verbose_name is None:
                column.verbose_name = pgettext_lazy("column", column.verbose_name)
