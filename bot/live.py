"""The models that answer now, swapped whole when another bundle is promoted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from sqlalchemy.orm import Session

from bot.actions.base import Actions
from bot.generator.base import Generator
from bot.logs import logger
from bot.mood import MoodGuesser
from bot.searching import SearchIndex
from bot.shopwords import ShopWords
from bot.types import Form
from bot.usable import usable_templates
from bot.work import Compute, Work
from finetune.types import Prediction, Thresholds
from retrieval.text import Analyser
from retrieval.types import Encoder
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.database import Database
from storage.feedback import feedback_stamp
from storage.knowledge import Knowledge
from storage.templates import Templates
from storage.types import Template, Turn

PATIENCE_SECONDS = 2.0
"""How long a turn waits for news to be loaded before it goes on with what there is."""

WORTH_SAVING_SECONDS = 2.0
"""A search cache is written if catching up took longer than this."""


class Classifier(Protocol):
    """Guesses the intent of questions."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction per text."""
        ...


@dataclass(frozen=True, slots=True)
class Models:
    """One bundle, loaded, and the wording of its templates: what a turn uses to its end.

    `label_templates` names a template only where it can be sent; `titles` says per label and
    language how to name an intent on a button, the most asked first. `handoffs` are the labels
    whose template's action is to fetch a person; `forms` what the actions of the others need.
    `analyser` and `encoder` are those of search.
    """

    bundle_id: str
    classifier: Classifier
    thresholds: Thresholds
    label_templates: Mapping[str, int | None]
    analyser: Analyser | None = None
    index: SearchIndex | None = None
    generator: Generator | None = None
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    templates: Mapping[int, Template] = field(default_factory=dict)
    handoffs: frozenset[str] = frozenset()
    forms: Mapping[str, Form] = field(default_factory=dict)
    encoder: Encoder | None = None
    mood: MoodGuesser | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What is true in the database now; cheap to read."""

    bundle_id: str | None
    knowledge_revision: int
    templates_stamp: str
    feedback_stamp: str


def read_news(session: Session) -> News:
    """The live bundle, the knowledge's revision, and a stamp that moves with any template."""
    return _news(session, Knowledge(session).revision())


def read_turn(message_id: int, session: Session) -> tuple[Turn, News]:
    """The state that a turn begins with, and what the models must have caught up with."""
    turn = Conversations(session).turn(message_id)
    return turn, _news(session, turn.knowledge_revision)


def _news(session: Session, revision: int) -> News:
    return News(
        Bundles(session).live_id(), revision, Templates(session).stamp(), feedback_stamp(session)
    )


class _ClosingError(Exception):
    """Ends the building of an index: the process is about to stop, and the old one is whole."""


