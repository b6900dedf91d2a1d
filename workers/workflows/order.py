"""OrderWorkflow decides when things happen to an order.

Whatever is decided about the order while a step runs, the step comes to an end first: a pending retry is given up at
once, a running attempt takes its five seconds at most. Only then is cleaned up.

Where the tables say something else about the order than its run does, the run fails at once and touches nothing more;
the reconciler then starts another one from what the tables say. A mistake in this code (an exception that is no
FailureError) stops a run until repaired code is deployed; it never fails an order.
"""

import asyncio
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

# `from workers import steps` would find the package, which is not passed through, and execute the module for each run.
with workflow.unsafe.imports_passed_through():
    import orders.contracts as contracts
    import workers.steps as steps
    from orders.causes import Cause
    from orders.contracts import CompleteOrder, Decision, OrderInput, StatusAnswer, WaitingFor
    from orders.states import DecisionKind, ReasonCode, Status
    from workers.decisions import Decisions, read_decision, tidy_decision
    from workers.failures import Explanation, explain_failure, find_reason, is_disagreement
    from workers.inputs import check_workflow_id, read_order_input
    from workers.workflows.ending import OrderEnds, describe_end, end_by_staff, end_of_earlier_run
    from workers.workflows.patches import LOCALLY_FIRST, has_patch
    from workers.workflows.place import Place
    from workers.workflows.starting import start_shipping, start_step, take_step
    from workers.workflows.waiting import Wait, has_succeeded, plan_deadline, read_deadline, wait_to_the_end

T = TypeVar("T")


