"""The review queue: clusters of questions, single questions, and decisions on either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from bot.admin.schemas_review import ClusterOut, DecidedOut, DecideIn, ReviewOut
from bot.review import review_cluster, review_clusters
from bot.web.auth import Operator
from bot.web.conversations import RowId
from bot.web.state import WebDep
from finetune.decisions import decide as carry_out
from finetune.types_review import Decided, Ignore, NewIntent, NewKnowledge, ThisIntent, Verdict
from storage.errors import InputError
from storage.review import ReviewQueue

router = APIRouter()

ClusterId = Annotated[str, Path(pattern=r"^c[0-9]{1,18}$", examples=["c12"])]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("/review")
async def review(web: WebDep, limit: Limit = 50) -> list[ReviewOut]:
    """Questions that wait for a decision, oldest first."""
    found = await web.services.work.read(lambda session: ReviewQueue(session).open(limit))
    return [ReviewOut.model_validate(item) for item in found]


@router.get("/review/clusters")
async def clusters(web: WebDep, limit: Limit = 50) -> list[ClusterOut]:
    """The waiting questions in clusters that one decision serves, the largest first."""
    found = await review_clusters(web.services)
    return [ClusterOut.model_validate(each) for each in found[:limit]]


@router.get("/review/clusters/{cluster_id}")
async def one_cluster(web: WebDep, cluster_id: ClusterId) -> ClusterOut:
    """One cluster with its questions."""
    return ClusterOut.model_validate(await review_cluster(web.services, cluster_id))


@router.post("/review/clusters/{cluster_id}")
async def decide_cluster(
    web: WebDep, staff: Operator, cluster_id: ClusterId, body: DecideIn
) -> DecidedOut:
    """Decide a cluster's questions as one; with `items`, only those of them."""
    found = await review_cluster(web.services, cluster_id)
    items = [item.id for item in found.items]
    if body.items is not None:
        strange = sorted(set(body.items) - set(items))
        if strange:
            raise InputError(f"expected items of cluster {cluster_id}, found {strange}")
        items = body.items
    return DecidedOut.model_validate(await _decide(web, items, body, staff.name))


@router.post("/review/{item_id}", status_code=204)
async def decide(web: WebDep, staff: Operator, item_id: RowId, body: DecideIn) -> Response:
    """Decide one question."""
    await _decide(web, [item_id], body, staff.name)
    return Response(status_code=204)


async def _decide(web: WebDep, items: Sequence[int], body: DecideIn, by: str) -> Decided:
    verdict = _verdict(body)
    return await web.services.work.run(lambda session: carry_out(session, items, verdict, by=by))


def _verdict(body: DecideIn) -> Verdict:
    given = [each for each in (body.intent, body.new_intent, body.knowledge) if each is not None]
    if body.decision == "rejected":
        return Ignore()
    if len(given) != 1:
        raise InputError(
            "expected one of intent, new_intent and knowledge with an accepted question, "
            f"found {len(given) or 'none'}"
        )
    if body.new_intent is not None:
        return NewIntent(body.new_intent.name, body.new_intent.texts)
    if body.knowledge is not None:
        return NewKnowledge(body.knowledge.title, body.knowledge.text)
    return ThisIntent(body.intent or "")
