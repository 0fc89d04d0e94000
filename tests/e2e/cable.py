"""A network between browser and server that can be cut, go silent and be mended."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Self
from urllib.parse import urlsplit


class State(StrEnum):
    """Whole; cut, so that every connection is reset; or silent, so that bytes just get lost."""

    WHOLE = "whole"
    CUT = "cut"
    SILENT = "silent"


class Cable:
    """Carries TCP to one server, in a thread of its own; `url` is this end of it."""

    def __init__(self, to: str) -> None:
        """`to` is the address of the server."""
        parts = urlsplit(to)
        self._to = parts.hostname or "", parts.port or 80
        self._state = State.WHOLE
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.refused = 0
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        server = self._run(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self._server = server
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Reset what is open and what comes."""
        self._run(self._become(State.CUT))

    def silence(self) -> None:
        """Lose every byte from now on, and tell nobody."""
        self._run(self._become(State.SILENT))

    def mend(self) -> None:
        """Carry again; what was open before is not known any more."""
        self._run(self._become(State.WHOLE))

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _become(self, state: State) -> None:
        self._state = state
        if state is not State.SILENT:
            for writer in self._writers:
                _reset(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state is State.CUT:
            self.refused += 1
            _reset(writer)
            return
        there, back = await asyncio.open_connection(*self._to)
        with self._remembered(writer, back):
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    @contextmanager
    def _remembered(self, *writers: asyncio.StreamWriter) -> Iterator[None]:
        self._writers.update(writers)
        try:
            yield
        finally:
            self._writers.difference_update(writers)
            for writer in writers:
                writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self._state is State.WHOLE:
                    writer.write(data)
                    await writer.drain()
        if self._state is State.WHOLE:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side hears of a broken connection, not of an end."""
    socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
