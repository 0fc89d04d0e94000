"""Which answers of past conversations does a person stand behind?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from finetune.operators import LOOKED_AT, answered_question
from retrieval.language import detect_language
from storage.approved import Approvals
from storage.knowledge import Knowledge
from storage.types import SEARCH_KIND_DOCUMENT, Citation, Message, Passage, Role

_HISTORY = 20
"""So many messages before the question are kept, as a live turn reads them."""


@dataclass(frozen=True, slots=True)
class ApprovedTurn:
    """A question with an answer that a person stands behind; all texts are masked.

    `by_operator`: a person wrote the answer; otherwise the bot did, and the customer liked it.
    `cited` is the evidence as it was frozen with the answer, `found` what else search had found
    then and is still there. `messages` are the ids of what was said in it, history included.
    """

    question: str
    answer: str
    language: str
    by_operator: bool
    cited: tuple[Passage, ...]
    found: tuple[Passage, ...]
    history: tuple[Message, ...]
    messages: tuple[int, ...]

    @property
    def evidence(self) -> tuple[Passage, ...]:
        """All passages, the cited ones first."""
        return self.cited + self.found


def approved_turns(session: Session) -> list[ApprovedTurn]:
    """Liked grounded replies and operators' answers, oldest first.

    A reply with a thumb down is left out, and so is a question that a review rejected. Erased
    customers have no rows, so nothing of theirs is here.
    """
    approvals = Approvals(session)
    liked, disliked, rejected = approvals.liked(), approvals.disliked(), approvals.rejected()
    pairs: list[_Pair] = []
    for told in approvals.conversations():
        pairs += [
            pair
            for pair in _pairs(told, liked)
            if pair.answer.id not in disliked and pair.question.id not in rejected
        ]
    pairs.sort(key=lambda pair: pair.answer.id)
    knowledge = Knowledge(session)
    titles = {each.name: each.title for each in knowledge.documents()}
    wanted = {number for pair in pairs for number in pair.found}
    passages = {each.id: each for each in knowledge.passages(wanted)} if wanted else {}
    return [_turn(pair, titles, passages) for pair in pairs]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A question, its answer, the bot's own reply to it, and what was said before."""

    question: Message
    answer: Message
    reply: Message | None
    history: tuple[Message, ...]

    @property
    def found(self) -> list[int]:
        """Ids of the passages that search found, best first."""
        hits = self.reply.trace.get("hits", ()) if self.reply is not None else ()
        return [int(hit["passage"]) for hit in hits]


def _pairs(told: Sequence[Message], liked: frozenset[int]) -> Iterator[_Pair]:
    by_id = {message.id: message for message in told}
    replies = {message.reply_to: message for message in told if message.role is Role.BOT}
    for place, said in enumerate(told):
        question: Message | None = None
        if said.id in liked and said.reply_to is not None:
            question = by_id.get(said.reply_to)
        elif said.role is Role.OPERATOR:
            before = told[max(0, place - LOOKED_AT) : place]
            question = answered_question(before, said.masked_text)
        if question is not None:
            history = [each for each in told if each.seq < question.seq and each.masked_text]
            yield _Pair(question, said, replies.get(question.id), tuple(history[-_HISTORY:]))


def _turn(pair: _Pair, titles: Mapping[str, str], passages: Mapping[int, Passage]) -> ApprovedTurn:
    by_operator = pair.answer.role is Role.OPERATOR
    language = (
        detect_language(pair.answer.masked_text)
        or pair.answer.language
        or pair.question.language
        or "zh"
    )
    citations = () if by_operator else pair.answer.citations
    cited = tuple(_frozen(each, titles.get(each.document, ""), language) for each in citations)
    there = {(each.document, each.start, each.end) for each in cited}
    found = tuple(
        passage
        for number in pair.found
        if (passage := passages.get(number)) is not None
        and passage.kind == SEARCH_KIND_DOCUMENT
        and (passage.document, passage.start, passage.end) not in there
    )
    said = (pair.question, pair.answer, *pair.history)
    return ApprovedTurn(
        question=pair.question.masked_text,
        answer=pair.answer.masked_text,
        language=language,
        by_operator=by_operator,
        cited=cited,
        found=found,
        history=pair.history,
        messages=tuple(sorted(message.id for message in said)),
    )


def _frozen(cited: Citation, title: str, language: str) -> Passage:
    """The passage as the reply's evidence kept it; a heading that only repeats the title goes."""
    return Passage(
        id=0,
        document=cited.document,
        title=title,
        kind=SEARCH_KIND_DOCUMENT,
        heading="" if cited.heading == title else cited.heading,
        text=cited.text,
        start=cited.start,
        end=cited.end,
        language=language,
    )
