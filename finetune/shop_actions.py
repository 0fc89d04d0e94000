"""What shop.toml says of orders, stores and webhooks: the sections that actions need."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from finetune.tomlfile import TomlTable

SECRET_PREFIX = "KEFU_ACTION_"  # noqa: S105
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SLOWEST_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """One `[actions.NAME]`: where it is, which environment name holds its secret, its limits.

    `allow` lists networks that may be reached though they are not public; `values` the names of
    what it answers; `offered` as for built-in actions.
    """

    name: str
    url: str
    secret: str
    timeout_seconds: float
    allow: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    offered: bool = False

    @property
    def host(self) -> str:
        """The host part of the address."""
        return urlsplit(self.url).hostname or ""


def read_webhooks(table: TomlTable) -> tuple[WebhookConfig, ...]:
    """The webhooks of the table `actions`; raises `ShopFolderError` for one that cannot work."""
    return tuple(_webhook(table.table(name), name) for name in table.values)


def read_order_pattern(table: TomlTable) -> str | None:
    """The pattern of `[orders]`, short and without what could make matching slow."""
    if "pattern" not in table.values:
        return None
    pattern = table.text("pattern")
    expected = "a short pattern of characters, [sets] and {counts}, such as GL[0-9]{10}"
    if len(pattern) > 60 or not re.fullmatch(
        r"(?:[A-Za-z0-9 -]|\[[A-Za-z0-9 -]+\]|\{[0-9]{1,2}(?:,[0-9]{1,2})?\}|\?)+", pattern
    ):
        raise table.error("pattern", expected, pattern)
    try:
        re.compile(pattern)
    except re.error as error:
        raise table.error("pattern", expected, pattern) from error
    return pattern


def _webhook(table: TomlTable, name: str) -> WebhookConfig:
    url, secret = table.text("url"), table.text("secret")
    if not secret.startswith(SECRET_PREFIX):
        expected = f"the name of an environment variable that begins with {SECRET_PREFIX}"
        raise table.error("secret", expected, "something else")
    allow = table.texts("allow")
    for network in allow:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise table.error("allow", "networks such as 10.0.0.0/8", network) from error
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.scheme not in ("https", "http"):
        raise table.error("url", "an address such as https://example.com/orders", url)
    if parts.scheme == "http" and not allow:
        raise table.error("url", "https, or a network in `allow`", url)
    values = table.texts("values")
    for value in (name, *values):
        if not _NAME.fullmatch(value):
            raise table.error("values", "names in small letters", value)
    timeout = table.number("timeout_seconds", 5.0, least=0.1)
    if timeout > _SLOWEST_SECONDS:
        raise table.error("timeout_seconds", f"at most {_SLOWEST_SECONDS:g}", timeout)
    return WebhookConfig(
        name, url, secret, timeout, allow, values, table.flag("offered", default=False)
    )
