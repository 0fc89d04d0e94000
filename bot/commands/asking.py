"""`kefu ask` and `kefu search`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.options import Home, Json, settings_for
from bot.commands.output import show, show_json, show_table

if TYPE_CHECKING:
    from bot.searching import SearchIndex
    from bot.services import Services
    from bot.settings import Settings
    from bot.types import Reply
    from retrieval.types import Hit

CHANNEL = "cli"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(ask)
    app.command()(search)


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

    reply = asyncio.run(_ask(settings_for(ctx, home), _valid(text), conversation))
    if as_json:
        show_json(reply_document(reply))
    else:
        _show_reply(reply)


def search(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option(help="How many passages.", min=1, max=100)] = 5,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show the passages that search finds for a text."""
    import asyncio

    text = _valid(text)
    hits = asyncio.run(_search(settings_for(ctx, home), text, limit))
    if as_json:
        show_json({"query": text, "hits": [_hit_document(hit) for hit in hits]})
        return
    rows = [(hit.score, hit.passage.title, hit.passage.heading, hit.passage.text) for hit in hits]
    show_table(("P(relevant)", "document", "heading", "text"), rows)


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


def _valid(text: str) -> str:
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


async def _search(settings: Settings, text: str, limit: int) -> list[Hit]:
    from bot.services import open_services

    async with open_services(settings, watch=False) as services:
        index = live_index(services)
        return await services.compute.run(lambda: index.search(text, k=limit))


def live_index(services: Services) -> SearchIndex:
    """The index that answers now, or a line that says how to get one."""
    from bot.errors import NotReadyError

    models = services.live.current
    if models is None or models.index is None:
        raise NotReadyError("expected a live bundle, found none; run `kefu retrain` first")
    return models.index


def _hit_document(hit: Hit) -> dict[str, Any]:
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
    }


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
