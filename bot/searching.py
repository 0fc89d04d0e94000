"""What the bot needs of a search index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from retrieval.text import Analyser
from retrieval.types import EVERYTHING_VALID, Explanation, Hit, SearchFilter, Vectors
from storage.database import Database


class SearchIndex(Protocol):
    """Finds passages."""

    @property
    def revision(self) -> int:
        """The knowledge revision that the index has reached."""
        ...

    def sync(self, database: Database) -> int:
        """Replay the changes since, deletions first; the revision reached."""
        ...

    @property
    def feedback(self) -> str:
        """The stamp of the customers' opinions that its scores reckon with."""
        ...

    def weigh_feedback(self, database: Database) -> None:
        """Let the customers' opinions, as they are now, move the scores."""
        ...

    @property
    def analyser(self) -> Analyser:
        """What cuts passages and queries into words."""
        ...

    def recut(self, analyser: Analyser) -> None:
        """Cut all passages into words anew."""
        ...

    def search(
        self, query: str, k: int = 10, *, only: SearchFilter = EVERYTHING_VALID
    ) -> list[Hit]:
        """The passages most likely to answer that the filter admits, best first."""
        ...

    def explain(self, query: str, hits: Sequence[Hit]) -> list[Explanation]:
        """Why each of these was found for the query."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, of shape (len(texts), dimension)."""
        ...

    def rebuild(self, progress: Callable[[str, float], None] | None = None) -> bool:
        """Build anew what has outgrown its kind, beside what serves; whether anything was due."""
        ...

    def save(self) -> None:
        """Write the cache that the next process begins with."""
        ...
