"""Flood control: what Telegram asked us to wait, and the rate that keeps it from asking."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

REFUSED_CHATS = 3
"""As many chats that must wait at once mean that it is the bot as a whole which must."""


class Flood:
    """Pauses per chat and for everybody, and one queue for the rate of all messages together.

    Telegram allows about 30 messages a second over all chats, and answers a refused one with the
    pause in seconds, without saying whether the chat or the bot sent too much
    (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Let through at most `per_second` messages."""
        self._gap = 1.0 / per_second
        self._clock = clock
        self._until: dict[int, float] = {}
        self._next = 0.0

    def refused(self, chat_id: int, seconds: float) -> None:
        """Telegram asked to wait before this chat gets another message."""
        self._until[chat_id] = max(self._clock() + seconds, self._until.get(chat_id, 0.0))

    def pause(self, chat_id: int) -> float:
        """The seconds to wait before a request for this chat; 0 if it may go now."""
        now = self._clock()
        self._until = {chat: until for chat, until in self._until.items() if until > now}
        until = self._until.get(chat_id, now)
        if len(self._until) >= REFUSED_CHATS:
            until = max(until, min(self._until.values()))
        return until - now

    async def turn(self) -> None:
        """Return when the next message may be sent."""
        now = self._clock()
        mine = max(now, self._next)
        self._next = mine + self._gap
        if mine > now:
            await asyncio.sleep(mine - now)
