"""A local chat model in a process of its own: bounded, restarted when it dies."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.errors import GeneratorUnavailableError
from bot.generator.base import ChatMessage
from bot.logs import logger

_CHECKOUT = Path(__file__).resolve().parents[2]
_LINE_BYTES = 1_000_000
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Which model and how much of it.

    `at_once` bounds the replies in work and in line; whoever comes then gets the extract.
    `cache_tokens` is the attention cache on a CPU; on a GPU it takes what memory is free. A dead
    process is started again after `first_wait` seconds, twice as long after each further death in
    a row, `longest_wait` at most. Where another adapter comes, replies in work may take
    `drain_seconds` more.
    """

    model: str
    device: str = "auto"
    at_once: int = 64
    cache_tokens: int = 16_384
    first_wait: float = 1.0
    longest_wait: float = 60.0
    drain_seconds: float = 30.0


class LocalModel:
    """Streams from a worker process (`bot/generator/worker.py`), which many replies share."""

    def __init__(self, settings: LocalSettings) -> None:
        """Nothing runs before `start`."""
        self._settings = settings
        self._process: Process | None = None
        self._replies: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._names = map(str, itertools.count())
        self._ready = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._adapter: Path | None = None
        self._change: asyncio.Task[None] | None = None
        self._changes = False
        self._log = logger("generator")
        self.problem = "the model is still loading"
        self.tokens = 0
        """How many tokens were written in replies that came to their end."""

    @property
    def in_work(self) -> int:
        """How many replies are in work or in line."""
        return len(self._replies)

    @property
    def pid(self) -> int | None:
        """The worker's process id."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the worker and keep one running; the model loads in the background."""
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """End the worker."""
        for task in (self._change, self._keeper):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def use(self, adapter: Path | None) -> None:
        """Write with the adapter of this folder from now on; with None as the model came.

        Returns at once. A worker that runs finishes its replies, `drain_seconds` at most, and
        another one takes its place; until that has loaded, the extract answers.
        """
        if adapter == self._adapter:
            return
        self._adapter = adapter
        if self._keeper is not None:
            if self._change is not None:
                self._change.cancel()
            self._change = asyncio.create_task(self._replace_worker())

    async def _replace_worker(self) -> None:
        self.problem = "another adapter is being loaded"
        self._ready.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_seconds):
                while self._replies:
                    await asyncio.sleep(_LOOK_SECONDS)
        self._changes = True
        if self._process is not None:
            await _end(self._process)

    async def wait_ready(self) -> None:
        """Return once a model is loaded."""
        await self._ready.wait()

    async def stream(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> AsyncGenerator[str, None]:
        """The reply as the worker writes it; closing the iterator frees its place."""
        if not self._ready.is_set():
            raise GeneratorUnavailableError(self.problem)
        if len(self._replies) >= self._settings.at_once:
            raise GeneratorUnavailableError(f"{self._settings.at_once} replies are in work")
        name, said = next(self._names), asyncio.Queue[dict[str, Any]]()
        self._replies[name] = said
        finished = False
        try:
            asked = [asdict(each) for each in messages]
            self._send({"start": name, "messages": asked, "max_tokens": max_tokens})
            while not finished:
                event = await said.get()
                if text := event.get("text"):
                    yield text
                finished = "done" in event or "failed" in event
                self.tokens += event.get("tokens", 0)
                if "failed" in event:
                    raise GeneratorUnavailableError(event["failed"])
        finally:
            del self._replies[name]
            if not finished:
                self._send({"cancel": name})

    def _send(self, command: dict[str, object]) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(json.dumps(command).encode() + b"\n")

    async def _keep(self) -> None:
        """Run one worker after the other; the waits grow while they die young."""
        wait = self._settings.first_wait
        while True:
            served = await self._serve()
            if self._changes:
                self._changes = False
                continue
            wait = self._settings.first_wait if served else wait
            self._log.error("worker_ended", reason=self.problem, again_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._settings.longest_wait)

    async def _serve(self) -> bool:
        """One worker's life; whether it ever was ready."""
        self.problem = "the model is still loading"
        settings = self._settings
        # A folder is found from here; the worker runs our own code wherever it is started.
        model = str(Path(settings.model).resolve()) if Path(settings.model).exists() else None
        adapter = "" if self._adapter is None else str(self._adapter.resolve())
        arguments = (
            model or settings.model, settings.device, str(settings.cache_tokens), adapter,
        )  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.generator.worker", *arguments,
            stdin=PIPE, stdout=PIPE, limit=_LINE_BYTES, cwd=_CHECKOUT,
            start_new_session=True,  # Ctrl-C is for the server, which then ends its worker
        )  # fmt: skip
        self._process, served = process, False
        try:
            while line := await process.stdout.readline() if process.stdout else b"":
                event = json.loads(line)
                if "ready" in event:
                    served = True
                    self._ready.set()
                    self._log.info("model_loaded", model=settings.model, **event["ready"])
                elif "broken" in event:
                    self.problem = event["broken"]
                elif (reply := self._replies.get(event["id"])) is not None:
                    reply.put_nowait(event)
            code = await process.wait()
            if self.problem == "the model is still loading":
                self.problem = f"the model's process ended with {code}"
        finally:
            self._ready.clear()
            for reply in self._replies.values():
                reply.put_nowait({"failed": self.problem})
            await _end(process)
        return served


async def _end(process: Process) -> None:
    """A worker has nothing to save."""
    if process.returncode is None:
        process.kill()
        await process.wait()
