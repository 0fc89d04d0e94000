"""Templates, documents and a search to try them with."""

from __future__ import annotations

import hashlib
from itertools import chain
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as PathParam
from fastapi.responses import Response
from sqlalchemy.orm import Session

from bot.admin.schemas import DocumentOut, HitOut, TemplateOut, UploadIn, UploadOut, WordingIn
from bot.errors import NotReadyError
from bot.web.auth import Admin, Operator
from bot.web.conversations import RowId
from bot.web.state import WebDep
from bot.web.text import clean_text
from finetune.templating import SHOP_VARIABLES, check_wording
from retrieval.chunking import chunk
from retrieval.readers import read_document
from retrieval.types import Hit, ParsedDocument
from storage.errors import NotFoundError
from storage.knowledge import Knowledge
from storage.templates import EDITOR_DISCOVERY, Templates
from storage.types import SEARCH_KIND_DOCUMENT, NewPassage, Template, TemplateDraft

router = APIRouter()

DocumentName = Annotated[str, PathParam(min_length=1, max_length=300, pattern=r"^[^\x00]+$")]


@router.get("/templates")
async def templates(web: WebDep, include_retired: bool = False) -> list[TemplateOut]:
    """The answer templates at their newest revision."""
    found = await web.services.work.read(
        lambda session: Templates(session).all(include_retired=include_retired)
    )
    return [TemplateOut.model_validate(template) for template in found]


@router.put("/templates/{template_id}")
async def edit_template(
    web: WebDep, staff: Operator, template_id: RowId, body: WordingIn
) -> TemplateOut:
    """Change a template's wording; customers get it from the next reply on."""

    def unit(session: Session) -> Template:
        repository = Templates(session)
        found = repository.get(template_id)
        if found.origin != EDITOR_DISCOVERY:
            for wording in chain.from_iterable(body.texts.values()):
                check_wording(wording, SHOP_VARIABLES)
        draft = TemplateDraft(
            name=found.name,
            texts={language: tuple(texts) for language, texts in body.texts.items()},
            slots=found.slots,
            action=found.action,
            protected=found.protected,
            origin=found.origin,
            results=found.results,
        )
        return repository.save(draft, editor=staff.name)

    return TemplateOut.model_validate(await web.services.work.run(unit))


@router.delete("/templates/{template_id}", status_code=204)
async def retire_template(web: WebDep, staff: Admin, template_id: RowId) -> Response:
    """Take a template out of use; its id stays its own."""

    def unit(session: Session) -> None:
        repository = Templates(session)
        repository.retire(template_id, editor=staff.name)

    await web.services.work.run(unit)
    return Response(status_code=204)


@router.get("/knowledge")
async def documents(web: WebDep) -> list[DocumentOut]:
    """The documents that search reads."""
    found = await web.services.work.read(lambda session: Knowledge(session).documents())
    return [DocumentOut.model_validate(document) for document in found]


@router.put("/knowledge")
async def upload(web: WebDep, _staff: Operator, body: UploadIn) -> list[UploadOut]:
    """Add a document, or replace the one of that name; search has it at once."""
    data = body.text.encode()
    parsed = await web.services.compute.run(lambda: _parse(body.name, data))
    content_hash = hashlib.sha256(data).hexdigest()

    def unit(session: Session) -> list[UploadOut]:
        return [_put(session, document, passages, content_hash) for document, passages in parsed]

    return await web.services.work.run(unit)


def _parse(name: str, data: bytes) -> list[tuple[ParsedDocument, list[NewPassage]]]:
    return [(document, chunk(document)) for document in read_document(Path(name), data)]


def _put(
    session: Session, document: ParsedDocument, passages: list[NewPassage], content_hash: str
) -> UploadOut:
    outcome = Knowledge(session).put_document(
        document.name,
        document.title,
        content_hash,
        document.language,
        SEARCH_KIND_DOCUMENT,
        document.text,
        passages,
    )
    return UploadOut(name=document.name, outcome=outcome, passages=len(passages))


@router.delete("/knowledge/{name:path}", status_code=204)
async def delete_document(web: WebDep, _staff: Operator, name: DocumentName) -> Response:
    """Delete a document; search forgets it at once."""
    deleted = await web.services.work.run(lambda session: Knowledge(session).delete_document(name))
    if not deleted:
        raise NotFoundError("there is no document of this name")
    return Response(status_code=204)


@router.get("/search")
async def search(
    web: WebDep,
    q: Annotated[str, Query(min_length=1, max_length=1000)],
    k: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[HitOut]:
    """What search finds for a question, and why."""
    await web.services.live.check()
    models = web.services.live.current
    if models is None or models.index is None:
        raise NotReadyError("nothing is live yet: retrain first")
    index = models.index
    hits = await web.services.compute.run(lambda: index.search(clean_text(q), k=k))
    return [_hit_out(hit) for hit in hits]


def _hit_out(hit: Hit) -> HitOut:
    return HitOut(
        passage=hit.passage.id,
        document=hit.passage.document,
        heading=hit.passage.heading,
        text=hit.passage.text,
        score=hit.score,
        dense=hit.dense,
        keyword=hit.keyword,
        matched=list(hit.matched),
    )
