"""Which adapter the local chat model writes with: the live row, as long as its files are whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.generator.local import LocalModel
from bot.logs import logger
from bot.work import Work
from finetune.errors import AdapterDamagedError
from finetune.generator.adapter import verify_adapter
from storage.adapters import Adapters
from storage.types import AdapterRecord


class AdapterWatch:
    """Follows promotions and roll-backs; an adapter that cannot serve leaves what serves alone."""

    def __init__(self, model: LocalModel, work: Work, folder: Path, base: str) -> None:
        """`folder` is the home's `adapters/`; `base` names the chat model that is configured."""
        self._model, self._work, self._folder, self._base = model, work, folder, base
        self._seen: str | None = None
        self._log = logger("generator")

    async def look(self) -> None:
        """Take over what was promoted since the last look: one cheap query if nothing was."""
        live_id = await self._work.read(lambda session: Adapters(session).live_id())
        if live_id == self._seen:
            return
        self._seen = live_id
        if live_id is None:
            self._model.use(None)
            return
        record = await self._work.read(lambda session: Adapters(session).get(live_id))
        folder = self._folder / live_id
        problem = await asyncio.to_thread(problem_with, record, folder, self._base)
        if problem is not None:
            self._log.error("adapter_not_used", adapter=live_id, reason=problem)
            return
        self._model.use(folder)


def problem_with(record: AdapterRecord, folder: Path, base: str) -> str | None:
    """Why this adapter cannot serve with the chat model `base`; None if it can."""
    if record.base != base:
        return (
            f"it was trained for {record.base}, and KEFU_GENERATOR_MODEL is {base}; train one for "
            "that (`kefu generator train`) or set the model back"
        )
    try:
        verify_adapter(folder)
    except AdapterDamagedError as error:
        return str(error)
    return None
