"""Running the action of a decision: limits before it, and what its result makes of the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.actions.base import ActionCall, ActionResult, Actions, ActionStatus
from bot.actions.ownership import order_key
from bot.forms.state import LOCKED, REFUSED, refusals
from bot.live import Models
from bot.logs import logger
from bot.types import Decision, DecisionKind, Form, FormState, Understanding
from bot.work import Work
from finetune.errors import ShopFolderError
from retrieval.types import Encoder
from storage.service import VerificationFailures
from storage.types import Failures, Message, Turn

WITHIN = timedelta(hours=24)
MOST_PER_CONVERSATION = 5
MOST_PER_CUSTOMER = 8
MOST_PER_ORDER = 8
"""Failed proofs of ownership in 24 hours; four digits are guessed at with 10,000 chances."""


class ActionRunner:
    """Runs actions for the pipeline."""

    def __init__(self, actions: Actions, work: Work) -> None:
        """`work` reads how often proofs have failed."""
        self._actions, self._work = actions, work
        self._logger = logger("actions")

    async def run(
        self,
        decision: Decision,
        message: Message,
        said: Understanding,
        turn: Turn,
        models: Models | None,
    ) -> tuple[Decision, ActionResult | None]:
        """The decision after its action, and what that came to; None if it has no action."""
        form = models.forms.get(decision.label or "") if models else None
        if decision.kind is not DecisionKind.ACTION or decision.form is None or form is None:
            return decision, None
        encoder = models.encoder if models else None
        result = await self._act(decision.form, form, message, said, turn, encoder)
        return after_action(decision, form, result), result

    async def _act(
        self,
        filled: FormState,
        form: Form,
        message: Message,
        said: Understanding,
        turn: Turn,
        encoder: Encoder | None,
    ) -> ActionResult:
        slots = filled.slots
        if "order" in slots and await self._tried_too_often(turn, order_key(slots)):
            return ActionResult(ActionStatus.LOCKED)
        budget = [each.value for each in said.entities if each.kind == "amount"]
        call = ActionCall(
            form.action, slots, said.language, message.id, said.text, said.at,
            budget[-1] if budget else None, encoder,
        )  # fmt: skip
        try:
            action = self._actions[form.action]
            result = await action.run(call)
        except ShopFolderError as error:
            self._logger.error("action_failed", action=form.action, reason=str(error))
            return ActionResult(ActionStatus.UNAVAILABLE)
        empty = dict.fromkeys(action.variables, "")
        return replace(result, values={**empty, **slots, **result.values})

    async def _tried_too_often(self, turn: Turn, key: str) -> bool:
        conversation = turn.conversation

        def count(session: Session) -> Failures:
            failures = VerificationFailures(session)
            return failures.count(conversation.customer_id, key, within=WITHIN)

        failed = await self._work.read(count)
        return (
            refusals(conversation.state) >= MOST_PER_CONVERSATION
            or failed.customer >= MOST_PER_CUSTOMER
            or failed.order >= MOST_PER_ORDER
        )


def after_action(decision: Decision, form: Form, result: ActionResult) -> Decision:
    """What the decision is once its action has ended."""
    if decision.form is None:
        return decision
    if result.status is ActionStatus.NOTHING:
        return replace(decision, kind=DecisionKind.TEMPLATE, form=None)
    if result.status is ActionStatus.UNAVAILABLE:
        return replace(decision, reason="unavailable", form=None, offer_person=True)
    if result.status is ActionStatus.LOCKED:
        return replace(
            decision, kind=DecisionKind.FORM, reason=LOCKED, form=None, offer_person=True
        )
    if result.status is ActionStatus.REFUSED:
        kept = {name: value for name, value in decision.form.slots.items()
                if name not in ("order", "phone_last4")}  # fmt: skip
        asking = replace(decision.form, slots=kept, asking=form.slots[0])
        return replace(decision, kind=DecisionKind.FORM, reason=REFUSED, form=asking)
    return decision
