"""Flood control and throttling, on a clock of the test's own."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.telegram.flood import Flood
from bot.telegram.throttle import Throttle, Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_chat_waits_alone_and_everybody_waits_when_it_is_the_bot():
    clock = Clock()
    flood = Flood(30, clock)
    flood.refused(1, 5)
    flood.refused(2, 9)
    assert [flood.pause(chat) for chat in (1, 2, 3)] == [5, 9, 0]
    flood.refused(3, 7)
    assert [flood.pause(chat) for chat in (1, 2, 3, 4)] == [5, 9, 7, 5]
    clock.now += 6
    assert [flood.pause(chat) for chat in (1, 2, 3, 4)] == [0, 3, 1, 0]


def test_a_shorter_pause_does_not_cut_a_longer_one():
    flood = Flood(30, Clock())
    flood.refused(1, 60)
    flood.refused(1, 1)
    assert flood.pause(1) == 60


async def test_messages_to_all_chats_together_keep_the_rate():
    loop = asyncio.get_running_loop()
    flood = Flood(100, loop.time)
    began = loop.time()
    await asyncio.gather(*(flood.turn() for _ in range(11)))
    assert loop.time() - began >= 0.099


def test_a_note_once_then_silence_then_welcome():
    throttle = Throttle(2, 60)

    def judge(number, seconds):
        return throttle.judge("7", f"7:{number}", START + timedelta(seconds=seconds))

    verdicts = [judge(number, number) for number in range(5)]
    assert verdicts == [Verdict.TAKE, Verdict.TAKE, Verdict.WARN, Verdict.IGNORE, Verdict.IGNORE]
    assert judge(0, 0) is Verdict.TAKE
    assert throttle.judge("8", "8:1", START) is Verdict.TAKE
    assert judge(9, 61) is Verdict.TAKE


def test_what_was_written_over_a_night_is_all_taken():
    throttle = Throttle(2, 60)
    nightly = [throttle.judge("7", str(n), START + timedelta(minutes=n)) for n in range(100)]
    assert set(nightly) == {Verdict.TAKE}
