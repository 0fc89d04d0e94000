"""Turns a file's bytes into text, or says why they are no text."""

from __future__ import annotations

import codecs
import re

from retrieval.errors import EmptyFileError, UnreadableFileError

_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x89PNG", "an image"),
    (b"GIF8", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff\ufeff]")
_MAX_CONTROL_SHARE = 0.01


def decode(data: bytes, name: str) -> str:
    """The text, with `\\n` line ends and without control characters.

    UTF-8, UTF-16 and GB18030 are read; the bytes must fit their encoding throughout.
    """
    if not data.strip():
        raise EmptyFileError(f"{name} is empty: there is nothing to read in it.")
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            raise UnreadableFileError(
                f"Expected text in {name}, found {kind}. Save its content as text or Markdown."
            )
    text = _decoded(data, name)
    noise = len(_CONTROL.findall(text))
    if noise > max(2, len(text) * _MAX_CONTROL_SHARE):
        raise UnreadableFileError(f"Expected text in {name}, found binary data.")
    clean = _CONTROL.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    if not clean.strip():
        raise EmptyFileError(f"{name} is empty: there is nothing to read in it.")
    return clean


def _decoded(data: bytes, name: str) -> str:
    for encoding in _candidates(data):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFileError(
        f"Expected {name} to be text in UTF-8, UTF-16 or GB18030, found bytes of none of them. "
        "Save it as UTF-8."
    )


def _candidates(data: bytes) -> list[str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return [encoding]
    if b"\x00" in data[:4000]:
        # Text without a byte order mark: in UTF-16 every ASCII character has one zero byte.
        even, odd = data[:4000:2].count(0), data[1:4000:2].count(0)
        return ["utf-16-be" if even > odd else "utf-16-le"]
    return ["utf-8", "gb18030"]
