"""Files between customers and people: checked the same, whoever sends them and on which channel."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bot.errors import EmptyFileError, FileTooLargeError
from bot.sniffing import media_type, safe_name
from storage.types import StoredFile


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that may be stored."""

    file: StoredFile
    content: bytes


def checked_file(
    conversation_id: str, external_id: str, name: str, content: bytes, *, limit: int
) -> CheckedFile:
    """The file of the message that has this external id; an error if it may not be stored.

    What it is, its first bytes tell: neither its name nor its sender is believed.
    """
    if len(content) > limit:
        raise FileTooLargeError(f"a file may have {limit} bytes, this one has {len(content)}")
    if not content:
        raise EmptyFileError("expected a file, found nothing")
    kind = media_type(content)
    return CheckedFile(
        StoredFile(
            secrets.token_urlsafe(16), conversation_id, external_id, safe_name(name, kind), kind,
            len(content),
        ),
        content,
    )  # fmt: skip
