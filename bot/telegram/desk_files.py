"""What operators send from their group: fetched, checked like every file, and passed on."""

from __future__ import annotations

from aiogram.exceptions import AiogramError
from aiogram.methods import GetFile
from aiohttp import ClientError

from bot.errors import EmptyFileError, FileTooLargeError, UnsupportedFileError
from bot.files import CheckedFile, checked_file
from bot.logs import logger
from bot.services import Services
from bot.telegram.failures import in_words
from bot.telegram.requests import Requests
from storage.types import Attachment

_KINDS = ("photo", "document")
_CHUNK = 65536
_NAMELESS = "photo"


class DeskFiles:
    """Fetches the files of operators from Telegram."""

    def __init__(self, services: Services, requests: Requests, seconds: float) -> None:
        """`seconds` is how long a download may take."""
        self._limit = services.settings.max_attachment_bytes
        self._requests = requests
        self._seconds = seconds
        self._log = logger("telegram")

    async def fetch(
        self, conversation_id: str, external_id: str, attachment: Attachment
    ) -> CheckedFile | str:
        """The file as it may be stored, or the name of what to tell the operator instead."""
        if attachment.kind not in _KINDS:
            return "file_kind"
        if (attachment.size or 0) > self._limit:
            return "file_too_big"
        try:
            content = await self._download(attachment.reference)
        except (AiogramError, ClientError, TimeoutError) as error:
            words = in_words(error, self._requests.bot.token)
            self._log.warning("file_not_fetched", error=words)
            return "file_not_fetched"
        name = attachment.name or _NAMELESS
        try:
            return checked_file(conversation_id, external_id, name, content, limit=self._limit)
        except FileTooLargeError:
            return "file_too_big"
        except (UnsupportedFileError, EmptyFileError):
            return "file_kind"

    async def _download(self, reference: str) -> bytes:
        """At most one byte more than may be stored, whatever was announced."""
        bot = self._requests.bot
        found = await self._requests.send(GetFile(file_id=reference))
        address = bot.session.api.file_url(bot.token, found.file_path or "")
        content = bytearray()
        async for chunk in bot.session.stream_content(
            address, timeout=int(self._seconds), chunk_size=_CHUNK, raise_for_status=True
        ):
            content += chunk
            if len(content) > self._limit:
                break
        return bytes(content[: self._limit + 1])
