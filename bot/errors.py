"""What can go wrong in the conversation room.

KefuError
├── MessageTooLongError    400  shorten it
├── FileTooLargeError      413  send a smaller file
├── UnsupportedFileError   415  send a picture or a PDF
├── EmptyFileError         422  send a file that has something in it
├── PromptFileError        400  the shop's prompt file cannot be used
├── HomeUnusableError      500  KEFU_HOME cannot be written
├── SecretMissingError     500  a webhook of shop.toml has no secret
├── NotReadyError          503  nothing is live yet, or the server is closing
└── GeneratorUnavailableError  503  the language model cannot write now
"""

from __future__ import annotations

from storage.errors import InputError, KefuError


class MessageTooLongError(InputError):
    """A customer's message is longer than the shop accepts."""

    code = "message_too_long"

    def __init__(self, found: int, limit: int) -> None:
        """Say both numbers."""
        super().__init__(
            f"a message may have {limit} characters, this one has {found}: shorten or split it"
        )


class FileTooLargeError(InputError):
    """A file is larger than the shop accepts."""

    status_code = 413
    code = "file_too_large"


class UnsupportedFileError(InputError):
    """A file is neither a picture nor a PDF."""

    status_code = 415
    code = "unsupported_file"


class EmptyFileError(InputError):
    """A file has nothing in it."""

    status_code = 422
    code = "empty_file"


class HomeUnusableError(KefuError):
    """The home folder cannot be created or written."""

    code = "home_unusable"


class SecretMissingError(KefuError):
    """A webhook's secret is not in the environment."""

    code = "secret_missing"


class NotReadyError(KefuError):
    """The server cannot take a message now."""

    status_code = 503
    code = "not_ready"


class GeneratorUnavailableError(KefuError):
    """The language model cannot write this reply; the extract takes its place."""

    status_code = 503
    code = "generator_unavailable"


class PromptFileError(InputError):
    """A shop's prompt file cannot be used."""

    code = "prompt_file"

    def __init__(self, name: str, expected: str, found: str) -> None:
        """Name the file, what it should hold and what it holds."""
        super().__init__(f"{name}: expected {expected}, found {found}")
