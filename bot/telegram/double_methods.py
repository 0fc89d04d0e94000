"""The methods of the Bot API double: what reached the chats, and the checks before it did."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.telegram import double_rules as rules
from bot.telegram.double_rules import Parameters, Refusal

BOT_ID = 42
BOT_NAME = "kefu_bot"

Buttons = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message of the bot that reached a chat; `media` says what it is if it is no text."""

    message_id: int
    chat_id: int
    text: str
    buttons: Buttons
    raw: dict[str, str] = field(repr=False)
    media: str | None = None
    file: bytes = field(default=b"", repr=False)
    copied_from: tuple[int, int] | None = None


class ChatMethods:
    """The state of all chats, and what a bot may do there."""

    def __init__(self) -> None:
        self.sent: list[SentMessage] = []
        self.edits: list[SentMessage] = []
        self.deleted: list[tuple[int, int]] = []
        self.actions: list[int] = []
        self.answered_callbacks: list[str] = []
        self.callback_answers: dict[str, str] = {}
        self.menus: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.blocked: set[int] = set()
        self.members: dict[int, dict[int, str]] = {}
        self.posted: dict[tuple[int, int], dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self._asked_callbacks: set[str] = set()
        self._next_message = 1

    @property
    def commands(self) -> list[dict[str, str]]:
        """The menu that a private chat shows in a language of which there is no menu."""
        return self.menus.get(("", ""), [])

    def texts(self, chat_id: int) -> list[str]:
        """What a chat has received and still shows, in order."""
        return [message.text for message in self.sent if message.chat_id == chat_id]

    def message(self, chat_id: int) -> dict[str, Any]:
        """A new message in a chat, to put into an update; negative ids are groups."""
        message_id = self._next_message
        self._next_message += 1
        chat: dict[str, Any] = {"id": chat_id, "type": "private", "first_name": "Lin"}
        if chat_id < 0:
            chat = {"id": chat_id, "type": "supergroup", "title": "Group"}
        return {"message_id": message_id, "date": int(time.time()), "chat": chat}

    def handlers(self) -> Mapping[str, Callable[[Parameters], Awaitable[Any]]]:
        """Per method, in lower case, what it does."""
        return {
            "getme": self._get_me,
            "getchatmember": self._get_member,
            "sendmessage": self._send_message,
            "sendphoto": self._send_photo,
            "senddocument": self._send_document,
            "getfile": self._get_file,
            "copymessage": self._copy_message,
            "editmessagetext": self._edit_message,
            "editmessagereplymarkup": self._edit_markup,
            "deletemessage": self._delete_message,
            "answercallbackquery": self._answer_callback,
            "sendchataction": self._send_action,
            "setmycommands": self._set_commands,
        }

    async def _get_me(self, _: Parameters) -> dict[str, Any]:
        return {"id": BOT_ID, "is_bot": True, "first_name": "Kefu", "username": BOT_NAME}

    async def _get_member(self, parameters: Parameters) -> dict[str, Any]:
        chat_id = rules.require_int(parameters, "chat_id")
        user_id = rules.require_int(parameters, "user_id")
        if chat_id not in self.members:
            raise rules.bad_request("chat not found")
        status = self.members[chat_id].get(user_id, "left")
        found: dict[str, Any] = {"status": status, "user": person(user_id, "en")}
        return found | ({"is_anonymous": False} if status == "creator" else {})

    async def _send_message(self, parameters: Parameters) -> dict[str, Any]:
        chat_id = self._writable(parameters)
        text = rules.shown_text(parameters)
        buttons = self._before_sending(parameters, chat_id)
        return self._put(SentMessage(0, chat_id, text, buttons, dict(parameters)))

    async def _send_photo(self, parameters: Parameters) -> dict[str, Any]:
        chat_id = self._writable(parameters)
        caption = rules.caption(parameters)
        buttons = self._before_sending(parameters, chat_id)
        file = rules.photo(parameters)
        kept = {name: value for name, value in parameters.items() if isinstance(value, str)}
        return self._put(SentMessage(0, chat_id, caption, buttons, kept, "photo", file))

    async def _send_document(self, parameters: Parameters) -> dict[str, Any]:
        chat_id = self._writable(parameters)
        caption = rules.caption(parameters)
        buttons = self._before_sending(parameters, chat_id)
        file = rules.document(parameters)
        kept = {name: value for name, value in parameters.items() if isinstance(value, str)}
        return self._put(SentMessage(0, chat_id, caption, buttons, kept, "document", file))

    async def _get_file(self, parameters: Parameters) -> dict[str, Any]:
        file_id = rules.require(parameters, "file_id")
        if file_id not in self.files:
            raise rules.bad_request("invalid file_id")
        size = len(self.files[file_id])
        if size > rules.MAX_DOWNLOAD_BYTES:
            raise rules.bad_request("file is too big")
        return {
            "file_id": file_id, "file_unique_id": file_id, "file_size": size,
            "file_path": f"files/{file_id}",
        }  # fmt: skip

    async def _copy_message(self, parameters: Parameters) -> dict[str, Any]:
        chat_id = self._writable(parameters)
        source = (
            rules.require_int(parameters, "from_chat_id"),
            rules.require_int(parameters, "message_id"),
        )
        original = self.posted.get(source)
        if original is None:
            raise rules.bad_request("message to copy not found")
        buttons = self._before_sending(parameters, chat_id)
        text = original.get("text") or original.get("caption") or ""
        media = next((name for name in rules.MEDIA if name in original), None)
        copied = SentMessage(0, chat_id, text, buttons, dict(parameters), media, copied_from=source)
        return {"message_id": self._put(copied)["message_id"]}

    async def _edit_message(self, parameters: Parameters) -> dict[str, Any]:
        at = self._find(parameters)
        text, buttons = rules.shown_text(parameters), _buttons(parameters)
        return self._change(at, text, buttons, parameters)

    async def _edit_markup(self, parameters: Parameters) -> dict[str, Any]:
        at = self._find(parameters)
        return self._change(at, self.sent[at].text, _buttons(parameters), parameters)

    async def _delete_message(self, parameters: Parameters) -> bool:
        gone = self.sent.pop(self._find(parameters, "message to delete not found"))
        self.deleted.append((gone.chat_id, gone.message_id))
        return True

    async def _answer_callback(self, parameters: Parameters) -> bool:
        if rules.utf16_units(parameters.get("text", "")) > rules.MAX_CALLBACK_ANSWER:
            raise rules.bad_request("MESSAGE_TOO_LONG")
        asked = rules.require(parameters, "callback_query_id")
        if asked not in self._asked_callbacks:
            raise rules.bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        self.answered_callbacks.append(asked)
        self.callback_answers[asked] = parameters.get("text", "")
        return True

    async def _send_action(self, parameters: Parameters) -> bool:
        chat_id = self._writable(parameters)
        if rules.require(parameters, "action") != "typing":
            raise rules.bad_request("wrong parameter action in request")
        self.actions.append(chat_id)
        return True

    async def _set_commands(self, parameters: Parameters) -> bool:
        key = (parameters.get("scope", ""), parameters.get("language_code", ""))
        self.menus[key] = rules.commands(parameters)
        return True

    def _writable(self, parameters: Parameters) -> int:
        chat_id = rules.require_int(parameters, "chat_id")
        if chat_id in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat_id

    def _before_sending(self, parameters: Parameters, chat_id: int) -> Buttons:
        self._check_reply(parameters, chat_id)
        return _buttons(parameters)

    def _check_reply(self, parameters: Parameters, chat_id: int) -> None:
        raw = parameters.get("reply_parameters")
        if not raw:
            return
        wanted = rules.json_object(raw, "reply_parameters")
        there = (chat_id, wanted.get("message_id"))
        known = there in self.posted or any(
            (each.chat_id, each.message_id) == there for each in self.sent
        )
        if not known and not wanted.get("allow_sending_without_reply"):
            raise rules.bad_request("message to be replied not found")

    def _put(self, sent: SentMessage) -> dict[str, Any]:
        message = self.message(sent.chat_id)
        self.sent.append(_as(sent, message["message_id"]))
        return message | {"from": _me(), "text": sent.text}

    def _change(
        self, at: int, text: str, buttons: Buttons, parameters: Parameters
    ) -> dict[str, Any]:
        old = self.sent[at]
        if (text, buttons) == (old.text, old.buttons):
            raise rules.bad_request(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        new = SentMessage(old.message_id, old.chat_id, text, buttons, dict(parameters))
        self.sent[at] = new
        self.edits.append(new)
        return self.message(old.chat_id) | {"message_id": old.message_id, "text": text}

    def _find(self, parameters: Parameters, missing: str = "message to edit not found") -> int:
        wanted = (
            rules.require_int(parameters, "chat_id"),
            rules.require_int(parameters, "message_id"),
        )
        for at, message in enumerate(self.sent):
            if (message.chat_id, message.message_id) == wanted:
                return at
        raise rules.bad_request(missing)


def person(user_id: int, language: str) -> dict[str, Any]:
    """A user, as updates name one."""
    return {"id": user_id, "is_bot": False, "first_name": "Lin", "language_code": language}


def _me() -> dict[str, Any]:
    return {"id": BOT_ID, "is_bot": True, "first_name": "Kefu", "username": BOT_NAME}


def _buttons(parameters: Parameters) -> Buttons:
    rows = rules.inline_keyboard(parameters)
    return tuple((each["text"], each["callback_data"]) for row in rows for each in row)


def _as(sent: SentMessage, message_id: int) -> SentMessage:
    return SentMessage(
        message_id, sent.chat_id, sent.text, sent.buttons, sent.raw, sent.media, sent.file,
        sent.copied_from,
    )  # fmt: skip
