"""What a Telegram message carries beside words: a reference to it, never the file itself."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram.enums import ContentType
from aiogram.types import Message

from storage.types import Attachment

_KINDS: Mapping[str, str] = {
    ContentType.PHOTO: "photo",
    ContentType.VOICE: "voice",
    ContentType.AUDIO: "audio",
    ContentType.VIDEO: "video",
    ContentType.VIDEO_NOTE: "video",
    ContentType.ANIMATION: "video",
    ContentType.DOCUMENT: "document",
    ContentType.STICKER: "sticker",
    ContentType.LOCATION: "location",
    ContentType.VENUE: "location",
    ContentType.CONTACT: "contact",
    ContentType.POLL: "other",
    ContentType.DICE: "other",
    ContentType.STORY: "other",
    ContentType.PAID_MEDIA: "other",
    ContentType.GAME: "other",
}


def attachment_of(message: Message) -> Attachment | None:
    """The file, place or card that a message is or carries; None for words and service notes."""
    kind = _KINDS.get(message.content_type)
    if kind is None:
        return None
    part = getattr(message, message.content_type, None)
    if isinstance(part, list):
        part = part[-1]  # of a photo's sizes the largest
    if message.location is not None:
        where = f"{message.location.latitude},{message.location.longitude}"
        return Attachment(kind, where)
    return Attachment(
        kind,
        reference=getattr(part, "file_id", ""),
        name=getattr(part, "file_name", None),
        mime=getattr(part, "mime_type", None),
        size=getattr(part, "file_size", None),
    )
