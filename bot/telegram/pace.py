"""How patient the Telegram channel is; tests are less so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds to wait and how often, in one place.

    `poll` is how long one request for updates stays open, `look` how often the outbox is read for
    what other processes put there. A wait after a failure starts at `first_wait` and doubles up
    to `longest_wait`. A reply that Telegram answers with a server error is sent at most
    `server_tries` times.

    "Typing" is shown when a reply takes longer than `typing`, and again every `typing_again`
    (Telegram shows it for 5). A reply is shown before it is whole if it takes longer than `draft`,
    and edited at most every `edit`. `per_second` bounds the messages to all chats together.
    A customer may write `customer_limit` messages within `customer_window`.
    """

    poll: int = 25
    request: int = 30
    look: float = 1.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    server_tries: int = 6
    closing: float = 10.0
    typing: float = 0.5
    typing_again: float = 4.5
    draft: float = 1.0
    edit: float = 1.0
    per_second: float = 25.0
    customer_limit: int = 20
    customer_window: float = 60.0

    def wait(self, failures: int) -> float:
        """How long to wait after so many failures in a row."""
        return min(self.first_wait * 2.0 ** min(failures - 1, 16), self.longest_wait)
