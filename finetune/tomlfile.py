"""A TOML table that says which file and key is wrong, what was expected and what was found."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.errors import ShopFolderError

MAX_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table and where it stands; every getter checks what it hands out."""

    file: str
    values: dict[str, Any]
    prefix: str = ""

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "a text", value)
        return value.strip()

    def number(self, key: str, default: float, least: float = 0.0) -> float:
        """A number of at least `least`."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
            raise self.error(key, f"a number of at least {least:g}", value)
        return float(value)

    def whole(self, key: str, default: int, least: int = 0) -> int:
        """A whole number of at least `least`."""
        value = self.number(key, default, least)
        if not value.is_integer():
            raise self.error(key, "a whole number", value)
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "true or false", value)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text; nothing at all is an empty list."""
        value = self.values.get(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(i, str) and i.strip() for i in items):
            raise self.error(key, "a list of texts", value)
        return tuple(item.strip() for item in items)

    def table(self, key: str) -> TomlTable:
        """A table within this one; nothing at all is an empty one."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, "a table", value)
        return TomlTable(self.file, value, f"{self.prefix}{key}.")

    def by_language(self, key: str, languages: tuple[str, ...]) -> dict[str, str]:
        """A text for each language; a single text stands for all of them."""
        value = self.values.get(key, {})
        if isinstance(value, str):
            return dict.fromkeys(languages, self.text(key))
        table = self.table(key)
        return {language: table.text(language) for language in languages if language in value}

    def error(self, key: str, expected: str, found: object) -> ShopFolderError:
        """The error for a key that holds something else."""
        shown = "nothing" if found is None else repr(found)[:60]
        return ShopFolderError(
            f"{self.file}: {self.prefix}{key}: expected {expected}, found {shown}"
        )


def read_toml(path: Path) -> TomlTable:
    """The file as a table; raises `ShopFolderError` if it cannot be read or is no TOML."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ShopFolderError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ShopFolderError(f"{path}: expected at most {MAX_BYTES:,} bytes, found {len(data):,}")
    try:
        return TomlTable(path.name, tomllib.loads(data.decode("utf-8-sig")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ShopFolderError(f"{path.name}: expected TOML in UTF-8, found: {error}") from error
