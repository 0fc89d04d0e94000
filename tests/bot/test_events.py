"""The bus: everyone listening hears, the slow are told to read again."""

from __future__ import annotations

import asyncio

from bot.events import RESYNC, Events
from bot.types import Event


async def test_only_the_listeners_of_a_conversation_hear_it() -> None:
    events = Events()
    listen = events.subscribe
    with listen("a") as first, listen("a") as second, listen("b") as other:
        events.publish("a", Event("typing"))
        assert (await first.get(1), await second.get(1)) == (Event("typing"), Event("typing"))
        assert await other.get(0) is None


async def test_a_slow_listener_is_told_to_read_again_and_goes_on() -> None:
    events = Events(limit=3)
    with events.subscribe("a") as slow:
        for number in range(4):
            events.publish("a", Event("message", seq=number))
        events.publish("a", Event("message", seq=9))
        assert (await slow.get(1)) == Event(RESYNC)
        assert (await slow.get(1)) == Event("message", seq=9)
        assert await slow.get(0) is None


async def test_who_waits_is_woken() -> None:
    events = Events()
    with events.subscribe("a") as listener:
        waiting = asyncio.create_task(listener.get(5))
        await asyncio.sleep(0)
        events.publish("a", Event("status"))
        assert await waiting == Event("status")


async def test_iterating_gives_every_event_in_order() -> None:
    events = Events()
    with events.subscribe("a") as listener:
        for number in range(3):
            events.publish("a", Event("message", seq=number))
        heard = []
        async for event in listener:
            heard.append(event.seq)
            if len(heard) == 3:
                break
    assert heard == [0, 1, 2]


async def test_nobody_is_remembered_after_leaving() -> None:
    events = Events()
    with events.subscribe("a"):
        pass
    events.publish("a", Event("typing"))
    assert not events._listeners
