"""A conversation that takes steps 4 to 7 of the pipeline and is kept in memory alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.forms.state import next_state
from bot.handoff import next_status
from bot.recording import Outcome, trace_of
from bot.services import Services
from bot.timing import Stopwatch
from storage.privacy import mask
from storage.types import Conversation, ConversationStatus, Message, Role, Turn

_ID = "rehearsal"


class Rehearsal:
    """What a customer would get, message by message; nothing is stored or announced."""

    def __init__(self, services: Services) -> None:
        """Begin a new conversation."""
        self._services = services
        self._conversation = Conversation(
            _ID, _ID, 0, ConversationStatus.BOT, 0, None, {}, datetime.now(UTC)
        )
        self._history: tuple[Message, ...] = ()

    async def say(self, text: str, *, payload: str | None = None) -> Outcome:
        """The outcome of the customer's next message."""
        message = self._message(Role.CUSTOMER, text)
        turn = Turn(self._conversation, self._history, None, self._revision())
        models = self._services.live.current
        outcome = await self._services.pipeline.think(
            message, turn, models, payload, _unheard, Stopwatch()
        )
        self._remember(message, turn, outcome)
        return outcome

    def _revision(self) -> int:
        models = self._services.live.current
        return models.index.revision if models and models.index else 0

    def _message(self, role: Role, text: str) -> Message:
        number = len(self._history) + 1
        masked = mask(text, keep=self._services.shop.contacts)
        return Message(number, _ID, number, role, text, masked, None, datetime.now(UTC))

    def _remember(self, message: Message, turn: Turn, outcome: Outcome) -> None:
        self._history = (*self._history, message)
        decision, draft = outcome.decision, outcome.draft
        reply = replace(
            self._message(Role.BOT, draft.text),
            language=draft.language,
            reply_to=message.id,
            decision=decision.kind.value,
            intent=decision.label,
            template_id=draft.template_id,
            quick_replies=draft.quick_replies,
            trace=trace_of(turn, outcome, {}),
        )
        self._history = (*self._history, reply)
        status = next_status(decision, self._conversation.status)
        self._conversation = replace(
            self._conversation,
            language=draft.language,
            state=next_state(self._conversation.state, decision, outcome.understanding.entities),
            status=status or self._conversation.status,
        )


async def _unheard(text: str | None) -> None:
    del text
