"""Templates and documents."""

from __future__ import annotations

from itertools import chain
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParam
from fastapi.responses import Response
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from bot.admin.schemas import DocumentOut, TemplateOut, UploadIn, UploadOut, WordingIn
from bot.admin.schemas_search import FileOut
from bot.web.auth import Admin, Operator
from bot.web.conversations import RowId
from bot.web.schemas import single_line
from bot.web.state import Web, WebDep
from finetune.templating import SHOP_VARIABLES, check_wording
from retrieval.ahead import content_hash
from retrieval.chunking import chunk
from retrieval.ingest import put_document
from retrieval.readers import read_file
from retrieval.readers.reading import check_supported
from retrieval.types import ParsedDocument, Problem
from storage.errors import NotFoundError
from storage.knowledge import Knowledge
from storage.templates import EDITOR_DISCOVERY, Templates
from storage.types import NewPassage, Template, TemplateDraft

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
    stored, _ = await _store(web, body.name, data)
    return stored


@router.post("/knowledge/files")
async def upload_file(
    web: WebDep,
    _staff: Operator,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=200), AfterValidator(single_line)],
) -> list[FileOut]:
    """Add a file of any kind that is read, as the body of the request; search has it at once."""
    check_supported(PurePosixPath(name))
    stored, problems = await _store(web, name, await request.body())
    told = [
        each.reason if each.line is None else f"{each.line}: {each.reason}" for each in problems
    ]
    return [FileOut(**each.model_dump(), problems=told) for each in stored]


async def _store(web: Web, name: str, data: bytes) -> tuple[list[UploadOut], tuple[Problem, ...]]:
    parsed, problems = await web.services.compute.run(lambda: _parse(name, data))
    digest = content_hash(data)

    def unit(session: Session) -> list[UploadOut]:
        return [_put(session, document, passages, digest) for document, passages in parsed]

    return await web.services.work.run(unit), problems


def _parse(
    name: str, data: bytes
) -> tuple[list[tuple[ParsedDocument, list[NewPassage]]], tuple[Problem, ...]]:
    reading = read_file(PurePosixPath(name), data)
    return [(document, chunk(document)) for document in reading.documents], reading.problems


def _put(
    session: Session, document: ParsedDocument, passages: list[NewPassage], digest: str
) -> UploadOut:
    outcome = put_document(session, document, passages, digest)
    return UploadOut(name=document.name, outcome=outcome, passages=len(passages))


@router.delete("/knowledge/{name:path}", status_code=204)
async def delete_document(web: WebDep, _staff: Operator, name: DocumentName) -> Response:
    """Delete a document; search forgets it at once."""
    deleted = await web.services.work.run(lambda session: Knowledge(session).delete_document(name))
    if not deleted:
        raise NotFoundError("there is no document of this name")
    return Response(status_code=204)
