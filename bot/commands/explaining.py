"""`kefu explain`: what would be answered, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.asking import valid_text
from bot.commands.options import Home, Json, settings_for
from bot.commands.output import show, show_json, show_table

if TYPE_CHECKING:
    from bot.explaining import Explanation
    from bot.settings import Settings

_MARKED = 0.2
"""A word is marked if it carries this share of what the strongest word carries."""

_SHOWN = 120

_NAMES = {
    "words": ("起作用的词", "the words that carried it"),
    "guesses": ("候选意图", "what came into question"),
    "limits": ("门槛", "limits"),
    "nearest": ("最接近的训练问题", "the nearest training questions"),
    "passages": ("检索到的内容", "what search found"),
    "not_needed": ("检索到的内容（这次用不上）", "what search would find (not needed here)"),
    "intent": ("意图", "intent"),
    "question": ("问题", "question"),
    "similarity": ("相似度", "similarity"),
    "template": ("有模板", "template"),
    "yes": ("有", "yes"),
    "no": ("无", "no"),
    "needs": ("需要", "needed"),
    "has": ("实际", "reached"),
    "difference": ("差", "by"),
    "answer": ("发送模板", "send a template"),
    "clarify": ("问是哪一个", "ask which one"),
    "grounded": ("引用文档", "quote a document"),
    "document": ("文档", "document"),
    "text": ("内容", "text"),
    "shared": ("共有的词", "shared words"),
    "in_scope": ("属于本店业务的把握", "P(the shop serves this)"),
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(explain)


def explain(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What a customer might write.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what would be answered and why: words, nearest questions, runners-up, limits."""
    import asyncio

    found, language = asyncio.run(_explain(settings_for(ctx, home), valid_text(text)))
    if as_json:
        show_json(found.as_dict())
    else:
        _tell(found, 0 if language == "zh" else 1)


async def _explain(settings: Settings, text: str) -> tuple[Explanation, str]:
    from bot.explaining import explain as explain_message
    from bot.services import open_services

    async with open_services(settings, watch=False) as services:
        return await explain_message(services, text), services.shop.language


def _tell(found: Explanation, place: int) -> None:
    def name(key: str) -> str:
        return _NAMES[key][place]

    show(found.why[("zh", "en")[place]])
    show(f"\n{found.reply}")
    if found.quick_replies:
        show("   ".join(f"[ {button.text} ]" for button in found.quick_replies))
    if found.words:
        show(f"\n{name('words')} ({found.ranked[0].intent}): {marked(found)}\n")
    if found.ranked:
        rows = [
            (each.intent, each.probability, name("yes" if each.sendable else "no"))
            for each in found.ranked
        ]
        title = f"{name('guesses')} · {name('in_scope')} {found.in_scope:.2f}"
        show_table((name("intent"), "P", name("template")), rows, title=title)
    if found.limits:
        rows_of_limits = [
            (
                name(each.name),
                each.value,
                each.limit,
                None if each.by is None else f"{each.by:+.3f}",
            )
            for each in found.limits
        ]
        columns = (name("limits"), name("has"), name("needs"), name("difference"))
        show_table(columns, rows_of_limits)
    if found.nearest:
        nearest = [(each.question, each.intent, each.similarity) for each in found.nearest]
        columns_of_nearest = (name("question"), name("intent"), name("similarity"))
        show_table(columns_of_nearest, nearest, title=name("nearest"))
    if found.passages:
        passages = [
            (each.score, each.document, shortened(each.text), " ".join(each.matched))
            for each in found.passages
        ]
        title = name("passages" if found.searched else "not_needed")
        columns_of_passages = ("P", name("document"), name("text"), name("shared"))
        show_table(columns_of_passages, passages, title=title)


def shortened(text: str) -> str:
    """The beginning of a passage."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def marked(found: Explanation) -> str:
    """The text with the words that carried the decision in brackets."""
    strongest = max(word.weight for word in found.words)
    parts: list[str] = []
    end = 0
    for word in found.words:
        parts.append(found.text[end : word.start])
        carries = strongest > 0 and word.weight >= strongest * _MARKED
        parts.append(f"[{word.text}]" if carries else word.text)
        end = word.end
    return "".join((*parts, found.text[end:]))
