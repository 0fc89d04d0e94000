"""Sending one delivery: its pieces, its buttons, and the draft that it grows out of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.methods import EditMessageText, SendMessage
from aiogram.types import InlineKeyboardMarkup, ReplyParameters
from sqlalchemy.orm import Session

from bot.telegram.drafts import NO_PREVIEW
from bot.telegram.failures import Later, Unknown, judge
from bot.telegram.filing import Enclosed, send_file
from bot.telegram.formatting import keyboard, pieces
from bot.telegram.pace import Pace
from bot.telegram.requests import Requests, is_same
from bot.telegram.targets import chat_id_of, is_in_group, message_id_of
from bot.types import DecisionKind
from storage.conversations import Conversations
from storage.drafts import Drafts
from storage.files import StoredFiles
from storage.outbox import Outbox
from storage.types import Delivery, Message, Role, ShownDraft


@dataclass(frozen=True, slots=True)
class Order:
    """A claimed delivery with all that sending it needs.

    `draft` is the beginning that the chat sees already; `replies_to` is the customer's own message
    in a group; `enclosed` the file that a person sends.
    """

    delivery: Delivery
    message: Message
    draft: ShownDraft | None = None
    replies_to: int | None = None
    enclosed: Enclosed | None = None


def prepare(delivery: Delivery, session: Session) -> Order | None:
    """Claim a delivery and read what belongs to it; None if it is not ours to send now."""
    if not Outbox(session).claim(delivery.id):
        return None
    conversations = Conversations(session)
    message = conversations.message(delivery.message_id)
    draft = None
    if message.decision != DecisionKind.RELAY.value:
        draft = Drafts(session).of_message(message.reply_to)
    replies_to = None
    if is_in_group(delivery.target) and message.reply_to is not None:
        replies_to = message_id_of(conversations.message(message.reply_to).external_id)
    return Order(delivery, message, draft, replies_to, _enclosed(message, session))


def _enclosed(message: Message, session: Session) -> Enclosed | None:
    if message.role is not Role.OPERATOR or message.external_id is None:
        return None
    found = StoredFiles(session).of_message(message.conversation_id, message.external_id)
    return None if found is None else Enclosed(*found)


class Sender:
    """Sends orders; what fails is raised for the outbox to judge."""

    def __init__(self, requests: Requests, pace: Pace) -> None:
        """Share the flood control with everybody else."""
        self._requests = requests
        self._pace = pace

    async def send(self, order: Order) -> list[str]:
        """Send the file or all pieces; gives their ids in the chat."""
        if order.enclosed is not None:
            chat_id = chat_id_of(order.delivery.target)
            return [await send_file(self._requests, chat_id, order.enclosed, order.message)]
        texts = pieces(order.message)
        references: list[str] = []
        for at, text in enumerate(texts):
            keys = keyboard(order.message) if at == len(texts) - 1 else None
            method = SendMessage(
                chat_id=chat_id_of(order.delivery.target),
                text=text,
                reply_markup=keys,
                link_preview_options=NO_PREVIEW,
                reply_parameters=_reply_parameters(order) if at == 0 else None,
            )
            draft = order.draft if at == 0 else None
            if draft is not None and await self._replace(draft, method, keys):
                references.append(draft.external_ref)
                continue
            references.append(await self._send_piece(order.delivery, method, begun=at > 0))
        return references

    def pause(self, delivery: Delivery, error: AiogramError, tries: int) -> float | None:
        """Seconds until the next try; None if there must be none."""
        verdict = judge(error)
        if not isinstance(verdict, Later):
            return None
        if verdict.bounded and tries >= self._pace.server_tries:
            return None
        if verdict.after is None:
            return self._pace.wait(tries)
        self._requests.flood.refused(chat_id_of(delivery.target), verdict.after)
        return verdict.after

    async def _replace(
        self, draft: ShownDraft, whole: SendMessage, keys: InlineKeyboardMarkup | None
    ) -> bool:
        """Make the draft the reply; False if it is gone, so that the reply is sent as a new one.

        An edit says the same however often it is made, so one of which nobody knows whether it
        took effect is made again.
        """
        method = EditMessageText(
            chat_id=whole.chat_id,
            message_id=int(draft.external_ref),
            text=whole.text,
            reply_markup=keys,
            link_preview_options=NO_PREVIEW,
        )
        for tries in range(1, self._pace.server_tries + 1):
            try:
                await self._requests.send(method, tries=1)
            except TelegramBadRequest as error:
                return is_same(error)
            except AiogramError as error:
                if not isinstance(judge(error), Unknown) or tries == self._pace.server_tries:
                    raise
                await asyncio.sleep(self._pace.wait(tries))
            else:
                return True
        return False

    async def _send_piece(self, delivery: Delivery, method: SendMessage, *, begun: bool) -> str:
        """Send one piece; once a reply is begun, its other pieces are waited for right here."""
        tries = 0
        while True:
            tries += 1
            try:
                sent = await self._requests.send(method, tries=1)
            except TelegramBadRequest:
                # The words are what counts: a keyboard that Telegram dislikes must not cost them.
                if method.reply_markup is None:
                    raise
                method = method.model_copy(update={"reply_markup": None})
            except AiogramError as error:
                pause = self.pause(delivery, error, tries) if begun else None
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return str(sent.message_id)


def _reply_parameters(order: Order) -> ReplyParameters | None:
    if order.replies_to is None:
        return None
    return ReplyParameters(message_id=order.replies_to, allow_sending_without_reply=True)
