"""Files that customers send: the words that stand for one in the text of its message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.wording import Language, spoken
from storage.types import Message, Role

_LABELS: Mapping[str, Mapping[Language, str]] = {
    "photo": {"zh": "[图片]", "en": "[Photo]"},
    "voice": {"zh": "[语音]", "en": "[Voice message]"},
    "audio": {"zh": "[音频]", "en": "[Audio]"},
    "video": {"zh": "[视频]", "en": "[Video]"},
    "document": {"zh": "[文件]", "en": "[File]"},
    "sticker": {"zh": "[表情]", "en": "[Sticker]"},
    "location": {"zh": "[位置]", "en": "[Location]"},
    "contact": {"zh": "[名片]", "en": "[Contact]"},
    "other": {"zh": "[附件]", "en": "[Attachment]"},
}
_WORDS = {text: language for texts in _LABELS.values() for language, text in texts.items()}
_ONE_BATCH = timedelta(minutes=1)


def label(kind: str, language: str) -> str:
    """What stands in the text of a message that is nothing but a file of this kind."""
    return _LABELS.get(kind, _LABELS["other"])[spoken(language)]


def is_label(text: str) -> bool:
    """Whether a message is nothing but a file; its words are known again after a crash."""
    return text in _WORDS


def label_language(text: str) -> Language | None:
    """The language that the customer was taken to read when the label was chosen."""
    return _WORDS.get(text)


def is_one_of_several(message: Message, history: Sequence[Message]) -> bool:
    """Whether the customer's message before this one was a file too, less than a minute ago.

    An album arrives as one message per picture, and wants one answer.
    """
    earlier = [each for each in history if each.role is Role.CUSTOMER]
    if not earlier or not is_label(earlier[-1].text):
        return False
    return message.created_at - earlier[-1].created_at < _ONE_BATCH
