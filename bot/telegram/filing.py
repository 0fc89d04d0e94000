"""A file on its way to a chat: as a photo where Telegram takes it as one, else as a document."""

from __future__ import annotations

from dataclasses import dataclass

from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendDocument, SendPhoto
from aiogram.types import BufferedInputFile

from bot.telegram.formatting import clean, split
from bot.telegram.requests import Requests
from storage.types import Message, StoredFile

MAX_PHOTO_BYTES = 10_000_000
MAX_CAPTION_UNITS = 1024
_PHOTOS = ("image/png", "image/jpeg", "image/webp")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file and its content."""

    file: StoredFile
    content: bytes

    @property
    def is_photo(self) -> bool:
        """Whether Telegram may show it as a picture; a GIF moves only as a document."""
        return self.file.media_type in _PHOTOS and self.file.size <= MAX_PHOTO_BYTES


async def send_file(requests: Requests, chat_id: int, enclosed: Enclosed, message: Message) -> str:
    """Send it; gives the id of the message in the chat."""
    upload = BufferedInputFile(enclosed.content, enclosed.file.name)
    caption = _caption(enclosed.file, message)
    if enclosed.is_photo:
        try:
            photo = SendPhoto(chat_id=chat_id, photo=upload, caption=caption)
            return str((await requests.send(photo, tries=1)).message_id)
        except TelegramBadRequest:
            # Too long and narrow, or damaged: the customer can still have it as a file.
            pass
    document = SendDocument(chat_id=chat_id, document=upload, caption=caption)
    return str((await requests.send(document, tries=1)).message_id)


def _caption(file: StoredFile, message: Message) -> str | None:
    """What was written beside the file; its name alone is no caption."""
    if message.text == file.name:
        return None
    pieces = split(clean(message.text), MAX_CAPTION_UNITS)
    return pieces[0] if pieces else None
