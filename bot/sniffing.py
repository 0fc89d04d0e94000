"""What a file is, told by its first bytes: never by its name or by what the sender says."""

from __future__ import annotations

from bot.errors import UnsupportedFileError

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_ENDINGS = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
}
MAX_NAME_CHARS = 120
_SPECIAL = '/\\:*?"<>|'


def media_type(content: bytes) -> str:
    """The type of a picture or PDF; UnsupportedFileError for anything else."""
    for beginning, found in _BEGINNINGS:
        if content.startswith(beginning):
            return found
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise UnsupportedFileError(
        "expected a picture (PNG, JPEG, GIF, WebP) or a PDF, found another kind of file"
    )


def safe_name(name: str, kind: str) -> str:
    """A file name that is safe on every system and ends as its type does."""
    cleaned = "".join("_" if c in _SPECIAL or not c.isprintable() else c for c in name)
    cleaned = cleaned.strip(". ") or "file"
    endings = _ENDINGS[kind]
    if not cleaned.lower().endswith(endings):
        cleaned += endings[0]
    if len(cleaned) > MAX_NAME_CHARS:
        stem, _, ending = cleaned.rpartition(".")
        cleaned = f"{stem[: MAX_NAME_CHARS - len(ending) - 1]}.{ending}"
    return cleaned
