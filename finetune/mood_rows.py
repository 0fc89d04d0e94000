"""The shop's mood.csv: messages of customers with how they felt."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.errors import ShopFolderError
from finetune.types import MOODS
from retrieval.readers.decoding import decode
from storage.privacy import mask

MOOD_FILE = "mood.csv"
LEAST_OF_EACH = 5
"""So many messages of each mood are needed: one for every part of the cross-validation."""


@dataclass(frozen=True, slots=True)
class MoodRow:
    """A message, masked, and one of MOODS."""

    text: str
    mood: str


def read_moods(shop: Path) -> tuple[MoodRow, ...]:
    """The rows of the shop's mood.csv, each text once; none where there is no such file.

    Raises ShopFolderError naming the line, or the mood of which there is too little.
    """
    path = shop / MOOD_FILE
    if not path.is_file():
        return ()
    reader = csv.DictReader(io.StringIO(decode(path.read_bytes(), path.name)))
    columns = [(name or "").strip().casefold() for name in reader.fieldnames or []]
    if not {"text", "mood"} <= set(columns):
        found = ", ".join(columns) or "none"
        raise ShopFolderError(f"{path.name}: expected the columns text and mood, found {found}")
    reader.fieldnames = columns
    rows: dict[str, MoodRow] = {}
    for values in reader:
        text, mood = (values["text"] or "").strip(), (values["mood"] or "").strip().casefold()
        if not text and not mood:
            continue
        _check(text, mood, f"{path.name}, line {reader.line_num}", rows.get(text))
        rows[text] = MoodRow(mask(text), mood)
    return _enough(tuple(rows.values()), path.name)


def moods_fingerprint(rows: Sequence[MoodRow], words: str) -> str:
    """A sha256 over the rows and the fingerprint of the words for feelings."""
    parts = [words, [(row.text, row.mood) for row in rows]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _check(text: str, mood: str, where: str, known: MoodRow | None) -> None:
    if not text:
        raise ShopFolderError(f"{where}: expected a text, found none")
    if mood not in MOODS:
        raise ShopFolderError(f"{where}: expected a mood of {', '.join(MOODS)}, found {mood!r}")
    if known is not None and known.mood != mood:
        raise ShopFolderError(
            f"{where}: expected one mood per text, found {mood} after {known.mood}; keep one row"
        )


def _enough(rows: tuple[MoodRow, ...], name: str) -> tuple[MoodRow, ...]:
    counts = Counter(row.mood for row in rows)
    for mood in MOODS:
        if counts[mood] < LEAST_OF_EACH:
            raise ShopFolderError(
                f"{name}: expected at least {LEAST_OF_EACH} texts of each mood, found "
                f"{counts[mood]} that are {mood}; add some, or remove the file"
            )
    return rows
