"""What writes a grounded reply, and what a language model behind it must be able to do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from retrieval.types import Hit
from storage.types import Citation

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Said:
    """One earlier message of the conversation, masked; `by_customer` or by the shop."""

    by_customer: bool
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """All that a reply may depend on; `hits` are the passages that may be cited, best first.

    `language` is the customer's; `shop` is the shop's name in it, `voice` how the shop speaks.
    """

    question: str
    hits: tuple[Hit, ...]
    language: str
    history: tuple[Said, ...] = ()
    shop: str = ""
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A checked piece of a reply, at least a sentence, and the sources it is the first to cite.

    The pieces of a reply, joined by nothing, are the reply. One that `withdraws` takes back all
    pieces before it and begins the reply anew.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    withdraws: bool = False


class Generator(Protocol):
    """Writes a reply out of passages, piece by piece."""

    def write(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Pieces that the passages support; none when they support nothing worth saying.

        Closing the iterator stops the work and frees what it held.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a prompt."""

    role: Role
    content: str


class ChatModel(Protocol):
    """A language model that continues a conversation."""

    def stream(self, messages: Sequence[ChatMessage], max_tokens: int) -> AsyncGenerator[str, None]:
        """The reply in pieces of any size, unchecked.

        Raises `GeneratorUnavailableError` when it cannot begin or breaks off. Closing the iterator
        stops the model's work on it.
        """
        ...

    async def start(self) -> None:
        """Begin to load or connect; returns at once."""
        ...

    async def close(self) -> None:
        """Stop, and free everything."""
        ...
