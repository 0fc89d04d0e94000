"""What a failed request means: was it refused, may it be repeated, or can nobody know?"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError

from storage.errors import InputError, KefuError


class TelegramTokenError(InputError):
    """Telegram does not know the bot's token."""

    code = "telegram_token"

    def __init__(self) -> None:
        """Say where a token comes from."""
        super().__init__(
            "expected a bot token that Telegram knows, found one that it refuses; "
            "take the token from @BotFather and set KEFU_TELEGRAM_TOKEN"
        )


class TelegramWebhookError(InputError):
    """Telegram does not take the address of the webhook."""

    code = "telegram_webhook"

    def __init__(self, found: str) -> None:
        """`found` is what Telegram said, without the token."""
        super().__init__(
            "expected a webhook that Telegram accepts (a public https address, port 443, 80, 88 or "
            f"8443), found: {found}; set KEFU_TELEGRAM_WEBHOOK"
        )


class TelegramUnreachableError(KefuError):
    """Telegram does not answer as it should."""

    status_code = 503
    code = "telegram_unreachable"

    def __init__(self, found: str) -> None:
        """`found` is what came instead of an answer, without the token."""
        super().__init__(f"expected Telegram to answer, found: {found}; check the network")


@dataclass(frozen=True, slots=True)
class Refused:
    """Telegram will never take this message."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request may have taken effect or not."""


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing was sent. `after` is the pause that Telegram asks for; `bounded` limits the tries."""

    after: float | None = None
    bounded: bool = False


Verdict = Refused | Unknown | Later


def judge(error: AiogramError) -> Verdict:
    """What a failure to send a message means."""
    match error:
        case TelegramRetryAfter():
            return Later(after=float(error.retry_after))
        case TelegramServerError():
            return Later(bounded=True)
        case TelegramUnauthorizedError():
            return Later()
        case TelegramEntityTooLarge():
            return Refused()
        case TelegramNetworkError():
            return Later() if _never_connected(error) else Unknown()
        case ClientDecodeError():
            return Unknown()
        case TelegramAPIError():
            return Refused()
    return Unknown()


def _never_connected(error: BaseException) -> bool:
    return isinstance(error.__cause__, ClientConnectorError)


def in_words(error: BaseException, token: str) -> str:
    """The error in one line, for logs and for the outbox, without the bot's token."""
    text = f"{type(error).__name__}: {error}".replace("\n", " ")
    secret = token.partition(":")[2]
    for form in (token, quote(token), quote(token, safe=""), secret):
        if form:
            text = text.replace(form, "<token>")
    return text[:300]
