"""The bot's menu of commands: in each language for everybody, and a longer one for admins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiogram.methods import SetMyCommands, TelegramMethod
from aiogram.types import BotCommand, BotCommandScopeChat

from bot.settings import Settings
from bot.telegram.updates import ADMIN_COMMANDS
from bot.telegram.wording import say

SHOWN = ("human", "language", "forget", "help")


def menus(languages: Sequence[str], settings: Settings) -> list[TelegramMethod[Any]]:
    """Per scope one menu in the shop's first language for all others, and one per language."""
    found: list[TelegramMethod[Any]] = []
    scopes: list[tuple[BotCommandScopeChat | None, tuple[str, ...]]] = [(None, SHOWN)]
    scopes += [
        (BotCommandScopeChat(chat_id=admin), (*SHOWN, *ADMIN_COMMANDS))
        for admin in settings.telegram_admins
    ]
    for scope, names in scopes:
        for code, language in [(None, languages[0]), *((each, each) for each in languages)]:
            commands = [
                BotCommand(command=name, description=say(f"command_{name}", language))
                for name in names
            ]
            found.append(SetMyCommands(commands=commands, scope=scope, language_code=code))
    return found
