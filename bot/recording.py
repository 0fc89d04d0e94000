"""Step 8: the reply and its trace in one commit, refused if somebody took the conversation over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from bot.actions.base import ActionResult
from bot.announce import announce_message, announce_retract, announce_status
from bot.events import Events
from bot.forms.state import next_state, open_form
from bot.handoff import next_status, push_to
from bot.rephrasing import asked_again
from bot.replies import relay, trouble
from bot.timing import Stopwatch
from bot.types import Decision, DecisionKind, Draft, Reply, ShopFacts, Understanding
from bot.understand import NO_PREDICTION, choose_language
from bot.work import Work
from retrieval.types import Hit
from storage.conversations import Conversations
from storage.errors import ConflictError, EpochMovedError
from storage.privacy import mask
from storage.service import ServiceRequests, VerificationFailures
from storage.types import Message, NewReply, ReviewKind, Turn

_TRACED = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn came to, before it is stored."""

    understanding: Understanding
    hits: tuple[Hit, ...]
    decision: Decision
    draft: Draft
    bundle: str | None
    result: ActionResult | None = None


def broken(message: Message, turn: Turn, shop: ShopFacts, error: Exception) -> Outcome:
    """The outcome of a turn that failed on our side: said honestly, and looked at later."""
    language = choose_language(message.text, turn.conversation.language, shop.language)
    reason = f"error:{type(error).__name__}"
    decision = Decision(
        DecisionKind.NO_ANSWER,
        reason,
        offer_person=True,
        review=ReviewKind.NO_ANSWER,
        form=open_form(turn.conversation.state, message.created_at),
    )
    return Outcome(Understanding(language, NO_PREDICTION), (), decision, trouble(language), None)


def overtaken(turn: Turn, language: str) -> Outcome:
    """The outcome of a turn during which somebody else took the conversation."""
    decision = Decision(DecisionKind.RELAY, reason="epoch_moved")
    draft = relay(turn.conversation.status.value, language)
    return Outcome(Understanding(language, NO_PREDICTION), (), decision, draft, None)


class Recorder:
    """Stores outcomes and tells the listeners."""

    def __init__(self, work: Work, events: Events, shop: ShopFacts) -> None:
        """`shop` says which contacts masking keeps."""
        self._work = work
        self._events = events
        self._shop = shop

    async def record(
        self, message: Message, turn: Turn, outcome: Outcome, target: str | None, watch: Stopwatch
    ) -> Message:
        """The stored reply.

        If the epoch has moved, what was shown is withdrawn and the message is relayed instead; if
        another process has answered, its reply is the one.
        """
        while True:
            unit = partial(self._store, message, turn, outcome, target, watch.read())
            try:
                with watch.stage("record"):
                    stored = await self._work.run(unit)
            except EpochMovedError:
                announce_retract(self._events, message, turn.conversation.epoch)
                turn = await self._work.read(lambda s: Conversations(s).turn(message.id))
                outcome = overtaken(turn, outcome.draft.language)
            except ConflictError:
                turn = await self._work.read(lambda s: Conversations(s).turn(message.id))
                if turn.reply is None:
                    raise
                return turn.reply
            else:
                await self._announce(stored, turn, outcome)
                return stored

    def _store(
        self,
        message: Message,
        turn: Turn,
        outcome: Outcome,
        target: str | None,
        timings: dict[str, float],
        session: Session,
    ) -> Message:
        conversations, conversation = Conversations(session), turn.conversation
        reply = self._new_reply(turn, outcome, timings)
        outbox = (conversation.channel, target) if target else push_to(conversations, conversation)
        stored = conversations.record(
            message.id,
            reply,
            epoch=conversation.epoch,
            status=next_status(outcome.decision, conversation.status),
            state=next_state(conversation.state, outcome.decision, outcome.understanding.entities),
            language=reply.language,
            # There is nothing to push where a person will answer.
            outbox=outbox if reply.text else None,
            review=outcome.decision.review,
            asked_again=asked_again(outcome.understanding, turn.history),
        )
        self._store_effects(session, message, turn, outcome.result)
        return stored

    def _store_effects(
        self, session: Session, message: Message, turn: Turn, result: ActionResult | None
    ) -> None:
        """What the action leaves is stored with the reply that tells of it, or not at all."""
        if result is None:
            return
        if result.request is not None:
            requests = ServiceRequests(session)
            requests.add(message.conversation_id, message.id, result.request)
        if result.failed_order is not None:
            VerificationFailures(session).add(turn.conversation, result.failed_order)

    def _new_reply(self, turn: Turn, outcome: Outcome, timings: dict[str, float]) -> NewReply:
        decision, draft = outcome.decision, outcome.draft
        confidence = decision.confidence
        return NewReply(
            text=draft.text,
            masked_text=mask(draft.text, keep=self._shop.contacts),
            language=draft.language,
            decision=decision.kind.value,
            intent=decision.label,
            template_id=draft.template_id,
            template_revision=draft.template_revision,
            confidence=None if confidence is None else round(confidence, 6),
            citations=draft.citations,
            quick_replies=draft.quick_replies,
            bundle=outcome.bundle,
            trace=trace_of(turn, outcome, timings),
        )

    async def _announce(self, stored: Message, turn: Turn, outcome: Outcome) -> None:
        announce_message(self._events, stored)
        if next_status(outcome.decision, turn.conversation.status) is not None:
            conversation_id = stored.conversation_id
            now = await self._work.read(lambda s: Conversations(s).get(conversation_id))
            announce_status(self._events, now)


def trace_of(turn: Turn, outcome: Outcome, timings: dict[str, float]) -> dict[str, Any]:
    """Why the bot said what it said, for whoever looks later."""
    prediction = outcome.understanding.prediction
    return {
        "reason": outcome.decision.reason,
        "ranked": [[label, round(p, 6)] for label, p in prediction.ranked[:_TRACED]],
        "in_scope": round(prediction.in_scope, 6),
        "offered": list(outcome.decision.labels),
        "entities": [[each.kind, each.shown] for each in outcome.understanding.entities],
        "mood": outcome.understanding.mood,
        "asking": outcome.decision.form.asking if outcome.decision.form else None,
        "action": outcome.result.status.value if outcome.result else None,
        "hits": _traced(outcome.hits),
        "knowledge_revision": turn.knowledge_revision,
        "timings_ms": timings,
    }


def _traced(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    return [
        {"passage": hit.passage.id, "document": hit.passage.document, "score": round(hit.score, 6)}
        for hit in hits[:_TRACED]
    ]


def reply_from(stored: Message, timings: dict[str, float] | None = None) -> Reply:
    """A stored reply as channels get it; its own timings unless newer ones are given."""
    return Reply(
        reply=stored.text,
        language=stored.language or "",
        decision=DecisionKind(stored.decision or DecisionKind.RELAY),
        intent=stored.intent,
        confidence=stored.confidence,
        citations=stored.citations,
        quick_replies=stored.quick_replies,
        timings_ms=timings or dict(stored.trace.get("timings_ms", {})),
        bundle=stored.bundle,
        conversation=stored.conversation_id,
        message=stored.id,
        seq=stored.seq,
    )
