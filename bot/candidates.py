"""What may answer a question, and how likely: an intent, close guesses, a document, an old answer.

Pure functions; `bot.policy` says in which order they are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.types import Decision, DecisionKind, Understanding
from finetune.types import Prediction, Thresholds
from retrieval.types import Hit
from storage.types import ANSWER_PREFIX, SEARCH_KIND_ANSWER, ReviewKind

MAX_CHOICES = 3
CLOSE = "close"

LabelTemplates = Mapping[str, int | None]

# A guess this many times less likely than the best one is not worth a button.
_WORTH_OFFERING = 0.1


def p_right(prediction: Prediction) -> float:
    """P(the best label is right), counting that the question may be out of scope."""
    return prediction.confidence * prediction.in_scope


def sure_intent(
    prediction: Prediction, thresholds: Thresholds, templates: LabelTemplates, margin: float
) -> Decision | None:
    """The intent, if it is likely enough to be right and has a template.

    Within `margin` of the room between its limit and certainty it goes to review as well.
    """
    sure = p_right(prediction)
    label = prediction.label
    limit = thresholds.answer_for(label)
    if label is None or sure < limit or templates.get(label) is None:
        return None
    review = ReviewKind.LOW_MARGIN if sure < limit + margin * (1 - limit) else None
    return Decision(
        DecisionKind.TEMPLATE, reason="sure", label=label, confidence=sure, review=review
    )


def _close(
    prediction: Prediction, thresholds: Thresholds, templates: LabelTemplates
) -> Decision | None:
    best = prediction.ranked[:2]
    sure = p_right(prediction)
    limit = thresholds.answer_for(prediction.label)
    if len(best) < 2 or sure >= limit or _either(prediction) < thresholds.clarify:
        return None
    if any(templates.get(label) is None for label, _ in best):
        return None
    worth = [
        label
        for label, probability in prediction.ranked[:MAX_CHOICES]
        if probability >= prediction.confidence * _WORTH_OFFERING
        and templates.get(label) is not None
    ]
    return Decision(DecisionKind.CLARIFY, reason=CLOSE, labels=tuple(worth), confidence=sure)


def _either(prediction: Prediction) -> float:
    """P(one of the two best guesses is right)."""
    return sum(probability for _, probability in prediction.ranked[:2]) * prediction.in_scope


def document_or_guesses(
    prediction: Prediction,
    hits: Sequence[Hit],
    thresholds: Thresholds,
    templates: LabelTemplates,
) -> Decision | None:
    """What is likelier to answer: the document that is found best, or one of two close guesses."""
    document = _documented(hits, thresholds)
    guesses = _close(prediction, thresholds, templates)
    if document is not None and guesses is not None:
        return document if (document.confidence or 0.0) > _either(prediction) else guesses
    return document or guesses


def _documented(hits: Sequence[Hit], thresholds: Thresholds) -> Decision | None:
    """What is found best is a document, and likely enough to answer.

    An answer of the history that is found best says no more than the guesses do.
    """
    best = max(hits, key=lambda hit: hit.score, default=None)
    if best is None or best.passage.kind == SEARCH_KIND_ANSWER:
        return None
    return known(hits, thresholds)


def answered_before(
    understanding: Understanding,
    hits: Sequence[Hit],
    thresholds: Thresholds,
    templates: LabelTemplates,
) -> Decision | None:
    """What search found is an answer of the history: then it is sent as one, at its price.

    Whoever pressed "none of these" has just declined such answers.
    """
    best = max(hits, key=lambda hit: hit.score, default=None)
    if best is None or best.passage.kind != SEARCH_KIND_ANSWER or understanding.declined:
        return None
    label = best.passage.document.removeprefix(ANSWER_PREFIX)
    if best.score < thresholds.answer_for(label) or templates.get(label) is None:
        return None
    return Decision(DecisionKind.TEMPLATE, reason="found", label=label, confidence=best.score)


def quotable(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that can be quoted: documents."""
    return [hit for hit in hits if hit.passage.kind != SEARCH_KIND_ANSWER]


def known(hits: Sequence[Hit], thresholds: Thresholds) -> Decision | None:
    """The best document, even where an answer of the history was found better."""
    best = max((hit.score for hit in quotable(hits)), default=0.0)
    if best < thresholds.grounded:
        return None
    return Decision(DecisionKind.GROUNDED, reason="knowledge", confidence=best)
