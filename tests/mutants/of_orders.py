"""Guards of an order's way: its steps, money, pages and the way to Temporal."""

from typing import Final

from tests.mutants.trial import Mutant

OF_ORDERS: Final = (
    Mutant(
        "a run asks for its patches before its first step",
        "workers/workflows/patches.py",
        "return workflow.patched(FROM_THE_START) or workflow.patched(patch)",
        "return workflow.patched(patch)",
        ("tests/workers/test_replay.py",),
    ),
    Mutant(
        "the relay wakes when a kept message becomes due",
        "orders/engine/relay.py",
        "            return not stop.wait(pause)\n",
        "            return False\n",
        ("tests/orders/engine/test_relay.py",),
    ),
    Mutant(
        "a batch passes over orders that somebody holds",
        "orders/lifecycle/lookup.py",
        'LOCK_FREE: Final = " FOR UPDATE SKIP LOCKED"',
        'LOCK_FREE: Final = " FOR UPDATE"',
        ("tests/orders/lifecycle/test_lookup.py",),
    ),
    Mutant(
        "an API key is compared to its last character",
        "orders/shops/keys.py",
        "if key is None or not hmac.compare_digest(key.digest, _digest(text)):",
        "if key is None:",
        ("tests/orders/shops/test_keys.py",),
    ),
    Mutant(
        "an API key has a limit per minute",
        "orders/shops/keys.py",
        "if calls > key.limit_per_minute:",
        "if calls < 0:",
        ("tests/orders/shops/test_keys.py",),
    ),
    Mutant(
        "a cancellation heard while an order is completed asks the tables",
        "workers/workflows/order.py",
        "if end.may_be_completed and",
        "if False and",
        ("tests/workers/test_local_steps.py",),
    ),
    Mutant(
        "a step that fails locally becomes an activity",
        "workers/workflows/starting.py",
        "            if is_refusal(error):\n",
        "            if error:\n",
        ("tests/workers/test_local_steps.py",),
    ),
    Mutant(
        "a run keeps to the deadline that the row holds",
        "workers/workflows/order.py",
        "read_deadline(validated) or planned",
        "planned",
        ("tests/workers/test_local_steps.py",),
    ),
    Mutant(
        "PostgreSQL refuses to rewrite the history",
        "orders/migrations/0003_rules_of_history.py",
        'APPEND_ONLY = ("orders_orderevent", "simulated_gateway_movement")',
        "APPEND_ONLY = ()",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "PostgreSQL lets a status be passed only where the history tells of it",
        "orders/migrations/0024_written_at_once.py",
        "AND EXISTS (SELECT FROM orders_orderevent WHERE order_id = NEW.id AND kind = 'order.validated')",
        "",
        ("tests/orders/test_states.py",),
    ),
    Mutant(
        "PostgreSQL refuses to charge what nobody approved",
        "orders/migrations/0004_rules_of_orders.py",
        "missing := 'an approval';",
        "missing := NULL;",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "PostgreSQL refuses refunds above the charge",
        "orders/migrations/0005_rules_of_money.py",
        "given_back > charged.amount THEN",
        "given_back > 2 * charged.amount THEN",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "an answer that the order waits serves only while its row says so",
        "console/order/detail.py",
        "seconds if order.is_awaiting_decision else 0",
        "seconds if order.is_open else 0",
        ("tests/console/order/test_order_status.py",),
    ),
    Mutant(
        "nobody is served twice by what others have read",
        "console/shared.py",
        " and reader not in kept.served",
        "",
        ("tests/console/test_shared.py",),
    ),
    Mutant(
        "a row is kept with the list that one came from",
        "console/desk/row_html.py",
        "*(has_ticks, way_back_suffix, is_fragment),",
        '*(has_ticks, "", is_fragment),',
        ("tests/console/desk/test_row_html.py",),
    ),
    Mutant(
        "what a process remembers of a session is only a guess",
        "console/accounts/session_store.py",
        "if data.get(SESSION_KEY) == account_id:",
        "if data:",
        ("tests/console/accounts/test_session_store.py",),
    ),
    Mutant(
        "a deactivated account is signed out at once",
        "console/accounts/session_store.py",
        "if account is None or not account.is_active or",
        "if account is None or",
        ("tests/console/accounts/test_session_store.py",),
    ),
    Mutant(
        "a repeated charge asks the gateway first",
        "orders/payments/charge.py",
        "known = None if call.is_first else gateway.find(call.request, call.reference)",
        "known = None",
        ("tests/orders/payments/test_charge.py",),
    ),
    Mutant(
        "the gateway serves one call for a key at a time",
        "orders/payments/gateways/ledgers.py",
        'cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"gateway:{idempotency_key}"])',
        'cursor.execute("SELECT 1")',
        ("tests/orders/payments/test_gateways.py",),
    ),
    Mutant(
        "the order is looked at again after the parcel was packed",
        "orders/shipping/ship.py",
        """clean_line(find_warehouse().pack(told), LONGEST_REFERENCE)
    with transaction.atomic():
        order, (shipment,) = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED, SHIPMENT)""",
        """clean_line(find_warehouse().pack(told), LONGEST_REFERENCE)
    with transaction.atomic():
        order, (shipment,) = lock_order_and_ask(command.order_id, SHIPMENT)""",
        ("tests/orders/lifecycle/test_steps.py",),
    ),
    Mutant(
        "the warehouse packs for the address that the order has in the end",
        "orders/shipping/ship.py",
        "if order.shipping_address != told.address:",
        "if False:",
        ("tests/orders/shipping/test_address.py",),
    ),
    Mutant(
        "an address stays once the package is prepared",
        "orders/shipping/address.py",
        "if order.status not in CORRECTABLE or has_shipment:",
        "if False:",
        ("tests/orders/shipping/test_address.py",),
    ),
    Mutant(
        "who saw another address than the order has corrects nothing",
        "orders/shipping/address.py",
        "if seen and seen != digest_address(locked):",
        "if False:",
        ("tests/orders/shipping/test_address.py", "tests/console/shipping/test_order_address.py"),
    ),
    Mutant(
        "after an approval, nobody sends their own order elsewhere",
        "orders/permissions.py",
        "is_fit = actor.is_superuser or not is_own_order(actor, order)",
        "is_fit = True",
        ("tests/orders/shipping/test_address.py",),
    ),
    Mutant(
        "the order is looked at again after the carrier took the parcel",
        "orders/shipping/ship.py",
        """clean_line(carrier.book(describe_parcel(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order, _ = _lock_for_shipping(command.order_id, Status.DISPATCHED)""",
        """clean_line(carrier.book(describe_parcel(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order = lock_open_order(command.order_id)""",
        ("tests/orders/lifecycle/test_steps.py",),
    ),
    Mutant(
        "a used key makes no other order in silence",
        "orders/intake/submission.py",
        "if not asks_for(draft, order) or order_id not in",
        "if order_id not in",
        ("tests/orders/intake/test_idempotency.py",),
    ),
    Mutant(
        "a used key tells nothing to who may not know of its order",
        "orders/intake/submission.py",
        "if not permissions.may_know_of(actor, order):",
        "if False:",
        ("tests/orders/intake/test_idempotency.py",),
    ),
    Mutant(
        "calls fail at once for a moment after the server was found away",
        "orders/engine/temporal_client.py",
        "self._away_until = time.monotonic() + COOL_DOWN_SECONDS",
        "self._away_until = 0.0",
        ("tests/orders/engine/test_temporal_client.py",),
    ),
    Mutant(
        "the row is read again after the workflow was asked",
        "console/order/detail.py",
        "        order = glance_at(order_id, reader=request.user, is_fresh=True)"
        "  # it went on while the workflow was asked\n",
        "        pass\n",
        ("tests/console/order/test_order_status.py",),
    ),
    Mutant(
        "a run has an execution timeout",
        "orders/engine/temporal.py",
        "            execution_timeout=timedelta(seconds=settings.ORDER_WORKFLOW_TIMEOUT),\n",
        "",
        ("tests/orders/engine/test_temporal_client.py",),
    ),
    Mutant(
        "the shipping of a run that is closed from outside is cancelled, not terminated",
        "workers/workflows/starting.py",
        "                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,\n",
        "",
        ("tests/workers/test_shipping_workflow.py",),
    ),
    Mutant(
        "one process at a time reconciles",
        "orders/engine/reconcile.py",
        """            if lease is not None:
                reconcile_orders(walk, lease)""",
        """            reconcile_orders(walk, lease)""",
        ("tests/orders/engine/test_leases.py",),
    ),
    Mutant(
        "a message that failed waits before it is tried again",
        "orders/engine/outbox.py",
        """    else:
        message.next_attempt_at = database_now() + sending.back_off(message, failure)
""",
        "",
        ("tests/orders/engine/test_relay.py", "tests/orders/engine/test_outbox.py"),
    ),
    Mutant(
        "a message that failed waits longer each time",
        "orders/engine/sending.py",
        "seconds = min(2.0 ** min(message.attempts, 10), longest)",
        "seconds = 2.0",
        ("tests/orders/engine/test_relay.py",),
    ),
    Mutant(
        "the messages of one order go in their order",
        "orders/engine/outbox.py",
        "OutboxMessage.objects.filter(~Exists(earlier), status=OutboxMessage.Status.PENDING)",
        "OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING)",
        ("tests/orders/engine/test_outbox.py",),
    ),
    Mutant(
        "a message is sent by one process at a time",
        "orders/engine/outbox.py",
        'messages = _sendable().select_for_update(skip_locked=True, of=("self",)).filter(pk__in=pks)',
        "messages = _sendable().filter(pk__in=pks)",
        ("tests/orders/engine/test_outbox.py",),
    ),
    Mutant(
        "nothing is done to a final order",
        "orders/lifecycle/lookup.py",
        """    order = lock_order(order_id)
    check_is_open(order)
""",
        """    order = lock_order(order_id)
""",
        ("tests/workers/test_activities.py", "tests/orders/lifecycle/test_steps.py"),
    ),
    Mutant(
        "that the guard was busy is not remembered",
        "orders/engine/live_status.py",
        """                if live is not BUSY:
                    self._cache.pop(order_id, None)""",
        """                if True:
                    self._cache.pop(order_id, None)""",
        ("tests/orders/engine/test_live_status.py",),
    ),
    Mutant(
        "whoever decides about an order has its row to themselves",
        "orders/lifecycle/lookup.py",
        'LOCK: Final = " FOR UPDATE"',
        'LOCK: Final = ""',
        ("tests/orders/lifecycle/test_locks.py",),
    ),
    Mutant(
        "an order that costs nothing is not sent to the gateway",
        "orders/payments/charge.py",
        "    if order.is_free or payment.status == Payment.Status.CHARGED:",
        "    if payment.status == Payment.Status.CHARGED:",
        ("tests/orders/payments/test_free_orders.py",),
    ),
    Mutant(
        "no line of the log can be forged",
        "workers/logs.py",
        'handler.setFormatter(LineFormatter(LINE, style="{"))',
        'handler.setFormatter(logging.Formatter(LINE, style="{"))',
        ("tests/workers/test_worker_logs.py",),
    ),
    Mutant(
        "an event is written once, however often its step is repeated",
        "orders/lifecycle/history.py",
        "    ON CONFLICT (order_id, key) DO NOTHING\n",
        "",
        ("tests/orders/lifecycle/test_steps.py", "tests/orders/payments/test_charge.py"),
    ),
    Mutant(
        "the charge waits for the second approval",
        "orders/payments/charge.py",
        "if order.approvals_needed > 1 and not order.is_approved:",
        "if False:",
        ("tests/orders/policy/test_two_approvals.py",),
    ),
    Mutant(
        "a payment stays with the gateway that its row names",
        "orders/payments/gateways/registry.py",
        "    if name not in gateways:\n        raise GatewayMissing(name)\n    return gateways[name]",
        "    return gateways.get(name) or gateway_of_new_payments()",
        ("tests/orders/payments/test_registry.py",),
    ),
    Mutant(
        "a payment is written once",
        "orders/payments/charge.py",
        "    if payment is None:\n        # INSERT",
        "    if True:\n        # INSERT",
        ("tests/orders/payments/test_charge.py",),
    ),
    Mutant(
        "a late answer of the gateway does not bring a cancelled order back",
        "orders/payments/charge.py",
        "    if is_at_or_past(Status(order.status), Status.CANCELLING):\n        write_events",
        "    if False:\n        write_events",
        ("tests/orders/payments/test_charge.py", "tests/orders/payments/test_refund.py"),
    ),
    Mutant(
        "a refund leaves what other refunds gave back",
        "orders/payments/refund.py",
        "left = payment.amount - sum_of_refunds(payment)",
        "left = payment.amount",
        ("tests/orders/payments/test_refund_facts.py",),
    ),
    Mutant(
        "a charge is undone though its outcome is unknown",
        "workers/workflows/order.py",
        "        self._is_refund_due = True\n",
        "",
        ("tests/workers/test_order_workflow.py",),
    ),
    Mutant(
        "a cancellation wakes an order that waits",
        "workers/workflows/waiting.py",
        "lambda: self._decisions.is_taken or self._is_questioned,",
        "lambda: self._decisions.approval is not None or self._is_questioned,",
        ("tests/workers/test_order_workflow.py",),
    ),
    Mutant(
        "a cancellation ends the step that runs",
        "workers/workflows/order.py",
        "lambda: running.done() or self._decisions.cancellation is not None)",
        "lambda: running.done())",
        ("tests/workers/test_order_workflow.py",),
    ),
    Mutant(
        "after an outage all messages are due at once",
        "orders/engine/relay.py",
        "            outbox.wake_all()\n",
        "",
        ("tests/orders/engine/test_relay.py",),
    ),
    Mutant(
        "a decision that Temporal lost is sent again",
        "orders/engine/relay.py",
        "        outbox.send_unanswered_again()\n",
        "",
        ("tests/orders/engine/test_outbox.py", "tests/orders/engine/test_relay.py"),
    ),
)
