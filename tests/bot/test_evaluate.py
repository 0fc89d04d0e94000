"""Evaluation goes through the same steps as a customer's message, and stores nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.errors import NotReadyError
from bot.evaluate import evaluate_file, outcome_of

if TYPE_CHECKING:
    from tests.bot.conftest import Shop

ROWS = """question,intent,answer
我要退款,refund,
refund please,,Refunds arrive within 3 days.
refund or ship,refund,
tell me a joke,oos,
"""


async def test_the_outcome_is_what_a_customer_would_get(shop: Shop) -> None:
    asked = await shop.ask(await shop.begin(), "refund or ship")
    outcome = await outcome_of(shop.services, "refund or ship")
    assert (outcome.kind, outcome.reply) == (asked.decision, asked.reply)
    assert outcome.milliseconds > 0


async def test_a_file_is_measured_and_nothing_stored(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text(ROWS, encoding="utf-8")
    metrics, problems = await evaluate_file(shop.services, path)
    assert problems == []
    assert (metrics.n, metrics.oos_n, metrics.unknown_n) == (4, 1, 0)
    assert (metrics.answered, metrics.clarified) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (metrics.accuracy, metrics.answer_accuracy, metrics.oos_recall) == (1.0, 1.0, 1.0)
    assert metrics.wrong == 0.0


async def test_without_a_bundle_there_is_nothing_to_measure(
    shop_without_bundle: Shop, tmp_path: Path
) -> None:
    path = tmp_path / "test.csv"
    path.write_text(ROWS, encoding="utf-8")
    with pytest.raises(NotReadyError, match="kefu retrain"):
        await evaluate_file(shop_without_bundle.services, path)
