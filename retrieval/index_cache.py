"""Where an index keeps its cache, and what a saved one says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retrieval.cache import noted
from retrieval.text import Analyser

FORMAT = 3


def cache_name(encoder_fingerprint: str, analyser: Analyser) -> str:
    """The folder, below `indexes/`, of the cache that this encoder and analyser share."""
    return f"{encoder_fingerprint}-{analyser.fingerprint}"


def saved_state(folder: Path, encoder_fingerprint: str, analyser: Analyser) -> dict[str, Any]:
    """What `HybridIndex.state` was when the cache below `folder` was saved; empty if none is."""
    facts = noted(folder / cache_name(encoder_fingerprint, analyser)) or {}
    found = facts.get("state") if facts.get("format") == FORMAT else None
    return found or {}
