"""PostgreSQL keeps the rules of approvals: what an order needs is fixed, and nothing is charged without it."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION refuse_needs_from_the_start() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'how many approvals order % needs is said when it is validated, not before', NEW.order_id
        USING ERRCODE = 'check_violation';
END
$$;

CREATE FUNCTION refuse_other_needs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) <> ('VALIDATED', 'PENDING_MANUAL_APPROVAL') THEN
        RAISE EXCEPTION 'how many approvals order % needs was said when it was validated, and stays', OLD.order_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.approvals_needed <> 1 AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(NEW.policy -> 'rules') AS applied
            JOIN orders_policyrule ON orders_policyrule.id = (applied ->> 'id')::bigint
        WHERE (applied ->> 'decides')::boolean AND is_enabled
            AND orders_policyrule.approvals_needed = NEW.approvals_needed
    ) THEN
        RAISE EXCEPTION 'order % is said to need % approvals, and no rule of the policy says so',
            NEW.order_id, NEW.approvals_needed USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_approval_by_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind <> 'approve' OR NOT EXISTS (
        SELECT FROM orders_order WHERE id = NEW.order_id AND approvals_needed = 0
    ) THEN
        RAISE EXCEPTION 'decision % claims to be the policy''s, and the policy leaves the order to people',
            NEW.decision_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_approval_that_cannot_count() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked record;
    wrong text;
BEGIN
    SELECT order_id, approvals_needed, submitter_account_id INTO asked FROM orders_order WHERE id = NEW.order_id;
    IF asked.approvals_needed < 2 THEN
        RETURN NULL;
    END IF;
    IF NEW.channel NOT IN ('CONSOLE', 'API') OR NOT EXISTS (
        SELECT FROM auth_user WHERE id = NEW.actor_account_id AND username = NEW.actor AND is_active
    ) THEN
        wrong := 'is by no account of the console';
    ELSIF NEW.is_own_order OR NEW.actor_account_id = asked.submitter_account_id THEN
        wrong := 'is by whoever submitted it';
    ELSIF EXISTS (
        SELECT FROM orders_decision
        WHERE order_id = NEW.order_id AND kind = 'approve' AND actor_account_id = NEW.actor_account_id
            AND id <> NEW.id AND outcome IN ('PENDING', 'ACCEPTED', 'REPEATED')
    ) THEN
        wrong := 'is by an account that has approved it already';
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'order % needs % approvals, and approval % %',
            asked.order_id, asked.approvals_needed, NEW.decision_id, wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_charge_without_approvals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    given integer;
BEGIN
    IF NEW.approvals_needed < 2 AND jsonb_array_length(NEW.policy -> 'levels') = 0 THEN
        RETURN NULL;
    END IF;
    SELECT CASE WHEN NEW.approvals_needed < 2 THEN count(*) ELSE count(DISTINCT actor_account_id) END INTO given
    FROM orders_decision
    WHERE order_id = NEW.id AND kind = 'approve' AND outcome IN ('PENDING', 'ACCEPTED', 'REPEATED') AND (
        CASE WHEN NEW.approvals_needed < 2 THEN channel <> 'TEMPORAL'
        ELSE channel IN ('CONSOLE', 'API') AND NOT is_own_order
            AND actor_account_id IS DISTINCT FROM NEW.submitter_account_id END
    );
    IF given < NEW.approvals_needed THEN
        RAISE EXCEPTION 'order % cannot become CHARGING_PAYMENT with % of the % approvals that the policy asks for',
            NEW.order_id, given, NEW.approvals_needed USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION refuse_unknown_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An approval from before the order was validated counts no more when the policy asks for more than it.
    IF NEW.decision = '' AND OLD.decision = 'approve' AND NEW.policy IS NOT NULL
        AND (OLD.status, NEW.status) = ('VALIDATED', 'PENDING_MANUAL_APPROVAL')
    THEN
        RETURN NULL;
    END IF;
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
"""

# The triggers that compare a new status come after the row is written, as those of 0004_rules_of_orders do.
TRIGGERS = """
CREATE TRIGGER order_begins_without_a_policy AFTER INSERT ON orders_order
FOR EACH ROW WHEN (NEW.approvals_needed <> 1 OR NEW.approvals_given <> 0 OR NEW.policy IS NOT NULL)
EXECUTE FUNCTION refuse_needs_from_the_start();

CREATE TRIGGER order_keeps_what_the_policy_asked_for AFTER UPDATE OF approvals_needed, policy ON orders_order
FOR EACH ROW WHEN ((OLD.approvals_needed, OLD.policy) IS DISTINCT FROM (NEW.approvals_needed, NEW.policy))
EXECUTE FUNCTION refuse_other_needs();

CREATE TRIGGER order_is_charged_with_the_approvals_it_needs AFTER UPDATE OF status ON orders_order
FOR EACH ROW WHEN (
    OLD.status IS DISTINCT FROM NEW.status AND NEW.status = 'CHARGING_PAYMENT' AND NEW.policy IS NOT NULL
) EXECUTE FUNCTION refuse_charge_without_approvals();

CREATE TRIGGER policy_approves_only_what_it_leaves_to_nobody AFTER INSERT ON orders_decision
FOR EACH ROW WHEN (NEW.channel = 'POLICY') EXECUTE FUNCTION refuse_approval_by_policy();

CREATE TRIGGER where_two_approve_they_are_two_accounts AFTER INSERT ON orders_decision
FOR EACH ROW WHEN (NEW.kind = 'approve' AND NEW.outcome <> 'REFUSED')
EXECUTE FUNCTION refuse_approval_that_cannot_count();

CREATE TRIGGER orders_policychange_is_never_emptied BEFORE TRUNCATE ON orders_policychange
FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

CREATE TRIGGER orders_policychange_is_never_removed BEFORE DELETE ON orders_policychange
FOR EACH ROW EXECUTE FUNCTION refuse_removal();

CREATE TRIGGER orders_policychange_is_append_only BEFORE UPDATE ON orders_policychange
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();

CREATE TRIGGER orders_policychange_tells_of_now AFTER INSERT ON orders_policychange
FOR EACH ROW EXECUTE FUNCTION refuse_another_time('at');
"""

FORGET = """
DROP TRIGGER order_begins_without_a_policy ON orders_order;
DROP TRIGGER order_keeps_what_the_policy_asked_for ON orders_order;
DROP TRIGGER order_is_charged_with_the_approvals_it_needs ON orders_order;
DROP TRIGGER policy_approves_only_what_it_leaves_to_nobody ON orders_decision;
DROP TRIGGER where_two_approve_they_are_two_accounts ON orders_decision;
DROP TRIGGER orders_policychange_is_never_emptied ON orders_policychange;
DROP TRIGGER orders_policychange_is_never_removed ON orders_policychange;
DROP TRIGGER orders_policychange_is_append_only ON orders_policychange;
DROP TRIGGER orders_policychange_tells_of_now ON orders_policychange;
DROP FUNCTION refuse_needs_from_the_start, refuse_other_needs, refuse_approval_by_policy,
    refuse_approval_that_cannot_count, refuse_charge_without_approvals;
"""


class Migration(migrations.Migration):
    """Creates the triggers, each named as the sentence that it keeps true."""

    dependencies = [("orders", "0013_approval_policy")]

    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop), migrations.RunSQL(TRIGGERS, FORGET)]
