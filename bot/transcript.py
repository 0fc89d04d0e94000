"""A conversation as plain text that a customer can keep."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.types import ShopFacts
from bot.wording import say
from storage.types import Message, Role


def transcript(messages: Sequence[Message], language: str, shop: ShopFacts) -> str:
    """Who said what and when, in the shop's time zone; sources are named below their reply."""
    zone = ZoneInfo(shop.office.time_zone if shop.office else "UTC")
    name = shop.names.get(language) or shop.name
    lines = [say("transcript_title", language, name=name).strip(), ""]
    for message in messages:
        if not message.text.strip():
            continue
        at = message.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
        lines.append(f"[{at}] {_speaker(message, language)}")
        lines.append(message.text)
        lines += [
            f"  [{cited.n}] {' › '.join(filter(None, (cited.document, cited.heading)))}"
            for cited in message.citations
        ]
        lines.append("")
    return "\n".join(lines)


def _speaker(message: Message, language: str) -> str:
    key = {
        Role.CUSTOMER: "speaker_customer",
        Role.BOT: "speaker_bot",
        Role.OPERATOR: "speaker_operator",
        Role.SYSTEM: "speaker_system",
    }[message.role]
    return say(key, language)
