"""The codes that columns may hold, with their labels."""

from django.utils.translation import pgettext_lazy

from orders import labels, states
from orders.causes import CAUSE_TEXTS
from orders.labels import batches, imports, notices, policy, reasons

STATUS_CHOICES = [(status.value, label) for status, label in labels.STATUS_LABELS.items()]

CAUSE_CHOICES = [(cause.value, text) for cause, text in CAUSE_TEXTS.items()]

REASON_CHOICES = [(code.value, label) for code, label in labels.REASON_LABELS.items()]

DECISION_REASON_CHOICES = [
    *((code.value, label) for code, label in reasons.DECISION_REASON_LABELS.items()),
    (states.WITHDRAWN, reasons.WITHDRAWN_LABEL),
]

REASON_KIND_CHOICES = [(kind.value, label) for kind, label in reasons.REASON_KIND_LABELS.items()]

OUTCOME_CHOICES = [(outcome.value, label) for outcome, label in labels.OUTCOME_LABELS.items()]

TROUBLE_CHOICES = [(code.value, label) for code, label in labels.TROUBLE_LABELS.items()]

CHANNEL_CHOICES = [(channel.value, label) for channel, label in labels.CHANNEL_LABELS.items()]

BATCH_STATE_CHOICES = [(state.value, label) for state, label in batches.BATCH_STATE_LABELS.items()]

BATCH_RESULT_CHOICES = [(result.value, label) for result, label in batches.BATCH_RESULT_LABELS.items()]

IMPORT_STATE_CHOICES = [(state.value, label) for state, label in imports.IMPORT_STATE_LABELS.items()]

IMPORT_RESULT_CHOICES = [(result.value, label) for result, label in imports.IMPORT_RESULT_LABELS.items()]

DECISION_CHOICES = [
    (states.DecisionKind.APPROVE.value, pgettext_lazy("decision", "Approve")),
    (states.DecisionKind.CANCEL.value, pgettext_lazy("decision", "Cancel")),
]

POLICY_SUBJECT_CHOICES = [(subject.value, label) for subject, label in policy.POLICY_SUBJECT_LABELS.items()]

POLICY_ACTION_CHOICES = [(action.value, label) for action, label in policy.POLICY_ACTION_LABELS.items()]

NOTICE_KIND_CHOICES = [(kind.value, label) for kind, label in notices.NOTICE_KIND_LABELS.items()]

CUSTOMER_MESSAGE_CHOICES = [(kind.value, label) for kind, label in notices.CUSTOMER_MESSAGE_LABELS.items()]

MAIL_STATE_CHOICES = [(state.value, label) for state, label in notices.MAIL_STATE_LABELS.items()]
