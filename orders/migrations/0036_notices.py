"""Creates notices, how people want to be told, e-mails, and the texts of what customers are told."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


TEXTS = {
    "CONFIRMATION": {
        "en": (
            "We have received your order $order",
            """Dear $customer,

Thank you for your order. This is what we have received:

$lines
Total: $total

We will ship it to:
$address

We check your order now and write to you again when it has been approved.""",
        ),
        "de": (
            "Wir haben Ihre Bestellung $order erhalten",
            """Guten Tag $customer,

vielen Dank für Ihre Bestellung. Das haben wir erhalten:

$lines
Summe: $total

Wir liefern an:
$address

Wir prüfen Ihre Bestellung jetzt und melden uns wieder, sobald sie freigegeben ist.""",
        ),
    },
    "APPROVED": {
        "en": (
            "Your order $order has been approved",
            """Dear $customer,

Your order $order for $total has been approved. We now charge your payment and prepare your parcel, and write to you again when it is on its way.""",
        ),
        "de": (
            "Ihre Bestellung $order ist freigegeben",
            """Guten Tag $customer,

Ihre Bestellung $order über $total ist freigegeben. Wir buchen nun die Zahlung ab und packen Ihr Paket. Sobald es unterwegs ist, melden wir uns wieder.""",
        ),
    },
    "SHIPPED": {
        "en": (
            "Your order $order is on its way",
            """Dear $customer,

Your order $order has been handed over to $carrier. Your tracking number is $tracking.

It goes to:
$address""",
        ),
        "de": (
            "Ihre Bestellung $order ist unterwegs",
            """Guten Tag $customer,

wir haben Ihre Bestellung $order an $carrier übergeben. Ihre Sendungsnummer ist $tracking.

Das Paket geht an:
$address""",
        ),
    },
    "CANCELLED": {
        "en": (
            "Your order $order has been cancelled",
            """Dear $customer,

Your order $order for $total has been cancelled. $reason

$refund""",
        ),
        "de": (
            "Ihre Bestellung $order wurde storniert",
            """Guten Tag $customer,

Ihre Bestellung $order über $total wurde storniert. $reason