@workflow.defn(name=contracts.ORDER_WORKFLOW)
class OrderWorkflow:
    """The life of one order, from its submission until it is completed or cancelled."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        self._order = OrderInput(workflow.info().workflow_id)
        self._wrong_input: ApplicationError | None = None
        # An exception here would fail the workflow task for ever, so that `run` raises it.
        try:
            self._order = read_order_input(arguments)
            check_workflow_id(self._order, workflow.info().workflow_id)
        except ApplicationError as error:
            self._wrong_input = error
        order = self._order
        self._payment_id = order.payment_id
        self._approval_seconds = contracts.APPROVAL_SECONDS
        self._end: OrderEnds | None = None
        # The outcome of a charge can be unknown, so from the first attempt on it is always undone.
        self._is_refund_due = order.is_compensation or order.is_refund_due
        self._decisions = Decisions()
        self._wait = Wait(order.order_id, self._decisions)
        self._place = Place(order, self._wait)
        if order.is_compensation:
            self._decisions.close()
        elif order.decision is not None:
            self._decide(DecisionKind.APPROVE, order.decision)

    @workflow.run
    async def run(self, *arguments: Any) -> StatusAnswer:
        """Lead the order, an OrderInput, to its final status and return the last status answer.

        A cancelled order is no failed run. The run fails only where it cannot lead: an input that cannot be meant, an
        order that is unknown or closed, or one of which the tables say something else than this run. A request to
        cancel the run is a decision to cancel the order, so that nothing is left half done.
        """
        if self._wrong_input is not None:
            raise self._wrong_input
        life = asyncio.create_task(self._live())
        while not life.done():
            try:
                await workflow.wait_condition(life.done)
            except asyncio.CancelledError:
                reason = workflow.cancellation_reason()
                if reason is None:
                    raise
                self._decide(DecisionKind.CANCEL, Decision(actor=contracts.CANCEL_REQUEST_ACTOR, reason=reason))
        await workflow.wait_condition(workflow.all_handlers_finished)
        await life
        self._place.set_attributes()
        return self.status()

    @workflow.signal(name=contracts.APPROVE_SIGNAL)
    def approve_order(self, *arguments: Any) -> None:
        """Approve the order, also before it waits for it. The argument is a Decision, or what read_decision takes."""
        self._decide(DecisionKind.APPROVE, read_decision(arguments))

    @workflow.signal(name=contracts.CANCEL_SIGNAL)
    def cancel_order(self, *arguments: Any) -> None:
        """Cancel the order: at once while it waits, after the present step while it is charged or shipped.

        It is too late once complete_order has begun, unless the tables knew of it before.
        """
        self._decide(DecisionKind.CANCEL, read_decision(arguments))

    @workflow.signal(name=contracts.EXTEND_SIGNAL)
    def extend_deadline(self, *arguments: Any) -> None:
        """Wait until the deadline that the tables hold; what the argument says, a DeadlineExtended, proves nothing."""
        self._wait.question()

    @workflow.query(name=contracts.STATUS_QUERY)
    def status(self) -> StatusAnswer:
        """Answer where the order is. While it waits for shipping the tables may know more than this run does."""
        return StatusAnswer(
            order_id=self._order.order_id,
            status=self._place.status,
            approved=self._decisions.is_approved,
            cancelled=self._end is not None or self._decisions.cancellation is not None,
            waiting_for=self._place.waiting_for,
            deadline=self._wait.deadline_text or None,
            last_decision=self._decisions.last,
            approvals=self._decisions.given,
            approvals_needed=self._decisions.needed,
            **describe_end(self._end),
        )

    def _tidy(self, decision: Decision) -> Decision:
        return tidy_decision(decision, decision_id=str(workflow.uuid4()), actor=contracts.UNNAMED_ACTOR)

    def _decide(self, kind: DecisionKind, decision: Decision) -> None:
        decision = self._tidy(decision)
        answer = self._decisions.take(kind, decision, at=workflow.now().isoformat())
        workflow.logger.info("%s by %s: %s", kind, decision.actor, answer.outcome)

    async def _live(self) -> None:
        try:
            await self._receive()
            await self._validate()
            self._place.move_to(Status.PENDING_MANUAL_APPROVAL, waiting_for=WaitingFor.APPROVAL)
            await self._wait_for_approval()
            while not await self._charge():
                await self._wait_for_approval()
            await self._ship()
            await self._complete()
        except OrderEnds as end:
            await self._cancel(end)

    async def _receive(self) -> None:
        order = self._order
        argument = contracts.ReceiveOrder(order.order_id, workflow.info().run_id)
        try:
            received = await take_step(steps.RECEIVE_ORDER, argument, wait=self._unless_cancelled)
        except ActivityError as error:
            if order.is_compensation or is_disagreement(error):
                raise
            raise OrderEnds(ReasonCode.INVALID, explain_failure(error)) from error
        self._payment_id = self._payment_id or received.payment_id
        self._approval_seconds = received.approval_seconds if order.approval_seconds is None else order.approval_seconds
        if order.is_compensation:
            raise end_of_earlier_run(order)

    async def _validate(self) -> None:
        planned = self._wait.deadline = plan_deadline(self._order, self._approval_seconds)
        argument = contracts.ValidateOrder(self._order.order_id, planned.isoformat())
        try:
            validated = await take_step(steps.VALIDATE_ORDER, argument, wait=self._unless_cancelled)
        except ActivityError as error:
            if is_disagreement(error):
                raise
            raise OrderEnds(find_reason(error), explain_failure(error)) from error
        self._decisions.require(validated, at=workflow.now().isoformat())
        self._wait.deadline = read_deadline(validated) or planned
        self._place.move_to(Status.VALIDATED, waiting_for=WaitingFor.APPROVAL)

    async def _wait_for_approval(self) -> None:
        before = self._place.set_attributes
        await self._wait.last(expire=self._expire, during=self._unless_cancelled, before=before)
        if self._decisions.cancellation is not None:
            raise end_by_staff(self._decisions.cancellation)

    async def _expire(self) -> None:
        """Cancel the order that nobody approved, unless the tables know of a decision, or of a later deadline."""
        self._place.waiting_for = WaitingFor.CANCELLATION
        self._place.set_attributes()
        self._decisions.begin_closing()
        code, passed = ReasonCode.APPROVAL_TIMEOUT, self._wait.deadline_text
        closing = contracts.ProcessCancellation(
            self._order.order_id, code, reason="", cause=Cause.NOT_APPROVED, deadline=passed
        )
        processed = await start_step(steps.PROCESS_CANCELLATION, closing)
        if processed.cancellation is not None:
            self._go_on_with(DecisionKind.CANCEL, processed.cancellation)
            raise end_by_staff(self._decisions.cancellation, is_processed=True)
        if processed.is_cancelled:
            raise OrderEnds(code, Explanation(Cause.NOT_APPROVED, ""), is_processed=True)
        if extended := read_deadline(processed):
            self._wait.deadline, self._place.waiting_for = extended, WaitingFor.APPROVAL
            self._decisions.go_on()
            return
        self._go_on_with(DecisionKind.APPROVE, processed.approval or Decision())

    def _go_on_with(self, kind: DecisionKind, decision: Decision) -> None:
        """Take the decision that the tables hold, and judge after it what arrived while they were asked."""
        self._decisions.reopen(kind, self._tidy(decision), at=workflow.now().isoformat())

    async def _charge(self) -> bool:
        """Charge the payment, and tell whether the approvals were enough; otherwise nothing was done."""
        was_refund_due = self._is_refund_due
        if self._decisions.is_approved:
            self._place.move_to(Status.CHARGING_PAYMENT, waiting_for=WaitingFor.PAYMENT)
        self._place.set_attributes()
        self._is_refund_due = True
        approval = self._decisions.approval or Decision()
        argument = contracts.ChargePayment(self._order.order_id, self._payment_id, approval)
        try:
            charged = await self._unless_cancelled(start_step(steps.CHARGE_PAYMENT, argument))
        except ActivityError as error:
            if is_disagreement(error):
                raise
            raise OrderEnds(ReasonCode.PAYMENT_DECLINED, explain_failure(error)) from error
        if charged.is_approval_refused:
            self._is_refund_due = was_refund_due
            self._decisions.refuse_approval(charged.counting, needed=charged.approvals_needed)
            self._place.set_to(Status.PENDING_MANUAL_APPROVAL, waiting_for=WaitingFor.APPROVAL)
            return False
        if self._place.status != Status.CHARGING_PAYMENT:  # the tables knew of more approvals than this run
            self._place.move_to(Status.CHARGING_PAYMENT, waiting_for=WaitingFor.PAYMENT)
        self._place.move_to(Status.PAID, waiting_for=WaitingFor.SHIPPING)
        return True

    async def _ship(self) -> None:
        self._place.set_attributes()
        shipping = await start_shipping(self._order.order_id, wait=self._unless_cancelled)
        try:
            await self._unless_cancelled(shipping, is_last=has_patch(LOCALLY_FIRST))
        except ChildWorkflowError as error:
            if is_disagreement(error):
                raise
            raise OrderEnds(ReasonCode.SHIPPING_FAILED, explain_failure(error)) from error
        self._place.move_to(Status.PACKAGE_PREPARED, waiting_for=WaitingFor.SHIPPING)
        self._place.move_to(Status.DISPATCHED, waiting_for=WaitingFor.COMPLETION)

    async def _complete(self) -> None:
        """Close the order, unless the tables know of a cancellation whose signal is on its way."""
        self._decisions.begin_closing()
        argument, before = CompleteOrder(self._order.order_id), self._place.set_attributes
        completed = await take_step(steps.COMPLETE_ORDER, argument, wait=wait_to_the_end, before=before)
        if not completed.is_completed:
            self._go_on_with(DecisionKind.CANCEL, completed.cancellation or Decision())
            raise end_by_staff(self._decisions.cancellation)
        self._decisions.close()
        self._place.move_to(Status.COMPLETED, waiting_for=None)

    async def _is_completed(self, end: OrderEnds) -> bool:
        """Tell whether the order was completed before its cancellation was heard; only the tables know."""
        argument = CompleteOrder(self._order.order_id, end.decision, end.cause)
        completed = await take_step(steps.COMPLETE_ORDER, argument, wait=wait_to_the_end)
        if completed.is_completed:
            self._end = None
            self._place.set_to(Status.COMPLETED, waiting_for=None)
            self._decisions.refuse_cancellation()
        return completed.is_completed

    async def _unless_cancelled(self, running: "asyncio.Task[T]", *, is_last: bool = False) -> T:
        """Wait for a step. Once somebody decides to cancel, end the step and the order's way instead.

        Where the step `is_last` and succeeds even so, the order may be completed.
        """
        await workflow.wait_condition(lambda: running.done() or self._decisions.cancellation is not None)
        if self._decisions.cancellation is None:
            return await running
        end = end_by_staff(self._decisions.cancellation)
        self._begin_cancelling(end)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        end.may_be_completed = is_last and has_succeeded(running)
        raise end

    def _begin_cancelling(self, end: OrderEnds) -> None:
        self._end = end
        self._decisions.close()
        self._place.move_to(Status.CANCELLING, waiting_for=self._place.waiting_for)

    async def _cancel(self, end: OrderEnds) -> None:
        """Give back the money, where any can have been taken, then close the order. Nothing stops this any more."""
        if self._end is None:
            self._begin_cancelling(end)
        order_id = self._order.order_id
        if end.may_be_completed and await self._is_completed(end):
            return
        if self._is_refund_due:
            self._place.waiting_for = WaitingFor.REFUND
            self._place.set_attributes()
            refund = contracts.RefundPayment(order_id, self._payment_id, end.code, end.reason, end.decision, end.cause)
            await start_step(steps.REFUND_PAYMENT, refund)
        if not end.is_processed:
            self._place.waiting_for = WaitingFor.CANCELLATION
            self._place.set_attributes()
            closing = contracts.ProcessCancellation(order_id, end.code, end.reason, end.decision, end.cause)
            await start_step(steps.PROCESS_CANCELLATION, closing)
        self._place.move_to(Status.CANCELLED, waiting_for=None)
