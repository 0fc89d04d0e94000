"""One at a time, in order of arrival, and idle ones forgotten."""

from __future__ import annotations

import asyncio

import pytest

from bot.locks import ConversationLocks


async def test_turns_of_one_conversation_run_one_by_one_in_order() -> None:
    locks = ConversationLocks()
    running = 0
    order: list[int] = []

    async def turn(number: int) -> None:
        nonlocal running
        async with locks.hold("a"):
            running += 1
            assert running == 1
            order.append(number)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(turn(number) for number in range(50)))
    assert order == list(range(50))
    assert len(locks) == 0


async def test_conversations_do_not_wait_for_each_other() -> None:
    locks = ConversationLocks()
    async with locks.hold("a"), asyncio.timeout(1), locks.hold("b"):
        assert len(locks) == 2


async def test_an_error_or_a_hang_up_frees_the_lock() -> None:
    locks = ConversationLocks()
    with pytest.raises(ValueError, match="broken"):
        async with locks.hold("a"):
            raise ValueError("broken")
    async with locks.hold("a"):
        waiting = asyncio.create_task(locks.hold("a").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert len(locks) == 0
