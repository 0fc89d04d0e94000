"""Staff try the search, see why it found what it did, and what nothing is written about."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from bot.admin.schemas_search import (
    DocumentTextOut,
    GapOut,
    HitOut,
    NearDocumentOut,
    SearchIn,
    SearchTestOut,
    hit_out,
)
from bot.errors import NotReadyError
from bot.gaps import list_gaps
from bot.searching import SearchIndex
from bot.web.auth import Operator
from bot.web.schemas import Language
from bot.web.state import Web, WebDep
from bot.web.text import clean_text
from finetune.gaps import Gap
from retrieval.types import SearchFilter
from storage.knowledge import Knowledge
from storage.privacy import mask
from storage.search_tests import SearchTests

router = APIRouter()

_REMEMBERED = 5


@router.get("/search")
async def search(
    web: WebDep,
    q: Annotated[str, Query(min_length=1, max_length=1000)],
    k: Annotated[int, Query(ge=1, le=50)] = 10,
    language: Language | None = None,
    tag: Annotated[list[str] | None, Query(max_length=20)] = None,
    expired: bool = False,
) -> list[HitOut]:
    """What search finds for a question, and why: the list that the live chat would get.

    `expired` shows passages that are not valid today too.
    """
    only = SearchFilter(language, tuple(tag or ()), expired)
    return await _search(await _index(web), web, clean_text(q), k, only)


@router.post("/search")
async def try_search(web: WebDep, staff: Operator, body: SearchIn) -> list[HitOut]:
    """As the GET route, and keep the test in the history."""
    only = SearchFilter(body.language, tuple(body.tags), body.expired)
    hits = await _search(await _index(web), web, body.query, body.k, only)
    asked = mask(body.query, keep=web.services.shop.contacts)
    remembered = [
        {"document": hit.document, "heading": hit.heading, "score": round(hit.score, 4)}
        for hit in hits[:_REMEMBERED]
    ]
    await web.services.work.run(
        lambda session: SearchTests(session).add(actor=staff.name, query=asked, hits=remembered)
    )
    return hits


@router.get("/search/history")
async def search_history(
    web: WebDep, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[SearchTestOut]:
    """The searches that staff tried, newest first."""
    found = await web.services.work.read(lambda session: SearchTests(session).recent(limit))
    return [SearchTestOut.model_validate(test) for test in found]


@router.get("/gaps")
async def gaps(
    web: WebDep,
    days: Annotated[int, Query(ge=1, le=3650)] = 90,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> list[GapOut]:
    """What customers asked that found nothing, by topic, with the documents nearest to it."""
    services = web.services
    index = await _index(web)
    found = await list_gaps(services.work, services.compute, index, days=days, limit=limit)
    return [_gap_out(gap) for gap in found]


@router.get("/document")
async def document(
    web: WebDep, name: Annotated[str, Query(min_length=1, max_length=300)]
) -> DocumentTextOut:
    """A document's whole text."""
    wanted = clean_text(name)
    text = await web.services.work.read(lambda session: Knowledge(session).document_text(wanted))
    return DocumentTextOut(name=wanted, text=text)


async def _index(web: Web) -> SearchIndex:
    await web.services.live.check()
    models = web.services.live.current
    if models is None or models.index is None:
        raise NotReadyError("nothing is live yet: retrain first")
    return models.index


async def _search(
    index: SearchIndex, web: Web, query: str, k: int, only: SearchFilter
) -> list[HitOut]:
    def run() -> list[HitOut]:
        hits = index.search(query, k, only=only)
        reasons = index.explain(query, hits)
        return [hit_out(hit, why) for hit, why in zip(hits, reasons, strict=True)]

    return await web.services.compute.run(run)


def _gap_out(gap: Gap) -> GapOut:
    return GapOut(
        question=gap.question,
        count=gap.count,
        questions=[each.question for each in gap.questions],
        last_asked=max(each.asked_at for each in gap.questions),
        documents=[
            NearDocumentOut(
                document=hit.passage.document,
                title=hit.passage.title,
                heading=hit.passage.heading,
                score=hit.score,
            )
            for hit in gap.documents
        ],
    )
