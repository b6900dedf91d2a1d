"""Decisions from outside may be refused, those at the terminal name the shell's user, orders the decision's channel."""

from django.db import migrations, models
from django.db.models import Q

CHANNELS = [
    ("CONSOLE", "Console"),
    ("API", "API"),
    ("TERMINAL", "Terminal"),
    ("TEMPORAL", "Temporal"),
    ("POLICY", "Policy"),
]
OUTCOMES = [
    ("PENDING", "Being checked"),
    ("ACCEPTED", "Accepted"),
    ("REPEATED", "Already decided"),
    ("TOO_LATE", "Too late"),
    ("REFUSED", "Not accepted"),
]

COPY_CHANNELS = """
UPDATE orders_order SET decision_channel = decision.channel FROM orders_decision AS decision
WHERE decision.decision_id = orders_order.decision_id AND decision.order_id = orders_order.id
"""


class Migration(migrations.Migration):
    """Adds the columns and widens the rules."""

    dependencies = [("orders", "0016_events_are_facts")]

    operations = [
        migrations.RemoveConstraint("decision", "decision_has_a_time_just_when_answered"),
        migrations.AddField(
            "decision",
            "terminal_user",
            models.CharField(
                blank=True,
                db_default="",
                help_text="Whose shell it was, for a decision at the terminal.",
                max_length=150,
            ),
        ),
        migrations.AddField(
            "order",
            "decision_channel",
            models.CharField(blank=True, choices=CHANNELS, db_default="", max_length=16),
        ),
        migrations.RunSQL(COPY_CHANNELS, migrations.RunSQL.noop),
        migrations.AlterField("decision", "channel", models.CharField(choices=CHANNELS, max_length=16)),
        migrations.AlterField(
            "decision", "outcome", models.CharField(choices=OUTCOMES, default="PENDING", max_length=16)
        ),
        migrations.AlterField(
            "orderevent", "kind", models.CharField(help_text="A code of orders.events.", max_length=40)
        ),
        migrations.AddConstraint(
            "decision",
            models.CheckConstraint(
                condition=Q(outcome="PENDING", answered_at__isnull=True)
                | (Q(outcome__in=["ACCEPTED", "REPEATED", "TOO_LATE", "REFUSED"]) & Q(answered_at__isnull=False)),
                name="decision_has_a_time_just_when_answered",
            ),
        ),
    ]
