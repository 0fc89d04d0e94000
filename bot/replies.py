"""Step 7: the words of a reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.actions.base import ActionResult
from bot.candidates import quotable
from bot.forms.state import REFUSED
from bot.forms.wording import UNAVAILABLE, beside_answer, form_text
from bot.generator.base import Request, Said
from bot.live import Models
from bot.types import Decision, DecisionKind, Draft, ShopFacts, Understanding
from bot.understand import BACK_TO_BOT, HANDOFF, INTENT_PREFIX, NONE_OF_THESE
from bot.wording import join_sentences, say
from finetune.templating import Value, render
from finetune.types import Thresholds
from retrieval.types import Hit
from storage.templates import EDITOR_DISCOVERY
from storage.types import Citation, Message, QuickReply, Role

MAX_SUGGESTIONS = 3

OnDraft = Callable[[str | None], Awaitable[None]]
"""Hears each checked piece of a reply; the pieces in a row are the beginning of the reply.

None withdraws all of them: the reply begins anew.
"""


@dataclass(frozen=True, slots=True)
class Thought:
    """What steps 4 to 6 found, and what was said before: all that the words depend on."""

    understanding: Understanding
    hits: tuple[Hit, ...]
    decision: Decision
    history: tuple[Message, ...] = ()
    result: ActionResult | None = None


async def write(
    thought: Thought, models: Models | None, shop: ShopFacts, on_draft: OnDraft
) -> Draft:
    """The words for a decision, with the offer of a person beside them where one is due."""
    kind, reason = thought.decision.kind, thought.decision.reason
    language = thought.understanding.language
    if kind is DecisionKind.RELAY:
        return relay(reason, language)
    if kind is DecisionKind.HANDOFF:
        return Draft(handoff_text(language, shop), language, quick_replies=(_back(language),))
    if kind is DecisionKind.NO_ANSWER:
        return _no_answer(thought, language)
    if kind is DecisionKind.CLARIFY:
        draft = _question_back(thought, models, shop, language)
    elif kind is DecisionKind.FORM or thought.decision.reason == UNAVAILABLE:
        draft = _form(thought.decision, language)
    elif kind is DecisionKind.GROUNDED and models is not None:
        draft = await _grounded(thought, models, shop, on_draft)
    elif models is not None:
        draft = _template(thought, models, shop, language)
    else:
        raise ValueError(f"expected a loaded bundle for a reply of kind {kind}, found none")
    draft = _with_form(draft, thought.decision)
    return _with_offer(draft) if thought.decision.offer_person and draft.text else draft


def relay(reason: str, language: str) -> Draft:
    """Nothing while a person answers; a brief note while the customer waits for one."""
    if reason != "waiting":
        return Draft("", language)
    return Draft(say("waiting", language), language, quick_replies=(_back(language),))


def handoff_text(language: str, shop: ShopFacts, now: datetime | None = None) -> str:
    """That a person will answer here, and honestly when, as far as the shop's hours are known."""
    hours = shop.hours.get(language)
    when = say("handoff_hours", language, hours=hours) if hours else ""
    if shop.office is not None and not shop.office.are_open(now or datetime.now(UTC)):
        closed = shop.closed.get(language)
        return closed or join_sentences(language, say("handoff_closed", language), when)
    waiting = shop.waiting.get(language)
    return waiting or join_sentences(language, say("handoff", language), when)


def trouble(language: str) -> Draft:
    """What is said when something broke on our side."""
    return Draft(say("error", language), language, quick_replies=(_person(language),))


def _no_answer(thought: Thought, language: str) -> Draft:
    key = "declined" if thought.understanding.declined else "no_answer"
    if thought.decision.reason == "unknown_again":
        key = "no_answer_again"
    if thought.understanding.misuse == thought.decision.reason:
        key = f"refused_{thought.decision.reason}"
    return Draft(say(key, language), language, quick_replies=(_person(language),))


def _question_back(
    thought: Thought, models: Models | None, shop: ShopFacts, language: str
) -> Draft:
    if thought.decision.reason == "close":
        none = QuickReply(say("none_of_these", language), NONE_OF_THESE)
        buttons = intent_buttons(thought.decision.labels, models, language)
        question = say("clarify" if len(buttons) > 1 else "clarify_one", language)
        return Draft(question, language, quick_replies=(*buttons, none))
    if thought.decision.reason == "attachment":
        return Draft(say("attachment", language), language, quick_replies=(_person(language),))
    if thought.decision.reason == "attachment_again":
        return Draft("", language)
    key = "bot_again" if thought.decision.reason == "back_to_bot" else "empty"
    return Draft(say(key, language), language, quick_replies=suggestions(models, shop, language))


def suggestions(models: Models | None, shop: ShopFacts, language: str) -> tuple[QuickReply, ...]:
    """A few things to ask: those the shop names, else what is asked most."""
    if models is None:
        return ()
    labels = shop.suggestions or tuple(models.titles)
    known = [label for label in labels if models.label_templates.get(label) is not None]
    return intent_buttons(known[:MAX_SUGGESTIONS], models, language)


