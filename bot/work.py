"""Threads for what blocks: units of database work, and models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from storage.database import SQLITE, Database

T = TypeVar("T")

POOL_THREADS = 8
READER_THREADS = 2


class Work:
    """Runs units of database work off the event loop, each in one session and one commit.

    SQLite has one writer at a time, so one thread writes there without ever waiting for a lock,
    and others read beside it.
    """

    def __init__(self, database: Database) -> None:
        """Start no thread before the first unit of work."""
        self._database = database
        writers = 1 if database.dialect == SQLITE else POOL_THREADS
        self._writers = ThreadPoolExecutor(writers, thread_name_prefix="kefu-db")
        self._readers = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="kefu-db-read")

    async def run(self, unit: Callable[[Session], T]) -> T:
        """The result of `unit(session)`, committed; rolled back if it raises."""
        call = partial(self._unit, unit)
        return await asyncio.get_running_loop().run_in_executor(self._writers, call)

    async def read(self, unit: Callable[[Session], T]) -> T:
        """The result of a unit that only reads; it neither waits for writers nor stops them."""
        call = partial(self.read_here, unit)
        return await asyncio.get_running_loop().run_in_executor(self._readers, call)

    def read_here(self, unit: Callable[[Session], T]) -> T:
        """Like `read`, in the caller's own thread."""
        with self._database.session(read_only=True) as session:
            return unit(session)

    def _unit(self, unit: Callable[[Session], T]) -> T:
        with self._database.session() as session:
            return unit(session)

    def close(self) -> None:
        """Finish what is queued, then stop the threads."""
        self._writers.shutdown()
        self._readers.shutdown()


class Compute:
    """Runs models off the event loop, a few at a time."""

    def __init__(self, threads: int = 2) -> None:
        """`threads` bounds how many calls run at once."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="kefu-model")

    async def run(self, call: Callable[[], T]) -> T:
        """The result of `call()`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def close(self) -> None:
        """Finish what is queued, then stop the threads."""
        self._threads.shutdown()
