"""A language model behind any OpenAI-compatible server: vLLM, SGLang, a cloud."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from bot.errors import GeneratorUnavailableError
from bot.generator.base import ChatMessage
from bot.work import Work
from storage.usage import GeneratorUsage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# How long until a server that cannot be reached is given up, and until a failure before the first
# word is tried once more.
CONNECT_SECONDS = 1.5
RETRY_SECONDS = 0.2
TRIES = 2

# Without a count from the server: a token is seldom more than four bytes of text, seldom less than
# two.
_BYTES_PER_TOKEN = 3


@dataclass(frozen=True, slots=True)
class Server:
    """Which model of which server; `tokens_per_day` bounds what may be spent in a UTC day."""

    url: str
    model: str
    key: SecretStr | None = None
    tokens_per_day: int | None = None
    read_seconds: float = 10.0


class OpenAIModel:
    """Streams from a server. The key goes to the server alone: no error or log repeats it."""

    def __init__(self, server: Server, work: Work | None) -> None:
        """`work` keeps what was spent in the database, so a restart does not forget it.

        Without it only `models` can be asked.
        """
        self._server, self._work = server, work
        self._client: AsyncOpenAI | None = None

    async def start(self) -> None:
        """Make the client; nothing is sent before the first reply."""
        self._client = await asyncio.to_thread(_client, self._server)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def stream(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> AsyncGenerator[str, None]:
        """The reply as it comes; a failure before its first word is tried once more."""
        booked = await self._book(messages, max_tokens)
        meter = _Meter(messages)
        try:
            for tried in range(TRIES):
                try:
                    async with aclosing(self._once(messages, max_tokens, meter)) as texts:
                        async for text in texts:
                            yield text
                    return
                except Exception as error:  # noqa: BLE001 (told in one line)
                    # Whatever the client or the server did: the reply ends here, the turn does not.
                    if meter.began or tried + 1 == TRIES or not _may_pass(error):
                        raise GeneratorUnavailableError(_told(error)) from None
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            await asyncio.shield(self._correct(booked, meter.tokens))

    async def models(self) -> list[str]:
        """The names of the server's models; raises `GeneratorUnavailableError`."""
        try:
            return [each.id async for each in self._connected().models.list()]
        except Exception as error:  # noqa: BLE001 (told in one line)
            raise GeneratorUnavailableError(_told(error)) from None

    async def _once(
        self, messages: Sequence[ChatMessage], max_tokens: int, meter: _Meter
    ) -> AsyncGenerator[str, None]:
        asked: Any = [{"role": each.role, "content": each.content} for each in messages]
        chunks = await self._connected().chat.completions.create(
            model=self._server.model,
            messages=asked,
            max_tokens=max_tokens,
            temperature=0.0,
            stream=True,
            stream_options={"include_usage": True},
        )
        finished = False
        async with chunks:
            async for chunk in chunks:
                if chunk.usage is not None:
                    meter.exact = chunk.usage.total_tokens
                for choice in (chunk.choices or ())[:1]:
                    finished = finished or choice.finish_reason is not None
                    if text := choice.delta.content:
                        meter.add(text)
                        yield text
        if not finished:
            raise GeneratorUnavailableError("the server broke off in the middle of a reply")

    def _connected(self) -> AsyncOpenAI:
        if self._client is None:
            raise GeneratorUnavailableError("the client is not started")
        return self._client

    @property
    def _booking(self) -> Work:
        if self._work is None:
            raise GeneratorUnavailableError("nothing counts what is spent")
        return self._work

    async def _book(self, messages: Sequence[ChatMessage], max_tokens: int) -> tuple[date, int]:
        """Book the most that a reply can cost; what it does not use is given back."""
        cost = _Meter(messages).tokens + max_tokens
        limit = self._server.tokens_per_day
        day = datetime.now(UTC).date()
        if not await self._booking.run(lambda s: GeneratorUsage(s).book(day, cost, limit)):
            raise GeneratorUnavailableError(f"the day's budget of {limit} tokens is spent")
        return day, cost

    async def _correct(self, booked: tuple[date, int], tokens: int) -> None:
        day, cost = booked
        await self._booking.run(lambda s: GeneratorUsage(s).correct(day, tokens - cost))


class _Meter:
    """Counts the tokens of one reply: exactly where the server says them, else by its bytes."""

    def __init__(self, messages: Sequence[ChatMessage]) -> None:
        self._bytes = sum(len(each.content.encode()) for each in messages)
        self.began = False
        self.exact: int | None = None

    def add(self, text: str) -> None:
        self.began = True
        self._bytes += len(text.encode())

    @property
    def tokens(self) -> int:
        return self._bytes // _BYTES_PER_TOKEN if self.exact is None else self.exact


def _client(server: Server) -> AsyncOpenAI:
    # Takes a second to import, and only those who use it pay for that.
    from openai import AsyncOpenAI, Timeout

    return AsyncOpenAI(
        base_url=server.url,
        api_key=server.key.get_secret_value() if server.key else "none",
        timeout=Timeout(server.read_seconds, connect=CONNECT_SECONDS),
        max_retries=0,
    )


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed a moment later."""
    status = getattr(error, "status_code", None)
    return not isinstance(status, int) or status in (408, 429) or status >= 500


def _told(error: Exception) -> str:
    """What happened, without what the server said: that can repeat the key or the question."""
    if isinstance(error, GeneratorUnavailableError):
        return str(error)
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__}{f' {status}' if isinstance(status, int) else ''}"