$refund""",
        ),
    },
}


def write_texts(apps, schema_editor):
    """Write the texts, all of them switched off, and begin with what happens from now on."""
    message_model = apps.get_model("orders", "CustomerMessage")
    text_model = apps.get_model("orders", "CustomerText")
    for kind, texts in TEXTS.items():
        message = message_model.objects.create(kind=kind)
        for language, (subject, body) in texts.items():
            text_model.objects.create(message=message, language=language, subject=subject, body=body)
    newest = apps.get_model("orders", "FeedEntry").objects.order_by("-position").first()
    apps.get_model("orders", "NoticeMark").objects.create(id=1, position=newest.position if newest else 0)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("orders", "0032_reasons_for_cancelling"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(editable=False, max_length=16, unique=True)),
                ("is_enabled", models.BooleanField(default=False, verbose_name="send it to customers")),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="CustomerText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=2)),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Mail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "customer_message",
                    models.CharField(blank=True, help_text="What the customer is told.", max_length=16),
                ),
                ("state", models.CharField(default="PENDING", max_length=16)),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, help_text="How often the mail server put it off."),
                ),
                (
                    "recipient",
                    models.CharField(blank=True, help_text="The address that it was sent to.", max_length=254),
                ),
                ("subject", models.CharField(blank=True, max_length=250)),
                ("detail", models.TextField(blank=True, help_text="Why it was not sent.")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "claimed_at",
                    models.DateTimeField(blank=True, help_text="When somebody began to send it.", null=True),
                ),
            ],
            options={
                "verbose_name": "e-mail",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                (
                    "source",
                    models.CharField(help_text="Such as event-17; a person is told of it once.", max_length=100),
                ),
                ("data", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "read_at",
                    models.DateTimeField(blank=True, help_text="Also when it no longer needs anybody.", null=True),
                ),
                (
                    "mail_due_at",
                    models.DateTimeField(blank=True, help_text="When it is to be told by e-mail.", null=True),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="NoticeMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField(default=0, help_text="The place in the feed.")),
                (
                    "deadline_upto",
                    models.DateTimeField(help_text="Up to which deadline people were warned.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NoticeSettings",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="notice_settings",
                        serialize=False,
                        to="auth.user",
                    ),
                ),
                (
                    "ways",
                    models.JSONField(
                        default=dict, help_text="A way for each kind; what is usual for those that are missing."
                    ),
                ),
                ("time_zone", models.CharField(default="UTC", max_length=50)),
                (
                    "quiet_from",
                    models.TimeField(blank=True, help_text="No e-mail from then on, in the person's zone.", null=True),
                ),
                ("quiet_until", models.TimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "notice settings",
            },
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="body",
            field=models.CharField(db_default="EVENT", default="EVENT", max_length=8, verbose_name="what is sent"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                models.F("ended_at"), condition=models.Q(("ended_at__isnull", False)), name="batch_by_end"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("body__in", ["EVENT", "CHAT"])), name="webhook_endpoint_body_is_known"
            ),
        ),
        migrations.AddField(
            model_name="customertext",
            name="message",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="texts",
                to="orders.customermessage",
            ),
        ),
        migrations.AddField(
            model_name="mail",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="auth.user",
            ),
        ),
        migrations.AddField(
            model_name="mail",
            name="order",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mails",
                to="orders.order",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notices",
                to="auth.user",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="mail",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notices",
                to="orders.mail",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="order",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.order",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticesettings",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quiet_from__isnull", True), ("quiet_until__isnull", True)),
                    models.Q(("quiet_from__isnull", False), ("quiet_until__isnull", False)),
                    _connector="OR",
                ),
                name="quiet_hours_have_a_beginning_and_an_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="customertext",
            constraint=models.UniqueConstraint(
                fields=("message", "language"), name="customer_message_has_a_language_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="customertext",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["en", "de"])), name="customer_text_language_is_known"
            ),
        ),
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(models.F("due_at"), condition=models.Q(("state", "PENDING")), name="mail_due"),
        ),
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(
                models.F("claimed_at"), condition=models.Q(("state", "SENDING")), name="mail_being_sent"
            ),
        ),
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(
                models.F("account"), condition=models.Q(("account__isnull", False)), name="mail_of_account"
            ),
        ),
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(models.F("created_at"), condition=models.Q(("order__isnull", True)), name="mail_by_age"),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.UniqueConstraint(
                condition=models.Q(("order__isnull", False)),
                fields=("order", "customer_message"),
                name="customer_is_told_each_thing_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("customer_message", ""), ("order__isnull", True)),
                    models.Q(
                        ("account__isnull", True),
                        ("customer_message__in", ["CONFIRMATION", "APPROVED", "SHIPPED", "CANCELLED"]),
                        ("order__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="mail_is_for_a_person_or_a_customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["PENDING", "DROPPED"]), ("claimed_at__isnull", False), _connector="OR"
                ),
                name="mail_is_claimed_before_it_is_sent",
            ),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["PENDING", "SENDING", "SENT", "FAILED", "UNKNOWN", "DROPPED"])),
                name="mail_state_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                models.F("account"), models.OrderBy(models.F("id"), descending=True), name="notice_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                models.F("account"),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("read_at__isnull", True)),
                name="notice_unread",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                models.F("order"), condition=models.Q(("read_at__isnull", True)), name="notice_unread_of_order"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                models.F("account"),
                models.F("mail_due_at"),
                condition=models.Q(("mail_due_at__isnull", False)),
                name="notice_to_mail",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(models.F("mail"), condition=models.Q(("mail__isnull", False)), name="notice_of_mail"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(models.F("created_at"), name="notice_by_age"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("account", "kind", "source"), name="notice_is_made_once"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "NEEDS_APPROVAL",
                            "EXPIRING",
                            "ESCALATED",
                            "MENTIONED",
                            "BATCH_ENDED",
                            "REFUND_FAILED",
                            "WEBHOOK_PAUSED",
                        ],
                    )
                ),
                name="notice_kind_is_known",
            ),
        ),
        migrations.RunPython(write_texts, migrations.RunPython.noop),
    ]
