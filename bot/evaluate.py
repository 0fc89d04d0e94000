"""Runs evaluation questions through steps 4 to 7 of the pipeline; nothing is stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bot.errors import NotReadyError
from bot.rehearse import Rehearsal
from bot.services import Services
from finetune.evaluate import (
    Outcome,
    ReplyRow,
    evaluate_replies,
    expected_labels,
    read_reply_rows,
)
from finetune.types import ReplyMetrics
from retrieval.types import Problem
from storage.privacy import mask


async def evaluate_file(
    services: Services, path: Path, progress: Callable[[float], None] | None = None
) -> tuple[ReplyMetrics, list[Problem]]:
    """The numbers of `kefu evaluate replies` for a file, and the rows that cannot be used."""
    rows, problems = await asyncio.to_thread(read_reply_rows, path)
    return await evaluate(services, rows, progress), problems


async def evaluate(
    services: Services, rows: list[ReplyRow], progress: Callable[[float], None] | None = None
) -> ReplyMetrics:
    """Ask the live bundle every question, each in a conversation of its own."""
    await services.live.check()
    models = services.live.current
    if models is None:
        raise NotReadyError("expected a live bundle to evaluate, found none: run `kefu retrain`")
    contacts, loop = services.shop.contacts, asyncio.get_running_loop()
    expected = await services.work.read(
        lambda s: expected_labels(s, rows, models.label_templates, contacts=contacts)
    )

    def predict(question: str) -> Outcome:
        return asyncio.run_coroutine_threadsafe(outcome_of(services, question), loop).result()

    if rows:
        # The first call loads what is loaded late; times are warm.
        await outcome_of(services, rows[0].question)
    return await asyncio.to_thread(
        partial(evaluate_replies, rows, predict, expected=expected, progress=progress)
    )


async def outcome_of(services: Services, question: str) -> Outcome:
    """What a customer would get who begins a conversation with this question."""
    began = time.perf_counter()
    outcome = await Rehearsal(services).say(question)
    spent = (time.perf_counter() - began) * 1000
    decision, prediction = outcome.decision, outcome.understanding.prediction
    models = services.live.current
    if not prediction.ranked and models is not None:
        # What needed no guess is measured as a guess all the same.
        masked = mask(question, keep=services.shop.contacts)
        prediction = models.classifier.predict([masked])[0]
    return Outcome(prediction, decision.kind.value, outcome.draft.text, spent, decision.label)
