"""The shop's own facts, as its owner writes them in shop.toml and intents.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from finetune.shop_actions import WebhookConfig, read_order_pattern, read_webhooks
from finetune.tomlfile import TomlTable, read_toml
from storage.types import OUT_OF_SCOPE, TemplateDraft

SHOP_FILE = "shop.toml"
INTENTS_FILE = "intents.toml"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_MOST_DAYS = 3650
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Hours:
    """When a person answers; `days` are numbers from Monday = 0. `texts` says it per language."""

    opens: time
    closes: time
    days: frozenset[int]
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class HandOff:
    """How a conversation is passed to a person, and the words for it per language."""

    enabled: bool
    offer_after_failures: int
    remind_after_minutes: float
    give_back_after_minutes: float
    waiting: dict[str, str]
    closed: dict[str, str]


@dataclass(frozen=True, slots=True)
class RetrainingPlan:
    """When to retrain without being asked: after so many days or corrections, or on drift.

    Nought is never. Who says nothing wants nothing.
    """

    every_days: float = 0.0
    after_corrections: int = 0
    when_drifting: bool = False

    @property
    def is_on(self) -> bool:
        """Whether anything is planned."""
        return bool(self.every_days or self.after_corrections or self.when_drifting)

    @property
    def in_words(self) -> str:
        """The plan, for a person."""
        parts = {
            f"every {self.every_days:g} days": self.every_days,
            f"after {self.after_corrections} corrections": self.after_corrections,
            "on drift": self.when_drifting,
        }
        wanted = [part for part, holds in parts.items() if holds]
        return f"retrains by itself {', '.join(wanted)}" if wanted else "never retrains by itself"


@dataclass(frozen=True, slots=True)
class Shop:
    """What shop.toml says; texts are per language."""

    name: dict[str, str]
    languages: tuple[str, ...]
    default_language: str
    time_zone: str
    hours: Hours
    contacts: tuple[str, ...]
    wrong_cost: float
    review_margin: float
    retention_days: int
    greeting: dict[str, str]
    voice: dict[str, str]
    suggestions: tuple[str, ...]
    suggested_questions: dict[str, tuple[str, ...]]
    handoff: HandOff
    retraining: RetrainingPlan
    order_pattern: str | None = None
    stores: Hours | None = None
    webhooks: tuple[WebhookConfig, ...] = ()


def load_shop(path: Path) -> Shop:
    """The shop of a folder; raises `ShopFolderError` naming file, key, expected and found."""
    table = read_toml(path / SHOP_FILE)
    languages = _languages(table)
    default = table.text("default_language", languages[0])
    if default not in languages:
        raise table.error("default_language", f"one of {', '.join(languages)}", default)
    questions = table.table("suggested_questions")
    return Shop(
        name=table.by_language("name", languages),
        languages=languages,
        default_language=default,
        time_zone=_time_zone(table),
        hours=_hours(table.table("hours"), languages),
        contacts=table.texts("contacts"),
        wrong_cost=table.number("wrong_cost", 5.0, least=0.1),
        review_margin=table.number("review_margin", 0.1, least=0),
        retention_days=table.whole("retention_days", 0),
        greeting=table.by_language("greeting", languages),
        voice=table.by_language("voice", languages),
        suggestions=table.texts("suggestions"),
        suggested_questions={language: questions.texts(language) for language in languages},
        handoff=_handoff(table.table("handoff"), languages),
        retraining=_retraining(table.table("retraining")),
        order_pattern=read_order_pattern(table.table("orders")),
        stores=_hours(table.table("stores"), languages) if "stores" in table.values else None,
        webhooks=read_webhooks(table.table("actions")),
    )


def load_intents(path: Path) -> list[TemplateDraft]:
    """The templates of the folder's intents.toml; none if there is no such file."""
    return [_draft(table) for table in _intent_tables(path)]


