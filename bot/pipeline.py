"""The main path: one message in, one reply out, for every channel."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

from bot.actions.run import ActionRunner
from bot.announce import announce_message, announce_typing, draft_listener
from bot.errors import MessageTooLongError
from bot.events import Events
from bot.live import LiveModels, Models, read_turn
from bot.locks import ConversationLocks
from bot.logs import log_reply, logger
from bot.policy import NOTHING_LIVE, is_held, needs_search, policy_of, unless_unsupported
from bot.recording import Outcome, Recorder, broken, reply_from
from bot.replies import OnDraft, Thought, write
from bot.timing import Stopwatch
from bot.types import Incoming, Reply, ShopFacts
from bot.understand import understand
from bot.work import Compute, Work
from retrieval.types import Hit
from storage.conversations import Conversations
from storage.privacy import mask
from storage.types import Message, Received, Turn

SEARCHED = 10


class Pipeline:
    """Answers customers; `reply` is the one entry of every channel."""

    def __init__(
        self,
        work: Work,
        compute: Compute,
        live: LiveModels,
        events: Events,
        shop: ShopFacts,
        actions: ActionRunner,
        *,
        max_message_chars: int = 4000,
    ) -> None:
        """Share these with the rest of the process; only `bot/services.py` wires them."""
        self._work, self._compute, self._live, self._events = work, compute, live, events
        self._shop, self._actions = shop, actions
        self._decide = policy_of(shop)
        self._max_chars = max_message_chars
        self._recorder = Recorder(work, events, shop)
        self._arrivals, self._turns = ConversationLocks(), ConversationLocks()
        self._logger = logger("pipeline")

    async def reply(self, incoming: Incoming, *, on_draft: OnDraft | None = None) -> Reply:
        """Store the message, answer it once, and give the stored reply."""
        watch = Stopwatch()
        received = await self.receive(incoming, watch=watch)
        if received.reply is not None:
            return reply_from(received.reply)
        return await self.answer(
            received.message,
            payload=incoming.payload,
            target=incoming.target,
            on_draft=on_draft,
            watch=watch,
        )

    async def receive(self, incoming: Incoming, *, watch: Stopwatch | None = None) -> Received:
        """Step 1 alone: the message is accepted and committed when this returns."""
        if len(incoming.text) > self._max_chars:
            raise MessageTooLongError(len(incoming.text), self._max_chars)
        masked = mask(incoming.text, keep=self._shop.contacts)
        new = incoming.as_new(masked)
        with (watch or Stopwatch()).stage("receive"):  # 1 receive
            # Who arrives first is stored first, and queues for the turn first: nothing is awaited
            # between this lock and that one.
            async with self._arrivals.hold(incoming.conversation_id):
                received = await self._work.run(lambda s: Conversations(s).receive(new))
        if received.is_new:
            announce_message(self._events, received.message, epoch=received.epoch)
        return received

    async def answer(
        self,
        message: Message,
        *,
        payload: str | None = None,
        target: str | None = None,
        on_draft: OnDraft | None = None,
        watch: Stopwatch | None = None,
    ) -> Reply:
        """Steps 2 to 9 for a stored message; the reply it already has, if it has one."""
        watch = watch or Stopwatch()
        async with AsyncExitStack() as stack:
            with watch.stage("lock"):  # 2 lock
                await stack.enter_async_context(self._turns.hold(message.conversation_id))
            with watch.stage("turn"):
                turn, news = await self._work.read(partial(read_turn, message.id))
                if turn.reply is not None:
                    return reply_from(turn.reply)
                # 3 operator? what a person answers is relayed: no turn waits for models then
                held = is_held(turn)
                models = self._live.current if held else await self._live.refresh(news)
            if not held:
                announce_typing(self._events, message)
            show = draft_listener(self._events, message, turn.conversation.epoch, on_draft)
            try:
                outcome = await self.think(message, turn, models, payload, show, watch)
            except Exception as error:
                # What broke is told honestly; no customer is left without a reply.
                self._logger.exception("turn_failed", message=message.id)
                outcome = broken(message, turn, self._shop, error)
            stored = await self._recorder.record(message, turn, outcome, target, watch)  # 8 record
        reply = reply_from(stored, watch.read())
        log_reply(self._logger, reply)
        return reply  # 9 deliver: the row, or the outbox row beside it

    async def think(
        self,
        message: Message,
        turn: Turn,
        models: Models | None,
        payload: str | None,
        on_draft: OnDraft,
        watch: Stopwatch,
    ) -> Outcome:
        """Steps 4 to 7: what to say and why; nothing is stored."""
        limits = models.thresholds if models else NOTHING_LIVE
        templates = models.label_templates if models else {}
        forms = models.forms if models else {}
        handoffs = models.handoffs if models else ()
        with watch.stage("understand"):  # 4 understand
            guessing = None if is_held(turn) else models
            said = await understand(message, payload, turn, self._shop, guessing, self._compute)
        with watch.stage("search"):  # 5 search
            hits: list[Hit] = []
            if models and models.index and needs_search(said, turn, limits, templates, forms):
                search = partial(models.index.search, said.question, SEARCHED)
                hits = await self._compute.run(search)
        with watch.stage("decide"):  # 6 decide
            decision = self._decide(
                said, hits, turn, limits, templates, handoffs=handoffs, forms=forms
            )
        with watch.stage("write"):  # 7 write
            decision, result = await self._actions.run(decision, message, said, turn, models)
            thought = Thought(said, tuple(hits), decision, turn.history, result)
            draft = await write(thought, models, self._shop, on_draft)
        decision = unless_unsupported(decision, draft)
        bundle = models.bundle_id if models else None
        return Outcome(said, tuple(hits), decision, draft, bundle, result)
