"""What the Bot API accepts: the checks of the double, as pure functions."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

MAX_TEXT_UNITS = 4096
MAX_CALLBACK_BYTES = 64
MAX_CALLBACK_ANSWER = 200
MAX_CAPTION_UNITS = 1024
MAX_PHOTO_BYTES = 10_000_000
MAX_PHOTO_SIDES = 10_000
MAX_DOCUMENT_BYTES = 50_000_000
MAX_DOWNLOAD_BYTES = 20_000_000
MAX_PHOTO_RATIO = 20
MAX_BUTTONS = 100
MAX_COMMANDS = 100
HTML_TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote"}
)

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
MEDIA = ("photo", "voice", "audio", "video", "document", "sticker", "location")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Parameters = Mapping[str, Any]


class Refusal(Exception):  # noqa: N818
    """An answer with `ok: false`."""

    def __init__(self, status: int, description: str, retry_after: int | None = None) -> None:
        """`retry_after` is the pause in seconds that a 429 asks for."""
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The JSON that the Bot API answers with."""
        found: dict[str, Any] = {
            "ok": False,
            "error_code": self.status,
            "description": self.description,
        }
        if self.retry_after is not None:
            found["parameters"] = {"retry_after": self.retry_after}
        return found


def bad_request(reason: str) -> Refusal:
    """A refusal with status 400."""
    return Refusal(400, f"Bad Request: {reason}")


def utf16_units(text: str) -> int:
    """Length as Telegram counts it: an emoji outside the basic plane counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def require(parameters: Parameters, name: str) -> str:
    """A parameter that must be there."""
    value = str(parameters.get(name, ""))
    if not value:
        raise bad_request(f'parameter "{name}" is required')
    return value


def require_int(parameters: Parameters, name: str) -> int:
    """A parameter that must be a whole number."""
    value = require(parameters, name)
    try:
        return int(value)
    except ValueError:
        raise bad_request(f'parameter "{name}" must be an integer') from None


def shown_text(parameters: Parameters) -> str:
    """The text as a customer would see it: parsed, trimmed, from 1 to 4,096 units long."""
    text = _parsed(parameters, "text")
    if not text:
        raise bad_request("message text is empty")
    if utf16_units(text) > MAX_TEXT_UNITS:
        raise bad_request("message is too long")
    return text


def caption(parameters: Parameters) -> str:
    """The text below a picture: parsed, trimmed, at most 1,024 units long."""
    text = _parsed(parameters, "caption")
    if utf16_units(text) > MAX_CAPTION_UNITS:
        raise bad_request("message caption is too long")
    return text


def photo(parameters: Parameters) -> bytes:
    """The uploaded picture: a PNG within the limits on bytes, sides and their ratio."""
    name = require(parameters, "photo").removeprefix("attach://")
    file = parameters.get(name)
    if not isinstance(file, bytes) or not file.startswith(b"\x89PNG\r\n\x1a\n"):
        raise bad_request("IMAGE_PROCESS_FAILED")
    width, height = struct.unpack(">II", file[16:24])
    if len(file) > MAX_PHOTO_BYTES:
        raise bad_request("file is too big")
    ratio = max(width, height) / max(1, min(width, height))
    if width + height > MAX_PHOTO_SIDES or ratio > MAX_PHOTO_RATIO:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return file


def document(parameters: Parameters) -> bytes:
    """The uploaded file: anything but nothing, within the limit on bytes."""
    file = parameters.get(require(parameters, "document").removeprefix("attach://"))
    if not isinstance(file, bytes) or not file:
        raise bad_request("file must be non-empty")
    if len(file) > MAX_DOCUMENT_BYTES:
        raise bad_request("file is too big")
    return file


def webhook_url(parameters: Parameters) -> str:
    """The address of `setWebhook`: https, or plain http to this machine as a local server takes."""
    url = require(parameters, "url")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    return url


def _parsed(parameters: Parameters, name: str) -> str:
    text = str(parameters.get(name, ""))
    mode = parameters.get("parse_mode", "")
    if mode == "HTML":
        text = _parse_html(text)
    elif mode:
        raise bad_request(f"unsupported parse_mode {mode}")
    return text.replace("\r", "").replace("\0", "").strip()


def inline_keyboard(parameters: Parameters) -> list[list[dict[str, str]]]:
    """The buttons of `reply_markup`, row by row, each with a text and its callback data."""
    raw = parameters.get("reply_markup")
    if not raw:
        return []
    rows = json_object(raw, "reply_markup").get("inline_keyboard")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("object expected as reply markup")
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return [[_button(button) for button in row] for row in rows]


def commands(parameters: Parameters) -> list[dict[str, str]]:
    """The list of `setMyCommands`."""
    try:
        found = json.loads(require(parameters, "commands"))
    except ValueError:
        raise bad_request("can't parse commands JSON object") from None
    if not isinstance(found, list) or len(found) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in found:
        name, description = command.get("command", ""), command.get("description", "")
        if not _COMMAND.fullmatch(name):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return found


def _button(button: object) -> dict[str, str]:
    if not isinstance(button, dict) or not str(button.get("text", "")).strip():
        raise bad_request("inline keyboard button text must be non-empty")
    data = button.get("callback_data")
    if not isinstance(data, str):
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if not 1 <= len(data.encode()) <= MAX_CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    return {"text": button["text"], "callback_data": data}


def json_object(raw: str, name: str) -> dict[str, Any]:
    """A parameter that must be a JSON object."""
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise bad_request(f"can't parse {name} JSON object")
    return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag not in HTML_TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise bad_request(f'can\'t parse entities: Unexpected end tag "{tag}"')


def _parse_html(text: str) -> str:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if reader.open:
        raise bad_request(f"can't parse entities: Can't find end tag \"{reader.open[-1]}\"")
    return "".join(reader.text)
