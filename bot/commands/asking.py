"""`kefu ask`, `kefu search` and `kefu gaps`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.options import Home, Json, settings_for
from bot.commands.output import show, show_json, show_table

if TYPE_CHECKING:
    from datetime import date

    from bot.searching import SearchIndex
    from bot.services import Services
    from bot.settings import Settings
    from bot.types import Reply
    from finetune.gaps import Gap
    from retrieval.types import Explanation, Hit, SearchFilter

CHANNEL = "cli"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(ask)
    app.command()(search)
    app.command()(gaps)


def ask(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What a customer might write.")],
    conversation: Annotated[
        str | None, typer.Option(metavar="ID", help="Go on with this conversation.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Ask the bot a question and see what it answers."""
    import asyncio

    reply = asyncio.run(_ask(settings_for(ctx, home), valid_text(text), conversation))
    if as_json:
        show_json(reply_document(reply))
    else:
        _show_reply(reply)


def search(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option(help="How many passages.", min=1, max=100)] = 5,
    language: Annotated[
        str | None, typer.Option(metavar="zh|en", help="Only passages in this language.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Only passages so tagged; repeatable.")
    ] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="Also those that are not valid today.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show the passages that search finds for a text, and why."""
    import asyncio

    from retrieval.types import SearchFilter

    text = valid_text(text)
    only = SearchFilter(language, tuple(tag or ()), expired)
    found = asyncio.run(_search(settings_for(ctx, home), text, limit, only))
    if as_json:
        show_json({"query": text, "hits": [_hit_document(hit, why) for hit, why in found]})
        return
    rows = [
        (hit.score, hit.passage.title, hit.passage.heading, hit.passage.text, _reasons(why))
        for hit, why in found
    ]
    show_table(("P(relevant)", "document", "heading", "text", "matched because"), rows)


def gaps(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(help="Of the last so many days.", min=1)] = 90,
    limit: Annotated[int, typer.Option(help="How many topics.", min=1)] = 20,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what customers asked that found nothing, by topic: what to write next."""
    import asyncio

    found = asyncio.run(_gaps(settings_for(ctx, home), days, limit))
    if as_json:
        show_json([_gap_document(gap) for gap in found])
        return
    rows = [
        (gap.count, gap.question, "\n".join(_nearest(hit) for hit in gap.documents))
        for gap in found
    ]
    show_table(("asked", "topic", "nearest documents"), rows)


def reply_document(reply: Reply) -> dict[str, Any]:
    """What `ask --json` prints."""
    return {
        "reply": reply.reply,
        "language": reply.language,
        "decision": reply.decision.value,
        "intent": reply.intent,
        "confidence": reply.confidence,
        "citations": [asdict(citation) for citation in reply.citations],
        "quick_replies": [asdict(button) for button in reply.quick_replies],
        "timings_ms": dict(reply.timings_ms),
        "bundle": reply.bundle,
        "conversation": reply.conversation,
        "message": reply.message,
    }


def valid_text(text: str) -> str:
    """Bytes of the command line that are not UTF-8 become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _ask(settings: Settings, text: str, conversation_id: str | None) -> Reply:
    import uuid

    from bot.services import open_services
    from bot.types import Incoming
    from storage.conversations import Conversations

    async with open_services(settings, watch=False) as services:
        found = await services.work.run(
            lambda session: (
                Conversations(session).get(conversation_id)
                if conversation_id is not None
                else Conversations(session).create(CHANNEL)
            )
        )
        return await services.pipeline.reply(
            Incoming(found.channel, found.id, f"cli:{uuid.uuid4().hex}", text)
        )


async def _search(
    settings: Settings, text: str, limit: int, only: SearchFilter
) -> list[tuple[Hit, Explanation]]:
    from bot.services import open_services

    async with open_services(settings, watch=False) as services:
        index = live_index(services)
        hits = await services.compute.run(lambda: index.search(text, limit, only=only))
        reasons = await services.compute.run(lambda: index.explain(text, hits))
        return list(zip(hits, reasons, strict=True))


async def _gaps(settings: Settings, days: int, limit: int) -> list[Gap]:
    from bot.gaps import list_gaps
    from bot.services import open_services

    async with open_services(settings, watch=False) as services:
        index = live_index(services)
        return await list_gaps(services.work, services.compute, index, days=days, limit=limit)


def live_index(services: Services) -> SearchIndex:
    """The index that answers now, or a line that says how to get one."""
    from bot.errors import NotReadyError

    models = services.live.current
    if models is None or models.index is None:
        raise NotReadyError("expected a live bundle, found none; run `kefu retrain` first")
    return models.index


def _hit_document(hit: Hit, why: Explanation) -> dict[str, Any]:
    passage = hit.passage
    return {
        "score": hit.score,
        "text": passage.text,
        "document": passage.document,
        "title": passage.title,
        "heading": passage.heading,
        "kind": passage.kind,
        "start": passage.start,
        "end": passage.end,
        "dense": hit.dense,
        "keyword": hit.keyword,
        "matched": list(hit.matched),
        "tags": list(passage.labels.tags),
        "valid_from": _day(passage.labels.valid_from),
        "valid_until": _day(passage.labels.valid_until),
        "reasons": asdict(why),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _reasons(why: Explanation) -> str:
    """The reasons a line each, for a narrow column."""
    lines = [f"words: {', '.join(why.words)}"] if why.words else []
    lines += [f"{each.asked} = {', '.join(each.found)}" for each in why.synonyms]
    lines += [f"{each.typed} ~ {each.found} ({each.how.value})" for each in why.guesses]
    if why.question is not None:
        lines.append(f"asked before: {why.question} ({why.question_similarity:.2f})")
    lines.append(f"meaning: {why.meaning:.2f}")
    if why.feedback:
        lines.append(f"thumbs: {why.feedback:+.2f}")
    return "\n".join(lines)


def _gap_document(gap: Gap) -> dict[str, Any]:
    return {
        "question": gap.question,
        "count": gap.count,
        "questions": [each.question for each in gap.questions],
        "last_asked": max(each.asked_at for each in gap.questions).isoformat(),
        "documents": [
            {
                "document": hit.passage.document,
                "title": hit.passage.title,
                "heading": hit.passage.heading,
                "score": hit.score,
            }
            for hit in gap.documents
        ],
    }


def _nearest(hit: Hit) -> str:
    return f"{hit.passage.title} ({hit.score:.2f})"


def _show_reply(reply: Reply) -> None:
    show(reply.reply)
    for citation in reply.citations:
        show(f"[{citation.n}] {citation.document} {citation.heading}".rstrip())
    if reply.quick_replies:
        show("   ".join(f"[ {button.text} ]" for button in reply.quick_replies))
    sure = "" if reply.confidence is None else f"  P(right) {reply.confidence:.2f}"
    total = sum(reply.timings_ms.values())
    took = reply.timings_ms.get("total", total)
    show(f"\n{reply.decision.value}  {reply.intent or '-'}{sure}  {took:.0f} ms")
    show(f"conversation {reply.conversation}")
