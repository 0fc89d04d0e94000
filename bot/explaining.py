"""Why did it say that? One message thought through as live, and everything that decided it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from bot.candidates import p_right, quotable
from bot.errors import NotReadyError
from bot.explaining_words import why
from bot.live import Models
from bot.recording import Outcome
from bot.rehearse import Rehearsal
from bot.services import Services
from bot.types import DecisionKind
from finetune.explain import Neighbour, WordWeight, nearest_questions, word_weights
from retrieval.types import Hit
from storage.examples import Examples
from storage.types import QuickReply

_PASSAGES = 5
_RUNNERS_UP = 5
_LIKELY = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold: what was reached, what is needed, and the difference (negative: missed).

    `name` is answer, clarify or grounded; `value` is None where it was not asked for.
    """

    name: str
    value: float | None
    limit: float
    passed: bool
    by: float | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An intent that came into question, and whether there is a template to send."""

    intent: str
    probability: float
    sendable: bool


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """What search found; `matched` are the words that it shares with the question."""

    score: float
    document: str
    heading: str
    text: str
    kind: str
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would be decided and why; `text` is masked, and `words` hold offsets into it.

    `in_scope` and `ranked` are the classifier's; `searched` says whether the decision needed
    search. `why` tells it in words per language.
    """

    text: str
    language: str
    decision: str
    reason: str
    why: dict[str, str]
    intent: str | None
    confidence: float | None
    reply: str
    quick_replies: tuple[QuickReply, ...]
    words: tuple[WordWeight, ...]
    in_scope: float
    ranked: tuple[Candidate, ...]
    limits: tuple[Limit, ...]
    nearest: tuple[Neighbour, ...]
    searched: bool
    passages: tuple[FoundPassage, ...]
    bundle: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


async def explain(services: Services, text: str) -> Explanation:
    """Think the message through as a new conversation's first, and say what decided it.

    Raises NotReadyError while nothing is live. Nothing is stored.
    """
    models = services.live.current
    if models is None:
        raise NotReadyError("expected a live bundle, found none; run `kefu retrain` first")
    outcome = await Rehearsal(services).say(text)
    question = outcome.understanding.question
    prediction = outcome.understanding.prediction
    words: tuple[WordWeight, ...] = ()
    nearest: tuple[Neighbour, ...] = ()
    if prediction.label is not None:
        if models.analyser is not None:
            weigh = partial(
                word_weights, question, prediction.label, models.classifier.predict, models.analyser
            )
            words = await services.compute.run(weigh)
        nearest = await _nearest(services, models, outcome)
    hits, searched = outcome.hits, bool(outcome.hits)
    if not hits and models.index is not None and prediction.label is not None:
        hits = tuple(await services.compute.run(partial(models.index.search, question, _PASSAGES)))
    return _explanation(models, outcome, words, nearest, hits, searched=searched)


async def _nearest(services: Services, models: Models, outcome: Outcome) -> tuple[Neighbour, ...]:
    if models.encoder is None:
        return ()
    examples = await services.work.read(lambda session: Examples(session).all())
    likely = {label for label, _ in outcome.understanding.prediction.ranked[:_LIKELY]}
    question = outcome.understanding.question
    return await services.compute.run(
        partial(nearest_questions, question, examples, models.encoder, likely=likely)
    )


def _explanation(
    models: Models,
    outcome: Outcome,
    words: tuple[WordWeight, ...],
    nearest: tuple[Neighbour, ...],
    hits: tuple[Hit, ...],
    *,
    searched: bool,
) -> Explanation:
    decision, said = outcome.decision, outcome.understanding
    limits = _limits(models, outcome, searched=searched)
    grounded = decision.kind is DecisionKind.GROUNDED
    return Explanation(
        text=said.question,
        language=said.language,
        decision=decision.kind.value,
        reason=decision.reason,
        why=why(decision, models.thresholds, said.prediction.label, p_right(said.prediction)),
        intent=decision.label,
        confidence=decision.confidence,
        reply=outcome.draft.text,
        quick_replies=outcome.draft.quick_replies,
        words=words,
        in_scope=said.prediction.in_scope,
        ranked=tuple(
            Candidate(label, probability, models.label_templates.get(label) is not None)
            for label, probability in said.prediction.ranked[:_RUNNERS_UP]
        ),
        limits=limits,
        nearest=nearest,
        searched=searched or grounded,
        passages=tuple(_passage(hit) for hit in hits[:_PASSAGES]),
        bundle=models.bundle_id,
    )


def _limits(models: Models, outcome: Outcome, *, searched: bool) -> tuple[Limit, ...]:
    prediction, limits = outcome.understanding.prediction, models.thresholds
    if prediction.label is None:
        return ()
    pair = sum(p for _, p in prediction.ranked[:2]) * prediction.in_scope
    best = max((hit.score for hit in quotable(outcome.hits)), default=0.0) if searched else None
    return (
        _limit("answer", p_right(prediction), limits.answer_for(prediction.label)),
        _limit("clarify", pair, limits.clarify),
        _limit("grounded", best, limits.grounded),
    )


def _limit(name: str, value: float | None, limit: float) -> Limit:
    if value is None:
        return Limit(name, None, limit, passed=False, by=None)
    return Limit(name, value, limit, passed=value >= limit, by=value - limit)


def _passage(hit: Hit) -> FoundPassage:
    found = hit.passage
    return FoundPassage(
        hit.score, found.document, found.heading, found.text, found.kind, hit.matched
    )
