"""What training a chat model takes over from serving: the prompt and the check."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from bot.generator.base import Request, Said
from bot.generator.cutter import Cited, SentenceCutter
from bot.generator.grounding import Grounding
from bot.generator.prompt import MAX_PASSAGES, NO_ANSWER, PromptFile, build_prompt
from bot.generator.sentences import joint
from bot.types import ShopFacts
from bot.wording import spoken
from finetune.generator.approved import ApprovedTurn
from finetune.generator.instructions import ChatMessages, Checked
from finetune.politeness import says_nothing
from retrieval.language import detect_language
from retrieval.types import Hit
from storage.types import Passage, Role

_MARKER = re.compile(r"\s*\[\d{1,2}\]")


class LiveTeacher:
    """Asks in the words of the live generator, and lets pass what a customer would be shown."""

    most_passages = MAX_PASSAGES

    def __init__(self, prompts: Mapping[str, PromptFile], shop: ShopFacts) -> None:
        """`prompts` are those that serve, from the shop's folder or ours."""
        self._prompts, self._shop, self._grounding = prompts, shop, Grounding()

    def prompt(self, turn: ApprovedTurn, passages: Sequence[Passage]) -> ChatMessages:
        """The prompt of a live turn; its code is made of the question, so that it is repeatable."""
        language, shop = turn.language, self._shop
        request = Request(
            question=turn.question,
            hits=tuple(Hit(passage, 1.0, 0.0, 0.0) for passage in passages),
            language=language,
            history=tuple(
                Said(each.role is Role.CUSTOMER, each.masked_text) for each in turn.history
            ),
            shop=shop.names.get(language) or shop.name,
            voice=shop.voice.get(language, ""),
        )
        code = hashlib.sha256(turn.question.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        prompt = build_prompt(self._prompts, request, code=code)
        return tuple({"role": each.role, "content": each.content} for each in prompt.messages)

    def cited(self, turn: ApprovedTurn, passages: Sequence[Passage]) -> str:
        """The answer, a number behind each sentence; empty unless all of them are supported.

        Politeness goes, and from a bot's reply what it did not cite: offers and form questions.
        """
        written = ""
        for sentence in _sentences(turn.answer):
            if says_nothing(sentence.text) or not (turn.by_operator or sentence.numbers):
                continue
            number = self._supporting(sentence.text, passages)
            if number is None:
                return ""
            written += joint(written, new_line=sentence.new_line) + f"{sentence.text} [{number}]"
        return written

    def check(self, answer: str, passages: Sequence[Passage], language: str) -> Checked:
        """How many sentences would be shown of what a model wrote, by the live rules."""
        said = [each for each in _sentences(answer) if not says_nothing(each.text)]
        supported = sum(
            NO_ANSWER not in sentence.text
            and detect_language(sentence.text) in (None, spoken(language))
            and self._holds(sentence, passages)
            for sentence in said
        )
        return Checked(len(said), supported)

    def bare(self, answer: str) -> str:
        """The answer without the numbers of passages."""
        return _MARKER.sub("", answer)

    def _holds(self, sentence: Cited, passages: Sequence[Passage]) -> bool:
        """Whether a passage that it cites supports it; any, where it cites none."""
        cited = [passages[n - 1] for n in sentence.numbers if 1 <= n <= len(passages)]
        return self._supporting(sentence.text, cited or passages) is not None

    def _supporting(self, sentence: str, passages: Sequence[Passage]) -> int | None:
        for number, passage in enumerate(passages, start=1):
            if self._grounding.check(sentence, passage).supported:
                return number
        return None


def _sentences(text: str) -> list[Cited]:
    cutter = SentenceCutter()
    return cutter.feed(text) + cutter.rest()