def intent_buttons(
    labels: Sequence[str], models: Models | None, language: str
) -> tuple[QuickReply, ...]:
    """One button per intent, none of them twice under the same words."""
    buttons: dict[str, QuickReply] = {}
    for label in labels:
        titles = models.titles.get(label, {}) if models is not None else {}
        text = titles.get(language) or next(iter(titles.values()), None) or _readable(label)
        buttons.setdefault(text, QuickReply(text, INTENT_PREFIX + label))
    return tuple(buttons.values())


def _readable(label: str) -> str:
    return label.replace("_", " ").replace("-", " ").strip().capitalize()


def _form(decision: Decision, language: str) -> Draft:
    """The form's own words: its question, help after an answer of no use, or its end."""
    text = form_text(decision.reason, decision.form, language)
    buttons = (_person(language),) if decision.offer_person or decision.reason == REFUSED else ()
    return Draft(text, language, quick_replies=buttons)


def _with_form(draft: Draft, decision: Decision) -> Draft:
    """An answer, and the question of the form that waits or is offered beside it."""
    if decision.form is None or decision.kind in (DecisionKind.FORM, DecisionKind.ACTION):
        return draft
    more = beside_answer(decision.form, draft.language)
    return replace(draft, text=f"{draft.text}\n\n{more}")


def _template(thought: Thought, models: Models, shop: ShopFacts, language: str) -> Draft:
    template = models.templates[models.label_templates[thought.decision.label or ""] or 0]
    sent = sum(message.template_id == template.id for message in thought.history)
    acted = thought.decision.kind is DecisionKind.ACTION and thought.result is not None
    text, found = _wording(template.results if acted else template.texts, language, sent)
    if template.origin != EDITOR_DISCOVERY:
        values = thought.result.values if acted and thought.result else {}
        text = render(text, {**shop_values(shop, language), **values})
    draft = Draft(text, language, template_id=template.id, template_revision=template.revision)
    if found == language:
        return draft
    return replace(
        draft,
        text=f"{text}\n\n{say('other_language', language)}",
        quick_replies=(_person(language),),
    )


def shop_values(shop: ShopFacts, language: str) -> dict[str, Value]:
    """What every wording may name: the variables of `SHOP_VARIABLES`."""
    return {
        "shop": shop.names.get(language) or shop.name,
        "person_hours": shop.hours.get(language, ""),
    }


def _wording(texts: Mapping[str, tuple[str, ...]], language: str, sent: int) -> tuple[str, str]:
    """A wording in this language, else in the one that there is.

    Who asks again, after it was `sent` so many times, is told the same in other words.
    """
    found = language if texts.get(language) else next(iter(texts))
    wordings = texts[found]
    return wordings[sent % len(wordings)], found


async def _grounded(thought: Thought, models: Models, shop: ShopFacts, on_draft: OnDraft) -> Draft:
    """What the passages say, shown piece by piece; an honest no if they support nothing."""
    text, language = "", thought.understanding.language
    citations: list[Citation] = []
    if models.generator is not None:
        pieces = models.generator.write(_request(thought, models, shop))
        async with aclosing(pieces):
            async for piece in pieces:
                if piece.withdraws:
                    text, citations = "", []
                    await on_draft(None)
                text += piece.text
                citations += piece.citations
                if piece.text:
                    await on_draft(piece.text)
    if not text:
        return _no_answer(thought, language)
    return Draft(text, language, citations=tuple(citations))


def _request(thought: Thought, models: Models, shop: ShopFacts) -> Request:
    language = thought.understanding.language
    hits = relevant(thought.hits, models.thresholds, language)
    said = (each for each in thought.history if each.masked_text)
    return Request(
        question=thought.understanding.question,
        hits=tuple(hits),
        language=language,
        history=tuple(Said(each.role is Role.CUSTOMER, each.masked_text) for each in said),
        shop=shop.names.get(language) or shop.name,
        voice=shop.voice.get(language, ""),
    )


def relevant(hits: Sequence[Hit], thresholds: Thresholds, language: str) -> list[Hit]:
    """The hits that may be quoted: those in the customer's language first, then by relevance."""
    good = [hit for hit in quotable(hits) if hit.score >= thresholds.grounded]
    return sorted(good, key=lambda hit: hit.passage.language != language)


def _with_offer(draft: Draft) -> Draft:
    """The same words, and one line that offers a person."""
    if any(button.payload == HANDOFF for button in draft.quick_replies):
        return draft
    offer = say("offer_person", draft.language)
    buttons = (*draft.quick_replies, _person(draft.language))
    return replace(draft, text=f"{draft.text}\n\n{offer}", quick_replies=buttons)


def _person(language: str) -> QuickReply:
    return QuickReply(say("talk_to_person", language), HANDOFF)


def _back(language: str) -> QuickReply:
    return QuickReply(say("back_to_bot", language), BACK_TO_BOT)
