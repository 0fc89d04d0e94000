"""One turn at a time per conversation, in order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Held:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class ConversationLocks:
    """A fair lock per conversation; one that nobody holds or waits for is forgotten."""

    def __init__(self) -> None:
        """Know no conversation yet."""
        self._held: dict[str, _Held] = {}

    @asynccontextmanager
    async def hold(self, conversation_id: str) -> AsyncIterator[None]:
        """Wait for one's turn, and keep it until the `async with` block ends."""
        held = self._held.setdefault(conversation_id, _Held())
        held.users += 1
        try:
            async with held.lock:
                yield
        finally:
            held.users -= 1
            if not held.users:
                del self._held[conversation_id]

    def __len__(self) -> int:
        """How many conversations have a turn running or waiting."""
        return len(self._held)
