"""PostgreSQL keeps the rules of an order's life: where it begins, what may follow what, and what each status stands on."""

from django.db import migrations

# Which status may follow which; a test compares this copy with orders.states.
MOVES = (
    ("CREATED", "CANCELLING"),
    ("CREATED", "VALIDATED"),
    ("VALIDATED", "CANCELLING"),
    ("VALIDATED", "PENDING_MANUAL_APPROVAL"),
    ("PENDING_MANUAL_APPROVAL", "CANCELLING"),
    ("PENDING_MANUAL_APPROVAL", "CHARGING_PAYMENT"),
    ("CHARGING_PAYMENT", "CANCELLING"),
    ("CHARGING_PAYMENT", "PAID"),
    ("PAID", "CANCELLING"),
    ("PAID", "PACKAGE_PREPARED"),
    ("PACKAGE_PREPARED", "CANCELLING"),
    ("PACKAGE_PREPARED", "DISPATCHED"),
    ("DISPATCHED", "CANCELLING"),
    ("DISPATCHED", "COMPLETED"),
    ("CANCELLING", "CANCELLED"),
)
LEGAL_MOVES = ", ".join(f"('{current}', '{following}')" for current, following in MOVES)

FUNCTIONS = f"""
CREATE FUNCTION refuse_another_beginning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'order % has to begin as CREATED and undecided', NEW.order_id USING ERRCODE = 'check_violation';
END
$$;

CREATE FUNCTION refuse_wrong_total() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines numeric;
BEGIN
    SELECT coalesce(sum(quantity::numeric * unit_price), 0) INTO lines FROM orders_orderline WHERE order_id = NEW.id;
    IF lines <> NEW.total THEN
        RAISE EXCEPTION 'the total of order % is %, and its lines come to %', NEW.order_id, NEW.total, lines
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_change_of_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.order_id, NEW.payment_id, NEW.total, NEW.currency)
        IS DISTINCT FROM (OLD.order_id, OLD.payment_id, OLD.total, OLD.currency)
    THEN
        RAISE EXCEPTION 'ids, total and currency of order % never change', OLD.order_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.submitted_by, NEW.submitter_account_id, NEW.created_at, NEW.idempotency_key, NEW.contents_hash)
        IS DISTINCT FROM
        (OLD.submitted_by, OLD.submitter_account_id, OLD.created_at, OLD.idempotency_key, OLD.contents_hash)
    THEN
        RAISE EXCEPTION 'who submitted order %, when and by which key never change', OLD.order_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM orders_orderevent WHERE order_id = NEW.order_id) THEN
            RAISE EXCEPTION 'an order gets no more lines once it was submitted' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the lines of an order never change' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION refuse_unknown_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM orders_decision AS decision
        WHERE decision.order_id = NEW.id
            AND (decision.decision_id, decision.kind, decision.actor, decision.channel)
                = (NEW.decision_id, NEW.decision, NEW.decided_by, NEW.decision_channel)
    ) THEN
        RAISE EXCEPTION 'order % shows a decision that nobody took', NEW.order_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_illegal_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN ({LEGAL_MOVES}) THEN
        RAISE EXCEPTION 'an order that is % cannot become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_unfounded_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing text;
BEGIN
    CASE NEW.status
        WHEN 'CHARGING_PAYMENT' THEN
            IF NOT EXISTS (
                SELECT FROM orders_decision
                WHERE order_id = NEW.id AND kind = 'approve' AND outcome IN ('PENDING', 'ACCEPTED', 'REPEATED')
            ) THEN
                missing := 'an approval';
            END IF;
        WHEN 'PAID', 'COMPLETED' THEN
            IF NOT EXISTS (
                SELECT FROM orders_payment
                WHERE order_id = NEW.id AND status = CASE WHEN NEW.total = 0 THEN 'NOTHING_DUE' ELSE 'CHARGED' END
            ) THEN
                missing := 'a charged payment';
            END IF;
        WHEN 'PACKAGE_PREPARED' THEN
            IF NOT EXISTS (SELECT FROM orders_shipment WHERE order_id = NEW.id) THEN
                missing := 'a package';
            END IF;
        WHEN 'DISPATCHED' THEN
            IF NOT EXISTS (
                SELECT FROM orders_shipment WHERE order_id = NEW.id AND status = 'DISPATCHED' AND tracking_number <> ''
            ) THEN
                missing := 'a parcel that the carrier has';
            END IF;
        WHEN 'CANCELLED' THEN
            IF EXISTS (
                SELECT FROM orders_payment WHERE order_id = NEW.id AND status IN ('PENDING', 'CHARGED')
            ) THEN
                missing := 'its money back';
            END IF;
    END CASE;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'order % cannot become % without %', NEW.order_id, NEW.status, missing
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
"""

