"""How often somebody may try, write, or begin anew."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Timer

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter

from bot.web.errors import TooManyRequestsError

TRIES_PER_ACCOUNT = 5
TRIES_PER_ADDRESS = 30
LONGEST_HOLD_SECONDS = 3600

SWEEP_SECONDS = 5.0


class _Sweep(Timer):
    """Stands in for the storage's timer: forgets what has expired now and then, here."""

    def __init__(self, forget: Callable[[], None]) -> None:
        super().__init__(SWEEP_SECONDS, forget)
        self._due = 0.0

    def is_alive(self) -> bool:
        """Whether it is too early for another sweep."""
        return time.monotonic() < self._due

    def start(self) -> None:
        """Sweep; no thread is started."""
        self._due = time.monotonic() + SWEEP_SECONDS
        self.function()


class Storage(MemoryStorage):
    """The library's storage, which would start a thread for every message to sweep.

    Starting one makes the event loop wait for it, the longer the busier the server is.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._sweep = _Sweep(self._forget)
        super().__init__()

    @property
    def timer(self) -> Timer:
        """What the storage asks whether a sweep is on its way, and starts if none is."""
        return self._sweep

    @timer.setter
    def timer(self, made: Timer) -> None:
        """Take from the library's timer what it would do."""
        self._expire = made.function

    def _forget(self) -> None:
        self._expire()
        for key in [key for key, entries in self.events.items() if not entries]:
            del self.events[key]


Limiter = MovingWindowRateLimiter | SlidingWindowCounterRateLimiter


class LoginLimiter:
    """Bounds log-in attempts per address, and more tightly per address and account.

    An account alone is not limited: otherwise anybody could lock its owner out.
    """

    def __init__(self) -> None:
        """Remember nobody yet."""
        self._limiter = MovingWindowRateLimiter(Storage())
        self._per_account = RateLimitItemPerMinute(TRIES_PER_ACCOUNT)
        self._per_address = RateLimitItemPerMinute(TRIES_PER_ADDRESS)

    def count(self, address: str, account: str) -> None:
        """Count one attempt; TooManyRequestsError when it is one too many."""
        # Counted before the password is looked at: guesses made at once count as well.
        for item, keys in (
            (self._per_address, ("address", address)),
            (self._per_account, ("account", address, account)),
        ):
            if not self._limiter.hit(item, *keys):
                wait = _wait(self._limiter, item, keys)
                raise TooManyRequestsError(
                    f"too many log-in attempts: wait {wait} seconds", retry_after=wait
                )

    def forgive(self, address: str, account: str) -> None:
        """Forget the attempts on this account: the last one was right."""
        self._limiter.clear(self._per_account, "account", address, account)


@dataclass(frozen=True, slots=True)
class _Rule:
    limiter: Limiter
    item: RateLimitItem
    keys: tuple[str, ...]
    visitors: bool


class MessageLimiter:
    """Bounds messages per visitor and per address, by the minute and by the day.

    An address may send what `address_share` visitors may. While one of its visitors is over the
    limit, an address gets no new visitor, for an hour at most: who throws the token away to begin
    anew gains nothing, and who shares the address and has a token is not disturbed.
    """

    def __init__(self, per_minute: int, per_day: int, address_share: int) -> None:
        """Remember nobody yet; what is remembered is this process's own."""
        storage = Storage()
        self._minutes = MovingWindowRateLimiter(storage)
        self._days = SlidingWindowCounterRateLimiter(storage)
        self._items = {
            "visitor": (RateLimitItemPerMinute(per_minute), RateLimitItemPerDay(per_day)),
            "address": (
                RateLimitItemPerMinute(per_minute * address_share),
                RateLimitItemPerDay(per_day * address_share),
            ),
        }
        self._held: dict[str, float] = {}

    def count(self, visitor: str, address: str) -> None:
        """Count one message; TooManyRequestsError, and nothing counted, if it is one too many."""
        self._count(address, ("address", network(address)), ("visitor", visitor))

    def count_new_visitor(self, address: str) -> None:
        """Count the beginning of a conversation by somebody without a token."""
        wait = round(self._held.get(network(address), 0.0) - time.time())
        if wait > 0:
            raise _too_many(wait)
        self._count(address, ("address", network(address)))

    def _count(self, address: str, *who: tuple[str, str]) -> None:
        rules = [rule for keys in who for rule in self._rules(keys)]
        for rule in rules:
            if not rule.limiter.test(rule.item, *rule.keys):
                wait = _wait(rule.limiter, rule.item, rule.keys)
                if rule.visitors:
                    self._hold(address, wait)
                raise _too_many(wait)
        for rule in rules:
            rule.limiter.hit(rule.item, *rule.keys)

    def _rules(self, keys: tuple[str, str]) -> Iterator[_Rule]:
        minute, day = self._items[keys[0]]
        yield _Rule(self._minutes, minute, keys, keys[0] == "visitor")
        yield _Rule(self._days, day, keys, keys[0] == "visitor")

    def _hold(self, address: str, seconds: int) -> None:
        now = time.time()
        self._held = {held: until for held, until in self._held.items() if until > now}
        self._held[network(address)] = now + min(seconds, LONGEST_HOLD_SECONDS)


def network(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one line has of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _wait(limiter: Limiter, item: RateLimitItem, keys: tuple[str, ...]) -> int:
    return max(1, round(limiter.get_window_stats(item, *keys).reset_time - time.time()))


def _too_many(wait: int) -> TooManyRequestsError:
    return TooManyRequestsError(f"too many messages: wait {wait} seconds", retry_after=wait)
