"""Creates shops and API keys, and what an order has of its shop; its number there is found by search."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


# As in 0006, with the shop's own number among the codes.
FIND_BY = """
    UPDATE orders_order AS found SET search_lines = other.lines, search_codes = other.codes
    FROM (
        SELECT
            orders_order.id,
            concat_ws(E'\\n', line.skus, line.descriptions) AS lines,
            concat_ws(
                E'\\n', tracking_number, package_reference, gateway_reference,
                {number}line.skus
            ) AS codes
        FROM orders_order
        LEFT JOIN orders_shipment AS shipment ON shipment.order_id = orders_order.id
        LEFT JOIN orders_payment AS payment ON payment.order_id = orders_order.id
        LEFT JOIN LATERAL (
            SELECT string_agg(sku, E'\\n' ORDER BY position) AS skus,
                string_agg(description, E'\\n' ORDER BY position) AS descriptions
            FROM orders_orderline WHERE order_id = orders_order.id
        ) AS line ON true
        WHERE {which}
    ) AS other
    WHERE found.id = other.id AND (found.search_lines, found.search_codes) IS DISTINCT FROM (other.lines, other.codes);
"""
NUMBER = "nullif(shop_order_number, ''), "


def find_by(number: str) -> str:
    """Return the statements that replace both functions of 0006."""
    by_lines = FIND_BY.format(number=number, which="orders_order.id IN (SELECT order_id FROM changed)")
    by_row = FIND_BY.format(number=number, which="orders_order.id = NEW.order_id")
    return f"""
CREATE OR REPLACE FUNCTION find_orders_by_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {by_lines}
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION find_order_by_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {by_row}
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    """Creates the tables and columns, and replaces the functions of the search."""

    dependencies = [
        ("orders", "0008_index_without_updated_at"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Shop",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="metadata",
            field=models.JSONField(
                blank=True, db_default={}, default=dict, help_text="Names and texts that the shop keeps with the order."
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="payment_method",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="The gateway's reference to what the customer pays with.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="shop_order_number",
            field=models.CharField(
                blank=True, db_default="", help_text="The shop's own number of the order.", max_length=64
            ),
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="Which program uses it. It stands in the log beside each call.", max_length=100
                    ),
                ),
                (
                    "prefix",
                    models.CharField(editable=False, help_text="How the key begins.", max_length=16, unique=True),
                ),
                (
                    "digest",
                    models.CharField(editable=False, help_text="The SHA-256 of the whole key, in hex.", max_length=64),
                ),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), size=None),
                ),
                (
                    "limit_per_minute",
                    models.PositiveIntegerField(default=600, help_text="More calls than this are refused with 429."),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("created_by", models.CharField(editable=False, max_length=150)),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, help_text="Empty for a key that does not expire.", null=True),
                ),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "minute_began_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("calls_in_minute", models.PositiveIntegerField(db_default=0, editable=False)),
                (
                    "account",
                    models.ForeignKey(
                        help_text="The account that the key acts as. What it submits and decides bears this account's name.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_keys",
                        to="auth.User",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="api_keys", to="orders.shop"
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="shop",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The shop that submitted it through the API.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="orders",
                to="orders.shop",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("shop__isnull", False), ("shop_order_number__gt", "")),
                fields=("shop", "shop_order_number"),
                name="shop_order_number_is_used_once",
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(
                models.F("shop"), models.OrderBy(models.F("id"), descending=True), name="api_key_of_shop"
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scopes__contained_by", ["submit", "read", "decide", "refund"]), ("scopes__len__gt", 0)
                ),
                name="api_key_has_known_scopes",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit_per_minute__gt", 0)), name="api_key_allows_some_calls"
            ),
        ),
        migrations.RunSQL(find_by(NUMBER), find_by("")),
    ]
