"""The only place that reads the environment; every other room gets values handed down."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import HomeUnusableError, SecretMissingError
from storage.database import sqlite_url

SHORTEST_SECRET = 16


class Settings(BaseSettings):
    """How this process is run: each field is read from `KEFU_<NAME>` unless it is given."""

    model_config = SettingsConfigDict(env_prefix="KEFU_", frozen=True, extra="ignore")

    home: Path = Path("var")
    database_url: SecretStr | None = None
    shop: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    allowed_origins: tuple[str, ...] = ()
    """Origins of pages that may embed the widget and call the API from a browser."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed."""
    secret: SecretStr | None = Field(default=None, min_length=16)
    """What visitors' tokens are signed with; the home has one of its own unless it is set."""
    identity_secret: SecretStr | None = Field(default=None, min_length=16)
    """What the company's server signs its customers' identities with; without it, none is."""
    visitor_token_hours: float = Field(default=24, gt=0)
    """How long a conversation's token is good if it is not renewed."""
    messages_per_minute: int = Field(default=60, ge=1)
    messages_per_day: int = Field(default=1000, ge=1)
    """What one visitor may send."""
    address_share: int = Field(default=50, ge=1)
    """An address may send what this many visitors may."""
    max_attachment_bytes: int = Field(default=5_000_000, ge=1)
    telegram_token: SecretStr | None = None
    telegram_api_base: str = "https://api.telegram.org"
    telegram_webhook: str | None = None
    """The public https address of this server: Telegram posts updates below it instead of being
    asked for them."""
    telegram_webhook_secret: SecretStr | None = None
    """What Telegram sends along to prove itself; derived from the token unless it is set."""
    telegram_admins: tuple[int, ...] = ()
    """Telegram ids of people who may retrain, roll back, review and see the figures."""
    telegram_operators: int | None = None
    """The group in which hand-offs appear; a reply there reaches the customer."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    max_message_chars: int = Field(default=4000, ge=1)
    model_threads: int = Field(default=2, ge=1)
    """How many turns may run a model at the same time."""
    vectors: Literal["auto", "local", "pgvector"] = "auto"
    """Where the vectors of passages are kept: `auto` is pgvector where the database has it."""
    reranker: str | None = None
    """The name or path of a cross-encoder that puts the best passages in order."""
    generator: Literal["extractive", "transformers", "openai"] = "extractive"
    """What writes grounded replies: quotes, a local chat model, or an OpenAI-compatible server."""
    generator_model: str | None = None
    """The chat model's name or path; the server's name for it."""
    generator_url: str | None = None
    generator_key: SecretStr | None = None
    generator_tokens_per_day: int | None = Field(default=None, ge=0)
    """What may be spent on the server in a UTC day; beyond it the best sentences are quoted."""
    generator_device: str = "auto"
    generator_at_once: int = Field(default=64, ge=1)
    """How many replies a local model has in work and in line; who comes then gets the quote."""
    generator_cache_tokens: int = Field(default=16_384, ge=1024)
    """The attention cache of a local model on a CPU, in tokens."""
    generator_first_seconds: float = Field(default=8.0, gt=0)
    """How long the first word may take; the next ones half of it."""
    generator_seconds: float = Field(default=30.0, gt=0)
    """How long a whole reply may take."""
    generator_max_tokens: int = Field(default=400, ge=16)
    watch_seconds: float = Field(default=1.0, gt=0)
    """How often an idle server looks whether another bundle was promoted."""

    def action_secret(self, name: str) -> str:
        """The secret of a webhook, from the environment name that shop.toml gives."""
        secret = os.environ.get(name, "")
        if len(secret) < SHORTEST_SECRET:
            raise SecretMissingError(
                f"expected a secret of {SHORTEST_SECRET} characters or more in {name}, found "
                f"{len(secret)}; set it, or take the action out of shop.toml"
            )
        return secret

    @property
    def url(self) -> str:
        """The database's URL; the embedded SQLite file in the home unless one is set."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return sqlite_url(self.home / "kefu.db")

    @property
    def bundles_dir(self) -> Path:
        """Where `bundles/<id>` folders live."""
        return self.home / "bundles"

    @property
    def indexes_dir(self) -> Path:
        """Where search caches live, one folder per encoder."""
        return self.home / "indexes"

    @property
    def encoders_dir(self) -> Path:
        """Where the search encoders that were trained here live."""
        return self.home / "encoders"

    @property
    def adapters_dir(self) -> Path:
        """Where `adapters/<id>` folders live: what was fine-tuned of a chat model."""
        return self.home / "adapters"

    @property
    def training_dir(self) -> Path:
        """Where unfinished fine-tunings lie, and their logs for TensorBoard."""
        return self.home / "training"

    @property
    def logs_dir(self) -> Path:
        """Where log files go."""
        return self.home / "logs"

    @property
    def shop_note(self) -> Path:
        """The file that names the shop folder which this home was last run with."""
        return self.home / "shop.path"

    @property
    def _folders(self) -> tuple[Path, ...]:
        return (self.home, self.bundles_dir, self.indexes_dir, self.encoders_dir, self.logs_dir)

    def signing_secret(self) -> bytes:
        """What visitors' tokens are signed with; made once, and kept in the home."""
        if self.secret is not None:
            return self.secret.get_secret_value().encode()
        path = self.home / "secret.key"
        if not path.exists():
            # Linked into place whole: two processes agree, and a crash leaves no empty key.
            new = self.home / f".secret-{secrets.token_hex(4)}"
            new.touch(mode=0o600)
            new.write_text(secrets.token_hex(32), "ascii")
            with suppress(FileExistsError):
                os.link(new, path)
            new.unlink()
        return path.read_bytes()

    def prepare_home(self) -> None:
        """Create the home and its folders, readable by their owner alone."""
        try:
            for folder in self._folders:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise HomeUnusableError(
                f"expected a writable home folder at {self.home}, found: {error.strerror}; "
                "choose another with --home or KEFU_HOME"
            ) from error
