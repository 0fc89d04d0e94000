"""Take-overs at random moments of a turn: the bot says nothing after the commit."""

from __future__ import annotations

from benchmarks.takeover import races


async def test_no_bot_message_follows_a_takeover(tmp_path) -> None:
    result = await races(tmp_path, count=50, seed=1)
    assert result.broken == []
    assert result.answered + result.silenced == 50
    assert result.answered
    assert result.silenced
