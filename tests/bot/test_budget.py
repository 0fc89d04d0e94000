"""The generator's daily budget."""

from __future__ import annotations

from bot.generator.base import Piece
from bot.generator.budget import BudgetedGenerator


class Says:
    def __init__(self, text: str) -> None:
        self.text = text

    async def write(self, question, hits, language):
        yield Piece(self.text)


async def test_the_costly_generator_writes_until_the_days_budget_is_spent() -> None:
    now = 86_400.0
    generator = BudgetedGenerator(Says("costly"), Says("free"), 2, clock=lambda: now)

    async def ask() -> str:
        return "".join([piece.text async for piece in generator.write("?", (), "en")])

    assert [await ask() for _ in range(3)] == ["costly", "costly", "free"]
    now += 86_400
    assert await ask() == "costly"
