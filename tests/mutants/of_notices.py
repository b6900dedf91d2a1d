"""Guards of what people and customers are told: each thing once, to those whom it concerns, at a time that suits."""

from typing import Final

from tests.mutants.trial import Mutant

MAKING: Final = ("tests/orders/notifications/test_making.py",)
SENDING: Final = ("tests/orders/notifications/test_sending.py",)
CUSTOMERS: Final = ("tests/orders/notifications/test_customers.py",)

OF_NOTICES: Final = (
    Mutant(
        "a notice that is there is not made again",
        "orders/notifications/making.py",
        "bulk_create(notices, ignore_conflicts=True)",
        "bulk_create(notices)",
        MAKING,
    ),
    Mutant(
        "the place in the feed is moved with the notices",
        "orders/notifications/making.py",
        '        mark.save(update_fields=["position"])\n',
        "",
        MAKING,
    ),
    Mutant(
        "a decided order needs nobody any more",
        "orders/notifications/making.py",
        "    open_notices.filter(order_id__in=over).update(read_at=Now(), mail_due_at=None)\n",
        "",
        MAKING,
    ),
    Mutant(
        "who mentions is not told of it",
        "orders/notifications/wanted.py",
        "        if each.username != event.actor\n",
        "",
        MAKING,
    ),
    Mutant(
        "only who may look at orders hears of a comment",
        "orders/notifications/people.py",
        "_list(_who_may(permissions.VIEW).filter(pk__in=account_ids)) if account_ids else []",
        "_list(User.objects.filter(pk__in=account_ids))",
        MAKING,
    ),
    Mutant(
        "notices of others do not exist",
        "orders/notifications/unread.py",
        "Notice.objects.filter(account_id=account_id).select_related",
        "Notice.objects.all().select_related",
        ("tests/console/notices/test_notices.py",),
    ),
    Mutant(
        "nobody reads the notices of others",
        "orders/notifications/unread.py",
        "Notice.objects.filter(account_id=account_id, pk=number)",
        "Notice.objects.filter(pk=number)",
        ("tests/console/notices/test_notices.py",),
    ),
    Mutant(
        "what came after the page was made stays unread",
        "orders/notifications/unread.py",
        "Notice.objects.filter(account_id=account_id, pk__lte=upto)",
        "Notice.objects.filter(account_id=account_id)",
        ("tests/console/notices/test_notices.py",),
    ),
    Mutant(
        "no e-mail comes in the quiet hours",
        "orders/notifications/choices.py",
        "        if not is_quiet:\n",
        "        if True:\n",
        ("tests/orders/notifications/test_choices.py",),
    ),
    Mutant(
        "an e-mail is claimed before it is sent",
        "orders/notifications/sending.py",
        "        Mail.objects.filter(pk=mail.pk).update(state=MailState.SENDING, claimed_at=Now())\n",
        "        Mail.objects.filter(pk=mail.pk).update(claimed_at=Now())\n",
        SENDING,
    ),
    Mutant(
        "an e-mail that may have been taken is not sent again",
        "orders/notifications/sending.py",
        '        _note(mail, MailState.UNKNOWN, f"{type(error).__name__}: {error}")\n',
        "        Mail.objects.filter(pk=mail.pk).update(state=MailState.PENDING, claimed_at=None)\n",
        SENDING,
    ),
    Mutant(
        "nothing is claimed while the mail server is away",
        "orders/notifications/sending.py",
        "    connection: Any = get_connection()\n    _open(connection)\n",
        "    connection: Any = get_connection()\n",
        SENDING,
    ),
    Mutant(
        "what was read in the meantime is not told by e-mail",
        "orders/notifications/mail_to_people.py",
        "list_notices(account.pk, is_unread=True)",
        "list_notices(account.pk)",
        SENDING,
    ),
    Mutant(
        "customers are told what is switched on",
        "orders/notifications/customers.py",
        "CustomerMessage.objects.filter(is_enabled=True)",
        "CustomerMessage.objects.all()",
        CUSTOMERS,
    ),
    Mutant(
        "customers are told each thing once",
        "orders/notifications/customers.py",
        "bulk_create(mails, ignore_conflicts=True)",
        "bulk_create(mails)",
        CUSTOMERS,
    ),
    Mutant(
        "a text for customers names nothing that is not known",
        "orders/notifications/customers.py",
        "    if unknown:\n",
        "    if False:\n",
        CUSTOMERS,
    ),
    Mutant(
        "a chat does not hear twice of what died during the call",
        "orders/webhooks/delivery.py",
        "        WebhookDelivery.objects.filter(pk__in=pks).update(status=WebhookDelivery.Status.FAILED)\n",
        "        pass\n",
        ("tests/orders/webhooks/test_chat.py",),
    ),
    Mutant(
        "nobody calls a whole channel of a chat",
        "orders/webhooks/chat.py",
        ".translate(_DISARMED)",
        "",
        ("tests/orders/webhooks/test_chat.py",),
    ),
    Mutant(
        "only administrators read the e-mails of others",
        "console/system/mail.py",
        "    if not actor.is_superuser:\n",
        "    if False:\n",
        ("tests/console/system/test_mail.py",),
    ),
)
