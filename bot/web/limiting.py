"""How often somebody may try."""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bot.web.errors import TooManyRequestsError

TRIES_PER_ACCOUNT = 5
TRIES_PER_ADDRESS = 30


class LoginLimiter:
    """Bounds log-in attempts per address, and more tightly per address and account.

    An account alone is not limited: otherwise anybody could lock its owner out.
    """

    def __init__(self) -> None:
        """Remember nobody yet."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
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
                stats = self._limiter.get_window_stats(item, *keys)
                wait = max(1, round(stats.reset_time - time.time()))
                raise TooManyRequestsError(
                    f"too many log-in attempts: wait {wait} seconds", retry_after=wait
                )

    def forgive(self, address: str, account: str) -> None:
        """Forget the attempts on this account: the last one was right."""
        self._limiter.clear(self._per_account, "account", address, account)
