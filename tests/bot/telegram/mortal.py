"""A Telegram channel in a process of its own that kills itself at a named stage: HOME TOKEN BASE.

Each line on stdin, `WAY_IN STAGE`, starts the channel anew in a fork, because importing it takes
longer than all that it does here. The answers are its process id, and `ended` with what it ended
with.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

from bot.telegram.adapter import Poller
from bot.telegram.outbox import Deliverer
from bot.telegram.sending import Sender
from bot.webhook import Webhook
from storage.conversations import Conversations
from storage.outbox import Outbox
from tests.bot.telegram.telegram_shop import hooked, open_shop, serving

BEFORE, AFTER = "before", "after"

# Where each stage ends: before a call, or after it and before whoever made it goes on.
STAGES = {
    "received, not stored": (BEFORE, Conversations, "receive", 1),
    "being stored": (AFTER, Conversations, "receive", 1),
    "stored, not confirmed by polling": (BEFORE, Poller, "_round", 2),
    "stored, not confirmed by webhook": (AFTER, Webhook, "take", 1),
    "stored, not answered": (BEFORE, Conversations, "record", 1),
    "being answered": (AFTER, Conversations, "record", 1),
    "answered, not sent": (BEFORE, Outbox, "claim", 1),
    "being claimed": (AFTER, Outbox, "claim", 1),
    "being sent": (BEFORE, Sender, "send", 1),
    "sent, not marked": (BEFORE, Outbox, "sent", 1),
    "being marked": (AFTER, Outbox, "sent", 1),
    "marked": (AFTER, Deliverer, "_deliver", 1),
}
NONE = "none"


def die() -> None:
    """As if somebody had sent kill -9 at this very moment."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(stage: str) -> None:
    """Let a method be the last thing that this process does."""
    moment, owner, name, wanted = STAGES[stage]
    real = getattr(owner, name)
    calls = 0

    def is_the_one() -> bool:
        nonlocal calls
        calls += 1
        return calls == wanted

    @functools.wraps(real)
    def stopped(*args, **more):
        now = is_the_one()
        if now and moment == BEFORE:
            die()
        result = real(*args, **more)
        if now and moment == AFTER:
            if not asyncio.iscoroutine(result):
                die()
            return _then_die(result)
        return result

    setattr(owner, name, stopped)


async def _then_die(work):
    await work
    die()


async def serve(home: Path, token: str, base: str, way_in: str) -> None:
    """What `kefu telegram` does, on the small shop of the tests."""
    telegram = SimpleNamespace(token=token, base=base)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_shop(home) as services:
        await services.recover()
        async with (serving if way_in == "polling" else hooked)(services, telegram):
            await stop.wait()


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Fork once per line, one after the other."""
    home, token, base = sys.argv[1:]
    for line in sys.stdin:
        way_in, _, stage = line.strip().partition(" ")
        if not (pid := os.fork()):
            for stream in (0, 1):
                os.dup2(os.open(os.devnull, os.O_RDWR), stream)
            if stage != NONE:
                kill_at(stage)
            asyncio.run(serve(Path(home), token, base, way_in))
            os._exit(0)
        say(pid)
        say("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main()
