"""Creates the tables."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates the tables with their constraints and indexes."""

    dependencies = [("orders", "0001_search_functions")]

    operations = [
        migrations.CreateModel(
            name="CarrierBooking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("shipment_id", models.CharField(max_length=80, unique=True)),
                ("tracking_number", models.CharField(max_length=64, unique=True)),
                ("recalled_at", models.DateTimeField(blank=True, null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "simulated_carrier_booking",
            },
        ),
        migrations.CreateModel(
            name="GatewayMovement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("idempotency_key", models.CharField(db_index=True, max_length=64)),
                ("kind", models.CharField(max_length=8)),
                ("amount", models.BigIntegerField(help_text="In the currency's minor unit.")),
                ("currency", models.CharField(max_length=3)),
                (
                    "merchant_reference",
                    models.CharField(db_index=True, help_text="The order_id the merchant told us.", max_length=64),
                ),
                ("reference", models.CharField(max_length=64, unique=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "simulated_gateway_movement",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                (
                    "holder",
                    models.CharField(
                        help_text="Host, process and a number of its own for each holding.", max_length=150
                    ),
                ),
                ("expires_at", models.DateTimeField(help_text="By PostgreSQL's clock.")),
            ],
        ),
        migrations.CreateModel(
            name="WorkerProcess",
            fields=[
                ("process_id", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=100)),
                ("pid", models.PositiveIntegerField()),
                ("queues", models.JSONField()),
                ("problems", models.JSONField(help_text="What is wrong with it, or was found by it: codes with data.")),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "worker processes",
            },
        ),
        migrations.CreateModel(
            name="WriteProbe",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order_id", models.CharField(max_length=64, unique=True)),
                (
                    "payment_id",
                    models.CharField(
                        help_text="The key of the one charge of this order, fixed before its workflow starts.",
                        max_length=64,
                        unique=True,
                    ),
                ),
                (
                    "idempotency_key",
                    models.CharField(
                        help_text="A form that is sent twice carries the same key and makes one order.",
                        max_length=64,
                        unique=True,
                    ),
                ),
                (
                    "contents_hash",
                    models.CharField(
                        blank=True,
                        db_default="",
                        editable=False,
                        help_text="A hash of what the key was used for. Empty for orders that were made without the form's reader.",
                        max_length=80,
                    ),
                ),
                ("customer_name", models.CharField(max_length=200)),
                ("customer_company", models.CharField(blank=True, db_default="", max_length=200)),
                ("customer_email", models.EmailField(max_length=254)),
                ("customer_phone", models.CharField(blank=True, db_default="", max_length=40)),
                ("address_line", models.CharField(max_length=200, verbose_name="street and number")),
                (
                    "address_line2",
                    models.CharField(blank=True, db_default="", max_length=200, verbose_name="address line 2"),
                ),
                ("address_postcode", models.CharField(blank=True, max_length=20, verbose_name="postcode")),
                ("address_city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                (
                    "address_state",
                    models.CharField(blank=True, db_default="", max_length=100, verbose_name="state or province"),
                ),
                (
                    "address_country",
                    models.CharField(
                        help_text="Two letters by ISO 3166-1, or XK.", max_length=2, verbose_name="country"
                    ),
                ),
                ("currency", models.CharField(help_text="Three letters by ISO 4217.", max_length=3)),
                ("total", models.BigIntegerField(help_text="In the currency's minor unit.")),
                ("status", models.CharField(default="CREATED", max_length=32)),
                ("reason_code", models.CharField(blank=True, max_length=32)),
                (
                    "cause",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="Why it was cancelled, where a program found the reason.",
                        max_length=32,
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        blank=True,
                        help_text="Why it was cancelled, in the words of a person, the gateway or the carrier.",
                    ),
                ),
                ("submitted_by", models.CharField(max_length=150)),
                (
                    "submitter_account_id",
                    models.BigIntegerField(
                        editable=False, help_text="Empty when the order was submitted at the terminal.", null=True
                    ),
                ),
                ("decision", models.CharField(blank=True, help_text="The latest decision.", max_length=8)),
                ("decision_id", models.CharField(blank=True, max_length=64)),
                ("decided_by", models.CharField(blank=True, max_length=150)),
                ("decision_channel", models.CharField(blank=True, db_default="", max_length=16)),
                ("decision_reason_code", models.CharField(blank=True, db_default="", max_length=32)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("approval_deadline", models.DateTimeField(blank=True, null=True)),
                (
                    "run_id",
                    models.CharField(blank=True, help_text="The latest Temporal run of the workflow.", max_length=64),
                ),
                ("version", models.PositiveIntegerField(default=1, help_text="Grows with each event.")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "search_lines",
                    models.TextField(
                        db_default="",
                        editable=False,
                        help_text="Articles and descriptions of the lines, kept by PostgreSQL for the search.",
                    ),
                ),
                (
                    "search_codes",
                    models.TextField(
                        db_default="",
                        editable=False,
                        help_text="Articles, tracking number and references, kept by PostgreSQL for the search.",
                    ),
                ),
                (
                    "search_document",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("order_id"),
                            models.F("payment_id"),
                            models.Func(
                                models.F("customer_name"),
                                models.F("customer_company"),
                                models.F("customer_email"),
                                models.F("customer_phone"),
                                models.F("address_line"),
                                models.F("address_line2"),
                                models.F("address_postcode"),
                                models.F("address_city"),
                                models.F("address_state"),
                                models.F("search_lines"),
                                arg_joiner=", ",
                                output_field=models.TextField(),
                                template="ARRAY[%(expressions)s]",
                            ),
                            models.Func(
                                models.F("customer_phone"),
                                models.F("address_postcode"),
                                models.F("search_codes"),
                                arg_joiner=", ",
                                output_field=models.TextField(),
                                template="ARRAY[%(expressions)s]",
                            ),
                            function="order_search_document",
                            output_field=django.contrib.postgres.search.SearchVectorField(),
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "permissions": [
                    ("approve_order", "Can approve an order"),
                    ("cancel_order", "Can cancel an order"),
                    ("open_temporal_ui", "Can open the Temporal Web UI, where everything can be done to a workflow"),
                ],
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("created_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="order_newest",
                    ),
                    models.Index(
                        models.F("status"),
                        models.OrderBy(models.F("created_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="order_status_newest",
                    ),
                    models.Index(
                        models.F("approval_deadline"),
                        models.F("id"),
                        condition=models.Q(("status", "PENDING_MANUAL_APPROVAL")),
                        name="order_next_to_expire",
                    ),
                    models.Index(
                        models.F("updated_at"),
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "CANCELLING",
                                    "CHARGING_PAYMENT",
                                    "CREATED",
                                    "DISPATCHED",
                                    "PACKAGE_PREPARED",
                                    "PAID",
                                    "VALIDATED",
                                ],
                            )
                        ),
                        name="order_in_motion",
                    ),
                    django.contrib.postgres.indexes.GinIndex(models.F("search_document"), name="order_search"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("total__gte", 0)), name="order_total_is_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="order_currency_is_three_letters"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "CANCELLED",
                                    "CANCELLING",
                                    "CHARGING_PAYMENT",
                                    "COMPLETED",
                                    "CREATED",
                                    "DISPATCHED",
                                    "PACKAGE_PREPARED",
                                    "PAID",
                                    "PENDING_MANUAL_APPROVAL",
                                    "VALIDATED",
                                ],
                            )
                        ),
                        name="order_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reason_code", ""),
                            (
                                "reason_code__in",
                                ["APPROVAL_TIMEOUT", "INVALID", "PAYMENT_DECLINED", "SHIPPING_FAILED", "STAFF"],
                            ),
                            _connector="OR",
                        ),
                        name="order_reason_code_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason_code__gt", ""), ("status__in", ["CANCELLING", "CANCELLED"])),
                            models.Q(
                                models.Q(("status__in", ["CANCELLING", "CANCELLED"]), _negated=True),
                                ("reason_code", ""),
                            ),
                            _connector="OR",
                        ),
                        name="order_has_a_reason_code_just_when_cancelled",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "PENDING_MANUAL_APPROVAL"), _negated=True),
                            ("approval_deadline__isnull", False),
                            _connector="OR",
                        ),
                        name="order_that_waits_has_a_deadline",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("decided_by", ""), ("decision", "")),
                            models.Q(("decided_at__isnull", False), ("decided_by__gt", ""), ("decision__gt", "")),
                            _connector="OR",
                        ),
                        name="order_decision_has_a_person_and_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("payment_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("amount", models.BigIntegerField(help_text="In the currency's minor unit.")),
                ("currency", models.CharField(help_text="Three letters by ISO 4217.", max_length=3)),
                ("status", models.CharField(default="PENDING", max_length=16)),
                (
                    "gateway",
                    models.CharField(blank=True, help_text="Empty when there is nothing to charge.", max_length=50),
                ),
                ("gateway_reference", models.CharField(blank=True, max_length=100)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payment", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-payment_id"],
            },
        ),
        migrations.CreateModel(
            name="PaymentAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=8)),
                ("outcome", models.CharField(default="UNKNOWN", max_length=16)),
                ("error", models.TextField(blank=True)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="orders.payment"
                    ),
                ),
            ],
            options={
                "ordering": ["started_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(help_text="A repeated step asks under the same key.", max_length=150, unique=True),
                ),
                ("amount", models.BigIntegerField(help_text="In the currency's minor unit.")),
                ("currency", models.CharField(help_text="Three letters by ISO 4217.", max_length=3)),
                ("reason_code", models.CharField(max_length=32)),
                ("cause", models.CharField(blank=True, db_default="", max_length=32)),
                ("reason", models.TextField(blank=True)),
                (
                    "requested_by",
                    models.CharField(blank=True, help_text="Empty for the workflow itself.", max_length=150),
                ),
                (
                    "account_id",
                    models.BigIntegerField(
                        editable=False, help_text="The account of whoever asked for it, where it has one.", null=True
                    ),
                ),
                ("channel", models.CharField(blank=True, max_length=16)),
                ("status", models.CharField(default="PENDING", max_length=16)),
                ("gateway_reference", models.CharField(blank=True, max_length=100)),
                ("requested_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="orders.payment"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Shipment",
            fields=[
                ("shipment_id", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("status", models.CharField(default="PREPARED", max_length=16)),
                ("package_reference", models.CharField(max_length=100)),
                ("carrier", models.CharField(blank=True, max_length=50)),
                ("tracking_number", models.CharField(blank=True, max_length=100)),
                ("prepared_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("dispatched_at", models.DateTimeField(blank=True, null=True)),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="shipment", to="orders.order"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Trouble",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=32)),
                ("detail", models.TextField(blank=True)),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="troubles", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("decision_id", models.CharField(max_length=64, unique=True)),
                ("kind", models.CharField(max_length=8)),
                ("actor", models.CharField(max_length=150)),
                (
                    "actor_account_id",
                    models.BigIntegerField(
                        editable=False,
                        help_text="Empty when the decision came from the terminal or over Temporal.",
                        null=True,
                    ),
                ),
                (
                    "is_own_order",
                    models.BooleanField(
                        default=False,
                        help_text="An approval by whoever submitted the order; only superusers may, with a reason.",
                    ),
                ),
                ("channel", models.CharField(max_length=16)),
                (
                    "terminal_user",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="Whose shell it was, for a decision at the terminal.",
                        max_length=150,
                    ),
                ),
                (
                    "reason_code",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="What was chosen from the list of reasons, for a cancellation.",
                        max_length=32,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("taken_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("outcome", models.CharField(default="PENDING", max_length=16)),
                (
                    "answered_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the order's workflow answered; a decision counts from its row on.",
                        null=True,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        models.F("taken_at"), condition=models.Q(("outcome", "PENDING")), name="decision_unanswered"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", True), ("outcome", "PENDING")),
                            models.Q(
                                ("outcome__in", ["ACCEPTED", "REPEATED", "TOO_LATE", "REFUSED"]),
                                ("answered_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="decision_has_a_time_just_when_answered",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["approve", "cancel"])), name="decision_kind_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reason_code__in",
                                [
                                    "",
                                    "CUSTOMER_REQUEST",
                                    "DUPLICATE_ORDER",
                                    "OTHER",
                                    "OUT_OF_STOCK",
                                    "SUSPECTED_FRAUD",
                                    "WRONG_ADDRESS",
                                    "WRONG_PRICE",
                                ],
                            )
                        ),
                        name="decision_reason_code_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("channel__in", ["TERMINAL", "TEMPORAL", "POLICY"]),
                            models.Q(("actor_account_id__isnull", False), ("channel__in", ["CONSOLE", "API"])),
                            _connector="OR",
                        ),
                        name="decision_in_the_console_or_by_api_names_an_account",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_own_order", False), ("outcome", "REFUSED"), ("reason__gt", ""), _connector="OR"
                        ),
                        name="decision_on_an_own_order_has_a_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        help_text="A repeated activity writes the same key, and so adds nothing.", max_length=150
                    ),
                ),
                ("kind", models.CharField(help_text="A code of orders.events.", max_length=40)),
                (
                    "data",
                    models.JSONField(
                        default=dict, help_text="The facts that orders.events names for the kind; never words."
                    ),
                ),
                (
                    "actor",
                    models.CharField(
                        blank=True, help_text="The person, or empty for the workflow itself.", max_length=150
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("order", "key"), name="order_event_happens_once")],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("sku", models.CharField(max_length=64, verbose_name="SKU")),
                ("description", models.CharField(max_length=200)),
                ("quantity", models.PositiveIntegerField()),
                ("unit_price", models.BigIntegerField(help_text="In the currency's minor unit.")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "position"), name="order_line_has_its_own_position"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)), name="order_line_quantity_is_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("unit_price__gte", 0)), name="order_line_price_is_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutboxMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=150, unique=True)),
                ("name", models.CharField(help_text="start, approve_order or cancel_order", max_length=32)),
                ("payload", models.JSONField()),
                ("status", models.CharField(default="PENDING", max_length=16)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("last_error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("next_attempt_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outbox_messages", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        models.F("order"),
                        models.F("id"),
                        condition=models.Q(("status", "PENDING")),
                        name="outbox_pending_by_order",
                    ),
                    models.Index(
                        models.F("next_attempt_at"),
                        models.F("id"),
                        condition=models.Q(("status", "PENDING")),
                        name="outbox_pending",
                    ),
                    models.Index(models.F("order"), condition=models.Q(("status", "REFUSED")), name="outbox_refused"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("payment_id"), descending=True),
                name="payment_newest",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="payment_amount_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["CHARGED", "REFUNDED"]), _negated=True),
                    ("gateway_reference__gt", ""),
                    _connector="OR",
                ),
                name="payment_that_moved_money_has_a_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("status", "NOTHING_DUE"), _negated=True), ("amount", 0), _connector="OR"),
                name="payment_with_nothing_due_is_of_nothing",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["PENDING", "CHARGED", "REFUNDED", "DECLINED", "NOTHING_DUE"])),
                name="payment_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["CHARGE", "REFUND"])), name="payment_attempt_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["UNKNOWN", "SUCCEEDED", "DECLINED", "FAILED"])),
                name="payment_attempt_outcome_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_amount_is_positive"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", True), ("status", "PENDING")),
                    models.Q(("status__in", ["SUCCEEDED", "CLOSED", "FAILED"]), ("finished_at__isnull", False)),
                    _connector="OR",
                ),
                name="refund_has_a_time_just_when_answered",
            ),
        ),
        migrations.AddConstraint(
            model_name="trouble",
            constraint=models.UniqueConstraint(fields=("order", "code"), name="order_has_each_trouble_once"),
        ),
    ]
