"""How much there is of everything, and how the bot has been doing."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from bot.admin.schemas_stats import (
    DayOut,
    DriftOut,
    IntentOut,
    LiveOut,
    StatsOut,
    SurgeOut,
    TestOut,
    ThumbsOut,
)
from bot.schedule import measure_drift
from bot.surge import measure_surge
from bot.types import DecisionKind
from bot.web.state import WebDep
from finetune.drift import Drift, Test
from storage.bundles import Bundles
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.review import ReviewQueue
from storage.templates import Templates
from storage.traffic import Traffic
from storage.types import Activity, ConversationStatus

MOST_COUNTED = 500

router = APIRouter()

Days = Annotated[int, Query(ge=1, le=366)]


@router.get("/stats")
async def stats(web: WebDep, days: Days = 30) -> StatsOut:
    """How much there is, and the last `days`; open questions are counted up to 500."""
    return await web.services.work.read(partial(_count, datetime.now(UTC), days))


def _count(now: datetime, days: int, session: Session) -> StatsOut:
    traffic, live = Traffic(session), Bundles(session).live()
    activity = traffic.activity(now - timedelta(days=days))
    statuses = traffic.conversations_by_status()
    drift = measure_drift(session, now)
    return StatsOut(
        bundle=None if live is None else live.id,
        live=None if live is None else LiveOut.model_validate(live),
        knowledge_revision=Knowledge(session).revision(),
        templates=len(Templates(session).all()),
        examples=Examples(session).count(),
        documents=len(Knowledge(session).documents()),
        open_reviews=len(ReviewQueue(session).open(MOST_COUNTED)),
        conversations={status: statuses.get(status, 0) for status in ConversationStatus},
        since=activity.since,
        new_conversations=activity.conversations,
        messages=activity.messages,
        decisions=[DayOut.model_validate(each) for each in activity.decisions],
        refusal_share=_refusal_share(activity),
        thumbs=ThumbsOut(up=activity.thumbs_up, down=activity.thumbs_down),
        intents=[IntentOut.model_validate(each) for each in activity.intents],
        drift=None if drift is None else _drift(drift),
        mood=SurgeOut.model_validate(measure_surge(session, now)),
    )


def _refusal_share(activity: Activity) -> float | None:
    total = sum(each.count for each in activity.decisions)
    refused = sum(
        each.count for each in activity.decisions if each.decision == DecisionKind.NO_ANSWER
    )
    return refused / total if total else None


def _drift(drift: Drift) -> DriftOut:
    return DriftOut(
        drifting=drift.drifting,
        before=drift.before,
        now=drift.now,
        refusals=_test(drift.refusals),
        confidence=_test(drift.confidence),
        intents=_test(drift.intents),
        reasons=list(drift.reasons),
    )


def _test(test: Test) -> TestOut:
    return TestOut(
        before=test.before,
        now=test.now,
        distance=test.distance,
        # JSON has no infinity, which is the limit of what was not compared.
        limit=test.limit if math.isfinite(test.limit) else None,
        enough=test.enough,
        drifting=test.drifting,
    )
