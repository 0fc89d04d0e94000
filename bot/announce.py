"""The events that listeners hear, one function per kind."""

from __future__ import annotations

from bot.events import Events
from bot.logs import logger
from bot.replies import OnDraft
from bot.types import Event
from storage.types import Conversation, Message, Role


def announce_message(events: Events, message: Message, *, epoch: int | None = None) -> None:
    """A message was committed; its row is the truth, the event says that it is there.

    `epoch` is the one that a customer's message was stored in. Files go to people only, and who
    wrote is told of people only: in the first epoch, and for what the bot says, the row is all
    there is to show, and goes with the event so that nobody has to read it again.
    """
    whole = message.role in (Role.BOT, Role.SYSTEM) or (
        message.role is Role.CUSTOMER and epoch == 0
    )
    data = {"message": message.id, "seq": message.seq, "role": message.role.value,
            "text": message.text, "reply_to": message.reply_to}  # fmt: skip
    row = message if whole else None
    events.publish(message.conversation_id, Event("message", data, message.seq, row))


def announce_status(events: Events, conversation: Conversation) -> None:
    """Who answers has changed, or may have."""
    data = {"status": conversation.status.value, "epoch": conversation.epoch}
    events.publish(conversation.id, Event("status", data))


def announce_typing(events: Events, message: Message) -> None:
    """The bot works on a reply to this message."""
    events.publish(message.conversation_id, Event("typing", {"turn": message.id}))


def announce_operator_typing(events: Events, conversation_id: str) -> None:
    """A person writes an answer."""
    events.publish(conversation_id, Event("typing", {"by": "operator"}))


def announce_customer_typing(events: Events, conversation_id: str) -> None:
    """The customer is writing; for staff alone."""
    events.publish(conversation_id, Event("customer_typing"))


def draft_listener(
    events: Events, message: Message, epoch: int, on_draft: OnDraft | None
) -> OnDraft:
    """Tells the listeners, and `on_draft`, each checked piece of the reply to this message.

    Who listens may break; that must not cost the customer the reply.
    """
    broken = False
    log = logger("pipeline")

    async def show(text: str | None) -> None:
        nonlocal broken
        if text is None:
            announce_retract(events, message, epoch)
        else:
            data = {"turn": message.id, "epoch": epoch, "text": text}
            events.publish(message.conversation_id, Event("draft", data))
        if on_draft is None or broken:
            return
        try:
            await on_draft(text)
        except Exception:
            broken = True
            log.exception("draft_not_shown", message=message.id)

    return show


def announce_retract(events: Events, message: Message, epoch: int) -> None:
    """The drafts of this turn are withdrawn: somebody else answers, or the reply begins anew."""
    events.publish(message.conversation_id, Event("retract", {"turn": message.id, "epoch": epoch}))
