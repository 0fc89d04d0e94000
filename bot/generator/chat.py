"""Lets a language model write, shows only what its passages support, and falls back to quoting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from bot.errors import GeneratorUnavailableError
from bot.generator.base import ChatModel, Generator, Piece, Request
from bot.generator.cutter import Cited, SentenceCutter
from bot.generator.grounding import Grounding
from bot.generator.prompt import MAX_PASSAGES, NO_ANSWER, Prompt, PromptFile, build_prompt
from bot.generator.sentences import joint
from bot.logs import logger
from bot.wording import spoken
from bot.work import Compute
from finetune.politeness import says_nothing
from retrieval.language import detect_language
from storage.types import Citation, Passage

ATTEMPTS = 2
MAX_SENTENCES = 6


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for the first word, for the next one, and for the whole reply.

    `max_tokens` bounds what a model may write.
    """

    first: float = 8.0
    silence: float = 4.0
    whole: float = 30.0
    max_tokens: int = 400


class _RefusedError(Exception):
    """What the model wrote must not be shown; `again`: it may try once more, told why."""

    def __init__(self, reason: str, *, again: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.again = reason, again


class ChatGenerator:
    """A model's sentences, each checked before it is shown; else the extract."""

    def __init__(
        self,
        model: ChatModel,
        extract: Generator,
        grounding: Grounding,
        prompts: Mapping[str, PromptFile],
        compute: Compute,
        patience: Patience | None = None,
    ) -> None:
        """`extract` answers whenever the model does not."""
        self._model, self._extract, self._grounding = model, extract, grounding
        self._prompts, self._compute = prompts, compute
        self._patience = patience or Patience()
        self._log = logger("generator")

    async def write(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Checked sentences of the model, after one retry at most those of the extract."""
        if not request.hits:
            return
        deadline = asyncio.get_running_loop().time() + self._patience.whole
        shown, reason = False, ""
        for _ in range(ATTEMPTS):
            anew = shown
            try:
                async with aclosing(self._attempt(request, reason, deadline)) as pieces:
                    async for piece in pieces:
                        yield replace(piece, withdraws=anew)
                        shown, anew = True, False
                return
            except _RefusedError as refused:
                reason = refused.reason
                self._log.info("refused", reason=reason)
                if not refused.again:
                    break
            except GeneratorUnavailableError as error:
                self._log.warning("unavailable", reason=str(error))
                break
        async with aclosing(self._extract.write(request)) as pieces:
            async for piece in pieces:
                yield replace(piece, withdraws=shown)
                shown = False
        if shown:
            yield Piece("", withdraws=True)

    async def _attempt(
        self, request: Request, reason: str, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        prompt = build_prompt(self._prompts, request, reason=reason)
        page = _Page(request)
        async with aclosing(self._sentences(prompt, deadline)) as sentences:
            async for sentence in sentences:
                number = await self._compute.run(partial(self._supporting, sentence, page, prompt))
                if number is not None or page.citations:
                    yield page.add(sentence, number)
                if page.sentences == MAX_SENTENCES:
                    break
        if not page.citations:
            raise _RefusedError("nothing was said that a passage supports")

    async def _sentences(self, prompt: Prompt, deadline: float) -> AsyncGenerator[Cited, None]:
        cutter = SentenceCutter()
        stream = self._model.stream(prompt.messages, self._patience.max_tokens)
        async with aclosing(stream):
            wait = self._patience.first
            while (text := await _next(stream, wait, deadline)) is not None:
                wait = self._patience.silence
                for sentence in cutter.feed(text):
                    yield sentence
            for sentence in cutter.rest():
                yield sentence

    def _supporting(self, sentence: Cited, page: _Page, prompt: Prompt) -> int | None:
        """The number of the passage that supports a sentence; None for mere politeness.

        Raises `_RefusedError` where nothing does. A sentence that cites nothing is held against
        every passage.
        """
        if NO_ANSWER in sentence.text:
            raise _RefusedError("the passages do not answer", again=False)
        if prompt.code in sentence.text:
            raise _RefusedError("the prompt was disclosed", again=False)
        if detect_language(sentence.text) not in (None, spoken(page.request.language)):
            raise _RefusedError("not in the customer's language")
        if says_nothing(sentence.text):
            return None
        every = range(1, len(page.passages) + 1)
        reasons = []
        for number in [n for n in sentence.numbers if n in every] or every:
            finding = self._grounding.check(sentence.text, page.passages[number - 1])
            if finding.supported:
                return number
            reasons.append(finding.reason)
        raise _RefusedError(reasons[0])


class _Page:
    """A reply as it grows; passages are numbered anew in the order in which they are cited."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.passages = [hit.passage for hit in request.hits[:MAX_PASSAGES]]
        self.citations: dict[int, int] = {}
        self.sentences = 0
        self._text = ""

    def add(self, sentence: Cited, number: int | None) -> Piece:
        """The piece for a sentence that the passage of this number supports."""
        self.sentences += 1
        text = joint(self._text, new_line=sentence.new_line) + sentence.text
        if number is None:
            self._text += text
            return Piece(text)
        is_new = number not in self.citations
        shown = self.citations.setdefault(number, len(self.citations) + 1)
        text += f" [{shown}]"
        self._text += text
        return Piece(text, (_citation(shown, self.passages[number - 1]),) if is_new else ())


def _citation(n: int, passage: Passage) -> Citation:
    return Citation(
        n=n,
        text=passage.text,
        document=passage.document,
        heading=passage.heading or passage.title,
        start=passage.start,
        end=passage.end,
    )


async def _next(stream: AsyncGenerator[str, None], seconds: float, deadline: float) -> str | None:
    """The next piece, None at the end; `GeneratorUnavailableError` if it takes too long."""
    until = min(deadline, asyncio.get_running_loop().time() + seconds)
    try:
        async with asyncio.timeout_at(until):
            return await anext(stream, None)
    except TimeoutError:
        raise GeneratorUnavailableError("the model takes too long") from None
