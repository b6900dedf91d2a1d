"""What a unit of each line weighs. The trigger that keeps the lines of an order as they are keeps this column too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a column, which is empty in all lines until now, and the bounds that it has."""

    dependencies = [
        ("orders", "0051_steer_permission"),
    ]

    operations = [
        migrations.AddField(
            model_name="orderline",
            name="weight_grams",
            field=models.PositiveIntegerField(
                blank=True, help_text="Of one unit; empty where nobody knows.", null=True, verbose_name="weight (g)"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight_grams__gt", 0), ("weight_grams__lte", 1000000)),
                name="order_line_weight_is_up_to_a_tonne",
            ),
        ),
    ]
