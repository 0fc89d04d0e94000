"""Guess a text file's encoding: UTF-8, UTF-16, GB18030 or Windows-1252."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TextIO

from finetune.errors import SourceError

SAMPLE = 4_000_000
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MAGIC = {
    b"PK\x03\x04": "a zip archive or .xlsx",
    b"\xd0\xcf\x11\xe0": "an old .xls or .doc",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"SQLite format": "a database",
}
_ORDINARY = re.compile(r"[\t\r\n -~\u3000-\u301f\u4e00-\u9fff\uff00-\uff5e\u2010-\u2026]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


def open_text(path: Path, *, newline: str | None = None) -> TextIO:
    """The file open for reading in its own encoding; what it cannot decode stays visible.

    Bytes that are not text become lone surrogates, by which their row is known and refused.
    """
    encoding = sniff_encoding(path)
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline=newline)


def sniff_encoding(path: Path) -> str:
    """The codec that reads this file; raises `SourceError` for a file that is not text."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    for magic, kind in _MAGIC.items():
        if sample.startswith(magic):
            raise SourceError(f"{path.name}: expected text, found {kind}; check the file's name")
    for bom, encoding in _BOMS.items():
        if sample.startswith(bom):
            return encoding
    head = sample[:4096]
    wide = _utf16_without_bom(head) if b"\x00" in head else None
    if wide is None and len(_CONTROL.findall(head)) > len(head) * 0.01 + 2:
        raise SourceError(f"{path.name}: expected a text file, found binary data; export it again")
    return wide or _eight_bit(sample)


def _utf16_without_bom(head: bytes) -> str | None:
    """The byte order in which nearly all of it is ASCII or Chinese, if there is one."""
    even = head[: len(head) // 2 * 2]
    for encoding in ("utf-16-le", "utf-16-be"):
        text = even.decode(encoding, "replace")
        if text and len(_ORDINARY.findall(text)) > len(text) * 0.95:
            return encoding
    return None


def _eight_bit(sample: bytes) -> str:
    """UTF-8 unless much of what is not ASCII cannot be; then by what the high bytes look like."""
    runs = _HIGH_RUN.findall(sample)
    bad = sum(not _is_utf8(run) for run in runs[:-1])
    if bad <= len(runs) * 0.1:
        return "utf-8"
    # A Chinese character is two high bytes or more; a Western accent or quote stands alone.
    lone = sum(len(run) == 1 for run in runs)
    return "cp1252" if lone > len(runs) * 0.5 else "gb18030"


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