# The checks of a status come after the row is written: a trigger before it would have PostgreSQL compute the generated
# search column again with every change of a row. Triggers of one kind fire in the order of their names.
TRIGGERS = """
CREATE TRIGGER order_begins_created_and_undecided AFTER INSERT ON orders_order
FOR EACH ROW WHEN (NEW.status <> 'CREATED' OR NEW.decision <> '') EXECUTE FUNCTION refuse_another_beginning();

CREATE CONSTRAINT TRIGGER order_total_is_the_sum_of_its_lines AFTER INSERT ON orders_order
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_wrong_total();

CREATE TRIGGER order_stays_what_was_asked BEFORE UPDATE OF
    order_id, payment_id, total, currency, submitted_by, submitter_account_id, created_at, idempotency_key, contents_hash
ON orders_order FOR EACH ROW EXECUTE FUNCTION refuse_change_of_order();

CREATE TRIGGER order_keeps_its_lines BEFORE INSERT OR UPDATE ON orders_orderline
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_line();

CREATE TRIGGER order_shows_a_decision_that_was_taken
AFTER UPDATE OF decision, decision_id, decided_by, decision_channel ON orders_order FOR EACH ROW WHEN (
    (OLD.decision, OLD.decision_id, OLD.decided_by, OLD.decision_channel)
    IS DISTINCT FROM (NEW.decision, NEW.decision_id, NEW.decided_by, NEW.decision_channel)
) EXECUTE FUNCTION refuse_unknown_decision();

CREATE TRIGGER order_status_moves_legally AFTER UPDATE OF status ON orders_order
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION refuse_illegal_status();

CREATE TRIGGER order_status_stands_on_facts AFTER UPDATE OF status ON orders_order
FOR EACH ROW WHEN (
    OLD.status IS DISTINCT FROM NEW.status
    AND NEW.status IN ('CHARGING_PAYMENT', 'PAID', 'PACKAGE_PREPARED', 'DISPATCHED', 'COMPLETED', 'CANCELLED')
) EXECUTE FUNCTION refuse_unfounded_status();
"""

FORGET = """
DROP TRIGGER order_begins_created_and_undecided ON orders_order;
DROP TRIGGER order_total_is_the_sum_of_its_lines ON orders_order;
DROP TRIGGER order_stays_what_was_asked ON orders_order;
DROP TRIGGER order_keeps_its_lines ON orders_orderline;
DROP TRIGGER order_shows_a_decision_that_was_taken ON orders_order;
DROP TRIGGER order_status_moves_legally ON orders_order;
DROP TRIGGER order_status_stands_on_facts ON orders_order;
DROP FUNCTION refuse_another_beginning, refuse_wrong_total, refuse_change_of_order, refuse_change_of_line,
    refuse_unknown_decision, refuse_illegal_status, refuse_unfounded_status;
"""


class Migration(migrations.Migration):
    """Creates the triggers, each named as the sentence that it keeps true."""

    dependencies = [("orders", "0003_rules_of_history")]

    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop), migrations.RunSQL(TRIGGERS, FORGET)]
