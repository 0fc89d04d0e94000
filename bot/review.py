"""The review queue as people see it: clusters of questions, each to be decided once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from bot.live import Models
from bot.services import Services
from bot.types import ReviewCluster
from finetune.types import Prediction
from retrieval.types import Hit, Vectors
from storage.errors import NotFoundError
from storage.examples import Examples
from storage.review import ReviewQueue
from storage.types import OUT_OF_SCOPE, ReviewItem

MOST_ITEMS = 20_000
MOST_INTENTS = 3
CLUSTER_PREFIX = "c"

_MOST_ASKED = 20
"""So many questions of a cluster are asked of the classifier."""

_FITTED_ON = 480
_PER_INTENT = 8


@dataclass(frozen=True, slots=True)
class _Group:
    """A cluster before the models were asked about it."""

    items: tuple[ReviewItem, ...]
    question: str


async def review_clusters(services: Services) -> list[ReviewCluster]:
    """All open questions in clusters, the largest first, then the newest."""
    items = await services.work.read(lambda session: ReviewQueue(session).newest(MOST_ITEMS))
    if not items:
        return []
    models = services.live.current
    known = await services.work.read(_labelled) if models and models.encoder else []
    groups = await services.compute.run(partial(_group, items, models, known))
    found = await services.compute.run(partial(_describe, groups, models))
    return sorted(found, key=lambda each: (-each.size, -each.newest.timestamp(), each.id))


async def review_cluster(services: Services, cluster_id: str) -> ReviewCluster:
    """The cluster of this id, as it is now."""
    for found in await review_clusters(services):
        if found.id == cluster_id:
            return found
    raise NotFoundError(f"there is no open cluster {cluster_id!r}; list them again")


def _labelled(session: Session) -> list[tuple[str, str]]:
    """Some questions of known intents, alike many of each: they show how near one cause lies."""
    of_intent: defaultdict[str, list[str]] = defaultdict(list)
    for example in Examples(session).all():
        if example.intent not in (None, OUT_OF_SCOPE) and not example.golden:
            some = of_intent[str(example.intent)]
            if len(some) < _PER_INTENT:
                some.append(example.question)
    rows = [(text, intent) for intent, some in sorted(of_intent.items()) for text in some]
    return rows[:: max(1, len(rows) // _FITTED_ON)][:_FITTED_ON]


def _group(
    items: Sequence[ReviewItem], models: Models | None, known: Sequence[tuple[str, str]]
) -> list[_Group]:
    # numpy and scipy: only who looks at the queue pays for them.
    from finetune.clusters import COHESION, cluster, fit_cohesion, representative

    texts = [item.question for item in items]
    vectors: Vectors | None = None
    cohesion = COHESION
    if models is not None and models.encoder is not None:
        vectors = models.encoder.encode(texts)
        if known:
            causes = [intent for _, intent in known]
            cohesion = fit_cohesion(models.encoder.encode([text for text, _ in known]), causes)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for place, number in enumerate(cluster(texts, vectors, cohesion=cohesion).tolist()):
        members[number].append(place)
    return [
        _Group(tuple(items[place] for place in some), texts[representative(some, vectors)])
        for some in members.values()
    ]


def _describe(groups: Sequence[_Group], models: Models | None) -> list[ReviewCluster]:
    asked = [[item.question for item in group.items[:_MOST_ASKED]] for group in groups]
    guesses: list[Prediction] = []
    if models is not None:
        guesses = models.classifier.predict([text for some in asked for text in some])
    found = []
    for group, some in zip(groups, asked, strict=True):
        own, guesses = guesses[: len(some)], guesses[len(some) :]
        found.append(_cluster(group, _intents(own), _nearest(group.question, models)))
    return found


def _nearest(question: str, models: Models | None) -> Hit | None:
    if models is None or models.index is None:
        return None
    return next(iter(models.index.search(question, 1)), None)


def _intents(guesses: Sequence[Prediction]) -> tuple[tuple[str, float], ...]:
    """The likeliest labels of the cluster: the mean of the guesses for its questions."""
    total: defaultdict[str, float] = defaultdict(float)
    for guess in guesses:
        for label, probability in guess.ranked:
            total[label] += probability / len(guesses)
    ranked = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((label, round(share, 4)) for label, share in ranked[:MOST_INTENTS])


def _cluster(
    group: _Group, intents: tuple[tuple[str, float], ...], answer: Hit | None
) -> ReviewCluster:
    items = group.items
    return ReviewCluster(
        id=f"{CLUSTER_PREFIX}{min(item.id for item in items)}",
        question=group.question,
        size=len(items),
        languages=tuple(sorted({item.language for item in items if item.language})),
        kinds=tuple(dict.fromkeys(kind for item in items for kind in item.kinds)),
        newest=max(item.created_at for item in items),
        intents=intents,
        answer=answer,
        proposals=tuple(dict.fromkeys(item.proposal for item in items if item.proposal)),
        items=tuple(sorted(items, key=lambda item: -item.id)),
    )