def load_titles(path: Path) -> dict[str, dict[str, str]]:
    """The short form of each intent for a button, per language, as far as the file has one."""
    return {
        table.text("name"): {
            language: table.table("title").text(language)
            for language in table.table("title").values
        }
        for table in _intent_tables(path)
    }


def _intent_tables(path: Path) -> list[TomlTable]:
    if not (path / INTENTS_FILE).exists():
        return []
    table = read_toml(path / INTENTS_FILE)
    entries = table.values.get("intent", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise table.error("intent", "tables written as [[intent]]", entries)
    tables = [
        TomlTable(table.file, entry, f"intent {number}: ")
        for number, entry in enumerate(entries, start=1)
    ]
    _no_name_twice(tables)
    return tables


def _no_name_twice(tables: list[TomlTable]) -> None:
    names: set[str] = set()
    for table in tables:
        name = table.text("name")
        if name in names or name == OUT_OF_SCOPE:
            raise table.error("name", "a name that no other intent has", name)
        names.add(name)


def _draft(table: TomlTable) -> TemplateDraft:
    name = table.text("name")
    named = TomlTable(table.file, table.values, f"intent {name!r}: ")
    text = named.table("text")
    if not text.values:
        raise named.error("text", "a text for at least one language", None)
    result = named.table("result")
    return TemplateDraft(
        name=name,
        texts={_language(text, key): text.texts(key) for key in text.values},
        slots=named.texts("slots"),
        action=named.text("action") if "action" in table.values else None,
        protected=named.flag("protected", default=False),
        results={_language(result, key): result.texts(key) for key in result.values},
    )


def _language(table: TomlTable, key: str) -> str:
    if not _LANGUAGE.fullmatch(key) or not table.texts(key):
        raise table.error(key, "a language code such as zh with a text", table.values[key])
    return key


def _languages(table: TomlTable) -> tuple[str, ...]:
    languages = table.texts("languages") or ("zh", "en")
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise table.error("languages", "language codes such as zh and en", language)
    return languages


def _time_zone(table: TomlTable) -> str:
    name = table.text("time_zone", "UTC")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise table.error("time_zone", "a name such as Asia/Shanghai", name) from error
    return name


def _hours(table: TomlTable, languages: tuple[str, ...]) -> Hours:
    days = table.texts("days") or DAYS
    for day in days:
        if day not in DAYS:
            raise table.error("days", f"days out of {', '.join(DAYS)}", day)
    return Hours(
        opens=_clock(table, "open", "00:00"),
        closes=_clock(table, "close", "23:59"),
        days=frozenset(DAYS.index(day) for day in days),
        texts={
            language: table.text(language) for language in languages if language in table.values
        },
    )


def _clock(table: TomlTable, key: str, default: str) -> time:
    value = table.values.get(key, default)
    if isinstance(value, time):
        return value
    if value == "24:00":
        return time.max
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise table.error(key, 'a time such as "09:00"', value) from error


def _handoff(table: TomlTable, languages: tuple[str, ...]) -> HandOff:
    return HandOff(
        enabled=table.flag("enabled", default=True),
        offer_after_failures=table.whole("offer_after_failures", 2, least=1),
        remind_after_minutes=table.number("remind_after_minutes", 5),
        give_back_after_minutes=table.number("give_back_after_minutes", 30),
        waiting=table.by_language("waiting", languages),
        closed=table.by_language("closed", languages),
    )


def _retraining(table: TomlTable) -> RetrainingPlan:
    known = [each.name for each in fields(RetrainingPlan)]
    for key in table.values:
        # A misspelt key would leave a plan that never does anything, and nobody would see it.
        if key not in known:
            raise table.error(key, f"one of the keys {', '.join(known)}", table.values[key])
    days = table.number("every_days", 0.0)
    if days > _MOST_DAYS:
        raise table.error("every_days", f"a number of at most {_MOST_DAYS}", days)
    return RetrainingPlan(
        every_days=days,
        after_corrections=table.whole("after_corrections", 0),
        when_drifting=table.flag("when_drifting", default=False),
    )