class LiveModels:
    """Holds the live `Models`; a turn that began with one set of them ends with it."""

    def __init__(
        self,
        database: Database,
        work: Work,
        compute: Compute,
        load: Callable[[str], Models],
        actions: Actions,
        words: ShopWords | None = None,
    ) -> None:
        """`load` reads the bundle of an id from disk; it is called in a thread.

        `words` are the shop's own; an edited file is taken over like any other news.
        """
        self._actions = actions
        self._database = database
        self._words = words or ShopWords(None)
        self._words_stamp: str | None = None
        self._work = work
        self._compute = compute
        self._load = load
        self._loaded: Models | None = None
        self._current: Models | None = None
        self._stamp: str | None = None
        self._failed: str | None = None
        self._busy_since: float | None = None
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._tending: asyncio.Task[None] | None = None
        self._closing = False
        self._logger = logger("live")

    @property
    def current(self) -> Models | None:
        """What is loaded now; None before the first bundle."""
        return self._current

    async def check(self) -> None:
        """Look whether anything changed, and load it, however long that takes."""
        news = await self._work.read(read_news)
        if not self._is_current(news):
            await self._start(self._catch_up(news))

    async def refresh(self, news: News) -> Models | None:
        """The models for a turn that has read `news`.

        What is new is loaded in the background; turns wait for it a moment, and go on with what
        there is if that is not enough. With nothing to go on with, they wait for the first.
        """
        if not self._is_current(news):
            busy = time.monotonic() - self._busy_since if self._busy_since else 0.0
            patience = None if self._current is None else PATIENCE_SECONDS - busy
            if patience is None or patience > 0:
                await asyncio.wait([self._start(self._catch_up(news))], timeout=patience)
        return self._current

    async def close(self) -> None:
        """Wait for what is being loaded, and give up what is being built."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _is_current(self, news: News) -> bool:
        models = self._loaded
        if models is None:
            return news.bundle_id in (None, self._failed)
        if models.bundle_id != self._wanted(models, news):
            return False
        return self._stamp == news.templates_stamp and (
            models.index is None or self._is_in_step(models.index, news)
        )

    def _is_in_step(self, index: SearchIndex, news: News) -> bool:
        return (
            index.revision == news.knowledge_revision
            and index.feedback == news.feedback_stamp
            and self._words_stamp == self._words.stamp()
        )

    def _wanted(self, models: Models, news: News) -> str:
        """The bundle to have: one that could not be loaded is not tried again, the old one stays.

        It stays in step with wording and knowledge meanwhile.
        """
        if news.bundle_id is None or news.bundle_id == self._failed:
            return models.bundle_id
        return news.bundle_id

    def _start(self, loading: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(loading)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._logger.error("not_caught_up", reason=str(error), exc_info=error)

    async def _catch_up(self, news: News) -> None:
        async with self._changing:
            if self._is_current(news):
                return
            self._busy_since = time.monotonic()
            try:
                await self._load_news(news)
            finally:
                self._busy_since = None

    async def _load_news(self, news: News) -> None:
        models = await self._models(news)
        if models is None:
            return
        if models.index is not None and not self._is_in_step(models.index, news):
            await self._bring_up_to_date(models.index, news)
        await self._put_in_place(models)
        if models.index is not None and (self._tending is None or self._tending.done()):
            self._tending = self._start(self._tend(models.index))

    async def _tend(self, index: SearchIndex) -> None:
        """Let an index that has grown be built anew while the present one serves.

        In a thread of its own: it may take minutes, and turns need the threads for models.
        """
        try:
            if await asyncio.to_thread(index.rebuild, self._unless_closing):
                await asyncio.to_thread(index.save)
                self._logger.info("index_rebuilt", revision=index.revision)
        except _ClosingError:
            self._logger.info("index_not_rebuilt", reason="the process stops")
        except Exception:
            # The present index goes on serving; the next change tries again.
            self._logger.exception("index_not_rebuilt", revision=index.revision)

    def _unless_closing(self, _what: str, _share: float) -> None:
        if self._closing:
            raise _ClosingError

    async def _models(self, news: News) -> Models | None:
        """The loaded models if they are the live ones, else the live ones from disk."""
        models = self._loaded
        if models is not None and models.bundle_id == self._wanted(models, news):
            return models
        if news.bundle_id is None:
            return None
        try:
            models = await self._compute.run(partial(self._load, news.bundle_id))
        except Exception:
            # Whatever is wrong with the new bundle, the old one goes on answering.
            self._failed = news.bundle_id
            self._logger.exception("bundle_not_loaded", bundle=news.bundle_id)
            return self._loaded
        self._failed = None
        self._logger.info("bundle_loaded", bundle=models.bundle_id)
        return models

    async def _bring_up_to_date(self, index: SearchIndex, news: News) -> None:
        changed = index.revision != news.knowledge_revision
        if changed:
            await self._sync(index)
        stamp = self._words.stamp()
        if stamp != self._words_stamp or self._loaded is None or index is not self._loaded.index:
            await self._compute.run(partial(self._words.put_into, index))
            self._words_stamp = stamp
        if changed or index.feedback != news.feedback_stamp:
            await self._compute.run(partial(index.weigh_feedback, self._database))

    async def _sync(self, index: SearchIndex) -> None:
        began = time.monotonic()
        try:
            await self._compute.run(partial(index.sync, self._database))
            if time.monotonic() - began > WORTH_SAVING_SECONDS:
                await self._compute.run(index.save)
        except Exception:
            # The index keeps what it had; the next turn tries again.
            self._logger.exception("index_not_synced", revision=index.revision)

    async def _put_in_place(self, models: Models) -> None:
        stamp, templates = await self._work.read(_read_templates)
        usable = usable_templates(models.label_templates, templates, self._actions)
        self._loaded, self._stamp = models, stamp
        self._current = replace(
            models,
            templates=usable.templates,
            label_templates=usable.labels,
            handoffs=usable.handoffs,
            forms=usable.forms,
        )


def _read_templates(session: Session) -> tuple[str, list[Template]]:
    templates = Templates(session)
    return templates.stamp(), templates.all()
