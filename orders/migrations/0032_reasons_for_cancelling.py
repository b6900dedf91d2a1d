"""Reasons for cancelling come from the shop's own list: a decision keeps the words of its time.

PostgreSQL knows that a code is one of the list, or one of those that were there before there was a list, and keeps a
reason that something was decided for. An order is withdrawn by its own submitter alone, before anybody decides.
"""

from django.db import migrations, models

FIRST = (
    *("CUSTOMER_REQUEST", "DUPLICATE_ORDER", "SUSPECTED_FRAUD", "WRONG_PRICE", "OUT_OF_STOCK", "WRONG_ADDRESS"),
    "OTHER",
)
FIRST_LIST = ", ".join(f"'{code}'" for code in FIRST)

RULES = f"""
CREATE FUNCTION refuse_unknown_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reason_code = 'WITHDRAWN' THEN
        IF NEW.kind <> 'cancel' OR NOT EXISTS (
            SELECT FROM orders_order WHERE id = NEW.order_id AND submitter_account_id = NEW.actor_account_id
        ) THEN
            RAISE EXCEPTION 'decision % withdraws an order that another account submitted', NEW.decision_id
                USING ERRCODE = 'check_violation';
        END IF;
        IF EXISTS (
            SELECT FROM orders_decision WHERE order_id = NEW.order_id AND id < NEW.id AND outcome <> 'REFUSED'
        ) THEN
            RAISE EXCEPTION 'decision % withdraws an order that was decided before', NEW.decision_id
                USING ERRCODE = 'check_violation';
        END IF;
    ELSIF NOT EXISTS (SELECT FROM orders_reason WHERE kind = 'CANCEL' AND code = NEW.reason_code) THEN
        RAISE EXCEPTION 'decision % names a reason that is not in the list: %', NEW.decision_id, NEW.reason_code
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_removal_of_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM orders_decision WHERE reason_code = OLD.code AND reason_code > '') THEN
        RAISE EXCEPTION 'orders were cancelled for the reason %, so it is taken off the list and not removed', OLD.code
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER decision_names_a_reason_of_the_list AFTER INSERT ON orders_decision
FOR EACH ROW WHEN (NEW.reason_code <> '' AND NEW.reason_code NOT IN ({FIRST_LIST}))
EXECUTE FUNCTION refuse_unknown_reason();

CREATE TRIGGER reason_stays_while_a_decision_names_it BEFORE DELETE ON orders_reason
FOR EACH ROW WHEN (OLD.kind = 'CANCEL') EXECUTE FUNCTION refuse_removal_of_reason();
"""

FORGET = """
DROP TRIGGER decision_names_a_reason_of_the_list ON orders_decision;
DROP TRIGGER reason_stays_while_a_decision_names_it ON orders_reason;
DROP FUNCTION refuse_unknown_reason, refuse_removal_of_reason;
"""

WORDS = "What the shop's list had for the code at the time."


def words_of(model_name: str, name: str) -> migrations.AddField:
    """Return the operation that adds the words of a reason to a table."""
    column = models.CharField(blank=True, db_default="", help_text=WORDS, max_length=100)
    return migrations.AddField(model_name=model_name, name=name, field=column)


class Migration(migrations.Migration):
    """Adds the columns, and another form of the rule."""

    dependencies = [("orders", "0029_authorisations")]

    operations = [
        words_of("decision", "reason_words"),
        words_of("order", "decision_reason_words"),
        words_of("batch", "reason_words"),
        migrations.AddField(
            model_name="decision",
            name="customer_text",
            field=models.TextField(
                blank=True, db_default="", help_text="What the customer is to be told about a cancellation."
            ),
        ),
        migrations.AddField(
            model_name="reason",
            name="customer_text",
            field=models.TextField(
                blank=True,
                db_default="",
                help_text=(
                    "What the form for cancelling proposes to tell the customer. {customer}, {order} and {total} stand "
                    "for the customer's name, the order's number and its total. Only for cancelling."
                ),
                max_length=500,
                verbose_name="text for the customer",
            ),
        ),
        migrations.RemoveConstraint(model_name="decision", name="decision_reason_code_is_known"),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reason_code", ""), ("reason_code__regex", "^[A-Z][A-Z0-9_]{1,31}$"), _connector="OR"
                ),
                name="decision_reason_code_is_in_capitals",
            ),
        ),
        migrations.AddConstraint(
            model_name="reason",
            constraint=models.CheckConstraint(
                condition=models.Q(("code", "WITHDRAWN"), _negated=True),
                name="reason_is_not_that_of_withdrawing",
                violation_error_message="WITHDRAWN is kept for orders that their submitter withdraws.",
            ),
        ),
        migrations.RunSQL(RULES, FORGET),
    ]
