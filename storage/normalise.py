"""One spelling for texts that read the same."""

from __future__ import annotations

import hashlib
import unicodedata


def normalise(text: str) -> str:
    """The text in NFKC form, with every run of white space folded to one space, stripped."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def text_key(text: str) -> str:
    """A name for the normalised text: equal for texts that differ in width or white space only."""
    return hashlib.sha256(normalise(text).encode("utf-8", "surrogatepass")).hexdigest()
