"""Server-sent events: what happens in a conversation, and a reply as it is being written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from fastapi.sse import ServerSentEvent, format_sse_event
from sqlalchemy.orm import Session

from bot.types import Event, Incoming, Reply
from bot.web.schemas import MessageOut, StandingOut, as_json, message_out, reply_out
from bot.web.showing import shown, standing
from bot.web.state import Web
from bot.web.streams import CLOSING
from storage.conversations import Conversations
from storage.errors import KefuError, NotFoundError
from storage.queue import OperatorQueue
from storage.types import Role, Standing

BATCH = 200

WITHDRAWN = ""
"""Among the pieces of a reply: those before it are withdrawn."""

TO_CUSTOMERS = frozenset(("draft", "retract", "typing"))
TO_STAFF = TO_CUSTOMERS | {"customer_typing"}


@dataclass(slots=True)
class _Seen:
    """How far a listener is.

    `replied` is the id of the bot's last message that it heard; `found` is who answers, as it was
    read, and `shown` as it was told.
    """

    seq: int
    replied: int = 0
    found: Standing | None = None
    shown: StandingOut | None = None


async def conversation_events(
    web: Web, conversation_id: str, after: int, passed_on: Collection[str] = TO_CUSTOMERS
) -> AsyncIterator[ServerSentEvent]:
    """Everything after `after`: from the database first, then as it happens.

    Messages come in the order of their rows, each once. The bus brings the committed row itself
    where that is all there is to show and it is the next one; whatever else happens, here or in
    another process, is read.
    """
    seen = _Seen(after)
    with web.listen(conversation_id) as subscription:
        # Listening begins before reading, so that nothing falls between the two.
        async for news in _news(web, conversation_id, seen):
            yield news
        while not web.closing:
            event = await subscription.get()
            if event is None or event.kind == CLOSING:
                return
            try:
                async for news in _heard(web, conversation_id, event, seen, passed_on):
                    yield news
            except NotFoundError:
                return  # erased meanwhile: whoever comes back is told so


async def _heard(
    web: Web, conversation_id: str, event: Event, seen: _Seen, passed_on: Collection[str]
) -> AsyncIterator[ServerSentEvent]:
    """What a listener is told because of one event."""
    if event.kind in TO_STAFF:
        if event.kind in passed_on and not _is_stale(event, seen):
            yield _passed_on(event)
    elif event.message is not None and event.seq == seen.seq + 1:
        yield _message(message_out(event.message), seen)
    elif not _is_known(event, seen):
        async for news in _news(web, conversation_id, seen):
            yield news
    elif (changed := _standing(web, seen)) is not None:
        yield changed


async def _news(web: Web, conversation_id: str, seen: _Seen) -> AsyncIterator[ServerSentEvent]:
    more = True
    while more:
        after = seen.seq

        def read(session: Session, after: int = after) -> tuple[Standing, list[MessageOut]]:
            found = Conversations(session).messages_after(conversation_id, after, limit=BATCH)
            now = OperatorQueue(session).standing(conversation_id)
            return now, shown(session, conversation_id, found, epoch=now.epoch)

        seen.found, messages = await web.services.work.read(read)
        for message in messages:
            yield _message(message, seen)
        more = len(messages) == BATCH
        if (changed := _standing(web, seen)) is not None:
            yield changed


def _message(message: MessageOut, seen: _Seen) -> ServerSentEvent:
    seen.seq = message.seq
    if message.role is Role.BOT:
        seen.replied = message.message
    return ServerSentEvent(raw_data=as_json(message), event="message", id=str(message.seq))


def _standing(web: Web, seen: _Seen) -> ServerSentEvent | None:
    """Who answers now, if that is not what was told last."""
    now = None if seen.found is None else standing(web, seen.found)
    if now is None or now == seen.shown:
        return None
    seen.shown = now
    return ServerSentEvent(raw_data=as_json(now), event="status")


def _is_known(event: Event, seen: _Seen) -> bool:
    """Whether a listener that is so far has nothing to read because of this event."""
    if event.seq is not None:
        return event.seq <= seen.seq
    mark, found = event.mark, seen.found
    if mark is None or found is None or mark.line is not None:
        return False
    return mark.last_seq <= seen.seq and mark.epoch == found.epoch


def _is_stale(event: Event, seen: _Seen) -> bool:
    """Whether the beginning of a reply comes after the reply: rows may overtake the bus."""
    turn = event.data.get("turn")
    return isinstance(turn, int) and turn < seen.replied


def _passed_on(event: Event) -> ServerSentEvent:
    return ServerSentEvent(raw_data=as_json(event.data), event=event.kind)


async def streamed_reply(web: Web, incoming: Incoming) -> AsyncIterator[bytes]:
    """A turn as events: `draft` for each checked piece, then `message`, or `error`.

    A `retract` between them withdraws the pieces before it.

    Waits for the first of them, so that a turn that cannot even begin raises its error here,
    while the response can still have its status.
    """
    pieces: asyncio.Queue[str | None] = asyncio.Queue()
    turn = start_turn(web, incoming, pieces)
    first = await pieces.get()
    if first is None:
        await turn
    return _reply_events(turn, first, pieces)


async def _reply_events(
    turn: asyncio.Task[Reply], piece: str | None, pieces: asyncio.Queue[str | None]
) -> AsyncIterator[bytes]:
    while piece is not None:
        yield _bytes("retract", {}) if piece == WITHDRAWN else _bytes("draft", {"text": piece})
        piece = await pieces.get()
    try:
        yield _bytes("message", reply_out(await turn))
    except KefuError as error:
        yield _bytes("error", {"error": error.code, "detail": str(error)})


def start_turn(
    web: Web, incoming: Incoming, pieces: asyncio.Queue[str | None] | None = None
) -> asyncio.Task[Reply]:
    """Answer in the background; `pieces` gets what is shown already, and None at the end."""

    async def on_draft(piece: str | None) -> None:
        if pieces is not None:
            pieces.put_nowait(WITHDRAWN if piece is None else piece)

    async def turn() -> Reply:
        try:
            reply = await web.services.pipeline.reply(incoming, on_draft=on_draft)
            web.metrics.count_reply(reply)
            return reply
        finally:
            if pieces is not None:
                pieces.put_nowait(None)

    return web.start_turn(turn())


def _bytes(event: str, value: object) -> bytes:
    return format_sse_event(data_str=as_json(value), event=event)
