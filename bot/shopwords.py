"""The shop's own words, taken over by a running server when somebody edits the file.

Synonyms and words reach search at once: all passages are cut into words anew, which needs no model.
The classifier and the encoder keep the words that they were trained with until the next retraining.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from bot.logs import logger
from retrieval.errors import LexiconError
from retrieval.lexicon import SYNONYMS_FILE, Lexicon
from retrieval.text import Analyser

_NO_FILE = "none"


class Cut(Protocol):
    """A search index as far as its words go."""

    @property
    def analyser(self) -> Analyser:
        """What cuts passages and queries into words."""
        ...

    def recut(self, analyser: Analyser) -> None:
        """Cut all passages into words anew."""
        ...


class ShopWords:
    """`synonyms.toml` of the shop's folder."""

    def __init__(self, shop: Path | None) -> None:
        """Without a folder the words of the bundle stay."""
        self._shop = shop
        self._logger = logger("live")

    def stamp(self) -> str:
        """Something that moves when the file is written; cheap enough for every turn."""
        if self._shop is None:
            return _NO_FILE
        try:
            status = (self._shop / SYNONYMS_FILE).stat()
        except OSError:
            return _NO_FILE
        return f"{status.st_mtime_ns}:{status.st_size}:{status.st_ino}"

    def put_into(self, index: Cut) -> None:
        """Let the index use the words as they are now; a file that is none changes nothing."""
        if self._shop is None:
            return
        try:
            analyser = Analyser(Lexicon.of_shop(self._shop))
        except LexiconError as error:
            self._logger.warning("words_not_taken_over", reason=str(error))
            return
        if analyser.fingerprint != index.analyser.fingerprint:
            index.recut(analyser)
            self._logger.info("words_taken_over", file=SYNONYMS_FILE)
