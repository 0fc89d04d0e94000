"""The door through which a messenger posts updates: the web opens it, the channel answers."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable

from bot.errors import NotReadyError
from bot.settings import Settings
from storage.errors import InputError

PATH = "/telegram/webhook"

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")

Accept = Callable[[bytes], Awaitable[None]]


class Webhook:
    """One address, one secret, and whoever takes what is posted there."""

    def __init__(self, address: str, secret: str) -> None:
        """`address` is the public address of the server, to which the path is appended."""
        self.url = address.rstrip("/") + PATH
        self.secret = secret
        self._accept: Accept | None = None

    def knows(self, secret: str) -> bool:
        """Whether this is the secret; it takes as long for a wrong one."""
        return hmac.compare_digest(secret.encode(), self.secret.encode())

    def answer(self, accept: Accept | None) -> None:
        """From now on `accept` takes what is posted; nobody does with None."""
        self._accept = accept

    async def take(self, body: bytes) -> None:
        """Returns once the update is stored; an error leaves it with the messenger."""
        if self._accept is None:
            raise NotReadyError("the channel is still starting: post it again in a moment")
        await self._accept(body)


def webhook_for(settings: Settings) -> Webhook | None:
    """The webhook that the settings name; its secret is one that Telegram takes."""
    address, token = settings.telegram_webhook, settings.telegram_token
    if not address or token is None:
        return None
    if not address.startswith(("https://", "http://")):
        raise InputError(
            f"expected the public https address of this server as webhook, found {address!r}; "
            "give one such as https://bot.example"
        )
    if settings.telegram_webhook_secret is None:
        return Webhook(address, derived_secret(token.get_secret_value()))
    secret = settings.telegram_webhook_secret.get_secret_value()
    if not _SECRET.fullmatch(secret):
        raise InputError(
            "expected 1 to 256 letters, digits, _ or - in KEFU_TELEGRAM_WEBHOOK_SECRET, found "
            "something else; leave it out to have one derived from the token"
        )
    return Webhook(address, secret)


def derived_secret(token: str) -> str:
    """A secret that every process with this token finds by itself and that does not tell it."""
    return hmac.new(token.encode(), b"kefu: webhook secret", hashlib.sha256).hexdigest()
